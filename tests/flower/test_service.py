"""A real federation of VMs on the embedded cloud: that it works, and that nothing is left of it."""

import tempfile
from pathlib import Path

import psutil
import pytest
from test_federation import scene

from harness.errors import Unavailable
from harness.flower.service import Service
from harness.scene import services


def living(service: Service) -> list[psutil.Process]:
    roots = [service.superlink.process, *(node.process for node in service.nodes.values())]
    return [process for root in roots for process in root.tree()]


def temporary() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("flower-*"))


def test_vms_find_their_superlink_and_leave_nothing(flower, tmp_path):
    before = temporary()
    with scene(flower, tmp_path) as it:
        service = services.deploy(it, 2, {"min_vms": "1"})
        assert service.online() == {1: "online", 2: "online"}
        assert service.running == 2
        processes = living(service)
        assert len(processes) > 4
        # Each is shown the SuperLink at its own link.
        asked = {event["node"] for event in it.history.of("gate.answered", about="service")}
        assert asked == {1, 2}
        assert it.cloud.scale("supernode", 1) is None
        it.cloud.wait(timeout=60)
        assert [event["vm"] for event in it.history.of("vm.signal")] == [service.nodes[1].vm]
        assert service.nodes[1].note_end() == 0
    assert not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert temporary() == before


def test_without_what_boot_scripts_call_nothing_is_started(flower, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.scene.services._TOOLS", ("bash", "no-such-jq"))
    with scene(flower, tmp_path) as it:
        with pytest.raises(Unavailable, match="need no-such-jq: install it"):
            services.deploy(it, 1, {})
        assert it.history.of("toxiproxy.start") == []
