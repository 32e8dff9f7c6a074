"""Checks of how far a policy scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from harness.errors import Inconclusive
from harness.history import elasticity
from harness.history.checks.registry import Finding, check
from harness.history.history import History

_KINDS = frozenset({"within", "above", "below"})
"""Where a policy wants to go: within the role's limits, above or below them."""


@check
def policies_adjust(history: History, *, role: str, type: str, kinds: list[str]) -> Finding:  # noqa: A002 - OneFlow's word
    """Policies of a type change the role by what they say, or to the limit that they would pass.

    Each stage of the role has one policy, so that what scales the role in it is that one.

    Args:
        history: The history.
        role: The role.
        type: CHANGE, CARDINALITY or PERCENTAGE_CHANGE.
        kinds: What must have been tried: `within`, `above`, `below` the limits.
    """
    least, most = elasticity.limits(history, role)
    right, wrong, tried = [], [], set()
    for stage in elasticity.stages(history, role):
        if len(stage.policies) != 1 or stage.policies[0]["type"] != type:
            raise Inconclusive(f"a stage of role {role} has other policies than one of type {type}")
        policy = stage.policies[0]
        seen = elasticity.evaluations_in(history, role, stage)
        true = [item for item in seen if item.holds]
        scaled = elasticity.scalings(history, role, since=stage.begin, until=stage.end)
        if scaled:
            moves = [(item.before, item.after) for item in scaled]
        elif len(true) > int(policy["period_number"]):
            current = elasticity.size(history, role, before=stage.end)
            moves = [(current, current)]
        else:
            raise Inconclusive(f"the policy {_told(policy)} was seen true {len(true)} times only: nothing had to scale")
        for before, after in moves:
            wanted = _wanted(policy, before)
            tried |= {_kind(each, least, most) for each in wanted}
            allowed = {min(max(each, least), most) for each in wanted}
            told = f"{_told(policy)} took {before} to {after}"
            if after in allowed:
                right.append(told)
            else:
                wrong.append(f"{told} in place of {' or '.join(map(str, sorted(allowed)))}")
    missing = set(kinds) - tried
    if not _KINDS.issuperset(kinds) or missing:
        raise Inconclusive(f"no policy was tried that goes {elasticity.listed(sorted(missing))} the limits")
    summary = f"role {role} of {least} to {most} VMs: {'; '.join(wrong + right)}"
    return Finding(not wrong, summary, {"right": right, "wrong": wrong})


def _told(policy: Mapping[str, Any]) -> str:
    step = f" (min_adjust_step {policy['min_adjust_step']})" if policy.get("min_adjust_step") else ""
    return f"{policy['type']} {policy['adjust']:+d}{step}".replace("CARDINALITY +", "CARDINALITY ")


def _wanted(policy: Mapping[str, Any], current: int) -> set[int]:
    """The cardinalities that a policy may mean, the limits aside. Of a broken VM either neighbour counts, but not 0."""
    adjust = int(policy["adjust"])
    if policy["type"] == "CARDINALITY":
        return {adjust}
    if policy["type"] == "CHANGE":
        return {current + adjust}
    exact = abs(current * adjust / 100)
    least = max(1, int(policy.get("min_adjust_step") or 1))
    sign = 1 if adjust > 0 else -1
    return {current + sign * max(least, steps) for steps in (math.floor(exact), math.ceil(exact))}


def _kind(wanted: int, least: int, most: int) -> str:
    return "below" if wanted < least else "above" if wanted > most else "within"


@check
def never_below_minimum(history: History, *, role: str) -> Finding:
    """Policies of every type that would take a role below `min_vms` are true again and again, and none does."""
    least, most = elasticity.limits(history, role)
    begun = elasticity.began(history)
    tried = set()
    for stage in elasticity.stages(history, role):
        policy = stage.policies[0]
        true = [item for item in elasticity.evaluations_in(history, role, stage) if item.holds]
        scaled = elasticity.scalings(history, role, since=stage.begin, until=stage.end)
        before = scaled[0].before if scaled else elasticity.size(history, role, before=stage.end)
        if (true or scaled) and all(_kind(each, least, most) == "below" for each in _wanted(policy, before)):
            tried.add(str(policy["type"]))
    missing = {"CHANGE", "CARDINALITY", "PERCENTAGE_CHANGE"} - tried
    if missing:
        raise Inconclusive(f"no policy of type {elasticity.listed(sorted(missing))} was seen to want less than {least}")
    sizes = [
        (int(event["cardinality"]), len(event["nodes"])) for event in history.of("role.seen", role=role, after=begun)
    ]
    if not sizes:
        raise Inconclusive(f"role {role} was not seen after the service ran")
    lowest = min(min(each) for each in sizes)
    summary = f"policies of every type wanted fewer than {least} VMs of role {role}; it had {lowest} at least"
    return Finding(lowest >= least, summary, {"lowest": lowest, "min_vms": least})
