"""What scenarios of OneFlow's elasticity do and wait for, on services whose VMs need not run anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.cloud.embedded.clock import SimulatedClock
from harness.cloud.embedded.settings import Settings
from harness.cloud.errors import CloudRefused
from harness.cloud.states import ServiceState
from harness.cloud.templates import SUPERLINK, SUPERNODE
from harness.errors import HarnessError, Inconclusive, InputError, WaitTimeout
from harness.history import elasticity
from harness.hypervisor import Measurement
from harness.hypervisor.dummy import DummyHypervisor
from harness.scene.scene import Scene
from harness.waiting import wait_until

MONDAY = 1_795_392_000
"""Where simulated clocks begin: Monday, 23 November 2026, 00:00 UTC, seconds since the epoch."""

LOOK_EVERY = 6 * 3600.0
"""Seconds of a simulated clock between two looks: OneFlow's log holds 50 entries, a scaling makes four of them."""

_DEPLOYED = 60.0
_VM = 'NAME = "flower"\nCPU = "1"\nVCPU = "2"\nMEMORY = "64"\nCONTEXT = [ TOKEN = "YES" ]\n'
_NUMBERS = ("min_vms", "max_vms", "cooldown")
_POLICY_TEXTS = frozenset({"type", "expression", "recurrence", "start_time"})
_PERIOD = 0
"""Of policies that give none: evaluated in every pass."""

_PUT_TIMEOUT = 60.0


