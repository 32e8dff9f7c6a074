"""The project's catalogue against the specification: each place that claims something has a claim, no other has."""

import re

import pytest

from harness.claims.catalogue import load_catalogue
from harness.claims.verdicts import Verdict

CATALOGUE = load_catalogue()


def rows(table, count):
    return [f"{table}, row {number}" for number in range(1, count + 1)]


PLACES = [
    *rows("OneFlow Elasticity Engine", 3),
    *rows("Edge Optimization Stack", 3),
    *rows("Flower Fault Tolerance", 4),
    *rows("Pattern 1", 8),
    *rows("Pattern 1, size table", 6),
    *(f"Pattern 2, table row {number}" for number in range(1, 4)),
    *(f"Pattern 2, evaluation {number}" for number in range(1, 6)),
    *(f"Pattern 3, layer {number}" for number in range(1, 4)),
    *(f"Pattern 3, table row {number}" for number in range(1, 7)),
    *(f"Anti-pattern {number}" for number in range(1, 6)),
    *rows("Don't hand-roll", 5),
    *(f"Pitfall {number}" for number in range(1, 6)),
    *(f"Code example {number}" for number in range(1, 4)),
    *rows("State of the art", 4),
    "State of the art, key insight",
    *(f"Open question {number}" for number in range(1, 5)),
]
"""Every table row, numbered statement, pattern, pitfall and so on of the specification that can be tested."""

AT_LARGE = ["Summary", "Pattern 1", "Pattern 2", "Alternatives considered, row 1"]
"""Places whose prose claims something beside what its tables do. The other alternatives are choices, not claims."""


def places(section):
    return [re.sub(r" \([^()]*\)$", "", part) for part in section.split("; ")]


@pytest.mark.parametrize("place", PLACES)
def test_the_place_has_a_claim(place):
    assert [claim.id for claim in CATALOGUE.values() if place in places(claim.section)]


@pytest.mark.parametrize("claim", CATALOGUE.values(), ids=lambda claim: claim.id)
def test_the_claim_is_of_a_place_that_there_is(claim):
    assert set(places(claim.section)) <= {*PLACES, *AT_LARGE}


@pytest.mark.parametrize("claim", CATALOGUE.values(), ids=lambda claim: claim.id)
def test_the_claim_says_what_is_claimed_how_it_is_judged_and_why_it_is_expected(claim):
    assert claim.text.endswith(".")
    assert claim.judged.endswith(".")
    for expected in (claim.default, *claim.by_version.values()):
        assert expected.reason.endswith(".")
        assert len(expected.reason.split()) >= 3


def test_no_two_claims_say_the_same():
    texts = [claim.text for claim in CATALOGUE.values()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("claim", CATALOGUE.values(), ids=lambda claim: claim.id)
def test_only_what_has_no_scenario_or_was_not_measured_is_expected_unknown(claim):
    for expected in (claim.default, *claim.by_version.values()):
        unjudged = expected.reason.startswith(("no scenario yet: ", "not measured on "))
        assert unjudged == (expected.verdict is Verdict.UNKNOWN)


MEASURED = {
    "CONN-RETRY-ZERO-UNLIMITED": "deviates",
    "CONN-WAIT-ZERO-UNLIMITED": "deviates",
    "CONN-RETRY-DEFAULT-UNLIMITED": "conforms",
    "CONN-RETRY-DEFAULT-IMMEDIATE": "deviates",
    "CONN-BACKOFF-CONFIGURABLE": "deviates",
    "CONN-SUPERLINK-RESTART-MEMORY": "deviates",
    "CONN-SUPERLINK-RESTART-DATABASE": "conforms",
    "ROUND-NOT-SAMPLED-CRASH": "deviates",
    "ROUND-NOT-SAMPLED-TERM": "conforms",
    "ROUND-FAIL-CUT-SHORT": "deviates",
    "ROUND-ALL-FAIL-NONE": "conforms",
    "ROUND-ALL-FAIL-MODEL-UNCHANGED": "conforms",
    "ROUND-ALL-FAIL-NEXT-ROUND": "conforms",
    "ROUND-REJOIN": "conforms",
    "ROUND-MIN-AVAILABLE-WAITS": "conforms",
    "ROUND-BELOW-MIN-FIT-SAMPLING": "deviates",
    "ROUND-BELOW-MIN-FIT-ONCE-SAMPLED": "conforms",
}


@pytest.mark.parametrize(("id_", "verdict"), MEASURED.items())
@pytest.mark.parametrize("version", ["1.25.0", "1.31.0", "1.42.0"])
def test_what_was_measured_alike_on_all_versions_is_expected_on_each(id_, verdict, version):
    assert CATALOGUE[id_].expected(version).verdict == verdict


def test_a_half_open_flow_is_what_the_versions_differ_in():
    found = {
        version: CATALOGUE["CONN-HALF-OPEN"].expected(version).verdict for version in ("1.25.0", "1.31.0", "1.42.0")
    }
    assert found == {"1.25.0": "deviates", "1.31.0": "deviates", "1.42.0": "conforms"}
