"""A user's own expected verdicts (`--expected FILE`), laid over those of the catalogue.

The file is TOML, a table a claim::

    [CONN-RETRY-ZERO-UNLIMITED]
    verdict = "conforms"
    reason = "our boot script leaves the flag out"
    flower = "1.31.0"    # only there; on every version when left out

A claim that needs several, one a version, is written as `[[CLAIM-ID]]`, repeated. Or it is JSON: an object of the same
shape, or a list of objects that name their `claim`, such as the `conformance.json` of an earlier run, whose verdicts
then are what is expected, or the list that `harness claims --json` prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.claims.catalogue import Catalogue, Claim, Expected
from harness.claims.tables import FlowerVersion, Paragraph, Table, in_one_line, problem, read_text, read_toml
from harness.claims.verdicts import ClaimResult, Verdict
from harness.errors import InputError

_FIELDS_OF_A_REPORT = {field.name for field in fields(ClaimResult)} | {"chapter", "text", "judged"}
"""What an entry of `conformance.json` or of `harness claims --json` has; what is of no use here is passed over."""


@dataclass(frozen=True)
class _Written:
    """One entry as it stands in the file, and where: for errors."""

    claim: str
    table: object
    where: str


class _Entry(Table):
    verdict: Verdict
    reason: Paragraph
    flower: FlowerVersion | None = None


def with_expected(catalogue: Catalogue, file: Path) -> Catalogue:
    """The catalogue with the expectations of a user's file in the place of its own.

    An entry for one Flower version outweighs one for every version, wherever they stand in the file.

    Raises:
        InputError: The file cannot be read, names a claim that does not exist, or lacks a verdict or a reason; the text
            has the file and the place.
    """
    read = [_read(catalogue, written) for written in _entries(file)]
    claims = dict(catalogue)
    seen: dict[tuple[str, str | None], str] = {}
    # General entries first: they take the place of all that the catalogue says by version.
    for where, claim, entry in sorted(read, key=lambda it: it[2].flower is not None):
        key = (claim.id, entry.flower)
        if key in seen:
            raise InputError(f"{where}: the claim has an expected verdict already, in {seen[key]}; give one")
        seen[key] = where
        claims[claim.id] = claims[claim.id].expecting(Expected(entry.verdict, entry.reason), entry.flower)
    return Catalogue(claims.values())


def _read(catalogue: Catalogue, written: _Written) -> tuple[str, Claim, _Entry]:
    claim = catalogue.named(written.claim, written.where)
    if not isinstance(written.table, dict):
        raise InputError(f"{written.where}: is not a table with verdict and reason")
    table: dict[str, Any] = dict(written.table)
    if "verdict" not in table and "expected" in table:
        table["verdict"] = table.pop("expected")
    try:
        return written.where, claim, _Entry.model_validate(table)
    except ValidationError as error:
        raise InputError(f"{written.where}: {problem(error)}") from error


def _entries(file: Path) -> Iterator[_Written]:
    content = _read_json(file) if file.suffix == ".json" else read_toml(file)
    match content:
        case dict():
            yield from _of_an_object(file, content)
        case list():
            yield from _of_a_list(file, content)
        case _:
            raise InputError(f"{file}: is neither an object nor a list of expected verdicts")


def _of_an_object(file: Path, content: dict[str, object]) -> Iterator[_Written]:
    for id_, value in content.items():
        where = f"{file}: [{in_one_line(id_)}]"
        if isinstance(value, list):
            yield from (_Written(id_, table, f"{where}, number {n}") for n, table in enumerate(value, 1))
        else:
            yield _Written(id_, value, where)


def _of_a_list(file: Path, content: list[object]) -> Iterator[_Written]:
    for number, row in enumerate(content, 1):
        if not isinstance(row, dict) or not isinstance(row.get("claim"), str):
            raise InputError(f"{file}: entry {number}: is not an object that names its claim")
        where = f"{file}: entry {number} ({in_one_line(row['claim'])})"
        yield _Written(row["claim"], _without_the_rest_of_a_report(row), where)


def _without_the_rest_of_a_report(row: dict[str, Any]) -> dict[str, Any]:
    wanted = {"verdict", "expected", "reason", "flower"}
    if "verdict" in row:
        # What an earlier run found is what is expected now, not what had been expected then.
        wanted.remove("expected")
    return {name: value for name, value in row.items() if name in wanted or name not in _FIELDS_OF_A_REPORT}


def _read_json(file: Path) -> object:
    text = read_text(file)
    try:
        return json.loads(text, object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: is not JSON: {error}") from error


def _no_name_twice(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is there twice in one object")
        found[name] = value
    return found
