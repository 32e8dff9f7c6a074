"""The SuperLink of a federation: its program, its ports, its restart."""

from __future__ import annotations

import time

from harness.flower.commands import SuperLinkOptions, Tls, superlink, surroundings
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.versions import FlowerEnvironment
from harness.history.recorder import Recorder
from harness.hypervisor.running import Running
from harness.hypervisor.site import SUPERLINK, Program, Site
from harness.ports import Ports
from harness.processes import ProcessFailed


class SuperLink:
    """A SuperLink that can be started again on the same ports, with the same database.

    Args:
        plan: Of its federation.
        flower: The version under test.
        place: Its folders.
        ports: Gives it its three ports.
        recorder: Is told of its starts and ends.
        site: Where it runs.
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
        site: Site,
        tls: Tls | None,
    ) -> None:
        self.options = SuperLinkOptions(
            fleet_port=ports.take(),
            control_port=ports.take(),
            serverappio_port=ports.take(),
            database=place.work / "superlink.db" if plan.database else None,
            tls=tls,
            node_authentication=plan.authentication,
            host=site.address(SUPERLINK),
        )
        self._flower = flower
        self._place = place
        self._recorder = recorder
        self._site = site
        self._process: Running | None = None

    @property
    def process(self) -> Running:
        """What runs.

        Raises:
            ProcessFailed: It was not started.
        """
        if self._process is None:
            raise ProcessFailed("the SuperLink was not started")
        return self._process

    @property
    def processes(self) -> list[Running]:
        """What was started last; empty before the start."""
        return [] if self._process is None else [self._process]

    def start(self) -> None:
        """Start it; whether it is ready is for the Control API to say."""
        program = Program(
            SUPERLINK,
            tuple(superlink(self._flower, self.options)),
            self._place.logs / "superlink.log",
            surroundings(self._flower, self._place.home(SUPERLINK), [self.options.host]),
            # Its ServerApps write events; database, certificates and Flower home are below `work` too.
            shared=(self._place.work,),
        )
        began = time.monotonic()
        self._process = self._site.launch(program)
        self._recorder.record(
            "scenario", "superlink.start", t=began, pid=self.process.pid, database=bool(self.options.database)
        )

    def end(self) -> None:
        """End it and its ServerApps, as when its machine is lost."""
        if self._process is not None and self._process.running:
            self._process.end()
            self._recorder.record("scenario", "superlink.end", code=self._process.code)
