"""Ports: held, not handed out twice, and free again when their holder is gone."""

import signal
import socket
import sys

import pytest

from harness import ports as module
from harness.errors import SetupFailed
from harness.ports import FIRST, LAST, Ports
from harness.processes import Process
from harness.waiting import wait_until

HOLDER = """
import sys, threading
from pathlib import Path
from harness import ports
ports.FIRST, ports.LAST = int(sys.argv[2]), int(sys.argv[3])
held = ports.Ports(Path(sys.argv[1]))
print("holds", *(held.take() for _ in range(int(sys.argv[4]))), flush=True)
threading.Event().wait()
"""


@pytest.fixture
def narrow(monkeypatch):
    """Few ports, so that a clash is certain where there is no lock."""
    monkeypatch.setattr(module, "FIRST", 31000)
    monkeypatch.setattr(module, "LAST", 31011)
    monkeypatch.setattr(module, "_TRIES", 4000)


def test_ports_are_below_those_that_the_kernel_gives_to_clients(tmp_path):
    with Ports(tmp_path) as ports:
        taken = [ports.take() for _ in range(50)]
    assert len(set(taken)) == 50
    assert all(FIRST <= port <= LAST < 32768 for port in taken)


def test_a_port_that_is_held_is_not_handed_out_again(tmp_path, narrow):
    with Ports(tmp_path) as one, Ports(tmp_path) as other:
        taken = [ports.take() for _ in range(4) for ports in (one, other)]
    assert len(set(taken)) == len(taken)


def test_when_none_is_left_it_says_so_and_a_close_gives_them_back(tmp_path, narrow):
    with Ports(tmp_path) as ports:
        with pytest.raises(SetupFailed, match=r"no free port between 31000 and 31011 on 127\.0\.0\.1 after 4000 tries"):
            [ports.take() for _ in range(13)]
        ports.close()
        assert 31000 <= ports.take() <= 31011


def test_a_port_on_which_somebody_listens_is_not_handed_out(tmp_path, monkeypatch):
    with Ports(tmp_path) as ports:
        port = ports.take()
        monkeypatch.setattr(module, "FIRST", port)
        monkeypatch.setattr(module, "LAST", port)
        ports.close()
        with socket.create_server(("127.0.0.1", port)), pytest.raises(SetupFailed):
            ports.take()
        assert ports.take() == port


def test_another_process_gets_other_ports_until_the_holder_is_killed(tmp_path, narrow):
    argv = [sys.executable, "-c", HOLDER, str(tmp_path), "31000", "31011", "8"]
    with Process("holder", argv, log=tmp_path / "log") as holder, Ports(tmp_path) as ports:
        wait_until(lambda: "holds" in holder.tail(), what="it", timeout=30, poll=0.02, abort=holder.ended)
        theirs = set(map(int, holder.tail().split()[1:]))
        ours = {ports.take() for _ in range(3)}
        assert not ours & theirs
        holder.signal(signal.SIGKILL)
        holder.wait(10)
        ours |= {ports.take() for _ in range(5)}
        assert ours & theirs
