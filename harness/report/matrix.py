"""The end of a run in the terminal: verdict by claim, what differs, where to look."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.claims.verdicts import Verdict
from harness.report.conformance import Judged
from harness.report.outcomes import ScenarioOutcome

COLOURS = {Verdict.CONFORMS: "green", Verdict.DEVIATES: "yellow", Verdict.UNKNOWN: "bright_black"}


def as_terminal(
    judged: Sequence[Judged],
    outcomes: Sequence[ScenarioOutcome],
    lost: Mapping[str, str],
    folder: Path,
    width: int,
    *,
    colour: bool = True,
) -> str:
    """The end of the run as text of that width, coloured or not."""
    console = Console(
        file=io.StringIO(),
        force_terminal=colour,
        color_system="standard" if colour else None,
        width=max(width, 100),
        highlight=False,
    )
    asked = [claim for claim in judged if claim.asked and (claim.result.scenarios or claim.red)]
    console.rule("claims")
    console.print(_table(asked))
    counts = Counter(claim.result.verdict for claim in asked)
    without = sum(1 for claim in judged if not claim.result.scenarios)
    console.print(
        f"{len(asked)} claims judged by {len(outcomes)} scenarios: "
        + ", ".join(f"[{COLOURS[verdict]}]{counts[verdict]} {verdict}[/]" for verdict in Verdict)
        + f"; {without} claims not judged by this run"
    )
    for outcome in outcomes:
        if outcome.disturbed:
            times = len(outcome.disturbed) + 1
            console.print(f"run {times} times: {escape(outcome.name)}: {escape(outcome.disturbed[0])}", soft_wrap=True)
    for reason, count in Counter(outcome.error for outcome in outcomes if outcome.unavailable).items():
        scenarios = "1 scenario" if count == 1 else f"{count} scenarios"
        console.print(f"{scenarios} not judged here: {escape(str(reason))}", soft_wrap=True)
    _say_red(console, judged, outcomes, lost, folder)
    report = f"report: {folder / 'conformance.md'}   histories: {folder / 'histories'}   logs: {folder / 'logs'}"
    console.print(report, soft_wrap=True, markup=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def last_line(text: str) -> str:
    """What an error says in the end; empty when it says nothing."""
    return (text.strip().splitlines() or [""])[-1].strip()


def _table(asked: Sequence[Judged]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("claim", "verdict", "expected", "what was seen"):
        table.add_column(name, no_wrap=name != "what was seen", overflow="ellipsis")
    for claim in asked:
        result = claim.result
        table.add_row(
            f"[red]{result.claim}[/]" if claim.red else result.claim,
            f"[{COLOURS[result.verdict]}]{result.verdict}[/]",
            f"[red]{result.expected}[/]" if claim.red else "as expected" if not result.differs() else result.expected,
            escape(result.reason.splitlines()[0] if result.reason else ""),
        )
    return table


def _say_red(
    console: Console,
    judged: Sequence[Judged],
    outcomes: Sequence[ScenarioOutcome],
    lost: Mapping[str, str],
    folder: Path,
) -> None:
    red = [claim.result for claim in judged if claim.red]
    if not red and not lost:
        console.print("[green]every verdict is as expected[/]" if outcomes else "no scenario ran")
        return
    console.rule("[red]what differs[/]")
    for result in red:
        line = f"[red]{result.claim}[/] {result.verdict}, expected {result.expected} ({escape(result.section)})"
        console.print(line, soft_wrap=True)
        for piece in result.evidence:
            if piece["verdict"] == result.verdict.value or not result.evidence:
                console.print(f"   {escape(str(piece['summary']))}", soft_wrap=True)
                console.print(f"   {folder / str(piece['history'])}", soft_wrap=True, markup=False)
        if not result.evidence:
            console.print(f"   {escape(result.reason)}", soft_wrap=True)
    stopped: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.error and not outcome.unavailable and outcome.nodeid not in lost:
            stopped.setdefault(outcome.error, []).append(outcome.name)
    for error, names in stopped.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        console.print(f"[red]could not go on:[/] {escape(names[0])}{more}: {escape(error)}", soft_wrap=True)
    for nodeid, why in lost.items():
        console.print(f"[red]lost:[/] {escape(nodeid)}: {escape(last_line(why))}", soft_wrap=True)
