"""XML of oned's objects, from nested dictionaries."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from harness.cloud.embedded.oned.objects import Document, Host, Image, VmTemplate
from harness.cloud.embedded.oned.raw import as_hash
from harness.cloud.embedded.oned.vm import PERMISSIONS, Vm
from harness.cloud.embedded.settings import User

_FREE_TEXT = frozenset({"TEMPLATE", "USER_TEMPLATE", "BODY"})


def write(name: str, value: Any, *, free: bool = False) -> str:
    """One element; a list is written as one element each. Texts of templates are CDATA, as oned writes them."""
    if isinstance(value, list):
        return "".join(write(name, item, free=free) for item in value)
    if isinstance(value, dict):
        inner = "".join(write(key, item, free=free or name in _FREE_TEXT) for key, item in value.items())
        return f"<{name}>{inner}</{name}>"
    text = str(value)
    if not free:
        return f"<{name}>{escape(text)}</{name}>"
    return f"<{name}><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"


def _owner(number: int, uid: int, uname: str, name: str) -> dict[str, Any]:
    return {
        "ID": number,
        "UID": uid,
        "GID": uid,
        "UNAME": uname,
        "GNAME": uname,
        "NAME": name,
        "PERMISSIONS": dict(PERMISSIONS),
    }


def vm(item: Vm, *, extended: bool = True) -> str:
    """A VM, whole or as the short list has it: without permissions and without what describes it."""
    whole = item.whole()
    if not extended:
        whole["USER_TEMPLATE"] = {}
        del whole["PERMISSIONS"]
    return write("VM", whole)


def monitoring(item: Vm) -> str:
    """The monitoring record of a VM; nothing when it has none."""
    return write("MONITORING", dict(sorted(item.monitoring.items()))) if item.monitoring else ""


def document(item: Document) -> str:
    """A document; its body is JSON in a text."""
    body = {"BODY": json.dumps(item.body, ensure_ascii=False)}
    head = _owner(item.id, item.uid, item.uname, item.name)
    permissions = head.pop("PERMISSIONS") | item.permissions
    return write("DOCUMENT", {**head, "TYPE": item.kind, "PERMISSIONS": permissions, "TEMPLATE": body})


def template(item: VmTemplate) -> str:
    """A VM template."""
    head = _owner(item.id, item.uid, item.uname, item.name)
    return write("VMTEMPLATE", {**head, "REGTIME": item.registered, "TEMPLATE": as_hash(item.attributes)})


def host(item: Host, vms: list[int]) -> str:
    """A host that is MONITORED, with room for everything."""
    share = {"MEM_USAGE": 0, "CPU_USAGE": 0, "TOTAL_MEM": 16777216, "TOTAL_CPU": 800, "MAX_MEM": 16777216}
    share |= {"MAX_CPU": 800, "RUNNING_VMS": len(vms), "VMS_THREAD": 1}
    nothing: dict[str, Any] = {}
    body = {
        "ID": item.id,
        "NAME": item.name,
        "STATE": 2,
        "PREV_STATE": 2,
        "IM_MAD": "dummy",
        "VM_MAD": "dummy",
        "CLUSTER_ID": 0,
        "CLUSTER": "default",
        "HOST_SHARE": {**share, "PCI_DEVICES": nothing, "NUMA_NODES": nothing},
        "VMS": {"ID": vms},
        "TEMPLATE": nothing,
        "MONITORING": nothing,
    }
    return write("HOST", body)


def image(item: Image) -> str:
    """A data block that is READY and not used."""
    head = _owner(item.id, item.uid, item.uname, item.name)
    body = {
        **head,
        "TYPE": 2,
        "DISK_TYPE": 0,
        "PERSISTENT": 0,
        "REGTIME": item.registered,
        "MODTIME": item.registered,
        "SOURCE": f"/var/lib/one/datastores/1/{item.id}",
        "PATH": "",
        "FORMAT": "raw",
        "FS": "",
        "SIZE": item.size,
        "STATE": 1,
        "PREV_STATE": 4,
        "RUNNING_VMS": 0,
        "CLONING_OPS": 0,
        "CLONING_ID": -1,
        "TARGET_SNAPSHOT": -1,
        "DATASTORE_ID": 1,
        "DATASTORE": "default",
        "VMS": {},
        "CLONES": {},
        "APP_CLONES": {},
        "TEMPLATE": as_hash(item.attributes),
        "SNAPSHOTS": {"ALLOW_ORPHANS": "NO", "CURRENT_BASE": -1, "NEXT_SNAPSHOT": 0},
        "BACKUP_INCREMENTS": {},
        "BACKUP_DISK_IDS": {},
    }
    return write("IMAGE", body)


def user(item: User, *, secrets: bool) -> str:
    """A user; with the token password only for one who may see it."""
    template_of = {"TOKEN_PASSWORD": item.token_password} if secrets else {}
    body = {
        "ID": item.id,
        "GID": item.id,
        "GROUPS": {"ID": item.id},
        "GNAME": item.name,
        "NAME": item.name,
        "PASSWORD": "x",
        "AUTH_DRIVER": "core",
        "ENABLED": 1,
        "TEMPLATE": template_of,
    }
    return write("USER", body)
