"""Checks of nodes after faults: do they work again, are they still who they were?"""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.history import History


def watched(history: History, until: str) -> tuple[bool, float]:
    """Whether something came that the scenario looked out for, and the seconds that it looked.

    Raises:
        Inconclusive: It did not look out for that.
    """
    watch = history.last("watch", until=until)
    if watch is None:
        raise Inconclusive(f"the scenario did not look out for `{until}`")
    return bool(watch["met"]), float(watch["took"])


@check
def works_again(history: History, *, node: int) -> Finding:
    """A result of the node is aggregated after the end of the last fault of its link, by the same process."""
    healed = work.end_of_fault(history, node)
    done = work.worked_after(history, node, healed)
    starts = history.of("supernode.start", node=node)
    if len(starts) != 1:
        raise Inconclusive(f"node {node} was started {len(starts)} times: that it works is no sign of a reconnection")
    if done is not None:
        seconds = round(done.t - healed, 1)
        summary = f"a result of node {node} was aggregated in round {done['round']}, {seconds} s after the fault's end"
        return conforms(summary, {"round": done["round"], "seconds": seconds, "pid": starts[0]["pid"]})
    _, looked = watched(history, f"node {node} has worked again")
    ended = history.last("supernode.end", node=node)
    return deviates(
        f"no result of node {node} was aggregated in the {looked:.0f} s after the fault"
        + ("" if ended is None else f"; its process ended with code {ended['code']}"),
        {"seconds": looked, "code": None if ended is None else ended["code"]},
    )


@check
def keeps_node_id(history: History, *, node: int) -> Finding:
    """The node that works after the fault has the node id that it had before."""
    healed = work.end_of_fault(history, node)
    begun = history.last("fault.begin", target=f"link-{node}")
    assert begun is not None  # end_of_fault has seen it
    before = [event["id"] for event in history.of("supernode.id", node=node, before=begun.t)]
    if not before:
        raise Inconclusive(f"node {node} had no node id before the fault")
    own = work.partition(history, node)
    for results in history.of("results", phase="fit", after=healed):
        for row in results["results"]:
            if row.get("partition") == own:
                kept = row["node"] == before[-1]
                summary = f"node {node} was {before[-1]} before the fault and worked as {row['node']} after it"
                return Finding(kept, summary, {"before": before[-1], "after": row["node"], "round": results["round"]})
    raise Inconclusive(f"no result came from partition {own} after the fault: whose id is to be compared?")


@check
def keeps_partition(history: History, *, node: int) -> Finding:
    """The ClientApps of a node train the same partition before and after the last fault of its link."""
    healed = work.end_of_fault(history, node)
    begun = history.last("fault.begin", target=f"link-{node}")
    assert begun is not None  # end_of_fault has seen it
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
    fits = [event for event in history.of("fit.begins", after=again.t) if event.get("partition") == again["partition"]]
    ids = work.node_ids(history, node)
    own = [event for event in fits if event.get("node") == ids[-1]]
    if not own:
        met, looked = watched(history, "round 1 has aggregated")
        if not met:
            return deviates(f"node {node} did not train after its restart in {looked:.0f} s")
        raise Inconclusive(f"node {node} was not in fit after its restart")
    summary = (
        f"node {node} trained partition {own[0]['partition']} of its configuration after its restart; its node id went "
        f"from {ids[0]} to {ids[-1]}"
    )
    return Finding(len(ids) > 1, summary, {"partition": own[0]["partition"], "ids": ids})


@check
def duplicate_partitions_accepted(history: History, *, nodes: list[int]) -> Finding:
    """Nodes with one and the same partition-id are sampled and aggregated together, and nobody says a word."""
    partitions = {work.partition(history, node) for node in nodes}
    if len(partitions) != 1:
        raise Inconclusive(f"nodes {_list(nodes)} have different partition-ids: {_list(partitions)}")
    results = history.needed("results", phase="fit")
    rows = [work.result_of(results, work.named(history, node)) for node in nodes]
    counted = [row for row in rows if row is not None]
    aggregated = history.first("aggregated", phase="fit", round=results["round"], outcome="aggregated")
    accepted = len(counted) == len(nodes) and aggregated is not None and not results["failures"]
    same = {row["model"] for row in counted}
    summary = (
        f"{len(counted)} of {len(nodes)} nodes with partition-id {_list(partitions)} were aggregated in round "
        f"{results['round']}, {len(results['failures'])} failures; "
        + ("their results were identical" if len(same) == 1 else f"{len(same)} different results")
    )
    return Finding(accepted, summary, {"partition": min(partitions), "results": len(counted), "models": sorted(same)})


def _list(values: object) -> str:
    assert hasattr(values, "__iter__")
    return ", ".join(str(value) for value in sorted(values))
