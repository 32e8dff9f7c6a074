"""What a scenario looked out for, and for how long: a `watch` event is an observation that was carried to its end."""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history.events import Event
from harness.history.history import History


def watched(history: History, until: str, *, after: float | None = None) -> tuple[bool, float]:
    """Whether something came that the scenario looked out for, and the seconds that it looked.

    Args:
        history: The history.
        until: What it looked out for.
        after: Only looks that ended later than this count; seconds on the monotonic clock.

    Raises:
        Inconclusive: It did not look out for that.
    """
    watch = history.last("watch", until=until, after=after)
    if watch is None:
        raise Inconclusive(
            f"the scenario did not look out for `{until}`" + (" after that" if after is not None else "")
        )
    return bool(watch["met"]), float(watch["took"])


def completed(history: History, run: Event, *, after: float) -> bool:
    """Whether a run whose end the scenario looked out for has completed, as the SuperLink says.

    Args:
        history: The history.
        run: Its `run.start`.
        after: Only what the SuperLink says later counts; seconds on the monotonic clock.

    Raises:
        Inconclusive: The scenario did not look out for its end, or saw that the SuperLink had not yet spoken of.
    """
    seen = history.last("run.seen", run=run["run"], after=after)
    if seen is not None and seen["status"] == "finished":
        return bool(seen["sub"] == "completed")
    met, _ = watched(history, "the run has ended", after=after)
    if met:
        raise Inconclusive("the run has ended, and the SuperLink was not seen to say how")
    return False
