"""The autoscaler: one pass over all running services, then a pause, for ever, or until it dies.

Its thread is not guarded: what an evaluation raises ends it, and nothing scales until the server is restarted
(measured in `autoscaler-dies-without-monitoring.json`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.cloud.embedded import ruby
from harness.cloud.embedded.agenda import Agenda, Task
from harness.cloud.embedded.flow import lookup, policies
from harness.cloud.embedded.flow.errors import Refused
from harness.cloud.embedded.flow.lifecycle import LifeCycle
from harness.cloud.embedded.flow.service import Role
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.states import ServiceState

_POLICIES = ("elasticity_policies", "scheduled_policies")


@dataclass(frozen=True)
class Look:
    """What a pass saw of the VMs when it began.

    Attributes:
        vms: By number.
        monitored: Whether any VM of the cloud has a monitoring record; None when that, and the records of the VMs, are
            left for an expression to ask for.
    """

    vms: Mapping[int, Vm]
    monitored: bool | None


@dataclass(frozen=True)
class Part:
    """A role as a pass saw it when it began.

    Attributes:
        service_id: Its service.
        name: Its name.
        body: Its body, or a copy of it.
        node_ids: Numbers of its VMs.
    """

    service_id: int
    name: str
    body: dict[str, Any]
    node_ids: Iterable[int]

    def shown(self) -> str:
        """The role, and its policies as they were seen."""
        return f"{self.service_id} {self.name} {[self.body.get(name) for name in _POLICIES]}"


def _ids(role: Role) -> Iterator[int]:
    yield from role.node_ids


class Autoscaler:
    """The autoscaler's thread.

    Args:
        agenda: Whose time it lives in.
        oned: The core.
        lifecycle: Scales.
        interval: `autoscaler_interval`, seconds from the end of a pass to the next.
        stepwise: Whether a pass is made of several tasks, on a copy of what it saw when it began. The real one lets
            others in between, which shows on a loaded machine; a replay needs the same.
    """

    def __init__(
        self, agenda: Agenda, oned: Oned, lifecycle: LifeCycle, interval: float, *, stepwise: bool = False
    ) -> None:
        self._agenda = agenda
        self._oned = oned
        self._lifecycle = lifecycle
        self._interval = interval
        self._stepwise = stepwise
        self._next: Task | None = None
        self.died_of: str | None = None

    @property
    def alive(self) -> bool:
        """Whether it still makes passes."""
        return self.died_of is None

    def start(self) -> None:
        """Make the first pass at once; also after a death, as a restart of the server does."""
        self._agenda.cancel(self._next)
        self.died_of = None
        self._plan(0, "pass", self._pass)

    def _plan(self, seconds: float, step: str, run: Any) -> None:
        self._next = self._agenda.after(seconds, f"autoscaler.{step}", run)

    def _pass(self) -> None:
        look = self._copied() if self._stepwise else self._lazy()
        parts = [
            # One step: nobody changes a role between here and its evaluation, and most are never asked for.
            Part(service.id, role.name, self._seen(role), tuple(role.node_ids) if self._stepwise else _ids(role))
            for service in self._lifecycle.services()
            if service.state is ServiceState.RUNNING
            for role in service
        ]
        if self._stepwise:
            self._go_on(parts, look)
            return
        for part in parts:
            wish = self._evaluate(part, look)
            if wish is None:
                return
            if wish.difference:
                self._store(part, wish)
                self._scale(part, wish)
        self._plan(self._interval, "pass", self._pass)

    def _copied(self) -> Look:
        """All VMs as they are now."""
        living = {vm.id: copy.copy(vm) for vm in self._oned.living()}
        return Look(living, any(vm.monitoring for vm in living.values()))

    def _lazy(self) -> Look:
        """All VMs; their records are taken when an expression asks, within this step."""
        return Look(self._oned.pools.vms, None)

    def _seen(self, role: Role) -> dict[str, Any]:
        if not self._stepwise:
            return role.body
        return {**role.body, **{name: copy.deepcopy(role.body[name]) for name in _POLICIES if name in role.body}}

    def _go_on(self, parts: list[Part], look: Look) -> None:
        if parts:
            self._plan(0, "evaluate", partial(self._step, parts, look))
        else:
            self._plan(self._interval, "pass", self._pass)

    def _step(self, parts: list[Part], look: Look) -> None:
        wish = self._evaluate(parts[0], look)
        if wish is not None:
            self._plan(0, "store", partial(self._store_and_scale, parts, look, wish))

    def _store_and_scale(self, parts: list[Part], look: Look, wish: policies.Wish) -> None:
        self._store(parts[0], wish)
        if wish.difference:
            self._plan(0, "scale", partial(self._scale_and_go_on, parts, look, wish))
        else:
            self._go_on(parts[1:], look)

    def _scale_and_go_on(self, parts: list[Part], look: Look, wish: policies.Wish) -> None:
        self._scale(parts[0], wish)
        self._go_on(parts[1:], look)

    def _evaluate(self, part: Part, look: Look) -> policies.Wish | None:
        if look.monitored is None:
            oned = self._oned
            values = lookup.look_up(part.node_ids, look.vms, monitored=oned.monitored, probe=oned.probe)
        else:
            known = look.monitored
            values = lookup.look_up(part.node_ids, look.vms, monitored=lambda: known)
        try:
            return policies.evaluate(part.body, self._oned.now, values)
        except lookup.NoMonitoring:
            self.died_of = "undefined method `[]' for nil:NilClass (no VM of the cloud has a monitoring record)"
        except ruby.RubyError as error:
            self.died_of = str(error)
        return None

    def _store(self, part: Part, wish: policies.Wish) -> None:
        stored = {name: part.body.get(name) for name in _POLICIES}
        # For good: OneFlow writes a policy's cooldown into the role.
        cooldown = wish.cooldown if wish.difference else None
        self._lifecycle.store_policies(part.service_id, part.name, stored, cooldown)

    def _scale(self, part: Part, wish: policies.Wish) -> None:
        wanted = ruby.to_i(part.body.get("cardinality")) + wish.difference
        try:
            self._lifecycle.scale(part.service_id, part.name, wanted, force=False)
        except Refused:
            # Logged by the real server; asked for again in the next pass.
            return
