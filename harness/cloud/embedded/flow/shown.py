"""Documents as OneFlow's REST shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from harness.cloud.embedded.oned.objects import Document


def as_hash(document: Document) -> dict[str, Any]:
    """One document; numbers at this level are text."""
    return {
        "ID": str(document.id),
        "UID": str(document.uid),
        "GID": str(document.uid),
        "UNAME": document.uname,
        "GNAME": document.uname,
        "NAME": document.name,
        "TYPE": str(document.kind),
        "PERMISSIONS": dict(document.permissions),
        "TEMPLATE": {"BODY": document.body},
    }


def one(document: Document) -> str:
    """The answer that shows one document."""
    return json.dumps({"DOCUMENT": as_hash(document)}, indent=2, ensure_ascii=False)


def pool(documents: Iterable[Document]) -> str:
    """The answer that lists documents, the youngest first."""
    listed = [as_hash(item) for item in sorted(documents, key=lambda item: item.id, reverse=True)]
    inner: dict[str, Any] = {"DOCUMENT": listed} if listed else {}
    return json.dumps({"DOCUMENT_POOL": inner}, indent=2, ensure_ascii=False)
