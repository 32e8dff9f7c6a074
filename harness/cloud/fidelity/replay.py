"""Replaying a trace: whether the embedded cloud can do what the real one was seen to do.

A front end does several things at the same time, and on the loaded machine of the recordings some came late: the order
in which they came is part of what was recorded, their exact instants are not. The replay therefore looks for one order
of the embedded cloud's pending tasks that gives every recorded step: each answer, each state that the poll saw, each
note, the service's whole log. A task runs never before it is due, and at most so much later as the recordings' machine
was seen to be late; nothing else is free. A step that cannot be had in any such order is a difference.

The usual order is that of the tasks' times. The search tries orders that are nearly usual first, and keeps the state of
the whole cloud at each choice.
"""

from __future__ import annotations

import heapq
import json
import math
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from harness.cloud.embedded.agenda import Task
from harness.cloud.embedded.clock import SimulatedClock
from harness.cloud.embedded.front_end import FrontEnd
from harness.cloud.fidelity.drivers import Drivers
from harness.cloud.fidelity.exchange import Sender
from harness.cloud.fidelity.fingerprint import fingerprint
from harness.cloud.fidelity.recording import Point, Trace
from harness.cloud.fidelity.script import Step, recorded_log, service_of, streams, take
from harness.cloud.fidelity.summary import evaluated_later
from harness.cloud.fidelity.world import front_end_of

_JITTER = 0.5
"""Seconds by which the poll's and the recorder's clocks may be out of step."""

_EARLY = 0.6
"""Seconds by which a task may be early: instants of evaluations were recorded in whole seconds."""

_LATE = {"driver": 60.0, "oned": 60.0, "lcm": 15.0, "wait": 8.0, "autoscaler": 15.0, "watchdog": 15.0}
_LATE_PASS = 8.0
"""Seconds by which a task may be late, by whose it is; drivers and placement are as slow as they were."""

_IN_TURN = frozenset({"oned.trigger", "oned.place", "driver.shutdown", "driver.kill", "lcm.node_runs"})
"""Tasks that are served by one queue, and therefore come in the order in which they were planned."""

_NODES = 20000
"""States that the search looks at before it gives up."""

_EAGER, _ODD, _HELD, _FREE, _NEXT = 0.4, 1.0, 0.5, 0.1, 0.2
"""How the search weighs: a step that is had makes up for so much oddity; something unusual, something that is put off,
something that may as well be, and each further way are so odd."""

_SLOW = 0.3
"""Seconds; an exchange that took longer may have had its effect late in that time."""


@dataclass(frozen=True)
class Outcome:
    """What a replay comes to.

    Attributes:
        steps: How many steps the recording has.
        equal: How many of them, from the first, the embedded cloud gives.
        difference: The first that it does not give, and where it differs; None when all are equal.
        looked_at: States of the cloud that the search went through.
    """

    steps: int
    equal: int
    difference: str | None
    looked_at: int = 0


@dataclass(frozen=True)
class _Node:
    """A state of the cloud on the way.

    Attributes:
        state: The front end and the sender.
        key: Equal for states that go on alike.
        view: Equal for states that look alike from outside.
        polled: Steps of the poll that were had.
        done: Steps of the recorder that were had.
        held: Tasks that are not to be done before they are seen to be, by their order.
    """

    state: bytes
    key: int
    view: int
    polled: int
    done: int
    held: frozenset[int] = frozenset()

    @property
    def progress(self) -> int:
        return self.polled + self.done


_Ways = Iterator[tuple[float, _Node]]


@dataclass(order=True)
class _Branch:
    """The ways on from a state that were not tried yet.

    Attributes:
        rank: What is tried first: the least.
        order: Among equals, the younger last.
        ways: Each with how odd it is; the most usual first.
        odd: How odd the way to here is.
        progress: Steps that were had on it.
    """

    rank: float
    order: int
    ways: _Ways = field(compare=False)
    odd: float = field(compare=False)
    progress: int = field(compare=False)


