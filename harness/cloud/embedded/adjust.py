"""How far a policy scales: the new cardinality that a triggered policy asks for.

Source: the table of the recordings, and `calculate_new_cardinality` of the release.
"""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_CHANGE = 1


@dataclass(frozen=True)
class Adjustment:
    """The part of a policy that says how far.

    Attributes:
        kind: CHANGE, CARDINALITY or PERCENTAGE_CHANGE, in any case of letters.
        amount: VMs, VMs or per cent; negative to scale down.
        min_step: VMs; for PERCENTAGE_CHANGE at least so many. 0 for none.
    """

    kind: str
    amount: int
    min_step: int = 0


def new_cardinality(current: int, min_vms: int, max_vms: int, adjustment: Adjustment) -> int:
    """The cardinality that follows from `current`.

    A role that was forced out of its range moves towards it step by step, and is not moved further out. The sign of
    `amount` decides which bound is looked at: CARDINALITY is therefore never held to the minimum.

    Args:
        current: The role's cardinality.
        min_vms: The role's minimum; 0 when it has none.
        max_vms: The role's maximum; 0 when it has none, which holds it where it is.
        adjustment: From the policy.
    """
    amount = adjustment.amount
    match adjustment.kind.upper():
        case "CHANGE":
            wanted = current + amount
        case "PERCENTAGE_CHANGE":
            change = current * amount / 100.0
            # No change at all counts as downwards.
            sign = 1 if change > 0 else -1
            wanted = current + sign * max(_LEAST_CHANGE, int(abs(change)), adjustment.min_step)
        case "CARDINALITY":
            wanted = amount
        case _:
            return current
    if amount > 0:
        return min(wanted, max(current, max_vms))
    if amount < 0:
        return max(wanted, min_vms)
    return wanted
