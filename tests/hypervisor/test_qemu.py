"""Virtual machines: their context, their console, and what a real QEMU does when it is told to, without a guest."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pycdlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.chaos.nodes import Node
from harness.errors import Inconclusive, InputError, SetupFailed
from harness.flower.commands import SuperNodeOptions, Tls, appliance
from harness.flower.versions import FlowerEnvironment
from harness.history.recorder import Recorder
from harness.hypervisor.process import LocalProgram, launch
from harness.hypervisor.qemu import acceleration as accelerating
from harness.hypervisor.qemu.acceleration import TCG, acceleration
from harness.hypervisor.qemu.boot import QEMU, Boot, prepare
from harness.hypervisor.qemu.console import Console, clean
from harness.hypervisor.qemu.context import context_sh, write_cdrom
from harness.hypervisor.qemu.machine import NIC, VirtualMachine
from harness.hypervisor.qemu.qmp import QmpFailed, ask
from harness.hypervisor.qemu.site import HOST, QemuSite
from harness.hypervisor.site import SUPERLINK, TOXIPROXY, Program, supernode
from harness.processes import run
from harness.waiting import wait_until

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.from_regex(r"FL_[A-Z]{1,10}", fullmatch=True), TEXT, max_size=4))
def test_a_shell_reads_of_the_context_what_was_given(variables):
    script = context_sh(variables) + 'for name in "$@"; do printf "%s\\0" "${!name}"; done'
    argv = ["bash", "-c", script, "context", *variables]
    done = subprocess.run(argv, capture_output=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, check=True)
    assert done.stdout.decode().split("\0")[:-1] == list(variables.values())


def test_the_cdrom_has_the_label_and_the_files_of_opennebula(tmp_path):
    write_cdrom(tmp_path / "context.iso", {"VMID": "7", "FL_SUPERLINK_ADDRESS": "10.0.2.2:9092"}, token="secret")
    image = pycdlib.PyCdlib()
    image.open(str(tmp_path / "context.iso"))
    assert image.pvd.volume_identifier.decode().strip() == "CONTEXT"
    for tree in ("rr_path", "joliet_path"):
        image.get_file_from_iso(str(tmp_path / "file"), **{tree: "/context.sh"})
        lines = (tmp_path / "file").read_text().splitlines()
        assert lines[1:] == ["FL_SUPERLINK_ADDRESS='10.0.2.2:9092'", "VMID='7'"]
    image.get_file_from_iso(str(tmp_path / "file"), rr_path="/token.txt")
    assert (tmp_path / "file").read_text() == "secret"
    image.close()


# -- what an appliance is told

FLOWER = FlowerEnvironment("1.25.0", Path("/cache/1.25.0"))


def test_the_appliance_starts_what_the_command_line_would(tmp_path):
    (tmp_path / "ca").write_text("a certificate")
    tls = Tls(tmp_path / "ca", tmp_path / "pem", tmp_path / "key")
    config = {"partition-id": 1, "num-partitions": 2}
    told = appliance(FLOWER, SuperNodeOptions(21001, 21002, config, max_retries=0, tls=tls, superlink_host=HOST))
    assert told == {
        "FL_SUPERLINK_ADDRESS": "10.0.2.2:21001",
        "FL_NODE_CONFIG": 'partition-id=1 num-partitions=2 events="stdout"',
        "FL_VERSION": "1.25.0",
        "FL_RETRY_MEANING": "as-specified",
        "FL_MAX_RETRIES": "0",
        "FL_TLS_CA": "YSBjZXJ0aWZpY2F0ZQ==",
    }


def test_an_appliance_has_no_private_key():
    assert appliance(FLOWER, SuperNodeOptions(21001, 21002, key=Path("/key"))) is None


# -- the console


def test_the_log_is_what_the_program_wrote():
    assert clean("[  123.456789] bootstrap.sh[321]: INFO :      SuperNode ID: 12\r") == "INFO :      SuperNode ID: 12"
    assert clean("[  123.4] bash[1]: \x1b[92mINFO \x1b[0m: Starting") == "INFO : Starting"
    assert clean("[    0.000000] Linux version 6.1.0") == "[    0.000000] Linux version 6.1.0"
    assert clean("[  OK  ] Started docker.service") == "[  OK  ] Started docker.service"


@pytest.fixture
def console(tmp_path):
    (tmp_path / "events").mkdir()
    made = Console(tmp_path / "serial", log=tmp_path / "log", events=tmp_path / "events", name="supernode-1")
    made.start()
    yield made
    made.close()


def says(serial, *lines):
    with serial.open("a") as file:
        file.write("".join(f"[  12.3] bootstrap.sh[9]: {line}\r\n" for line in lines))


def test_events_of_a_vm_come_by_its_console_at_this_machines_time(console, tmp_path):
    event = {"t": 99.5, "source": "clientapp", "kind": "fit.begins", "run": "5", "node": "8", "round": 1}
    with Recorder(tmp_path / "history.jsonl") as recorder:
        recorder.gather(tmp_path / "events")
        began = recorder.record("scenario", "begins").t
        says(tmp_path / "serial", "a line", f"harness-event {json.dumps(event)}", "another")
        seen = wait_until(lambda: recorder.history().last("fit.begins"), what="the event", timeout=10)
        assert (seen["node"], seen["round"], seen.source) == ("8", 1, "clientapp")
        assert began <= seen.t <= began + 10
        says(tmp_path / "serial", 'harness-event {"t": 1, "sou', "[ kernel ]")
        wait_until(lambda: recorder.history().last("history.unreadable"), what="what cannot be read", timeout=10)
    assert (tmp_path / "events" / "5-fit-8.begun").exists()
    console.close()
    assert (tmp_path / "log").read_text() == "a line\nanother\n[ kernel ]\n"


def test_half_a_line_waits_for_its_rest(console, tmp_path):
    with (tmp_path / "serial").open("a") as file:
        file.write("whole\nha")
        file.flush()
        wait_until((tmp_path / "log").exists, what="the whole line", timeout=10)
        file.write("lf\n")
    console.close()
    assert (tmp_path / "log").read_text() == "whole\nhalf\n"


# -- QEMU

needs_qemu = pytest.mark.skipif(
    shutil.which(QEMU) is None, reason=f"{QEMU} is not installed: apt-get install qemu-system-x86"
)


@pytest.fixture
def machine(tmp_path):
    """A VM with a NIC and nothing to boot: its firmware looks for something for ever."""
    monitor = tmp_path / "qmp"
    argv = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-m", "64", "-accel", "tcg"]
    argv += ["-netdev", "user,id=net0", "-device", f"virtio-net-pci,netdev=net0,id={NIC}"]
    argv += ["-qmp", f"unix:{monitor},server=on,wait=off"]
    qemu = launch(Program("supernode-1", tuple(argv), tmp_path / "qemu.log"))
    console = Console(tmp_path / "serial", log=tmp_path / "log", events=None, name="supernode-1")
    console.start()
    made = VirtualMachine(qemu, monitor=monitor, console=console, log=tmp_path / "log")
    wait_until(monitor.exists, what="QEMU's monitor", timeout=20, abort=qemu.ended)
    yield made
    made.end()
    assert not made.running


@needs_qemu
def test_a_frozen_vm_is_paused_until_it_is_thawed(machine, tmp_path):
    with Node(machine).freeze() as frozen:
        assert frozen.fault.evidence == {"status": "paused"}
        assert ask(tmp_path / "qmp", "query-status")["running"] is False
    assert ask(tmp_path / "qmp", "query-status")["running"] is True
    machine.thaw()


@needs_qemu
def test_an_unplugged_nic_is_plugged_in_again(machine):
    with Node(machine).unplug() as unplugged:
        assert unplugged.fault.evidence == {"link": "nic0 down"}
    assert unplugged.fault.kind == "node_unplug"
    assert unplugged.fault.end is not None


@needs_qemu
def test_a_vm_that_is_killed_has_lost_its_power(machine):
    assert machine.running
    assert machine.tree()
    fault = Node(machine).kill()
    assert fault.evidence["code"] == -signal.SIGKILL
    assert "the VM supernode-1 has ended with code -9" in machine.ended()
    with pytest.raises(Inconclusive, match="has no target"):
        Node(machine).freeze()
    with pytest.raises(Inconclusive, match="set_link did not reach the VM supernode-1"):
        machine.unplug()


@needs_qemu
def test_the_power_button_is_pressed_and_nothing_answers(machine, monkeypatch):
    monkeypatch.setattr(VirtualMachine, "stop_seconds", 0.3)
    with pytest.raises(Inconclusive, match="the end after SIGTERM of supernode-1 was not seen"):
        Node(machine).stop()
    assert machine.running


@needs_qemu
def test_what_cannot_be_done_to_a_vm_is_said(machine):
    with pytest.raises(Inconclusive, match="SIGSTOP cannot be sent to the VM"):
        machine.signal(signal.SIGSTOP)
    with pytest.raises(Inconclusive, match="process 12 is in the VM supernode-1"):
        machine.find(12)


@needs_qemu
def test_a_command_that_qemu_does_not_know_is_refused(machine, tmp_path):
    with pytest.raises(QmpFailed, match=r"QEMU refused set_link: .*nobody"):
        ask(tmp_path / "qmp", "set_link", name="nobody", up=True)


def test_a_qemu_that_is_gone_is_said(tmp_path):
    with pytest.raises(QmpFailed, match="QEMU does not answer stop"):
        ask(tmp_path / "none", "stop")


# -- the site


@pytest.fixture
def site(tmp_path):
    with QemuSite(Boot(QEMU, str(tmp_path / "image.qcow2"), TCG)) as made:
        yield made


def test_a_vm_reaches_this_machine_at_an_address_of_its_own(site):
    assert site.address(TOXIPROXY) == "127.0.0.1"
    assert site.address(TOXIPROXY, seen_by=supernode(1)) == "10.0.2.2"
    assert site.address(TOXIPROXY, seen_by=supernode(2)) == "127.0.0.1"
    assert site.facts()["machines"] == ["supernode-1"]


def test_everything_else_is_a_process(site, tmp_path):
    program = site.launch(Program(SUPERLINK, ("sleep", "60"), tmp_path / "log"))
    assert isinstance(program, LocalProgram)
    site.end([program])
    assert not program.running


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (None, "the appliance has no way to run it as asked"),
        ({"FL_MAX_RETRIES": "3"}, "with FL_MAX_RETRIES its SuperNode may end"),
        ({"FL_MAX_WAIT_TIME": "0", "FL_RETRY_MEANING": "as-specified"}, "with FL_MAX_WAIT_TIME its SuperNode may end"),
    ],
)
def test_what_an_appliance_cannot_show_is_not_judged_by_it(site, tmp_path, context, reason):
    with pytest.raises(Inconclusive, match=reason):
        site.launch(Program(supernode(1), (), tmp_path / "log", context=context))


@needs_qemu
def test_a_vm_of_a_cloud_gets_its_context_and_its_token_and_no_way_to_the_internet(tmp_path):
    run(["qemu-img", "create", "-q", "-f", "qcow2", tmp_path / "image.qcow2", "4M"], timeout=60)
    context = {"VMID": "7", "FL_MAX_RETRIES": "0", "ONEGATE_TOKEN": "secret"}
    with QemuSite(Boot(QEMU, str(tmp_path / "image.qcow2"), TCG)) as site:
        started = site.launch(Program(supernode(1), (), tmp_path / "log", context=context, shared=(tmp_path,)))
        # Nothing boots from an empty disk; its QEMU is told all the same.
        assert started.running
        site.end([started])
    image = pycdlib.PyCdlib()
    image.open(str(tmp_path / "machines" / "supernode-1" / "context.iso"))
    found = {}
    for name in ("context.sh", "token.txt"):
        image.get_file_from_iso(str(tmp_path / name), rr_path=f"/{name}")
        found[name] = (tmp_path / name).read_text()
    image.close()
    assert found["token.txt"] == "secret"
    assert "secret" not in found["context.sh"]
    assert "VMID='7'" in found["context.sh"]
    assert "GATEWAY" not in found["context.sh"]
    assert "DNS" not in found["context.sh"]


@needs_qemu
def test_an_image_that_is_none_is_refused(tmp_path):
    (tmp_path / "image.qcow2").write_text("<html>")
    with pytest.raises(InputError, match="image"):
        prepare(tmp_path / "image.qcow2", print)


def test_without_qemu_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match=r"qemu-system-x86_64 is not installed .*apt-get install qemu-system-x86"):
        prepare(tmp_path / "image.qcow2", print)


# -- acceleration


def test_without_kvm_it_is_emulated(monkeypatch, tmp_path):
    monkeypatch.setattr(accelerating, "_DEVICE", tmp_path / "kvm")
    assert acceleration("/no/qemu", tmp_path / "kernel") == TCG


@pytest.mark.parametrize(
    ("prints", "accelerated"), [("Linux version 6.1", True), ("SeaBIOS", False)], ids=["boots", "stops in the firmware"]
)
def test_kvm_is_what_boots_a_kernel(monkeypatch, tmp_path, prints, accelerated):
    """A QEMU that prints what one has been seen to print, as no machine has a good KVM and a bad one."""
    (tmp_path / "kvm").touch()
    qemu = tmp_path / "qemu"
    qemu.write_text(
        f'#!/bin/bash\nwhile [ "$1" != -serial ]; do shift; done\necho "{prints}" >> "${{2#file:}}"\nsleep 60\n'
    )
    qemu.chmod(0o755)
    monkeypatch.setattr(accelerating, "_DEVICE", tmp_path / "kvm")
    monkeypatch.setattr(accelerating, "_PATIENCE", 2.0)
    assert (acceleration(str(qemu), tmp_path / "kernel") != TCG) is accelerated
