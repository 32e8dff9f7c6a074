"""Programs in containers: what is seen of them, what is done to them, and that nothing is left of them."""

import os
import signal
import socket
import sys

import psutil
import pytest

from harness.chaos.nodes import Node
from harness.chaos.toxiproxy.locate import locate
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.errors import HarnessError, Inconclusive, SetupFailed
from harness.hypervisor.docker.engine import end_left, labels, remember, remove_labelled
from harness.hypervisor.docker.images import Images
from harness.hypervisor.docker.network import ScenarioNetwork
from harness.hypervisor.docker.site import DockerSite
from harness.hypervisor.site import SUPERLINK, TOXIPROXY, Program, supernode
from harness.processes import Process
from harness.sessions import LABEL, also_end, reap
from harness.waiting import wait_until

PARENT = """
echo environment $SAID
sh -c 'n=0; while :; do n=$((n+1)); echo $$ $n; sleep 0.05; done' &
trap 'echo told; kill $!; exit 7' TERM
while :; do sleep 0.1; done
"""
"""Has a child that counts aloud; ends with 7 when it is told to."""


@pytest.fixture
def start(site, tmp_path):
    def start(script, name="supernode-1", **more):
        return site.launch(Program(name, ("/anywhere/sh", "-c", script), tmp_path / f"{name}.log", **more))

    return start


def says(program, text):
    return wait_until(lambda: program.tail(100_000), lambda said: text in said, what=f"{text!r}", timeout=30, poll=0.02)


def counted(program):
    """Process id of the counting child as it sees itself, and how far it has come."""
    pid, count = program.tail(100_000).splitlines()[-1].split()
    return int(pid), int(count)


def test_a_program_runs_with_its_environment_its_log_and_its_children(start):
    program = start(PARENT, environment={"SAID": "here", "PATH": "/nowhere"})
    says(program, "environment here")
    says(program, " 2\n")
    assert program.running
    assert program.ended() is None
    assert psutil.pid_exists(program.pid)
    assert len(program.tree()) >= 2
    inside, _ = counted(program)
    child = program.find(inside)
    assert child in program.tree()
    # Both namespaces number from 1: the first process of the container is another one on this machine.
    assert program.find(1).pid == program.pid
    assert program.find(999_999) is None


def test_sigterm_reaches_the_main_process_whose_code_is_its_own(start):
    program = start(PARENT)
    says(program, " 1\n")
    fault = Node(program).stop()
    assert fault.evidence["code"] == 7
    assert program.code == 7
    assert "has ended with code 7" in program.ended()
    assert program.tree() == []


def test_sigkill_ends_all_of_it_and_counts_as_a_signal(start):
    program = start(PARENT)
    says(program, " 1\n")
    tree = program.tree()
    fault = Node(program).kill()
    assert fault.evidence["code"] == -signal.SIGKILL
    assert not any(process.is_running() for process in tree)
    with pytest.raises(Inconclusive, match="has no target"):
        Node(program).kill()


def test_a_program_that_ends_at_once_has_a_code_and_a_number_of_its_own(start, site):
    programs = [start("exit 3", name=supernode(number)) for number in (1, 2)]
    assert [program.wait(20) for program in programs] == [3, 3]
    assert programs[0].pid != programs[1].pid


def test_a_command_that_is_not_in_the_image_is_said(site, tmp_path):
    program = site.launch(Program("supernode-1", ("/venv/bin/flower-supernode",), tmp_path / "log"))
    assert program.wait(20) == 127
    assert "flower-supernode: not found" in program.ended()


def test_frozen_nothing_runs_until_it_is_thawed(start):
    program = start(PARENT)
    says(program, " 1\n")
    with Node(program).freeze() as frozen:
        assert frozen.fault.evidence["paused"]
        before = counted(program)
        assert program.running
        with pytest.raises(HarnessError):
            wait_until(lambda: counted(program), lambda now: now > before, what="a count", timeout=0.5)
    wait_until(lambda: counted(program), lambda now: now > before, what="a count", timeout=10)


def test_other_signals_to_all_of_a_container_are_not_to_be_had(start):
    program = start(PARENT)
    with pytest.raises(Inconclusive, match="SIGTERM to the first process"):
        program.signal(signal.SIGTERM, tree=True)


def test_a_name_is_taken_while_its_program_runs_and_keeps_its_address(start, site):
    first = start(PARENT)
    with pytest.raises(HarnessError, match="runs already"):
        start(PARENT)
    Node(first).kill()
    again = start(PARENT)
    assert again.pid != first.pid
    assert again.container.attrs["NetworkSettings"]["Networks"][site._network.name]["IPAddress"] == site.address(
        "supernode-1"
    )


