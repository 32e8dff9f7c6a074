"""In which order scenarios start: the long ones one after another, each beside many short ones."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, zip_longest
from typing import TypeVar

Item = TypeVar("Item")

LONG = 0.4
"""Share of the time of all scenarios that belongs to the longest ones.

Those wait for most of their time: for a link to come back, for the 60 s after which the SuperLink takes a node for
offline. When ten of them began together, half of the machine was idle for two minutes, and all that costs something
came after (measured on 2 cores).
"""

LANES = 0.5
"""Share of the workers that the longest ones have: more than their time, so that none begins when the rest is done.

With 0.4 the last minute of a run was one scenario's (measured).
"""


def side_by_side(items: Sequence[Item], workers: int, lasts: Callable[[Item], float]) -> list[Item]:
    """The order in which xdist's `load` keeps long and short scenarios beside each other, and lets no long one be last.

    Args:
        items: The scenarios.
        workers: How many of them run at once.
        lasts: How long one lasts, seconds.
    """
    longest_first = sorted(items, key=lasts, reverse=True)
    if workers < 2:  # noqa: PLR2004 - nothing is beside anything
        return longest_first
    sums = list(accumulate(map(lasts, longest_first)))
    count = bisect_right(sums, LONG * max(sums, default=0))
    lanes = round(LANES * workers)
    starts = [
        *_starts(longest_first[:count], lanes, lasts),
        *_starts(longest_first[count:], workers - lanes, lasts),
    ]
    order = [item for _, item in sorted(starts, key=lambda start: start[0])]
    # `load` first hands two tests to each worker, in the order of the list, and then one at a time.
    pairs = zip_longest(order[:workers], order[workers : 2 * workers])
    return [item for pair in pairs for item in pair if item is not None] + order[2 * workers :]


def _starts(items: Sequence[Item], lanes: int, lasts: Callable[[Item], float]) -> list[tuple[float, Item]]:
    """When each would start if the next one always went to the lane that is free first."""
    free = [0.0] * lanes
    return [(heapq.heapreplace(free, free[0] + lasts(item)), item) for item in items]
