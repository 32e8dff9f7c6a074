"""Checks of a SuperLink's restart: do nodes come back, does a run go on?"""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.nodes import watched
from harness.history.checks.registry import Finding, check, deviates
from harness.history.history import History


def _restart(history: History) -> float:
    starts = history.of("superlink.start")
    if len(starts) < 2:  # noqa: PLR2004 - again
        raise Inconclusive("the SuperLink was not restarted")
    return starts[-1].t


@check
def nodes_return(history: History, *, nodes: list[int]) -> Finding:
    """After the restart the same SuperNode processes are online by the Control API, under the ids that they had."""
    restarted = _restart(history)
    returned = {}
    for node in nodes:
        ids = [event["id"] for event in history.of("supernode.id", node=node, before=restarted)]
        if not ids:
            raise Inconclusive(f"node {node} was not connected before the restart")
        seen = history.last("node.seen", id=ids[-1], after=restarted)
        new = history.last("supernode.id", node=node, after=restarted)
        status = "not known to the SuperLink" if seen is None else str(seen["status"])
        returned[node] = status if new is None else f"registered anew as {new['id']}"
    back = all(status == "online" for status in returned.values())
    looked = [watched(history, f"node {node} is online")[1] for node in nodes]
    summary = f"{max(looked):.0f} s after the SuperLink's restart: " + ", ".join(
        f"node {node} {status}" for node, status in returned.items()
    )
    return Finding(back, summary, {"status": {str(node): status for node, status in returned.items()}})


@check
def new_run_works(history: History, *, nodes: list[int]) -> Finding:
    """A run that was started after the restart aggregates results of these nodes, under the ids that they had."""
    restarted = _restart(history)
    run = history.first("run.start", after=restarted)
    if run is None:
        raise Inconclusive("no run was started after the restart")
    results = history.first("results", phase="fit", after=run.t)
    if results is None:
        met, looked = watched(history, "round 1 has aggregated")
        if met:
            raise Inconclusive("the run ended without a result")
        return deviates(f"a run after the restart had no result in {looked:.0f} s")
    had = {node: {e["id"] for e in history.of("supernode.id", node=node, before=restarted)} for node in nodes}
    missing = [node for node in nodes if work.result_of(results, had[node]) is None]
    summary = f"a run after the restart aggregated {len(results['results'])} results" + (
        f", none of node {missing[0]}" if missing else " of the nodes under the ids that they had"
    )
    return Finding(not missing, summary, {"missing": missing, "ids": {str(node): sorted(had[node]) for node in nodes}})


@check
def run_goes_on(history: History) -> Finding:
    """The run that was under way when the SuperLink was restarted completes."""
    restarted = _restart(history)
    run = history.last("run.start", before=restarted)
    if run is None or history.first("fit.begins", before=restarted) is None:
        raise Inconclusive("no run was in fit when the SuperLink was restarted")
    seen = history.last("run.seen", run=run["run"], after=restarted)
    completed = seen is not None and (seen["status"], seen["sub"]) == ("finished", "completed")
    status = "unknown to the SuperLink" if seen is None else f"{seen['status']}:{seen['sub']}".rstrip(":")
    last = history.last("watch")
    looked = 0.0 if last is None else last.t - restarted
    summary = f"{looked:.0f} s after the restart the run that was under way: {status}"
    return Finding(completed, summary, {"status": status})
