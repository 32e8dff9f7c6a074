"""What `--hypervisor` asks for and cannot be had is said before anything runs."""

import pytest

from harness.errors import Inconclusive, SetupFailed
from harness.hypervisor.choice import HYPERVISORS, Ready, set_up
from harness.hypervisor.docker.images import Images
from harness.hypervisor.process import ProcessSite, launch
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


def test_what_was_set_up_reaches_the_workers():
    for ready in (Ready(), Ready("docker", Images("superlink", "supernode"))):
        assert Ready.from_json(ready.to_json()) == ready


def test_a_process_has_no_network_of_its_own(tmp_path):
    with launch(Program("supernode-1", ("sleep", "60"), tmp_path / "log")) as program:
        program.plug()
        with pytest.raises(Inconclusive, match="supernode-1 is a process of this machine and shares its network"):
            program.unplug()
