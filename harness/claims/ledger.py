"""What a scenario found of each of its claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.claims.verdicts import Verdict
from harness.errors import ClaimViolated
from harness.history.checks.registry import Finding


@dataclass(frozen=True)
class Outcome:
    """A scenario's verdict of one claim.

    Attributes:
        claim: Id of the claim.
        verdict: What the scenario says of it.
        reason: What was seen, or why it could not be judged.
        figures: What the reason rests on.
    """

    claim: str
    verdict: Verdict
    reason: str
    figures: Mapping[str, Any] = field(default_factory=dict)


class Ledger:
    """Gathers findings of a scenario.

    A violation does not end the scenario: claims that later Then-steps judge must not become unknown because of an
    earlier one. `violation` is raised when all steps are done.

    Args:
        planned: For each claim of the scenario the number of Then-steps that judge it.
    """

    def __init__(self, planned: Mapping[str, int]) -> None:
        self.planned = dict(planned)
        self._findings: dict[str, list[Finding]] = defaultdict(list)

    def add(self, claim: str, finding: Finding) -> None:
        """Note a finding of a Then-step."""
        self._findings[claim].append(finding)

    @property
    def violation(self) -> ClaimViolated | None:
        """The first finding that contradicts a claim, as the error that the scenario ends with."""
        for claim, findings in self._findings.items():
            for finding in findings:
                if not finding.conforms:
                    return ClaimViolated(claim, {"summary": finding.summary, **finding.figures})
        return None

    def outcomes(self, error: str | None = None) -> list[Outcome]:
        """The verdict of each claim.

        Args:
            error: Why the scenario could not go on, if it could not; claims that were not fully judged before it are
                unknown.
        """
        return [self._outcome(claim, planned, error) for claim, planned in self.planned.items()]

    def _outcome(self, claim: str, planned: int, error: str | None) -> Outcome:
        findings = self._findings[claim]
        for finding in findings:
            if not finding.conforms:
                return Outcome(claim, Verdict.DEVIATES, finding.summary, finding.figures)
        if len(findings) < max(1, planned):
            return Outcome(claim, Verdict.UNKNOWN, error or "its Then-step was not reached")
        reason = "; ".join(finding.summary for finding in findings)
        figures = {name: value for finding in findings for name, value in finding.figures.items()}
        return Outcome(claim, Verdict.CONFORMS, reason, figures)
