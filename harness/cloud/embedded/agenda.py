"""What the cloud will do, and when: one queue for all its servers, so that a simulated clock can drive them."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.cloud.embedded.clock import Clock


@dataclass(order=True)
class Task:
    """Something to be done at a time.

    Attributes:
        due: Seconds since the epoch.
        order: Among tasks that are due together, the earlier created first.
        name: What it is, e.g. `lcm.deploy_cb`; the kind in front of the dot says whose it is.
        run: Does it.
        cancelled: Whether it was taken back.
    """

    due: float
    order: int
    name: str = field(compare=False)
    run: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class Agenda:
    """A queue of tasks on a clock. Not safe for threads: whoever has several holds a lock around it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._tasks: list[Task] = []
        self._created = 0

    def after(self, seconds: float, name: str, run: Callable[[], None]) -> Task:
        """Plan `run` for `seconds` from now; 0 for as soon as what is under way is finished."""
        self._created += 1
        task = Task(self.clock.now() + max(0.0, seconds), self._created, name, run)
        heapq.heappush(self._tasks, task)
        return task

    @staticmethod
    def cancel(task: Task | None) -> None:
        """Take a task back; harmless when it was done, or there is none."""
        if task is not None:
            task.cancelled = True

    def pending(self) -> list[Task]:
        """What is planned, in order of its time."""
        return sorted(task for task in self._tasks if not task.cancelled)

    def next_due(self) -> float | None:
        """When the next task is due; None when nothing is planned."""
        while self._tasks and self._tasks[0].cancelled:
            heapq.heappop(self._tasks)
        return self._tasks[0].due if self._tasks else None

    def run_next(self) -> None:
        """Do the task that is due first, whatever the time is."""
        if self.next_due() is not None:
            heapq.heappop(self._tasks).run()

    def run_due(self) -> None:
        """Do everything that is due by now, and what that plans for now."""
        while (due := self.next_due()) is not None and due <= self.clock.now():
            self.run_next()

    def run_out_of_turn(self, task: Task) -> None:
        """Do one task now, before others that are due earlier."""
        self._tasks = [other for other in self._tasks if other is not task and not other.cancelled]
        heapq.heapify(self._tasks)
        task.run()
