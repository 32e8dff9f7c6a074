"""VMs and services as OneGate shows them to a VM."""

from __future__ import annotations

from typing import Any

from harness.cloud.embedded.oned.core import Oned
from harness.cloud.embedded.oned.objects import Document
from harness.cloud.embedded.oned.raw import as_hash
from harness.cloud.embedded.oned.vm import Vm

_NIC = frozenset(
    {"IP", "IP6_LINK", "IP6_SITE", "IP6_GLOBAL", "NETWORK", "MAC", "NAME", "PARENT", "EXTERNAL", "EXTERNAL_IP"}
)


def vm_hash(vm: Vm) -> dict[str, Any]:
    """A VM: what it is called, its state, its user template, and its addresses."""
    described = {name: value for name, value in as_hash(vm.user_template).items() if name != "SCHED_MESSAGE"}
    template = {name: _nics(vm, name) for name in ("NIC", "NIC_ALIAS")}
    return {
        "VM": {
            "NAME": vm.name,
            "ID": str(vm.id),
            "STATE": str(int(vm.state)),
            "LCM_STATE": str(int(vm.lcm)),
            "USER_TEMPLATE": described,
            "TEMPLATE": template,
        }
    }


def _nics(vm: Vm, name: str) -> list[dict[str, str]]:
    nics = [nic for nic in vm.template.get(name, []) if isinstance(nic, dict)]
    return [{key: value for key, value in nic.items() if key in _NIC} for nic in nics]


def service_hash(document: Document, oned: Oned, *, extended: bool) -> dict[str, Any]:
    """A service: its roles and their VMs, each in short or (extended) whole."""
    roles = [
        {
            "name": role["name"],
            "cardinality": role.get("cardinality"),
            "state": role.get("state"),
            "nodes": [_node(node, oned, extended=extended) for node in role.get("nodes") or []],
        }
        for role in document.body["roles"]
    ]
    body = {"name": document.name, "id": str(document.id), "state": document.body.get("state"), "roles": roles}
    return {"SERVICE": body}


def _node(node: dict[str, Any], oned: Oned, *, extended: bool) -> dict[str, Any]:
    info = node.get("vm_info")
    if extended:
        vm = oned.pools.vms[node["deploy_id"]]
        oned.probe(vm)
        info = {"VM": vm.whole()}
    return {"deploy_id": node["deploy_id"], "running": node.get("running"), "vm_info": info}
