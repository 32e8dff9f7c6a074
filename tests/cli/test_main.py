"""The executable and its commands."""

import sys
from pathlib import Path

import pytest

from harness.processes import run

HARNESS = Path(sys.executable).with_name("harness")
COMMANDS = ("doctor", "claims", "judge", "compare", "inspect", "fidelity")


def test_the_installed_executable_lists_its_commands():
    done = run([HARNESS, "--help"], timeout=60)
    assert all(command in done.output for command in COMMANDS)


def test_bad_input_is_one_line_and_exit_code_2(tmp_path):
    done = run([HARNESS, "judge", tmp_path / "none.jsonl"], timeout=60, check=False)
    assert done.code == 2
    assert done.output == ""
    assert done.errors == f"harness: {tmp_path}/none.jsonl: there is no such file\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_can_speak_json(harness, command):
    said = harness(command, "--help")
    assert said.code == 0
    assert "--json" in said.output


@pytest.mark.parametrize("words", [["unknown"], ["judge"], ["judge", "--no-such-option"], ["compare", "one"]])
def test_words_that_mean_nothing_exit_with_2(harness, words):
    said = harness(*words)
    assert said.code == 2
    assert "Traceback" not in said.errors


def test_claims_reports_bad_input_in_one_line(harness):
    said = harness("claims", "--chapter", "links")
    assert said.code == 2
    assert said.errors.startswith("harness: there is no chapter 'links'")
    assert len(said.errors.splitlines()) == 1


def test_claims_lists_claims(harness):
    said = harness("claims", "--json", "--chapter", "rounds")
    assert said.code == 0
    assert {row["chapter"] for row in said.json} == {"rounds"}
