"""Recordings of a real front end: reading them, with one clear line for what is malformed.

A recording is a JSON file of one of four kinds: a trace (exchanges, the states that a poll of the service saw, notes),
the table of adjustments, the table of the grammar, or the steps of pyone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.cloud.fidelity import forms
from harness.cloud.fidelity.forms import check
from harness.errors import InputError


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        t: When it was sent, seconds from the recording's start.
        dur: How long the answer took, seconds.
        proto: oneflow, onegate or xmlrpc.
        raw: All that was recorded of it.
    """

    t: float
    dur: float
    proto: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """What the poll of the service saw when it had changed; `summary` is None when the service was gone."""

    t: float
    summary: Mapping[str, Any] | None


@dataclass(frozen=True)
class Note:
    """What the recorder remarked, with what it had looked at."""

    t: float
    text: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Trace:
    """A recorded scenario.

    Attributes:
        name: Name of the scenario.
        t0: Its start, seconds since the epoch.
        config: `server_config`: by file, the settings as text.
        exchanges: In order.
        series: In order.
        notes: In order.
        log: The service's log as it was before it was deleted; None when it was not kept.
        source: The whole file, to look for evidence in.
    """

    name: str
    t0: float
    config: Mapping[str, Mapping[str, str]]
    exchanges: tuple[Exchange, ...]
    series: tuple[Point, ...]
    notes: tuple[Note, ...]
    log: tuple[Mapping[str, Any], ...] | None
    source: Mapping[str, Any]


@dataclass(frozen=True)
class AdjustTable:
    """Rows of cardinality, range and policy, each with the new cardinality."""

    name: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class GrammarTable:
    """Rows of expressions: what the parser said, and what they came to on described VMs."""

    name: str
    syntax: tuple[Mapping[str, Any], ...]
    evaluations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class PyoneSteps:
    """Calls of one version of pyone, each with what it gave or raised."""

    name: str
    version: str
    steps: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)


Recording = Trace | AdjustTable | GrammarTable | PyoneSteps


def find(folder: Path) -> list[Path]:
    """The recordings of a folder, by name.

    Raises:
        InputError: It is no folder, or has none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the folder that holds the recordings (*.json)")
    found = sorted(folder.glob("*.json"))
    if not found:
        raise InputError(f"{folder} holds no recordings (*.json)")
    return found


def load(path: Path) -> Recording:
    """Read one recording.

    Raises:
        InputError: It is none; the text names the file and the field.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: not a JSON file: {error}") from error
    if isinstance(data, list):
        check(list[forms.AdjustRow], data, path.name)
        return AdjustTable(path.stem, tuple(data))
    if not isinstance(data, dict):
        raise InputError(f"{path.name}: a recording is an object or a list of rows, not {type(data).__name__}")
    if "exchanges" in data:
        return _trace(path, data)
    if "evaluations" in data or "syntax" in data:
        check(forms.GrammarForm, data, path.name)
        return GrammarTable(path.stem, tuple(data["syntax"]), tuple(data["evaluations"]))
    if "steps" in data:
        return _pyone(path, data)
    kinds = "exchanges (a trace), syntax and evaluations (the grammar), steps (pyone)"
    raise InputError(f"{path.name}: not a recording: it has none of the fields {kinds}")


def _pyone(path: Path, data: Mapping[str, Any]) -> PyoneSteps:
    check(forms.PyoneForm, data, path.name)
    for index, row in enumerate(data["steps"]):
        check(forms.DoneRow if row["ok"] else forms.RaisedRow, row, path.name, "steps", index)
    return PyoneSteps(path.stem, data["pyone"], tuple(data["steps"]))


def _trace(path: Path, data: Mapping[str, Any]) -> Trace:
    check(forms.TraceForm, data, path.name)
    for index, row in enumerate(data["exchanges"]):
        _check_exchange(row, path.name, index)
    for index, row in enumerate(data["series"]):
        check(forms.PointForm, row, path.name, "series", index)
        if not row.get("service_gone"):
            check(forms.SummaryForm, row, path.name, "series", index)
    for index, row in enumerate(data["notes"]):
        check(forms.NoteForm, row, path.name, "notes", index)
        if "roles" in (row.get("service") or {}):
            check(forms.SummaryForm, row["service"], path.name, "notes", index, "service")
        if "token_password" in row:
            check(forms.TokenForm, row, path.name, "notes", index)
    exchanges = [Exchange(float(row["t"]), float(row["dur"]), row["proto"], row) for row in data["exchanges"]]
    points = [Point(float(row["t"]), None if row.get("service_gone") else row) for row in data["series"]]
    notes = [Note(float(row["t"]), row["note"], row) for row in data["notes"]]
    log = data.get("final_service_log")
    return Trace(
        path.stem,
        float(data["t0_epoch"]),
        data["server_config"],
        tuple(sorted(exchanges, key=lambda item: item.t)),
        tuple(points),
        tuple(sorted(notes, key=lambda item: item.t)),
        None if log is None else tuple(log),
        data,
    )


def _check_exchange(row: Mapping[str, Any], name: str, index: int) -> None:
    place = ("exchanges", index)
    check(forms.ExchangeForm, row, name, *place)
    if row["proto"] == "xmlrpc":
        check(forms.CallForm, row, name, *place)
        return
    check(forms.RequestForm, row, name, *place)
    answer = row["response_body"]
    parts = {"DOCUMENT": forms.DocumentForm, "DOCUMENT_POOL": forms.PoolForm, "VM": forms.VmForm}
    for part, form in parts.items():
        if isinstance(answer, dict) and part in answer:
            check(form, answer[part], name, *place, "response_body", part)
