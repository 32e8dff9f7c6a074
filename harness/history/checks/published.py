"""Checks of what SuperNodes publish of their work through OneGate, against what they did."""

from __future__ import annotations

from itertools import pairwise

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.events import Event
from harness.history.history import History
from harness.history.scaled import since_run

_OVER = 0.9
"""Share of a fit, or of a pause between fits, after which what was published of its beginning must be visible."""

_SHORTEST = 2.0
"""Seconds that a fit or a pause must last to be judged: a publication takes a request or two, and the log is read."""


def _published(history: History, node: int, name: str, t: float) -> str | None:
    """The value of a metric of a node's VM that the cloud showed last before a moment."""
    told = history.last("vm.metrics", vm=work.vm(history, node), before=t)
    return None if told is None else told["metrics"].get(name)


def _fits(history: History, node: int) -> list[tuple[Event, Event]]:
    ids = work.named(history, node)
    begun = [event for event in history.of("fit.begins", after=since_run(history)) if event["node"] in ids]
    pairs = []
    for event in begun:
        ended = history.first("fit.ends", round=event["round"], node=event["node"], after=event.t)
        if ended is not None and ended.t - event.t >= _SHORTEST:
            pairs.append((event, ended))
    if len(pairs) < 2:  # noqa: PLR2004 - a pause needs one on either side
        raise Inconclusive(f"node {node} was not seen in two fits of {_SHORTEST:g} s or more")
    return pairs


def _late(since: float, until: float) -> float:
    return since + _OVER * (until - since)


def _pauses(history: History, node: int, fits: list[tuple[Event, Event]]) -> list[tuple[float, float]]:
    """The times between two fits in which a SuperNode has nothing to do.

    By its own log: from having sent a reply to receiving the next message. It trains, as far as it can know, while the
    ClientApp starts, which takes seconds on a busy machine.
    """
    pauses = []
    for (_, ended), (begun, _) in pairwise(fits):
        received = history.last("supernode.received", node=node, before=begun.t)
        until = begun.t if received is None or received.t < ended.t else received.t
        sent = history.first("supernode.sent", node=node, after=ended.t, before=until)
        since = ended.t if sent is None else sent.t
        if until - since >= _SHORTEST:
            pauses.append((since, until))
    return pauses


def _follow(history: History, name: str, expected: list[tuple[str, str, float]], node: int) -> Finding:
    """Compare what was published with what had to be, at moments."""
    wrong = [(told, want, seen) for told, want, t in expected if (seen := _published(history, node, name, t)) != want]
    if all(_published(history, node, name, t) is None for _, _, t in expected):
        return deviates(f"node {node} never published {name}", {"published": None})
    figures = {"moments": len(expected), "wrong": len(wrong)}
    if wrong:
        told, want, seen = wrong[0]
        return deviates(f"{name} of node {node} was {seen!r} {told}, not {want!r}", figures)
    values = ", ".join(dict.fromkeys(want for _, want, _ in expected))
    return conforms(f"{name} of node {node} was what it had to be at {len(expected)} moments ({values})", figures)


@check
def training_active_follows(history: History, *, node: int) -> Finding:
    """FL_TRAINING_ACTIVE is YES late in each fit of a node and NO late in the pauses between them."""
    fits = _fits(history, node)
    pauses = _pauses(history, node, fits)
    if not pauses:
        raise Inconclusive(f"there was no pause of {_SHORTEST:g} s between two fits of node {node}")
    expected = [(f"in its fit of round {begun['round']}", "YES", _late(begun.t, ended.t)) for begun, ended in fits]
    expected += [("between two fits", "NO", _late(since, until)) for since, until in pauses]
    return _follow(history, "FL_TRAINING_ACTIVE", expected, node)


@check
def round_number_follows(history: History, *, node: int) -> Finding:
    """FL_ROUND_NUMBER is the round's number late in each fit of a node."""
    expected = [
        (f"in its fit of round {begun['round']}", str(begun["round"]), _late(begun.t, ended.t))
        for begun, ended in _fits(history, node)
    ]
    return _follow(history, "FL_ROUND_NUMBER", expected, node)


@check
def client_status_follows(history: History, *, node: int) -> Finding:
    """FL_CLIENT_STATUS is TRAINING late in each fit, IDLE late in pauses, DISCONNECTED late in a cut of its link."""
    fits = _fits(history, node)
    pauses = _pauses(history, node, fits)
    cut = history.first("fault.begin", target=f"link-{node}", fault="cut", after=fits[-1][1].t)
    if not pauses or cut is None:
        raise Inconclusive(f"node {node} had no pause between two fits, or its link was not cut after them")
    healed = history.first("fault.end", target=f"link-{node}", fault="cut", after=cut.t)
    until = history.end if healed is None else healed.t
    if until - cut.t < 10:  # noqa: PLR2004 - an idle SuperNode asks every 3 s, gRPC takes its time to say that it failed
        raise Inconclusive(f"the link of node {node} was cut for {until - cut.t:.0f} s only")
    expected = [(f"in its fit of round {begun['round']}", "TRAINING", _late(begun.t, ended.t)) for begun, ended in fits]
    expected += [("between two fits", "IDLE", _late(since, end)) for since, end in pauses]
    expected.append(("while its link was cut", "DISCONNECTED", _late(cut.t, until)))
    return _follow(history, "FL_CLIENT_STATUS", expected, node)
