"""`harness inspect IMAGE`: read a QCOW2 without root and without a VM, and judge it by the image rules."""

from __future__ import annotations

import json as json_
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.claims.verdicts import Verdict
from harness.errors import HarnessError, InputError
from harness.image.facts import ImageFacts
from harness.image.reading import read_image
from harness.image.rules import Expectations, Finding, judge
from harness.image.rules.breakdown import Part, break_down
from harness.image.rules.finding import LIMIT, megabytes
from harness.image.rules.judge import failed
from harness.image.unread import Unread

_WIDTH_OF_A_FILE = 200
"""Columns when it does not go to a terminal; rich would assume 80, too few for one line of evidence."""

_COLOURS = {Verdict.CONFORMS: "green", Verdict.DEVIATES: "red", Verdict.UNKNOWN: "yellow"}


def inspect(
    image: Annotated[Path, typer.Argument(help="The QCOW2, as it is exported.", show_default=False)],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    limit: Annotated[int, typer.Option(help="Bytes of the file that it has to stay below.")] = LIMIT,
    flower: Annotated[str, typer.Option(help="Version of the pre-baked Flower.")] = "1.25.0",
    base_os: Annotated[str, typer.Option(help="Expected system, ID-VERSION of os-release.")] = "ubuntu-24.04",
    docker: Annotated[int, typer.Option(help="Oldest major version of the Docker engine.")] = 24,
    boot_script: Annotated[
        str | None, typer.Option(help="Path of the boot script in the image, if it is not a usual one.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the full read of all clusters.")] = False,
) -> None:
    """Judge a QCOW2: 0 it conforms to every rule, 1 it deviates from one or one could not be judged, 2 bad input."""
    if limit <= 0:
        raise InputError(f"--limit {limit}: is not a positive number of bytes")
    if not re.fullmatch(r"\d+\.\d+\.\d+", flower):
        raise InputError(f"--flower {flower}: is not a version such as 1.25.0")
    if boot_script is not None and not boot_script.startswith("/"):
        raise InputError(f"--boot-script {boot_script}: is not an absolute path in the image")
    expected = Expectations(limit=limit, flower=flower, base_os=base_os, docker=docker, boot_script=boot_script)
    facts = read_image(image, boot_script=boot_script, full=not quick)
    findings = judge(facts, expected)
    parts = break_down(facts)
    if json:
        typer.echo(json_.dumps(_as_json(facts, findings, parts), indent=2, ensure_ascii=False))
    else:
        _print(facts, findings, parts)
    if failed(findings):
        raise typer.Exit(1)


def _as_json(facts: ImageFacts, findings: tuple[Finding, ...], parts: tuple[Part, ...] | Unread) -> dict[str, Any]:
    layout = facts.layout.reason if isinstance(facts.layout, Unread) else facts.layout.words()
    return {
        "image": str(facts.image),
        "size": facts.size,
        "virtual_size": facts.header.virtual_size,
        "layout": layout,
        "header": asdict(facts.header),
        "seconds": round(facts.seconds, 3),
        "rules": [
            {
                "rule": it.rule,
                "claim": it.claim,
                "verdict": it.verdict.value,
                "evidence": it.evidence,
                "advisory": it.advisory,
            }
            for it in findings
        ],
        "breakdown": []
        if isinstance(parts, Unread)
        else [{"part": it.label, "bytes": it.bytes, "estimated": it.estimated()} for it in parts],
    }


def _print(facts: ImageFacts, findings: tuple[Finding, ...], parts: tuple[Part, ...] | Unread) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    layout = facts.layout.reason if isinstance(facts.layout, Unread) else facts.layout.words()
    table = Table(title=str(facts.image), caption=layout)
    table.add_column("rule", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("evidence", ratio=1)
    for finding in findings:
        if not finding.advisory:
            verdict = Text(finding.verdict.value, style=_COLOURS[finding.verdict])
            # As Text: brackets in what was read are no markup.
            table.add_row(finding.rule, verdict, Text(finding.evidence))
    console.print(table)
    if not isinstance(parts, Unread):
        console.print(_breakdown(parts))
    counted = [finding for finding in findings if not finding.advisory]
    counts = [(sum(it.verdict is verdict for it in counted), verdict.value) for verdict in Verdict]
    summary = ", ".join(f"{count} {word}" for count, word in counts)
    console.print(f"{len(counted)} rules: {summary}; read in {facts.seconds:.1f} s", highlight=False)


def _breakdown(parts: tuple[Part, ...]) -> Table:
    table = Table(title="What takes the room, beside the specification's estimates")
    table.add_column("part", no_wrap=True)
    table.add_column("measured", justify="right")
    table.add_column("estimated", justify="right")
    for part in parts:
        table.add_row(part.label, megabytes(part.bytes), part.estimated())
    return table


if __name__ == "__main__":
    # The same as `harness inspect`, for one command alone.
    app = typer.Typer(add_completion=False)
    app.command()(inspect)
    try:
        app()
    except HarnessError as error:
        typer.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, InputError) else 3)
