"""A client on another machine than the harness, e.g. in a VM, which cannot write into its folder."""

import json
import subprocess

from conftest import APP, _declared

CLIENT = """
import json, sys
from types import SimpleNamespace
from harness_app.participant import Participant
config = json.loads(sys.argv[1])
context = SimpleNamespace(run_config=config, node_config={"partition-id": 0}, run_id=7, node_id=1)
with Participant(context) as participant:
    participant.fit(participant.initial(), 1)
"""


def fit(flower, folder):
    config = json.dumps({**_declared(APP), "events-dir": str(folder), "fit-seconds": 0.0, "cohort": 2})
    argv = [flower.python, "-c", CLIENT, config]
    done = subprocess.run(argv, cwd=APP, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split('"kind": "')[1].split('"')[0] for line in done.stdout.splitlines() if "harness-event" in line]


def test_it_tells_its_events_on_standard_output_and_waits_for_nobody(flower, tmp_path):
    assert fit(flower, tmp_path / "not there") == ["fit.begins", "fit.ends"]
