"""From a VM template to a VM: which attributes make the machine, which describe it, and its context."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from harness.cloud.embedded.oned.raw import Attributes

_MACHINE = frozenset(
    {
        "BACKUP_CONFIG",
        "CONTEXT",
        "CPU",
        "CPU_COST",
        "CPU_MODEL",
        "DISK",
        "DISK_COST",
        "EMULATOR",
        "FEATURES",
        "GRAPHICS",
        "INPUT",
        "MEMORY",
        "MEMORY_COST",
        "MEMORY_MAX",
        "MEMORY_SLOTS",
        "NIC",
        "NIC_ALIAS",
        "NUMA_NODE",
        "OS",
        "PCI",
        "PUBLIC_CLOUD",
        "RAW",
        "SPICE_OPTIONS",
        "TOPOLOGY",
        "TPM",
        "VCPU",
        "VCPU_MAX",
        "VIDEO",
        "VMGROUP",
        "VROUTER_ID",
    }
)
_REFERENCE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Birth:
    """What oned itself adds to a VM.

    Attributes:
        vm_id: Its number.
        name: Its name.
        template_id: Number of its VM template.
        created_by: Number of the user who asked for it.
        onegate: Endpoint of OneGate, for VMs whose context asks for a token.
    """

    vm_id: int
    name: str
    template_id: int
    created_by: int
    onegate: str


def split(attributes: Attributes, birth: Birth) -> tuple[Attributes, Attributes]:
    """TEMPLATE and USER_TEMPLATE of the VM that is made of `attributes`."""
    machine = {name: list(values) for name, values in attributes.items() if name in _MACHINE}
    described = {name: list(values) for name, values in attributes.items() if name not in _MACHINE and name != "NAME"}
    context = machine.get("CONTEXT")
    if context and isinstance(context[0], dict):
        machine["CONTEXT"] = [_context(context[0], {**machine, **described}, birth)]
    system = machine.get("OS")
    boot = dict(system[0]) if system and isinstance(system[0], dict) else {}
    boot.setdefault("UUID", str(uuid.uuid4()))
    machine["OS"] = [boot]
    machine["AUTOMATIC_REQUIREMENTS"] = ["!(PIN_POLICY = PINNED)"]
    machine["CREATED_BY"] = [str(birth.created_by)]
    machine["TEMPLATE_ID"] = [str(birth.template_id)]
    machine["VMID"] = [str(birth.vm_id)]
    return machine, described


def _context(given: dict[str, str], known: Attributes, birth: Birth) -> dict[str, str]:
    own = {"VMID": str(birth.vm_id), "NAME": birth.name, "TEMPLATE_ID": str(birth.template_id)}

    def value_of(found: re.Match[str]) -> str:
        name = found.group(1).upper()
        if name in own:
            return own[name]
        values = known.get(name, [""])
        return values[0] if isinstance(values[0], str) else ""

    context = {name: _REFERENCE.sub(value_of, value) for name, value in given.items()}
    context.setdefault("DISK_ID", "0")
    context.setdefault("TARGET", "hda")
    if context.get("TOKEN", "").upper() == "YES":
        context["ONEGATE_ENDPOINT"] = birth.onegate
        context["VMID"] = str(birth.vm_id)
    return context
