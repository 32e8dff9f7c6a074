"""`harness judge`: the verdicts of saved histories, again, without running anything."""

from __future__ import annotations

import json as json_
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.claims.catalogue import Catalogue, load_catalogue
from harness.claims.expected import with_expected
from harness.claims.ledger import Outcome
from harness.claims.rejudge import Rejudged, rejudge
from harness.errors import InputError
from harness.report.conformance import Conditions, Judged, judge_claims
from harness.report.matrix import COLOURS
from harness.report.outcomes import ScenarioOutcome

_WIDTH_OF_A_FILE = 200
"""Columns when the table does not go to a terminal; rich would assume 80, too few for sentences."""


def judge(
    histories: Annotated[list[Path], typer.Argument(help="Histories (*.jsonl), or folders of them.")],
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as in conformance.json, instead of a table.")
    ] = False,
    expected: Annotated[
        Path | None, typer.Option(help="File with your own expected verdicts, laid over the catalogue's.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Every claim that deviates or is unknown is red, expected or not.")
    ] = False,
) -> None:
    """Judge saved histories again. Exit: 0 every verdict as expected, 1 one differs, 2 bad input."""
    catalogue = load_catalogue()
    if expected is not None:
        catalogue = with_expected(catalogue, expected)
    again = [rejudge(path) for path in _files(histories)]
    judged = [claim for one in _by_target(again) for claim in _judge(catalogue, one, strict=strict)]
    if json:
        typer.echo(json_.dumps([claim.result.as_json() for claim in judged], indent=2))
    else:
        _print(judged, again)
    if any(claim.red for claim in judged):
        raise typer.Exit(1)


def _files(given: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(path.glob("*.jsonl")) or sorted(path.glob("histories/*.jsonl"))
            if not inside:
                raise InputError(f"{path}: there is no history (*.jsonl) in this folder")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"{path}: there is no such file")
    return found


def _by_target(again: list[Rejudged]) -> list[list[Rejudged]]:
    groups: dict[tuple[str, str, str], list[Rejudged]] = {}
    for one in again:
        groups.setdefault((one.flower, one.cloud, one.hypervisor), []).append(one)
    return list(groups.values())


def _judge(catalogue: Catalogue, again: list[Rejudged], *, strict: bool) -> list[Judged]:
    outcomes = [
        ScenarioOutcome(
            nodeid=f"{one.feature}::{one.scenario}",
            name=one.scenario,
            feature=one.feature,
            claims=tuple(_known(catalogue, one)),
            history=str(one.path),
            seconds=one.seconds,
            error=one.error,
            unavailable=one.unavailable,
        )
        for one in again
    ]
    own_image = any(one.own_image for one in again)
    conditions = Conditions(again[0].flower, again[0].cloud, again[0].hypervisor, strict=strict, own_image=own_image)
    judged = judge_claims(catalogue, {}, outcomes, conditions)
    return [claim for claim in judged if claim.result.scenarios]


def _known(catalogue: Catalogue, one: Rejudged) -> Iterable[Outcome]:
    for outcome in one.outcomes:
        catalogue.named(outcome.claim, str(one.path))
        yield outcome


def _print(judged: list[Judged], again: list[Rejudged]) -> None:
    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else _WIDTH_OF_A_FILE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("claim", "verdict", "expected", "what was seen"):
        table.add_column(name, no_wrap=name != "what was seen")
    for claim in judged:
        result = claim.result
        expectation = f"[red]{result.expected}[/]" if claim.red else str(result.expected)
        verdict = f"[{COLOURS[result.verdict]}]{result.verdict}[/]"
        table.add_row(result.claim, verdict, expectation, escape(result.reason))
    console.print(table)
    changed = [
        f"{one.path}: {outcome.claim} is {outcome.verdict} now, {one.recorded[outcome.claim]} when it ran"
        for one in again
        for outcome in one.outcomes
        if one.recorded[outcome.claim] != outcome.verdict.value
    ]
    for line in changed:
        console.print(line, soft_wrap=True, markup=False)
    same = "the same verdicts as when they ran" if not changed else f"{len(changed)} verdicts changed since they ran"
    console.print(f"{len(again)} histories judged again: {same}")
