"""A real federation in containers, with certificates for addresses that are none of this machine's loopback."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.chaos.toxiproxy.locate import locate
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.errors import SetupFailed
from harness.flower.federation import Federation
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.versions import SPECIFIED, environment
from harness.history.checks import registry
from harness.history.recorder import Recorder
from harness.hypervisor.docker.images import images
from harness.hypervisor.docker.site import DockerSite
from harness.ports import Ports
from harness.waiting import wait_until

FIXTURE = Path(__file__).parents[2] / "fixtures" / "flower_app"


@pytest.fixture(scope="module")
def made(engine):
    try:
        return images(engine, SPECIFIED, print)
    except SetupFailed as error:
        pytest.skip(str(error))


def test_with_tls_authentication_and_a_database_runs_are_aggregated_and_a_restart_is_survived(made, session, tmp_path):
    place = Place(tmp_path / "work", tmp_path / "logs")
    for folder in (place.work, place.logs):
        folder.mkdir()
    with ExitStack() as stack:
        ports = stack.enter_context(Ports())
        recorder = stack.enter_context(Recorder(tmp_path / "history.jsonl"))
        site = stack.enter_context(DockerSite(made, session))
        seen = lambda kind, data: recorder.record("chaos", kind, **{f"of_{name}": it for name, it in data.items()})  # noqa: E731
        toxiproxy = stack.enter_context(
            ToxiproxyServer(locate().path, port=ports.take(), log=place.logs / "toxiproxy.log", site=site)
        )
        federation = stack.enter_context(
            Federation(
                Plan(nodes=2, tls=True, authentication=True, database=True),
                flower=environment(SPECIFIED),
                place=place,
                ports=ports,
                toxiproxy=toxiproxy,
                recorder=recorder,
                observe=seen,
                fixture=FIXTURE,
                site=site,
            )
        )
        federation.start()
        run(federation, recorder)
        finding = registry.apply("round-aggregates-nodes", recorder.history(), {"round": 1, "nodes": [1, 2]})
        assert finding.conforms, finding.summary
        federation.restart_superlink()
        wait_until(lambda: set(federation.online().values()), lambda it: it == {"online"}, what="both", timeout=150)
        with federation.nodes[1].link.cut() as cut:
            assert cut.fault.evidence == {"new": "refused", "live": 0}
        # Files of the containers are this user's: the scenario's folder can be removed.
        assert {path.stat().st_uid for path in place.work.rglob("*")} == {place.work.stat().st_uid}


def run(federation, recorder):
    federation.start_run({"num-rounds": 1, "fit-seconds": 0.0, "fraction-evaluate": 0.0})
    wait_until(
        lambda: recorder.history().last("run.ends"),
        what="the run to end",
        timeout=180,
        abort=federation.superlink.process.ended,
    )
