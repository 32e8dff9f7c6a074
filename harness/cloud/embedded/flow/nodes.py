"""Creating and ending the VMs of a role."""

from __future__ import annotations

from typing import Any

from harness.cloud.embedded import ruby
from harness.cloud.embedded.flow.service import Role
from harness.cloud.embedded.flow.template import deep_merged
from harness.cloud.embedded.oned import raw
from harness.cloud.embedded.oned.core import DELETE, RETRY, Oned
from harness.cloud.embedded.oned.errors import OneError
from harness.cloud.embedded.settings import FlowSettings, User
from harness.cloud.states import FAILURES, VmState


class CannotDeploy(Exception):
    """A VM of a role could not be created; the text is OneFlow's."""


class CannotShutDown(Exception):
    """Not all VMs that had to be ended could be."""


def deploy(role: Role, oned: Oned, settings: FlowSettings) -> list[int]:
    """Create the VMs that a role lacks; returns their numbers.

    Raises:
        CannotDeploy: oned refused one. Those before it are there and stay in the role.
        ruby.RubyError: OneFlow itself breaks down (a VM template that is not there, with `template_contents`).
    """
    lacking = role.cardinality - len(role.nodes)
    if lacking == 0:
        return []
    if role.body.get("type", "vm") != "vm":
        raise CannotDeploy(f"roles of type {role.body['type']} are not supported by the embedded OpenNebula")
    if role.body.get("last_vmname") is None:
        role.body["last_vmname"] = 0
    template_id = ruby.to_i(role.body.get("template_id"))
    extra = _extra(role, template_id, oned)
    owner = _owner(role, oned)
    created = []
    for _ in range(lacking):
        name = settings.vm_name_template.replace("$SERVICE_ID", str(role.service.id))
        name = name.replace("$SERVICE_NAME", role.service.name).replace("$ROLE_NAME", role.name)
        name = name.replace("$VM_NUMBER", str(role.body["last_vmname"]))
        role.body["last_vmname"] += 1
        try:
            vm_id = oned.instantiate(template_id, name, extra, owner, hold=role.on_hold)
        except OneError as error:
            text = f"[one.template.instantiate] {error}"
            role.service.log(f"Role {role.name} : Instantiate failed for template {template_id}; {text}", "E")
            raise CannotDeploy(f"Error instantiating VM Template {template_id} in Role {role.name}: {text}") from error
        created.append(vm_id)
        role.nodes.append({"deploy_id": vm_id, "vm_info": {"VM": oned.vm(vm_id).owner()}})
    return created


def _owner(role: Role, oned: Oned) -> User:
    return oned.pools.users[role.service.document.uid]


def _extra(role: Role, template_id: int, oned: Oned) -> str:
    contents: dict[str, Any] = dict(role.body.get("template_contents") or {})
    if contents:
        try:
            template = oned.template(template_id)
        except OneError as error:
            role.service.log(f"Role {role.name} : Info template {template_id}; [one.template.info] {error}", "E")
            text = f"Error fetching Info to instantiate template {template_id} in Role {role.name}"
            raise ruby.RubyError(f"undefined method `instantiate' for {text}") from error
        # The core merges no vectors; a CONTEXT that is given would replace the template's.
        contents = deep_merged(dict(raw.as_hash(template.attributes)), contents, arrays=False)
    contents["SERVICE_ID"] = role.service.id
    contents["ROLE_NAME"] = role.name
    return _with_parents(_text(contents), role, oned)


def _text(contents: dict[str, Any]) -> str:
    lines = []
    for key, value in contents.items():
        if isinstance(value, dict):
            inner = ",\n".join(_text(value).splitlines())
            lines.append(f"{key} = [\n{inner}\n]\n")
        elif isinstance(value, list):
            lines += [_text({key: item}) for item in value]
        else:
            shown = value if isinstance(value, str) else "" if value is None else ruby.inspect(value)
            escaped = shown.replace('"', '\\"')
            lines.append(f'{key} = "{escaped}"\n')
    return "".join(lines)


