"""What a program that was started looks like, wherever it runs: a process here, a container, a virtual machine."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Protocol

import psutil


@dataclass(frozen=True)
class Socket:
    """A TCP socket of a program.

    Attributes:
        status: As psutil calls it, e.g. `ESTABLISHED`.
        port: Its own port.
        peer: The other end's port; None when there is none.
    """

    status: str
    port: int
    peer: int | None


class Running(Protocol):
    """A program that was started: what can be seen of it, and what can be done to it.

    What a place where programs run has no means for raises `Unavailable` with the reason: the scenario that asks for
    it is *unknown* there.
    """

    @property
    def name(self) -> str:
        """What people call it, e.g. `supernode-1`."""
        ...

    @property
    def pid(self) -> int:
        """Id, on this machine, of its main process; of a virtual machine, of its QEMU."""
        ...

    @property
    def code(self) -> int | None:
        """Exit code of its main process, negative for a signal; None while it runs."""
        ...

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        ...

    @property
    def stop_seconds(self) -> float:
        """Seconds that an orderly end (SIGTERM) may take."""
        ...

    def ended(self) -> str | None:
        """A sentence about its end, with the end of its log; None while it runs. Made for `wait_until(abort=…)`."""
        ...

    def tail(self, characters: int = 400) -> str:
        """The end of its log."""
        ...

    def wait(self, timeout: float) -> int:
        """Wait for its end and return its exit code.

        Raises:
            WaitTimeout: It still runs after `timeout` seconds.
        """
        ...

    def tree(self) -> list[psutil.Process]:
        """Its main process and all others that belong to it, as this machine sees them."""
        ...

    def find(self, pid: int) -> psutil.Process | None:
        """The one of its processes that calls itself `pid`, which it does otherwise in a container; None for none."""
        ...

    def sockets(self) -> list[Socket]:
        """The TCP sockets of its main process."""
        ...

    def signal(self, number: signal.Signals, *, tree: bool = False) -> list[int]:
        """Send a signal to its main process, or to all of them; returns the process ids that got it.

        SIGKILL to all is what a loss of power is; SIGTERM to the main process is what an orderly shutdown sends.
        """
        ...

    def freeze(self) -> dict[str, object]:
        """Let none of its processes run, until `thaw`; returns what shows it.

        Raises:
            Inconclusive: It did not take effect.
        """
        ...

    def thaw(self) -> None:
        """Let them run again; harmless when they do."""
        ...

    def unplug(self) -> dict[str, object]:
        """Take its network away, until `plug`; returns what shows it.

        Raises:
            Inconclusive: It did not take effect, or it has no network of its own.
        """
        ...

    def plug(self) -> None:
        """Give it its network back; harmless when it has it."""
        ...

    def end(self) -> None:
        """End all of it; harmless when it has ended."""
        ...
