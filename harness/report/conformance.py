"""From the outcomes of scenarios to the result of each claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.claims.catalogue import Catalogue, Claim
from harness.claims.ledger import Outcome
from harness.claims.verdicts import ClaimResult, Verdict, merge
from harness.report.index import KnownScenario
from harness.report.outcomes import ScenarioOutcome

_IMAGE = "image"
"""The chapter whose claims are about the image alone."""


@dataclass(frozen=True)
class Judged:
    """A claim in a run.

    Attributes:
        result: Its result, as `conformance.json` has it.
        asked: Whether the run was to judge it: it ran a scenario of it, or it ran all there is.
        partial: Whether some of its scenarios were left out of the run.
        red: Whether it makes the run red.
    """

    result: ClaimResult
    asked: bool
    partial: bool
    red: bool


@dataclass(frozen=True)
class Conditions:
    """Under which the run judged.

    Attributes:
        flower: Version of Flower.
        cloud: `embedded` or an address.
        hypervisor: Where VMs ran.
        strict: Whether everything that does not conform is red.
        nightly: Whether scenarios that take minutes were to run.
        own_image: Whether the image is the user's own.
    """

    flower: str
    cloud: str
    hypervisor: str
    strict: bool = False
    nightly: bool = False
    own_image: bool = False


def judge_claims(
    catalogue: Catalogue,
    index: Mapping[str, frozenset[KnownScenario]],
    outcomes: Iterable[ScenarioOutcome],
    conditions: Conditions,
) -> list[Judged]:
    """Every claim of the catalogue with what the run says of it, in the catalogue's order."""
    by_claim: dict[str, list[tuple[ScenarioOutcome, Outcome]]] = {claim: [] for claim in catalogue}
    ran: set[tuple[str, str]] = set()
    for scenario in outcomes:
        ran.add((scenario.feature, plain_name(scenario.name)))
        for outcome in scenario.claims:
            by_claim[outcome.claim].append((scenario, outcome))
    due = {
        claim: {(known.feature, known.name) for known in scenarios if conditions.nightly or not known.nightly}
        for claim, scenarios in index.items()
    }
    everything = {name for names in due.values() for name in names} <= ran
    return [
        _judge(
            claim,
            by_claim[claim.id],
            conditions,
            left_out=due.get(claim.id, set()) - ran,
            has_scenario=claim.id in index,
            everything=everything,
        )
        for claim in catalogue.values()
    ]


def plain_name(name: str) -> str:
    """A scenario's name without its row of examples."""
    return name.partition("[")[0]


def _judge(
    claim: Claim,
    found: list[tuple[ScenarioOutcome, Outcome]],
    conditions: Conditions,
    *,
    left_out: set[tuple[str, str]],
    has_scenario: bool,
    everything: bool,
) -> Judged:
    expected = claim.expected(conditions.flower)
    verdict = merge(outcome.verdict for _, outcome in found)
    asked = bool(found) or (everything and (not has_scenario or bool(left_out)))
    partial = bool(left_out)
    result = ClaimResult(
        claim=claim.id,
        section=claim.section,
        verdict=verdict,
        expected=expected.verdict,
        reason=_reason(claim, found, verdict, conditions, has_scenario=has_scenario),
        flower=conditions.flower,
        cloud=conditions.cloud,
        hypervisor=conditions.hypervisor,
        scenarios=tuple(f"{scenario.feature}::{scenario.name}" for scenario, _ in found),
        evidence=tuple(_evidence(scenario, outcome) for scenario, outcome in found),
    )
    # Half of a claim's scenarios can show that it deviates, but not that it conforms.
    excused = partial and expected.verdict is Verdict.DEVIATES and verdict is not Verdict.UNKNOWN
    excused |= verdict is Verdict.UNKNOWN and bool(found) and all(_unavailable(*it) for it in found)
    # What the catalogue expects of an image is what the reference image shows.
    better = conditions.own_image and claim.chapter == _IMAGE and verdict is Verdict.CONFORMS
    red = asked and not better and result.differs(strict=conditions.strict) and (conditions.strict or not excused)
    return Judged(result, asked, partial, red)


def _unavailable(scenario: ScenarioOutcome, outcome: Outcome) -> bool:
    """Whether a scenario says nothing against a claim: what it would have judged by was not there, or it conforms."""
    return outcome.verdict is Verdict.CONFORMS or scenario.unavailable


def _reason(
    claim: Claim,
    found: list[tuple[ScenarioOutcome, Outcome]],
    verdict: Verdict,
    conditions: Conditions,
    *,
    has_scenario: bool,
) -> str:
    if found:
        return "; ".join(dict.fromkeys(outcome.reason for _, outcome in found if outcome.verdict is verdict))
    if has_scenario:
        return "none of its scenarios was in this run"
    return claim.expected(conditions.flower).reason


def _evidence(scenario: ScenarioOutcome, outcome: Outcome) -> dict[str, object]:
    return {
        "scenario": scenario.name,
        "verdict": outcome.verdict.value,
        "summary": outcome.reason,
        "figures": dict(outcome.figures),
        "history": scenario.history,
        "strategy": scenario.strategy,
    }
