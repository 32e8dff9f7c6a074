"""Sessions: what a dead run left is ended, and only that."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from harness.processes import Process
from harness.sessions import (
    LABEL,
    cache_root,
    close_session,
    join_session,
    labelled,
    open_session,
    reap,
    state_root,
)
from harness.waiting import wait_until

WAITS = "import threading; threading.Event().wait()"
OWNER = f"""
import subprocess, sys
from pathlib import Path
from harness.sessions import open_session
session = open_session(Path(sys.argv[1]))
child = subprocess.Popen([sys.executable, "-c", {WAITS!r}], start_new_session=True)
print(session.id, child.pid, flush=True)
{WAITS}
"""


@pytest.fixture(autouse=True)
def own_label(monkeypatch):
    """These tests open sessions in this process, which may belong to one already."""
    monkeypatch.delenv(LABEL, raising=False)


@pytest.fixture
def bystander(tmp_path):
    """Starts processes, with a label or none, that end with the test."""
    started = []

    def start(label=None):
        env = {LABEL: label} if label else {}
        process = Process(f"b{len(started)}", [sys.executable, "-c", WAITS], log=tmp_path / "b.log", env=env)
        started.append(process)
        wait_until(lambda: psutil.Process(process.pid).environ(), what="its environment", timeout=10, poll=0.02)
        return process

    yield start
    for process in started:
        process.end()


@pytest.fixture
def owner(tmp_path):
    """Starts a run in a process of its own: the process, its session's id, and the child that it started."""
    started = []

    def start(root):
        process = Process(
            f"o{len(started)}", [sys.executable, "-c", OWNER, str(root)], log=tmp_path / f"{len(started)}"
        )
        started.append(process)
        wait_until(lambda: process.tail().endswith(tuple("0123456789")), what="it", timeout=30, abort=process.ended)
        session_id, child = process.tail().split()
        return process, session_id, psutil.Process(int(child))

    yield start
    for process in started:
        process.end()


def dead(root, session_id="deadbeef", **owner):
    """The folder of a session whose owner is described so."""
    folder = root / "sessions" / session_id
    (folder / "work").mkdir(parents=True)
    (folder / "session.json").write_text(json.dumps({"id": session_id, **owner}))
    return folder


def ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_session_labels_this_process_and_what_it_starts(tmp_path):
    session = open_session(tmp_path)
    assert os.environ[LABEL] == session.id
    assert session.environment() == {LABEL: session.id}
    assert session.work.is_dir()
    assert join_session(session.id, tmp_path) == session
    child = subprocess.Popen([sys.executable, "-c", WAITS])
    wait_until(lambda: [p.pid for p in labelled(session.id)], lambda pids: child.pid in pids, what="it", timeout=20)
    told = close_session(session)
    child.wait(10)
    assert any(line.startswith(f"{child.pid} ") for line in told)
    assert not session.folder.exists()
    assert LABEL not in os.environ


def test_a_session_that_cleaned_up_after_itself_has_nothing_to_end(tmp_path):
    assert close_session(open_session(tmp_path)) == []


def test_closing_spares_this_process_and_those_that_started_it(tmp_path, monkeypatch):
    session = open_session(tmp_path)
    found = {process.pid for process in labelled(session.id)}
    assert not found & {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    close_session(session)


def test_what_a_killed_owner_left_is_ended_and_only_that(tmp_path, owner, bystander):
    killed, killed_id, orphan = owner(tmp_path)
    alive, alive_id, child = owner(tmp_path)
    unlabelled, other = bystander(), bystander("0ther1d0")
    killed.signal(signal.SIGKILL)
    killed.wait(10)
    assert not ended(orphan)
    told = reap(tmp_path)
    assert [line.split()[0] for line in told] == [str(orphan.pid)]
    assert ended(orphan)
    assert not (tmp_path / "sessions" / killed_id).exists()
    assert alive.running
    assert not ended(child)
    assert (tmp_path / "sessions" / alive_id / "session.json").exists()
    assert unlabelled.running
    assert other.running


def test_an_owner_that_was_killed_and_not_yet_asked_for_is_dead(tmp_path, owner):
    killed, session_id, orphan = owner(tmp_path)
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(
        lambda: psutil.Process(killed.pid).status(), lambda s: s == psutil.STATUS_ZOMBIE, what="a zombie", timeout=10
    )
    reap(tmp_path)
    assert ended(orphan)
    assert not (tmp_path / "sessions" / session_id).exists()


def test_a_process_that_got_the_owners_id_is_not_the_owner(tmp_path, bystander):
    left, holder = bystander("deadbeef"), bystander()
    started = psutil.Process(holder.pid).create_time()
    folder = dead(tmp_path, pid=holder.pid, started=started - 100)
    reap(tmp_path)
    assert not left.running
    assert holder.running
    assert not folder.exists()


def test_an_owner_that_lives_keeps_what_it_has(tmp_path, bystander):
    left, holder = bystander("deadbeef"), bystander()
    folder = dead(tmp_path, pid=holder.pid, started=psutil.Process(holder.pid).create_time())
    assert reap(tmp_path) == []
    assert left.running
    assert folder.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "started": 1}', '{"pid": 1, "started": null}'])
def test_a_session_that_does_not_say_who_owns_it_is_a_dead_ones(tmp_path, text):
    folder = dead(tmp_path)
    (folder / "session.json").write_text(text)
    reap(tmp_path)
    assert not folder.exists()


def test_a_session_is_never_seen_without_its_owner(tmp_path, monkeypatch):
    """Another run that reaps while a session is opened does not take it for a dead one's."""
    looks = []
    replace = type(tmp_path).rename

    def watched(self, target):
        looks.append(reap(tmp_path))
        return replace(self, target)

    monkeypatch.setattr(type(tmp_path), "rename", watched)
    session = open_session(tmp_path)
    assert looks == [[]]
    reap(tmp_path)
    assert session.work.is_dir()
    close_session(session)


def test_without_sessions_there_is_nothing_to_reap(tmp_path):
    assert reap(tmp_path / "none") == []


def test_the_users_variables_come_first(monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWER_HARNESS_STATE", str(tmp_path / "s"))
    monkeypatch.setenv("FLOWER_HARNESS_CACHE", str(tmp_path / "c"))
    assert (state_root(), cache_root()) == (tmp_path / "s", tmp_path / "c")
    session = open_session()
    assert session.folder.is_relative_to(tmp_path / "s")
    close_session(session)
