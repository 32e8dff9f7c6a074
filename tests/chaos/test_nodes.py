"""Faults of nodes, with real processes that have children."""

import signal
import sys

import psutil
import pytest

from harness.chaos.nodes import Node
from harness.errors import Inconclusive
from harness.hypervisor.process import LocalProgram
from harness.waiting import wait_until

PARENT = """
import signal, subprocess, sys, time
if {deaf}: signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"])
print("parent", flush=True)
time.sleep(600)
"""


def start(tmp_path, *, deaf=False):
    process = LocalProgram("node-1", [sys.executable, "-u", "-c", PARENT.format(deaf=deaf)], log=tmp_path / "node.log")
    wait_until(
        lambda: {"parent", "up"} <= set(process.tail().split()),
        what="both processes",
        timeout=20,
        poll=0.02,
        abort=process.ended,
    )
    return process


@pytest.fixture
def process(tmp_path):
    with start(tmp_path) as process:
        yield process


def others(process):
    return [p for p in process.tree() if p.pid != process.pid]


def test_kill_ends_the_whole_tree(process, seen):
    children = others(process)
    fault = Node(process, observe=seen).kill()
    assert process.code == -signal.SIGKILL
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert fault.kind == "node_kill"
    assert fault.end > fault.start
    assert seen.kinds() == ["fault.begin", "fault.end"]


def test_kill_main_leaves_the_children(process):
    (child,) = others(process)
    fault = Node(process).kill_main()
    assert process.code == -signal.SIGKILL
    assert fault.evidence["survivors"] == [child.pid]
    assert child.is_running()


def test_stop_asks_the_main_process_to_end(process):
    fault = Node(process).stop(grace=5)
    assert process.code == -signal.SIGTERM
    assert fault.evidence["code"] == -signal.SIGTERM


def test_stop_of_a_process_that_does_not_listen_is_inconclusive_and_leaves_it(tmp_path):
    with start(tmp_path, deaf=True) as process:
        with pytest.raises(Inconclusive, match="after SIGTERM"):
            Node(process).stop(grace=0.3)
        assert process.running


def test_freeze_stops_every_process_and_thaw_continues_them(process, seen):
    with Node(process, observe=seen).freeze() as frozen:
        assert {p.status() for p in process.tree()} == {psutil.STATUS_STOPPED}
        assert len(frozen.fault.evidence["stopped"]) == 2
        assert frozen.fault.end is None
    assert psutil.STATUS_STOPPED not in {p.status() for p in process.tree()}
    assert frozen.fault.end is not None
    assert seen.kinds() == ["fault.begin", "fault.bites", "fault.end"]


def test_a_frozen_node_can_be_killed(process):
    node = Node(process)
    with node.freeze() as frozen:
        node.kill()
    assert frozen.fault.evidence["running"] is False


def test_a_signal_that_does_not_arrive_is_inconclusive(process, monkeypatch, seen):
    monkeypatch.setattr("harness.chaos.nodes._EFFECT", 0.2)
    monkeypatch.setattr(process, "signal", lambda *_, **__: [])
    node = Node(process, observe=seen)
    with pytest.raises(Inconclusive, match="SIGSTOP did not take effect"):
        node.freeze()
    with pytest.raises(Inconclusive, match="was not seen"):
        node.kill()
    assert "fault.bites" not in seen.kinds()


@pytest.mark.parametrize("fault", ["kill", "kill_main", "stop", "freeze"])
def test_a_node_that_has_ended_is_no_target(process, fault):
    process.end()
    with pytest.raises(Inconclusive, match="no target"):
        getattr(Node(process), fault)()
