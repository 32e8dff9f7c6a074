"""`harness judge`: the same verdicts again, and what is no history is refused."""

import json
import re

import pytest


def edited(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_a_history_is_judged_as_when_it_ran(harness, history):
    said = harness("judge", history("one", "--max-retries"))
    assert said.code == 0
    assert re.search(r"CONN-BACKOFF-CONFIGURABLE +deviates +deviates +of 1 options of flower-supernode", said.output)
    assert "1 histories judged again: the same verdicts as when they ran" in said.output


def test_json_is_that_of_conformance_json(harness, history):
    path = history("one", "--max-retries")
    (entry,) = harness("judge", "--json", path).json
    assert (entry["claim"], entry["verdict"], entry["expected"]) == (
        "CONN-BACKOFF-CONFIGURABLE",
        "deviates",
        "deviates",
    )
    assert entry["evidence"][0]["history"] == str(path)
    assert entry["scenarios"] == ["features/a.feature::one"]
    assert entry["flower"] == "1.25.0"


def test_a_history_that_was_changed_is_judged_by_what_it_says_now(harness, history):
    path = edited(history("one", "--max-retries"), '"--max-retries": ""', '"--backoff": ""')
    said = harness("judge", path)
    assert said.code == 1
    assert f"{path}: CONN-BACKOFF-CONFIGURABLE is conforms now, deviates when it ran" in said.output
    assert "1 verdicts changed since they ran" in said.output


def test_a_verdict_that_was_changed_has_no_effect(harness, history):
    path = edited(history("one", "--max-retries"), '"verdict": "deviates"', '"verdict": "conforms"')
    said = harness("judge", path)
    assert said.code == 0
    assert "CONN-BACKOFF-CONFIGURABLE is deviates now, conforms when it ran" in said.output


def test_folders_of_histories_and_of_runs_are_judged_in_whole(harness, history, tmp_path):
    history("one", "--max-retries")
    history("two", "--backoff", claim="CONN-NODE-ID-KEPT")
    for folder in (tmp_path, tmp_path / "histories"):
        said = harness("judge", folder)
        assert said.code == 0
        assert "2 histories judged again" in said.output


def test_a_scenario_that_broke_or_crashed_is_unknown(harness, history):
    broke = history("broke", error="no Toxiproxy")
    (entry,) = harness("judge", "--json", broke).json
    assert (entry["verdict"], entry["reason"]) == ("unknown", "no Toxiproxy")
    crashed = history("crashed", "--backoff")
    crashed.write_text("".join(crashed.read_text().splitlines(keepends=True)[:2]) + '{"t": 3, "sou')
    said = harness("judge", crashed)
    assert said.code == 1
    assert "unknown" in said.output


def test_expectations_of_the_user_and_strict_count(harness, history, tmp_path):
    path = history("one", "--backoff")
    assert harness("judge", path).code == 1
    ours = tmp_path / "ours.toml"
    ours.write_text('[CONN-BACKOFF-CONFIGURABLE]\nverdict = "conforms"\nreason = "ours"')
    assert harness("judge", path, "--expected", ours).code == 0
    assert harness("judge", path, "--expected", ours, "--strict").code == 0
    assert harness("judge", history("two", "--max-retries"), "--strict").code == 1
    assert harness("judge", path, "--expected", tmp_path / "none.toml").code == 2


BAD = {
    "an empty file": (lambda text: "", ":? ?no event in it"),
    "garbage": (lambda text: "garbage\n", ":1: not a line of JSON"),
    "binary": (lambda text: "\0\1\2", "no event in it but a line that was cut off"),
    "another kind of JSON": (lambda text: "[1, 2]\n", ":1: not an event"),
    "a history without its beginning": (
        lambda text: "".join(text.splitlines(keepends=True)[1:]),
        "does not begin with history.begins",
    ),
    "another schema": (lambda text: text.replace('"schema": 1', '"schema": 99'), "schema 99; this harness reads 1"),
    "a header without its plan": (
        lambda text: text.replace('"planned"', '"plan"'),
        ":1: history.begins has no `planned`",
    ),
    "a plan that is none": (lambda text: text.replace('"planned": {', '"planned": [], "x": {'), ":1: `planned`"),
    "a time that is none": (lambda text: re.sub(r'"t": [\d.]+', '"t": "now"', text), ":1: t must be a number"),
    "an unknown check": (
        lambda text: text.replace("backoff-is-configurable", "nonsense"),
        "there is no check 'nonsense'",
    ),
    "other parameters": (
        lambda text: text.replace('"parameters": {}', '"parameters": {"node": 1}'),
        "unexpected keyword",
    ),
    "parameters that are none": (lambda text: text.replace('"parameters": {}', '"parameters": 3'), "parameters"),
    "claims that are none": (
        lambda text: text.replace('"claims": ["CONN-BACKOFF-CONFIGURABLE"], "check"', '"claims": null, "check"'),
        "claims",
    ),
    "a check of another claim": (
        lambda text: text.replace('["CONN-BACKOFF-CONFIGURABLE"], "check"', '["CONN-BANDWIDTH"], "check"'),
        "CONN-BANDWIDTH",
    ),
    "a check from the future": (lambda text: re.sub(r'"seen": \d+', '"seen": 99', text), "a check that saw 99 events"),
    "a claim that is not in the catalogue": (
        lambda text: text.replace("CONN-BACKOFF-CONFIGURABLE", "CONN-BACKOF-CONFIGURABLE"),
        "is not a claim of the catalogue; did you mean CONN-BACKOFF-CONFIGURABLE",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_history_is_refused_in_one_line(harness, history, case):
    change, says = BAD[case]
    path = history("one", "--max-retries")
    text = path.read_text()
    path.write_text(change(text))
    assert path.read_text() != text
    said = harness("judge", path)
    assert said.code == 2
    assert said.errors.startswith(f"harness: {path}:"), said.errors
    assert re.search(says, said.errors), said.errors
    assert len(said.errors.splitlines()) == 1


def test_a_folder_without_histories_is_refused(harness, tmp_path):
    said = harness("judge", tmp_path)
    assert said.code == 2
    assert said.errors == f"harness: {tmp_path}: there is no history (*.jsonl) in this folder\n"


def test_one_bad_history_among_good_ones_is_named(harness, history, tmp_path):
    history("good", "--max-retries")
    bad = tmp_path / "histories" / "bad.jsonl"
    bad.write_text(json.dumps({"t": 1, "source": "a", "kind": "b"}) + "\n")
    said = harness("judge", tmp_path)
    assert said.code == 2
    assert str(bad) in said.errors
