"""The report of a run while it is gathered."""

import json

import pytest

from harness.report.run_report import RunReport


@pytest.fixture
def report(target, catalogue, tmp_path):
    features = tmp_path / "features"
    features.mkdir()
    (features / "links.feature").write_text(
        "Feature: Links\n\n  @CONN-A @CONN-B\n  Scenario Outline: cut::off\n    Then it is <so>\n"
        "    Examples:\n      | so |\n      | 1  |\n\n  @CONN-A\n  Scenario: apart\n    Then it is so\n"
    )
    made = RunReport(target, catalogue, features)
    made.folder = tmp_path / "run"
    (made.folder / "live").mkdir(parents=True)
    (made.folder / "live" / "left.json").write_text("{}")
    return made


def verdicts(report):
    return {claim.result.claim: claim.result.verdict.value for claim in report.judged if claim.result.scenarios}


def test_an_outcome_counts_once_however_often_it_is_reported(report, ran):
    assert report.add(ran("apart", CONN_A="conforms"))
    assert not report.add(ran("apart", CONN_A="conforms"))
    assert verdicts(report) == {"CONN-A": "conforms"}
    assert not report.red


def test_the_claims_of_a_lost_scenario_are_unknown(report):
    report.lost("features/links.feature::cut:off[1]", "worker 'gw1' crashed\nwhile running it")
    assert verdicts(report) == {"CONN-A": "unknown", "CONN-B": "unknown"}
    assert report.judged[0].result.reason == "its scenario was lost: while running it"
    assert report.red


def test_a_tear_down_that_fails_is_red_and_takes_no_verdict_away(report, ran):
    report.add(ran("apart", CONN_A="conforms"))
    report.lost("features/links.feature::apart", "it cannot be ended")
    assert verdicts(report) == {"CONN-A": "conforms"}
    assert report.red


def test_a_file_that_was_refused_is_red_and_no_scenario(report):
    report.lost("features/links.feature", "no step definition")
    assert verdicts(report) == {}
    assert report.red
    assert "lost: features/links.feature: no step definition" in report.terminal(100, colour=False)


def test_it_leaves_both_files_and_no_live_notes(report, ran):
    report.add(ran("apart", CONN_A="conforms"))
    report.finish()
    assert sorted(path.name for path in report.folder.iterdir()) == ["conformance.json", "conformance.md"]
    entries = json.loads((report.folder / "conformance.json").read_text())
    assert [entry["claim"] for entry in entries] == ["CONN-A", "CONN-B", "ROUND-C", "SCALE-D", "IMAGE-E"]
