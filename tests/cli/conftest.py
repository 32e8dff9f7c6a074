"""The command line in this process, as the `harness` executable calls it, and saved histories to give to it."""

import json
import sys
from dataclasses import dataclass

import pytest

from harness.claims.ledger import Ledger
from harness.cli.main import main
from harness.history.recorder import Recorder
from harness.scene.scene import Scene


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    output: str
    errors: str

    @property
    def json(self):
        return json.loads(self.output)


@pytest.fixture
def harness(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["harness", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
        output, errors = capsys.readouterr()
        return Said(int(ended.value.code or 0), output, errors)

    return call


@pytest.fixture
def history(tmp_path):
    """Writes the history of a scenario that judged CONN-BACKOFF-CONFIGURABLE by the options that it read."""

    def write(name="one", *options, claim="CONN-BACKOFF-CONFIGURABLE", error=None):
        path = tmp_path / "histories" / f"{name}.jsonl"
        header = {"scenario": name, "feature": "features/a.feature", "claims": [claim], "planned": {claim: 1}}
        header |= {"flower": "1.25.0", "cloud": "embedded", "hypervisor": "process"}
        with Recorder(path, **header) as recorder:
            recorder.record("flower", "options.read", options=dict.fromkeys(options, ""))
            if error is not None:
                recorder.record("scenario", "scenario.error", error=error, type="SetupFailed")
                return path
            # What a scene needs of a run (Flower, Toxiproxy, folders) is for the things that it makes; it makes none.
            scene = Scene(None, None, recorder, Ledger(header["planned"]))
            with scene:
                scene.claims = (claim,)
                scene.judge("backoff-is-configurable")
        return path

    return write
