"""`harness compare`: exit 0 when no verdict changed, 1 when one did, 2 for bad input."""

import json
import re

import pytest


@pytest.fixture
def run_of(tmp_path):
    def write(name, **verdicts):
        folder = tmp_path / name
        folder.mkdir()
        entries = [
            {"claim": id_.replace("_", "-"), "verdict": verdict, "reason": f"[saw] {verdict}"}
            for id_, verdict in verdicts.items()
        ]
        (folder / "conformance.json").write_text(json.dumps(entries))
        return folder

    return write


def test_no_change(harness, run_of):
    said = harness("compare", run_of("one", CONN_A="conforms"), run_of("two", CONN_A="conforms"))
    assert (said.code, said.output) == (0, "no verdict changed\n")


def test_changes_are_shown_with_what_was_seen(harness, run_of):
    one, two = run_of("one", CONN_A="conforms", CONN_B="unknown"), run_of("two", CONN_A="deviates", CONN_C="conforms")
    said = harness("compare", one, two / "conformance.json")
    assert said.code == 1
    assert re.search(r"CONN-A +conforms +deviates +\[saw\] deviates", said.output)
    assert re.search(r"CONN-B +unknown +- ", said.output)
    assert re.search(r"CONN-C +- +conforms ", said.output)
    assert "3 verdicts changed" in said.output

    said = harness("compare", "--json", one, two)
    assert said.code == 1
    assert said.json[0] == {"claim": "CONN-A", "before": "conforms", "after": "deviates", "reason": "[saw] deviates"}


def test_what_is_no_report_is_refused_in_one_line(harness, run_of, tmp_path):
    said = harness("compare", run_of("one", CONN_A="conforms"), tmp_path)
    assert said.code == 2
    assert said.errors.startswith(f"harness: {tmp_path}/conformance.json: cannot be read as a conformance.json")
    assert len(said.errors.splitlines()) == 1
