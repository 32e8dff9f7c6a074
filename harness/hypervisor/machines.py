"""A hypervisor whose VMs are process trees of this machine; what a VM boots has its context in its environment.

One of them may be a QEMU, whose guest is a real VM: the site of the scenario starts it (`harness/hypervisor/qemu`).
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psutil

from harness.errors import HarnessError, WaitTimeout
from harness.hypervisor import Address, Machine, Measurement, Reports, Timers
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.running import Running
from harness.hypervisor.site import Program, Site
from harness.processes import sessions_of
from harness.waiting import wait_until

SHUTDOWN_SECONDS = 30.0
"""Seconds from the SIGTERM of a soft shutdown to the end of the whole tree, when it has not ended by itself."""

_LOOK_EVERY = 0.25
"""Seconds between two looks for VMs that have ended by themselves."""

MEASURED_EVERY = 1.0
"""Seconds between two measurements; a cloud asks every 2 s or less often."""

_OPERATIONS_AT_ONCE = 16

Boot = Callable[[Machine], Program]
"""What a VM boots. Called in a thread of its own; may raise a `HarnessError`, which makes the boot fail."""

Observe = Callable[[str, Mapping[str, Any]], None]


@dataclass
class _Vm:
    """What a VM runs, and its last measurement: CPU seconds of each of its processes by then, and when that was."""

    process: Running
    cpu: dict[int, float]
    at: float
    seen: Measurement


class Machines:
    """VMs as processes of this machine.

    A soft shutdown sends SIGTERM to what the VM booted, as an operating system that shuts down does to its services,
    and ends what is left of the tree when that has ended or `shutdown_seconds` are over.

    Observed: `vm.start` (t, of before it; vm, role, name, pid), `vm.signal` (vm, signal), `vm.end` (vm, code).

    Args:
        boot: Says what a VM boots.
        observe: Is told of what happens.
        site: Starts what VMs boot, and ends it; this machine when left out.
        placed: Called with each new VM, in the order of their numbers, before it boots; must return at once.
        network: What a text of OneGate's looks like for a VM: the address translation between it and other VMs.
        shutdown_seconds: See above.
    """

    def __init__(
        self,
        boot: Boot,
        observe: Observe,
        *,
        site: Site | None = None,
        placed: Callable[[Machine], None] = lambda _: None,
        network: Callable[[int, str], str] = lambda _, text: text,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
    ) -> None:
        self._boot = boot
        self._observe = observe
        self._site = site or ProcessSite()
        self._placed = placed
        self._network = network
        self._shutdown_seconds = shutdown_seconds
        self._lock = threading.Lock()
        self._vms: dict[int, _Vm] = {}
        self._programs: dict[int, tuple[Machine, Program]] = {}
        self._busy: set[int] = set()
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(_OPERATIONS_AT_ONCE, thread_name_prefix="machines")
        self._watcher = threading.Thread(target=self._watch, name="machines", daemon=True)
        self._reports: Reports | None = None

    # -- the hypervisor's interface

    def attach(self, reports: Reports, timers: Timers) -> None:
        """Whom to report to; this hypervisor lives in real time."""
        del timers
        self._reports = reports
        self._watcher.start()

    def deploy(self, machine: Machine) -> None:
        """Start what the VM boots."""
        self._placed(machine)
        self._do(machine.vm_id, lambda: self._start(machine, self._boot(machine)))

    def shutdown(self, vm_id: int) -> None:
        """SIGTERM, patience, and the end."""
        self._do(vm_id, lambda: self._stop(vm_id, soft=True, forget=True))

    def kill(self, vm_id: int) -> None:
        """The end at once."""
        self._do(vm_id, lambda: self._stop(vm_id, soft=False, forget=True))

    def poweroff(self, vm_id: int, *, hard: bool) -> None:
        """End it and remember what it booted."""
        self._do(vm_id, lambda: self._stop(vm_id, soft=not hard, forget=False))

    def resume(self, vm_id: int) -> None:
        """Boot it again, with the same context."""
        self._do(vm_id, lambda: self._start(*self._programs[vm_id]))

    def measure(self, vm_id: int) -> Measurement | None:
        """Per cent of one core since the measurement before, and the resident memory of all that it runs.

        Looking at processes takes long on a busy machine, and the cloud that asks answers nobody meanwhile: what is
        given is what was measured last, every `MEASURED_EVERY` seconds.
        """
        with self._lock:
            running = self._vms.get(vm_id)
        return None if running is None else running.seen

    def address(self, vm_id: int) -> Address | None:
        """None: all VMs share loopback, where each has ports of its own."""
        del vm_id
        return None

    def seen_by(self, vm_id: int, text: str) -> str:
        """What an answer of OneGate's says to that VM."""
        return self._network(vm_id, text)

    def close(self) -> None:
        """End all of them together."""
        self._closing.set()
        self._pool.shutdown(wait=True)
        with self._lock:
            left = [running.process for running in self._vms.values()]
            self._vms.clear()
        self._site.end(left)

    # -- for faults and for looking

    def process(self, vm_id: int) -> Running | None:
        """What the VM runs; None while it is not started, and when it was ended."""
        with self._lock:
            running = self._vms.get(vm_id)
        return None if running is None else running.process

    # -- inside

    def _do(self, vm_id: int, operation: Callable[[], None]) -> None:
        def run() -> None:
            assert self._reports is not None, "the hypervisor was attached to no cloud"
            with self._lock:
                self._busy.add(vm_id)
            failed = ""
            try:
                operation()
            except HarnessError as error:
                failed = str(error)
            finally:
                with self._lock:
                    self._busy.discard(vm_id)
            if not self._closing.is_set():
                self._reports.done(vm_id, ok=not failed, message=failed)

        self._pool.submit(run)

    def _start(self, machine: Machine, program: Program) -> None:
        if self._closing.is_set():
            raise HarnessError(f"VM {machine.vm_id} is not started: the cloud is ending")
        began = time.monotonic()
        process = self._site.launch(program)
        running = _Vm(process, {}, began, Measurement(cpu=0.0, memory=0))
        _measure([running])
        with self._lock:
            self._programs[machine.vm_id] = (machine, program)
            self._vms[machine.vm_id] = running
        seen = {"vm": machine.vm_id, "role": machine.role, "name": machine.name, "pid": process.pid}
        self._observe("vm.start", {"t": began, **seen})

    def _stop(self, vm_id: int, *, soft: bool, forget: bool) -> None:
        running = self._vms.get(vm_id)
        if running is not None:
            process = running.process
            sent = "SIGTERM" if soft else "SIGKILL"
            if process.running:
                self._observe("vm.signal", {"vm": vm_id, "signal": sent})
            if soft:
                process.signal(signal.SIGTERM)
                with contextlib.suppress(WaitTimeout):
                    wait_until(
                        lambda: process.running and not self._closing.is_set(),
                        lambda waits: not waits,
                        what=f"VM {vm_id} to shut down",
                        timeout=self._shutdown_seconds,
                    )
            process.end()
            with self._lock:
                self._vms.pop(vm_id, None)
            self._observe("vm.end", {"vm": vm_id, "code": process.code})
        if forget:
            self._programs.pop(vm_id, None)

    def _watch(self) -> None:
        """Measure the VMs, and look for those that have ended by themselves: the cloud's probes take them for off."""
        measured = time.monotonic()
        while not self._closing.wait(_LOOK_EVERY):
            for vm_id, process in self._ended():
                process.end()
                self._observe("vm.end", {"vm": vm_id, "code": process.code})
                if self._reports is not None and not self._closing.is_set():
                    self._reports.vanished(vm_id)
            if time.monotonic() >= measured + MEASURED_EVERY:
                measured = time.monotonic()
                with self._lock:
                    left = list(self._vms.values())
                _measure(left)

    def _ended(self) -> list[tuple[int, Running]]:
        with self._lock:
            gone = [
                vm_id for vm_id, running in self._vms.items() if vm_id not in self._busy and not running.process.running
            ]
            return [(vm_id, self._vms.pop(vm_id).process) for vm_id in gone]


def _measure(machines: Iterable[_Vm]) -> None:
    """Measure all of them by one look: a VM is the kernel session of what it booted, which no part of it leaves."""
    by_leader = {running.process.pid: running for running in machines}
    for leader, pids in sessions_of(by_leader).items():
        running = by_leader[leader]
        cpu, memory = dict[int, float](), 0
        for pid in pids:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                times = process.cpu_times()
                memory += process.memory_info().rss
                cpu[pid] = times.user + times.system
        now = time.monotonic()
        spent = sum(seconds - running.cpu.get(pid, 0.0) for pid, seconds in cpu.items())
        share = 100 * spent / max(now - running.at, 1e-3)
        running.cpu, running.at = cpu, now
        running.seen = Measurement(cpu=round(max(share, 0.0), 2), memory=memory // 1024)
