"""Numbers of new objects: one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Numbers:
    """Gives out numbers, those of `ahead` before any other."""

    def __init__(self) -> None:
        self._next = 0
        self._ahead: deque[int] = deque()

    def expect(self, ahead: Iterable[int]) -> None:
        """Numbers to give out next, in this order; a replay gives those of its recording."""
        self._ahead.extend(ahead)

    def take(self) -> int:
        """A number that was not given out before."""
        number = self._ahead.popleft() if self._ahead else self._next
        self._next = max(self._next, number + 1)
        return number
