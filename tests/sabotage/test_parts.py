"""Other parts that are broken: a SuperNode that is never back, a link that does not cut, a run that is killed."""

import json
import os
import re
import signal
import sys

import psutil
import pytest
from sabotage import HERE, ROOT, Sabotage

from harness import sessions
from harness.flower.versions import SPECIFIED, environment
from harness.processes import Process, run
from harness.sessions import LABEL, cache_root
from harness.waiting import wait_until

pytestmark = pytest.mark.sabotage

CUT = "CONN-RECONNECT-5S"


def never_back(folder, toxiproxy):
    """Flower's environment in a cache of its own, whose flower-supernode hangs once it was cut off."""
    real = environment(SPECIFIED).folder
    fake = folder / "cache" / real.relative_to(cache_root())
    (fake / "bin").mkdir(parents=True)
    for path in real.iterdir():
        if path.name != "bin":
            (fake / path.name).symlink_to(path)
    for path in (real / "bin").iterdir():
        (fake / "bin" / path.name).symlink_to(path)
    supernode = fake / "bin" / "flower-supernode"
    supernode.unlink()
    supernode.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "never_back.py"}" "$@"\n')
    supernode.chmod(0o755)
    there = {"FLOWER_HARNESS_CACHE": str(folder / "cache"), "REAL_SUPERNODE": str(real / "bin" / "flower-supernode")}
    return toxiproxy, there


def cuts_nothing(folder, toxiproxy):
    """An executable that is a Toxiproxy in everything but cuts."""
    executable = folder / "toxiproxy-server"
    executable.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "cuts_nothing.py"}" "$@"\n')
    executable.chmod(0o755)
    return executable, {"REAL_TOXIPROXY": str(toxiproxy)}


NEVER_BACK = Sabotage("NeverBack", CUT, part=never_back)
CUTS_NOTHING = Sabotage("CutsNothing", CUT, part=cuts_nothing)


@pytest.mark.usefixtures("runs")  # The runs of the cases go on meanwhile; none of them is to be ended either.
def test_what_a_killed_run_left_is_ended_by_the_next_one_and_only_that(tmp_path, toxiproxy):
    state = tmp_path / "state"
    env = {"FLOWER_HARNESS_STATE": str(state)}
    another = state / "sessions" / "another"
    another.mkdir(parents=True)
    me = psutil.Process()
    (another / "session.json").write_text(json.dumps({"id": "another", "pid": me.pid, "started": me.create_time()}))
    superlink = tmp_path / "flower-superlink"
    superlink.write_text("import time\ntime.sleep(600)\n")
    decoy = [sys.executable, superlink, "--insecure"]
    with (
        Process("decoy", decoy, log=tmp_path / "decoy.log", env={LABEL: "another"}) as of_another_run,
        Process("own", decoy, log=tmp_path / "own.log", env={LABEL: ""}) as of_nobody,
    ):
        options = ["--reports", tmp_path / "reports", "--live", "0", "-m", "CONN-HALF-OPEN", "-n", "1"]
        argv = [sys.executable, "-m", "pytest", "features", *options, "--toxiproxy", toxiproxy]
        with Process("pytest", argv, log=tmp_path / "pytest.log", env=env, cwd=ROOT) as killed:
            wait_until(
                lambda: len(list((tmp_path / "reports").rglob("supernode-2.log"))),
                what="the SuperNodes of the run that will be killed",
                timeout=120,
                abort=killed.ended,
            )
            [session] = {folder.name for folder in (state / "sessions").iterdir()} - {"another"}
            # The worker too, as `pkill -9 pytest` does: left alone, it would end what it started.
            for process in [killed.pid, *(worker.pid for worker in psutil.Process(killed.pid).children())]:
                os.kill(process, signal.SIGKILL)
            killed.wait(10)
            left = sessions.labelled(session)
            assert any("flower-supernode" in " ".join(process.cmdline()) for process in left)

            done = run(
                [*argv[:4], *options[:4], "-m", "CONN-BACKOFF-CONFIGURABLE", "-n", "0"],
                timeout=120,
                env=env,
                cwd=ROOT,
            )

            for name in ("toxiproxy", "flower-superlin", "flower-supernod"):
                assert re.search(rf"left by a killed run, ended: \d+ {name}", done.errors), done.errors
            assert not [
                process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            ]
            assert list((state / "sessions").iterdir()) == [another]
            assert of_another_run.running
            assert of_nobody.running


@pytest.mark.parametrize("case", [NEVER_BACK], ids=str)
def test_a_supernode_that_is_never_back_deviates(runs, case):
    ran = runs[case.name].result()
    assert ran.claims[CUT]["verdict"] == "deviates", ran.text
    [piece] = ran.claims[CUT]["evidence"]
    assert piece["summary"] == "round 1 counted no result of node 1, 1 failures"
    assert ran.judged_again(piece["history"])[CUT] == "deviates"
    assert ran.done.code == 1


@pytest.mark.parametrize("case", [CUTS_NOTHING], ids=str)
def test_a_link_that_does_not_cut_is_unknown_and_red_and_never_conforms(runs, case):
    ran = runs[case.name].result()
    assert ran.claims[CUT]["verdict"] == "unknown", ran.text
    assert "the cut of link link-1 did not bite" in ran.claims[CUT]["reason"]
    assert ran.done.code == 1
