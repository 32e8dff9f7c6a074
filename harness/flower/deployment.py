"""What every federation under test has, whoever starts its programs: an observer, nodes that come online, runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from importlib import resources
from types import TracebackType
from typing import Protocol, Self

from harness.flower import app as apps
from harness.flower.commands import Tls, surroundings
from harness.flower.place import Place
from harness.flower.versions import FlowerEnvironment
from harness.history.history import History
from harness.history.recorder import Recorder
from harness.hypervisor.running import Running
from harness.priority import give_precedence
from harness.processes import Process
from harness.waiting import wait_until


class Program(Protocol):
    """A SuperLink, as far as a deployment looks at it."""

    @property
    def process(self) -> Running:
        """What runs."""
        ...


class Node(Program, Protocol):
    """A SuperNode, as far as a deployment looks at it."""

    @property
    def started(self) -> bool:
        """Whether it has been started and not ended by the harness."""
        ...


class Deployment(ABC):
    """A federation; a context manager that ends all of it.

    Args:
        flower: The version under test.
        place: The scenario's folders.
        recorder: The scenario's history.
        app: The Flower app, pointed at the federation's SuperLink.
        control_address: Of the Control API, `host:port`.
        start_timeout: Seconds until a SuperLink answers, and until SuperNodes are online.
        tls: The SuperLink's certificates.

    Attributes:
        superlink: The SuperLink.
        nodes: The SuperNodes, by number.
    """

    superlink: Program
    nodes: Mapping[int, Node]

    def __init__(
        self,
        *,
        flower: FlowerEnvironment,
        place: Place,
        recorder: Recorder,
        app: apps.App,
        control_address: str,
        start_timeout: float,
        tls: Tls | None = None,
    ) -> None:
        self._flower = flower
        self._place = place
        self._recorder = recorder
        self._app = app
        self._control_address = control_address
        self._start_timeout = start_timeout
        self._tls = tls
        self._stack = ExitStack()
        self._observer: Process | None = None
        recorder.gather(place.events)

    @abstractmethod
    def end(self) -> None:
        """End all of it; harmless when it is done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    # -- looking

    def start_observer(self) -> None:
        """Start the observer of the Control API, unless it runs; it may begin before there is a SuperLink."""
        if self._observer is None:
            self._observer = self._stack.enter_context(self._observe())

    def watch_control_api(self) -> None:
        """Start the observer of the Control API, unless it runs, and wait until the SuperLink answers.

        Raises:
            WaitTimeout: It does not.
            WaitAborted: It has ended.
        """
        self.start_observer()
        wait_until(
            self._reachable,
            what="the Control API of the SuperLink",
            timeout=self._start_timeout,
            abort=self.superlink.process.ended,
        )

    def _observe(self) -> Process:
        script = resources.files("harness.flower.observer") / "control_api.py"
        events = self._place.events / "control-api.jsonl"
        argv = [str(self._flower.python), str(script), self._control_address, str(events)]
        if self._tls is not None:
            argv.append(str(self._tls.ca_certificate))
        host = self._control_address.rpartition(":")[0]
        observer = Process(
            "observer",
            argv,
            log=self._place.logs / "observer.log",
            env=surroundings(self._flower, self._place.home("observer"), [host]),
        )
        give_precedence(observer.pid)
        return observer

    def _reachable(self) -> bool:
        history = self._recorder.history()
        up, down = history.last("control.reachable"), history.last("control.unreachable")
        return up is not None and (down is None or down.t < up.t)

    @property
    def running(self) -> int:
        """How many SuperNodes run."""
        return sum(1 for node in self.nodes.values() if node.started and node.process.running)

    def online(self, numbers: Iterable[int] | None = None) -> dict[int, str]:
        """What the Control API says of nodes: `online`, `offline`, … or `unknown` when it has not named them yet."""
        history = self._recorder.history()
        return {number: node_status(history, number) for number in (numbers or self.nodes)}

    def wait_online(self, numbers: Iterable[int], timeout: float | None = None) -> None:
        """Wait until the Control API says that these nodes are online.

        Args:
            numbers: Of the nodes.
            timeout: Seconds; what a program is given to start when left out.

        Raises:
            WaitTimeout: Not in that time; the text has the status of each.
            WaitAborted: One of them has ended.
        """
        wanted = list(numbers)
        wait_until(
            lambda: self.online(wanted),
            lambda seen: set(seen.values()) == {"online"},
            what=f"nodes {', '.join(map(str, wanted))} to be online by the Control API",
            timeout=self._start_timeout if timeout is None else timeout,
            abort=lambda: next(filter(None, map(self._node_ended, wanted)), None),
        )

    def _node_ended(self, number: int) -> str | None:
        """A sentence about the end of a node; None while it runs."""
        return self.nodes[number].process.ended()

    # -- running

    def start_run(self, values: Mapping[str, float | str]) -> str:
        """Start a run of the app; returns its id."""
        config = {"events-dir": str(self._place.events), **values}
        run_id = apps.start_run(self._app, config)
        self._recorder.record("scenario", "run.start", run=run_id, config=dict(config))
        return run_id


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
