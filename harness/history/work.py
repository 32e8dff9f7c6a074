"""Questions about the work of nodes: which phase a node is in, whose a result is, whether it worked after a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import Inconclusive
from harness.history.events import Event
from harness.history.history import History


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


def phase_state(history: History, node: int, number: int, phase: str) -> str:
    """Where a node is with a phase of a round: `not yet`, `in it`, `over`."""
    ids = set(node_ids(history, node))
    begun = [event for event in history.of(f"{phase}.begins", round=number) if event.get("node") in ids]
    if not begun:
        return "not yet"
    ended = [event for event in history.of(f"{phase}.ends", round=number) if event.get("node") in ids]
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


def end_of_fault(history: History, node: int) -> float:
    """When the last fault of a node's link was over; seconds on the monotonic clock.

    Raises:
        Inconclusive: It has had none, or it is not over.
    """
    begun = history.last("fault.begin", target=f"link-{node}")
    if begun is None:
        raise Inconclusive(f"the link of node {node} has had no fault")
    ended = history.last("fault.end", target=f"link-{node}", after=begun.t)
    if ended is None:
        raise Inconclusive(f"the {begun['fault']} of the link of node {node} is not over")
    return ended.t


def worked_after(history: History, node: int, t: float) -> Event | None:
    """The first aggregation of a fit, after `t`, in which a result of the node had a part; None when there is none."""
    ids = set(node_ids(history, node))
    for results in history.of("results", phase="fit", after=t):
        if result_of(results, ids) is not None:
            done = history.first(
                "aggregated", phase="fit", round=results["round"], outcome="aggregated", after=results.t
            )
            if done is not None:
                return done
    return None


def worked_after_fault(history: History, node: int) -> Event | None:
    """As `worked_after`, after the end of the last fault of its link."""
    return worked_after(history, node, end_of_fault(history, node))


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
