"""Follows a service and its VMs, and reports what changes.

What is reported, by kind: `service.seen` (state), `role.seen` (state, cardinality, nodes in OneFlow's order),
`policy.seen` (a policy on attributes: what its last evaluation gave), `schedule.seen` (a scheduled one), `flow.log` (an
entry of the service's log, with OneFlow's own time), `vm.seen` (states), `vm.metrics` (what its user template has) and
`cloud.error` (the cloud did not answer, or refused).
"""

from __future__ import annotations

import threading
import xmlrpc.client
from collections.abc import Callable, Hashable, Mapping
from types import TracebackType
from typing import Any, Self

import pyone
import requests

from harness.cloud.endpoints import Endpoints
from harness.cloud.errors import CloudRefused
from harness.cloud.oned import Oned, VmSeen
from harness.cloud.oneflow import OneFlow, RoleSeen, ServiceSeen
from harness.cloud.states import LcmState
from harness.errors import HarnessError

Observe = Callable[[str, Mapping[str, Any]], None]
"""Takes what was seen: its kind, and its data."""

INTERVAL = 0.25
"""Seconds between two looks at a service: an eighth of the autoscaler's interval in scenarios, so that each of its
evaluations is seen."""

VMS_EVERY = 2
"""Looks at the service for each look at the VMs, which costs more (1 ms and 4 ms of CPU for six VMs, measured)."""

GONE = "GONE"
"""The state of a service that OneFlow no longer knows."""

_ONEFLOWS_OWN = frozenset({"SERVICE_ID", "ROLE_NAME"})
_NOT_FOUND = 404


class Observer:
    """Looks at one service again and again, in a thread of its own; a context manager.

    What the cloud refuses, or does not answer, is reported and tried again.

    Args:
        endpoints: Of the cloud.
        observe: Takes what changes; called from the observer's thread and from those that call `look`.
        live: Whether it looks by itself; else by `look` only.
    """

    def __init__(self, endpoints: Endpoints, observe: Observe, *, live: bool = True) -> None:
        self._flow, self._oned = OneFlow(endpoints), Oned(endpoints)
        self._observe = observe
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._service: int | None = None
        self._known: dict[Hashable, Mapping[str, Any]] = {}
        self._logged: list[Mapping[str, Any]] = []
        self._vms: dict[int, VmSeen] = {}
        self._thread = threading.Thread(target=self._look_for_ever, name="cloud-observer", daemon=True)
        self._live = live

    def __enter__(self) -> Self:
        if self._live:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._flow.http.close()

    def follow(self, service: int) -> None:
        """Look at this service from now on."""
        with self._lock:
            self._service, self._logged = service, []

    def look(self, *, vms: bool = True) -> None:
        """Look now; return when what changed was reported."""
        with self._lock:
            if self._service is None:
                return
            try:
                self._look_at_service(self._service)
                if vms:
                    self._look_at_vms()
            # pyone lets through what XML-RPC and requests raise.
            except (HarnessError, pyone.OneException, xmlrpc.client.Error, requests.RequestException) as error:
                self._report("cloud.error", (), {"error": f"{type(error).__name__}: {error}"})
            else:
                self._known.pop(("cloud.error",), None)

    def _look_for_ever(self) -> None:
        looks = 0
        while not self._stop.wait(INTERVAL):
            self.look(vms=looks % VMS_EVERY == 0)
            looks += 1

    def _report(self, kind: str, which: tuple[Hashable, ...], data: Mapping[str, Any]) -> None:
        """Report what differs from what was reported of the same thing before."""
        key = (kind, *which)
        if self._known.get(key) != data:
            self._known[key] = data
            self._observe(kind, data)

    def _look_at_service(self, number: int) -> None:
        try:
            service = self._flow.service(number)
        except CloudRefused as refused:
            if refused.status != _NOT_FOUND:
                raise
            self._report("service.seen", (number,), {"service": number, "state": GONE})
            return
        self._report_log(service)
        self._report("service.seen", (number,), {"service": number, "state": service.state.name})
        for role in service.roles.values():
            self._report_role(number, role)

    def _report_log(self, service: ServiceSeen) -> None:
        log = list(service.body.get("log") or [])
        # The log keeps its last entries only: what is new is what follows the longest end of the old one.
        old = self._logged
        kept = next((size for size in range(min(len(old), len(log)), 0, -1) if old[-size:] == log[:size]), 0)
        for entry in log[kept:]:
            at, text = entry.get("timestamp"), entry.get("message")
            self._observe("flow.log", {"service": service.id, "at": at, "message": text})
        self._logged = log

    def _report_role(self, service: int, role: RoleSeen) -> None:
        which = {"service": service, "role": role.name}
        seen = {**which, "state": role.state.name, "cardinality": role.cardinality, "nodes": list(role.nodes)}
        self._report("role.seen", (service, role.name), seen)
        for index, policy in enumerate(role.body.get("elasticity_policies") or []):
            data = {
                **which,
                "policy": index,
                "expression": policy.get("expression"),
                "evaluated": policy.get("expression_evaluated"),
                "true_evals": policy.get("true_evals"),
                "last_eval": policy.get("last_eval"),
            }
            self._report("policy.seen", (service, role.name, index), data)
        for index, policy in enumerate(role.body.get("scheduled_policies") or []):
            planned = policy.get("start_time") or policy.get("recurrence")
            data = {**which, "schedule": index, "planned": planned, "last_eval": policy.get("last_eval")}
            self._report("schedule.seen", (service, role.name, index), data)

    def _look_at_vms(self) -> None:
        living = {vm.id: vm for vm in self._oned.vms() if vm.user_template.get("SERVICE_ID") == str(self._service)}
        # The pool leaves out those that are DONE.
        ended = {number: self._oned.vm(number) for number in self._vms if number not in living}
        for number, vm in sorted({**living, **ended}.items()):
            self._report_vm(number, vm)
        self._vms = living

    def _report_vm(self, number: int, vm: VmSeen) -> None:
        lcm = vm.lcm.name if isinstance(vm.lcm, LcmState) else str(vm.lcm)
        role = vm.user_template.get("ROLE_NAME")
        self._report("vm.seen", (number,), {"vm": number, "role": role, "state": vm.state.name, "lcm": lcm})
        metrics = {name: value for name, value in vm.user_template.items() if name not in _ONEFLOWS_OWN}
        if metrics or ("vm.metrics", number) in self._known:
            self._report("vm.metrics", (number,), {"vm": number, "metrics": metrics})