def _with_parents(text: str, role: Role, oned: Oned) -> str:
    """`${parent.attribute}` replaced by what a VM of that parent has under the name; by nothing if none has it."""
    while (start := text.find("${")) >= 0 and (end := text.find("}", start)) > 0:
        parent, *path = text[start + 2 : end].split(".")
        text = text[:start] + _of_parent(parent, path, role, oned) + text[end + 1 :]
    return text


def _of_parent(parent: str, path: list[str], role: Role, oned: Oned) -> str:
    if parent not in role.parents or parent not in role.service.roles:
        return ""
    for number in role.service.roles[parent].node_ids:
        if number in oned.pools.vms:
            found = _find(oned.pools.vms[number].whole(), [part.upper() for part in path])
            if found is not None:
                return found
    return ""


def _find(tree: Any, path: list[str]) -> str | None:
    """The first text at that path, wherever in the tree the path begins."""
    at = tree
    for part in path:
        at = at.get(part) if isinstance(at, dict) else None
    if isinstance(at, str):
        return at
    below = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return next((found for inner in below if (found := _find(inner, path)) is not None), None)


def shut_down(role: Role, oned: Oned, settings: FlowSettings, *, recover: bool) -> list[int]:
    """End the VMs that a role has too many, the oldest first, or all when it has none too many.

    With fewer VMs than its cardinality the count is negative, and Ruby's slice then spares as many at the end.

    Raises:
        CannotShutDown: Not all could be ended.
    """
    surplus = len(role.nodes) - role.cardinality
    count = surplus or len(role.nodes)
    chosen = role.nodes[:count] if count > 0 else role.nodes[: len(role.nodes) + count] if count < 0 else role.nodes
    hard = (
        role.body.get("shutdown_action") or role.service.body.get("shutdown_action") or settings.shutdown_action
    ) == "terminate-hard"
    ended = [node["deploy_id"] for node in chosen if _end(node["deploy_id"], role, oned, hard=hard, recover=recover)]
    if len(ended) != count and count >= 0:
        raise CannotShutDown(f"Error undeploying nodes for role `{role.name}`")
    return ended


def _end(vm_id: int, role: Role, oned: Oned, *, hard: bool, recover: bool) -> bool:
    vm = oned.pools.vms.get(vm_id)
    action = "terminate-hard" if hard else "terminate"
    try:
        if recover and vm is not None and vm.state is VmState.ACTIVE and vm.lcm in FAILURES:
            oned.recover(vm_id, RETRY)
        else:
            oned.act(vm_id, action)
    except OneError as error:
        text = f"Terminate failed for VM {vm_id}, will perform a Delete; [one.vm.action] {error}"
        role.service.log(f"Role {role.name} : {text}", "E")
        return _delete(vm_id, role, oned, hard=hard)
    return True


def _delete(vm_id: int, role: Role, oned: Oned, *, hard: bool) -> bool:
    if not hard:
        try:
            oned.act(vm_id, "terminate-hard")
        except OneError:
            pass
        else:
            return True
    try:
        oned.recover(vm_id, DELETE)
    except OneError as error:
        role.service.log(f"Role {role.name} : Delete failed for VM {vm_id}; [one.vm.recover] {error}", "E")
        return False
    return True


def retry(role: Role, oned: Oned, settings: FlowSettings, *, gated: bool) -> list[int]:
    """Bring a role's VMs back to running and create those that lack; returns the numbers to wait for.

    Raises:
        CannotDeploy: As `deploy`.
    """
    tried = []
    for vm_id in role.node_ids:
        vm = oned.pools.vms.get(vm_id)
        if vm is None or (vm.running and not gated):
            continue
        try:
            if vm.state is VmState.ACTIVE and vm.lcm in FAILURES:
                oned.recover(vm_id, RETRY)
            else:
                oned.act(vm_id, "resume")
        except OneError:
            # OneFlow does not look at what a resume answers, and waits for the VM all the same.
            pass
        tried.append(vm_id)
    return tried + deploy(role, oned, settings)
