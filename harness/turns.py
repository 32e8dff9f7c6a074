"""Turns at starting: of the scenarios that run side by side only some start their federation at the same time.

What a scenario costs, it costs while it starts: a dozen Python processes that import Flower, 10 to 20 CPU-seconds; then
it waits. Ten that start together take each five times as long to come up (measured on 2 cores), and those that are in
the middle of something find a machine on which nothing is answered in time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.waiting import wait_until

PER_CORE = 2
"""Scenarios that may start at once, for each core: half of the time of a start is waiting (measured)."""

_PATIENCE = 1800.0
"""Seconds until a turn must have come: all of the others have then started several times over."""


class Turns:
    """A number of turns, shared by all processes that are given the same folder.

    The kernel takes a turn back from a process that has ended, however it has.

    Args:
        folder: Where they are kept.
        at_once: How many there are; `PER_CORE` for each core of this machine when left out.
    """

    def __init__(self, folder: Path, at_once: int | None = None) -> None:
        self._folder = folder
        self._at_once = PER_CORE * (os.cpu_count() or 1) if at_once is None else at_once

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have a turn while the body runs, once there is one.

        Raises:
            WaitTimeout: None came.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        taken = wait_until(
            self._free, lambda lock: lock is not None, what="a turn at starting", timeout=_PATIENCE, poll=0.1
        )
        assert taken is not None
        try:
            yield
        finally:
            taken.release()

    def _free(self) -> FileLock | None:
        for number in range(self._at_once):
            # One that this process has already is none: another scenario of it would not be another start.
            lock = FileLock(self._folder / f"{number}.lock", is_singleton=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock
        return None
