"""What changed from one run to another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError


@dataclass(frozen=True)
class Change:
    """A claim whose verdict differs between two runs.

    Attributes:
        claim: Its id.
        before: Verdict of the first run; None when it had no such claim.
        after: Verdict of the second run; None when it had no such claim.
        reason: What the second run saw, or the first if the second has no such claim.
    """

    claim: str
    before: str | None
    after: str | None
    reason: str


def read_conformance(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of a `conformance.json` by claim; `path` is the file, or the folder of a run.

    Raises:
        InputError: It cannot be read, or is something else; the text has the file and the place.
    """
    file = path / "conformance.json" if path.is_dir() else path
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a conformance.json: {error}") from error
    if not isinstance(entries, list):
        raise InputError(f"{file}: a conformance.json is a list of claims")
    found = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("claim"), str) or "verdict" not in entry:
            raise InputError(f"{file}: entry {number} has no `claim` and `verdict`; is this a conformance.json?")
        found[entry["claim"]] = entry
    return found


def compare(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[Change]:
    """The claims whose verdict differs, in the order of the second run, then those that only the first one has."""
    names = [*after, *(name for name in before if name not in after)]
    changes = []
    for name in names:
        old, new = before.get(name, {}).get("verdict"), after.get(name, {}).get("verdict")
        if old != new:
            changes.append(Change(name, old, new, str((after.get(name) or before[name]).get("reason", ""))))
    return changes
