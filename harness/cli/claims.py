"""`harness claims`: the catalogue, as a table for people or as JSON."""

from __future__ import annotations

import json as json_
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.claims.catalogue import CHAPTERS, Claim, load_catalogue
from harness.claims.expected import with_expected
from harness.claims.verdicts import Verdict
from harness.errors import InputError

_WIDTH_OF_A_FILE = 200
"""Columns of the table when it does not go to a terminal; rich would assume 80, too few for sentences."""

_COLOURS = {Verdict.CONFORMS: "green", Verdict.DEVIATES: "red", Verdict.UNKNOWN: "yellow"}


def claims(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    flower: Annotated[str, typer.Option(help="Flower version whose expected verdicts are shown.")] = "1.25.0",
    chapter: Annotated[str | None, typer.Option(help=f"Only this chapter: {', '.join(CHAPTERS)}.")] = None,
    expected: Annotated[
        Path | None, typer.Option(help="File with your own expected verdicts, laid over the catalogue's.")
    ] = None,
) -> None:
    """List the claims of the specification: what is claimed, how it is judged, what is expected today."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", flower):
        raise InputError(f"--flower {flower}: is not a version such as 1.25.0")
    catalogue = load_catalogue()
    if expected is not None:
        catalogue = with_expected(catalogue, expected)
    chosen = list(catalogue.values()) if chapter is None else list(catalogue.chapter(chapter))
    if json:
        typer.echo(json_.dumps([_as_json(claim, flower) for claim in chosen], indent=2, ensure_ascii=False))
    else:
        _print(chosen, flower)


def _as_json(claim: Claim, flower: str) -> dict[str, Any]:
    expected = claim.expected(flower)
    return {
        "claim": claim.id,
        "chapter": claim.chapter,
        "section": claim.section,
        "text": claim.text,
        "judged": claim.judged,
        "expected": expected.verdict.value,
        "reason": expected.reason,
        "flower": flower,
    }


def _print(chosen: list[Claim], flower: str) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    table = Table(title=f"Claims of the specification, as expected on Flower {flower}", show_lines=True)
    table.add_column("claim", no_wrap=True)
    table.add_column("section", ratio=2)
    table.add_column("text", ratio=4)
    table.add_column("expected", no_wrap=True)
    table.add_column("reason", ratio=4)
    for claim in chosen:
        expected = claim.expected(flower)
        # As Text, because the catalogue's brackets are no markup.
        verdict = Text(expected.verdict.value, style=_COLOURS[expected.verdict])
        table.add_row(claim.id, Text(claim.section), Text(claim.text), verdict, Text(expected.reason))
    console.print(table)
    counts = [sum(claim.expected(flower).verdict is verdict for claim in chosen) for verdict in Verdict]
    summary = ", ".join(f"{count} {verdict.value}" for verdict, count in zip(Verdict, counts, strict=True))
    console.print(f"{len(chosen)} claims: {summary}", highlight=False)
