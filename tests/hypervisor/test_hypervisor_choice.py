"""What `--hypervisor` asks for and cannot be had is said before anything runs."""

import shutil

import pytest

from harness.errors import Inconclusive, SetupFailed, Unavailable
from harness.hypervisor.choice import HYPERVISORS, Ready, set_up
from harness.hypervisor.docker.images import Images
from harness.hypervisor.process import ProcessSite, launch
from harness.hypervisor.qemu.acceleration import TCG
from harness.hypervisor.qemu.boot import QEMU, Boot
from harness.hypervisor.site import Program


def test_process_needs_nothing(session):
    ready = set_up("process", flower="1.25.0", session=session, say=print)
    assert ready == Ready()
    assert isinstance(ready.site(session), ProcessSite)
    assert "process" in HYPERVISORS


def test_without_an_engine_docker_says_what_to_do(session, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SetupFailed) as raised:
        set_up("docker", flower="1.25.0", session=session, say=print)
    said = str(raised.value)
    assert said.startswith(f"--hypervisor docker: no Docker engine answers at unix://{tmp_path}/none.sock (")
    assert said.endswith("apt-get install docker.io), start it, be allowed to use it, or name another by DOCKER_HOST")
    assert "\n" not in said


def test_without_qemu_nothing_is_said_of_a_booted_image(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"the edge image cannot be booted here: qemu-system-x86_64 is not installed"):
        Ready().edge_site(flower="1.25.0", image=tmp_path / "image.qcow2", log=tmp_path / "log")


@pytest.mark.skipif(shutil.which(QEMU) is None, reason="no QEMU")
def test_an_image_that_is_none_cannot_be_booted(tmp_path):
    (tmp_path / "image.qcow2").write_text("<html>")
    with pytest.raises(Inconclusive, match=r"the edge image cannot be booted: .*image\.qcow2"):
        Ready().edge_site(flower="1.25.0", image=tmp_path / "image.qcow2", log=tmp_path / "log")


def test_whatever_others_run_on_the_image_is_booted_by_qemu(tmp_path):
    ready = Ready("qemu", boot=Boot(QEMU, str(tmp_path / "image.qcow2"), TCG))
    site = ready.edge_site(flower="1.25.0", image=None, log=tmp_path / "log")
    assert (site.name, site.facts()["internet"]) == ("qemu", False)


def test_what_was_set_up_reaches_the_workers():
    for ready in (Ready(), Ready("docker", Images("superlink", "supernode"))):
        assert Ready.from_json(ready.to_json()) == ready


def test_a_process_has_no_network_of_its_own(tmp_path):
    with launch(Program("supernode-1", ("sleep", "60"), tmp_path / "log")) as program:
        program.plug()
        with pytest.raises(Inconclusive, match="supernode-1 is a process of this machine and shares its network"):
            program.unplug()
