"""A federation that OneFlow runs: its SuperLink and its SuperNodes are VMs of a service, which boot their scripts.

The SuperLink's VM publishes where it is; each SuperNode's VM finds it there through OneGate, and is shown the address
of its own link, as a network that translates addresses would do it. The boot scripts know nothing of links.

Where the scenario's site says so, a SuperNode's VM is a real one, of the edge image: its context then comes on a
CD-ROM, and the boot script is the image's own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.chaos.link import Link
from harness.chaos.observe import Observe
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.cloud.templates import SUPERLINK, SUPERNODE
from harness.errors import HarnessError
from harness.flower import app as apps
from harness.flower.commands import LOOPBACK, surroundings
from harness.flower.deployment import Deployment
from harness.flower.logs import supernode_lines
from harness.flower.place import Place
from harness.flower.versions import FlowerEnvironment
from harness.history.recorder import Recorder
from harness.hypervisor import Machine
from harness.hypervisor.machines import SHUTDOWN_SECONDS, Machines
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.qemu.machine import VirtualMachine
from harness.hypervisor.qemu.site import QemuSite
from harness.hypervisor.running import Running
from harness.hypervisor.site import TOXIPROXY, Program, Site
from harness.ports import Ports
from harness.processes import ProcessFailed

OWN_LINK = "link"
"""Value of FL_SUPERLINK_ADDRESS in a VM template that stands for the address of the VM's own link."""


_SHUTDOWN = {QemuSite.name: VirtualMachine.stop_seconds}


@dataclass(frozen=True)
class Appliance:
    """What the VMs of each role boot.

    Attributes:
        superlink: Boot script of the SuperLink's VM.
        supernode: Boot script of a SuperNode's VM; the one that `--boot-script` names.
    """

    superlink: Path
    supernode: Path


@dataclass
class ServiceNode:
    """A SuperNode's VM.

    Attributes:
        number: 1, 2, …, in the order in which the VMs were made.
        vm: Number of the VM.
        link: Its path to the Fleet API.
        machines: Runs it.
        recorder: Is told of its ends.
    """

    number: int
    vm: int
    link: Link
    machines: Machines
    recorder: Recorder

    @property
    def name(self) -> str:
        """What people call it."""
        return f"supernode-{self.number}"

    @property
    def process(self) -> Running:
        """What its VM runs.

        Raises:
            ProcessFailed: The VM has not booted, or was ended.
        """
        found = self.machines.process(self.vm)
        if found is None:
            raise ProcessFailed(f"VM {self.vm} of {self.name} does not run")
        return found

    @property
    def started(self) -> bool:
        """Whether its VM runs."""
        return self.machines.process(self.vm) is not None

    def note_end(self) -> int | None:
        """The exit code of its boot script, once its end is in the history; None before.

        The hypervisor notes it, a moment after the process has ended.
        """
        if self.started:
            return None
        ended = self.recorder.history().last("supernode.end", vm=self.vm)
        return None if ended is None else int(ended["code"] or 0)


@dataclass
class ServiceSuperLink:
    """The SuperLink's VM.

    Attributes:
        machines: Runs it.
        vm: Number of the VM; None before it was made.
    """

    machines: Machines
    vm: int | None = None

    @property
    def process(self) -> Running:
        """What its VM runs.

        Raises:
            ProcessFailed: The VM has not booted, or was ended.
        """
        found = None if self.vm is None else self.machines.process(self.vm)
        if found is None:
            raise ProcessFailed("the SuperLink's VM does not run")
        return found


@dataclass
class _Ports:
    fleet: int
    control: int
    serverapp: int
    clientapp: dict[int, int] = field(default_factory=dict)


