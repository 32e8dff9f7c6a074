"""What could not be judged without that being news, and verdicts of a user's own image."""

from dataclasses import replace

import pytest

from harness.claims.catalogue import Catalogue, Expected
from harness.claims.verdicts import Verdict
from harness.report.conformance import Conditions, judge_claims
from harness.report.matrix import as_terminal
from harness.report.outcomes import ScenarioOutcome


@pytest.fixture
def catalogue(catalogue):
    """The small catalogue, with a claim to which the reference image does not conform."""
    known = Expected(Verdict.DEVIATES, "The reference image does not.")
    return Catalogue([*catalogue.values(), replace(catalogue["IMAGE-E"], id="IMAGE-F", default=known)])


@pytest.fixture
def judge(catalogue, index):
    def make(*outcomes, **conditions):
        judged = judge_claims(catalogue, index, outcomes, Conditions("1.25.0", "embedded", "process", **conditions))
        return {claim.result.claim: claim for claim in judged}

    return make


@pytest.fixture
def missing(ran):
    def make(name, **verdicts):
        return replace(ran(name, error="no mmdebstrap: apt-get install it", **verdicts), unavailable=True)

    return make


def test_what_is_unavailable_is_unknown_and_not_red(judge, missing):
    judged = judge(missing("cut", CONN_A="unknown"), missing("long cut", CONN_A="unknown"))["CONN-A"]
    assert judged.result.verdict is Verdict.UNKNOWN
    assert not judged.red


def test_with_strict_it_is_red(judge, missing):
    assert judge(missing("cut", CONN_A="unknown"), strict=True)["CONN-A"].red


def test_another_scenario_of_the_claim_that_could_not_go_on_is_red(judge, missing, ran):
    assert judge(missing("cut", CONN_A="unknown"), ran("long cut", CONN_A="unknown"))["CONN-A"].red


def test_another_scenario_of_the_claim_that_conforms_does_not_make_it_conform(judge, missing, ran):
    judged = judge(missing("cut", CONN_A="unknown"), ran("long cut", CONN_A="conforms"))["CONN-A"]
    assert judged.result.verdict is Verdict.UNKNOWN
    assert not judged.red


def test_another_scenario_of_the_claim_that_deviates_is_red(judge, missing, ran):
    assert judge(missing("cut", CONN_A="unknown"), ran("long cut", CONN_A="deviates"))["CONN-A"].red


def test_it_travels_from_worker_to_report(missing):
    outcome = missing("cut", CONN_A="unknown")
    assert ScenarioOutcome.from_json(outcome.to_json()) == outcome


def test_the_terminal_says_each_reason_once_with_what_to_do(judge, missing, tmp_path):
    outcomes = [missing("cut", CONN_A="unknown"), missing("long cut", CONN_A="unknown")]
    text = as_terminal(list(judge(*outcomes).values()), outcomes, {}, tmp_path, 120, colour=False)
    assert text.count("2 scenarios not judged here: no mmdebstrap: apt-get install it") == 1
    assert "could not go on" not in text


def test_scenarios_that_stopped_for_one_reason_are_told_in_one_line(judge, ran, tmp_path):
    outcomes = [ran(name, error="no SuperLink", CONN_A="unknown") for name in ("cut", "long cut")]
    text = as_terminal(list(judge(*outcomes).values()), outcomes, {}, tmp_path, 120, colour=False)
    assert "could not go on: cut and 1 more: no SuperLink" in text


def test_a_users_image_that_is_better_than_the_reference_is_not_red(judge, ran):
    better = ran("sound", IMAGE_F="conforms")
    assert judge(better)["IMAGE-F"].red
    assert not judge(better, own_image=True)["IMAGE-F"].red
    assert not judge(better, own_image=True, strict=True)["IMAGE-F"].red


def test_a_users_image_that_deviates_is_red_unless_the_reference_does(judge, ran):
    judged = judge(ran("sound", IMAGE_E="deviates", IMAGE_F="deviates"), own_image=True)
    assert judged["IMAGE-E"].red
    assert not judged["IMAGE-F"].red


def test_a_users_image_excuses_no_other_chapter(judge, ran):
    outcomes = ran("cut", CONN_B="conforms"), ran("long cut", CONN_A="conforms")
    assert judge(*outcomes, own_image=True)["CONN-B"].red
