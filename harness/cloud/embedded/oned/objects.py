"""Hosts, VM templates, documents and images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.cloud.embedded.oned.raw import Attributes

DOCUMENT_SERVICE, DOCUMENT_SERVICE_TEMPLATE = 100, 101


@dataclass(frozen=True)
class Host:
    """A host: number and name; always MONITORED."""

    id: int
    name: str


@dataclass
class VmTemplate:
    """A VM template: number, name, owner, and the attributes of the VMs that are made of it."""

    id: int
    name: str
    uid: int
    uname: str
    attributes: Attributes
    registered: int = 0


@dataclass
class Document:
    """A document: OneFlow keeps services (type 100) and service templates (type 101) in them, as JSON.

    Attributes:
        id: Number.
        kind: Type.
        name: Name; that of a service differs from its body's after a rename.
        uid: Number of its owner.
        uname: Name of its owner.
        body: The JSON object.
        permissions: By name, "1" or "0".
    """

    id: int
    kind: int
    name: str
    uid: int
    uname: str
    body: dict[str, Any]
    permissions: dict[str, str]


@dataclass
class Image:
    """A data block: number, name, owner, size in MiB."""

    id: int
    name: str
    uid: int
    uname: str
    size: int
    attributes: Attributes = field(default_factory=dict)
    registered: int = 0
