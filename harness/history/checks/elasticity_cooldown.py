"""Checks of COOLDOWN. OneFlow's own log says what came before what."""

from __future__ import annotations

from itertools import pairwise

from harness.errors import Inconclusive
from harness.history import elasticity
from harness.history.checks.registry import Finding, check, deviates
from harness.history.elasticity import Scaling, State
from harness.history.history import History

_TRUNCATED = 1
"""Seconds: OneFlow's times are whole ones."""

_MANY = 2
"""A cooldown that lasts this often as long as it should is another one: the machine is late by less."""


@check
def cools_down(history: History, *, role: str, seconds: int) -> Finding:
    """After a scaling the service is SCALING, then COOLDOWN for the seconds that the policy says, then RUNNING."""
    scaled = elasticity.scalings(history, role)
    if not scaled:
        raise Inconclusive(f"role {role} did not scale")
    after = [state for state in elasticity.states(history) if state.place > scaled[0].place]
    names = [state.name for state in after]
    if "RUNNING" not in names:
        raise Inconclusive(f"the service was not seen to run again: {elasticity.listed(names)}")
    names = names[: names.index("RUNNING") + 1]
    if names != ["SCALING", "COOLDOWN", "RUNNING"]:
        return deviates(f"after {scaled[0]} the service was {elasticity.listed(names)}", {"states": names})
    lasted = after[2].at - after[1].at
    summary = f"after {scaled[0]}: SCALING, COOLDOWN for {lasted} s where the policy says {seconds} s, RUNNING"
    right = seconds - _TRUNCATED <= lasted <= seconds * _MANY
    return Finding(right, summary, {"states": names, "cooldown": lasted})


@check
def waits_for_cooldown(history: History, *, first: str, then: str, down: bool = False) -> Finding:
    """A role's policy that becomes due in the COOLDOWN of a first scaling scales when COOLDOWN is over, not before.

    Args:
        history: The history.
        first: The role that scales first.
        then: The role whose policy becomes due.
        down: Whether the first scaling has to remove VMs.
    """
    scaled = [item for item in elasticity.scalings(history, first) if item.down == down]
    if not scaled:
        raise Inconclusive(f"role {first} did not scale {'down' if down else 'up'}")
    begin, end = _cooldown(history, scaled[0])
    if begin is None:
        raise Inconclusive(f"the service was not in COOLDOWN after {scaled[0]}")
    due = history.first("metric.put", after=scaled[0].t, status=200)
    later = [item for item in elasticity.scalings(history, then) if item.place > scaled[0].place]
    if due is None:
        raise Inconclusive(f"nothing made role {then}'s policy due after {scaled[0]}")
    if end is not None and due.t >= end.t:
        raise Inconclusive("COOLDOWN was over before the policy became due")
    early = [item for item in later if end is None or item.place < end.place]
    if early:
        return deviates(f"{early[0]} in the COOLDOWN after {scaled[0]}", {"scaled": str(early[0])})
    if end is None or not later:
        raise Inconclusive(f"role {then} was not seen to scale after COOLDOWN: was its policy due at all?")
    waited, left = later[0].at - begin.at, end.at - begin.at
    refused = [
        event["refused"] for event in history.of("service.scale", after=begin.t, before=end.t) if event["refused"]
    ]
    by_hand = f"; by hand: {refused[0]}" if refused else ""
    summary = (
        f"after {scaled[0]} COOLDOWN of {left} s; {later[0]} {waited} s after its beginning, when it was over{by_hand}"
    )
    interval = _interval(history, then)
    if end.t - due.t < 2 * interval:
        raise Inconclusive(
            f"the policy became due {end.t - due.t:.1f} s before COOLDOWN's end: no pass may have been due"
        )
    return Finding(conforms=True, summary=summary, figures={"cooldown": left, "waited": waited})


def _cooldown(history: History, scaling: Scaling) -> tuple[State | None, State | None]:
    """The beginning and the end of the COOLDOWN after a scaling."""
    after = [state for state in elasticity.states(history) if state.place > scaling.place]
    begin = next((state for state in after if state.name == "COOLDOWN"), None)
    if begin is None:
        return None, None
    return begin, next((state for state in after if state.place > begin.place), None)


def _interval(history: History, role: str) -> float:
    """Seconds between two passes of the autoscaler, at most: the least time between two evaluations that was seen."""
    seen = elasticity.evaluations(history, role)
    apart = [later.at - earlier.at for earlier, later in pairwise(seen)]
    if not apart:
        raise Inconclusive(f"the policy of role {role} was not evaluated twice: how often are there passes?")
    return min(apart)
