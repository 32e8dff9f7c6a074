"""Checks of metrics that VMs publish through OneGate."""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history.checks.registry import Finding, check
from harness.history.history import History

_TAKEN = 200


@check
def stored_as(history: History, *, name: str, value: str) -> Finding:
    """What a VM put last is in its USER_TEMPLATE, under that name, with exactly that value."""
    put = history.last("metric.put")
    if put is None:
        raise Inconclusive("no VM has put anything")
    read = history.first("vm.read", vm=put["vm"], after=put.t)
    if read is None:
        raise Inconclusive(f"VM {put['vm']} was not read after its PUT")
    before = history.last("vm.read", vm=put["vm"], before=put.t)
    if before is None or name in before["user_template"]:
        raise Inconclusive(f"VM {put['vm']} was not seen to be without {name} before")
    stored = read["user_template"].get(name)
    told = "nothing" if stored is None else f'"{stored}"'
    summary = f"`{put['body']}` was answered with {put['status']} and stored {told}"
    return Finding(put["status"] == _TAKEN and stored == value, summary, {"status": put["status"], "stored": stored})
