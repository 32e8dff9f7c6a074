"""VMs as process trees: real processes, real signals, real figures."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.hypervisor import Machine
from harness.hypervisor.machines import Machines
from harness.hypervisor.site import Program
from harness.waiting import wait_until

POLITE = 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done'
STUBBORN = 'trap "" TERM; echo up; while :; do sleep 0.05; done'
BUSY = "echo up; while :; do :; done"


class Told:
    """What the hypervisor reports."""

    def __init__(self) -> None:
        self.ended: list[tuple[int, bool, str]] = []
        self.gone: list[int] = []
        self.events: list[tuple[str, dict[str, object]]] = []
        self._lock = threading.Lock()

    def done(self, vm_id: int, *, ok: bool, message: str = "") -> None:
        with self._lock:
            self.ended.append((vm_id, ok, message))

    def vanished(self, vm_id: int) -> None:
        with self._lock:
            self.gone.append(vm_id)

    def after(self, seconds, name, run):
        raise AssertionError("this hypervisor lives in real time")

    def wait(self, number: int) -> tuple[int, bool, str]:
        wait_until(lambda: len(self.ended), lambda seen: seen >= number, what=f"{number} reports", timeout=30)
        return self.ended[number - 1]


def machine(vm_id: int, script: str) -> Machine:
    return Machine(vm_id, f"vm-{vm_id}", 1, "supernode", {"VMID": str(vm_id), "SCRIPT": script}, {}, 1.0, 128)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def machines(tmp_path: Path, told: Told) -> Iterator[Machines]:
    def boot(vm: Machine) -> Program:
        if vm.context["SCRIPT"] == "no image":
            raise HarnessError("the image is not there")
        return Program(f"vm-{vm.vm_id}", ("bash", "-c", vm.context["SCRIPT"]), tmp_path / f"{vm.vm_id}.log", vm.context)

    made = Machines(boot, lambda kind, data: told.events.append((kind, dict(data))), shutdown_seconds=1.5)
    made.attach(told, told)
    yield made
    made.close()


def up(tmp_path: Path, vm_id: int, times: int = 1) -> None:
    """Wait until what a VM boots has set its traps."""
    log = tmp_path / f"{vm_id}.log"
    wait_until(
        lambda: log.read_text() if log.exists() else "",
        lambda text: text.count("up") >= times,
        what="the boot",
        timeout=30,
    )


def test_a_vm_runs_with_its_context_and_is_shut_down_by_sigterm(machines, told, tmp_path):
    machines.deploy(machine(4, f"echo vm $VMID; {POLITE}"))
    assert told.wait(1) == (4, True, "")
    up(tmp_path, 4)
    process = machines.process(4)
    assert process is not None
    assert process.running
    machines.shutdown(4)
    assert told.wait(2) == (4, True, "")
    assert process.code == 7
    assert machines.process(4) is None
    assert [kind for kind, _ in told.events] == ["vm.start", "vm.signal", "vm.end"]
    assert told.events[1][1] == {"vm": 4, "signal": "SIGTERM"}
    assert told.events[2][1] == {"vm": 4, "code": 7}
    assert "vm 4" in (tmp_path / "4.log").read_text()
    assert told.gone == []


def test_what_does_not_end_is_ended_with_its_tree(machines, told, tmp_path):
    machines.deploy(machine(5, f"sleep 300 & {STUBBORN}"))
    told.wait(1)
    up(tmp_path, 5)
    process = machines.process(5)
    tree = process.tree()
    assert len(tree) >= 2
    machines.shutdown(5)
    assert told.wait(2) == (5, True, "")
    assert process.code == -9
    assert process.tree() == []


def test_a_kill_leaves_no_time(machines, told, tmp_path):
    machines.deploy(machine(6, POLITE))
    told.wait(1)
    up(tmp_path, 6)
    process = machines.process(6)
    machines.kill(6)
    told.wait(2)
    assert process.code == -9


def test_a_vm_that_is_powered_off_boots_again_with_the_same_context(machines, told, tmp_path):
    machines.deploy(machine(7, POLITE))
    told.wait(1)
    up(tmp_path, 7)
    first = machines.process(7).pid
    machines.poweroff(7, hard=False)
    told.wait(2)
    assert machines.process(7) is None
    machines.resume(7)
    assert told.wait(3) == (7, True, "")
    up(tmp_path, 7, times=2)
    assert machines.process(7).pid != first


def test_a_vm_that_ends_by_itself_is_reported_once(machines, told):
    machines.deploy(machine(8, "exit 3"))
    told.wait(1)
    wait_until(lambda: list(told.gone), bool, what="the report", timeout=30)
    assert told.gone == [8]
    assert ("vm.end", {"vm": 8, "code": 3}) in told.events
    assert machines.process(8) is None


def test_a_boot_that_fails_is_reported_with_its_reason(machines, told):
    machines.deploy(machine(9, "no image"))
    assert told.wait(1) == (9, False, "the image is not there")
    assert machines.process(9) is None


def test_cpu_and_memory_are_really_measured(machines, told, tmp_path):
    for vm_id, script in ((1, BUSY), (2, POLITE)):
        machines.deploy(machine(vm_id, script))
        told.wait(vm_id)
        up(tmp_path, vm_id)
        machines.measure(vm_id)

    def figures() -> tuple[float, float]:
        return machines.measure(1).cpu, machines.measure(2).cpu

    wait_until(
        figures, lambda seen: seen[0] > 4 * max(seen[1], 1), what="the busy one to be seen busy", timeout=30, poll=1
    )
    assert machines.measure(1).memory > 500
    assert machines.measure(3) is None


def test_who_asks_for_a_measurement_does_not_wait_for_one(machines, told, tmp_path, monkeypatch):
    machines.deploy(machine(1, POLITE))
    told.wait(1)
    up(tmp_path, 1)
    # The first measurement is taken as the process starts, and may see it before it has loaded what it runs.
    wait_until(
        lambda: machines.measure(1).memory, lambda memory: memory > 500, what="what runs to be measured", timeout=30
    )
    looking, seen = threading.Event(), threading.Event()

    def slow(leaders):
        looking.set()
        seen.wait(30)
        return {}

    monkeypatch.setattr("harness.hypervisor.machines.sessions_of", slow)
    assert looking.wait(30)
    assert machines.measure(1).memory > 500
    seen.set()


def test_vms_are_told_apart_before_they_boot_in_the_order_of_their_numbers(tmp_path, told):
    placed: list[int] = []

    def boot(vm: Machine) -> Program:
        assert vm.vm_id in placed
        return Program(f"vm-{vm.vm_id}", ("sleep", "300"), tmp_path / f"{vm.vm_id}.log", {})

    made = Machines(boot, lambda kind, data: None, placed=lambda vm: placed.append(vm.vm_id))
    made.attach(told, told)
    for vm_id in range(5):
        made.deploy(machine(vm_id, ""))
    told.wait(5)
    assert placed == list(range(5))
    assert all(ok for _, ok, _ in told.ended)
    processes = [made.process(vm_id) for vm_id in range(5)]
    made.close()
    assert not any(process.running for process in processes)


def test_onegate_is_seen_through_the_network(told):
    made = Machines(
        lambda vm: pytest.fail("boots nothing"),
        lambda kind, data: None,
        network=lambda vm, text: text.replace("127.0.0.1:9092", f"127.0.0.1:{20000 + vm}"),
    )
    assert made.seen_by(3, '{"FL_ENDPOINT":"127.0.0.1:9092"}') == '{"FL_ENDPOINT":"127.0.0.1:20003"}'
