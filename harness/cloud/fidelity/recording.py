"""Recordings of a real front end: reading them, with one clear line for what is malformed.

A recording is a JSON file of one of four kinds: a trace (exchanges, the states that a poll of the service saw, notes),
the table of adjustments, the table of the grammar, or the steps of pyone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import InputError

_METHODS = {"oneflow", "onegate", "xmlrpc"}


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
    reader = _Reader(path.name)
    if isinstance(data, list):
        return AdjustTable(path.stem, tuple(reader.rows(data, "", _ADJUST)))
    if not isinstance(data, dict):
        raise InputError(f"{path.name}: a recording is an object or a list of rows, not {type(data).__name__}")
    if "exchanges" in data:
        return reader.trace(path.stem, data)
    if "evaluations" in data or "syntax" in data:
        syntax = reader.rows(reader.part(data, "syntax", list), "syntax", _SYNTAX)
        evaluations = reader.rows(reader.part(data, "evaluations", list), "evaluations", _EVALUATIONS)
        return GrammarTable(path.stem, tuple(syntax), tuple(evaluations))
    if "steps" in data:
        steps = reader.rows(reader.part(data, "steps", list), "steps", {"step": str, "ok": bool})
        return PyoneSteps(path.stem, reader.part(data, "pyone", str), tuple(steps))
    kinds = "exchanges (a trace), syntax and evaluations (the grammar), steps (pyone)"
    raise InputError(f"{path.name}: not a recording: it has none of the fields {kinds}")


_NUMBER = (int, float)
_ADJUST: dict[str, Any] = {"cardinality": int, "min_vms": int, "max_vms": int, "type": str, "adjust": int}
_ADJUST["calculated"] = int
_SYNTAX: dict[str, Any] = {"expression": str, "accepted": bool}
_EVALUATIONS: dict[str, Any] = {"role": str, "expression": str, "value": bool, "expression_evaluated": str}


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name

    def part(self, owner: Mapping[str, Any], key: str, kind: Any, where: str = "") -> Any:
        place = f"{where}.{key}" if where else key
        if key not in owner:
            raise InputError(f"{self._name}: the field {place} is missing")
        value = owner[key]
        # A bool is an int to Python, and never what is meant by a number here.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            wanted = " or ".join(item.__name__ for item in (kind if isinstance(kind, tuple) else (kind,)))
            raise InputError(f"{self._name}: the field {place} must be of type {wanted}, not {type(value).__name__}")
        return value

    def rows(self, rows: list[Any], where: str, fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for index, row in enumerate(rows):
            place = f"{where}[{index}]"
            if not isinstance(row, dict):
                raise InputError(f"{self._name}: {place} must be an object, not {type(row).__name__}")
            for key, kind in fields.items():
                self.part(row, key, kind, place)
            yield row

    def trace(self, stem: str, data: Mapping[str, Any]) -> Trace:
        exchanges = []
        timed = {"t": _NUMBER, "dur": _NUMBER, "proto": str, "method": str}
        for index, row in enumerate(self.rows(self.part(data, "exchanges", list), "exchanges", timed)):
            self._exchange(row, f"exchanges[{index}]")
            exchanges.append(Exchange(float(row["t"]), float(row["dur"]), row["proto"], row))
        notes = [
            Note(float(row["t"]), row["note"], row)
            for row in self.rows(self.part(data, "notes", list), "notes", {"t": _NUMBER, "note": str})
        ]
        log = data.get("final_service_log")
        if log is not None:
            fields = {"timestamp": int, "severity": str, "message": str}
            log = tuple(self.rows(self.part(data, "final_service_log", list), "final_service_log", fields))
        return Trace(
            stem,
            float(self.part(data, "t0_epoch", _NUMBER)),
            self.part(data, "server_config", dict),
            tuple(sorted(exchanges, key=lambda item: item.t)),
            tuple(self._series(self.part(data, "series", list))),
            tuple(sorted(notes, key=lambda item: item.t)),
            log,
            data,
        )

    def _exchange(self, row: Mapping[str, Any], where: str) -> None:
        if row["proto"] not in _METHODS:
            known = ", ".join(sorted(_METHODS))
            raise InputError(f"{self._name}: the field {where}.proto must be one of {known}, not {row['proto']!r}")
        if row["proto"] == "xmlrpc":
            self.part(row, "args", list, where)
            self.part(row, "response", list, where)
            return
        self.part(row, "path", str, where)
        self.part(row, "status", int, where)
        if "response_body" not in row:
            raise InputError(f"{self._name}: the field {where}.response_body is missing")

    def _series(self, rows: list[Any]) -> Iterator[Point]:
        for index, row in enumerate(self.rows(rows, "series", {"t": _NUMBER})):
            if row.get("service_gone"):
                yield Point(float(row["t"]), None)
                continue
            where = f"series[{index}]"
            self.part(row, "service_state", int, where)
            roles = self.part(row, "roles", dict, where)
            for name in roles:
                self.part(self.part(roles, name, dict, f"{where}.roles"), "nodes", list, f"{where}.roles.{name}")
            yield Point(float(row["t"]), row)
