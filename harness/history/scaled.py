"""Questions about a run whose federation is scaled: whom scaling removed, and what a round was at the time."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import Inconclusive
from harness.history import work
from harness.history.events import Event
from harness.history.history import History

ROLE = "supernode"
"""The SuperNodes' role in the specification's service template (Code example 2)."""


@dataclass(frozen=True)
class Removal:
    """A SuperNode's VM that was shut down.

    Attributes:
        node: Number of the SuperNode.
        vm: Number of its VM.
        t: When it was asked to end; seconds on the monotonic clock.
        signal: How.
    """

    node: int
    vm: int
    t: float
    signal: str


def removals(history: History, *, after: float, before: float) -> list[Removal]:
    """The SuperNodes' VMs that were shut down between two moments, in order."""
    nodes = {event["vm"]: int(event["node"]) for event in history.of("supernode.start") if "vm" in event.data}
    return [
        Removal(nodes[event["vm"]], int(event["vm"]), event.t, str(event["signal"]))
        for event in history.of("vm.signal", after=after, before=before)
        if event["vm"] in nodes
    ]


def since_run(history: History) -> float:
    """When the ServerApp of the run that was started last began.

    Raises:
        Inconclusive: None has.
    """
    begun = work.run_begins(history)
    if begun is None:
        raise Inconclusive("no run has begun")
    return begun.t


def in_run(history: History, kind: str, number: int) -> Event | None:
    """The first event of a kind that a round of that run has, of its fit where a kind is of a phase."""
    query = {} if kind.startswith("round.") else {"phase": "fit"}
    return history.first(kind, after=since_run(history), round=number, **query)


def span(history: History, number: int) -> tuple[Event, Event]:
    """The sampling and the results of a round's fit.

    Raises:
        Inconclusive: It did not sample, or has no results.
    """
    sampled, results = in_run(history, "sampled", number), in_run(history, "results", number)
    if sampled is None:
        raise Inconclusive(f"round {number} did not sample")
    if results is None:
        raise Inconclusive(f"round {number} has no results")
    return sampled, results


def seconds(since: float, until: float) -> float:
    """Seconds between two moments, as they are told."""
    return round(until - since, 1)
