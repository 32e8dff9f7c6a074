"""From scenarios to claims: what counts as asked, as partly asked, and as red."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.claims.verdicts import Verdict
from harness.report.conformance import Conditions, judge_claims
from harness.report.outcomes import ScenarioOutcome


@pytest.fixture
def judge(catalogue, index):
    def make(*outcomes, **conditions):
        judged = judge_claims(catalogue, index, outcomes, Conditions("1.25.0", "embedded", "process", **conditions))
        return {claim.result.claim: claim for claim in judged}

    return make


def red(judged):
    return {id_ for id_, claim in judged.items() if claim.red}


def test_every_claim_is_there_in_the_order_of_the_catalogue(judge, catalogue):
    assert list(judge()) == list(catalogue)


def test_a_run_of_nothing_asks_for_nothing(judge):
    judged = judge()
    assert not any(claim.asked for claim in judged.values())
    assert red(judged) == set()
    assert judged["CONN-A"].result.reason == "none of its scenarios was in this run"
    assert judged["IMAGE-E"].result.reason == "Known."


def test_a_claim_is_judged_over_all_of_its_scenarios(judge, ran):
    judged = judge(ran("cut", CONN_A="conforms", CONN_B="deviates"), ran("long cut", CONN_A="deviates"))
    result = judged["CONN-A"].result
    assert result.verdict is Verdict.DEVIATES
    assert result.reason == "long cut saw deviates"
    assert result.scenarios == ("features/links.feature::cut", "features/links.feature::long cut")
    assert [piece["verdict"] for piece in result.evidence] == ["conforms", "deviates"]
    assert result.evidence[1] == {
        "scenario": "long cut",
        "verdict": "deviates",
        "summary": "long cut saw deviates",
        "figures": {"n": 1},
        "history": "histories/long cut.jsonl",
        "strategy": "harness_app.Ours",
    }


def test_a_verdict_that_differs_is_red_either_way(judge, ran):
    judged = judge(ran("cut", CONN_A="deviates", CONN_B="conforms"), ran("long cut", CONN_A="conforms"))
    assert red(judged) >= {"CONN-A", "CONN-B"}


def test_one_that_is_as_expected_is_not_red_unless_strict(judge, ran):
    outcomes = ran("cut", CONN_A="conforms", CONN_B="deviates"), ran("long cut", CONN_A="conforms")
    assert red(judge(*outcomes)) & {"CONN-A", "CONN-B"} == set()
    assert red(judge(*outcomes, strict=True)) & {"CONN-A", "CONN-B"} == {"CONN-B"}


def test_only_a_run_of_all_there_is_answers_for_claims_without_a_scenario(judge, ran):
    half = judge(ran("cut", CONN_A="conforms", CONN_B="deviates"))
    assert not half["IMAGE-E"].asked
    full = judge(ran("cut", CONN_A="conforms", CONN_B="deviates"), ran("long cut", CONN_A="conforms"))
    assert full["IMAGE-E"].asked
    assert red(full) == {"IMAGE-E"}, "expected to conform, and nothing judges it"
    assert not full["SCALE-D"].red, "nothing judges it, as expected"


def test_scenarios_of_the_night_are_asked_for_at_night(judge, ran):
    day = [ran("cut", CONN_A="conforms", CONN_B="deviates"), ran("long cut", CONN_A="conforms")]
    assert not judge(*day)["ROUND-C"].asked
    assert not judge(*day, nightly=True)["IMAGE-E"].asked, "at night that is not all there is"
    night = judge(*day, ran("night", ROUND_C="conforms"), nightly=True)
    assert night["ROUND-C"].result.verdict is Verdict.CONFORMS
    assert not night["ROUND-C"].red


def test_half_of_its_scenarios_cannot_show_that_a_claim_conforms_after_all(catalogue, index, ran):
    more = {**index, "CONN-B": index["CONN-A"]}
    conditions = Conditions("1.25.0", "embedded", "process")

    def judged(*outcomes):
        found = judge_claims(catalogue, more, outcomes, conditions)
        return next(claim for claim in found if claim.result.claim == "CONN-B")

    half = judged(ran("cut", CONN_B="conforms"))
    assert half.partial
    assert not half.red
    assert judged(ran("cut", CONN_B="unknown")).red, "what could not be judged is red in any case"
    assert judged(ran("cut", CONN_B="conforms"), ran("long cut", CONN_B="conforms")).red


def test_half_of_its_scenarios_can_show_that_a_claim_deviates(judge, ran):
    assert judge(ran("cut", CONN_A="deviates", CONN_B="deviates"))["CONN-A"].red


def test_rows_of_an_outline_are_one_scenario_for_the_index(judge, ran):
    judged = judge(ran("cut[5]", CONN_A="conforms"), ran("cut[30]", CONN_A="conforms"))
    assert judged["CONN-A"].partial, "the long cut was left out"
    both = judge(ran("cut[5]", CONN_A="conforms", CONN_B="deviates"), ran("long cut", CONN_A="conforms"))
    assert not both["CONN-A"].partial


verdicts = st.sampled_from([verdict.value for verdict in Verdict])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(verdicts, min_size=2, max_size=2), verdicts)
def test_a_claim_is_red_exactly_when_it_differs(judge, ran, of_a, of_b):
    judged = judge(ran("cut", CONN_A=of_a[0], CONN_B=of_b), ran("long cut", CONN_A=of_a[1]))
    for id_ in ("CONN-A", "CONN-B"):
        result = judged[id_].result
        assert judged[id_].red == (result.verdict is not result.expected)
        strict = judge(ran("cut", CONN_A=of_a[0], CONN_B=of_b), ran("long cut", CONN_A=of_a[1]), strict=True)[id_]
        assert strict.red == (result.verdict is not Verdict.CONFORMS or result.expected is not Verdict.CONFORMS)


def test_an_outcome_travels_as_json(ran):
    outcome = ran("cut", error="it broke", CONN_A="unknown")
    assert ScenarioOutcome.from_json(outcome.to_json()) == outcome
