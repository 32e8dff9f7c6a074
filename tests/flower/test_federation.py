"""Real federations behind real Toxiproxy: that they work, and that nothing is left of them."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from harness.chaos.toxiproxy.locate import locate
from harness.claims.ledger import Ledger
from harness.errors import Inconclusive
from harness.flower.deployment import node_status
from harness.flower.federation import Federation
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.service import Appliance
from harness.history.checks import registry
from harness.history.recorder import Recorder
from harness.scene.scene import Kit, Scene
from harness.waiting import wait_until

FIXTURES = Path(__file__).parents[2] / "fixtures"
FIXTURE = FIXTURES / "flower_app"
APPLIANCE = Appliance(FIXTURES / "appliance" / "superlink.sh", FIXTURES / "appliance" / "boot.sh")


@contextmanager
def scene(flower, folder: Path) -> Iterator[Scene]:
    kit = Kit(
        flower=flower,
        toxiproxy=locate().path,
        fixture=FIXTURE,
        strategy=None,
        appliance=APPLIANCE,
        service_template=FIXTURES / "service_template" / "flower.json",
        vm_templates=FIXTURES / "service_template",
    )
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder(folder / "history.jsonl"))
        yield stack.enter_context(Scene(kit, Place(folder / "work", folder / "logs"), recorder, Ledger({})))


def processes(federation: Federation) -> list[psutil.Process]:
    """All that runs of a federation."""
    roots = [federation.superlink.process, *(node.process for node in federation.nodes.values())]
    return [process for root in roots for process in root.tree()]


def ports(federation: Federation) -> list[int]:
    options = federation.superlink.options
    own = [options.fleet_port, options.control_port, options.serverappio_port]
    return [*own, *(node.link.listen_port for node in federation.nodes.values())]


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_with_tls_and_authentication_a_run_is_aggregated(flower, tmp_path):
    with scene(flower, tmp_path) as it:
        federation = it.make_federation(Plan(nodes=2, tls=True, authentication=True))
        federation.start()
        assert federation.online() == {1: "online", 2: "online"}
        federation.start_run({"num-rounds": 1, "fit-seconds": 0.0, "fraction-evaluate": 0.0})
        wait_until(
            lambda: it.history.last("run.ends"),
            what="the run to end",
            timeout=120,
            abort=federation.superlink.process.ended,
        )
        history = it.history
    finding = registry.apply("round-aggregates-nodes", history, {"round": 1, "nodes": [1, 2]})
    assert finding.conforms, finding.summary
    assert [event["node"] for event in history.of("node.key-registered")] == [1, 2]
    trained = {event["node"]: event["partition"] for event in history.of("fit.begins")}
    ids = {node: history.needed("supernode.id", node=node)["id"] for node in (1, 2)}
    assert trained == {ids[1]: 0, ids[2]: 1}


def test_when_it_has_ended_nothing_runs_and_nothing_listens(flower, tmp_path):
    with scene(flower, tmp_path) as it:
        federation = it.make_federation(Plan(nodes=2))
        federation.start()
        running, open_ports = processes(federation), ports(federation)
        # A SuperLink, and two SuperNodes, which have helpers of their own.
        assert len(running) >= 3
        assert all(map(listens, open_ports))
        assert min(open_ports) > 1024
        assert max(open_ports) < 32768
        since = time.monotonic()
        federation.end()
        took = time.monotonic() - since
        federation.end()
    assert took < 20
    assert not [process for process in running if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not any(map(listens, open_ports))


def test_a_node_that_ends_is_told_with_its_log(flower, tmp_path):
    """Before its SuperLink is there, with a budget of no retry, a SuperNode ends."""
    with scene(flower, tmp_path) as it:
        federation = it.make_federation(Plan(nodes=1, max_retries=0))
        federation.start_node(1)
        node = federation.nodes[1]
        assert node.process.wait(60) != 0
        assert node.note_end() == node.process.code
        assert node.note_end() == node.process.code
        assert len(it.history.of("supernode.end", node=1)) == 1
        assert node_status(it.history, 1) == "not registered"
        assert "Starting Flower SuperNode" in node.process.tail(4000)
        with pytest.raises(Inconclusive, match="not started behind a link that is cut"):
            registry.apply("goes-on-trying", it.history, {"node": 1, "waits": 5})
