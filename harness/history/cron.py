"""When a cron expression of five fields is due, minute by minute.

A reading of its own, so that OneFlow's schedule is compared with something that did not make it. Times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

_MINUTE = 60
_FIELDS = 5
_SUNDAY = 7


@dataclass(frozen=True)
class _Field:
    first: int
    last: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cron:
    """A cron expression: minute, hour, day of the month, month, day of the week; `*`, lists, ranges, steps and names.

    Attributes:
        text: As it is written.
        allowed: For each field the numbers that it allows.
        both_days: Whether a day of the month and one of the week are given, either of which is enough.
    """

    text: str
    allowed: tuple[frozenset[int], ...]
    both_days: bool

    _months: ClassVar = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    _days: ClassVar = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read one.

        Raises:
            ValueError: It has something else than these five fields.
        """
        parts = text.split()
        if len(parts) != _FIELDS:
            raise ValueError(f"`{text}` has not five fields")
        fields = (
            _Field(0, 59),
            _Field(0, 23),
            _Field(1, 31),
            _Field(1, 12, cls._months),
            _Field(0, _SUNDAY, cls._days),
        )
        allowed = [frozenset(_numbers(part, field)) for part, field in zip(parts, fields, strict=True)]
        # Sunday is 0 and 7.
        allowed[4] = frozenset(day % _SUNDAY for day in allowed[4])
        return cls(text, tuple(allowed), parts[2] != "*" and parts[4] != "*")

    def due(self, at: int) -> bool:
        """Whether it is due in the minute that begins at that time, seconds since the epoch."""
        when = datetime.fromtimestamp(at, UTC)
        minute, hour, day, month, weekday = self.allowed
        if when.minute not in minute or when.hour not in hour or when.month not in month:
            return False
        of_month, of_week = when.day in day, when.isoweekday() % _SUNDAY in weekday
        return of_month or of_week if self.both_days else of_month and of_week

    def between(self, since: int, until: int) -> list[int]:
        """Every time after `since`, up to `until`; seconds since the epoch."""
        first = since - since % _MINUTE + _MINUTE
        return [at for at in range(first, until + 1, _MINUTE) if self.due(at)]


def _numbers(part: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for item in part.lower().split(","):
        span, _, step = item.partition("/")
        if span == "*":
            low, high = field.first, field.last
        else:
            begin, _, end = span.partition("-")
            low = _number(begin, field)
            high = _number(end, field) if end else field.last if step else low
        if not field.first <= low <= high <= field.last:
            raise ValueError(f"`{item}` is out of range")
        found |= set(range(low, high + 1, int(step) if step else 1))
    return found


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + (1 if field.first else 0)
    return int(text)
