"""Checks of how an appliance finds the SuperLink, by what OneGate is asked, and of what it does with its context.

A try begins with a request for the service: OneGate is asked for it once in each (DESIGN of the reference boot script;
another one may ask for more). FL_TIME_SCALE of the context multiplies the waits between tries: what a scenario sees in
seconds is told in the specification's. A busy machine can only make a wait longer than the script wants it.
"""

from __future__ import annotations

import statistics
from itertools import pairwise

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.hanging import hangs
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.watching import watched
from harness.history.history import History
from harness.history.scaled import ROLE

_EARLY = 0.9
"""Share of the time that tries in a row must have taken at least."""

_ONE_EARLY = 0.6
"""Share of a single wait: an answer that is late, on a busy machine, makes the wait before it longer and the one after
it shorter, because the script counts from the beginning of a try."""

_LATE = 1.3
"""Half of the waits may be longer than they should be by this share: the others were waits of a busy machine."""

_TELLING = 4
"""Waits that show a pattern."""


def _scale(history: History) -> float:
    given = history.last("context.given")
    if given is None:
        raise Inconclusive("what the appliance's context says was not recorded")
    return float(given["context"].get("FL_TIME_SCALE", 1))


def _tries(history: History, node: int) -> list[float]:
    """When OneGate answered the tries of a node that were to find a SuperLink; seconds on the monotonic clock."""
    ready = history.first("supernode.id", node=node)
    until = None if ready is None else ready.t
    released = history.first("superlink.released")
    if released is not None:
        until = released.t
    asked = history.of("gate.answered", node=node, about="service", before=until)
    if not asked:
        raise Inconclusive(f"node {node} was not seen to ask OneGate for its service")
    return [event.t for event in asked]


def _waits(history: History, node: int, least: int) -> list[float]:
    """The waits between a node's tries, in the seconds of the specification.

    Raises:
        Inconclusive: There are fewer than `least`.
    """
    scale, tries = _scale(history), _tries(history, node)
    waits = [round((later - earlier) / scale, 2) for earlier, later in pairwise(tries)]
    if len(waits) < least:
        raise Inconclusive(f"node {node} was seen to try {len(tries)} times only, {least + 1} are needed")
    return waits


def _early(waits: list[float], wanted: list[float]) -> tuple[float, float] | None:
    """A wait, or the sum of all, that was too short, and what it should have been; None when there is none."""
    for wait, want in zip(waits, wanted, strict=True):
        if wait < want * _ONE_EARLY:
            return wait, want
    return (sum(waits), sum(wanted)) if sum(waits) < sum(wanted) * _EARLY else None


def _told(waits: list[float]) -> str:
    return ", ".join(f"{wait:.1f}" for wait in waits)


@check
def tries_and_gives_up(history: History, *, node: int, tries: int, interval: float) -> Finding:
    """A node asks so many times, so many seconds apart, and then ends with a failure."""
    code = history.last("supernode.end", node=node)
    if code is None:
        met, looked = watched(history, f"node {node} has ended")
        if met:
            raise Inconclusive(f"node {node} was seen to end, but its end was not recorded")
        return deviates(f"node {node} still tried after {looked:.0f} s, {len(_tries(history, node))} times")
    waits = _waits(history, node, 1)
    typical = statistics.median(waits)
    apart = _early(waits, [interval] * len(waits)) is None and typical <= interval * _LATE
    right = len(waits) + 1 == tries and apart and code["code"] not in (0, None)
    summary = (
        f"node {node} tried {len(waits) + 1} times, {typical:.1f} s apart (median; {min(waits):.1f} to "
        f"{max(waits):.1f}), and ended with code {code['code']}"
    )
    figures = {"tries": len(waits) + 1, "median": typical, "code": code["code"], "scale": _scale(history)}
    return Finding(right, summary, figures)


