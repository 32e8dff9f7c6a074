"""Checks of a SuperLink's restart: do nodes come back, does a run go on?"""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, deviates
from harness.history.checks.watching import completed, watched
from harness.history.history import History


def _restart(history: History) -> float:
    """When the SuperLink was started last.

    Raises:
        Inconclusive: It was started once only, or did not answer after its restart.
    """
    starts = history.of("superlink.start")
    if len(starts) < 2:  # noqa: PLR2004 - again
        raise Inconclusive("the SuperLink was not restarted")
    if history.first("control.reachable", after=starts[-1].t) is None:
        raise Inconclusive("the SuperLink did not answer after its restart")
    return starts[-1].t


def _ids_before(history: History, node: int, t: float) -> list[str]:
    ids = [str(event["id"]) for event in history.of("supernode.id", node=node, before=t)]
    if not ids:
        raise Inconclusive(f"node {node} was not connected before the restart")
    return ids


@check
def nodes_return(history: History, *, nodes: list[int]) -> Finding:
    """After the restart the same SuperNode processes are online by the Control API, under the ids that they had.

    A SuperLink with a database says `online` of every node at once, out of its database: only a heartbeat of a node
    that is later than the restart (`online_until` moves with it) shows that the node is there.
    """
    restarted = _restart(history)
    returned, met = {}, {}
    for node in nodes:
        kept = _ids_before(history, node, restarted)[-1]
        work.same_process_since(history, node, restarted)
        met[node], _ = watched(history, f"node {node} is online", after=restarted)
        new = history.last("supernode.id", node=node, after=restarted)
        if new is not None and new["id"] != kept:
            returned[node] = f"registered anew as {new['id']}"
            continue
        earlier = [event["online_until"] for event in history.of("node.seen", id=kept, before=restarted)]
        seen = history.of("node.seen", id=kept, after=restarted)
        if not seen:
            returned[node] = "not known to the SuperLink"
        elif max(event["online_until"] for event in seen) > max(earlier, default=0.0):
            returned[node] = str(seen[-1]["status"])
        elif met[node] and seen[-1]["status"] == "online":
            raise Inconclusive(f"node {node} was said to be online, but no heartbeat was seen after the restart")
        else:
            returned[node] = f"{seen[-1]['status']}, without a heartbeat after the restart"
    back = all(status == "online" for status in returned.values())
    seconds = max(look.t for node in nodes for look in history.of("watch", until=f"node {node} is online")) - restarted
    summary = f"{seconds:.0f} s after the SuperLink's restart: " + ", ".join(
        f"node {node} {status}" for node, status in returned.items()
    )
    return Finding(back, summary, {"status": {str(node): status for node, status in returned.items()}})


@check
def new_run_works(history: History, *, nodes: list[int]) -> Finding:
    """A run that was started after the restart aggregates results of these nodes, under the ids that they had."""
    restarted = _restart(history)
    had = {node: set(_ids_before(history, node, restarted)) for node in nodes}
    run = history.first("run.start", after=restarted)
    if run is None:
        raise Inconclusive("no run was started after the restart")
    begun = history.first("run.begins", run=run["run"])
    aggregated = None if begun is None else history.first("aggregated", phase="fit", after=begun.t)
    if begun is None or aggregated is None:
        met, looked = watched(history, "round 1 has aggregated", after=run.t)
        if met:
            raise Inconclusive("the run ended without an aggregation")
        return deviates(f"a run after the restart had aggregated nothing in {looked:.0f} s")
    results = history.needed("results", phase="fit", round=aggregated["round"], after=begun.t)
    missing = [node for node in nodes if work.result_of(results, had[node]) is None]
    summary = f"a run after the restart got {len(results['results'])} results, outcome `{aggregated['outcome']}`" + (
        f", none of node {missing[0]}" if missing else ", of the nodes under the ids that they had"
    )
    figures = {"missing": missing, "ids": {str(node): sorted(had[node]) for node in nodes}}
    return Finding(aggregated["outcome"] == "aggregated" and not missing, summary, figures)


@check
def run_goes_on(history: History) -> Finding:
    """The run that was under way when the SuperLink was restarted completes."""
    restarted = _restart(history)
    run = history.last("run.start", before=restarted)
    if run is None or history.first("fit.begins", run=run["run"], before=restarted) is None:
        raise Inconclusive("no run was in fit when the SuperLink was restarted")
    if history.first("run.ends", run=run["run"], before=restarted) is not None:
        raise Inconclusive("the run had ended before the SuperLink was restarted")
    seen = history.last("run.seen", run=run["run"], after=restarted)
    status = "unknown to the SuperLink" if seen is None else f"{seen['status']}:{seen['sub']}".rstrip(":")
    whole = completed(history, run, after=restarted)
    looked = history.needed("watch", until="the run has ended", after=restarted)
    summary = f"{looked.t - restarted:.0f} s after the restart the run that was under way: {status}"
    return Finding(whole, summary, {"status": status})
