"""`harness doctor`: what is there, which version, what is missing, what to do."""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.doctor import Condition, examine

_WIDTH_OF_A_FILE = 200

_MARKS = {Condition.GOOD: "[green]good[/]", Condition.COMES: "[cyan]comes[/]", Condition.MISSING: "[red]missing[/]"}
_MARKS[Condition.OPTIONAL] = "[yellow]not there[/]"


def doctor(*, json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Show what scenarios need, what is there of it, and what to do. Exit: 0 all that is needed, 1 something lacks."""
    findings = examine()
    if json:
        typer.echo(json_.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("what", "condition", "version or place", "what to do"):
            table.add_column(name)
        for finding in findings:
            table.add_row(finding.what, _MARKS[finding.condition], escape(finding.seen), escape(finding.advice))
        console = Console(highlight=False)
        # Into a file or a pipe rich would fold lines at 80 columns.
        console.width = console.width if console.is_terminal else _WIDTH_OF_A_FILE
        console.print(table)
    if any(finding.condition is Condition.MISSING for finding in findings):
        raise typer.Exit(1)
