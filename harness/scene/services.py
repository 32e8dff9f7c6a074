"""Federations that are OneFlow services, as scenarios speak of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from harness.cloud.embedded.oned import raw
from harness.cloud.states import ServiceState
from harness.cloud.templates import SUPERNODE, ServiceTemplate
from harness.errors import Inconclusive, InputError
from harness.flower.service import Service
from harness.scene.scene import Scene

_LEFT_OUT = ("template_id", "elasticity_policies", "scheduled_policies")
_NUMBERS = ("min_vms", "max_vms", "cooldown")


def sized(template: ServiceTemplate, nodes: int, given: Mapping[str, str]) -> dict[str, Any]:
    """The service template under test with that many SuperNodes, without policies: scenarios give them in their time.

    Args:
        template: The template.
        nodes: Cardinality of the SuperNodes' role.
        given: `min_vms` (1 when it is not given), `max_vms`, `cooldown` of that role.

    Raises:
        InputError: There is no such setting, or a number is none.
    """
    changes: dict[str, Any] = {"cardinality": nodes, "min_vms": 1}
    for name, value in given.items():
        if name not in _NUMBERS:
            raise InputError(f"a service of SuperNodes has no setting {name!r}; it has {', '.join(_NUMBERS)}")
        if not value.isdigit():
            raise InputError(f"{name} of a service is a number, not {value!r}")
        changes[name] = int(value)
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


def boot(scene: Scene, nodes: int, context: Mapping[str, str], *, held: bool) -> Service:
    """Deploy a service whose VMs all boot at once, with more in the context of the SuperNodes', and wait for none.

    Args:
        scene: The scenario.
        nodes: SuperNodes.
        context: Context variables.
        held: Whether the SuperLink is not ready until it is released.
    """
    service = scene.make_service(held=held)
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
    service = scene.make_service()
    cloud = scene.open_cloud(lambda: service.machines)
    cloud.deploy(sized(scene.service_template, nodes, given), scene.vm_templates)
    cloud.wait(ServiceState.RUNNING)
    service.watch_control_api()
    service.wait_online(range(1, nodes + 1))
    return service


def scale(scene: Scene, cardinality: int) -> None:
    """Scale the SuperNodes' role by hand.

    Raises:
        Inconclusive: OneFlow refused.
    """
    refused = scene.cloud.scale(SUPERNODE, cardinality)
    if refused is not None:
        raise Inconclusive(f"OneFlow refused to scale {SUPERNODE} to {cardinality}: {refused}")


def give_policy(scene: Scene, text: str) -> None:
    """Give the SuperNodes' role one elasticity policy, written as the JSON of a service template.

    Raises:
        InputError: The text is no JSON object.
    """
    try:
        policy = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"a policy of a scenario is not JSON: {error}") from error
    if not isinstance(policy, dict):
        raise InputError(f"a policy of a scenario is a JSON object, not {text.strip()!r}")
    scene.cloud.put_policies(SUPERNODE, [policy])


def publish(scene: Scene, node: int, text: str) -> None:
    """Publish something as the VM of a node, through OneGate with its own token.

    Raises:
        Inconclusive: OneGate refused.
    """
    status = scene.cloud.put_metric(scene.service.nodes[node].vm, text)
    if status != 200:  # noqa: PLR2004 - HTTP's
        raise Inconclusive(f"OneGate answered {status} to `{text}` of node {node}")


def read_logs(scene: Scene) -> None:
    """Read the logs of the SuperLink and of the run, and record them."""
    scene.recorder.record("scenario", "logs.read", text=scene.service.logs())
