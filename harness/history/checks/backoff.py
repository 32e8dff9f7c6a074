"""Checks of the waits between a SuperNode's attempts, as its log announces them.

Flower's back-off is uniform(0, min(2^n, 20)) s (common/retry_invoker.py: `exponential`, `full_jitter`). What a check
concludes from random numbers it concludes from bounds, and from many nodes at once: of six nodes that are refused
alike, the chance that none draws a fifth wait above 2 s is (2/16)^6, one in 262 144.
"""

from __future__ import annotations

import math

from harness.errors import Inconclusive
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.history import History

_ROUNDING = 0.01
"""The log has two decimals."""

_ATTEMPTS_THAT_SHOW_GROWTH = 5
"""From the fourth wait on the bound, 8 s and more, is so far above 2 s that waits below it are no chance."""

_READ_LATE = 1.0
"""Seconds by which a line of a log may be read late; 0.1 s on an idle machine."""

_CHANCE = 0.001
"""Below this a thing is taken not to be chance."""


def waits_of(history: History, node: int) -> list[float]:
    """The waits that a node announced before it was connected first, seconds."""
    connected = history.first("supernode.id", node=node)
    before = None if connected is None else connected.t
    return [float(event["wait"]) for event in history.of("supernode.retry", node=node, before=before)]


def _all_waits(history: History, nodes: int, least: int) -> dict[int, list[float]]:
    waits = {node: waits_of(history, node) for node in range(1, nodes + 1)}
    if short := [node for node, seen in waits.items() if len(seen) < least]:
        raise Inconclusive(f"node {short[0]} announced {len(waits[short[0]])} waits, fewer than {least}")
    return waits


@check
def waits_grow_exponentially(history: History, *, nodes: int, least: int) -> Finding:
    """No wait is above a bound that doubles with every attempt, and the later ones do pass the early bounds."""
    if least < _ATTEMPTS_THAT_SHOW_GROWTH:
        raise Inconclusive(f"{least} waits are too few to tell growth from chance")
    waits = _all_waits(history, nodes, least)
    over = [(node, n, wait) for node, seen in waits.items() for n, wait in enumerate(seen) if wait > 2**n + _ROUNDING]
    largest = [max(seen[n] for seen in waits.values()) for n in range(least)]
    # 2 s is the bound of the second wait.
    grown = max(largest[3:]) > 2  # noqa: PLR2004
    figures = {"largest": largest, "waits": waits}
    if over:
        node, n, wait = over[0]
        return deviates(f"wait {n + 1} of node {node} was {wait} s, above {2**n} s", figures)
    return Finding(
        grown,
        f"the largest wait of {nodes} nodes by attempt: {', '.join(f'{wait:.1f}' for wait in largest)} s, below 2^n",
        figures,
    )


@check
def waits_are_capped(history: History, *, nodes: int, least: int, most: float) -> Finding:
    """No wait of many is above the maximum, and there is one: waits have stopped growing.

    That none is above 300 s shows nothing as long as waits that double freely would not be either: seven of them end
    at 64 s. So waits must stay below the largest that was seen where doubling would have passed it, so often that it
    is no chance.
    """
    waits = _all_waits(history, nodes, least)
    largest = max(wait for seen in waits.values() for wait in seen)
    count = sum(len(seen) for seen in waits.values())
    figures = {"largest": largest, "count": count}
    summary = f"the largest of {count} waits of {nodes} nodes was {largest:.1f} s (maximum {most:g} s)"
    if largest > most:
        return deviates(summary, figures)
    chance = math.prod(min(1.0, largest / 2**n) for seen in waits.values() for n in range(len(seen)))
    if chance > _CHANCE:
        raise Inconclusive(f"{summary}, but waits that double for ever would not have passed it either")
    return conforms(summary, figures)


@check
def waits_differ(history: History, *, nodes: int, least: int) -> Finding:
    """Nodes that are refused alike announce different waits for the same attempt."""
    if nodes < 2:  # noqa: PLR2004 - one node differs from none
        raise Inconclusive("one node cannot differ from itself")
    waits = _all_waits(history, nodes, least)
    columns = [[seen[n] for seen in waits.values()] for n in range(least)]
    same = [n for n, column in enumerate(columns) if len(set(column)) == 1]
    spread = [round(max(column) - min(column), 2) for column in columns]
    summary = f"the waits of {nodes} nodes for the same attempt differed by up to {', '.join(map(str, spread))} s"
    return Finding(not same, summary, {"spread": spread})


@check
def tries_again_at_once(history: History, *, node: int, waits: int) -> Finding:
    """All waits of a node are below a second."""
    seen = waits_of(history, node)
    if len(seen) < waits:
        raise Inconclusive(f"node {node} announced {len(seen)} waits, fewer than {waits}")
    longest = max(seen)
    summary = f"node {node} announced waits of up to {longest:.1f} s between its attempts"
    return Finding(longest < 1, summary, {"waits": seen})


@check
def reconnects_later_than_announced(history: History, *, node: int) -> Finding:
    """Attempts that the node makes after the heal go on failing, though the link is whole: gRPC waits on its own.

    A failure that was read just after the heal may have happened before it; it does not count.
    """
    cut = history.needed("fault.begin", target=f"link-{node}", fault="cut")
    healed = history.needed("fault.end", target=f"link-{node}", fault="cut", after=cut.t)
    if not (healed.get("evidence") or {}).get("passes"):
        raise Inconclusive(f"the link of node {node} was not seen to be whole after the heal")
    back = history.first("supernode.reconnected", node=node, after=healed.t)
    if back is None:
        raise Inconclusive(f"node {node} did not say that it is connected again")
    running = history.of("supernode.retry", node=node, after=cut.t, before=healed.t)
    after = history.of("supernode.retry", node=node, after=healed.t + _READ_LATE, before=back.t)
    if not running:
        raise Inconclusive(f"node {node} announced no wait during the cut")
    latest = max(event.t + float(event["wait"]) for event in running)
    seconds, explained = round(back.t - healed.t, 1), round(max(0.0, latest - healed.t), 1)
    summary = (
        f"node {node} was connected {seconds} s after the heal; the waits that it had announced by then end after "
        f"{explained} s, and {len(after)} further attempts failed although the link was healed"
    )
    return Finding(bool(after), summary, {"seconds": seconds, "explained": explained, "failed_after_heal": len(after)})
