"""Checks of nodes after faults: do they work again, are they still who they were?"""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.watching import watched
from harness.history.history import History


@check
def works_again(history: History, *, node: int, fault: str | None = None) -> Finding:
    """A result that the node delivered after its last fault (of a kind) is aggregated; its process is the same."""
    begun, healed = work.last_fault(history, node, fault), work.end_of_fault(history, node, fault)
    started = history.last("supernode.start", node=node)
    if started is None or started.t > begun.t:
        raise Inconclusive(f"node {node} was not started before the fault only: that it works is no sign of a return")
    done = work.worked_after_fault(history, node, fault)
    if done is not None:
        seconds = round(done.t - healed, 1)
        summary = f"a result of node {node} was aggregated in round {done['round']}, {seconds} s after the fault's end"
        return conforms(summary, {"round": done["round"], "seconds": seconds, "pid": started["pid"]})
    met, looked = watched(history, f"node {node} has worked again", after=healed)
    ended = history.last("supernode.end", node=node, after=begun.t)
    if ended is not None and any(
        it["fault"] not in work.OUTLIVED for it in history.of("fault.begin", target=f"supernode-{node}", before=ended.t)
    ):
        raise Inconclusive(f"node {node} was ended by the scenario before it could work again")
    if met and ended is None:
        raise Inconclusive(f"the run was over {looked:.0f} s after the fault, before node {node} could work again")
    # The look is over as soon as the process has ended: its length says nothing then.
    how_long = f"in the {looked:.0f} s " if ended is None else ""
    return deviates(
        f"no result of node {node} was aggregated {how_long}after the fault"
        + ("" if ended is None else f"; its process ended with code {ended['code']}"),
        {"seconds": looked, "code": None if ended is None else ended["code"]},
    )


@check
def keeps_node_id(history: History, *, node: int) -> Finding:
    """The node that works after the fault has the node id that it had before."""
    begun, healed = work.last_fault(history, node), work.end_of_fault(history, node)
    before = [event["id"] for event in history.of("supernode.id", node=node, before=begun.t)]
    if not before:
        raise Inconclusive(f"node {node} had no node id before the fault")
    work.same_process_since(history, node, begun.t)
    own = work.partition(history, node)
    others = history.of("supernode.start", partition=own)
    if any(event["node"] != node for event in others):
        raise Inconclusive(f"partition {own} is not node {node}'s alone: whose id is to be compared?")
    for results in history.of("results", phase="fit", after=healed):
        for row in results["results"]:
            if row.get("partition") != own:
                continue
            fitted = history.last("fit.ends", partition=own, round=results["round"], before=results.t)
            if fitted is None or fitted.t <= begun.t:
                # Sent before the fault, counted after it.
                continue
            kept = row["node"] == before[-1]
            summary = f"node {node} was {before[-1]} before the fault and worked as {row['node']} after it"
            return Finding(kept, summary, {"before": before[-1], "after": row["node"], "round": results["round"]})
    raise Inconclusive(f"no result came from partition {own} after the fault: whose id is to be compared?")


@check
def keeps_partition(history: History, *, node: int) -> Finding:
    """The ClientApps of a node train the same partition before and after the last fault of its link."""
    begun, healed = work.last_fault(history, node), work.end_of_fault(history, node)
    work.same_process_since(history, node, begun.t)
    ids = work.named(history, node)
    fits = [event for event in history.of("fit.begins") if event.get("node") in ids]
    before = {event["partition"] for event in fits if event.t < begun.t}
    after = {event["partition"] for event in fits if event.t > healed}
    if not before or not after:
        raise Inconclusive(f"node {node} was not in fit both before and after the fault")
    summary = f"node {node} trained partition {_list(before)} before the fault and {_list(after)} after it"
    return Finding(before == after, summary, {"before": sorted(before), "after": sorted(after)})


@check
def takes_configured_partition(history: History, *, node: int) -> Finding:
    """A node that was started again trains the partition of its own configuration, under a new node id."""
    starts = history.of("supernode.start", node=node)
    if len(starts) < 2:  # noqa: PLR2004 - again
        raise Inconclusive(f"node {node} was not started again")
    again = starts[-1]
    ids = work.node_ids(history, node)
    now = {event["id"] for event in history.of("supernode.id", node=node, after=again.t)}
    own = [event for event in history.of("fit.begins", after=again.t) if event.get("node") in now]
    if not own:
        run = history.first("run.begins", after=again.t)
        if run is None:
            raise Inconclusive(f"no run began after the restart of node {node}")
        met, looked = watched(history, "round 1 has aggregated", after=run.t)
        if not met:
            return deviates(f"node {node} did not train after its restart in {looked:.0f} s")
        raise Inconclusive(f"node {node} was not in fit after its restart")
    trained = {event["partition"] for event in own}
    summary = (
        f"node {node}, configured with partition {again['partition']}, trained partition {_list(trained)} after its "
        f"restart; its node id went from {ids[0]} to {own[0]['node']}"
    )
    right = trained == {again["partition"]} and own[0]["node"] != ids[0]
    return Finding(right, summary, {"partition": own[0]["partition"], "ids": ids})


@check
def duplicate_partitions_accepted(history: History, *, nodes: list[int]) -> Finding:
    """Nodes with one and the same partition-id are sampled and aggregated together, and nobody says a word."""
    partitions = {work.partition(history, node) for node in nodes}
    if len(partitions) != 1 or len(nodes) < 2:  # noqa: PLR2004 - duplicates
        raise Inconclusive(f"nodes {_list(nodes)} do not share a partition-id: {_list(partitions)}")
    results = history.needed("results", phase="fit")
    aggregated = history.needed("aggregated", phase="fit", round=results["round"])
    rows = [work.result_of(results, work.named(history, node)) for node in nodes]
    counted = [row for row in rows if row is not None]
    faults = history.of("fault.begin", before=results.t)
    if len(counted) < len(nodes) and faults:
        raise Inconclusive(f"a result is missing, but there was a {faults[0].get('fault')}: it shows no refusal")
    accepted = len(counted) == len(nodes) and aggregated["outcome"] == "aggregated" and not results["failures"]
    same = {row["model"] for row in counted}
    summary = (
        f"{len(counted)} of {len(nodes)} nodes with partition-id {_list(partitions)} came back in round "
        f"{results['round']}, {len(results['failures'])} failures, outcome `{aggregated['outcome']}`; "
        + ("their results were identical" if len(same) == 1 else f"{len(same)} different results")
    )
    return Finding(accepted, summary, {"partition": min(partitions), "results": len(counted), "models": sorted(same)})


def _list(values: object) -> str:
    assert hasattr(values, "__iter__")
    return ", ".join(str(value) for value in sorted(values))
