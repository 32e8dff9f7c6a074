"""The cloud's time: that of the machine, or one that is moved by hand."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()


class SimulatedClock:
    """A clock that stands still until it is moved.

    Args:
        start: Seconds since the epoch.
    """

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def move_to(self, instant: float) -> None:
        """Move it forwards; an instant that has passed leaves it where it is."""
        self._now = max(self._now, instant)
