"""Federations that are OneFlow services, as scenarios speak of them."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from typing import Any

from harness.cloud.embedded.oned import raw
from harness.cloud.states import ServiceState
from harness.cloud.templates import SUPERNODE, ServiceTemplate
from harness.errors import InputError, Unavailable
from harness.flower.service import Service
from harness.scene.elasticity import role_numbers
from harness.scene.scene import Scene

_TOOLS = ("bash", "curl", "jq")
_LEFT_OUT = ("template_id", "elasticity_policies", "scheduled_policies")


def sized(template: ServiceTemplate, nodes: int, given: Mapping[str, str]) -> dict[str, Any]:
    """The service template under test with that many SuperNodes, without policies: scenarios give them in their time.

    Args:
        template: The template.
        nodes: Cardinality of the SuperNodes' role.
        given: `min_vms` (1 when it is not given), `max_vms`, `cooldown` of that role.

    Raises:
        InputError: There is no such setting, or a number is none.
    """
    changes = {"cardinality": nodes, "min_vms": 1, **role_numbers(given)}
    body = copy.deepcopy(dict(template.body))
    # Its number of a VM template is one of its author's cloud.
    bare = [{name: it for name, it in role.items() if name not in _LEFT_OUT} for role in body["roles"]]
    body["roles"] = [role | changes if role["name"] == SUPERNODE else role for role in bare]
    return body


def in_context(vm_template: str, context: Mapping[str, str]) -> str:
    """A VM template whose CONTEXT has these variables, in place of its own ones of those names.

    Raises:
        InputError: It has no CONTEXT.
    """
    attributes = raw.parse(vm_template)
    known = attributes.get("CONTEXT", [None])[0]
    if not isinstance(known, dict):
        raise InputError("the VM template of the SuperNodes has no CONTEXT: its boot script would be told nothing")
    attributes["CONTEXT"] = [known | dict(context)]
    return raw.write(attributes)


def _made(scene: Scene, *, held: bool = False, edge: bool = False) -> Service:
    """The service of a scenario, where this machine has what the reference boot scripts call.

    Raises:
        Unavailable: It has not.
    """
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        raise Unavailable(
            f"boot scripts run as processes of this machine, and need {' and '.join(missing)}: install it"
        )
    return scene.make_service(held=held, edge=edge)


def boot(scene: Scene, nodes: int, context: Mapping[str, str], *, held: bool = False, edge: bool = False) -> Service:
    """Deploy a service whose VMs all boot at once, with more in the context of the SuperNodes', and wait for none.

    Args:
        scene: The scenario.
        nodes: SuperNodes.
        context: Context variables.
        held: Whether the SuperLink is not ready until it is released.
        edge: Whether the VM of node 1 boots the edge image.
    """
    service = _made(scene, held=held, edge=edge)
    cloud = scene.open_cloud(lambda: service.machines)
    templates = dict(scene.vm_templates)
    templates[SUPERNODE] = in_context(templates[SUPERNODE], context)
    body = sized(scene.service_template, nodes, {}) | {"deployment": "none", "ready_status_gate": False}
    cloud.deploy(body, templates)
    cloud.wait(ServiceState.RUNNING)
    scene.recorder.record("scenario", "context.given", context=dict(context))
    if not held:
        service.watch_control_api()
    return service


def release(scene: Scene) -> None:
    """Let a SuperLink that was held back become ready, and wait until it answers."""
    scene.service.release_superlink()
    scene.service.watch_control_api()


def deploy(scene: Scene, nodes: int, given: Mapping[str, str]) -> Service:
    """Deploy a service with that many SuperNodes and wait until all of them are online.

    Raises:
        InputError: See `sized`.
        WaitAborted: The service failed.
    """
    service = _made(scene)
    cloud = scene.open_cloud(lambda: service.machines)
    # It takes seconds to start, in which the VMs boot.
    service.start_observer()
    cloud.deploy(sized(scene.service_template, nodes, given), scene.vm_templates)
    cloud.wait(ServiceState.RUNNING)
    service.watch_control_api()
    service.wait_online(range(1, nodes + 1))
    return service


def read_logs(scene: Scene) -> None:
    """Read the logs of the SuperLink and of the run, and record them."""
    scene.recorder.record("scenario", "logs.read", text=scene.service.logs())
