"""Strategies with planted faults: each is caught by the claims that it breaks, with a history that shows it."""

import pytest
from sabotage import Sabotage

from harness.flower.app import STRATEGY_FILE

pytestmark = pytest.mark.sabotage


def planted(strategy, scenarios, *, breaks, falls="", leaves="", only=""):
    claims = (frozenset(words.split()) for words in (breaks, falls, leaves))
    return Sabotage(strategy, scenarios, *claims, only, strategy)


# The longest first.
PLANTED = [
    planted(
        "DoesNotWait",
        "ROUND-MIN-AVAILABLE-WAITS",
        breaks="ROUND-MIN-AVAILABLE-WAITS",
        falls="ROUND-MIN-AVAILABLE-RESUMES",
    ),
    planted("MessageDoesNotWait", "ROUND-MESSAGE-WAITS", breaks="ROUND-MESSAGE-WAITS"),
    planted("NeverAgain", "ROUND-REJOIN", only="again and not message", breaks="ROUND-REJOIN"),
    planted(
        "MakesUpAModel",
        "ROUND-ALL-FAIL-NONE",
        only="stopped",
        breaks="ROUND-ALL-FAIL-NONE ROUND-ALL-FAIL-MODEL-UNCHANGED",
        leaves="ROUND-ALL-FAIL-NEXT-ROUND",
    ),
    planted(
        "SendsAnotherModel",
        "ROUND-ALL-FAIL-NONE",
        only="stopped",
        breaks="ROUND-ALL-FAIL-MODEL-UNCHANGED",
        leaves="ROUND-ALL-FAIL-NONE ROUND-ALL-FAIL-NEXT-ROUND",
    ),
    planted("AcceptsAllFailures", "ROUND-ACCEPT-FAILURES-FALSE", breaks="ROUND-ACCEPT-FAILURES-FALSE"),
    planted(
        "MessageCountsFailures",
        "ROUND-MESSAGE-PROCEEDS",
        breaks="ROUND-MESSAGE-PROCEEDS",
        leaves="ROUND-MESSAGE-NOT-SAMPLED",
    ),
    planted(
        "WantsMoreThanTheRate",
        "ROUND-FTFA-FIT-AT",
        breaks="ROUND-FTFA-FIT-AT ROUND-AGGREGATE-SURVIVORS",
        leaves="ROUND-FTFA-DEFAULTS",
    ),
    planted(
        "LeavesOneOut",
        "ROUND-FAIL-TERM",
        breaks="ROUND-AGGREGATE-SURVIVORS",
        leaves="ROUND-FAIL-TERM ROUND-FAIL-RECORDED ROUND-PROCEEDS ROUND-NOT-SAMPLED-TERM",
    ),
    planted(
        "CountsFailuresAsResults",
        "ROUND-ACCEPT-FAILURES-TRUE",
        breaks="ROUND-AGGREGATE-SURVIVORS",
        leaves="ROUND-ACCEPT-FAILURES-TRUE",
    ),
    planted(
        "Raises",
        "ROUND-ACCEPT-FAILURES-TRUE",
        breaks="ROUND-ACCEPT-FAILURES-TRUE ROUND-AGGREGATE-SURVIVORS",
    ),
]

HEALTHY = Sabotage(
    "Healthy",
    "ROUND-ACCEPT-FAILURES-TRUE or ROUND-NOT-SAMPLED-TERM or ROUND-MESSAGE-NOT-SAMPLED",
    only="true or begins",
    as_expected=frozenset(
        {
            "ROUND-ACCEPT-FAILURES-TRUE",
            "ROUND-AGGREGATE-SURVIVORS",
            "ROUND-NOT-SAMPLED-TERM",
            "ROUND-MESSAGE-NOT-SAMPLED",
        }
    ),
    strategy="Healthy",
    workers=2,
)


@pytest.mark.parametrize("case", PLANTED, ids=str)
def test_a_planted_fault_is_caught_by_the_claims_that_it_breaks_and_by_no_others(runs, case):
    ran = runs[case.name].result()
    assert case.deviates | case.falls | case.as_expected <= set(ran.claims), ran.text
    for claim, entry in ran.claims.items():
        if claim in case.deviates:
            assert (entry["verdict"], entry["expected"]) == ("deviates", "conforms"), ran.text
        elif claim in case.falls:
            assert entry["verdict"] != "conforms", ran.text
        else:
            assert entry["verdict"] == entry["expected"], ran.text
    assert ran.done.code == 1
    assert ran.text.count("deviates, expected conforms") >= len(case.deviates)
    for claim in case.deviates:
        pieces = [piece for piece in ran.claims[claim]["evidence"] if piece["verdict"] == "deviates"]
        assert pieces
        for piece in pieces:
            assert piece["strategy"] == f"{STRATEGY_FILE}:{case.strategy}"
            assert ran.judged_again(piece["history"])[claim] == "deviates"


@pytest.mark.parametrize("case", [HEALTHY], ids=str)
def test_a_healthy_strategy_changes_nothing(runs, case):
    ran = runs[case.name].result()
    assert {claim: entry["verdict"] for claim, entry in ran.claims.items()} == dict.fromkeys(
        case.as_expected, "conforms"
    ), ran.text
    assert ran.done.code == 0
    used = {claim: entry["evidence"][0]["strategy"] for claim, entry in ran.claims.items()}
    assert used.pop("ROUND-MESSAGE-NOT-SAMPLED") == (
        "message-fedavg (message-fedavg speaks the message API, Healthy the legacy API)"
    ), "it takes the place of the default where it fits"
    assert set(used.values()) == {f"{STRATEGY_FILE}:Healthy"}
