"""Checks of what a scaling removes, and of what it leaves alone."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import Inconclusive
from harness.history import elasticity
from harness.history.checks.registry import Finding, check, deviates
from harness.history.events import Event
from harness.history.history import History

_TWICE = 2
_ORDINARY = frozenset({"service", "role", "cardinality", "force", "refused"})


@dataclass(frozen=True)
class _Down:
    """A scale-down: the VMs before it, in OneFlow's order, and those that it removed."""

    how: str
    before: list[int]
    removed: list[int]


def _downs(history: History, role: str) -> list[_Down]:
    """The scale-downs of a role whose end was seen.

    Raises:
        Inconclusive: A VM that was taken from the role was not seen to end.
    """
    found = []
    for scaling in elasticity.scalings(history, role):
        if not scaling.down:
            continue
        seen = [event for event in history.of("role.seen", role=role) if event["cardinality"] == scaling.before]
        before = [event for event in seen if event.t <= scaling.t and len(event["nodes"]) == scaling.before]
        after = [
            event
            for event in history.of("role.seen", role=role, after=before[-1].t if before else None)
            if event["cardinality"] == scaling.after and len(event["nodes"]) == scaling.after
        ]
        if not before or not after:
            continue
        removed = [node for node in before[-1]["nodes"] if node not in after[0]["nodes"]]
        if any(history.first("vm.seen", vm=node, state="DONE") is None for node in removed):
            raise Inconclusive(f"VMs {removed} left role {role}, but were not all seen to end")
        found.append(_Down(_how(history, role, scaling, before[-1].t), before[-1]["nodes"], removed))
    return found


def _how(history: History, role: str, scaling: elasticity.Scaling, since: float) -> str:
    """How a scaling was asked for."""
    hand = history.last("service.scale", role=role, after=since, before=scaling.t, refused=None)
    if hand is None or hand["cardinality"] != scaling.after:
        return "by a policy"
    return _told(hand)


def _told(hand: Event) -> str:
    """A request, by what was special about it."""
    if hand.get("by"):
        return "through OneGate"
    told = [f"{name}={value}" for name, value in hand.data.items() if name not in _ORDINARY]
    return f"by hand with {', '.join(told)}" if told else "by hand, forced" if hand["force"] else "by hand"


@check
def removes_newest(history: History, *, role: str) -> Finding:
    """A scale-down ends the VMs with the highest numbers."""
    downs = _downs(history, role)
    if not downs:
        raise Inconclusive(f"role {role} was not seen to scale down")
    down = downs[0]
    count = len(down.removed)
    if len(down.before) == count:
        raise Inconclusive("all VMs were removed: no order can be seen")
    newest = sorted(down.before)[-count:]
    oldest = sorted(down.before)[:count]
    which = (
        "the newest" if sorted(down.removed) == newest else "the oldest" if sorted(down.removed) == oldest else "others"
    )
    summary = f"of VMs {down.before} a scale-down ended {down.removed}: {which}"
    return Finding(sorted(down.removed) == newest, summary, {"before": down.before, "removed": down.removed})


@check
def removes_alike(history: History, *, role: str, ways: int) -> Finding:
    """However a scale-down is asked for, it ends VMs of the same places in the role's list.

    Args:
        history: The history.
        role: The role.
        ways: How many ways must have been tried.
    """
    downs = _downs(history, role)
    tried = {down.how for down in downs}
    if len(tried) < ways:
        raise Inconclusive(f"scaled down in {len(tried)} ways ({elasticity.listed(sorted(tried))}), not {ways}")
    places = {down.how: sorted(down.before.index(node) for node in down.removed) for down in downs}
    first = downs[0]
    other = [down for down in downs if places[down.how][0] != places[first.how][0]]
    if other:
        told = [f"`{down.how}` ended {down.removed} of {down.before}" for down in (first, other[0])]
        return deviates(", ".join(told), {"places": places})
    which = "the oldest" if places[first.how][0] == 0 else "others than the oldest"
    summary = f"{which} went first in all {len(tried)} ways: {elasticity.listed(sorted(tried))}"
    return Finding(conforms=True, summary=summary, figures={"places": places})


@check
def left_alone(history: History, *, role: str, while_scaling: str) -> Finding:
    """A role keeps its VMs, whatever becomes of another one that scales up and down."""
    begun = elasticity.began(history)
    ways = {item.down for item in elasticity.scalings(history, while_scaling, since=0)}
    if len(ways) < _TWICE:
        raise Inconclusive(
            f"role {while_scaling} did not scale both up and down: nothing could have touched role {role}"
        )
    seen = [event["nodes"] for event in history.of("role.seen", role=role) if event["nodes"]]
    scaled = elasticity.scalings(history, role)
    if not seen or history.last("role.seen", role=role) is None:
        raise Inconclusive(f"role {role} was not seen after {begun}")
    ended = [node for node in seen[0] if history.first("vm.seen", vm=node, state="DONE") is not None]
    kept = all(nodes == seen[0] for nodes in seen) and not scaled and not ended
    times = len(elasticity.scalings(history, while_scaling))
    summary = f"while role {while_scaling} scaled {times} times, role {role} " + (
        f"kept its VM {elasticity.listed(seen[0])}"
        if kept
        else f"had VMs {elasticity.listed(seen)}; scaled: {elasticity.listed(scaled)}"
    )
    return Finding(kept, summary, {"nodes": seen, "scaled": [str(item) for item in scaled]})
