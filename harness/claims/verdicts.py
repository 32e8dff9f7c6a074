"""Verdicts, how they add up, and the result of a claim in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What can be said of a claim on one Flower version and target."""

    CONFORMS = "conforms"
    """Observed in full, and as the specification says."""
    DEVIATES = "deviates"
    """Observed in full, and otherwise than the specification says."""
    UNKNOWN = "unknown"
    """Could not be judged; the reason that goes with it says why."""


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a claim over the verdicts of its scenarios.

    One that deviates outweighs all: it was seen. One that is unknown outweighs those that conform: the claim was not
    seen in full. A claim without a scenario is unknown.
    """
    found = set(verdicts)
    if Verdict.DEVIATES in found:
        return Verdict.DEVIATES
    if Verdict.UNKNOWN in found or not found:
        return Verdict.UNKNOWN
    return Verdict.CONFORMS


def differs(verdict: Verdict, expected: Verdict, *, strict: bool = False) -> bool:
    """Whether a verdict makes the run red.

    It does when it is not the expected one, in either direction: better than expected is news too, and the catalogue
    has to learn it. With `strict`, for releases, whatever does not conform does, expected or not.
    """
    return verdict is not expected or (strict and verdict is not Verdict.CONFORMS)


@dataclass(frozen=True)
class ClaimResult:
    """A claim as a run judged it: one entry of `conformance.json`.

    Attributes:
        claim: Id of the claim.
        section: Where the specification makes the claim.
        verdict: What the run says, over all scenarios of the claim.
        expected: What the catalogue, or the user's own file, expects on this Flower version.
        reason: Why the verdict is what it is.
        flower: Flower version under test, e.g. ``1.25.0``.
        cloud: ``embedded`` or the address of the front end.
        hypervisor: ``process``, ``docker`` or ``qemu``.
        scenarios: The scenarios that judged it; empty when none did.
        evidence: What was seen, an object a scenario, with the history behind it.
    """

    claim: str
    section: str
    verdict: Verdict
    expected: Verdict
    reason: str
    flower: str
    cloud: str
    hypervisor: str
    scenarios: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()

    def differs(self, *, strict: bool = False) -> bool:
        """Whether this result makes the run red; see `differs`."""
        return differs(self.verdict, self.expected, strict=strict)

    def as_json(self) -> dict[str, Any]:
        """The entry of `conformance.json`: plain objects, lists and strings."""
        return {
            "claim": self.claim,
            "section": self.section,
            "verdict": self.verdict.value,
            "expected": self.expected.value,
            "reason": self.reason,
            "flower": self.flower,
            "cloud": self.cloud,
            "hypervisor": self.hypervisor,
            "scenarios": list(self.scenarios),
            "evidence": [dict(piece) for piece in self.evidence],
        }
