"""What changed between two runs, and what is no report of a run."""

import json

import pytest

from harness.errors import InputError
from harness.report.compare import Change, compare, read_conformance


def entries(**verdicts):
    return {
        id_.replace("_", "-"): {"claim": id_.replace("_", "-"), "verdict": verdict, "reason": f"saw {verdict}"}
        for id_, verdict in verdicts.items()
    }


def test_only_what_changed_is_told_with_what_was_seen_last():
    before = entries(CONN_A="conforms", CONN_B="conforms", CONN_GONE="unknown")
    after = entries(CONN_NEW="conforms", CONN_A="deviates", CONN_B="conforms")
    assert compare(before, after) == [
        Change("CONN-NEW", None, "conforms", "saw conforms"),
        Change("CONN-A", "conforms", "deviates", "saw deviates"),
        Change("CONN-GONE", "unknown", None, "saw unknown"),
    ]


def test_a_run_does_not_differ_from_itself():
    assert compare(entries(CONN_A="unknown"), entries(CONN_A="unknown")) == []


def test_a_run_is_its_folder_or_its_file(tmp_path):
    (tmp_path / "conformance.json").write_text(json.dumps(list(entries(CONN_A="conforms").values())))
    assert read_conformance(tmp_path) == read_conformance(tmp_path / "conformance.json") == entries(CONN_A="conforms")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read as a conformance.json"),
        ("", "cannot be read as a conformance.json"),
        ("{}", "a conformance.json is a list of claims"),
        ("[1]", "entry 0 has no `claim` and `verdict`"),
        ('[{"claim": "CONN-A", "verdict": "conforms"}, {"claim": 3, "verdict": "x"}]', "entry 1 has no `claim`"),
        ('[{"claim": "CONN-A"}]', "entry 0 has no `claim` and `verdict`"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path, text, says):
    file = tmp_path / "conformance.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        read_conformance(file)
    assert str(error.value).startswith(f"{file}: ")
