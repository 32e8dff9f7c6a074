"""What people read: the page, the end of the run in the terminal, the line of a scenario."""

import re
from pathlib import Path

import pytest

from harness.claims.ledger import Outcome
from harness.claims.verdicts import Verdict
from harness.report.conformance import Conditions, judge_claims
from harness.report.index import KnownScenario
from harness.report.markdown import as_markdown
from harness.report.matrix import as_terminal
from harness.report.outcomes import ScenarioOutcome, file_name

FOLDER = Path("/reports/a-run-whose-path-is-long-enough-to-be-folded-at-a-hundred-columns/20260101-000000-abcdef")


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


@pytest.fixture
def awkward():
    """A scenario whose words are not made for tables and markup."""
    reason = "saw 1 | 2,\nthen [bold]nothing[/] of <b>it</b>"
    outcome = Outcome("CONN-A", Verdict.DEVIATES, reason)
    name = "A | B [x]"
    return ScenarioOutcome(f"f.feature::{name}", name, "f.feature", (outcome,), "histories/a.jsonl", 3.0, "no | [way]")


@pytest.fixture
def shown(catalogue, target):
    """The page and the terminal's text for outcomes."""

    def make(*outcomes, lost=None, colour=False):
        apart = {"IMAGE-E": frozenset({KnownScenario("f.feature", "not run", nightly=False)})}
        judged = judge_claims(catalogue, apart, outcomes, Conditions("1.25.0", "embedded", "process"))
        page = as_markdown(judged, catalogue, outcomes, lost or {}, target)
        return page, as_terminal(judged, outcomes, lost or {}, FOLDER, 100, colour=colour)

    return make


def test_tables_keep_their_columns_whatever_is_in_them(shown, awkward):
    page, _ = shown(awkward)
    rows = [cells(line) for line in page.splitlines() if line.startswith("|")]
    widths = [len(row) for row in rows]
    assert set(widths) == {5, 4}
    row = next(row for row in rows if row[0].startswith("[CONN-A]"))
    assert row[2:4] == ["deviates", "conforms"]
    assert row[4] == r"saw 1 \| 2, then [bold]nothing[/] of <b>it</b>"
    assert next(row for row in rows if row[0] == r"A \| B [x]")[2] == r"no \| [way]"


def test_the_page_has_what_differs_first_and_the_evidence_behind_each_cell(shown, ran):
    page, _ = shown(ran("cut", CONN_A="deviates", CONN_B="deviates"))
    assert "- **CONN-A** deviates, expected conforms: cut saw deviates" in page
    assert "- **CONN-B**" not in page
    assert page.index("## What differs") < page.index("## connectivity") < page.index("# Evidence")
    assert "[CONN-A](#conn-a)" in page
    assert "## CONN-A" in page
    assert "[history](histories/cut.jsonl)" in page
    assert "(Strategy: harness_app.Ours)" in page


def test_the_page_says_when_all_is_as_expected_when_nothing_ran_and_what_was_lost(shown, ran):
    good = ran("cut", CONN_A="conforms", CONN_B="deviates")
    assert "Every verdict is as expected." in shown(good)[0]
    assert "No scenario ran." in shown()[0]
    lost, text = shown(good, lost={"f.feature::gone": "worker\n'gw1' crashed | [3]"})
    assert "Every verdict is as expected." not in lost
    assert r"- lost: f.feature::gone: 'gw1' crashed \| [3]" in lost
    assert "lost: f.feature::gone: 'gw1' crashed | [3]" in text
    assert "every verdict is as expected" not in text


def test_the_terminal_shows_the_matrix_what_differs_and_where_to_look(shown, ran):
    _, text = shown(ran("cut", CONN_A="deviates", CONN_B="deviates"))
    lines = text.splitlines()
    assert any(re.match(r"CONN-A +deviates +conforms +cut saw deviates", line) for line in lines)
    assert any(re.match(r"CONN-B +deviates +as expected", line) for line in lines)
    assert "2 claims judged by 1 scenarios: 0 conforms, 2 deviates, 0 unknown; 3 claims not judged by this run" in text
    assert "CONN-A deviates, expected conforms (Section of CONN-A)" in lines
    assert f"   {FOLDER}/histories/cut.jsonl" in lines, "paths stay in one piece"
    assert lines[-1].startswith(f"report: {FOLDER}/conformance.md ")


def test_the_terminal_takes_words_for_words_and_not_for_markup(shown, awkward):
    _, text = shown(awkward)
    assert "[bold]nothing[/]" in text
    assert "could not go on: A | B [x]: no | [way]" in text


def test_there_are_colours_when_they_are_asked_for_only(shown, ran):
    assert "\x1b[" in shown(ran("cut", CONN_A="deviates"), colour=True)[1]
    assert "\x1b[" not in shown(ran("cut", CONN_A="deviates"))[1]


def test_the_line_of_a_scenario_has_its_verdicts(ran):
    line = ran("cut", CONN_A="conforms", CONN_B="deviates").line("as expected")
    assert line.split() == ["as", "expected", "12", "s", "cut", "[CONN-A", "conforms,", "CONN-B", "deviates]"]


def test_files_of_scenarios_have_readable_names_that_differ():
    one, other = file_name("features/a.feature::It's a cut!"), file_name("features/a.feature::It's a cut?")
    assert re.fullmatch(r"a-it-s-a-cut-[0-9a-f]{8}", one)
    assert one != other
    assert len(file_name("features/a.feature::" + "long " * 100)) < 100
