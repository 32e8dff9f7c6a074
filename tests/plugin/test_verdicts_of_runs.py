"""What runs say and how they exit: as expected, red for each reason there is, and what they leave behind."""

import json
import re

import pytest

from harness.claims.rejudge import rejudge

MIXED = """\
Feature: All as expected

  @CONN-NODE-ID-KEPT @takes-10s
  Scenario: It conforms
    When flower-supernode offers --backoff
    Then its back-off can be set

  @CONN-BACKOFF-CONFIGURABLE @CONN-BANDWIDTH
  Scenario: One deviates as expected, and another is judged after it
    When flower-supernode offers --nothing
    Then its back-off can be set (CONN-BACKOFF-CONFIGURABLE)
    When its only Strategy accepts failures
    Then its Strategies accept failures (CONN-BANDWIDTH)

  Rule: With a row of examples

    @CONN-RETRY-BOUNDED
    Scenario Outline: It offers <option>
      When flower-supernode offers <option>
      Then its back-off can be set (CONN-RETRY-BOUNDED)

      Examples:
        | option    |
        | --backoff |
        | --jitter  |
"""
RED = """\
Feature: Red for every reason

  @CONN-NODE-ID-KEPT
  Scenario: It deviates, which is not expected
    When flower-supernode offers --nothing
    Then its back-off can be set

  @CONN-RETRY-ZERO-AFTER
  Scenario: It conforms, which is not expected
    When flower-supernode offers --backoff
    Then its back-off can be set

  @CONN-BACKOFF-CONFIGURABLE @CONN-RETRY-BOUNDED @CONN-BACKOFF-JITTER
  Scenario: It breaks after one claim was judged
    When flower-supernode offers --nothing
    And its only Strategy accepts failures
    Then its back-off can be set (CONN-BACKOFF-CONFIGURABLE)
    And its Strategies accept failures (CONN-RETRY-BOUNDED)
    When the harness breaks
    Then its Strategies accept failures (CONN-BACKOFF-JITTER)

  @CONN-RECONNECT-5S
  Scenario: Its fault does not bite
    When the fault does not bite
    Then its back-off can be set

  @CONN-RECONNECT-30S
  Scenario: Its worker crashes
    When flower-supernode offers --backoff
    When the worker crashes
    Then its back-off can be set

  @CONN-BANDWIDTH
  Scenario: It cannot be ended
    Given something that cannot be ended
    When flower-supernode offers --backoff
    Then its back-off can be set

  @CONN-RECONNECT-90S
  Scenario: Nothing is seen
    When 0 s go by
    Then its back-off can be set
"""


@pytest.fixture(scope="module")
def good(project):
    """A run in which all is as expected, with the number of workers that the plugin chooses."""
    return project(mixed=MIXED).run()


@pytest.fixture(scope="module")
def red(project):
    return project(red=RED).run("-n", "2")


def test_a_run_in_which_all_is_as_expected_exits_with_0(good):
    assert good.code == 0, good.text
    assert good.verdicts == {
        "CONN-NODE-ID-KEPT": "conforms",
        "CONN-BACKOFF-CONFIGURABLE": "deviates",
        "CONN-BANDWIDTH": "conforms",
        "CONN-RETRY-BOUNDED": "conforms",
    }
    assert "every verdict is as expected" in good.text


def test_scenarios_run_side_by_side_and_have_one_report(good):
    assert re.search(r"created: (\d+)/\1 workers", good.text)
    assert len(list(good.reports.iterdir())) == 2, "a folder and the link to it"
    assert (good.reports / "latest").is_symlink()


def test_a_deviation_that_is_expected_is_an_expected_failure(good):
    assert good.counts == {"passed": 3, "xfailed": 1}
    assert "as expected" in good.text


def test_a_violation_does_not_hide_the_claims_of_later_steps(good):
    assert good.claims["CONN-BANDWIDTH"]["verdict"] == "conforms"
    assert good.claims["CONN-BANDWIDTH"]["reason"] == "1 of 1 Strategies have accept_failures, true by default"


