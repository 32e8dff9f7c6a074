"""`conformance.md`: the matrix and a page of evidence behind each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader

from harness.claims.catalogue import CHAPTERS, Catalogue
from harness.report.conformance import Judged
from harness.report.matrix import last_line
from harness.report.outcomes import ScenarioOutcome
from harness.target import Target


def as_markdown(
    judged: Sequence[Judged],
    catalogue: Catalogue,
    outcomes: Sequence[ScenarioOutcome],
    lost: Mapping[str, str],
    target: Target,
) -> str:
    """The page."""
    # Markdown, not HTML: what needs escaping is the pipe in a table's cell.
    environment = Environment(loader=PackageLoader("harness.report"), trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    environment.filters["cell"] = _cell
    chapters = [
        (name, [claim for claim in judged if catalogue[claim.result.claim].chapter == name]) for name in CHAPTERS
    ]
    return environment.get_template("conformance.md.j2").render(
        chapters=[(name, claims) for name, claims in chapters if claims],
        catalogue=catalogue,
        outcomes=sorted(outcomes, key=lambda outcome: outcome.nodeid),
        target=target,
        red=[claim for claim in judged if claim.red],
        lost=[(nodeid, last_line(why)) for nodeid, why in lost.items()],
        now=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
