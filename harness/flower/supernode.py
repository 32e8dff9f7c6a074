"""A SuperNode of a federation: its program, its link, its identity."""

from __future__ import annotations

import time
from pathlib import Path

from harness.chaos.link import Link
from harness.flower.commands import SuperNodeOptions, Tls, appliance, supernode, surroundings
from harness.flower.logs import supernode_lines
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.versions import FlowerEnvironment
from harness.history.recorder import Recorder
from harness.hypervisor.running import Running
from harness.hypervisor.site import TOXIPROXY, Program, Site
from harness.hypervisor.site import supernode as supernode_name
from harness.processes import ProcessFailed


class SuperNode:
    """A SuperNode that can be started again, with the same configuration, behind the same link.

    Args:
        number: 1, 2, ….
        plan: Of its federation.
        flower: The version under test.
        place: Its folders.
        clientappio_port: Where its own ClientApps connect.
        link: Its path to the Fleet API.
        recorder: Is told of its starts and ends, and reads its log.
        site: Where it runs.
        tls: The SuperLink's certificates.
        key: Its private key of SuperNode authentication.
    """

    def __init__(
        self,
        number: int,
        plan: Plan,
        *,
        flower: FlowerEnvironment,
        place: Place,
        clientappio_port: int,
        link: Link,
        recorder: Recorder,
        site: Site,
        tls: Tls | None = None,
        key: Path | None = None,
    ) -> None:
        self.number = number
        self.name = supernode_name(number)
        self.link = link
        self.partition = plan.partition(number)
        self._options = SuperNodeOptions(
            superlink_port=link.listen_port,
            clientappio_port=clientappio_port,
            node_config={"partition-id": self.partition, "num-partitions": plan.nodes},
            max_retries=plan.max_retries,
            max_wait_time=plan.max_wait_time,
            tls=tls,
            key=key,
            superlink_host=site.address(TOXIPROXY, seen_by=self.name),
        )
        self._flower = flower
        self._place = place
        self._recorder = recorder
        self._site = site
        self._process: Running | None = None
        recorder.gather(place.logs, f"{self.name}.log", supernode_lines(number))

    @property
    def process(self) -> Running:
        """What was started last.

        Raises:
            ProcessFailed: It was not started.
        """
        if self._process is None:
            raise ProcessFailed(f"{self.name} was not started")
        return self._process

    @property
    def started(self) -> bool:
        """Whether it has been started and not ended by the harness."""
        return self._process is not None

    def start(self) -> None:
        """Start it; whether it is online is for the Control API to say."""
        program = Program(
            self.name,
            tuple(supernode(self._flower, self._options)),
            self._place.logs / f"{self.name}.log",
            surroundings(self._flower, self._place.home(self.name), [self._options.superlink_host]),
            # Its ClientApps write events; certificates, keys and Flower home are below `work` too.
            shared=(self._place.work,),
            context=appliance(self._flower, self._options),
            events=self._place.events,
        )
        # On a busy machine its first words are read before this thread goes on.
        began = time.monotonic()
        self._process = self._site.launch(program)
        self._recorder.record(
            self.name,
            "supernode.start",
            t=began,
            node=self.number,
            pid=self.process.pid,
            partition=self.partition,
            max_retries=self._options.max_retries,
            max_wait_time=self._options.max_wait_time,
        )

    def note_end(self) -> int | None:
        """Record that it has ended, once it has; returns its exit code, None while it runs."""
        code = self.process.code
        if code is not None:
            seen = self._recorder.history().of("supernode.end", pid=self.process.pid)
            if not seen:
                self._recorder.record(self.name, "supernode.end", node=self.number, pid=self.process.pid, code=code)
        return code
