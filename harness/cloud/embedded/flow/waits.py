"""Waiting for VMs: OneFlow's event manager.

A wait looks at its VMs once, then follows oned's events, and looks again when no event came for `wait_timeout`. What it
does not subscribe to (a failed boot) is therefore seen only then; what had failed before its first look is not held
against it. Source: `EventManager.rb` of the release; measured in `failed-scaling.json` and
`boot-failure-instant-on-scale.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from harness.cloud.embedded.agenda import Agenda, Task
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.states import FAILURES, LcmState, VmState

RUNNING = (VmState.ACTIVE, LcmState.RUNNING)
ENDED = (VmState.DONE, LcmState.LCM_INIT)
HELD = (VmState.HOLD, LcmState.LCM_INIT)

_STOPPED = frozenset({VmState.STOPPED, VmState.SUSPENDED, VmState.POWEROFF, VmState.UNDEPLOYED})


@dataclass
class Result:
    """How a wait ended.

    Attributes:
        ok: Whether it counts as success.
        successful: Numbers of the VMs that got there (or were stopped or ended by someone else).
        failed: Numbers of the VMs that failed.
    """

    ok: bool = True
    successful: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    def shown(self) -> tuple[bool, tuple[int, ...], tuple[int, ...]]:
        """Whether it is a success, and the VMs."""
        return self.ok, tuple(sorted(self.successful)), tuple(sorted(self.failed))

    @property
    def gone(self) -> set[int]:
        """Numbers of the VMs that a role loses."""
        return self.successful - self.failed


@dataclass
class Wait:
    """A wait for VMs, or (without any) for a time.

    Attributes:
        service_id: For whom.
        nodes: Numbers of the VMs that are still waited for.
        target: The state that they are to reach.
        gated: Whether they are to report READY=YES instead.
        seconds: For a cooldown, how long; None for VMs.
        then: Called with the result.
        name: What is called, for the agenda.
        result: What is known.
        task: The next thing that it does by itself.
        listening: Whether it follows events.
    """

    service_id: int
    nodes: list[int]
    target: tuple[VmState, LcmState]
    then: Callable[[Result], None]
    name: str
    gated: bool = False
    seconds: float | None = None
    result: Result = field(default_factory=Result)
    task: Task | None = None
    listening: bool = False

    def shown(self) -> tuple[int, str, tuple[int, ...], bool]:
        """For whom, what then, for which VMs still, and whether it follows events."""
        return self.service_id, self.name, tuple(self.nodes), self.listening


class Waits:
    """All waits of OneFlow.

    Args:
        agenda: Whose time it lives in.
        oned: Whose VMs are waited for.
        timeout: `wait_timeout`, seconds.
        concurrency: Waits under way at one time; others queue.
    """

    def __init__(self, agenda: Agenda, oned: Oned, timeout: float, concurrency: int) -> None:
        self._agenda = agenda
        self._oned = oned
        self._timeout = timeout
        self._concurrency = concurrency
        self._active: list[Wait] = []
        self._queue: list[Wait] = []
        self._latest: dict[int, Wait] = {}

    def add(self, wait: Wait) -> None:
        """Begin a wait as soon as there is room."""
        self._queue.append(wait)
        self._fill()

    def _fill(self) -> None:
        while self._queue and len(self._active) < self._concurrency:
            wait = self._queue.pop(0)
            self._active.append(wait)
            self._latest[wait.service_id] = wait
            if wait.seconds is None:
                wait.task = self._agenda.after(0, "wait.first_look", partial(self._first_look, wait))
            else:
                wait.task = self._agenda.after(wait.seconds, "wait.cooldown", partial(self._end, wait))

    def shown(self) -> tuple[tuple[int, str, tuple[int, ...], bool], ...]:
        """The waits under way and those that queue."""
        return tuple(wait.shown() for wait in self._active + self._queue)

    def cancel(self, service_id: int) -> None:
        """Drop the service's latest wait that is under way, or else its first that queues."""
        wait = self._latest.pop(service_id, None)
        if wait is not None and wait in self._active:
            self._drop(wait)
        else:
            queued = next((item for item in self._queue if item.service_id == service_id), None)
            if queued is not None:
                self._queue.remove(queued)
        self._fill()

    def forget_all(self) -> None:
        """Drop everything, as a restart of the server does."""
        for wait in tuple(self._active):
            self._drop(wait)
        self._queue.clear()
        self._latest.clear()

    def _drop(self, wait: Wait) -> None:
        self._active.remove(wait)
        self._agenda.cancel(wait.task)
        wait.listening = False

    def _end(self, wait: Wait, *, ok: bool = True) -> None:
        self._drop(wait)
        self._latest.pop(wait.service_id, None)
        wait.result.ok = ok
        self._agenda.after(0, wait.name, partial(wait.then, wait.result))
        self._fill()

    def _first_look(self, wait: Wait) -> None:
        self._look(wait)
        if wait.nodes:
            wait.listening = True
            self._rearm(wait)
        else:
            # What failed before this look counts as success.
            self._end(wait)

    def _rearm(self, wait: Wait) -> None:
        self._agenda.cancel(wait.task)
        wait.task = self._agenda.after(self._timeout, "wait.timeout", partial(self._look_again, wait))

    def _look_again(self, wait: Wait) -> None:
        self._look(wait)
        if wait.result.failed:
            self._end(wait, ok=False)
        elif not wait.nodes:
            self._end(wait)
        else:
            self._rearm(wait)

    def _look(self, wait: Wait) -> None:
        for number in tuple(wait.nodes):
            vm = self._oned.pools.vms.get(number)
            if vm is None:
                continue
            reached = _reported(vm) if wait.gated else (vm.state, vm.lcm) == wait.target
            if vm.state is VmState.DONE or vm.state in _STOPPED or reached:
                wait.result.successful.add(number)
                wait.nodes.remove(number)
            elif vm.lcm in FAILURES:
                wait.result.failed.add(number)
                wait.nodes.remove(number)

    def vm_changed(self, vm: Vm) -> None:
        """An event of oned: a VM has another state."""
        for wait in tuple(self._active):
            stopped = vm.state in _STOPPED or vm.state is VmState.DONE
            reached = not wait.gated and (vm.state, vm.lcm) == wait.target
            if wait.listening and vm.id in wait.nodes and (stopped or reached):
                self._got(wait, vm.id)

    def vm_updated(self, vm_id: int, text: str) -> None:
        """An event of oned: a VM's user template was changed. Any change of any VM puts off the next look."""
        ready = "READY=YES" in text.replace('"', "").replace("&quot;", "").replace(" ", "")
        for wait in tuple(self._active):
            if not (wait.listening and wait.gated):
                continue
            if ready and vm_id in wait.nodes:
                self._got(wait, vm_id)
            else:
                self._rearm(wait)

    def _got(self, wait: Wait, vm_id: int) -> None:
        wait.nodes.remove(vm_id)
        wait.result.successful.add(vm_id)
        if wait.nodes:
            self._rearm(wait)
        else:
            self._end(wait)


def _reported(vm: Vm) -> bool:
    ready = vm.user_template.get("READY", [""])[0]
    return isinstance(ready, str) and ready.strip() == "YES"
