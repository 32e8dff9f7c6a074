"""Questions about the work of nodes: which phase a node is in, whose a result is, whether it worked after a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import Inconclusive
from harness.history.events import Event
from harness.history.history import History


def run_begins(history: History) -> Event | None:
    """The beginning of the ServerApp of the run that was started last; None when it has not begun, or none was started.

    It may be earlier than the return of `flwr run`.
    """
    started = history.last("run.start")
    return None if started is None else history.last("run.begins", run=started["run"])


def node_ids(history: History, node: int) -> list[str]:
    """The node ids that a SuperNode has had, in order: one more after each restart without a key."""
    return list(dict.fromkeys(event["id"] for event in history.of("supernode.id", node=node)))


def named(history: History, node: int) -> set[str]:
    """The node ids of a SuperNode.

    Raises:
        Inconclusive: It has had none: it never was connected.
    """
    ids = set(node_ids(history, node))
    if not ids:
        raise Inconclusive(f"node {node} was never registered")
    return ids


def partition(history: History, node: int) -> int:
    """The partition-id with which a SuperNode was started last.

    Raises:
        Inconclusive: It was not started.
    """
    started = history.last("supernode.start", node=node)
    if started is None:
        raise Inconclusive(f"node {node} was not started")
    return int(started["partition"])


def vm(history: History, node: int) -> int:
    """The number of a node's VM.

    Raises:
        Inconclusive: The node is no VM of a cloud.
    """
    started = history.last("supernode.start", node=node)
    if started is None or "vm" not in started.data:
        raise Inconclusive(f"node {node} is no VM of a service")
    return int(started["vm"])


def online(history: History, node: int) -> Event | None:
    """When the Control API first said that a node is online; None when it has not."""
    ids = set(node_ids(history, node))
    return next((event for event in history.of("node.seen", status="online") if event["id"] in ids), None)


def ready(history: History, node: int) -> Event | None:
    """When the cloud first showed READY=YES of a node's VM; None when it has not.

    Raises:
        Inconclusive: The node is no VM of a cloud.
    """
    told = history.of("vm.metrics", vm=vm(history, node))
    return next((event for event in told if event["metrics"].get("READY") == "YES"), None)


def phase_state(history: History, node: int, number: int, phase: str) -> str:
    """Where a node is with a phase of a round of the run that was started last: `not yet`, `in it`, `over`."""
    ids = set(node_ids(history, node))
    run = history.last("run.start")
    query = {"round": number} if run is None else {"round": number, "run": run["run"]}
    begun = [event for event in history.of(f"{phase}.begins", **query) if event.get("node") in ids]
    if not begun:
        return "not yet"
    over = [event for how in ("ends", "aborted") for event in history.of(f"{phase}.{how}", **query)]
    ended = [event for event in over if event.get("node") in ids]
    return "over" if len(ended) >= len(begun) else "in it"


def result_of(results: Event, ids: set[str]) -> Mapping[str, Any] | None:
    """The result of a node among those of a round; None when it has none."""
    return next((row for row in results["results"] if row.get("node") in ids), None)


def failure_of(results: Event, ids: set[str]) -> Mapping[str, Any] | None:
    """The failure of a node among those of a round; None when it has none."""
    named_failure = next((row for row in results["failures"] if row.get("node") in ids), None)
    if named_failure is not None:
        return named_failure  # type: ignore[no-any-return]  # JSON
    missing = [node for node in results.get("missing", ()) if node in ids]
    return {"node": missing[0], "type": "missing"} if missing and results["failures"] else None


OUTLIVED = ("node_freeze", "node_unplug")
"""Faults of a node itself that its processes outlive, as they do those of its link."""


def _faults(history: History, node: int, fault: str | None) -> list[Event]:
    """The faults that a node outlived, or those of one kind, in order."""
    targets = {f"link-{node}", f"supernode-{node}"}
    begun = [event for event in history.of("fault.begin") if event["target"] in targets]
    return [
        event
        for event in begun
        if (fault is None or event["fault"] == fault)
        and (event["target"] == f"link-{node}" or event["fault"] in OUTLIVED)
    ]


def last_fault(history: History, node: int, fault: str | None = None) -> Event:
    """The beginning of the last fault of a node's link, or of the node itself where it outlives that.

    Args:
        history: The history.
        node: Number of the node.
        fault: Kind of the fault; any when left out.

    Raises:
        Inconclusive: It has had none.
    """
    begun = _faults(history, node, fault)
    if not begun:
        raise Inconclusive(f"the link of node {node} has had no {fault or 'fault'}")
    return begun[-1]


def end_of_fault(history: History, node: int, fault: str | None = None) -> float:
    """When all faults of `last_fault` were over, or all of one kind; seconds on the monotonic clock.

    Raises:
        Inconclusive: It has had none, or one of them is not over or did not bite.
    """
    last_fault(history, node, fault)
    ends = []
    for begun in _faults(history, node, fault):
        # A link has one fault of a kind at a time.
        ended = history.first("fault.end", target=begun["target"], fault=begun["fault"], after=begun.t)
        if ended is None:
            raise Inconclusive(f"the {begun['fault']} of the link of node {node} is not over")
        evidence = ended.get("evidence") or {}
        if "failed" in evidence:
            raise Inconclusive(f"the {begun['fault']} of the link of node {node} did not bite: {evidence['failed']}")
        ends.append(ended.t)
    return max(ends)


def same_process_since(history: History, node: int, t: float) -> None:
    """Make sure that what a node did since `t` was done by the process that ran then.

    Raises:
        Inconclusive: The node was started later than `t`.
    """
    again = history.first("supernode.start", node=node, after=t)
    if again is not None:
        raise Inconclusive(f"node {node} was started again in between: what it does is no sign of a reconnection")


def delivered_after_fault(
    history: History, node: int, fault: str | None = None
) -> list[tuple[Event, Mapping[str, Any]]]:
    """Rounds' results after the end of the last fault of a node (of a kind), each with the result of that node in it.

    Only those count whose fit ended after the fault had begun: what a node sent before a fault may well be counted
    after it (a ServerApp asks every 3 s, and waits for the slowest) and says nothing of a return.
    """
    begun, healed = last_fault(history, node, fault), end_of_fault(history, node, fault)
    ids = set(node_ids(history, node))
    found = []
    for results in history.of("results", phase="fit", after=healed):
        row = result_of(results, ids)
        if row is not None:
            fitted = history.last("fit.ends", node=row["node"], round=results["round"], before=results.t)
            if fitted is not None and fitted.t > begun.t:
                found.append((results, row))
    return found


def worked_after_fault(history: History, node: int, fault: str | None = None) -> Event | None:
    """The first aggregation of a fit in which a result had a part that the node delivered after its last fault.

    None when there is none. What counts as delivered then: see `delivered_after_fault`.
    """
    for results, _ in delivered_after_fault(history, node, fault):
        done = history.first("aggregated", phase="fit", round=results["round"], after=results.t)
        if done is not None and done["outcome"] == "aggregated":
            return done
    return None


def refused_since(history: History, node: int) -> float:
    """Since when the link of a node refuses connections and the node is there to notice.

    Raises:
        Inconclusive: It was not started behind a link that was cut.
    """
    cut = history.last("fault.begin", target=f"link-{node}", fault="cut")
    started = history.last("supernode.start", node=node)
    if cut is None or started is None:
        raise Inconclusive(f"node {node} was not started behind a link that is cut")
    return max(cut.t, started.t)


def healed_since(history: History, node: int) -> float | None:
    """When the last cut of a node's link was healed; None when it has not been."""
    cut = history.last("fault.begin", target=f"link-{node}", fault="cut")
    healed = None if cut is None else history.first("fault.end", target=f"link-{node}", fault="cut", after=cut.t)
    return None if healed is None else healed.t
