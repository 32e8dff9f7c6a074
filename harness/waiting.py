"""The one way to wait.

No other module sleeps. A wait names what it waits for, looks at it again and again, and when it gives up says what it
saw last; while it lasts, listeners (the live view of a run) are told.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import WaitAborted, WaitTimeout

T = TypeVar("T")

_SHORTEST_POLL = 0.01


@dataclass(frozen=True)
class Waiting:
    """A wait that is under way, as a listener sees it.

    Attributes:
        what: What is waited for, in words.
        since: Start of the wait, seconds on the monotonic clock.
        timeout: Seconds after which it gives up.
        last_seen: The probe's last value; None before the first look.
    """

    what: str
    since: float
    timeout: float
    last_seen: object = None


Listener = Callable[[Waiting | None], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of every wait in this process, with each look, and with None when the wait is over."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _tell(waiting: Waiting | None) -> None:
    for listener in tuple(_listeners):
        listener(waiting)


def wait_until(
    probe: Callable[[], T],
    accept: Callable[[T], object] = bool,
    *,
    what: str,
    timeout: float,
    poll: float = 0.2,
    abort: Callable[[], str | None] | None = None,
) -> T:
    """Look with `probe` until `accept` of its value holds, and return that value.

    The probe is always asked once more after the time is up, so that a process that was starved of CPU does not report
    a time-out for something that is there.

    Args:
        probe: Looks, without side effects, and returns what it saw.
        accept: Whether what was seen is enough.
        what: What is waited for, in words that a person reads in a time-out.
        timeout: Seconds.
        poll: Seconds between two looks.
        abort: Returns a reason when what is waited for can no longer happen.

    Raises:
        WaitTimeout: The time was up; it carries what was seen last.
        WaitAborted: `abort` gave a reason.
    """
    since = time.monotonic()
    try:
        while True:
            out_of_time = time.monotonic() - since >= timeout
            seen = probe()
            _tell(Waiting(what, since, timeout, seen))
            if accept(seen):
                return seen
            if abort is not None and (reason := abort()) is not None:
                raise WaitAborted(f"{what} can no longer happen: {reason}; last seen: {seen!r}")
            if out_of_time:
                raise WaitTimeout(what, time.monotonic() - since, seen)
            time.sleep(max(_SHORTEST_POLL, min(poll, since + timeout - time.monotonic())))
    finally:
        _tell(None)


def let_pass(seconds: float, why: str, *, abort: Callable[[], str | None] | None = None) -> None:
    """Let time pass because time itself is the stimulus (a cut of 30 s), not to give something else a chance.

    Raises:
        WaitAborted: `abort` gave a reason.
    """
    until = time.monotonic() + seconds
    wait_until(
        # Rounded up: the time is not over before it is.
        lambda: math.ceil((until - time.monotonic()) * 10) / 10,
        lambda left: left <= 0,
        what=why,
        timeout=seconds + 60,
        poll=min(0.25, max(seconds / 4, _SHORTEST_POLL)),
        abort=abort,
    )
