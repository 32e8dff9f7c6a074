"""The watch dog: brings what happens to the VMs of running services into the services.

It follows oned's events for the services that it watches. When none came for `wait_timeout` its loop goes on with the
last one once more (`ServiceWatchDog.rb` of the release does not clear what it read); that is why, in the recordings, a
service falls back to RUNNING in the middle of a scaling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from harness.cloud.embedded.agenda import Agenda, Task
from harness.cloud.embedded.flow.service import Service
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.states import FAILURES, LcmState, ServiceState, VmState


class Callbacks(Protocol):
    """What the watch dog calls, in its own time."""

    def node_failed(self, service_id: int, role: str) -> None:
        """A VM of that role is powered off, unknown or failed."""
        ...

    def node_ended(self, service_id: int, role: str, vm_id: int) -> None:
        """A VM of that role is DONE."""
        ...

    def node_runs(self, service_id: int, role: str) -> None:
        """A VM of that role runs."""
        ...


@dataclass(frozen=True)
class Message:
    """An event: whose VM is in which state."""

    service_id: int
    role: str
    vm_id: int
    state: VmState
    lcm: LcmState


class WatchDog:
    """The watch dog.

    Args:
        agenda: Whose time it lives in.
        oned: Whose VMs it watches.
        timeout: `wait_timeout`, seconds.
        callbacks: Whom it tells.
    """

    def __init__(self, agenda: Agenda, oned: Oned, timeout: float, callbacks: Callbacks) -> None:
        self._agenda = agenda
        self._oned = oned
        self._timeout = timeout
        self._callbacks = callbacks
        self._watched: list[int] = []
        self._last: Message | None = None
        self._again: Task | None = None

    def watches(self, service_id: int) -> bool:
        """Whether it watches that service."""
        return service_id in self._watched

    def shown(self) -> tuple[tuple[int, ...], Message | None]:
        """What it watches, and the last event that it knows of."""
        return tuple(sorted(set(self._watched))), self._last

    def add(self, service: Service) -> None:
        """Watch a service, and look at all its VMs now."""
        self._watched.append(service.id)
        for role in service:
            for number in role.node_ids:
                vm = self._oned.pools.vms.get(number)
                if vm is not None:
                    self._judge(Message(service.id, role.name, number, vm.state, vm.lcm))

    def remove(self, service_id: int) -> None:
        """Watch it no longer."""
        self._watched = [number for number in self._watched if number != service_id]

    def restart(self, services: list[Service]) -> None:
        """Begin anew with the services that run or warn."""
        self._watched, self._last = [], None
        self._agenda.cancel(self._again)
        for service in services:
            if service.state not in {ServiceState.RUNNING, ServiceState.WARNING}:
                continue
            self.add(service)
            for role in service:
                if not role.nodes:
                    self._call("node_runs", partial(self._callbacks.node_runs, service.id, role.name))

    def vm_changed(self, vm: Vm) -> None:
        """An event of oned."""
        role = vm.user_template.get("ROLE_NAME", [""])[0]
        if vm.service_id is None or not isinstance(role, str):
            return
        self._last = Message(vm.service_id, role, vm.id, vm.state, vm.lcm)
        self._deliver()

    def _deliver(self) -> None:
        if self._last is None:
            return
        if self.watches(self._last.service_id):
            self._judge(self._last)
        self._agenda.cancel(self._again)
        self._again = self._agenda.after(self._timeout, "watchdog.again", self._deliver)

    def _judge(self, seen: Message) -> None:
        if seen.lcm in FAILURES or seen.lcm is LcmState.UNKNOWN or seen.state is VmState.POWEROFF:
            self._call("node_failed", partial(self._callbacks.node_failed, seen.service_id, seen.role))
        elif seen.state is VmState.DONE:
            self._call("node_ended", partial(self._callbacks.node_ended, seen.service_id, seen.role, seen.vm_id))
        elif seen.lcm is LcmState.RUNNING:
            self._call("node_runs", partial(self._callbacks.node_runs, seen.service_id, seen.role))

    def _call(self, name: str, run: partial[None]) -> None:
        self._agenda.after(0, f"lcm.{name}", run)