def service(nodes: int, given: Mapping[str, str], scheduled: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A small service of a SuperLink and SuperNodes, neither with policies on attributes.

    Args:
        nodes: Cardinality of the SuperNodes' role.
        given: `min_vms` (1), `max_vms` (10) and `cooldown` (1) of both roles.
        scheduled: Scheduled policies of the SuperNodes' role.

    Raises:
        InputError: There is no such setting, or a number is none.
    """
    numbers = {"min_vms": 1, "max_vms": 10, "cooldown": 1, **role_numbers(given)}
    superlink = {"name": SUPERLINK, "type": "vm", "cardinality": 1, **numbers, "min_vms": 1}
    supernode = {"name": SUPERNODE, "type": "vm", "cardinality": nodes, **numbers, "parents": [SUPERLINK]}
    if scheduled:
        supernode["scheduled_policies"] = [dict(policy) for policy in scheduled]
    return {"name": "flower", "deployment": "straight", "roles": [superlink, supernode]}


def role_numbers(given: Mapping[str, str]) -> dict[str, int]:
    """Settings of a role from a table.

    Raises:
        InputError: There is no such setting, or a number is none.
    """
    if unknown := [name for name in given if name not in _NUMBERS]:
        raise InputError(f"a service has no setting {unknown[0]!r}; it has {', '.join(_NUMBERS)}")
    return {name: _number(name, value) for name, value in given.items()}


def deploy(scene: Scene, nodes: int, given: Mapping[str, str]) -> None:
    """Deploy a small service on a cloud whose VMs run nothing, and wait until it runs.

    Raises:
        InputError: See `service`.
        WaitTimeout: It does not run.
    """
    scene.open_cloud().deploy(service(nodes, given), {SUPERLINK: _VM, SUPERNODE: _VM})
    scene.cloud.wait()


def deploy_in_simulated_time(scene: Scene, body: Mapping[str, Any], vms: Mapping[str, str] | None = None) -> None:
    """Deploy a service on a cloud with a clock of its own and OpenNebula's default settings.

    Its VMs run nothing, so that nothing could report READY: the gate is left out. Their CPU is at 50 %.

    Raises:
        HarnessError: The service does not run.
    """
    cloud = scene.open_cloud(settings=Settings(), clock=SimulatedClock(MONDAY))
    set_cpu(scene, 50)
    cloud.deploy({**body, "ready_status_gate": False}, vms or {SUPERLINK: _VM, SUPERNODE: _VM})
    cloud.advance(_DEPLOYED, look_every=_DEPLOYED)
    if (state := cloud.service().state) is not ServiceState.RUNNING:
        raise HarnessError(f"the service does not run {_DEPLOYED:g} s after its deployment: {state.name}")


def set_cpu(scene: Scene, percent: float) -> None:
    """Let the VMs' CPU be at that many per cent, as the probes see it, from now on.

    Raises:
        HarnessError: The VMs are real.
    """
    hypervisor = scene.cloud.hypervisor
    if not isinstance(hypervisor, DummyHypervisor):
        raise HarnessError("the CPU of real VMs is what they use of it")
    seen = Measurement(cpu=percent, memory=1 << 20)
    hypervisor.behaviour.measure = lambda _: seen
    scene.recorder.record("scenario", "cpu.set", percent=percent)


def policies(table: Sequence[Sequence[object]]) -> list[dict[str, Any]]:
    """Policies from a table: the names of fields in its first row, a policy in each other; an empty cell is left out.

    Raises:
        InputError: A number is none, or a row has not as many cells as the first.
    """
    names, *rows = [[str(cell).strip() for cell in row] for row in table]
    found = []
    for row in rows:
        if len(row) != len(names):
            raise InputError(f"a policy has {len(names)} fields ({', '.join(names)}), not {row!r}")
        given = {name: value for name, value in zip(names, row, strict=True) if value}
        policy: dict[str, Any] = {
            name: value if name in _POLICY_TEXTS else _number(name, value) for name, value in given.items()
        }
        if "expression" in policy:
            policy = {"period": _PERIOD, "period_number": 1, "cooldown": 1, **policy}
        found.append(policy)
    return found


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{name} is a number, not {text!r}") from error


def give(scene: Scene, role: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Give a role these elasticity policies in place of its own, as soon as the service runs.

    A policy that OneFlow refuses is recorded: that may be just what a claim is about.

    Raises:
        Inconclusive: The service does not come to rest.
    """

    def put() -> bool:
        scene.cloud.wait()
        try:
            scene.cloud.put_policies(role, given)
        except CloudRefused as refused:
            # It scales again: refused is the time, not the policy.
            return "cannot be updated in state" not in refused.text
        return True

    try:
        wait_until(put, what=f"a moment to give role {role} its policies", timeout=_PUT_TIMEOUT)
    except WaitTimeout as error:
        raise Inconclusive(str(error)) from error


def publish(scene: Scene, role: str, body: str, places: Sequence[int] | None = None) -> None:
    """Publish something as VMs of a role, all or those at these places of its list; the youngest first.

    The first place is 1, that of the oldest. A VM that is removed meanwhile need not publish any more.

    Raises:
        Inconclusive: OneGate did not take it, or there is no such VM.
    """
    nodes = scene.cloud.nodes(role)
    if places is not None and max(places) > len(nodes):
        raise Inconclusive(f"role {role} has {len(nodes)} VMs, not {max(places)}")
    for node in reversed(nodes if places is None else [nodes[place - 1] for place in sorted(places)]):
        status = scene.cloud.put_metric(node, body)
        if status != 200 and node in scene.cloud.nodes(role):  # noqa: PLR2004 - HTTP's
            raise Inconclusive(f"OneGate answered {status} to `{body}` of VM {node}")
    scene.cloud.observer.look()


Condition = Callable[[Scene, re.Match[str]], object]


def _has(scene: Scene, found: re.Match[str]) -> object:
    seen = scene.history.last("role.seen", role=found[1])
    return seen is not None and seen["cardinality"] == len(seen["nodes"]) == int(found[2])


def _is(scene: Scene, found: re.Match[str]) -> object:
    seen = scene.history.last("service.seen")
    return seen is not None and seen["state"] == found[1]


def _evaluated(scene: Scene, found: re.Match[str]) -> object:
    """So often since what was done last; or the role has scaled since, which ends the evaluations."""
    history = scene.history
    done = [event.t for kind in ("policies.put", "metric.put", "vm.read") for event in history.of(kind)]
    since = max(done, default=0.0)
    seen = elasticity.evaluations(history, found[2], int(found[1]) - 1, since=since)
    return len(seen) >= int(found[3]) or elasticity.scalings(history, found[2], since=since)


def _true(scene: Scene, found: re.Match[str]) -> object:
    seen = scene.history.last("policy.seen", role=found[2], policy=int(found[1]) - 1)
    return seen is not None and (seen["true_evals"] or 0) >= int(found[3])


CONDITIONS: Mapping[str, Condition] = {
    r"role (\w+) has (\d+) VMs?": _has,
    r"the service is (\w+)": _is,
    r"policy (\d+) of role (\w+) has been evaluated (\d+) times": _evaluated,
    r"policy (\d+) of role (\w+) has been true (\d+) times": _true,
}
"""What `at most N s pass until …` can wait for, besides what `harness/scene/moments.py` knows."""
