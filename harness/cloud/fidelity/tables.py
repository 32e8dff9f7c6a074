"""The two tables of a recording, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.cloud.embedded.adjust import Adjustment, new_cardinality
from harness.cloud.embedded.expressions import Look, ParseFailure, parse
from harness.cloud.embedded.flow.lookup import look_up
from harness.cloud.embedded.flow.policies import outcome
from harness.cloud.embedded.oned.raw import Attributes, Value
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.fidelity.recording import AdjustTable, GrammarTable
from harness.cloud.fidelity.replay import Outcome
from harness.cloud.states import LcmState, VmState
from harness.errors import InputError


def adjustments(table: AdjustTable) -> Outcome:
    """Compare the table of adjustments."""
    return _outcome(_adjustment(row) for row in table.rows)


def grammar(table: GrammarTable) -> Outcome:
    """Compare the table of the grammar: what parses, why not, and what comes of it on the described VMs."""
    return _outcome([*map(_syntax, table.syntax), *(_evaluation(row, table.name) for row in table.evaluations)])


def _outcome(rows: Any) -> Outcome:
    found = list(rows)
    wrong = next((row for row in found if row is not None), None)
    return Outcome(len(found), sum(row is None for row in found), wrong)


def _adjustment(row: Mapping[str, Any]) -> str | None:
    adjustment = Adjustment(row["type"], row["adjust"], row.get("min_adjust_step") or 0)
    calculated = new_cardinality(row["cardinality"], row["min_vms"], row["max_vms"], adjustment)
    if calculated == row["calculated"]:
        return None
    what = f"{row['type']} {row['adjust']} of {row['cardinality']} in {row['min_vms']}..{row['max_vms']}"
    return f"{what}: recorded {row['calculated']}, embedded {calculated}"


def _syntax(row: Mapping[str, Any]) -> str | None:
    reason = None
    try:
        parse(row["expression"])
    except ParseFailure as failure:
        reason = str(failure)
    if row["accepted"] == (reason is None) and reason == row.get("failure_reason"):
        return None
    recorded = "accepted" if row["accepted"] else repr(row.get("failure_reason"))
    return f"{row['expression']!r}: recorded {recorded}, embedded {'accepted' if reason is None else repr(reason)}"


def _evaluation(row: Mapping[str, Any], name: str) -> str | None:
    value, text = outcome(row["expression"], described(row["role"], name))
    if (value, text) == (row["value"], row["expression_evaluated"]):
        return None
    recorded = f"{row['value']} {row['expression_evaluated']!r}"
    return f"{row['expression']!r} on {row['role']}: recorded {recorded}, embedded {value} {text!r}"


_PLACES = {"UT": "user_template", "MON": "monitoring", "T": "template", "top": "top"}
_ATTRIBUTE = re.compile(r"\b(UT|MON|T|top)\.(\w+)=(\"[^\"]*\"|array\([^)]*\)|\S+)( of three)?")


def described(text: str, table: str = "grammar-table") -> Look:
    """The look-up on the VMs that a row of the table describes.

    The description is a letter and a colon, then attributes by place: `UT.` user template, `MON.` monitoring, `T.`
    template, `top.` the VM itself. Values that are separated by `/` are those of one VM each.

    Raises:
        InputError: The description is none.
    """
    head, _, rest = text.partition(":")
    found = _ATTRIBUTE.findall(rest)
    if not head or (not found and "no VMs" not in rest):
        raise InputError(f"{table}.json: evaluations.role: {text!r} describes no VMs")
    rows = [(place, name, list(_values(value, of_three=bool(more)))) for place, name, value, more in found]
    count = max((len(values) for _, _, values in rows), default=0)
    vms = [_vm(number) for number in range(count)]
    for place, name, values in rows:
        for vm, value in zip(vms, values, strict=False):
            _give(vm, place, name, value)
    if "missing" in rest:
        vms.append(_vm(count))
    return look_up([vm.id for vm in vms], {vm.id: vm for vm in vms}, monitored=lambda: True)


def _values(text: str, *, of_three: bool) -> Iterator[list[Value]]:
    text = text.rstrip(",")
    if text.startswith("array"):
        yield ["1", "2"]
    elif text.startswith('"'):
        yield [text[1:-1]]
    elif of_three:
        # "1/3 of three": one VM has 1, two have 0.
        text = "1/0/0"
    if not text.startswith(("array", '"')):
        for part in text.split("/"):
            yield [part]


class _Described(Vm):
    """A VM of the table; it can have elements of its own that no real one has."""

    top: Mapping[str, str] = {}

    def scalars(self) -> dict[str, str]:
        return {**super().scalars(), **self.top}


def _vm(number: int) -> _Described:
    nothing: Attributes = {}
    vm = _Described(number, f"vm-{number}", 0, "oneadmin", dict(nothing), dict(nothing), 1)
    vm.state, vm.lcm = VmState.ACTIVE, LcmState.RUNNING
    return vm


def _give(vm: _Described, place: str, name: str, value: list[Value]) -> None:
    match _PLACES[place]:
        case "user_template":
            vm.user_template[name] = value
        case "template":
            vm.template[name] = value
        case "monitoring":
            vm.monitoring[name] = str(value[0])
        case _:
            vm.top = {**vm.top, name: str(value[0])}
