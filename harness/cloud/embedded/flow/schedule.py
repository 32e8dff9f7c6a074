"""When a scheduled policy is planned: its start time, or the next time of its recurrence. All times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from croniter import croniter
from dateutil import parser  # type: ignore[import-untyped] # ships no type information

_FIELDS, _FIELDS_AT_MOST = 5, 6
_DAY = 86400
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class BadTime(ValueError):
    """The text is no time, or no cron expression."""


def start_time(text: str, now: int = 0) -> int:
    """Seconds since the epoch: digits are that number, anything else is read as a date, leniently.

    Args:
        text: From the policy.
        now: Seconds since the epoch; what the text leaves out (a time without a day) is this day's.

    Raises:
        BadTime: No date can be made of it.
    """
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        found = _date(text, now // _DAY)
    except (ValueError, OverflowError) as error:
        raise BadTime(text) from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


@lru_cache(maxsize=4096)
def _date(text: str, day: int) -> datetime:
    return parser.parse(text, default=datetime.fromtimestamp(day * _DAY, UTC), fuzzy=True)  # type: ignore[no-any-return]


def cron(text: str) -> str:
    """A cron expression of five fields; a sixth is accepted and ignored, as OneFlow's parser does.

    Raises:
        BadTime: It is none.
    """
    fields = _NAMED.get(text.strip(), text).split()
    if not _FIELDS <= len(fields) <= _FIELDS_AT_MOST:
        raise BadTime(text)
    expression = " ".join(fields[:_FIELDS])
    if not croniter.is_valid(expression):
        raise BadTime(text)
    return expression


class Recurrence:
    """The times of a cron expression; remembers the last answer, since it is asked the same again and again."""

    def __init__(self, text: str) -> None:
        self._cron: Any = croniter(cron(text), 0.0, ret_type=float)
        self._from, self._next = 1, 0

    def after(self, instant: int) -> int:
        """The first time after `instant`, seconds since the epoch."""
        if not self._from <= instant < self._next:
            self._cron.set_current(float(instant), force=True)
            self._from, self._next = instant, int(self._cron.get_next(float))
        return self._next


@lru_cache(maxsize=4096)
def recurrence(text: str) -> Recurrence:
    """The recurrence of a cron expression.

    Raises:
        BadTime: It is none.
    """
    return Recurrence(text)
