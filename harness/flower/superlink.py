"""The SuperLink of a federation: its process, its ports, its restart."""

from __future__ import annotations

from harness.flower.commands import SuperLinkOptions, Tls, superlink, surroundings
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.versions import FlowerEnvironment
from harness.history.recorder import Recorder
from harness.hypervisor.process import Launch, Program
from harness.ports import Ports
from harness.processes import Process, ProcessFailed


class SuperLink:
    """A SuperLink that can be started again on the same ports, with the same database.

    Args:
        plan: Of its federation.
        flower: The version under test.
        place: Its folders.
        ports: Gives it its three ports.
        recorder: Is told of its starts and ends.
        launch: Where it runs.
        tls: Its certificates, with a plan that wants TLS.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        flower: FlowerEnvironment,
        place: Place,
        ports: Ports,
        recorder: Recorder,
        launch: Launch,
        tls: Tls | None,
    ) -> None:
        self.options = SuperLinkOptions(
            fleet_port=ports.take(),
            control_port=ports.take(),
            serverappio_port=ports.take(),
            database=place.work / "superlink.db" if plan.database else None,
            tls=tls,
            node_authentication=plan.authentication,
        )
        self._flower = flower
        self._place = place
        self._recorder = recorder
        self._launch = launch
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        """The running process.

        Raises:
            ProcessFailed: It was not started.
        """
        if self._process is None:
            raise ProcessFailed("the SuperLink was not started")
        return self._process

    @property
    def processes(self) -> list[Process]:
        """The process that was started last; empty before the start."""
        return [] if self._process is None else [self._process]

    def start(self) -> None:
        """Start it; whether it is ready is for the Control API to say."""
        program = Program(
            "superlink",
            tuple(superlink(self._flower, self.options)),
            self._place.logs / "superlink.log",
            surroundings(self._flower, self._place.home("superlink")),
        )
        self._process = self._launch(program)
        self._recorder.record("scenario", "superlink.start", pid=self.process.pid, database=bool(self.options.database))

    def end(self) -> None:
        """End it and its ServerApps, as when its machine is lost."""
        if self._process is not None and self._process.running:
            self._process.end()
            self._recorder.record("scenario", "superlink.end", code=self._process.code)
