"""The report of a run while it is gathered, and what it leaves on disk and in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from harness.claims.catalogue import Catalogue
from harness.claims.expected import with_expected
from harness.claims.ledger import Outcome
from harness.claims.verdicts import Verdict
from harness.report.conformance import Conditions, Judged, judge_claims, plain_name
from harness.report.index import index_features
from harness.report.markdown import as_markdown
from harness.report.matrix import as_terminal, last_line
from harness.report.outcomes import ScenarioOutcome, file_name
from harness.target import Target


class RunReport:
    """Gathers the outcomes of scenarios.

    Args:
        target: What is under test.
        catalogue: The claims.
        features: Folder of all feature files, for what a run leaves out.

    Attributes:
        folder: The run's own folder; set once it is there.
        target: What is under test.

    Raises:
        InputError: `--expected`, or a feature file, is wrong.
    """

    def __init__(self, target: Target, catalogue: Catalogue, features: Path) -> None:
        self.target = target
        self.folder = target.reports
        self._catalogue = catalogue if target.expected is None else with_expected(catalogue, target.expected)
        self._index = index_features(features, catalogue)
        self._outcomes: dict[str, ScenarioOutcome] = {}
        self._lost: dict[str, str] = {}
        self._judged: list[Judged] | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The claims with what the user expects of them."""
        return self._catalogue

    def add(self, outcome: ScenarioOutcome) -> bool:
        """Note what a scenario found; returns whether it is news (a failed tear-down reports the scenario again)."""
        news = outcome.nodeid not in self._outcomes
        self._outcomes[outcome.nodeid] = outcome
        return news

    def lost(self, nodeid: str, why: str) -> None:
        """Note a scenario that broke: its worker crashed, its file was refused, or its tear-down failed.

        Its claims are unknown, unless it was judged before that.
        """
        self._lost[nodeid] = why
        feature, _, name = nodeid.partition("::")
        if nodeid in self._outcomes or not name:
            return
        reason = f"its scenario was lost: {last_line(why) or 'no reason is known'}"
        claims = [
            claim
            for claim, known in self._index.items()
            if any((it.feature, it.name.replace("::", ":")) == (feature, plain_name(name)) for it in known)
        ]
        self._outcomes[nodeid] = ScenarioOutcome(
            nodeid=nodeid,
            name=name,
            feature=feature,
            claims=tuple(Outcome(claim, Verdict.UNKNOWN, reason) for claim in claims),
            history=f"histories/{file_name(nodeid)}.jsonl",
            seconds=0.0,
            error=reason,
        )

    @property
    def judged(self) -> list[Judged]:
        """Every claim with what the run says of it."""
        if self._judged is None:
            conditions = Conditions(
                flower=self.target.flower,
                cloud=self.target.cloud,
                hypervisor=self.target.hypervisor,
                strict=self.target.strict,
                nightly=self.target.nightly,
                own_image=self.target.image is not None,
            )
            self._judged = judge_claims(self._catalogue, self._index, self._outcomes.values(), conditions)
        return self._judged

    @property
    def red(self) -> bool:
        """Whether a claim makes the run red, or a scenario was lost."""
        return bool(self._lost) or any(judged.red for judged in self.judged)

    def finish(self) -> None:
        """Write `conformance.json` and `conformance.md`."""
        results = [judged.result for judged in self.judged]
        entries = [result.as_json() for result in results]
        (self.folder / "conformance.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
        page = as_markdown(self.judged, self._catalogue, list(self._outcomes.values()), self._lost, self.target)
        (self.folder / "conformance.md").write_text(page, encoding="utf-8")
        live = self.folder / "live"
        for note in live.glob("*"):
            note.unlink()
        if live.is_dir():
            live.rmdir()

    def terminal(self, width: int, *, colour: bool) -> str:
        """The matrix, what differs, and where to look, as text of that width."""
        return as_terminal(self.judged, list(self._outcomes.values()), self._lost, self.folder, width, colour=colour)
