"""Replaying a trace: whether the embedded cloud can do what the real one was seen to do.

A front end does several things at the same time, and on the loaded machine of the recordings some came late: the order
in which they came is part of what was recorded, their exact instants are not. The replay therefore looks for one order
of the embedded cloud's pending tasks that gives every recorded step: each answer, each state that the poll saw, each
note, the service's whole log. A task runs never before it is due, and at most so much later as the recordings' machine
was seen to be late; nothing else is free. A step that cannot be had in any such order is a difference.

The search goes in depth, with what is due first first, and keeps the state of the whole cloud at each choice.
"""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Iterator
from dataclasses import dataclass

from harness.cloud.embedded.agenda import Task
from harness.cloud.embedded.clock import SimulatedClock
from harness.cloud.embedded.front_end import FrontEnd
from harness.cloud.fidelity.drivers import Drivers
from harness.cloud.fidelity.exchange import Sender
from harness.cloud.fidelity.fingerprint import fingerprint
from harness.cloud.fidelity.recording import Trace
from harness.cloud.fidelity.script import Step, recorded_log, streams, take
from harness.cloud.fidelity.world import front_end_of

_JITTER = 0.5
"""Seconds by which the poll's and the recorder's clocks may be out of step."""

_EARLY = 0.6
"""Seconds by which a task may be early: instants of evaluations were recorded in whole seconds."""

_LATE = {"driver": 60.0, "oned": 60.0, "lcm": 15.0, "wait": 8.0, "autoscaler": 8.0, "watchdog": 15.0}
"""Seconds by which a task may be late, by whose it is; drivers and placement are as slow as they were."""

_NODES = 6000
"""States that the search looks at before it gives up."""


@dataclass(frozen=True)
class Outcome:
    """What a replay comes to.

    Attributes:
        steps: How many steps the recording has.
        equal: How many of them, from the first, the embedded cloud gives.
        difference: The first that it does not give, and where it differs; None when all are equal.
    """

    steps: int
    equal: int
    difference: str | None


@dataclass(frozen=True)
class _Node:
    state: bytes
    key: int
    view: int
    polled: int
    done: int


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
        stack = [iter([self._node(self._start, 0, 0)])]
        looked_at = 0
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            if node.polled == len(self._polled) and node.done == len(self._recorder):
                return Outcome(self.steps, self.steps, None)
            looked_at += 1
            if looked_at > _NODES:
                break
            stack.append(self._successors(node))
        return Outcome(self.steps, max(self._furthest, 0), self._why)

    def _node(self, front: FrontEnd, polled: int, done: int) -> _Node:
        state = pickle.dumps((front, self._sender), pickle.HIGHEST_PROTOCOL)
        return _Node(state, fingerprint(front), self._view(front), polled, done)

    def _view(self, front: FrontEnd) -> int:
        """What can be seen of the services, and what the autoscaler is about to do when that is seen later."""
        documents = sorted(front.oned.pools.documents.items())
        scaling = [task.name for task in front.agenda.pending() if task.name.startswith("autoscaler")]
        planned = scaling if self._evaluated else []
        return hash(json.dumps([[number, item.body] for number, item in documents] + planned))

    def _successors(self, node: _Node) -> Iterator[_Node]:
        key = (node.key, node.polled, node.done)
        if key in self._seen:
            return
        self._seen.add(key)
        front, _ = pickle.loads(node.state)  # noqa: S301 - written above
        now = front.clock.now()
        horizon = max(now, min((step.last for _, step in self._open_steps(node)), default=math.inf))
        tasks = front.agenda.pending()
        # What nobody sees is done when it is due; what is seen, when the recording saw it.
        for at, task in enumerate(tasks):
            if task.due <= now and (fired := self._fired(node, at, horizon)) is not None and fired.view == node.view:
                yield fired
                break
        steps = self._next_steps(node)
        yield from self._matches(node, steps[:1])
        for at, task in enumerate(tasks):
            if task.due - _early(task) <= horizon:
                yield from self._ways(node, at, horizon, can_fail=front.oned.hypervisor.can_fail(task))
        yield from self._matches(node, steps[1:])

    def _matches(self, node: _Node, steps: list[tuple[bool, Step]]) -> Iterator[_Node]:
        for is_poll, step in steps:
            if (successor := self._match(node, step, is_poll=is_poll)) is not None:
                yield successor

    def _ways(self, node: _Node, at: int, horizon: float, *, can_fail: bool) -> Iterator[_Node]:
        for fails in (False, True) if can_fail else (False,):
            if (fired := self._fired(node, at, horizon, fails=fails)) is not None:
                yield fired

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
        return self._node(front, node.polled + is_poll, node.done + (not is_poll))

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
        return None if self._log_went_astray(front, node) else self._node(front, node.polled, node.done)

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

    def _instant(self, task: Task, now: float, horizon: float) -> float:
        """When a task runs: as early as it can; an evaluation at the next instant that was recorded of one."""
        earliest = max(now, task.due - _early(task))
        if task.name == "autoscaler.evaluate":
            known = next((item for item in self._evaluated if item + 1 > earliest), None)
            if known is not None and known <= horizon:
                return max(earliest, min(known + 0.5, horizon))
        return max(now, min(task.due, horizon))


def _late(task: Task) -> float:
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
