import json

import pytest
import typer
from typer.testing import CliRunner

from harness.claims.catalogue import load_catalogue
from harness.claims.expected import with_expected
from harness.cli.claims import claims
from harness.errors import InputError

APP = typer.Typer()
APP.command()(claims)


def run(*options):
    return CliRunner().invoke(APP, list(options), catch_exceptions=False)


def test_the_table_has_every_claim_with_what_is_expected():
    output = run().output
    catalogue = load_catalogue()
    assert all(id_ in output for id_ in catalogue)
    assert f"{len(catalogue)} claims: " in output
    line = next(line for line in output.splitlines() if "CONN-RETRY-ZERO-UNLIMITED " in line)
    assert "deviates" in line


def test_a_chapter_is_shown_alone():
    output = run("--chapter", "rounds").output
    assert "ROUND-REJOIN" in output
    assert "CONN-" not in output


def test_json_has_all_that_is_known_of_a_claim_on_that_version():
    rows = json.loads(run("--json", "--flower", "1.42.0").output)
    catalogue = load_catalogue()
    assert [row["claim"] for row in rows] == list(catalogue)
    half_open = next(row for row in rows if row["claim"] == "CONN-HALF-OPEN")
    claim = catalogue["CONN-HALF-OPEN"]
    assert half_open == {
        "claim": "CONN-HALF-OPEN",
        "chapter": "connectivity",
        "section": claim.section,
        "text": claim.text,
        "judged": claim.judged,
        "expected": "conforms",
        "reason": claim.expected("1.42.0").reason,
        "flower": "1.42.0",
    }


def test_what_it_prints_as_json_serves_as_expectations(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(run("--json").output, encoding="utf-8")
    catalogue = load_catalogue()
    assert {id_: claim.expected("1.25.0") for id_, claim in with_expected(catalogue, file).items()} == {
        id_: claim.expected("1.25.0") for id_, claim in catalogue.items()
    }


def test_expectations_of_the_user_are_shown(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('[ROUND-REJOIN]\nverdict = "unknown"\nreason = "not for us [bold]"', encoding="utf-8")
    rows = json.loads(run("--json", "--expected", str(file)).output)
    assert next(row for row in rows if row["claim"] == "ROUND-REJOIN")["expected"] == "unknown"
    assert "not for us [bold]" in run("--expected", str(file), "--chapter", "rounds").output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--chapter", "links"], "there is no chapter 'links'"),
        (["--flower", "latest"], "--flower latest: is not a version such as 1.25.0"),
        (["--expected", "none.toml"], "none.toml: cannot be read"),
    ],
)
def test_bad_input_is_one_clear_line(options, says):
    with pytest.raises(InputError, match=says):
        run(*options)
