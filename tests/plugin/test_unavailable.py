"""A scenario for which something is not there that nobody asked for: skipped, unknown, and red with --strict only."""

import pytest

from harness.claims.rejudge import rejudge

FEATURE = """\
Feature: Not there

  @CONN-NODE-ID-KEPT
  Scenario: Its tool is missing
    When its tool is missing
    Then its back-off can be set

  @CONN-BANDWIDTH
  Scenario: It needs no tool
    When flower-supernode offers --backoff
    Then its back-off can be set
"""


@pytest.fixture(scope="module")
def missing(project):
    return project(missing=FEATURE)


@pytest.fixture(scope="module")
def ran(missing):
    return missing.run("-n", "2")


def test_it_is_skipped_and_the_run_is_not_red(ran):
    assert ran.code == 0, ran.text
    assert ran.counts == {"passed": 1, "skipped": 1}
    assert ran.verdicts == {"CONN-NODE-ID-KEPT": "unknown", "CONN-BANDWIDTH": "conforms"}


def test_the_reason_says_what_to_install(ran):
    assert ran.claims["CONN-NODE-ID-KEPT"]["reason"] == "no mmdebstrap: apt-get install mmdebstrap"
    assert "1 scenario not judged here: no mmdebstrap: apt-get install mmdebstrap" in ran.text
    (skipped,) = [case for case in ran.junit() if case.find("skipped") is not None]
    assert "apt-get install mmdebstrap" in skipped.find("skipped").get("message")


def test_it_is_the_same_when_its_history_is_judged_again(ran):
    (piece,) = ran.claims["CONN-NODE-ID-KEPT"]["evidence"]
    assert rejudge(ran.folder / piece["history"]).unavailable


def test_with_strict_the_run_is_red(missing):
    strict = missing.run("-n", "0", "--strict")
    assert strict.code == 1
    assert "CONN-NODE-ID-KEPT unknown, expected conforms" in strict.text


def test_an_error_that_says_it_all_comes_without_a_traceback(project):
    ran = project(
        breaks="""\
Feature: It breaks

  @CONN-NODE-ID-KEPT
  Scenario: Its fault does not bite
    When the fault does not bite
    Then its back-off can be set
"""
    )
    plain = ran.run("-n", "0")
    assert "the fault did not bite" in plain.text
    assert "words.py" not in plain.text
    assert "words.py" in ran.run("-n", "0", "--tb=long").text
