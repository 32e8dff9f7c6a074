"""Checks of SuperNodes that find no SuperLink: do they go on trying, do they give up, how do they end?"""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history.checks.hanging import hangs, hangs_in_its_exit
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.watching import watched
from harness.history.events import Event
from harness.history.history import History
from harness.history.work import healed_since, refused_since

_LATE = 5.0
"""Seconds by which an end may be noticed late on a busy machine: start of Python, Flower's own clean-up."""

_USAGE = 2
"""Exit code of a command line that was not understood."""


def _end(history: History, node: int) -> Event | None:
    started = history.last("supernode.start", node=node)
    assert started is not None
    return history.last("supernode.end", node=node, pid=started["pid"])


def _end_while_refused(history: History, node: int) -> Event | None:
    """The end of a node that is refused; None while it runs.

    Raises:
        Inconclusive: The end has nothing to do with being refused.
    """
    since, healed, ended = refused_since(history, node), healed_since(history, node), _end(history, node)
    if ended is None:
        return None
    if ended.t < since:
        raise Inconclusive(f"node {node} had ended before it was refused")
    if healed is not None and healed < ended.t:
        raise Inconclusive(f"the link of node {node} was healed before it ended")
    if history.first("fault.begin", target=f"supernode-{node}", before=ended.t) is not None or ended["code"] < 0:
        raise Inconclusive(f"node {node} did not end by itself (code {ended['code']})")
    if ended["code"] == _USAGE:
        raise Inconclusive(f"node {node} ended with code {_USAGE}: its command line was not understood")
    return ended


def _still_runs(history: History, node: int, budget: str, *, least: float = 0.0) -> Finding:
    """What to say of a node that should have given up and has not been seen to end.

    Raises:
        Inconclusive: The scenario did not look for its end, for `least` seconds, while it was refused.
    """
    since = refused_since(history, node)
    met, looked = watched(history, f"node {node} has ended", after=since)
    if met:
        raise Inconclusive(f"node {node} was seen to end, but its exit code was not recorded")
    if looked < least:
        raise Inconclusive(f"node {node} was watched for {looked:.0f} s, too short for {budget}")
    if healed_since(history, node) is not None:
        raise Inconclusive(f"the link of node {node} was healed: that it still runs shows nothing")
    return deviates(f"node {node} still runs after {looked:.0f} s, though its budget is {budget}", {"code": None})


def _still_runs_in_vain(history: History, node: int, budget: str, *, least: float = 0.0) -> Finding:
    """What to say of a node that should have given up before it was ever connected, and has not been seen to end.

    Raises:
        Inconclusive: As `_still_runs`; or it has given up and hangs, which is rare and no matter of its budget.
    """
    if hangs_in_its_exit(history, node, since=refused_since(history, node)):
        raise Inconclusive(f"node {node} gave up and hangs, as Flower now and then does: how it ends was not seen")
    return _still_runs(history, node, budget, least=least)


@check
def goes_on_trying(history: History, *, node: int, waits: int) -> Finding:
    """A node that is refused still runs after having announced that many waits."""
    since = refused_since(history, node)
    retries = history.of("supernode.retry", node=node, after=since, before=healed_since(history, node))
    ended = _end_while_refused(history, node)
    if ended is not None:
        seconds = round(ended.t - since, 1)
        summary = (
            f"node {node} ended with code {ended['code']} after {seconds} s of refused connections, having announced "
            f"{len(retries)} waits"
        )
        return deviates(summary, {"code": ended["code"], "seconds": seconds, "waits": len(retries)})
    if len(retries) < waits:
        looked = hangs(history, node, f"node {node} has ended or announced {waits} waits", since=since)
        if looked is not None:
            summary = (
                f"node {node} left its connection with an error after {len(retries)} waits and hangs: in "
                f"{looked:.0f} s it neither tried again nor ended"
            )
            return deviates(summary, {"code": None, "waits": len(retries)})
        raise Inconclusive(f"node {node} runs, but announced {len(retries)} waits only, not {waits}")
    seconds = round(retries[-1].t - since, 1)
    summary = f"node {node} still tried after {len(retries)} waits, {seconds} s after it was first refused"
    return conforms(summary, {"waits": len(retries), "seconds": seconds})


