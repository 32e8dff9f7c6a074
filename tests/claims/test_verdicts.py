import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.verdicts import ClaimResult, Verdict, differs, merge

verdicts = st.lists(st.sampled_from(Verdict))
RANK = {Verdict.CONFORMS: 0, Verdict.UNKNOWN: 1, Verdict.DEVIATES: 2}


@pytest.mark.parametrize(
    ("found", "merged"),
    [
        ([], "unknown"),
        (["conforms"], "conforms"),
        (["conforms", "conforms"], "conforms"),
        (["conforms", "unknown"], "unknown"),
        (["unknown", "deviates"], "deviates"),
        (["conforms", "unknown", "deviates"], "deviates"),
    ],
)
def test_merge(found, merged):
    assert merge(Verdict(verdict) for verdict in found) is Verdict(merged)


@given(verdicts)
def test_merge_is_the_worst_of_all(found):
    worst = max(found, key=RANK.__getitem__, default=Verdict.UNKNOWN)
    assert merge(found) is worst


@given(st.permutations([*Verdict, *Verdict]), st.integers(1, 6))
def test_the_order_of_scenarios_does_not_matter(found, count):
    assert merge(found[:count]) is merge(sorted(found[:count]))


@given(verdicts.filter(bool), verdicts.filter(bool))
def test_merging_in_parts_is_merging_at_once(one, other):
    assert merge([merge(one), merge(other)]) is merge(one + other)


@given(verdicts, st.sampled_from(Verdict))
def test_a_further_scenario_never_makes_a_verdict_better_unless_it_is_the_first(found, further):
    if found:
        assert RANK[merge([*found, further])] >= RANK[merge(found)]


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("expected", Verdict)
def test_a_verdict_differs_in_either_direction(verdict, expected):
    assert differs(verdict, expected) is (verdict != expected)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("expected", Verdict)
def test_strict_wants_what_conforms_and_is_expected_to(verdict, expected):
    assert differs(verdict, expected, strict=True) is not (verdict == expected == "conforms")


def result(**changes):
    given = {
        "claim": "CONN-HALF-OPEN",
        "section": "Pattern 3, layer 1",
        "verdict": Verdict.DEVIATES,
        "expected": Verdict.DEVIATES,
        "reason": "never recovered",
        "flower": "1.25.0",
        "cloud": "embedded",
        "hypervisor": "process",
        "scenarios": ("A half-open flow",),
        "evidence": ({"history": "histories/half-open.jsonl"},),
    }
    return ClaimResult(**(given | changes))


def test_a_result_is_an_entry_of_the_report():
    entry = json.loads(json.dumps(result().as_json()))
    assert list(entry) == [
        *("claim", "section", "verdict", "expected", "reason", "flower", "cloud", "hypervisor", "scenarios", "evidence")
    ]
    assert entry["verdict"] == "deviates"
    assert entry["scenarios"] == ["A half-open flow"]
    assert entry["evidence"] == [{"history": "histories/half-open.jsonl"}]


def test_a_result_differs_as_its_verdicts_do():
    assert not result().differs()
    assert result().differs(strict=True)
    assert result(verdict=Verdict.CONFORMS).differs()
