"""A hypervisor that runs nothing and does as it is told, as OpenNebula's dummy drivers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from harness.hypervisor import Address, Machine, Measurement, Reports, Timers

Measure = Callable[[int], Measurement | None]
_NOTHING = Measurement(cpu=0, memory=0)


def idle(vm_id: int) -> Measurement | None:
    """A VM that does nothing: no CPU, no memory."""
    del vm_id
    return _NOTHING


@dataclass
class Behaviour:
    """What the driver will do next; may be changed at any time.

    Attributes:
        deploy_seconds: How long a start or a resume takes.
        deploy_fails: Whether a start or a resume fails.
        stop_seconds: How long an end or a power-off takes.
        measure: What the probe sees.
    """

    deploy_seconds: float = 0.0
    deploy_fails: bool = False
    stop_seconds: float = 0.0
    measure: Measure = idle


class DummyHypervisor:
    """Reports every operation as done after the time that `behaviour` sets."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self._reports: Reports | None = None
        self._timers: Timers | None = None

    def attach(self, reports: Reports, timers: Timers) -> None:
        """Whom to report to, and whose clock to use."""
        self._reports, self._timers = reports, timers

    def _end(self, vm_id: int, what: str, seconds: float, *, ok: bool) -> None:
        assert self._reports is not None, "the hypervisor was attached to no cloud"
        assert self._timers is not None, "the hypervisor was attached to no cloud"
        message = "" if ok else f"the dummy driver was told to fail: {what}"
        done = partial(self._reports.done, vm_id, ok=ok, message=message)
        self._timers.after(seconds, f"driver.{what}", done)

    def deploy(self, machine: Machine) -> None:
        """Start."""
        told = self.behaviour
        self._end(machine.vm_id, "deploy", told.deploy_seconds, ok=not told.deploy_fails)

    def shutdown(self, vm_id: int) -> None:
        """End softly."""
        self._end(vm_id, "shutdown", self.behaviour.stop_seconds, ok=True)

    def kill(self, vm_id: int) -> None:
        """End at once."""
        self._end(vm_id, "kill", self.behaviour.stop_seconds, ok=True)

    def poweroff(self, vm_id: int, *, hard: bool) -> None:
        """Power off."""
        del hard
        self._end(vm_id, "poweroff", self.behaviour.stop_seconds, ok=True)

    def resume(self, vm_id: int) -> None:
        """Start again."""
        told = self.behaviour
        self._end(vm_id, "resume", told.deploy_seconds, ok=not told.deploy_fails)

    def measure(self, vm_id: int) -> Measurement | None:
        """What the probe is told to see."""
        return self.behaviour.measure(vm_id)

    def address(self, vm_id: int) -> Address | None:
        """None: nothing runs."""
        del vm_id
        return None

    def seen_by(self, vm_id: int, text: str) -> str:
        """As it is: no network translates."""
        del vm_id
        return text

    def close(self) -> None:
        """Nothing to end."""
