"""A federation under test: a SuperLink, its SuperNodes, each behind a link of its own, and the observer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.chaos.conversation import http2, http2_over_tls
from harness.chaos.link import Link
from harness.chaos.observe import Observe
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.flower import app as apps
from harness.flower.commands import Tls, surroundings
from harness.flower.identities import make_node_key, make_tls
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.superlink import SuperLink
from harness.flower.supernode import SuperNode
from harness.flower.versions import FlowerEnvironment
from harness.history.history import History
from harness.history.recorder import Recorder
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.site import SUPERLINK, TOXIPROXY, Site
from harness.hypervisor.site import supernode as supernode_name
from harness.ports import Ports
from harness.processes import Process
from harness.waiting import wait_until

START_TIMEOUT = ProcessSite.start_timeout
"""Seconds until a SuperLink answers, and until SuperNodes are online, as processes of this machine."""


class Federation:
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
        self._flower = flower
        self._place = place
        self._recorder = recorder
        self._stack = ExitStack()
        self._site = site = site or ProcessSite()
        self._tls = make_tls(place.work / "tls", _addresses(site, plan)) if plan.tls else None
        self.superlink = SuperLink(
            plan, flower=flower, place=place, ports=ports, recorder=recorder, site=site, tls=self._tls
        )
        self._app = apps.prepare(
            fixture,
            place,
            flower,
            control_port=self.superlink.options.control_port,
            control_host=self.superlink.options.host,
            tls=self._tls,
            strategy=strategy,
        )
        self._observer: Process | None = None
        self._public_keys: dict[int, Path] = {}
        self.nodes: dict[int, SuperNode] = {}
        for number in plan.numbers:
            link = Link(
                f"link-{number}",
                server=toxiproxy,
                listen_port=ports.take(),
                upstream_port=self.superlink.options.fleet_port,
                upstream_host=site.address(SUPERLINK, seen_by=TOXIPROXY),
                dialogue=http2 if self._tls is None else http2_over_tls,
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
                tls=self._tls,
                key=key,
            )
        recorder.gather(place.events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

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
        if self._observer is None:
            self._observer = self._stack.enter_context(self._observe_control_api(self._tls))
        self.wait_control_api()
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
            self._control_api_reachable,
            lambda reachable: not reachable,
            what="the Control API to be gone",
            timeout=self._site.start_timeout,
        )
        self.superlink.start()
        self.wait_control_api()

    def start_node(self, number: int) -> None:
        """Start a SuperNode."""
        self.nodes[number].start()

    def _observe_control_api(self, tls: Tls | None) -> Process:
        address = f"{self.superlink.options.host}:{self.superlink.options.control_port}"
        script = resources.files("harness.flower.observer") / "control_api.py"
        argv = [str(self._flower.python), str(script), address, str(self._place.events / "control-api.jsonl")]
        if tls is not None:
            argv.append(str(tls.ca_certificate))
        return Process(
            "observer",
            argv,
            log=self._place.logs / "observer.log",
            env=surroundings(self._flower, self._place.home("observer"), [self.superlink.options.host]),
        )

    # -- looking

    def _control_api_reachable(self) -> bool:
        history = self._recorder.history()
        up, down = history.last("control.reachable"), history.last("control.unreachable")
        return up is not None and (down is None or down.t < up.t)

    def wait_control_api(self) -> None:
        """Wait until the SuperLink answers."""
        wait_until(
            self._control_api_reachable,
            what="the Control API of the SuperLink",
            timeout=self._site.start_timeout,
            abort=self.superlink.process.ended,
        )

    def online(self, numbers: Iterable[int] | None = None) -> dict[int, str]:
        """What the Control API says of nodes: `online`, `offline`, … or `unknown` when it has not named them yet."""
        history = self._recorder.history()
        return {number: node_status(history, number) for number in (numbers or self.nodes)}

    @property
    def running(self) -> int:
        """How many SuperNodes run."""
        return sum(1 for node in self.nodes.values() if node.started and node.process.running)

    def wait_online(self, numbers: Iterable[int], timeout: float | None = None) -> None:
        """Wait until the Control API says that these nodes are online.

        Args:
            numbers: Of the nodes.
            timeout: Seconds; what the site gives a program to start when left out.

        Raises:
            WaitTimeout: Not in that time; the text has the status of each.
            WaitAborted: One of them has ended.
        """
        wanted = list(numbers)
        wait_until(
            lambda: self.online(wanted),
            lambda seen: set(seen.values()) == {"online"},
            what=f"nodes {', '.join(map(str, wanted))} to be online by the Control API",
            timeout=self._site.start_timeout if timeout is None else timeout,
            abort=lambda: next(filter(None, (self.nodes[number].process.ended() for number in wanted)), None),
        )

    # -- running

    def start_run(self, values: Mapping[str, float | str]) -> str:
        """Start a run of the app; returns its id."""
        config = {"events-dir": str(self._place.events), **values}
        run_id = apps.start_run(self._app, config)
        self._recorder.record("scenario", "run.start", run=run_id, config=dict(config))
        return run_id


def _addresses(site: Site, plan: Plan) -> frozenset[str]:
    """Every address at which something of a federation, or the harness, meets the SuperLink's certificate."""
    seen = {site.address(TOXIPROXY, seen_by=supernode_name(number)) for number in plan.numbers}
    return frozenset({site.address(SUPERLINK), site.address(TOXIPROXY), *seen})


def node_status(history: History, number: int) -> str:
    """What the Control API said last of the node that was started last under this number.

    What a SuperLink said before it was restarted does not count.
    """
    start = history.last("supernode.start", node=number)
    if start is None:
        return "not started"
    registered = history.last("supernode.id", node=number, after=start.t)
    if registered is None:
        return "not registered"
    superlink = history.last("superlink.start")
    since = start.t if superlink is None else superlink.t
    seen = history.last("node.seen", id=registered["id"], after=since)
    return str(seen["status"]) if seen is not None else "unknown"
