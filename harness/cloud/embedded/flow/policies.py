"""Whether a role's policies ask for a scaling now, and how far.

Source: `vmrole.rb` of the release and the recordings. Policies are changed in place: what OneFlow stores of an
evaluation (`last_eval`, `true_evals`, `expression_evaluated`) is stored in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.cloud.embedded import expressions, ruby
from harness.cloud.embedded.adjust import Adjustment, new_cardinality
from harness.cloud.embedded.flow import schedule

Body = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What the policies of a role ask for.

    Attributes:
        difference: VMs; 0 for nothing.
        cooldown: Seconds that overwrite the role's cooldown; None to keep it.
    """

    difference: int
    cooldown: int | None


NOTHING = Wish(0, None)


def evaluate(role: Body, now: int, look: expressions.Look) -> Wish:
    """Evaluate a role's policies: the scheduled ones, then those on attributes, then the minimum.

    The first that asks for a change ends the evaluation; those behind it are not evaluated in this pass.

    Args:
        role: The role's body.
        now: Seconds since the epoch.
        look: The values of attributes.

    Raises:
        ruby.RubyError, lookup.NoMonitoring: OneFlow's autoscaler does not survive this.
    """
    for policy in role.get("scheduled_policies") or []:
        difference = _scheduled(role, policy, now)
        if difference:
            return Wish(difference, policy.get("cooldown"))
    for policy in role.get("elasticity_policies") or []:
        difference = _on_attributes(role, policy, now, look)
        if difference:
            cooldown = policy.get("cooldown")
            return Wish(difference, role.get("cooldown") if cooldown is None else cooldown)
    cardinality, least = ruby.to_i(role.get("cardinality")), ruby.to_i(role.get("min_vms"))
    return Wish(least - cardinality, 0) if cardinality < least else NOTHING


def _scheduled(role: Body, policy: Body, now: int) -> int:
    last = ruby.to_i(policy.get("last_eval"))
    policy["last_eval"] = now
    # What was planned before the first evaluation is not made up for.
    if last == 0 or policy.get("adjust") is None:
        return 0
    try:
        if policy.get("start_time"):
            planned = schedule.start_time(policy["start_time"], now)
        elif policy.get("recurrence"):
            planned = schedule.recurrence(policy["recurrence"]).after(last)
        else:
            return 0
    except schedule.BadTime:
        return 0
    return _difference(role, policy) if last < planned <= now else 0


def _on_attributes(role: Body, policy: Body, now: int, look: expressions.Look) -> int:
    last = ruby.to_i(policy.get("last_eval"))
    if now < last + ruby.to_i(policy.get("period")):
        return 0
    policy["last_eval"] = now
    holds, text = outcome(policy.get("expression"), look)
    needed = ruby.to_i(policy.get("period_number"))
    evaluations, difference = 0, 0
    if holds:
        evaluations = min(ruby.to_i(policy.get("true_evals")) + 1, needed)
        if evaluations >= needed:
            difference = _difference(role, policy)
    policy["true_evals"] = evaluations
    policy["expression_evaluated"] = text
    return difference


def outcome(text: str | None, look: expressions.Look) -> tuple[bool, str | None]:
    """Whether a policy's expression holds, and its text with values; one that does not parse never holds."""
    if not text:
        return False, None
    try:
        expression = expressions.parse(text)
    except expressions.ParseFailure as failure:
        return False, f"Parse error. '{text}': {failure}"
    return expression.evaluate(look)


def _difference(role: Body, policy: Body) -> int:
    current = ruby.to_i(role.get("cardinality"))
    adjustment = Adjustment(
        str(policy.get("type")), ruby.to_i(policy.get("adjust")), ruby.to_i(policy.get("min_adjust_step"))
    )
    least, most = ruby.to_i(role.get("min_vms")), ruby.to_i(role.get("max_vms"))
    return new_cardinality(current, least, most, adjustment) - current
