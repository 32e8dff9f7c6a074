"""`harness fidelity`: how faithful the embedded OpenNebula is to recordings of a real one."""

from __future__ import annotations

import json as json_format
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cloud.fidelity.judge import Fidelity, compare, recordings
from harness.errors import HarnessError


def fidelity(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings (*.json) of a real OpenNebula.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Replay recordings of a real OpenNebula against the embedded one, and compare step by step.

    Exits with 0 when all are equal, 1 when one differs, 2 when the folder or a recording is not what it has to be.
    """
    # All are read before the first is replayed: a malformed one is told at once.
    paths = recordings(folder)
    console = Console(stderr=True)
    found = []
    with console.status("replaying") as status:
        for path in paths:
            status.update(f"replaying {path.name}")
            found.append(compare(path))
    if json:
        typer.echo(json_format.dumps([asdict(item) for item in found], indent=2, ensure_ascii=False))
    else:
        Console().print(_table(found))
    raise typer.Exit(0 if all(item.difference is None for item in found) else 1)


def _table(found: list[Fidelity]) -> Table:
    table = Table(title="Embedded OpenNebula and recordings of 7.0.2")
    table.add_column("recording", overflow="fold")
    table.add_column("steps", justify="right")
    table.add_column("equal", justify="right")
    table.add_column("first difference", overflow="fold")
    for item in found:
        style = "green" if item.difference is None else "red"
        table.add_row(
            escape(item.recording), str(item.steps), f"[{style}]{item.equal}[/]", escape(item.difference or "")
        )
    return table


def main() -> None:
    """Run it alone, by `python -m harness.cli.fidelity`."""
    try:
        typer.run(fidelity)
    except HarnessError as error:
        sys.stderr.write(f"harness: {error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
