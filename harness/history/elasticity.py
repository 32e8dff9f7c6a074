"""Questions about a OneFlow service in a history: when its roles scaled, what its policies were evaluated to."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.errors import Inconclusive
from harness.history.events import Event
from harness.history.history import History

_SCALES = re.compile(r"Role (\w+) scaling (?:up|down) from (\d+) to (\d+) nodes")
_STATE = re.compile(r"New state: (\w+)")
_SHOWN = re.compile(r"\s*(\w+)\[(--|-?[\d.]+)\]\s*(==|!=|<>|>=|<=|=|>|<)\s*(-?\d+(?:\.\d+)?)\s*")
"""What `expression_evaluated` shows of a comparison of an attribute with a number, e.g. ``LOAD[90.0] > 50``."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Scaling:
    """A change of a role's cardinality, from OneFlow's own log.

    Attributes:
        role: The role.
        before: VMs that it had to have before.
        after: VMs that it has to have now.
        at: OneFlow's time of it, whole seconds since the epoch.
        place: Its place in the log: of two entries the later has the higher one.
        t: When it was seen, seconds on the monotonic clock.
    """

    role: str
    before: int
    after: int
    at: int
    place: int
    t: float

    @property
    def down(self) -> bool:
        """Whether VMs were removed."""
        return self.after < self.before

    def __str__(self) -> str:
        return f"{self.role} {self.before} → {self.after}"


@dataclass(frozen=True)
class State:
    """A new state of the service, from OneFlow's own log; `at`, `place` and `t` as a `Scaling` has them."""

    name: str
    at: int
    place: int
    t: float


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a policy.

    Attributes:
        text: The expression with the values that it was evaluated with.
        at: OneFlow's time of it, whole seconds since the epoch.
        true_evals: OneFlow's own count of evaluations in a row that were true; None once the role scales.
        t: When it was seen, seconds on the monotonic clock.
    """

    text: str
    at: int
    true_evals: int | None
    t: float

    @cached_property
    def _parts(self) -> tuple[str, float | None, str, float]:
        found = _SHOWN.fullmatch(self.text)
        if found is None:
            raise Inconclusive(f"`{self.text}` is no comparison of one attribute with a number")
        value = None if found[2] == "--" else float(found[2])
        return found[1], value, found[3], float(found[4])

    @property
    def value(self) -> float | None:
        """The value that the attribute had; None when no VM has it.

        Raises:
            Inconclusive: The expression is more than a comparison with a number.
        """
        return self._parts[1]

    @property
    def holds(self) -> bool:
        """Whether it is true, by what it shows.

        Raises:
            Inconclusive: See `value`.
        """
        _, value, compare, limit = self._parts
        return value is not None and _COMPARE[compare](value, limit)


@dataclass(frozen=True)
class Stage:
    """The time in which a role had the policies that it was given at its beginning.

    Attributes:
        policies: The elasticity policies.
        begin: When they were given, seconds on the monotonic clock.
        end: When others took their place, or the history ends.
    """

    policies: list[Mapping[str, Any]]
    begin: float
    end: float


def scalings(
    history: History, role: str | None = None, *, since: float = 0.0, until: float | None = None
) -> list[Scaling]:
    """The scalings, in OneFlow's order; of one role or of all, seen in a span of time."""
    found = []
    for place, event in enumerate(_log(history)):
        match = _SCALES.fullmatch(str(event["message"]))
        if match is not None and event.t > since and (until is None or event.t <= until):
            found.append(Scaling(match[1], int(match[2]), int(match[3]), int(event["at"]), place, event.t))
    return [item for item in found if role is None or item.role == role]


def states(history: History) -> list[State]:
    """The states of the service, in OneFlow's order."""
    found = []
    for place, event in enumerate(_log(history)):
        match = _STATE.fullmatch(str(event["message"]))
        if match is not None:
            found.append(State(match[1], int(event["at"]), place, event.t))
    return found


def _log(history: History) -> list[Event]:
    return history.of("flow.log")


def began(history: History) -> float:
    """When the service was first seen to run.

    Raises:
        Inconclusive: It was not.
    """
    return history.needed("service.seen", state="RUNNING").t


def role_of(history: History, role: str) -> Mapping[str, Any]:
    """A role as it was deployed.

    Raises:
        Inconclusive: No service was deployed, or it has no such role.
    """
    roles = history.needed("service.deploy")["template"]["roles"]
    found: Mapping[str, Any] | None = next((item for item in roles if item["name"] == role), None)
    if found is None:
        raise Inconclusive(f"the service has no role {role}")
    return found


def limits(history: History, role: str) -> tuple[int, int]:
    """`min_vms` and `max_vms` of a role.

    Raises:
        Inconclusive: It has none.
    """
    body = role_of(history, role)
    if body.get("min_vms") is None or body.get("max_vms") is None:
        raise Inconclusive(f"role {role} has no min_vms or no max_vms")
    return int(body["min_vms"]), int(body["max_vms"])


def stages(history: History, role: str) -> list[Stage]:
    """The stages of a role's policies, as they were put; those that OneFlow refused are none."""
    puts = [event for event in history.of("policies.put", role=role) if not event.get("refused")]
    ends = [*(event.t for event in puts[1:]), history.end][: len(puts)]
    return [Stage(list(put["elasticity_policies"]), put.t, end) for put, end in zip(puts, ends, strict=True)]


def evaluations(
    history: History,
    role: str,
    policy: int = 0,
    *,
    since: float = 0.0,
    until: float | None = None,
    expression: str | None = None,
) -> list[Evaluation]:
    """The evaluations of a policy that were seen in a span of time, each once, in order.

    Args:
        history: The history.
        role: The role.
        policy: Its place among the role's elasticity policies, from 0.
        since: Exclusive; what had been evaluated by then does not count again.
        until: Inclusive.
        expression: Only of a policy with this one: another may have stood in that place before.
    """
    found: dict[int, Evaluation] = {}
    known = 0
    for event in history.of("policy.seen", role=role, policy=policy):
        if event.get("evaluated") is None or event.get("last_eval") is None:
            continue
        if expression is not None and event["expression"] != expression:
            continue
        at = int(event["last_eval"])
        if event.t <= since:
            known = max(known, at)
        elif at > known and (until is None or event.t <= until):
            # Seen again after a scaling, the counter is gone: the first look at an evaluation is the one that counts.
            found.setdefault(at, Evaluation(str(event["evaluated"]), at, event.get("true_evals"), event.t))
    return [found[at] for at in sorted(found)]


def evaluations_in(
    history: History,
    role: str,
    stage: Stage,
    policy: int = 0,
    *,
    since: float | None = None,
    until: float | None = None,
) -> list[Evaluation]:
    """The evaluations of a policy of a stage, all of them or those seen in a part of it."""
    return evaluations(
        history,
        role,
        policy,
        since=stage.begin if since is None else since,
        until=stage.end if until is None else until,
        expression=str(stage.policies[policy]["expression"]),
    )


def size(history: History, role: str, *, before: float | None = None) -> int:
    """How many VMs a role has to have, as it was seen last.

    Raises:
        Inconclusive: It was not seen.
    """
    seen = history.last("role.seen", role=role, before=before)
    if seen is None:
        raise Inconclusive(f"role {role} was not seen")
    return int(seen["cardinality"])


def listed(items: object) -> str:
    """Items of a sentence."""
    assert hasattr(items, "__iter__")
    return ", ".join(str(item) for item in items) or "none"
