"""Refusals as a user meets them: one line with file and line, an exit code of pytest's own, and no traceback."""

import pytest

UNDEFINED = """\
Feature: Undefined

  @CONN-BANDWIDTH
  Scenario: A step has no definition
    When flower-supernode offers --backoff
    Then somebody has to see it
"""

ASYNC = """\
Feature: Async

  @CONN-NODE-ID-KEPT
  Scenario: A step would never be awaited
    When something happens sometime
    Then its back-off can be set
"""

TAGGED = """\
Feature: Tagged

  @CONN-NODE-ID-KEEPT
  Scenario: It names no claim
    Then its back-off can be set
"""


@pytest.fixture(scope="module")
def steps(project):
    return project(undefined=UNDEFINED, later=ASYNC)


@pytest.mark.parametrize(("workers", "code"), [("0", 2), ("2", 1)])
def test_undefined_and_async_steps_are_refused_at_collection(steps, workers, code):
    ran = steps.run("-n", workers)
    # Interrupted in one process; xdist itself ends such a run with 1.
    assert ran.code == code, ran.text
    assert f"{steps.files[0]}:6: no step definition for `Then somebody has to see it`" in ran.text
    assert f"{steps.files[1]}:5: `something happens sometime` has an async step definition" in ran.text
    assert "Traceback" not in ran.text
    assert "every verdict is as expected" not in ran.text
    assert ran.verdicts == {}


def test_a_refused_file_ends_the_run_before_anything_is_set_up(project):
    tagged = project(tagged=TAGGED)
    ran = tagged.run()
    assert ran.code == 4
    assert f"ERROR: {tagged.files[0]}:3: 'CONN-NODE-ID-KEEPT' is not a claim of the catalogue" in ran.text
    assert len(ran.text.strip().splitlines()) == 1, ran.text
    assert not ran.reports.exists()


def test_collecting_only_names_the_scenarios_and_leaves_no_report(project):
    ran = project().run("--collect-only", "-q", all_of_it=True)
    assert ran.code == 0, ran.text
    assert "features/apart.feature::It is there" in ran.text
    assert not ran.reports.exists()


def test_what_is_in_the_place_of_the_link_is_not_replaced_and_nothing_is_left(project):
    made = project()
    made.write("reports/latest/mine.txt", "mine")
    ran = made.run(all_of_it=True)
    assert ran.code == 4
    assert "reports/latest is in the way; it has to be a link that runs can replace" in ran.text
    assert "Traceback" not in ran.text
    assert (made.folder / "reports" / "latest" / "mine.txt").read_text() == "mine"
    assert list((made.state / "sessions").iterdir()) == []
