"""OneFlow: service templates and services, by its REST interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from harness.cloud.endpoints import Endpoints
from harness.cloud.http import LIMIT, Http
from harness.cloud.states import RoleState, ServiceState
from harness.errors import WaitAborted
from harness.waiting import wait_until


@dataclass(frozen=True)
class RoleSeen:
    """A role, as it was seen.

    Attributes:
        name: Its name.
        state: Its state.
        cardinality: How many VMs it is to have.
        nodes: Numbers of its VMs, the oldest first.
        cooldown: Seconds.
        body: All of it, policies and their counters included.
    """

    name: str
    state: RoleState
    cardinality: int
    nodes: tuple[int, ...]
    cooldown: int | None
    body: Mapping[str, Any]


@dataclass(frozen=True)
class ServiceSeen:
    """A service, as it was seen.

    Attributes:
        id: Its number.
        name: Its name.
        state: Its state.
        roles: By name.
        log: Messages of its log, the oldest first.
        body: All of it.
    """

    id: int
    name: str
    state: ServiceState
    roles: Mapping[str, RoleSeen]
    log: tuple[str, ...]
    body: Mapping[str, Any]


def _seen(document: Mapping[str, Any]) -> ServiceSeen:
    body = document["TEMPLATE"]["BODY"]
    roles = {
        part["name"]: RoleSeen(
            part["name"],
            RoleState(part.get("state", 0)),
            int(part.get("cardinality") or 0),
            tuple(node["deploy_id"] for node in part.get("nodes") or []),
            part.get("cooldown"),
            part,
        )
        for part in body["roles"]
    }
    log = tuple(entry["message"] for entry in body.get("log") or [])
    return ServiceSeen(int(document["ID"]), document["NAME"], ServiceState(body.get("state", 0)), roles, log, body)


class OneFlow:
    """OneFlow, as a user of the cloud; a context manager.

    Every method raises `CloudRefused` when OneFlow refuses, and `CloudUnreachable` when it does not answer in time.

    Args:
        endpoints: Where it is, and as whom.
        limit: Seconds for one request.
    """

    def __init__(self, endpoints: Endpoints, *, limit: float = LIMIT) -> None:
        self.http = Http(endpoints.oneflow, auth=(endpoints.user, endpoints.password), limit=limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.http.close()

    def create_template(self, body: Mapping[str, Any]) -> int:
        """Register a service template; returns its number."""
        return int(self.http.send("POST", "/service_template", json=body).json()["DOCUMENT"]["ID"])

    def template(self, number: int) -> dict[str, Any]:
        """The body of a service template."""
        answer = self.http.send("GET", f"/service_template/{number}").json()
        body: dict[str, Any] = answer["DOCUMENT"]["TEMPLATE"]["BODY"]
        return body

    def update_template(self, number: int, body: Mapping[str, Any]) -> None:
        """Replace the body of a service template."""
        self.http.send("PUT", f"/service_template/{number}", json=body)

    def delete_template(self, number: int) -> None:
        """Delete a service template; its services stay."""
        self.http.send("DELETE", f"/service_template/{number}")

    def instantiate(self, template: int, merge: Mapping[str, Any] | None = None) -> int:
        """Make a service of a template, with `merge` laid over it; returns its number."""
        action = {"perform": "instantiate", "params": {"merge_template": dict(merge or {})}}
        answer = self.http.send("POST", f"/service_template/{template}/action", json={"action": action})
        return int(answer.json()["DOCUMENT"]["ID"])

    def service(self, number: int) -> ServiceSeen:
        """A service as it is now."""
        return _seen(self.http.send("GET", f"/service/{number}").json()["DOCUMENT"])

    def services(self) -> list[ServiceSeen]:
        """All services, the youngest first."""
        pool = self.http.send("GET", "/service").json()["DOCUMENT_POOL"]
        return [_seen(document) for document in pool.get("DOCUMENT", [])]

    def scale(
        self,
        number: int,
        role: str,
        cardinality: int,
        *,
        force: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Give a role another cardinality; `force` goes beyond its range.

        `force` is always sent: left out, it is an internal error of OneFlow's. `more` are further fields of the
        request, to see what OneFlow makes of them.
        """
        body = {"role_name": role, "cardinality": cardinality, "force": force, **(more or {})}
        self.http.send("POST", f"/service/{number}/scale", json=body)

    def recover(self, number: int, *, delete: bool = False) -> None:
        """Try again what failed, or end a cooldown; or delete the service in any state."""
        params = {"delete": True} if delete else {}
        self._act(f"/service/{number}/action", "recover", params)

    def act_on_role(self, number: int, role: str, action: str, *, period: int = 0, per_period: int = 0) -> None:
        """Plan an action (poweroff, resume, …) on the VMs of a role, `per_period` of them each `period` seconds."""
        params = {"period": period, "number": per_period}
        self._act(f"/service/{number}/role/{role}/action", action, params)

    def _act(self, path: str, action: str, params: Mapping[str, Any]) -> None:
        self.http.send("POST", path, json={"action": {"perform": action, "params": dict(params)}})

    def update(self, number: int, body: Mapping[str, Any]) -> None:
        """Replace the body of a service: as `service(number).body`, changed."""
        self.http.send("PUT", f"/service/{number}", json=dict(body))

    def append(self, number: int, part: Mapping[str, Any]) -> None:
        """Lay a part over the body of a service; it is not validated."""
        self.http.send("PUT", f"/service/{number}", json={"append": True, "template": json.dumps(part)})

    def set_policies(self, number: int, role: str, policies: Mapping[str, Any]) -> None:
        """Set fields of a role: its policies, range or cooldown."""
        body = json.loads(json.dumps(self.service(number).body))
        for part in body["roles"]:
            if part["name"] == role:
                part.update(policies)
        self.update(number, body)

    def delete(self, number: int) -> None:
        """End a service, children first."""
        self.http.send("DELETE", f"/service/{number}")

    def wait(self, number: int, *states: ServiceState, timeout: float, poll: float = 0.2) -> ServiceSeen:
        """Wait until a service is in one of the states.

        Args:
            number: Which service.
            states: One of these.
            timeout: Seconds.
            poll: Seconds between two looks.

        Raises:
            WaitTimeout: It was not, in that time.
            WaitAborted: It failed, which was not waited for.
        """
        names = " or ".join(state.name for state in states)
        seen = wait_until(
            lambda: self.service(number),
            lambda service: service.state in states or service.state.name.startswith("FAILED"),
            what=f"service {number} in {names}",
            timeout=timeout,
            poll=poll,
        )
        if seen.state not in states:
            raise WaitAborted(f"service {number} is in {seen.state.name}, and not in {names}; its log: {seen.log}")
        return seen
