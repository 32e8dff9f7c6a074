"""Service templates that people write: read, checked, and made ready to be deployed.

A template is refused when the scenarios could not use it (no role `supernode`), when a field has no meaning to OneFlow,
which itself would take it without a word, and when OneFlow 7.0.2 would refuse it.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from harness.claims.tables import Table, problem, read_text
from harness.cloud.embedded import ruby
from harness.cloud.embedded.flow import template as oneflow
from harness.cloud.embedded.flow.validator import Invalid
from harness.cloud.embedded.oned import raw
from harness.errors import InputError

SUPERLINK, SUPERNODE = "superlink", "supernode"
"""The roles that a template has to have (Code example 2: `supernode`, whose parent is `superlink`)."""

_OLD = {
    "vm_template": "template_id",
    "vm_template_contents": "template_contents",
    "custom_attrs": "user_inputs",
    "custom_attrs_values": "user_inputs_values",
}
"""Names of OneFlow before 7.0, and today's ("State of the art", key insight)."""


def _word(name: str) -> str:
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise ValueError(f"{name!r} has other characters than letters, digits and _, which OneFlow does not take")
    return name


_Count = Annotated[int, Field(ge=0, strict=True)]
_Whole = Annotated[int, Field(strict=True)]
_Step = Annotated[int, Field(ge=1, strict=True)]
_Name = Annotated[str, AfterValidator(_word)]
_Adjustment = Literal["CHANGE", "CARDINALITY", "PERCENTAGE_CHANGE"]
_Shutdown = Literal["terminate", "terminate-hard", "shutdown", "shutdown-hard"]
_Object = dict[str, Any]


class _Policy(Table):
    type: _Adjustment
    adjust: _Whole
    min_adjust_step: _Step | None = None
    cooldown: _Count | None = None


class _Elasticity(_Policy):
    expression: str
    period: _Count | None = None
    period_number: _Count | None = None


class _Scheduled(_Policy):
    start_time: str | None = None
    recurrence: str | None = None


class _Role(Table):
    name: _Name
    type: Literal["vm", "vr"]
    template_id: _Whole
    cardinality: _Count = 0
    min_vms: _Count | None = None
    max_vms: _Count | None = None
    parents: list[str] = Field(default_factory=list)
    cooldown: _Count | None = None
    shutdown_action: _Shutdown | None = None
    on_hold: bool = False
    template_contents: _Object | None = None
    user_inputs: _Object | None = None
    user_inputs_values: _Object | None = None
    elasticity_policies: list[_Elasticity] = Field(default_factory=list)
    scheduled_policies: list[_Scheduled] = Field(default_factory=list)


class _Service(Table):
    name: str
    roles: list[_Role]
    description: str = ""
    deployment: Literal["none", "straight"] = "none"
    shutdown_action: _Shutdown | None = None
    ready_status_gate: bool = False
    automatic_deletion: bool = False
    on_hold: bool = False
    networks: _Object | None = None
    networks_values: list[_Object] = Field(default_factory=list)
    user_inputs: _Object | None = None
    user_inputs_values: _Object | None = None
    # OneFlow writes it into every template that it registers.
    registration_time: int | None = None


@dataclass(frozen=True)
class ServiceTemplate:
    """A service template.

    Attributes:
        path: Where it was read from.
        body: As OneFlow takes it. The numbers of VM templates in it are those of its author's cloud.
    """

    path: Path
    body: Mapping[str, Any]

    def role(self, name: str) -> Mapping[str, Any]:
        """A role, `superlink` or `supernode`; every template has both."""
        found: Mapping[str, Any] = next(role for role in self.body["roles"] if role["name"] == name)
        return found

    def policies(self, role: str) -> list[Mapping[str, Any]]:
        """The role's policies: those on attributes, then those on a schedule."""
        body = self.role(role)
        return [*(body.get("elasticity_policies") or []), *(body.get("scheduled_policies") or [])]

    def scaled(self, factor: float) -> Mapping[str, Any]:
        """The body with every period and cooldown divided by `factor` and rounded up.

        With the autoscaler's interval divided by the same factor a policy is evaluated in the same passes as before,
        since only passes evaluate.
        """
        body = copy.deepcopy(dict(self.body))
        for role in body["roles"]:
            for timed in (role, *(role.get("elasticity_policies") or []), *(role.get("scheduled_policies") or [])):
                for name in ("period", "cooldown"):
                    if timed.get(name) is not None:
                        timed[name] = math.ceil(timed[name] / factor)
        return body

    def ungated(self, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The body (this one, or a changed one) without `ready_status_gate`, for VMs in which nothing runs."""
        return {**(self.body if body is None else body), "ready_status_gate": False}


def read_service_template(path: Path) -> ServiceTemplate:
    """Read a service template from JSON: its body, or a whole document as `oneflow-template show --json` prints it.

    Raises:
        InputError: It cannot be used; the text says what is wrong, and where.
    """
    body = _body(path)
    for index, role in enumerate(body["roles"] if isinstance(body.get("roles"), list) else ()):
        old = next((name for name in _OLD if isinstance(role, dict) and name in role), None)
        if old is not None:
            place = f"{path}: field 'roles.{index}.{old}'"
            raise InputError(f"{place}: is OneFlow's name before 7.0; write {_OLD[old]!r} of the 7.0 format")
    try:
        service = _Service.model_validate(body)
    except ValidationError as error:
        raise InputError(f"{path}: {problem(error)}") from error
    names = [role.name for role in service.roles]
    for name in (SUPERLINK, SUPERNODE):
        if name not in names:
            has = ", ".join(names) or "none"
            raise InputError(f"{path}: there is no role {name!r} (its roles: {has}); scenarios need one of that name")
    try:
        # On a copy: OneFlow sets defaults in what it checks.
        oneflow.check(copy.deepcopy(body))
    except Invalid as refusal:
        raise InputError(f"{path}: OneFlow refuses it: {refusal}") from refusal
    except ruby.RubyError as failure:
        raise InputError(f"{path}: OneFlow breaks down on it: {failure}") from failure
    return ServiceTemplate(path, body)


def read_vm_templates(folder: Path) -> dict[str, str]:
    """Read the VM templates of the two roles, in OpenNebula's syntax, from `ROLE.tmpl`; they are given by role.

    Raises:
        InputError: One is missing, or cannot be read.
    """
    return {name: _vm_template(folder / f"{name}.tmpl") for name in (SUPERLINK, SUPERNODE)}


def _body(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: is not JSON: {error.msg} (column {error.colno})") from error
    except RecursionError as error:
        raise InputError(f"{path}: is not a service template: it is nested too deeply") from error
    for name in ("DOCUMENT", "TEMPLATE", "BODY"):
        if isinstance(found, dict) and set(found) & {"DOCUMENT", "TEMPLATE", "BODY"}:
            found = found.get(name)
    if not isinstance(found, dict):
        raise InputError(f"{path}: is not a service template: that is a JSON object with a name and roles")
    return found


def _vm_template(path: Path) -> str:
    text = read_text(path)
    try:
        raw.parse(text)
    except raw.TemplateError as error:
        raise InputError(f"{path}: is not a VM template: {error}") from error
    return text