class _Search:
    def __init__(self, trace: Trace) -> None:
        self._polled, self._recorder = streams(trace)
        self._log = recorded_log(self._recorder)
        self._evaluated = sorted(set(_instants(trace)))
        self._sender = Sender(trace)
        self._start = front_end_of(trace, Drivers(trace))
        self._seen: set[tuple[int, int, int]] = set()
        self._furthest = -1
        self._why = "nothing was compared"

    @property
    def steps(self) -> int:
        return len(self._polled) + len(self._recorder)

    def run(self) -> Outcome:
        start = self._node(self._start, 0, 0)
        waiting = [_Branch(0.0, 0, self._ways(start), 0.0, 0)]
        looked_at = 0
        for looked_at in range(_NODES):
            if not waiting:
                break
            branch = heapq.heappop(waiting)
            way = next(branch.ways, None)
            if way is None:
                continue
            oddity, node = way
            odd = branch.odd + oddity
            if node.progress == self.steps:
                return Outcome(self.steps, self.steps, None, looked_at)
            again = replace(branch, rank=odd - _EAGER * branch.progress, order=2 * looked_at + 1)
            onwards = _Branch(odd - _EAGER * node.progress, 2 * looked_at + 2, self._ways(node), odd, node.progress)
            heapq.heappush(waiting, again)
            heapq.heappush(waiting, onwards)
        return Outcome(self.steps, max(self._furthest, 0), self._why, looked_at)

    def _node(self, front: FrontEnd, polled: int, done: int, held: frozenset[int] = frozenset()) -> _Node:
        state = pickle.dumps((front, self._sender), pickle.HIGHEST_PROTOCOL)
        return _Node(state, fingerprint(front), self._view(front), polled, done, held)

    def _view(self, front: FrontEnd) -> int:
        """What can be seen of the services, and what the autoscaler is about to do when that is seen later."""
        documents = sorted(front.oned.pools.documents.items())
        scaling = [task.name for task in front.agenda.pending() if task.name.startswith("autoscaler")]
        planned = scaling if self._evaluated else []
        return hash(json.dumps([[number, item.body] for number, item in documents] + planned))

    def _ways(self, node: _Node) -> _Ways:
        key = (node.key, node.polled, node.done)
        if key in self._seen:
            return
        self._seen.add(key)
        front, _ = pickle.loads(node.state)  # noqa: S301 - written above
        now = front.clock.now()
        horizon = max(now, min((step.last for _, step in self._open_steps(node)), default=math.inf))
        tasks = front.agenda.pending()
        # What nobody sees is done when it is due; what is seen, when the recording saw it.
        silent = self._silent(node, tasks, now, horizon)
        if silent is not None:
            yield 0.0, silent
            node = replace(node, held=node.held | {task.order for task in tasks if task.due <= now})
        base = 0.0 if silent is None else _HELD
        steps = self._next_steps(node)
        matched = self._matched(node, steps[:1])
        if matched is not None:
            yield base, matched
        # Somewhere in the time of an exchange it had its effect: what else happened then is no more odd before it.
        free = bool(steps) and steps[0][1].last - steps[0][1].first > _SLOW
        base += 0.0 if matched is None else _FREE if free else _ODD
        for oddity, way in self._firings(node, tasks, horizon):
            yield base + oddity, way
        other = self._matched(node, steps[1:])
        if other is not None:
            yield base + _FREE, other

    def _silent(self, node: _Node, tasks: list[Task], now: float, horizon: float) -> _Node | None:
        for at, task in enumerate(tasks):
            if task.due <= now and task.order not in node.held:
                fired = self._fired(node, at, horizon)
                if fired is not None and fired.view == node.view:
                    return fired
        return None

    def _matched(self, node: _Node, steps: list[tuple[bool, Step]]) -> _Node | None:
        for is_poll, step in steps:
            if (successor := self._match(node, step, is_poll=is_poll)) is not None:
                return successor
        return None

    def _firings(self, node: _Node, tasks: list[Task], horizon: float) -> _Ways:
        oddity = 0.0
        drivers = self._start.oned.hypervisor
        assert isinstance(drivers, Drivers)
        queued: set[str] = set()
        for at, task in enumerate(tasks):
            if task.due - _early(task) > horizon or task.name in queued:
                continue
            if task.name in _IN_TURN:
                queued.add(task.name)
            for fails in (False, True) if drivers.can_fail(task) else (False,):
                if (fired := self._fired(node, at, horizon, fails=fails)) is not None:
                    yield oddity, fired
                    oddity += _NEXT

    def _open_steps(self, node: _Node) -> list[tuple[bool, Step]]:
        both = [(True, self._polled[node.polled])] if node.polled < len(self._polled) else []
        return both + ([(False, self._recorder[node.done])] if node.done < len(self._recorder) else [])

    def _next_steps(self, node: _Node) -> list[tuple[bool, Step]]:
        """The next step of each stream, unless the other's next has to come before it."""
        both = self._open_steps(node)
        first_end = min((step.last for _, step in both), default=math.inf)
        return sorted((item for item in both if item[1].first - _JITTER <= first_end), key=lambda item: item[1].first)

    def _match(self, node: _Node, step: Step, *, is_poll: bool) -> _Node | None:
        front, sender = pickle.loads(node.state)  # noqa: S301 - written above
        clock: SimulatedClock = front.clock
        instant = max(clock.now(), step.first)
        if instant > step.last + _JITTER:
            return None
        overdue = next((task for task in front.agenda.pending() if task.due + _late(task) < instant), None)
        if overdue is not None:
            self._note(node, step, f"{overdue.name} should have happened before")
            return None
        clock.move_to(instant)
        found = take(step, front, sender)
        if found is not None:
            self._note(node, step, found)
            return None
        self._sender = sender
        return self._node(front, node.polled + is_poll, node.done + (not is_poll), node.held)

    def _note(self, node: _Node, step: Step, why: str) -> None:
        if node.polled + node.done > self._furthest:
            self._furthest, self._why = node.polled + node.done, f"{step.label}: {why}"

    def _fired(self, node: _Node, at: int, horizon: float, *, fails: bool = False) -> _Node | None:
        front, self._sender = pickle.loads(node.state)  # noqa: S301 - written above
        task = front.agenda.pending()[at]
        front.clock.move_to(self._instant(task, front.clock.now(), horizon))
        if fails:
            front.oned.hypervisor.fail(task)
        front.agenda.run_out_of_turn(task)
        if self._log_went_astray(front, node) or self._is_too_far(front, node):
            return None
        return self._node(front, node.polled, node.done, node.held - {task.order})

    def _log_went_astray(self, front: FrontEnd, node: _Node) -> bool:
        """Whether the service's log can no longer become the recorded one."""
        if self._log is None:
            return False
        at, service_id, recorded = self._log
        service = front.oned.pools.documents.get(service_id)
        if service is None or node.done > at:
            return False
        written = [entry["message"] for entry in service.body.get("log", [])]
        return written != recorded[: len(written)]

    def _is_too_far(self, front: FrontEnd, node: _Node) -> bool:
        """Whether the service is gone, or was evaluated again, before the poll saw what it saw next."""
        if not 0 < node.polled < len(self._polled):
            return False
        point = self._polled[node.polled].what
        assert isinstance(point, Point)
        service = service_of(front)
        if point.summary is None:
            return False
        return service is None or evaluated_later(point.summary, service.body)

    def _instant(self, task: Task, now: float, horizon: float) -> float:
        """When a task runs: as early as it can; an evaluation at the next instant that was recorded of one."""
        earliest = max(now, task.due - _early(task))
        if task.name == "autoscaler.evaluate":
            known = next((item for item in self._evaluated if item + 1 > earliest), None)
            if known is not None and known <= horizon:
                return max(earliest, min(known + 0.5, horizon))
        return max(now, min(task.due, horizon))


def _late(task: Task) -> float:
    if task.name == "autoscaler.pass":
        return _LATE_PASS
    return _LATE[task.name.partition(".")[0]]


def _early(task: Task) -> float:
    return _EARLY if task.name == "autoscaler.pass" else 0.0


def _instants(trace: Trace) -> Iterator[int]:
    """Instants of evaluations that the recording shows, seconds since the epoch."""
    summaries = [point.summary for point in trace.series]
    for summary in summaries + [note.raw.get("service") for note in trace.notes]:
        for role in summary["roles"].values() if summary and "roles" in summary else []:
            for policy in role.get("policies", []) + role.get("scheduled", []):
                if policy.get("last_eval") is not None:
                    yield policy["last_eval"]


def replay(trace: Trace) -> Outcome:
    """Replay a trace against the embedded cloud."""
    return _Search(trace).run()