class Service(Deployment):
    """A federation on a cloud; a context manager. `machines` is the hypervisor that the cloud has to be given.

    Args:
        flower: The version under test.
        place: The scenario's folders.
        ports: Gives the VMs their ports of loopback, which they share.
        toxiproxy: The scenario's Toxiproxy.
        recorder: The scenario's history.
        observe: What faults report to.
        fixture: The Flower app.
        appliance: The boot scripts.
        strategy: File of a user's own Strategy.
        held: Whether the SuperLink's VM is to take its time to boot, until `release_superlink`.
        site: Where the VMs run, as programs of this machine or as real ones.
    """

    superlink: ServiceSuperLink
    nodes: dict[int, ServiceNode]

    def __init__(
        self,
        *,
        flower: FlowerEnvironment,
        place: Place,
        ports: Ports,
        toxiproxy: ToxiproxyServer,
        recorder: Recorder,
        observe: Observe,
        fixture: Path,
        appliance: Appliance,
        strategy: Path | None = None,
        held: bool = False,
        site: Site | None = None,
    ) -> None:
        self._site = ProcessSite() if site is None else site
        self._take_port = ports.take
        self._toxiproxy = toxiproxy
        self._tell = observe
        self._appliance = appliance
        self._ports = _Ports(ports.take(), ports.take(), ports.take())
        super().__init__(
            flower=flower,
            place=place,
            recorder=recorder,
            app=apps.prepare(fixture, place, flower, control_port=self._ports.control, tls=None, strategy=strategy),
            control_address=f"{LOOPBACK}:{self._ports.control}",
            start_timeout=self._site.start_timeout,
        )
        self._held = place.work / "superlink-is-held" if held else None
        if self._held is not None:
            self._held.touch()
        self._lock = threading.Lock()
        self.nodes = {}
        self.machines = Machines(
            self._boot,
            self._saw,
            site=self._site,
            placed=self._place_machine,
            network=self._translate,
            shutdown_seconds=_SHUTDOWN.get(self._site.name, SHUTDOWN_SECONDS),
        )
        self.superlink = ServiceSuperLink(self.machines)

    def end(self) -> None:
        """End every VM and remove the links; harmless when it is done."""
        self.machines.close()
        self._stack.close()

    # -- VMs

    def _place_machine(self, machine: Machine) -> None:
        if machine.role == SUPERLINK:
            self.superlink.vm = machine.vm_id
            return
        if machine.role != SUPERNODE:
            return
        number = len(self.nodes) + 1
        link = Link(
            f"link-{number}",
            server=self._toxiproxy,
            listen_port=self._take_port(),
            upstream_port=self._ports.fleet,
            observe=self._tell,
        )
        self._ports.clientapp[machine.vm_id] = self._take_port()
        self._recorder.gather(self._place.logs, f"supernode-{number}.log", supernode_lines(number))
        self.nodes[number] = ServiceNode(number, machine.vm_id, link, self.machines, self._recorder)

    def _node(self, vm: int) -> ServiceNode | None:
        return next((node for node in self.nodes.values() if node.vm == vm), None)

    def _boot(self, machine: Machine) -> Program:
        if machine.role == SUPERLINK:
            return self._program(machine, "superlink", self._appliance.superlink, self._superlink_context())
        node = self._node(machine.vm_id)
        if node is None:
            raise HarnessError(f"VM {machine.vm_id} is of role {machine.role}, which boots nothing here")
        node.link.__enter__()
        with self._lock:
            # Several VMs boot at once; only the list of what is to be closed is shared.
            self._stack.push(node.link)
        host = self._site.address(TOXIPROXY, seen_by=node.name)
        if host != LOOPBACK:
            return self._machine(machine, node, host)
        context = {
            "FL_RUNTIME": "process",
            "FL_CLIENTAPPIO_PORT": str(self._ports.clientapp[machine.vm_id]),
        }
        if machine.context.get("FL_SUPERLINK_ADDRESS") == OWN_LINK:
            context["FL_SUPERLINK_ADDRESS"] = f"{LOOPBACK}:{node.link.listen_port}"
        return self._program(machine, node.name, self._appliance.supernode, context)

    def _machine(self, machine: Machine, node: ServiceNode, host: str) -> Program:
        """A real VM: it sees this machine's loopback at `host`, and boots what is in its image."""
        context = {**machine.context, "FL_VERSION": self._flower.version}
        context["ONEGATE_ENDPOINT"] = context.get("ONEGATE_ENDPOINT", "").replace(LOOPBACK, host)
        if context.get("FL_SUPERLINK_ADDRESS") == OWN_LINK:
            context["FL_SUPERLINK_ADDRESS"] = f"{host}:{node.link.listen_port}"
        return Program(
            node.name,
            (),
            self._place.logs / f"{node.name}.log",
            shared=(self._place.work,),
            context=context,
            events=self._place.events,
        )

    def _superlink_context(self) -> dict[str, str]:
        return {
            "FL_FLEET_ADDRESS": f"{LOOPBACK}:{self._ports.fleet}",
            "FL_CONTROL_ADDRESS": f"{LOOPBACK}:{self._ports.control}",
            "FL_SERVERAPPIO_ADDRESS": f"{LOOPBACK}:{self._ports.serverapp}",
        }

    def _program(self, machine: Machine, name: str, script: Path, more: Mapping[str, str]) -> Program:
        environment = {**surroundings(self._flower, self._place.home(name)), **machine.context, **more}
        # No contextualization runs in a VM that is a process, though this machine may itself be a VM that has it.
        environment["FL_REPORT_READY"] = "YES"
        # What a VM that was switched off leaves in its /tmp goes with the scenario.
        environment["TMPDIR"] = str(self._place.folder(f"tmp-{name}"))
        argv = _interpreter(script)
        if machine.role == SUPERLINK and self._held is not None:
            argv = ("bash", "-c", 'while [ -e "$0" ]; do sleep 0.2; done; exec "$@"', str(self._held), *argv)
        return Program(name, argv, self._place.logs / f"{name}.log", environment)

    def _translate(self, vm: int, text: str) -> str:
        node = self._node(vm)
        if node is None:
            return text
        # The first word of the answer says what it is about, as OneGate's path does.
        about = "service" if text.lstrip().startswith('{"SERVICE"') else "vm"
        self._recorder.record("hypervisor", "gate.answered", vm=vm, node=node.number, about=about)
        host = self._site.address(TOXIPROXY, seen_by=node.name)
        return text.replace(f"{LOOPBACK}:{self._ports.fleet}", f"{host}:{node.link.listen_port}")

    def _saw(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take in what the hypervisor reports; a SuperNode's VM is a SuperNode that starts and ends, too."""
        self._recorder.record("hypervisor", kind, **data)
        node = self._node(int(data["vm"]))
        if node is not None and kind == "vm.start":
            self._recorder.record(
                node.name, "supernode.start", t=data["t"], node=node.number, pid=data["pid"], vm=node.vm
            )
        elif node is not None and kind == "vm.end":
            started = self._recorder.history().last("supernode.start", node=node.number)
            pid = None if started is None else started["pid"]
            self._recorder.record(node.name, "supernode.end", node=node.number, pid=pid, code=data["code"], vm=node.vm)
        elif data["vm"] == self.superlink.vm and kind == "vm.start":
            self._recorder.record(
                "scenario", "superlink.start", t=data["t"], pid=data["pid"], database=False, vm=data["vm"]
            )

    def release_superlink(self) -> None:
        """Let the SuperLink's VM boot on.

        Raises:
            HarnessError: It was not held.
        """
        if self._held is None:
            raise HarnessError("the SuperLink was not held back")
        self._held.unlink(missing_ok=True)
        self._recorder.record("scenario", "superlink.released")

    # -- looking

    def _node_ended(self, number: int) -> str | None:
        node = self.nodes.get(number)
        code = None if node is None else node.note_end()
        return None if code is None else f"the VM of supernode-{number} has ended with code {code}"

    def logs(self) -> str:
        """What the SuperLink's log and the log of the run that was started last say by now.

        Raises:
            ProcessFailed: The SuperLink does not answer.
        """
        started = self._recorder.history().last("run.start")
        superlink = (self._place.logs / "superlink.log").read_text(encoding="utf-8", errors="replace")
        return superlink + ("" if started is None else apps.read_log(self._app, str(started["run"])))


def _interpreter(script: Path) -> tuple[str, ...]:
    """The command line of a script: by its first line, whether it may be executed or not."""
    first = script.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0]
    return (*first.removeprefix("#!").split(), str(script)) if first.startswith("#!") else ("bash", str(script))
