"""Checks of policies that scale a federation while it trains."""

from __future__ import annotations

from itertools import pairwise

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.watching import watched
from harness.history.history import History
from harness.history.scaled import ROLE, in_run, since_run


@check
def policy_adds_node(history: History, *, node: int, expression: str) -> Finding:
    """A policy with that expression adds one VM by itself, and a result of the new node is aggregated."""
    if history.first("service.scale") is not None:
        raise Inconclusive("the role was scaled by hand")
    seen = [event for event in history.of("policy.seen", role=ROLE) if event["expression"] == expression]
    evaluated = [event for event in seen if event.get("evaluated")]
    if not evaluated:
        raise Inconclusive(f"the policy `{expression}` was never seen to be evaluated")
    needed = _needed(history, expression)
    true = [event for event in evaluated if (event.get("true_evals") or 0) >= needed]
    started = history.first("supernode.start", node=node)
    if started is None:
        if not true:
            told = evaluated[-1]["evaluated"]
            raise Inconclusive(
                f"`{expression}` was not seen to be true {needed} times in a row, last `{told}`: nothing had to scale"
            )
        _, looked = watched(history, f"node {node} is online")
        return deviates(f"`{expression}` was true and in {looked:.0f} s no VM was added")
    before = history.last("role.seen", role=ROLE, state="RUNNING", before=started.t)
    grown = history.first("role.seen", role=ROLE, after=0 if before is None else before.t, state="SCALING")
    if before is None or grown is None:
        raise Inconclusive("the role was not seen to scale")
    more = int(grown["cardinality"]) - int(before["cardinality"])
    counted = _counted(history, node)
    told = (true or evaluated)[-1]["evaluated"]
    summary = (
        f"`{expression}` (`{told}`) took the role from {before['cardinality']} to {grown['cardinality']}, and "
        + ("no result of node {0} was aggregated" if counted is None else "round {1} aggregated a result of node {0}")
    ).format(node, counted)
    if counted is None and history.last("run.ends") is None:
        raise Inconclusive(f"the role was scaled; no round that could count node {node} was waited for")
    return Finding(more == 1 and counted is not None, summary, {"more": more, "round": counted})


def _needed(history: History, expression: str) -> int:
    """How often in a row the policy has to be true before it scales; 1 unless it says otherwise (measured)."""
    given = history.last("policies.put", role=ROLE)
    policies = [] if given is None else given["elasticity_policies"]
    found: dict[str, object] = next((policy for policy in policies if policy.get("expression") == expression), {})
    return max(int(str(found.get("period_number") or 0)), 1)


def _counted(history: History, node: int) -> int | None:
    """The first round that aggregated a result of a node."""
    ids = set(work.node_ids(history, node))
    for results in history.of("results", phase="fit", after=since_run(history)):
        aggregated = in_run(history, "aggregated", results["round"])
        if work.result_of(results, ids) is not None and aggregated is not None:
            return int(results["round"]) if aggregated["outcome"] == "aggregated" else None
    return None


@check
def policy_shrinks_to(history: History, *, minimum: int, expression: str) -> Finding:
    """A policy with that expression takes VMs away one at a time, down to `minimum`, and goes on being true in vain.

    Raises:
        Inconclusive: It was never evaluated, or not once after the minimum was reached.
    """
    seen = [event for event in history.of("policy.seen", role=ROLE) if event["expression"] == expression]
    evaluated = [event for event in seen if event.get("evaluated")]
    if not evaluated:
        raise Inconclusive(f"the policy `{expression}` was never seen to be evaluated")
    sizes = [int(event["cardinality"]) for event in history.of("role.seen", role=ROLE)]
    sizes = [size for index, size in enumerate(sizes) if index == 0 or size != sizes[index - 1]]
    steps = [earlier - later for earlier, later in pairwise(sizes)]
    figures = {"sizes": sizes, "evaluated": evaluated[-1]["evaluated"]}
    path = " → ".join(map(str, sizes))
    if any(step != 1 for step in steps) or sizes[-1] < minimum:
        return deviates(f"`{expression}` took the role {path}", figures)
    if sizes[-1] > minimum:
        true = [event for event in evaluated if event.get("true_evals")]
        if not true:
            raise Inconclusive(f"`{expression}` was not seen to be true, last `{evaluated[-1]['evaluated']}`")
        _, looked = watched(history, f"the policy is true with {minimum} VM{'' if minimum == 1 else 's'}")
        return deviates(f"`{expression}` took the role {path} only, in {looked:.0f} s", figures)
    reached = history.needed("role.seen", role=ROLE, cardinality=minimum)
    after = [event for event in evaluated if event.t > reached.t and event.get("last_eval")]
    if not any(event.get("true_evals") for event in after):
        raise Inconclusive(f"`{expression}` was not seen to be true once the role had {minimum} VMs")
    summary = f"`{expression}` (`{after[-1]['evaluated']}`) took the role {path}, one at a time, and no further"
    return conforms(summary, figures)