def test_shared_folders_can_be_written_and_shared_files_cannot(start, tmp_path):
    folder, file = tmp_path / "work", tmp_path / "key"
    folder.mkdir()
    file.write_text("a key")
    program = start(f"cat {file}; echo made > {folder}/made; echo spoilt > {file}; exit 5", shared=(folder, file))
    assert program.wait(20) == 5
    assert (folder / "made").read_text() == "made\n"
    assert (folder / "made").stat().st_uid == os.getuid()
    assert file.read_text() == "a key"
    assert "a key" in program.tail()


@pytest.fixture
def toxiproxy(site, tmp_path):
    with ToxiproxyServer(locate().path, port=21_474, log=tmp_path / "toxiproxy.log", site=site) as server:
        yield server


def reached(address):
    try:
        with socket.create_connection(address, timeout=1):
            return True
    except OSError:
        return False


def test_a_program_is_reached_at_its_address_and_published_nowhere(toxiproxy, site):
    assert toxiproxy.host == site.address(TOXIPROXY) != site.address(SUPERLINK)
    assert toxiproxy.client.version()
    assert not reached(("127.0.0.1", toxiproxy.port))
    container = toxiproxy.process.container
    assert not any(container.attrs["NetworkSettings"]["Ports"].values())
    toxiproxy.client.create("p", listen_port=21_475, upstream_port=1, enabled=True)
    assert {it.port for it in toxiproxy.process.sockets() if it.status == "LISTEN"} >= {21_474, 21_475}
    with socket.create_connection((toxiproxy.host, 21_474)) as mine:
        peer = mine.getsockname()[1]
        assert ("ESTABLISHED", 21_474, peer) in [(it.status, it.port, it.peer) for it in toxiproxy.process.sockets()]


def test_unplugged_it_is_not_reached_until_it_is_plugged_in_again(toxiproxy):
    address = (toxiproxy.host, toxiproxy.port)
    assert reached(address)
    assert toxiproxy.process.unplug() == {"networks": []}
    assert not reached(address)
    assert toxiproxy.process.running
    toxiproxy.process.plug()
    toxiproxy.process.plug()
    wait_until(lambda: reached(address), what="the network to be back", timeout=10)


def test_a_site_leaves_nothing(base, session, engine, tmp_path):
    with DockerSite(Images(base, base), session) as site:
        for name in (SUPERLINK, TOXIPROXY, supernode(1)):
            site.launch(Program(name, ("sh", "-c", PARENT), tmp_path / f"{name}.log"))
        mine = {"label": f"{LABEL}={session.id}"}
        assert len(engine.containers.list(filters=mine)) == 3
        assert len(engine.networks.list(filters=mine)) == 1
    assert engine.containers.list(all=True, filters=mine) == []
    assert engine.networks.list(filters=mine) == []


OWNER = """
import sys
from pathlib import Path
from harness.hypervisor.docker.images import Images
from harness.hypervisor.docker.site import DockerSite
from harness.hypervisor.site import Program
from harness.sessions import open_session
session = open_session()
with DockerSite(Images(sys.argv[1], sys.argv[1]), session) as site:
    site.launch(Program("supernode-1", ("sh", "-c", "while :; do sleep 1; done"), Path(sys.argv[2])))
    print(session.id, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_run_left_is_removed_and_nothing_else(base, engine, site, start, tmp_path):
    also_end(end_left)
    bystander = start(PARENT)
    argv = [sys.executable, "-c", OWNER, base, str(tmp_path / "owner.log")]
    with Process("owner", argv, log=tmp_path / "owner.err", pipe=True) as owner:
        left = owner.output.readline().strip()
        assert left, (tmp_path / "owner.err").read_text()
        mine = {"label": f"{LABEL}={left}"}
        assert len(engine.containers.list(filters=mine)) == 1
        owner.signal(signal.SIGKILL)
        owner.wait(10)
    said = reap()
    assert [line for line in said if line.startswith("container supernode-1")], said
    assert [line for line in said if line.startswith("network harness-")], said
    assert engine.containers.list(all=True, filters=mine) == []
    assert engine.networks.list(filters=mine) == []
    assert bystander.running


def test_an_engine_that_is_gone_is_said_with_what_it_keeps(session, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/gone.sock")
    remember(session.folder)
    (line,) = end_left(session.folder, session.id)
    assert line.startswith(f"not ended: the Docker engine at unix://{tmp_path}/gone.sock is gone")
    assert line.endswith(f"{LABEL}={session.id}")


def test_an_engine_on_another_machine_is_refused(engine, session, monkeypatch):
    monkeypatch.setattr(psutil, "net_if_addrs", dict)
    with pytest.raises(SetupFailed, match="does not run on this machine"):
        ScenarioNetwork(engine, session.id, "elsewhere")
    assert engine.networks.list(filters={"label": f"{LABEL}={session.id}"}) == []
    assert remove_labelled(engine, labels(session.id)) == []
