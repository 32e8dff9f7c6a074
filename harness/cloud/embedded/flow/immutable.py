"""What an update of a service cannot change."""

from __future__ import annotations

from typing import Any

from harness.cloud.embedded.flow.errors import Refused
from harness.cloud.embedded.flow.service import Role, Service

_OF_SERVICE = (
    "user_inputs",
    "user_inputs_values",
    "deployment",
    "log",
    "name",
    "networks",
    "networks_values",
    "ready_status_gate",
    "state",
    "start_time",
)
_OF_ROLE = ("cardinality", "last_vmname", "nodes", "parents", "state", "template_id")


def check(service: Service, template: dict[str, Any], *, append: bool) -> None:
    """Compare a new body with the service's.

    Raises:
        Refused: Something was changed that must stay.
    """
    if append:
        for name in _OF_SERVICE:
            if template.get(name) is not None:
                raise _immutable(f"service/{name}")
        return
    if len(template["roles"]) != len(service.roles):
        raise _immutable("service/roles size")
    for name in _OF_SERVICE:
        if template.get(name) != service.body.get(name):
            raise _immutable(f"service/{name}")
    for given in template["roles"]:
        role = service.roles.get(given["name"])
        if role is None:
            raise Refused("To change `service/name` use rename operation")
        _check_role(role, given)


def _check_role(role: Role, given: dict[str, Any]) -> None:
    for name in _OF_ROLE:
        if given.get(name) != role.body.get(name):
            raise _immutable(f"role/{name}")


def _immutable(what: str) -> Refused:
    return Refused(f"Immutable value: `{what}` can not be changed")
