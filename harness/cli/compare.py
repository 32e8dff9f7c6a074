"""`harness compare`: what changed from one run to another."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.report.compare import compare as changes_of
from harness.report.compare import read_conformance


def compare(
    before: Annotated[Path, typer.Argument(help="A run's folder, or its conformance.json.")],
    after: Annotated[Path, typer.Argument(help="Another run's folder, or its conformance.json.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show the claims whose verdict changed. Exit: 0 none did, 1 some did, 2 bad input."""
    changes = changes_of(read_conformance(before), read_conformance(after))
    if json:
        typer.echo(json_.dumps([change.__dict__ for change in changes], indent=2))
    else:
        console = Console(highlight=False)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("claim", "before", "after", "reason"):
            table.add_column(name, no_wrap=name != "reason")
        for change in changes:
            table.add_row(change.claim, change.before or "-", change.after or "-", escape(change.reason))
        if changes:
            console.print(table)
        console.print(f"{len(changes)} verdicts changed" if changes else "no verdict changed")
    if changes:
        raise typer.Exit(1)
