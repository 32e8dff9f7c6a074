"""How the servers are set; the defaults are OpenNebula's."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.errors import InputError

_SHUTDOWN_ACTIONS = ("terminate", "terminate-hard", "shutdown", "shutdown-hard")


@dataclass(frozen=True)
class FlowSettings:
    """`oneflow-server.conf`.

    Attributes:
        autoscaler_interval: Seconds from the end of a pass over the policies to the next one.
        default_cooldown: Seconds, for roles that set none.
        wait_timeout: Seconds after which OneFlow looks itself at VMs that it waits for.
        shutdown_action: How a role's VMs are ended, unless the role or the service says so.
        action_number: VMs per period of a scheduled action.
        action_period: Seconds between two groups of a scheduled action.
        vm_name_template: Name of a VM.
        concurrency: Waits that can be under way at one time.
    """

    autoscaler_interval: float = 90
    default_cooldown: int = 300
    wait_timeout: float = 30
    shutdown_action: str = "terminate"
    action_number: int = 1
    action_period: int = 60
    vm_name_template: str = "$ROLE_NAME_$VM_NUMBER_(service_$SERVICE_ID)"
    concurrency: int = 10

    def __post_init__(self) -> None:
        for name in ("autoscaler_interval", "wait_timeout", "concurrency"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} of OneFlow must be above 0, not {getattr(self, name)}")
        if self.default_cooldown < 0:
            raise InputError(f"default_cooldown of OneFlow must be 0 or more, not {self.default_cooldown}")
        if self.shutdown_action not in _SHUTDOWN_ACTIONS:
            known = ", ".join(_SHUTDOWN_ACTIONS)
            raise InputError(f"shutdown_action of OneFlow must be one of {known}, not {self.shutdown_action!r}")


@dataclass(frozen=True)
class GateSettings:
    """`onegate-server.conf`.

    Attributes:
        restricted_attributes: What a VM cannot change in its user template.
        restricted_actions: What a VM cannot do with another one.
    """

    restricted_attributes: tuple[str, ...] = ("SCHED_REQUIREMENTS", "SERVICE_ID", "ROLE_NAME")
    restricted_actions: tuple[str, ...] = ("reboot",)


@dataclass(frozen=True)
class User:
    """A user of the cloud.

    Attributes:
        id: Number; 0 is the administrator.
        name: Name.
        password: In clear.
        token_password: 64 hexadecimal characters; the first 32 are the key of the tokens of the user's VMs.
    """

    id: int
    name: str
    password: str
    token_password: str


@dataclass(frozen=True)
class Settings:
    """All of it.

    Attributes:
        monitoring_interval: Seconds between two measurements of a VM (`MONITOR_VM` of monitord).
        placement_seconds: Seconds from a VM's creation to its placement, the scheduler's pause.
        first_monitoring: Seconds from a VM's start to its first record.
        flow: OneFlow.
        gate: OneGate.
    """

    monitoring_interval: float = 30
    placement_seconds: float = 0
    first_monitoring: float = 0
    flow: FlowSettings = field(default_factory=FlowSettings)
    gate: GateSettings = field(default_factory=GateSettings)
