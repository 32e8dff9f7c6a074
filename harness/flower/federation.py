"""A federation under test: a SuperLink, its SuperNodes, each behind a link of its own, and the observer."""

from __future__ import annotations

from pathlib import Path

from harness.chaos.conversation import http2, http2_over_tls
from harness.chaos.link import Link
from harness.chaos.observe import Observe
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.flower import app as apps
from harness.flower.deployment import Deployment
from harness.flower.identities import make_node_key, make_tls
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.superlink import SuperLink
from harness.flower.supernode import SuperNode
from harness.flower.versions import FlowerEnvironment
from harness.history.recorder import Recorder
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.site import SUPERLINK, TOXIPROXY, Site
from harness.hypervisor.site import supernode as supernode_name
from harness.ports import Ports
from harness.waiting import wait_until


class Federation(Deployment):
    """A federation; a context manager that ends all its programs.

    It is started in steps, so that a scenario can put a fault before one: `start_superlink`, `start_node`,
    `wait_online`, or `start` for all of them.

    Args:
        plan: What it is made of.
        flower: The version under test.
        place: The scenario's folders.
        ports: Gives it its ports.
        toxiproxy: The scenario's Toxiproxy.
        recorder: The scenario's history.
        observe: What faults report to.
        fixture: The Flower app.
        strategy: File of a user's own Strategy.
        site: Where its programs run; this machine when left out.
    """

    superlink: SuperLink
    nodes: dict[int, SuperNode]

    def __init__(
        self,
        plan: Plan,
        *,
        flower: FlowerEnvironment,
        place: Place,
        ports: Ports,
        toxiproxy: ToxiproxyServer,
        recorder: Recorder,
        observe: Observe,
        fixture: Path,
        strategy: Path | None = None,
        site: Site | None = None,
    ) -> None:
        self.plan = plan
        self._site = site = site or ProcessSite()
        tls = make_tls(place.work / "tls", _addresses(site, plan)) if plan.tls else None
        self.superlink = SuperLink(plan, flower=flower, place=place, ports=ports, recorder=recorder, site=site, tls=tls)
        host, port = self.superlink.options.host, self.superlink.options.control_port
        super().__init__(
            flower=flower,
            place=place,
            recorder=recorder,
            app=apps.prepare(fixture, place, flower, control_port=port, control_host=host, tls=tls, strategy=strategy),
            control_address=f"{host}:{port}",
            start_timeout=site.start_timeout,
            tls=tls,
        )
        self._public_keys: dict[int, Path] = {}
        self.nodes = {}
        for number in plan.numbers:
            link = Link(
                f"link-{number}",
                server=toxiproxy,
                listen_port=ports.take(),
                upstream_port=self.superlink.options.fleet_port,
                upstream_host=site.address(SUPERLINK, seen_by=TOXIPROXY),
                dialogue=http2 if tls is None else http2_over_tls,
                observe=observe,
                resettable=plan.resettable,
            )
            key = None
            if plan.authentication:
                key, self._public_keys[number] = make_node_key(place.work / "keys", f"node-{number}")
            self.nodes[number] = SuperNode(
                number,
                plan,
                flower=flower,
                place=place,
                clientappio_port=ports.take(),
                link=link,
                recorder=recorder,
                site=site,
                tls=tls,
                key=key,
            )

    def end(self) -> None:
        """End every program and remove the links; harmless when it is done."""
        self._site.end([*(node.process for node in self.nodes.values() if node.started), *self.superlink.processes])
        self._stack.close()

    # -- starting

    def start(self) -> None:
        """Start all of it and wait until every node is online."""
        self.start_superlink()
        for number in self.nodes:
            self.start_node(number)
        self.wait_online(self.nodes)

    def start_superlink(self) -> None:
        """Start the SuperLink and the observer, wait until the Control API answers, and open the links."""
        self.superlink.start()
        self.watch_control_api()
        for number, public_key in self._public_keys.items():
            apps.register_node_key(self._app, public_key)
            self._recorder.record("scenario", "node.key-registered", node=number)
        self._public_keys.clear()
        for node in self.nodes.values():
            self._stack.enter_context(node.link)

    def restart_superlink(self) -> None:
        """End the SuperLink and start it again with the same ports and the same database, if it has one."""
        self.superlink.end()
        wait_until(
            self._reachable,
            lambda reachable: not reachable,
            what="the Control API to be gone",
            timeout=self._start_timeout,
        )
        self.superlink.start()
        self.watch_control_api()

    def start_node(self, number: int) -> None:
        """Start a SuperNode."""
        self.nodes[number].start()


def _addresses(site: Site, plan: Plan) -> frozenset[str]:
    """Every address at which something of a federation, or the harness, meets the SuperLink's certificate."""
    seen = {site.address(TOXIPROXY, seen_by=supernode_name(number)) for number in plan.numbers}
    return frozenset({site.address(SUPERLINK), site.address(TOXIPROXY), *seen})
