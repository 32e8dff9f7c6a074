"""`harness fidelity`: exit 0 when all recordings are equal, 1 when one differs, 2 for bad input in one line."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from harness.cli.fidelity import main

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.fixture
def folder(tmp_path):
    for name in ("adjust-table", "delete-service"):
        shutil.copy(RECORDINGS / f"{name}.json", tmp_path)
    return tmp_path


@pytest.fixture
def fidelity(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["harness", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return call


def _wrong_status(folder):
    path = folder / "delete-service.json"
    data = json.loads(path.read_text())
    data["exchanges"][0]["status"] = 200
    path.write_text(json.dumps(data))


def test_equal(fidelity, folder):
    code, output, _ = fidelity(folder)
    assert code == 0
    assert "adjust-table" in output
    assert "delete-service" in output

    code, output, _ = fidelity(folder, "--json")
    assert code == 0
    assert json.loads(output)[1] == {"recording": "delete-service", "steps": 18, "equal": 18, "difference": None}


def test_different(fidelity, folder):
    _wrong_status(folder)
    code, output, _ = fidelity(folder)
    assert code == 1
    assert "status: recorded 200" in " ".join(output.replace("│", " ").split())

    code, output, _ = fidelity(folder, "--json")
    assert code == 1
    found = json.loads(output)[1]
    assert found["equal"] == 0
    assert found["difference"].startswith("POST /service_template at 0.0 s: status: recorded 200, embedded 201")


def test_bad_input_is_one_line(fidelity, folder, tmp_path):
    (folder / "adjust-table.json").write_text('[{"cardinality": "x"}]')
    empty = tmp_path / "empty"
    empty.mkdir()
    wanted = {
        tmp_path / "nowhere": "nowhere is not a folder; give the folder that holds the recordings",
        RECORDINGS / "adjust-table.json": "adjust-table.json is not a folder",
        empty: "empty holds no recordings",
        folder: "adjust-table.json: the field [0].cardinality: input should be a valid integer",
    }
    for path, text in wanted.items():
        code, output, errors = fidelity(path)
        assert (code, output) == (2, "")
        assert errors.startswith("harness: ")
        assert text in errors
        assert len(errors.splitlines()) == 1