@check
def tries_double(history: History, *, node: int, first: float, most: float) -> Finding:
    """The waits between a node's tries begin with `first` seconds and double until they would pass `most`."""
    waits = _waits(history, node, _TELLING)
    wanted = [first * 2**number for number in range(len(waits))]
    growing = [(wait, want) for wait, want in zip(waits, wanted, strict=True) if want <= most]
    if len(growing) < _TELLING - 1:
        raise Inconclusive(f"only {len(growing)} waits were to be seen before the maximum of {most:g} s")
    short = _early([wait for wait, _ in growing], [want for _, want in growing])
    late = sum(1 for wait, want in growing if wait > want * _LATE)
    summary = f"node {node} waited {_told(waits)} s between its tries"
    if short is not None:
        summary += f"; {short[0]:.1f} s where {short[1]:g} were to come"
    return Finding(short is None and late <= len(growing) // 2, summary, {"waits": waits, "scale": _scale(history)})


@check
def tries_never_wait_longer(history: History, *, node: int, most: float) -> Finding:
    """The waits between a node's tries reach `most` seconds, twice or more, and never exceed it."""
    waits = _waits(history, node, _TELLING)
    at_most = [wait for wait in waits if wait >= most * _EARLY]
    summary = f"node {node} waited {_told(waits)} s between its tries; the maximum is {most:g} s"
    figures = {"waits": waits, "scale": _scale(history)}
    if len(at_most) < 2:  # noqa: PLR2004 - once may be the last of those that double
        raise Inconclusive(f"{summary}: it was not reached twice")
    # The last ones are those that count: a wait on the way there says nothing of the maximum.
    return Finding(statistics.median(at_most) <= most * _LATE, summary, figures)


@check
def tries_are_even(history: History, *, node: int, interval: float) -> Finding:
    """The waits between a node's tries are all the same."""
    waits = _waits(history, node, _TELLING)
    typical = statistics.median(waits)
    even = _early(waits, [interval] * len(waits)) is None and typical <= interval * _LATE
    return Finding(even, f"node {node} waited {_told(waits)} s between its tries", {"waits": waits})


@check
def found_after_trying(history: History, *, node: int, tries: int) -> Finding:
    """A node that had tried in vain so many times finds the SuperLink once it is ready, and a result of it counts."""
    in_vain = _tries(history, node)
    released = history.first("superlink.released")
    if released is None or len(in_vain) < tries:
        raise Inconclusive(f"node {node} had tried {len(in_vain)} times before the SuperLink was ready, not {tries}")
    ended = history.first("supernode.end", node=node, after=in_vain[0])
    if ended is not None:
        return deviates(f"node {node} ended with code {ended['code']} after {len(in_vain)} tries")
    online = history.first("supernode.id", node=node, after=released.t)
    if online is None:
        _, looked = watched(history, f"node {node} is online", after=released.t)
        return deviates(f"node {node} was not online {looked:.0f} s after the SuperLink was ready")
    results = next(iter(history.of("results", phase="fit", after=online.t)), None)
    if results is None:
        raise Inconclusive(f"no round was seen after node {node} was online")
    counted = work.result_of(results, work.named(history, node)) is not None
    summary = (
        f"node {node} tried {len(in_vain)} times in vain, was online {online.t - released.t:.1f} s after the SuperLink "
        f"was let go, and round {results['round']} {'counted' if counted else 'did not count'} its result"
    )
    return Finding(counted, summary, {"tries": len(in_vain)})


@check
def asks_nobody(history: History, *, node: int) -> Finding:
    """A node that is given the SuperLink's address asks OneGate for nothing, and a result of it counts."""
    results = next(iter(history.of("results", phase="fit")), None)
    if results is None:
        raise Inconclusive("no round was seen")
    counted = work.result_of(results, work.named(history, node)) is not None
    asked = history.of("gate.answered", node=node)
    summary = (
        f"node {node} asked OneGate {len(asked)} times, and round {results['round']} "
        f"{'counted' if counted else 'did not count'} its result"
    )
    return Finding(counted and not asked, summary, {"asked": len(asked)})


def _trained_on(history: History, node: int) -> int:
    ids = work.named(history, node)
    begun = [event for event in history.of("fit.begins") if event["node"] in ids]
    if not begun:
        raise Inconclusive(f"node {node} was not seen to train")
    return int(begun[-1]["partition"])


@check
def trains_on_given_partition(history: History, *, node: int, partition: int) -> Finding:
    """The ClientApp of a node has the partition-id that the context gives, not that of its place in the role."""
    given = history.last("context.given")
    if given is None or f"partition-id={partition}" not in str(given["context"].get("FL_NODE_CONFIG")):
        raise Inconclusive(f"the context does not give partition-id {partition}")
    seen = _trained_on(history, node)
    return Finding(seen == partition, f"node {node} trained on partition {seen}; its context gives {partition}")


@check
def partition_no_longer_fits(history: History, *, node: int) -> Finding:
    """After VMs were removed a node that stayed trains on a partition-id that is not its place in the role any more."""
    vm = work.vm(history, node)
    seen = history.of("role.seen", role=ROLE)
    places = [event["nodes"].index(vm) for event in seen if vm in event["nodes"]]
    if len(set(places)) < 2:  # noqa: PLR2004 - before and after
        raise Inconclusive(f"the place of node {node} in its role did not change")
    partition, place = _trained_on(history, node), places[-1]
    if partition not in (places[0], place):
        return deviates(f"node {node} trained on partition {partition}; its places were {places[0]} and {place}")
    summary = (
        f"node {node}, at first at place {places[0]} of its role, now at {place}, trained on partition {partition}"
    )
    return Finding(partition != place, summary, {"partition": partition, "place": place})


@check
def hands_zero_on(history: History, *, node: int) -> Finding:
    """An appliance that hands FL_MAX_RETRIES 0 on as it is goes on trying when its link is cut."""
    given = history.last("context.given")
    if given is None or given["context"].get("FL_RETRY_MEANING") != "as-specified":
        raise Inconclusive("the appliance was not told to hand 0 on")
    cut = history.needed("fault.begin", target=f"link-{node}", fault="cut")
    ended = history.first("supernode.end", node=node, after=cut.t)
    if ended is not None:
        seconds = round(ended.t - cut.t, 1)
        return deviates(f"node {node} ended with code {ended['code']} {seconds} s after its link was cut")
    end = f"node {node} has ended"
    if (hung := hangs(history, node, end, since=cut.t)) is not None:
        summary = (
            f"node {node} left its connection with an error and hangs: in {hung:.0f} s after its link was cut it "
            "neither tried again nor ended"
        )
        return deviates(summary, {"code": None, "seconds": hung})
    met, looked = watched(history, end, after=cut.t)
    if met:
        raise Inconclusive(f"node {node} was seen to end, but its end was not recorded")
    return conforms(f"node {node} still ran {looked:.0f} s after its link was cut", {"seconds": looked})
