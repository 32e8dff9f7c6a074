"""A SuperNode that has given up and hangs in its exit: it does not go on trying, and does not end either.

Flower 1.25.0: its log ends with the error of the connection that it gave up, its process lives on. Where the stack was
read, at Python's exit gRPC's `Channel.__del__` waited for a lock whose holder, gRPC's daemon thread that polls the
connectivity, is stopped. Measured: never in 350 ends on an idle machine; on a busy one once in 144, and twice in some
120 of another day (docs/findings.md).
"""

from __future__ import annotations

from harness.history.checks.watching import watched
from harness.history.history import History

_HANGS = 45.0
"""Seconds without a try after which a node has stopped trying: Flower's longest wait between tries is 20 s."""


def hangs(history: History, node: int, until: str, *, since: float) -> float | None:
    """For how many seconds a node that has left its connection was seen neither to try again nor to end.

    Args:
        history: The history.
        node: The node.
        until: What the scenario looked out for, its end among it.
        since: When it was first refused; seconds on the monotonic clock.

    Returns:
        None when it has not left, or nobody looked for long enough.

    Raises:
        Inconclusive: The scenario did not look out for its end.
    """
    left = history.last("supernode.left", node=node, after=since)
    if left is None or history.first("supernode.retry", node=node, after=left.t) is not None:
        return None
    met, looked = watched(history, until, after=since)
    return None if met or looked < _HANGS else looked


def hangs_in_its_exit(history: History, node: int, *, since: float) -> bool:
    """Whether a node has said that its budget is used up, and was not seen to end for long after that.

    It may announce waits after it has given up: it then tries to tell the SuperLink that it goes.

    Args:
        history: The history.
        node: The node.
        since: When it was first refused; seconds on the monotonic clock.
    """
    gave_up = history.last("supernode.gave-up", node=node, after=since)
    if gave_up is None:
        return False
    watch = history.last("watch", until=f"node {node} has ended", after=gave_up.t)
    return watch is not None and not watch["met"] and watch.t - gave_up.t >= _HANGS
