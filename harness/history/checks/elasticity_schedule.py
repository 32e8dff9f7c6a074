"""Checks of scheduled policies, by OneFlow's own times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from harness.errors import Inconclusive
from harness.history import elasticity
from harness.history.checks.registry import Finding, check
from harness.history.cron import Cron
from harness.history.elasticity import Scaling
from harness.history.history import History

_PASSES = 2


@check
def follows_schedule(history: History, *, role: str, interval: int) -> Finding:
    """At each time of a `recurrence` the role gets the policy's cardinality, within two passes of the autoscaler.

    A time in COOLDOWN is served when that is over.

    Args:
        history: The history.
        role: The role.
        interval: Seconds between two passes.
    """
    least, most = elasticity.limits(history, role)
    policies = [it for it in elasticity.role_of(history, role).get("scheduled_policies") or [] if it.get("recurrence")]
    if not policies:
        raise Inconclusive(f"role {role} has no scheduled policy with a recurrence")
    begin, end = _evaluated(history, role)
    scaled = elasticity.scalings(history, role)
    served: list[str] = []
    wrong: list[str] = []
    for policy in policies:
        if policy["type"] != "CARDINALITY":
            raise Inconclusive(
                f"a scheduled policy of type {policy['type']}: what it leads to depends on what was before"
            )
        wanted = min(max(int(policy["adjust"]), least), most)
        try:
            # The first evaluation never fires, so that a time just before it is not missed.
            times = Cron.parse(policy["recurrence"]).between(begin, end - _PASSES * interval)
        except ValueError as error:
            raise Inconclusive(f"the recurrence of role {role} cannot be read here: {error}") from error
        if not times:
            raise Inconclusive(f"`{policy['recurrence']}` was not due in the time that was seen")
        for at in times:
            had = _size_at(history, role, scaled, at)
            free = _cooldown_over(history, at)
            then = next((item for item in scaled if at <= item.at <= free + _PASSES * interval), None)
            told = f"{_told(at)}: {had} → {had if then is None else then.after}"
            (served if (had if then is None else then.after) == wanted else wrong).append(told)
    if not scaled and not wrong:
        raise Inconclusive(f"role {role} had the cardinality of its policies all the time: nothing had to scale")
    summary = f"{len(served)} of {len(served) + len(wrong)} times kept; " + elasticity.listed((wrong or served)[:4])
    return Finding(not wrong, summary, {"kept": served, "wrong": wrong})


def _size_at(history: History, role: str, scaled: list[Scaling], at: int) -> int:
    """The cardinality of a role just before a time of OneFlow's."""
    before = [item for item in scaled if item.at < at]
    return before[-1].after if before else int(elasticity.role_of(history, role)["cardinality"])


def _cooldown_over(history: History, at: int) -> int:
    """A time, or the end of the COOLDOWN that it falls into."""
    until = at
    states = elasticity.states(history)
    for state, following in pairwise(states):
        if state.name in ("SCALING", "COOLDOWN") and state.at <= until < following.at:
            until = following.at
    return until


def _evaluated(history: History, role: str) -> tuple[int, int]:
    """OneFlow's times of the first and the last evaluation of the role's scheduled policies."""
    seen = [event for event in history.of("schedule.seen", role=role) if event.get("last_eval")]
    if not seen:
        raise Inconclusive(f"the scheduled policies of role {role} were never seen to be evaluated")
    return int(seen[0]["last_eval"]), int(seen[-1]["last_eval"])


def _told(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a %H:%M")


@check
def fires_once(history: History, *, role: str, interval: int) -> Finding:
    """A policy with a `start_time` scales the role at that time, and not again, though the role is elsewhere by then.

    Args:
        history: The history.
        role: The role.
        interval: Seconds between two passes.
    """
    policies: list[Mapping[str, Any]] = elasticity.role_of(history, role).get("scheduled_policies") or []
    if len(policies) != 1 or not policies[0].get("start_time"):
        raise Inconclusive(f"role {role} has other scheduled policies than one with a start_time")
    planned = int(datetime.fromisoformat(str(policies[0]["start_time"])).replace(tzinfo=UTC).timestamp())
    begin, end = _evaluated(history, role)
    if not begin < planned < end - _PASSES * interval:
        raise Inconclusive("the policy was not seen to be evaluated before and after its time")
    hand = [event for event in history.of("service.scale", role=role) if event["refused"] is None]
    scaled = elasticity.scalings(history, role)
    by_hand = [
        item for item in scaled if any(event["cardinality"] == item.after and event.t <= item.t for event in hand)
    ]
    own = [item for item in scaled if item not in by_hand]
    if by_hand and end < by_hand[-1].at + _PASSES * interval:
        raise Inconclusive("the policy was not evaluated after the role was scaled back by hand")
    if own and not by_hand:
        raise Inconclusive("the role was not scaled back: a second firing could not have been seen")
    summary = f"planned for {_told(planned)}; scaled " + (
        elasticity.listed(f"{item.before} → {item.after} at {_told(item.at)}" for item in own) if own else "never"
    )
    right = len(own) == 1 and planned <= own[0].at <= planned + _PASSES * interval
    return Finding(right, summary, {"planned": planned, "scaled": [item.at for item in own]})
