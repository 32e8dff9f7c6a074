"""When a SuperNode or a SuperLink was started, though its first words are read before the harness says so."""

from types import SimpleNamespace

import pytest

from harness.chaos.link import Link
from harness.flower.deployment import node_status
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.superlink import SuperLink
from harness.flower.supernode import SuperNode
from harness.history.recorder import Recorder
from harness.hypervisor.process import ProcessSite
from harness.ports import Ports
from harness.waiting import wait_until


class BusySite(ProcessSite):
    """Comes back from a launch only when what the program says at once was read."""

    def __init__(self, recorder: Recorder, says: str, event: str) -> None:
        self._recorder, self._says, self._event = recorder, says, event

    def launch(self, program):
        program.log.parent.mkdir(parents=True, exist_ok=True)
        program.log.write_text(self._says)
        if self._event == "control.reachable":
            self._recorder.record("control-api", self._event)
        wait_until(lambda: self._recorder.history().last(self._event), what=self._event, timeout=10)
        return SimpleNamespace(pid=4711)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "work", tmp_path / "logs")


def test_a_supernode_that_registers_at_once_is_registered(flower, place, tmp_path):
    with Recorder(tmp_path / "history.jsonl") as recorder, Ports() as ports:
        place.logs.mkdir()
        link = Link("link-1", server=SimpleNamespace(client=None), listen_port=ports.take(), upstream_port=1)
        site = BusySite(recorder, "INFO :      SuperNode ID: 77\n", "supernode.id")
        node = SuperNode(
            1, Plan(1), flower=flower, place=place, clientappio_port=1, link=link, recorder=recorder, site=site
        )
        node.start()
        recorder.record("control-api", "node.seen", id="77", status="online")
        assert node_status(recorder.history(), 1) == "online"


def test_a_superlink_that_answers_at_once_was_started_before(flower, place, tmp_path):
    with Recorder(tmp_path / "history.jsonl") as recorder, Ports() as ports:
        site = BusySite(recorder, "", "control.reachable")
        SuperLink(Plan(1), flower=flower, place=place, ports=ports, recorder=recorder, site=site, tls=None).start()
        history = recorder.history()
        assert history.needed("superlink.start").t < history.needed("control.reachable").t
