"""Where the embedded cloud runs its VMs: what it asks of a hypervisor, and what a hypervisor tells it.

A hypervisor is asked to do something and returns at once; it says how that ended by `Reports.done`, from any thread.
One operation of a VM is under way at a time; `kill` may overtake any other, whose report is then ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Machine:
    """A VM that is to be started.

    Attributes:
        vm_id: Number of the VM.
        name: Its name, e.g. `supernode_0_(service_3)`.
        service_id: Number of its OneFlow service; None when it belongs to none.
        role: Its role in that service.
        context: The context variables that its boot script sees, among them ONEGATE_ENDPOINT, VMID and, where the
            template asks for a token, ONEGATE_TOKEN.
        template: Its attributes of one value (CPU, MEMORY and others), as text.
        cpu: Cores.
        memory: MiB.
    """

    vm_id: int
    name: str
    service_id: int | None
    role: str | None
    context: Mapping[str, str]
    template: Mapping[str, str]
    cpu: float
    memory: int


@dataclass(frozen=True)
class Measurement:
    """What the monitoring probe sees of a running VM.

    Attributes:
        cpu: Per cent of one core since the measurement before.
        memory: KiB that it really uses.
        more: Further figures by OpenNebula's names, e.g. NETRX in bytes.
    """

    cpu: float
    memory: int
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """Where what runs in a VM can be reached: an address, and a port where VMs share one address."""

    ip: str
    port: int | None = None


class Reports(Protocol):
    """What a hypervisor tells the cloud."""

    def done(self, vm_id: int, *, ok: bool, message: str = "") -> None:
        """The operation of that VM which is under way has ended; `message` says why it failed."""
        ...

    def vanished(self, vm_id: int) -> None:
        """A running VM has ended by itself; OpenNebula's probes take it for powered off."""
        ...


class Timers(Protocol):
    """The cloud's agenda, for a hypervisor that has no clock of its own."""

    def after(self, seconds: float, name: str, run: Callable[[], None]) -> object:
        """Plan `run` for `seconds` from now."""
        ...


class Hypervisor(Protocol):
    """Runs VMs. Errors of an operation are reported by `Reports.done(ok=False)`, never raised."""

    def attach(self, reports: Reports, timers: Timers) -> None:
        """Told once, before anything else, whom to report to."""
        ...

    def deploy(self, machine: Machine) -> None:
        """Start a VM; done when its boot has begun, which is when OpenNebula takes it for RUNNING."""
        ...

    def shutdown(self, vm_id: int) -> None:
        """End it softly (SIGTERM, and what the VM's owner set as grace) and forget it; done when it has ended."""
        ...

    def kill(self, vm_id: int) -> None:
        """End it at once and forget it; done when it has ended."""
        ...

    def poweroff(self, vm_id: int, *, hard: bool) -> None:
        """Stop it, softly or at once, and keep its disk; done when it has stopped."""
        ...

    def resume(self, vm_id: int) -> None:
        """Start it again from its disk; done as `deploy` is."""
        ...

    def measure(self, vm_id: int) -> Measurement | None:
        """What the probe sees now; None when it sees nothing (yet)."""
        ...

    def address(self, vm_id: int) -> Address | None:
        """Where it can be reached; None when it cannot, or has no address of its own."""
        ...

    def seen_by(self, vm_id: int, text: str) -> str:
        """An answer of OneGate's as that VM is to see it, where the network between the VMs translates addresses."""
        ...

    def close(self) -> None:
        """End all VMs that are left."""
        ...
