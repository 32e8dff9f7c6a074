"""A service in short, in the form of the recordings' series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.cloud.fidelity.compare import difference
from harness.cloud.states import RoleState, ServiceState

_LATE = 3
"""Seconds by which the instant of an evaluation may differ; the order and number of evaluations may not."""


def summarise(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the recorder kept of a service's body."""
    state = body.get("state", 0)
    return {
        "service_state": state,
        "service_state_name": ServiceState(state).name,
        "roles": {role["name"]: _role(role) for role in body["roles"]},
    }


def _role(role: Mapping[str, Any]) -> dict[str, Any]:
    state = role.get("state", 0)
    short: dict[str, Any] = {
        "state": state,
        "state_name": RoleState(state).name,
        "cardinality": role.get("cardinality"),
        "nodes": [node["deploy_id"] for node in role.get("nodes") or []],
        "cooldown": role.get("cooldown"),
    }
    if "scale_way" in role:
        short["scale_way"] = role["scale_way"]
    if role.get("elasticity_policies"):
        kept = ("true_evals", "last_eval", "expression_evaluated")
        short["policies"] = [{name: policy.get(name) for name in kept} for policy in role["elasticity_policies"]]
    if role.get("scheduled_policies"):
        short["scheduled"] = [{"last_eval": policy.get("last_eval")} for policy in role["scheduled_policies"]]
    return short


def unlike(recorded: Mapping[str, Any], body: Mapping[str, Any]) -> str | None:
    """Where a service differs from its recorded summary; None when it does not."""
    seen = summarise(body)
    wanted = {name: recorded[name] for name in seen if name in recorded}
    return difference(wanted, seen) or _evaluated_at(recorded, seen)


def _evaluated_at(recorded: Mapping[str, Any], seen: Mapping[str, Any]) -> str | None:
    for name, role in recorded["roles"].items():
        for kind in ("policies", "scheduled"):
            for at, (a, b) in enumerate(zip(role.get(kind, []), seen["roles"][name].get(kind, []), strict=True)):
                before, after = a["last_eval"], b["last_eval"]
                if before is not None and abs(before - after) > _LATE:
                    return f"roles.{name}.{kind}[{at}].last_eval: recorded {before}, embedded {after}"
    return None


def evaluated_later(recorded: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether a policy was evaluated after what a summary shows; there is no way back to the summary then."""
    kinds = (("elasticity_policies", "policies"), ("scheduled_policies", "scheduled"))
    for role in body["roles"]:
        shown = recorded["roles"].get(role["name"], {})
        for kind, short in kinds:
            for policy, was in zip(role.get(kind) or [], shown.get(short, []), strict=False):
                if (policy.get("last_eval") or 0) > (was["last_eval"] or 0) + _LATE:
                    return True
    return False
