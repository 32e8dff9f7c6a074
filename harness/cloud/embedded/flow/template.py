"""Service templates: validation, the old format, and what becomes of one when it is instantiated.

Source: `service_template.rb` of the release; the texts are in `invalid-template-errors.json`.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from harness.cloud.embedded import expressions, ruby
from harness.cloud.embedded.flow import schedule, schema
from harness.cloud.embedded.flow.validator import Invalid, validate

Body = dict[str, Any]


def check(body: Any) -> None:
    """Validate a service template, and set defaults in it.

    Raises:
        Invalid: It is refused.
        ruby.RubyError: OneFlow itself breaks down on it.
    """
    if _old_format(body):
        _convert(body)
    validate(body, schema.SERVICE)
    for role in body["roles"]:
        check_role(role)
    _check_values(body)


def check_role(role: Any) -> None:
    """Validate one role, and set defaults in it.

    Raises:
        Invalid: It is refused.
        ruby.RubyError: OneFlow itself breaks down on it.
    """
    if not isinstance(role, dict):
        raise ruby.RubyError(f"undefined method `fetch' for {ruby.inspect(role)}:{ruby.class_name(role)}")
    kind = role.get("type", "vm")
    if kind not in ("vm", "vr"):  # no set: a list, which may be sent, has no hash
        raise Invalid(f'Unsupported role type "{_interpolated(kind)}"')
    validate(role, schema.VM_ROLE if kind == "vm" else schema.VR_ROLE)


def _interpolated(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else ruby.inspect(value)


_KEY_SNIPPET = "\n\n            body.key?('roles') && body['roles'].all? do |role|\n                ^^^^^"
_ALL_SNIPPET = "\n\n            body.key?('roles') && body['roles'].all? do |role|\n" + " " * 47 + "^^^^^"
_ROLE_SNIPPET = (
    "\n\n                role.key?('vm_template') || role.key?('vm_template_contents')\n                    ^^^^^"
)


def _no_method(method: str, value: Any, snippet: str) -> ruby.RubyError:
    text = "nil" if value is None else ruby.inspect(value)
    return ruby.RubyError(f"undefined method `{method}' for {text}:{ruby.class_name(value)}{snippet}")


def _old_format(body: Any) -> bool:
    if not isinstance(body, dict):
        raise _no_method("key?", body, _KEY_SNIPPET)
    if "roles" not in body:
        return False
    roles = body["roles"]
    if not isinstance(roles, list | dict):
        raise _no_method("all?", roles, _ALL_SNIPPET)
    if isinstance(roles, dict):
        return not roles
    for role in roles:
        if not isinstance(role, dict):
            raise _no_method("key?", role, _ROLE_SNIPPET)
        if "vm_template" not in role and "vm_template_contents" not in role:
            return False
    return True


def _convert(body: Body) -> None:
    for role in body["roles"]:
        role["template_id"] = ruby.to_i(role.get("vm_template"))
        role["type"] = "vm"
        if role.get("custom_attrs"):
            role["user_inputs"] = role["custom_attrs"]
        if body.get("custom_attrs_values"):
            body["user_inputs_values"] = role.get("custom_attrs_values")
        if role.get("vm_template_contents"):
            role["template_contents"] = contents_of_text(role["vm_template_contents"])
        role.pop("vm_template", None)
        for name in ("vm_template_contents", "custom_attrs", "custom_attrs_values"):
            if role.get(name):
                del role[name]
    for old, new in (("custom_attrs", "user_inputs"), ("custom_attrs_values", "user_inputs_values")):
        if body.get(old):
            body[new] = body.pop(old)


def contents_of_text(text: str) -> Body:
    """`vm_template_contents` of the old format, `KEY = VALUE` lines, as an object."""
    found: Body = {}
    for line in re.split(r"\n(?![^\[]*\])", text):
        if "=" not in line:
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        value = value.replace('"', "")
        entry: Any = value
        if value.startswith("[") and value.endswith("]"):
            pairs = (item.partition("=") for item in re.split(r"\s*,\s*", value[1:-1]))
            entry = {name.strip(): inner.strip() for name, _, inner in pairs}
        if key in found:
            found[key] = [*(found[key] if isinstance(found[key], list) else [found[key]]), entry]
        else:
            found[key] = entry
    return {key: [value] if isinstance(value, dict) else value for key, value in found.items()}


def _check_values(body: Body) -> None:
    roles = body["roles"]
    for index, role in enumerate(roles):
        if any(other["name"] == role["name"] for other in roles[index + 1 :]):
            raise Invalid(f"Role name '{role['name']}' is repeated")
        if role["type"] == "vm":
            _check_range(role)
            _check_elasticity(role)
            _check_schedule(role)
        else:
            _check_router(role)


def _check_range(role: Body) -> None:
    who, cardinality = f"Role '{role['name']}'", ruby.to_i(role.get("cardinality"))
    if role.get("min_vms") is not None and ruby.to_i(role["min_vms"]) > cardinality:
        raise Invalid(f"{who} 'cardinality' must be greater than or equal to 'min_vms'")
    if role.get("max_vms") is not None and ruby.to_i(role["max_vms"]) < cardinality:
        raise Invalid(f"{who} 'cardinality' must be lower than or equal to 'max_vms'")
    policies = role.get("elasticity_policies") or role.get("scheduled_policies")
    if policies and (role.get("min_vms") is None or role.get("max_vms") is None):
        text = f"{who} with  'elasticity_policies' or 'scheduled_policies'must define both 'min_vms' and 'max_vms'"
        raise Invalid(text)


def _check_elasticity(role: Body) -> None:
    for index, policy in enumerate(role.get("elasticity_policies") or []):
        which = f"Role '{role['name']}', elasticity policy #{index} 'expression'"
        if not policy["expression"]:
            raise Invalid(f"{which} cannot be empty")
        try:
            expressions.parse(policy["expression"])
        except expressions.ParseFailure as failure:
            raise Invalid(f"{which} parse error: {failure}") from failure


def _check_schedule(role: Body) -> None:
    for index, policy in enumerate(role.get("scheduled_policies") or []):
        which = f"Role '{role['name']}', scheduled policy #{index}"
        # `false` counts as missing; an empty text does not.
        start, recurrence = (policy.get(name) or None for name in ("start_time", "recurrence"))
        if start is not None:
            if recurrence is not None:
                raise Invalid(f"{which} must define 'start_time' or 'recurrence', but not both")
            try:
                schedule.start_time(start)
            except schedule.BadTime as error:
                text = f"{which} 'start_time' is not a valid Time. Try with YYYY-MM-DD hh:mm:ss or 0YYY-MM-DDThh:mm:ssZ"
                raise Invalid(text) from error
        elif recurrence is not None:
            try:
                schedule.cron(recurrence)
            except schedule.BadTime as error:
                raise Invalid(f"{which} 'recurrence' is not a valid cron expression") from error
        else:
            raise Invalid(f"{which} needs to define either 'start_time' or 'recurrence'")


def _check_router(role: Body) -> None:
    nics = (role.get("template_contents") or {}).get("NIC")
    if not isinstance(nics, list):
        return
    floating = any(str(key).startswith("FLOATING") for nic in nics for key in nic)
    if role["cardinality"] > 1 and not floating:
        raise Invalid(f"Role '{role['name']}' with 'cardinality' greather than one must define a floating IP")


def deep_merged(base: Body, change: Body, *, arrays: bool = True) -> Body:
    """`change` laid over `base`: objects key by key, arrays one behind the other (or replaced), the rest replaced."""
    merged = dict(base)
    for key, value in change.items():
        current = merged.get(key)
        if isinstance(value, dict) and isinstance(current, dict):
            merged[key] = deep_merged(current, value, arrays=arrays)
        elif isinstance(value, list) and isinstance(current, list) and arrays:
            joined = current + value
            unique = all(isinstance(item, dict) for item in joined)
            merged[key] = [item for at, item in enumerate(joined) if item not in joined[:at]] if unique else joined
        else:
            merged[key] = value
    return merged


def instantiated(body: Body, merge: Body) -> Body:
    """The body of a service, not yet validated: `merge_template` laid over the template, roles by name."""
    body, merge = copy.deepcopy(body), copy.deepcopy(merge)
    given_nets = merge.get("networks_values") or []
    if given_nets:
        nets = body.get("networks_values") or []
        for given in given_nets:
            if not isinstance(given, dict) or not given:
                continue
            name = next(iter(given))
            at = next((index for index, net in enumerate(nets) if name in net), None)
            if at is None:
                nets.append(given)
            else:
                nets[at] = given
        body["networks_values"], merge["networks_values"] = nets, []
    given_roles = merge.get("roles", [])
    if given_roles:
        for index, role in enumerate(body["roles"]):
            given = next((item for item in given_roles if item.get("name") == role["name"]), None)
            if given is not None:
                body["roles"][index] = deep_merged(role, given)
        del merge["roles"]
    return deep_merged(body, merge)
