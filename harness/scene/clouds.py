"""The cloud of a scenario: a OneFlow service on it, what is done to it, and an observer of what becomes of it.

All but the start is asked of the cloud by pyone, OneFlow and OneGate, as of any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from harness.cloud.embedded.clock import Clock, SimulatedClock
from harness.cloud.embedded.cloud import EmbeddedCloud
from harness.cloud.embedded.settings import FlowSettings, Settings
from harness.cloud.endpoints import Endpoints
from harness.cloud.errors import CloudRefused
from harness.cloud.observer import Observer
from harness.cloud.oned import Oned, VmSeen
from harness.cloud.oneflow import OneFlow, ServiceSeen
from harness.cloud.onegate import OneGate
from harness.cloud.states import ServiceState
from harness.errors import HarnessError
from harness.history.recorder import Recorder
from harness.hypervisor import Hypervisor
from harness.hypervisor.dummy import DummyHypervisor

SCALED = Settings(monitoring_interval=2, flow=FlowSettings(autoscaler_interval=2, default_cooldown=6, wait_timeout=5))
"""Time is scaled: the settings of the recordings, in which a policy is evaluated every 2 s and not every 90."""

DEPLOY_TIMEOUT = 120.0
"""Seconds until a service runs: its VMs start one after the other, on a machine that others use too."""


class CloudScene:
    """A cloud, and the service that a scenario deploys on it; a context manager.

    Args:
        recorder: Takes what is seen and done.
        hypervisor: Makes what runs the VMs; it is ended with the cloud.
        settings: How OpenNebula is set.
        clock: The machine's, unless another is given. A simulated one moves by `advance` only.

    Attributes:
        hypervisor: What runs the VMs.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        hypervisor: Callable[[], Hypervisor] = DummyHypervisor,
        settings: Settings = SCALED,
        clock: Clock | None = None,
    ) -> None:
        self.hypervisor = hypervisor()
        self._recorder = recorder
        self._simulated = isinstance(clock, SimulatedClock)
        self._embedded = EmbeddedCloud(self.hypervisor, settings, clock)
        self._stack = ExitStack()
        self._flow: OneFlow | None = None
        self._oned: Oned | None = None
        self._observer: Observer | None = None
        self._deployed: list[int] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._embedded)
            self._flow = stack.enter_context(OneFlow(self.endpoints))
            self._oned = Oned(self.endpoints)
            self._observer = stack.enter_context(Observer(self.endpoints, self._saw, live=not self._simulated))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _saw(self, kind: str, data: Mapping[str, Any]) -> None:
        self._recorder.record("oneflow", kind, **data)

    def _did(self, kind: str, **data: Any) -> None:
        self._recorder.record("scenario", kind, **data)

    # -- its interfaces

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        return self._embedded.endpoints

    @property
    def flow(self) -> OneFlow:
        """OneFlow, as the user who owns the service."""
        assert self._flow is not None, "the cloud is used outside its `with`"
        return self._flow

    @property
    def oned(self) -> Oned:
        """oned, as the user who owns the service."""
        assert self._oned is not None, "the cloud is used outside its `with`"
        return self._oned

    def gate(self, vm: int) -> OneGate:
        """OneGate as a VM uses it, with the VM's own token; a context manager."""
        return OneGate(self.endpoints.onegate, vm, self.oned.token(vm))

    # -- the service

    @property
    def number(self) -> int:
        """Number of the service that was deployed last.

        Raises:
            HarnessError: None was.
        """
        if not self._deployed:
            raise HarnessError("the scenario has no service: a Given-step has to deploy one")
        return self._deployed[-1]

    def deploy(self, service_template: Mapping[str, Any], vm_templates: Mapping[str, str]) -> int:
        """Register templates and make a service of them; nothing is waited for.

        Args:
            service_template: As OneFlow takes it.
            vm_templates: VM templates by role, in OpenNebula's syntax; roles may share one. A role's `template_id`
                becomes the number of its VM template here, or stays if there is none for the role.

        Returns:
            Number of the service.

        Raises:
            HarnessError: A role has neither.
            CloudRefused: OneFlow refuses the template.
        """
        registered: dict[str, int] = {}
        roles = []
        for role in service_template["roles"]:
            name = role["name"]
            if name in vm_templates:
                text = vm_templates[name]
                if text not in registered:
                    registered[text] = self.oned.create_template(text)
                role = {**role, "template_id": registered[text]}  # noqa: PLW2901 - the caller's stays as it is
            elif "template_id" not in role:
                raise HarnessError(f"role {name} has no VM template")
            roles.append(role)
        body = {**service_template, "roles": roles}
        number = self.flow.instantiate(self.flow.create_template(body))
        self._deployed.append(number)
        self._did("service.deploy", service=number, template=body)
        self.observer.follow(number)
        self.observer.look()
        return number

    def wait(self, *states: ServiceState, timeout: float = DEPLOY_TIMEOUT) -> ServiceSeen:
        """Wait until the service is in one of the states, RUNNING unless others are given.

        Raises:
            WaitTimeout: It is not, in that time (seconds).
            WaitAborted: It failed.
        """
        seen = self.flow.wait(self.number, *(states or (ServiceState.RUNNING,)), timeout=timeout)
        self.observer.look()
        return seen

    def service(self) -> ServiceSeen:
        """The service as it is now."""
        return self.flow.service(self.number)

    def nodes(self, role: str) -> tuple[int, ...]:
        """Numbers of a role's VMs, the oldest first.

        Raises:
            HarnessError: There is no such role.
        """
        roles = self.service().roles
        if role not in roles:
            raise HarnessError(f"the service has no role {role!r}; it has {', '.join(roles)}")
        return roles[role].nodes

    # -- what is done to it

    def scale(
        self, role: str, cardinality: int, *, force: bool = False, more: Mapping[str, Any] | None = None
    ) -> str | None:
        """Ask for another cardinality of a role; a refusal is recorded and returned, not raised.

        Args:
            role: The role.
            cardinality: VMs that it is to have.
            force: Whether to go beyond its range.
            more: Further fields of the request.
        """
        self.observer.look()
        # The time before it: what it leads to is seen later, however late this thread is.
        t, refused = time.monotonic(), None
        asked = {"role": role, "cardinality": cardinality, "force": force, **(more or {})}
        try:
            self.flow.scale(self.number, role, cardinality, force=force, more=more)
        except CloudRefused as error:
            refused = error.text
        self._did("service.scale", t=t, service=self.number, refused=refused, **asked)
        return refused

    def scale_from_inside(self, vm: int, role: str, cardinality: int) -> str | None:
        """Ask for another cardinality of a role through OneGate, as a VM of the service; recorded as `scale` does."""
        self.observer.look()
        t, refused = time.monotonic(), None
        with self.gate(vm) as gate:
            try:
                gate.scale(role, cardinality)
            except CloudRefused as error:
                refused = error.text
        self._did(
            "service.scale",
            t=t,
            service=self.number,
            role=role,
            cardinality=cardinality,
            by=f"VM {vm}",
            refused=refused,
        )
        return refused

    def put_metric(self, vm: int, body: str) -> int:
        """Send a body to OneGate as that VM, as it is; returns the HTTP status."""
        with self.gate(vm) as gate:
            # As `curl -d` sends it, which the specification's example uses.
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            status = gate.http.ask("PUT", "/vm", content=body, headers=headers).status_code
        self._did("metric.put", vm=vm, body=body, status=status)
        return status

    def put_policies(
        self, role: str, elasticity: Sequence[Mapping[str, Any]] = (), scheduled: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Replace the policies of a role while the service runs.

        Raises:
            CloudRefused: OneFlow does not take them, or not now.
        """
        policies = {"elasticity_policies": list(elasticity), "scheduled_policies": list(scheduled)}
        # So that what was scaled by the policies before is seen before these.
        self.observer.look()
        t, refused = time.monotonic(), None
        try:
            self.flow.set_policies(self.number, role, policies)
        except CloudRefused as error:
            refused = error.text
            raise
        finally:
            # The time before it: what the new policies do comes later, however late this thread is.
            self._did("policies.put", t=t, service=self.number, role=role, refused=refused, **policies)

    def act(self, vm: int, action: str) -> None:
        """Do something with a VM behind OneFlow's back: terminate-hard, poweroff-hard, resume and others."""
        self.oned.act(vm, action)
        self._did("vm.act", vm=vm, action=action)

    def read(self, vm: int) -> VmSeen:
        """Read a VM as oned has it now, and record it: `vm.read`, with all places in which an attribute can be."""
        seen = self.oned.vm(vm)
        self._did(
            "vm.read",
            vm=vm,
            user_template=dict(seen.user_template),
            monitoring=dict(seen.monitoring),
            template=dict(seen.template),
            own={"ID": vm, "STATE": int(seen.state), "LCM_STATE": int(seen.lcm), "STIME": seen.born},
        )
        return seen

    def delete(self) -> None:
        """End the service.

        Raises:
            CloudRefused: Not in this state.
        """
        self.flow.delete(self.number)
        self._did("service.delete", service=self.number)

    # -- time and seeing

    @property
    def observer(self) -> Observer:
        """What follows the service."""
        assert self._observer is not None, "the cloud is used outside its `with`"
        return self._observer

    def advance(self, seconds: float, *, look_every: float) -> None:
        """Move a simulated clock, and look at the service every so many of its seconds.

        Raises:
            HarnessError: The cloud lives in the machine's time.
        """
        if not self._simulated:
            raise HarnessError("only a cloud on a simulated clock can be advanced")
        left = seconds
        while left > 0:
            step = min(left, look_every)
            self._embedded.advance(step)
            self.observer.look()
            left -= step
        self._did("clock.advance", seconds=seconds)
