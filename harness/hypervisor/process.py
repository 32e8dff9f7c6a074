"""The site `process`: every program is a process of this machine, and all listen on its loopback."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import psutil

from harness.errors import HarnessError, Inconclusive, Unavailable, WaitTimeout
from harness.hypervisor.running import Running, Socket
from harness.hypervisor.site import Program
from harness.processes import Process, end_all
from harness.waiting import wait_until

__all__ = ["LOOPBACK", "Launch", "LocalProgram", "ProcessSite", "Program", "launch"]

LOOPBACK = "127.0.0.1"

_EFFECT = 5.0
"""Seconds for a signal that no process can refuse."""

_GONE = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD, "gone")


class LocalProgram(Process):
    """A program as a process of this machine; a `Running`."""

    stop_seconds = 30.0
    """A SuperNode outlives SIGTERM by seconds (measured)."""

    def find(self, pid: int) -> psutil.Process | None:
        """The one of its processes with that id."""
        return next((process for process in self.tree() if process.pid == pid), None)

    def sockets(self) -> list[Socket]:
        """The TCP sockets of its main process.

        Raises:
            HarnessError: They cannot be seen.
        """
        try:
            connections = psutil.Process(self.pid).net_connections(kind="tcp")
        except psutil.Error as error:
            raise HarnessError(f"the sockets of {self.name} cannot be seen: {error}") from error
        # An end that is not there is an empty tuple.
        return [Socket(it.status, it.laddr[1], it.raddr[1] if len(it.raddr) else None) for it in connections]

    def freeze(self) -> dict[str, object]:
        """SIGSTOP to the whole tree: nothing runs, every connection stays open and silent."""
        self._until_all(signal.SIGSTOP, stopped=True)
        return {"stopped": sorted(process.pid for process in self.tree())}

    def thaw(self) -> None:
        """SIGCONT to the whole tree."""
        if self.running:
            self._until_all(signal.SIGCONT, stopped=False)

    def unplug(self) -> dict[str, object]:
        """It has no network of its own that could be taken away.

        Raises:
            Unavailable: Always.
        """
        raise Unavailable(f"{self.name} is a process of this machine and shares its network: use docker or qemu")

    def plug(self) -> None:
        """Nothing to do: it was never without."""

    def _until_all(self, number: signal.Signals, *, stopped: bool) -> None:
        """Signal the tree until every process in it is stopped (or none is): it may fork between look and signal."""

        def others() -> dict[int, str]:
            states = {p.pid: status(p) for p in self.tree()}
            return {
                pid: s for pid, s in states.items() if s not in _GONE and (s == psutil.STATUS_STOPPED) is not stopped
            }

        def signalled() -> dict[int, str]:
            if others():
                self.signal(number, tree=True)
            return others()

        try:
            wait_until(
                signalled,
                lambda left: not left,
                what=f"{number.name} to reach every process of {self.name}",
                timeout=_EFFECT,
                poll=0.02,
            )
        except WaitTimeout as error:
            raise Inconclusive(f"{number.name} did not take effect on {self.name}: {error.last_seen}") from error


def status(process: psutil.Process) -> str:
    """What a process does, as psutil calls it; `gone` when it is not there any more."""
    try:
        # A process id that was given to another process is not this one any more.
        return str(process.status()) if process.is_running() else "gone"
    except psutil.NoSuchProcess:
        return "gone"


Launch = Callable[[Program], LocalProgram]
"""Starts a program and returns what runs."""


def launch(program: Program) -> LocalProgram:
    """Start it as a process of this machine."""
    return LocalProgram(program.name, program.argv, log=program.log, env=program.environment, grace=program.grace)


class ProcessSite:
    """This machine; a `Site`."""

    name = "process"
    start_timeout = 90.0
    """On an idle machine 1 to 3 s (measured)."""

    def address(self, name: str, *, seen_by: str | None = None) -> str:
        """Loopback, for all."""
        del name, seen_by
        return LOOPBACK

    def facts(self) -> dict[str, Any]:
        """Nothing: the header of a history says which Flower runs."""
        return {}

    def launch(self, program: Program) -> Running:
        """Start it as a process of this machine."""
        return launch(program)

    def end(self, running: Iterable[Running]) -> None:
        """End programs and their trees together."""
        end_all(program for program in running if isinstance(program, Process))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is left: a federation ends its own."""
