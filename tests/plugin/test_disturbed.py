"""A scenario that Flower's loss of a message disturbed is run again; no other is, and not for ever."""

import json

DISTURBED = """\
Feature: Disturbed

  @CONN-NODE-ID-KEPT
  Scenario: It is disturbed
    When Flower loses a message in {times} attempts
    And flower-supernode offers --{option}
    Then its back-off can be set
"""


def test_it_is_run_again_and_says_so(project):
    ran = project(a=DISTURBED.format(times=2, option="backoff")).run("-n", "0")
    assert ran.verdicts == {"CONN-NODE-ID-KEPT": "conforms"}
    assert ran.code == 0
    assert ran.counts == {"passed": 1}
    assert "(run 3 times: Flower lost a message for node 1" in ran.text
    assert "Flower lost a message for node 1" in ran.page
    aside = sorted(path.name.split(".")[-2] for path in (ran.folder / "histories" / "disturbed").glob("*.jsonl"))
    assert aside == ["1", "2"], "the histories of the attempts that were disturbed are kept"
    assert len(list((ran.folder / "logs" / "disturbed").iterdir())) == 2


def test_what_was_seen_in_a_disturbed_attempt_counts_for_nothing(project):
    ran = project(a=DISTURBED.format(times=1, option="backoff")).run("-n", "0")
    [aside] = (ran.folder / "histories" / "disturbed").glob("*.jsonl")
    checks = [event for event in map(json.loads, aside.read_text().splitlines()) if event["kind"] == "check"]
    assert [event["verdict"] for event in checks] == ["unknown"]


def test_one_that_is_disturbed_each_time_is_unknown_and_red(project):
    ran = project(a=DISTURBED.format(times=9, option="backoff")).run("-n", "0")
    assert ran.verdicts == {"CONN-NODE-ID-KEPT": "unknown"}
    assert ran.code == 1
    assert ran.counts == {"failed": 1}


def test_a_deviation_is_never_run_again(project):
    ran = project(a=DISTURBED.format(times=0, option="nothing")).run("-n", "0")
    assert ran.verdicts == {"CONN-NODE-ID-KEPT": "deviates"}
    assert "run 2 times" not in ran.text
    assert not (ran.folder / "histories" / "disturbed").exists()
