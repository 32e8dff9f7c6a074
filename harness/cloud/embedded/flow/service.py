"""A service and its roles: views of the JSON body that OneFlow keeps in a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.cloud.embedded import ruby
from harness.cloud.embedded.oned.objects import Document
from harness.cloud.states import FAILED, TRANSIENT, RoleState, ServiceState

Body = dict[str, Any]

_LOG_LENGTH = 50
_UP, _DOWN = 0, 1


class Role:
    """A role of a service.

    Args:
        body: Its part of the service's body.
        service: Its service.
    """

    def __init__(self, body: Body, service: Service) -> None:
        self.body = body
        self.service = service

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["name"])

    @property
    def state(self) -> RoleState:
        """Its state."""
        return RoleState(self.body["state"])

    @state.setter
    def state(self, state: RoleState) -> None:
        self.body["state"] = int(state)
        if state is RoleState.SCALING:
            # The counters of evaluations start anew, whoever scales.
            for policy in self.body.get("elasticity_policies") or []:
                policy.pop("true_evals", None)

    @property
    def nodes(self) -> list[Body]:
        """Its VMs, the oldest first."""
        nodes: list[Body] = self.body["nodes"]
        return nodes

    @property
    def node_ids(self) -> list[int]:
        """Numbers of its VMs, the oldest first."""
        return [node["deploy_id"] for node in self.nodes]

    @property
    def parents(self) -> list[str]:
        """Names of the roles that have to run before it."""
        return list(self.body.get("parents") or [])

    @property
    def cardinality(self) -> int:
        """How many VMs it is to have."""
        return ruby.to_i(self.body.get("cardinality"))

    def set_cardinality(self, wanted: int) -> None:
        """Set how many VMs it is to have, and log it."""
        way = "up" if wanted > self.cardinality else "down"
        text = f"Role {self.name} scaling {way} from {self.cardinality} to {wanted} nodes"
        self.service.log(text)
        self.body["cardinality"] = wanted

    @property
    def min_vms(self) -> int | None:
        """Least cardinality, if it has one."""
        value = self.body.get("min_vms")
        return None if value is None else ruby.to_i(value)

    @property
    def max_vms(self) -> int | None:
        """Greatest cardinality, if it has one."""
        value = self.body.get("max_vms")
        return None if value is None else ruby.to_i(value)

    def set_scale_way(self, *, up: bool) -> None:
        """Remember whether it grows or shrinks; a recovery asks for it."""
        self.body["scale_way"] = _UP if up else _DOWN

    @property
    def growing(self) -> bool | None:
        """Whether it grows, shrinks, or (None) does neither."""
        way = self.body.get("scale_way")
        return None if way is None else way == _UP

    @property
    def on_hold(self) -> bool:
        """Whether its VMs are to wait for a release."""
        return bool(self.body.get("on_hold"))


class Service:
    """A service.

    Args:
        document: The document that it is kept in.
        now: Seconds since the epoch, for its log.
        default_cooldown: Seconds, for roles that set none.
    """

    def __init__(self, document: Document, now: int, default_cooldown: int) -> None:
        self.document = document
        self.body = document.body
        self._now = now
        self.roles: dict[str, Role] = {}
        for part in self.body.get("roles") or []:
            if part.get("state") is None:
                part["state"] = int(RoleState.PENDING)
            if part.get("nodes") is None:
                part["nodes"] = []
            if part.get("on_hold") is None:
                part["on_hold"] = False
            if part.get("cooldown") is None:
                part["cooldown"] = default_cooldown
            self.roles[part["name"]] = Role(part, self)

    @property
    def id(self) -> int:
        """Number of the service."""
        return self.document.id

    @property
    def name(self) -> str:
        """Name, as its body has it."""
        return str(self.body["name"])

    @property
    def state(self) -> ServiceState:
        """Its state."""
        return ServiceState(ruby.to_i(self.body.get("state")))

    @state.setter
    def state(self, state: ServiceState) -> None:
        self.body["state"] = int(state)
        self.log(f"New state: {state.name}")

    def log(self, message: str, severity: str = "I") -> None:
        """Add to the log that is kept in the body; it holds the last 50 entries."""
        log = [
            *(self.body.get("log") or []),
            {"timestamp": self._now, "severity": severity, "message": message},
        ]
        self.body["log"] = log[-_LOG_LENGTH:]

    @property
    def straight(self) -> bool:
        """Whether parents come before children."""
        return self.body.get("deployment") == "straight"

    @property
    def gated(self) -> bool:
        """Whether a VM counts as running only when it has reported READY=YES."""
        return bool(self.body.get("ready_status_gate"))

    @property
    def on_hold(self) -> bool:
        """Whether all its VMs are to wait for a release."""
        return bool(self.body.get("on_hold"))

    @property
    def all_running(self) -> bool:
        """Whether every role is RUNNING."""
        return all(role.state is RoleState.RUNNING for role in self.roles.values())

    @property
    def all_done(self) -> bool:
        """Whether every role is DONE."""
        return all(role.state is RoleState.DONE for role in self.roles.values())

    @property
    def all_held(self) -> bool:
        """Whether every role is on HOLD."""
        return all(role.state is RoleState.HOLD for role in self.roles.values())

    @property
    def can_undeploy(self) -> bool:
        """Whether it may be deleted."""
        waiting = self.state in TRANSIENT and self.state is not ServiceState.UNDEPLOYING
        return not (waiting or self.state is ServiceState.DONE or self.state in FAILED)

    @property
    def can_update(self) -> bool:
        """Whether its body may be replaced."""
        return self.state not in TRANSIENT and self.state not in FAILED

    def to_delete_itself(self, role: Role) -> bool:
        """Whether it asked to be deleted once it has no VM left, and `role` was the last that had one."""
        if not self.body.get("automatic_deletion") or role.nodes:
            return False
        return all(not part["nodes"] for part in self.body["roles"])

    def __iter__(self) -> Iterator[Role]:
        return iter(self.roles.values())
