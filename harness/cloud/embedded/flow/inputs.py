"""User inputs and networks of a service template, when it is instantiated."""

from __future__ import annotations

from typing import Any

from harness.cloud.embedded.flow.errors import Refused

_INVALID = 400
_DEFAULT_FIELD = 4


def check(body: dict[str, Any], merge: dict[str, Any]) -> None:
    """Check what the one who instantiates gives against what the template asks for; defaults are set in `merge`.

    Raises:
        Refused: Something lacks or has another form (400).
    """
    if "custom_attrs_values" in merge:
        merge["user_inputs_values"] = merge.pop("custom_attrs_values")
    _check_inputs(body.get("user_inputs"), merge.get("user_inputs_values"))
    for role in body["roles"]:
        _check_role(role, merge)
    _check_networks(body, merge)


def _bad(text: str) -> Refused:
    return Refused(text, _INVALID)


def _check_inputs(asked: Any, given: Any) -> None:
    if not asked:
        return
    if given is None:
        raise _bad("The Service template specifies User Inputs but no values have been found")
    if not isinstance(asked, dict) or not isinstance(given, dict):
        raise _bad("Wrong User Inputs or User Inputs Values format")
    if set(asked) - set(given):
        raise _bad("Verify that every User Input have its corresponding value defined")


def _check_role(role: dict[str, Any], merge: dict[str, Any]) -> None:
    if not isinstance(role.get("template_contents", {}), dict):
        text = f"Error validating template_contents object for therole {role['name']}. The object must be a valid hash."
        raise _bad(text)
    if role.get("user_inputs") is None:
        return
    roles = merge.get("roles")
    if roles is None:
        text = f"The Service template specifies user inputs for the role {role['name']} but no values have been found"
        raise _bad(text)
    if not isinstance(roles, list) or not roles:
        raise _bad("The role user inputs are empty or do not have a valid format")
    given = next((item for item in roles if item.get("name") == role["name"]), None)
    if given is None:
        return
    if "custom_attrs_values" in given:
        given["user_inputs_values"] = given.pop("custom_attrs_values")
    _check_inputs(role["user_inputs"], given.get("user_inputs_values"))


def _check_networks(body: dict[str, Any], merge: dict[str, Any]) -> None:
    networks, values = body.get("networks"), merge.get("networks_values")
    if networks and not values:
        try:
            values = [{name: dict([_default(value)])} for name, value in networks.items()]
        except (AttributeError, IndexError, ValueError) as error:
            raise _bad("Wrong networks format") from error
        merge["networks_values"] = values
    if networks and not isinstance(networks, dict):
        raise _bad("Wrong networks format")
    if values and any(not isinstance(item, dict) for item in values):
        raise _bad("Wrong networks_values format")
    if networks and values and set(networks) - {name for item in values for name in item}:
        raise _bad("Every network key must have its value defined at networks_value")


def _default(text: str) -> tuple[str, str]:
    how, value = text.split("|")[_DEFAULT_FIELD].strip().split(":")[:2]
    return how, value
