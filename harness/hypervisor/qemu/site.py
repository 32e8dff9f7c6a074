"""The site `qemu`: node 1 is a virtual machine of the edge image, the rest of a federation runs as processes.

Node 1 because it is the one that scenarios do things to; one because an emulated machine takes two cores for two
minutes to boot, and several at once would be judged by how slow they are.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import HarnessError, Unavailable
from harness.hypervisor.process import LOOPBACK, ProcessSite, launch
from harness.hypervisor.qemu.boot import Boot
from harness.hypervisor.qemu.console import Console
from harness.hypervisor.qemu.context import write_cdrom
from harness.hypervisor.qemu.machine import NIC, VirtualMachine
from harness.hypervisor.running import Running
from harness.hypervisor.site import Program, supernode
from harness.processes import run
from harness.waiting import wait_until

MACHINES = frozenset({supernode(1)})
"""Programs that are VMs."""

MEMORY, CORES = 2048, 2
"""MiB and vCPUs of a VM: the specification's (Pattern 1, resource table)."""

HOST = "10.0.2.2"
"""This machine's loopback, as QEMU's user network shows it to a guest (QEMU documentation, "Using the user mode network
stack")."""

_PATIENCE = " systemd.show_status=no systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900"
"""On the kernel's command line of an emulated VM, whose services take longer than the 90 s that systemd gives them when
this machine is busy: systemd-networkd was ended and started again for ever (measured at a load of 40)."""

_QEMU_PATIENCE = 60.0
"""Seconds until QEMU answers: one on an idle machine (measured)."""

_TOKEN = "ONEGATE_TOKEN"  # noqa: S105 - its name

_GUEST, _MASK, _MAC = "10.0.2.15", "255.255.255.0", "52:54:00:f1:00:01"


class QemuSite:
    """Processes of this machine, and virtual machines that reach them at 10.0.2.2; a context manager.

    Args:
        boot: From `prepare`.
    """

    name = "qemu"
    start_timeout = 900.0
    """Seconds. An emulated VM boots and registers its SuperNode in 125 s on two idle cores (measured), and in several
    times that when other scenarios run beside it."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._processes = ProcessSite()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        # A socket's path may have 107 characters at most: not below a folder with a long name.
        self._sockets = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="qmp-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def address(self, name: str, *, seen_by: str | None = None) -> str:
        """Loopback; from a VM the address that stands for it."""
        del name
        return HOST if seen_by in MACHINES else LOOPBACK

    def facts(self) -> dict[str, Any]:
        """The image and how it is run."""
        return {
            "machines": sorted(MACHINES),
            "image": self._boot.image,
            "acceleration": " ".join(self._boot.acceleration),
            "memory": MEMORY,
            "cores": CORES,
            "internet": False,
        }

    def launch(self, program: Program) -> Running:
        """Start a program: a VM when it is one of those.

        Raises:
            Unavailable: The appliance has no way to run what is asked for, or its end would not be seen.
        """
        if program.name in MACHINES:
            return self._start(program)
        # The ClientApps of the other nodes wait for that of the VM.
        environment = {**program.environment, "HARNESS_COHORT_SECONDS": "600"}
        return self._processes.launch(replace(program, environment=environment))

    def end(self, running: Iterable[Running]) -> None:
        """End VMs, and processes together."""
        programs = list(running)
        machines = [program for program in programs if isinstance(program, VirtualMachine)]
        for machine in machines:
            machine.end()
        self._processes.end(program for program in programs if program not in machines)

    def _start(self, program: Program) -> VirtualMachine:
        context = program.context
        if context is None:
            raise Unavailable(f"{program.name} is a VM here, and the appliance has no way to run it as asked")
        if limits := _limits(context):
            raise Unavailable(
                f"{program.name} is a VM here, and with {', '.join(limits)} its SuperNode may end, which nobody "
                "outside the VM sees"
            )
        if not program.shared:
            raise HarnessError(f"{program.name} has no folder of its own for its disk")
        folder = program.shared[0] / "machines" / program.name
        folder.mkdir(parents=True, exist_ok=True)
        disk, cdrom = folder / "disk.qcow2", folder / "context.iso"
        if not disk.exists():
            # Kept when the VM is started again: a machine that lost its power boots from what it had.
            backing = ["-b", self._boot.image, "-F", "qcow2"]
            run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, disk], timeout=60)
        # OpenNebula puts a VM's token into a file of its own.
        variables = {name: value for name, value in context.items() if name != _TOKEN}
        write_cdrom(cdrom, _network() | variables, context.get(_TOKEN))
        monitor = self._sockets / f"{program.name}-{secrets.token_hex(3)}"
        serial = program.log.with_suffix(f".{monitor.name[-6:]}.console")
        console = Console(serial, log=program.log, events=program.events, name=program.name)
        qemu = launch(
            Program(program.name, self._argv(disk, cdrom, monitor, serial), program.log.with_suffix(".qemu.log"))
        )
        console.start()
        machine = VirtualMachine(qemu, monitor=monitor, console=console, log=program.log)
        try:
            # A fault may be the next thing that is done to it.
            wait_until(machine.answers, what=f"QEMU of {program.name}", timeout=_QEMU_PATIENCE, abort=machine.ended)
        except HarnessError:
            machine.end()
            raise
        return machine

    def _argv(self, disk: Path, cdrom: Path, monitor: Path, serial: Path) -> tuple[str, ...]:
        boot = self._boot
        argv = [
            *(boot.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc"),
            *boot.acceleration,
            *("-m", str(MEMORY), "-smp", str(CORES)),
            *("-drive", f"file={_escaped(disk)},format=qcow2,if=virtio,discard=unmap"),
            *("-drive", f"file={_escaped(cdrom)},format=raw,media=cdrom,readonly=on"),
            *("-netdev", "user,id=net0,ipv6=off", "-device", f"virtio-net-pci,netdev=net0,id={NIC},mac={_MAC}"),
            *("-device", "virtio-rng-pci"),
            *("-serial", f"file:{serial}", "-qmp", f"unix:{monitor},server=on,wait=off"),
        ]
        if boot.kernel is not None and boot.initrd is not None:
            argv += ["-kernel", boot.kernel, "-initrd", boot.initrd]
            patience = _PATIENCE if boot.emulated else ""
            argv += ["-append", f"root={boot.root} ro console=ttyS0{patience}"]
        return tuple(argv)


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")


def _limits(context: Mapping[str, str]) -> list[str]:
    """The variables by which a SuperNode gives up; 0 is none unless it is handed on as it is."""
    as_is = context.get("FL_RETRY_MEANING") == "as-specified"
    given = {name: context.get(name) for name in ("FL_MAX_RETRIES", "FL_MAX_WAIT_TIME")}
    return sorted(name for name, value in given.items() if value and (as_is or value != "0"))


def _network() -> dict[str, str]:
    """A NIC in QEMU's user network, as OpenNebula describes one.

    Without a gateway, a name server and IPv6: the VM reaches this machine's loopback and nothing else, as at an edge
    without internet.
    """
    return {
        "NETWORK": "YES",
        "ETH0_MAC": _MAC,
        "ETH0_IP": _GUEST,
        "ETH0_MASK": _MASK,
        "SET_HOSTNAME": "edge",
    }
