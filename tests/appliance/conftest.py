"""The embedded OpenNebula with a service, the boot scripts run as its VMs run them, and Flower itself."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from boot_scripts import APPLIANCE, PATIENCE, PROGRAMS, Script, Vms
from gate_line import GateLine

from harness.cloud.embedded.cloud import EmbeddedCloud
from harness.cloud.embedded.settings import FlowSettings, Settings
from harness.cloud.oned import Oned
from harness.cloud.oneflow import OneFlow
from harness.flower.commands import surroundings
from harness.flower.versions import SPECIFIED, FlowerEnvironment, environment
from harness.hypervisor import Machine
from harness.hypervisor.dummy import Behaviour, DummyHypervisor
from harness.ports import Ports
from harness.processes import Process
from harness.waiting import wait_until

VM = 'NAME="vm"\nCPU="1"\nMEMORY="64"\nCONTEXT=[TOKEN="YES"]'


@pytest.fixture(scope="session", autouse=True)
def signals_reach_scripts() -> Iterator[None]:
    """A shell lets what it starts in the background ignore Ctrl-C, and a script cannot trap what it came to ignore."""
    before = signal.getsignal(signal.SIGINT)
    # What has a handler here is at its default in what is started.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Contexts(DummyHypervisor):
    """Starts nothing, and remembers what each VM was told."""

    def __init__(self) -> None:
        super().__init__(Behaviour())
        self.contexts: dict[int, dict[str, str]] = {}

    def deploy(self, machine: Machine) -> None:
        self.contexts[machine.vm_id] = dict(machine.context)
        super().deploy(machine)


Boot = Callable[..., Script]


@pytest.fixture(scope="session")
def ports() -> Iterator[Ports]:
    with Ports() as ports:
        yield ports


@pytest.fixture(scope="session")
def cloud() -> Iterator[tuple[EmbeddedCloud, _Contexts]]:
    hypervisor = _Contexts()
    flow = FlowSettings(autoscaler_interval=2, default_cooldown=6, wait_timeout=5)
    with EmbeddedCloud(hypervisor, Settings(flow=flow)) as cloud:
        yield cloud, hypervisor


@pytest.fixture(scope="session")
def template(cloud: tuple[EmbeddedCloud, _Contexts]) -> int:
    """A VM template whose VMs get a token."""
    return Oned(cloud[0].endpoints, limit=10).create_template(VM)


@pytest.fixture
def vms(cloud: tuple[EmbeddedCloud, _Contexts], template: int) -> Vms:
    """A service of the test's own with a SuperLink's VM and three SuperNodes' VMs."""
    embedded, hypervisor = cloud
    oned = Oned(embedded.endpoints, limit=10)
    roles = [
        {"name": "superlink", "type": "vm", "template_id": template, "cardinality": 1},
        {"name": "supernode", "type": "vm", "template_id": template, "cardinality": 3},
    ]
    with OneFlow(embedded.endpoints, limit=10) as flow:
        body = {"name": f"federation-{uuid.uuid4().hex}", "deployment": "none", "roles": roles}
        number = flow.instantiate(flow.create_template(body))
        found = wait_until(
            lambda: {name: role.nodes for name, role in flow.service(number).roles.items()},
            lambda nodes: (len(nodes["superlink"]), len(nodes["supernode"])) == (1, 3),
            what="the service's VMs",
            timeout=PATIENCE,
            poll=0.05,
        )
    return Vms(found["superlink"][0], found["supernode"], hypervisor.contexts, oned)


@pytest.fixture
def line(ports: Ports, cloud: tuple[EmbeddedCloud, _Contexts]) -> Iterator[GateLine]:
    with GateLine(ports.take(), cloud[0].endpoints.onegate) as line:
        yield line


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Boot]:
    """Runs a boot script with a context; what it is not told by the test it is not told by this machine either."""
    processes: list[Process] = []

    def start(context: dict[str, str] | None = None, *, script: str = "boot.sh", **more: str) -> Script:
        folder = tmp_path / f"boot-{len(processes)}"
        folder.mkdir()
        log, errors = folder / "log", folder / "errors"
        told = {
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "CALLED": str(folder / "called"),
            "FL_CONTEXT_DIR": str(folder),
            "FL_TIME_SCALE": "0.02",
            "no_proxy": "127.0.0.1",
            **(context or {}),
            **more,
        }
        variables = [f"{name}={value}" for name, value in told.items()]
        keep = [f"{name}={os.environ[name]}" for name in ("HOME", "LANG") if name in os.environ]
        inner = 'exec "$@" > "$0/log" 2> "$0/errors"'
        argv = ["env", "-i", *keep, *variables, "bash", "-c", inner, str(folder), str(APPLIANCE / script)]
        log.touch()
        errors.touch()
        process = Process(script, argv, log=folder / "process.log")
        processes.append(process)
        return Script(process, log, errors)

    yield start
    for process in processes:
        process.end()


@pytest.fixture
def boot(run: Boot, vms: Vms, line: GateLine) -> Boot:
    """Runs `boot.sh` as the VM of SuperNode `number`, with OneGate at the other end of `line`."""

    def start(number: int = 0, **more: str) -> Script:
        context = vms.contexts[vms.supernodes[number]] | {"ONEGATE_ENDPOINT": line.endpoint}
        return run(context, **more)

    return start


@pytest.fixture
def superlink_ready(vms: Vms) -> str:
    """A SuperLink that OneGate knows to be ready, where none is; its address."""
    with vms.gate(vms.superlink) as gate:
        gate.put(FL_READY="YES", FL_ENDPOINT="127.0.0.1:20999")
    return "127.0.0.1:20999"


@pytest.fixture
def called() -> Callable[[Script], list[str]]:
    """The words that the program was called with."""

    def words(script: Script) -> list[str]:
        path = script.process.log.parent / "called"
        script.until(path.exists, "the program's start")
        script.until((path.parent / "called.env").exists, "the program's start")
        return path.read_text().splitlines()

    return words


@pytest.fixture(scope="session")
def flower() -> FlowerEnvironment:
    return environment(SPECIFIED, print)


@pytest.fixture
def real(flower: FlowerEnvironment, tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """What a VM needs to run Flower itself."""

    def context(name: str) -> dict[str, str]:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        return surroundings(flower, home)

    return context
