"""Turns at starting are shared by processes, and come back from those that are gone."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import pytest

from harness import turns
from harness.errors import WaitTimeout
from harness.processes import Process
from harness.turns import Turns
from harness.waiting import wait_until

_HOLD = """
import sys, time
from pathlib import Path
from harness.turns import Turns
with Turns(Path(sys.argv[1]), 1).take():
    print("taken", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(turns, "_PATIENCE", 0.3)


def test_there_are_so_many_and_no_more(tmp_path):
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(Turns(tmp_path, 3).take())
        with pytest.raises(WaitTimeout, match="a turn at starting"):
            stack.enter_context(Turns(tmp_path, 3).take())


def test_a_turn_that_was_given_back_comes_again(tmp_path):
    for _ in range(3):
        with Turns(tmp_path, 1).take():
            pass


def test_a_turn_comes_back_from_a_process_that_was_killed(tmp_path):
    log = tmp_path / "log"
    folder = tmp_path / "turns"
    with Process("holder", [sys.executable, "-c", _HOLD, folder], log=log):
        wait_until(lambda: "taken" in log.read_text(), what="the other process to have the turn", timeout=20)
        with pytest.raises(WaitTimeout), Turns(folder, 1).take():
            pass
    with Turns(folder, 1).take():
        pass


def test_each_core_has_two(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with Turns(tmp_path).take(), Turns(tmp_path).take(), pytest.raises(WaitTimeout), Turns(tmp_path).take():
        pass