def test_conformance_json_lists_every_claim_with_all_its_fields(good):
    entries = json.loads((good.folder / "conformance.json").read_text())
    assert len(entries) > 100
    fields = {
        "claim",
        "section",
        "verdict",
        "expected",
        "reason",
        "flower",
        "cloud",
        "hypervisor",
        "scenarios",
        "evidence",
    }
    assert all(set(entry) == fields for entry in entries)
    left = next(entry for entry in entries if entry["claim"] == "ROUND-REJOIN")
    assert (left["verdict"], left["scenarios"], left["evidence"]) == ("unknown", [], [])

    entry = good.claims["CONN-BACKOFF-CONFIGURABLE"]
    assert (entry["expected"], entry["flower"]) == ("deviates", "1.25.0")
    assert (entry["cloud"], entry["hypervisor"]) == ("embedded", "process")
    name = "One deviates as expected, and another is judged after it"
    assert entry["scenarios"] == [f"features/mixed.feature::{name}"]
    (piece,) = entry["evidence"]
    assert piece["scenario"] == name
    assert piece["verdict"] == "deviates"
    assert piece["figures"] == {"backoff": [], "retries": []}


def test_every_row_of_an_outline_is_a_scenario(good):
    assert len(good.claims["CONN-RETRY-BOUNDED"]["scenarios"]) == 2


def test_histories_are_there_and_say_the_same_when_judged_again(good):
    assert len(list((good.folder / "histories").iterdir())) == 4
    for claim, piece in [(claim, piece) for claim, entry in good.claims.items() for piece in entry["evidence"]]:
        again = rejudge(good.folder / piece["history"])
        assert {it.claim: it.verdict.value for it in again.outcomes}[claim] == piece["verdict"]


def test_junit_has_every_scenario(good):
    cases = good.junit()
    assert len(cases) == 4
    assert sum(case.find("skipped") is not None for case in cases) == 1


def test_allure_has_the_steps_of_gherkin(good):
    result = good.allure()["It conforms"]
    assert [step["name"] for step in result["steps"]] == [
        "When flower-supernode offers --backoff",
        "Then its back-off can be set",
    ]
    labels = {label["name"]: label["value"] for label in result["labels"]}
    assert labels["feature"] == "All as expected"
    outline = good.allure()["It offers <option>[--jitter]"]
    assert {"name": "story", "value": "With a row of examples"} in outline["labels"]


def test_the_live_notes_are_gone_and_logs_have_their_place(good):
    assert sorted(path.name for path in good.folder.iterdir()) == [
        "allure-results",
        "conformance.json",
        "conformance.md",
        "histories",
        "junit.xml",
        "logs",
    ]


def test_without_a_terminal_there_are_no_colours(good):
    assert "\x1b[" not in good.text


# -- red


def test_a_run_in_which_a_verdict_differs_exits_with_1(red):
    assert red.code == 1, red.text
    assert "what differs" in red.text
    assert "every verdict is as expected" not in red.text
    assert "Every verdict is as expected" not in red.page


def test_a_deviation_that_is_not_expected_fails(red):
    assert red.verdicts["CONN-NODE-ID-KEPT"] == "deviates"
    assert "CONN-NODE-ID-KEPT deviates, expected conforms" in red.text
    history = red.claims["CONN-NODE-ID-KEPT"]["evidence"][0]["history"]
    assert str(red.folder / history) in red.text


def test_an_exception_makes_unknown_whatever_was_not_judged_before_it(red):
    assert red.verdicts["CONN-BACKOFF-CONFIGURABLE"] == "deviates"
    assert red.verdicts["CONN-RETRY-BOUNDED"] == "conforms"
    assert red.claims["CONN-BACKOFF-JITTER"]["verdict"] == "unknown"
    assert red.claims["CONN-BACKOFF-JITTER"]["reason"] == "a tool is missing"


def test_a_fault_that_does_not_bite_makes_unknown(red):
    assert red.claims["CONN-RECONNECT-5S"]["verdict"] == "unknown"
    assert red.claims["CONN-RECONNECT-5S"]["reason"] == "the fault did not bite"


def test_an_incomplete_observation_makes_unknown(red):
    assert red.claims["CONN-RECONNECT-90S"]["verdict"] == "unknown"
    assert "no options.read" in red.claims["CONN-RECONNECT-90S"]["reason"]


