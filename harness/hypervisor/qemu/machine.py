"""A virtual machine that is a SuperNode, as `Running` has it."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import psutil

from harness.errors import Inconclusive, Unavailable
from harness.hypervisor.process import LocalProgram
from harness.hypervisor.qemu.console import Console
from harness.hypervisor.qemu.qmp import QmpFailed, ask
from harness.hypervisor.running import Socket
from harness.processes import Ending

NIC = "nic0"


class VirtualMachine(Ending):
    """A VM that was started; a `Running`. What happens in it is seen by its console, and by what it talks to.

    Args:
        qemu: Its QEMU.
        monitor: Socket of its QMP.
        console: Follows its console.
        log: What the console said.
    """

    stop_seconds = 180.0
    """Emulated, an orderly shutdown takes up to a minute on an idle machine."""

    def __init__(self, qemu: LocalProgram, *, monitor: Path, console: Console, log: Path) -> None:
        self.name = qemu.name
        self._qemu = qemu
        self._monitor = monitor
        self._console = console
        self.log = log

    @property
    def pid(self) -> int:
        """Process id of its QEMU."""
        return self._qemu.pid

    @property
    def code(self) -> int | None:
        """Exit code of its QEMU: 0 after an orderly shutdown; None while the VM runs, whatever its programs do."""
        return self._qemu.code

    def ended(self) -> str | None:
        """A sentence about its end, with the end of its console; None while it runs."""
        if self.running:
            return None
        return f"the VM {self.name} has ended with code {self.code}: {self._qemu.tail()} {self.tail()}".strip()

    def tree(self) -> list[psutil.Process]:
        """Its QEMU: the guest's processes are none of this machine's."""
        return self._qemu.tree()

    def find(self, pid: int) -> psutil.Process | None:
        """Not to be had.

        Raises:
            Unavailable: Always.
        """
        raise Unavailable(f"process {pid} is in the VM {self.name}, where nothing can be done to a single process")

    def sockets(self) -> list[Socket]:
        """The sockets of its QEMU: each TCP connection of the guest is one of these."""
        return self._qemu.sockets()

    def signal(self, number: signal.Signals, *, tree: bool = False) -> list[int]:
        """SIGKILL is a loss of power, SIGTERM the power button.

        Raises:
            Inconclusive: There is no such thing for another signal, or the button did not reach the VM.
        """
        if number is signal.SIGKILL:
            return self._qemu.signal(number, tree=tree)
        if number is signal.SIGTERM and not tree:
            self._ask("system_powerdown")
            return [self.pid]
        raise Unavailable(f"{number.name} cannot be sent to the VM {self.name}")

    def freeze(self) -> dict[str, object]:
        """Stop its processors (QMP `stop`)."""
        self._ask("stop")
        status = self._status()
        if status != "paused":
            raise Inconclusive(f"the VM {self.name} is {status} after QMP stop")
        return {"status": status}

    def thaw(self) -> None:
        """Let its processors go on (QMP `cont`)."""
        if self.running and self._status() == "paused":
            self._ask("cont")

    def unplug(self) -> dict[str, object]:
        """Take the cable out of its NIC (QMP `set_link`)."""
        self._ask("set_link", name=NIC, up=False)
        return {"link": f"{NIC} down"}

    def plug(self) -> None:
        """Put the cable back."""
        if self.running:
            self._ask("set_link", name=NIC, up=True)

    def end(self) -> None:
        """End the VM at once; harmless when it has ended."""
        self._qemu.end()
        self._console.close()
        with contextlib.suppress(FileNotFoundError):
            self._monitor.unlink()

    def answers(self) -> bool:
        """Whether its QEMU takes orders."""
        try:
            self._status()
        except Inconclusive:
            return False
        return True

    def _status(self) -> str:
        return str(self._ask("query-status")["status"])

    def _ask(self, command: str, **arguments: object) -> dict[str, str]:
        try:
            answer = ask(self._monitor, command, **arguments)
        except QmpFailed as error:
            raise Inconclusive(f"{command} did not reach the VM {self.name}: {error}") from error
        return dict(answer)
