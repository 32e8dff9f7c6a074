"""The states of VMs, services and roles, by the numbers that OpenNebula gives them.

Source: `VirtualMachine.h` of oned, `models/service.rb` and `models/role.rb` of OneFlow, release 7.0.2.
"""

from __future__ import annotations

from enum import IntEnum


class VmState(IntEnum):
    """State of a VM."""

    INIT = 0
    PENDING = 1
    HOLD = 2
    ACTIVE = 3
    STOPPED = 4
    SUSPENDED = 5
    DONE = 6
    POWEROFF = 8
    UNDEPLOYED = 9
    CLONING = 10
    CLONING_FAILURE = 11


class LcmState(IntEnum):
    """State of an ACTIVE VM; LCM_INIT for every other."""

    LCM_INIT = 0
    PROLOG = 1
    BOOT = 2
    RUNNING = 3
    EPILOG = 11
    SHUTDOWN = 12
    UNKNOWN = 16
    SHUTDOWN_POWEROFF = 18
    BOOT_POWEROFF = 20
    CLEANUP_DELETE = 23
    BOOT_FAILURE = 36


FAILURES = frozenset({LcmState.BOOT_FAILURE})
"""The states that OneFlow takes for a failed VM, as far as VMs here can reach them."""


class ServiceState(IntEnum):
    """State of a OneFlow service."""

    PENDING = 0
    DEPLOYING = 1
    RUNNING = 2
    UNDEPLOYING = 3
    WARNING = 4
    DONE = 5
    FAILED_UNDEPLOYING = 6
    FAILED_DEPLOYING = 7
    SCALING = 8
    FAILED_SCALING = 9
    COOLDOWN = 10
    DEPLOYING_NETS = 11
    UNDEPLOYING_NETS = 12
    FAILED_DEPLOYING_NETS = 13
    FAILED_UNDEPLOYING_NETS = 14
    HOLD = 15


class RoleState(IntEnum):
    """State of a role of a service; HOLD has another number than the service's."""

    PENDING = 0
    DEPLOYING = 1
    RUNNING = 2
    UNDEPLOYING = 3
    WARNING = 4
    DONE = 5
    FAILED_UNDEPLOYING = 6
    FAILED_DEPLOYING = 7
    SCALING = 8
    FAILED_SCALING = 9
    COOLDOWN = 10
    HOLD = 11


TRANSIENT = frozenset(
    {
        ServiceState.DEPLOYING,
        ServiceState.UNDEPLOYING,
        ServiceState.SCALING,
        ServiceState.COOLDOWN,
        ServiceState.DEPLOYING_NETS,
        ServiceState.UNDEPLOYING_NETS,
    }
)
FAILED = frozenset(
    {
        ServiceState.FAILED_DEPLOYING,
        ServiceState.FAILED_UNDEPLOYING,
        ServiceState.FAILED_SCALING,
        ServiceState.FAILED_DEPLOYING_NETS,
        ServiceState.FAILED_UNDEPLOYING_NETS,
    }
)