def test_a_scenario_whose_worker_crashes_is_lost_and_its_claims_unknown(red):
    entry = red.claims["CONN-RECONNECT-30S"]
    assert entry["verdict"] == "unknown"
    assert "its scenario was lost" in entry["reason"]
    assert "lost: features/red.feature::Its worker crashes" in red.text
    assert "lost: features/red.feature::Its worker crashes" in red.page
    history = red.folder / entry["evidence"][0]["history"]
    assert "options.read" in history.read_text(), "a crash keeps what was seen"


def test_a_tear_down_that_fails_is_red_and_leaves_the_verdict(red):
    assert red.verdicts["CONN-BANDWIDTH"] == "conforms"
    assert "lost: features/red.feature::It cannot be ended: " in red.text


def test_every_scenario_is_in_the_one_report(red):
    assert len(red.claims) == 9
    assert red.counts == {"failed": 5, "passed": 2, "error": 1}


# -- either way


BETTER = '{"CONN-RETRY-ZERO-AFTER": {"verdict": "conforms", "reason": "our SuperNode has a patch"}}'

DIFFERS = """\
Feature: Better than expected

  @CONN-RETRY-ZERO-AFTER
  Scenario: It conforms
    When flower-supernode offers --backoff
    Then its back-off can be set

  @CONN-BACKOFF-CONFIGURABLE @nightly
  Scenario: It deviates, at night
    When flower-supernode offers --nothing
    Then its back-off can be set

  @CONN-NODE-ID-KEPT
  Scenario: One half
    When flower-supernode offers --backoff
    Then its back-off can be set

  @CONN-NODE-ID-KEPT
  Scenario: The other half
    When flower-supernode offers --backoff
    Then its back-off can be set
"""


@pytest.fixture(scope="module")
def differs(project):
    return project(differs=DIFFERS)


def test_what_conforms_though_it_is_expected_to_deviate_is_red_and_nightly_ones_are_left_out(differs):
    ran = differs.run("-n", "0")
    assert ran.code == 1
    assert ran.counts == {"passed": 3, "deselected": 1}
    assert "CONN-RETRY-ZERO-AFTER conforms, expected deviates" in ran.text
    assert "CONN-BACKOFF-CONFIGURABLE" not in ran.claims


@pytest.mark.parametrize("form", ["toml", "json"])
def test_what_the_user_expects_counts_and_nightly_ones_run_when_asked_for(differs, form):
    toml = '[CONN-RETRY-ZERO-AFTER]\nverdict = "conforms"\nreason = "our SuperNode has a patch"'
    text = toml if form == "toml" else BETTER
    ran = differs.run("-n", "0", "--nightly", "--expected", str(differs.write(f"expected.{form}", text)))
    assert ran.code == 0, ran.text
    assert ran.counts == {"passed": 3, "xfailed": 1}
    assert ran.claims["CONN-RETRY-ZERO-AFTER"]["expected"] == "conforms"
    assert "our SuperNode has a patch" in ran.page


def test_with_strict_whatever_deviates_fails(differs):
    ran = differs.run("-n", "0", "--nightly", "--strict", "-k", "night")
    assert ran.code == 1
    assert ran.counts == {"failed": 1, "deselected": 3}
    assert "CONN-BACKOFF-CONFIGURABLE deviates, expected deviates" in ran.text


def test_a_part_of_the_scenarios_makes_no_other_claim_red(differs):
    ran = differs.run("-n", "0", "-k", "half and not other")
    assert ran.code == 0, ran.text
    assert ran.counts == {"passed": 1, "deselected": 3}
    assert ran.verdicts == {"CONN-NODE-ID-KEPT": "conforms"}


def test_a_run_of_all_there_is_answers_for_claims_without_a_scenario(differs):
    ran = differs.run("-n", "0", "--expected", str(differs.write("expected.json", BETTER)), all_of_it=True)
    assert ran.code == 1
    assert ran.counts == {"passed": 4, "deselected": 1}
    assert "ROUND-REJOIN unknown, expected conforms" in ran.text
    assert "CONN-RECONNECT-RESET unknown" not in ran.text


def test_a_choice_of_nothing_says_so(differs):
    ran = differs.run("-n", "0", "-k", "nothing_of_that_name")
    assert ran.code == 5
    assert "no scenario ran" in ran.text
    assert "every verdict is as expected" not in ran.text


def test_a_run_leaves_nothing_in_the_state_folder(differs):
    assert list((differs.state / "sessions").iterdir()) == []