@check
def gives_up_after_tries(history: History, *, node: int, tries: int) -> Finding:
    """A node that is refused makes exactly that many tries, and ends with a failure."""
    since = refused_since(history, node)
    ended = _end_while_refused(history, node)
    if ended is None:
        return _still_runs_in_vain(history, node, f"{tries} tries")
    gave_up = history.last("supernode.gave-up", node=node, after=since)
    if gave_up is None:
        raise Inconclusive(f"node {node} ended with code {ended['code']} and did not say after how many tries")
    right = gave_up["tries"] == tries and ended["code"] != 0
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
    ended = _end_while_refused(history, node)
    longest = seconds * 2 + _LATE
    if ended is None:
        return _still_runs_in_vain(history, node, f"{seconds:g} s", least=longest)
    gave_up = history.last("supernode.gave-up", node=node, after=since)
    took = round(ended.t - since, 1)
    tried = float(gave_up["seconds"]) if gave_up is not None else took
    in_time = seconds * 0.5 <= tried and took <= longest
    summary = (
        f"node {node} gave up after trying for {tried} s (allowed: {seconds:g}), ended {took} s after it was first "
        f"refused, with code {ended['code']}"
    )
    return Finding(in_time and ended["code"] != 0, summary, {"seconds": took, "code": ended["code"]})


@check
def ends_with_failure(history: History, *, node: int) -> Finding:
    """A node that was connected and has used up its budget ends, with an exit code other than 0."""
    since = refused_since(history, node)
    ids = history.of("supernode.id", node=node, before=since)
    if not ids:
        raise Inconclusive(f"node {node} was not connected before its link was cut")
    ended = _end_while_refused(history, node)
    if ended is None:
        return _still_runs(history, node, "used up")
    seconds = round(ended.t - since, 1)
    summary = f"node {node} ended {seconds} s after the cut with code {ended['code']}"
    return Finding(ended["code"] != 0, summary, {"seconds": seconds, "code": ended["code"]})


@check
def comes_online_late(history: History, *, node: int, waits: int) -> Finding:
    """A node that was refused from its start, for that many waits, comes online once its link is healed."""
    cut = history.needed("fault.begin", target=f"link-{node}", fault="cut")
    healed = history.needed("fault.end", target=f"link-{node}", fault="cut", after=cut.t)
    starts = history.of("supernode.start", node=node)
    if len(starts) != 1 or history.first("supernode.id", node=node, before=healed.t) is not None:
        raise Inconclusive(f"node {node} was not refused from its start until the heal")
    retries = history.of("supernode.retry", node=node, after=cut.t, before=healed.t)
    online = history.first("supernode.id", node=node, after=healed.t)
    ended = _end(history, node)
    if ended is not None and (online is None or ended.t < online.t):
        if history.first("fault.begin", target=f"supernode-{node}", before=ended.t) is not None:
            raise Inconclusive(f"node {node} was ended by the scenario")
        return deviates(f"node {node} ended with code {ended['code']}", {"code": ended["code"]})
    if len(retries) < waits:
        raise Inconclusive(f"the link was healed after {len(retries)} waits of node {node}, not {waits}")
    if online is None:
        met, looked = watched(history, f"node {node} is online", after=healed.t)
        if met:
            raise Inconclusive(f"node {node} was online, but its log has no node id")
        return deviates(f"node {node} did not come online in the {looked:.0f} s after the heal")
    seconds = round(online.t - healed.t, 1)
    summary = (
        f"node {node} came online {seconds} s after the heal, after {len(retries)} waits in {healed.t - cut.t:.0f} s"
    )
    return conforms(summary, {"seconds": seconds, "waits": len(retries)})
