"""Checks of SuperNodes that find no SuperLink: do they go on trying, do they give up, how do they end?"""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.events import Event
from harness.history.history import History
from harness.history.work import refused_since

_LATE = 5.0
"""Seconds by which an end may be noticed late on a busy machine: start of Python, Flower's own clean-up."""


def _end(history: History, node: int) -> Event | None:
    started = history.last("supernode.start", node=node)
    assert started is not None
    return history.last("supernode.end", node=node, pid=started["pid"])


@check
def goes_on_trying(history: History, *, node: int, waits: int) -> Finding:
    """A node that is refused still runs after having announced that many waits."""
    since = refused_since(history, node)
    retries = history.of("supernode.retry", node=node, after=since)
    ended = _end(history, node)
    if ended is not None:
        seconds = round(ended.t - since, 1)
        summary = (
            f"node {node} ended with code {ended['code']} after {seconds} s of refused connections, having announced "
            f"{len(retries)} waits"
        )
        return deviates(summary, {"code": ended["code"], "seconds": seconds, "waits": len(retries)})
    if len(retries) < waits:
        raise Inconclusive(f"node {node} runs, but announced {len(retries)} waits only, not {waits}")
    seconds = round(retries[-1].t - since, 1)
    summary = f"node {node} still tried after {len(retries)} waits, {seconds} s after it was first refused"
    return conforms(summary, {"waits": len(retries), "seconds": seconds})


@check
def gives_up_after_tries(history: History, *, node: int, tries: int) -> Finding:
    """A node that is refused makes exactly that many tries, and ends with a failure."""
    since = refused_since(history, node)
    ended = _end(history, node)
    if ended is None:
        return deviates(f"node {node} still runs, though its budget is {tries} tries", {"code": None})
    gave_up = history.last("supernode.gave-up", node=node, after=since)
    if gave_up is None:
        raise Inconclusive(f"node {node} ended with code {ended['code']} and did not say after how many tries")
    right = gave_up["tries"] == tries and ended["code"] not in (0, None)
    summary = (
        f"node {node} gave up after {gave_up['tries']} tries (allowed: {tries}) and ended with code {ended['code']}"
    )
    return Finding(right, summary, {"tries": gave_up["tries"], "code": ended["code"]})


@check
def gives_up_in_time(history: History, *, node: int, seconds: float) -> Finding:
    """A node that is refused tries for about that time, and ends with a failure.

    Flower adds no try after the time is up but may be within one when it is; the start of the process counts too.
    """
    since = refused_since(history, node)
    ended = _end(history, node)
    if ended is None:
        return deviates(f"node {node} still runs after its {seconds:g} s were over", {"code": None})
    gave_up = history.last("supernode.gave-up", node=node, after=since)
    took = round(ended.t - since, 1)
    tried = float(gave_up["seconds"]) if gave_up is not None else took
    in_time = seconds * 0.5 <= tried and took <= seconds * 2 + _LATE
    summary = (
        f"node {node} gave up after trying for {tried} s (allowed: {seconds:g}), ended {took} s after it was first "
        f"refused, with code {ended['code']}"
    )
    return Finding(in_time and ended["code"] not in (0, None), summary, {"seconds": took, "code": ended["code"]})


@check
def ends_with_failure(history: History, *, node: int) -> Finding:
    """A node that was connected and has used up its budget ends, with an exit code other than 0."""
    since = refused_since(history, node)
    ids = history.of("supernode.id", node=node, before=since)
    if not ids:
        raise Inconclusive(f"node {node} was not connected before its link was cut")
    ended = _end(history, node)
    if ended is None:
        return deviates(f"node {node} still runs: it did not end when its budget was used up", {"code": None})
    seconds = round(ended.t - since, 1)
    summary = f"node {node} ended {seconds} s after the cut with code {ended['code']}"
    return Finding(ended["code"] not in (0, None), summary, {"seconds": seconds, "code": ended["code"]})


@check
def comes_online_late(history: History, *, node: int, waits: int) -> Finding:
    """A node that was refused from its start, for that many waits, comes online and works once its link is healed."""
    cut = history.needed("fault.begin", target=f"link-{node}", fault="cut")
    healed = history.needed("fault.end", target=f"link-{node}", after=cut.t)
    retries = history.of("supernode.retry", node=node, after=cut.t, before=healed.t)
    ended = _end(history, node)
    if ended is not None:
        return deviates(f"node {node} ended with code {ended['code']}", {"code": ended["code"]})
    if len(retries) < waits:
        raise Inconclusive(f"the link was healed after {len(retries)} waits of node {node}, not {waits}")
    online = history.first("supernode.id", node=node, after=healed.t)
    if online is None:
        watch = history.last("watch", until=f"node {node} is online")
        if watch is None:
            raise Inconclusive(f"nobody looked whether node {node} came online")
        return deviates(f"node {node} did not come online in the {watch['took']} s after the heal")
    seconds = round(online.t - healed.t, 1)
    summary = (
        f"node {node} came online {seconds} s after the heal, after {len(retries)} waits in {healed.t - cut.t:.0f} s"
    )
    return conforms(summary, {"seconds": seconds, "waits": len(retries)})
