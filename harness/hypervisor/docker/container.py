"""A program in a container, as `Running` has it.

What runs in a container of this machine's engine are processes of this machine: they are looked at as such, which is
quicker than asking the engine and shows more. What is done to them, the engine does.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from requests.exceptions import RequestException

from harness.errors import HarnessError, Inconclusive, Unavailable
from harness.hypervisor.docker.engine import asking
from harness.hypervisor.running import Socket
from harness.processes import Ending
from harness.waiting import wait_until

_EFFECT = 10.0
"""Seconds for what no process can refuse."""

_SIGNALLED = 128
"""Exit codes above it are of signals, by the shells' custom, which Docker follows."""

_CONFLICT = 409
"""The engine's answer to a signal for a container that has ended."""

_PID_LIMIT = 1 << 22
"""Linux has no larger process id (`/proc/sys/kernel/pid_max`)."""

_STATUS = {
    "01": psutil.CONN_ESTABLISHED,
    "02": psutil.CONN_SYN_SENT,
    "03": psutil.CONN_SYN_RECV,
    "04": psutil.CONN_FIN_WAIT1,
    "05": psutil.CONN_FIN_WAIT2,
    "06": psutil.CONN_TIME_WAIT,
    "07": psutil.CONN_CLOSE,
    "08": psutil.CONN_CLOSE_WAIT,
    "09": psutil.CONN_LAST_ACK,
    "0A": psutil.CONN_LISTEN,
    "0B": psutil.CONN_CLOSING,
}
"""States in /proc/net/tcp (Linux, include/net/tcp_states.h)."""


class ContainerProgram(Ending):
    """A program in a container that was started; a `Running`.

    Args:
        name: What people call it.
        container: Started.
        log: Its log.
        network: The scenario's network.
        address: Its address there.
        grace: Seconds between SIGTERM and SIGKILL when it is ended.
    """

    stop_seconds = 30.0
    """A SuperNode outlives SIGTERM by seconds (measured)."""

    def __init__(
        self, name: str, container: Container, *, log: Path, network: Network, address: str, grace: float = 0.0
    ) -> None:
        self.name = name
        self.log = log
        self._container = container
        self._network = network
        self._address = address
        self._grace = grace
        self._code: int | None = None
        self._main: psutil.Process | None = None
        pid = int(self._state().get("Pid") or 0)
        with contextlib.suppress(psutil.Error):
            self._main = psutil.Process(pid) if pid else None
        # One that ended at once has no process any more; the number stands for it, and no process ever has it.
        self._pid = pid or _PID_LIMIT + int(str(container.id)[:7], 16)

    @property
    def container(self) -> Container:
        """The container."""
        return self._container

    @property
    def pid(self) -> int:
        """Process id of its main process on this machine."""
        return self._pid

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        if self._code is None and not self._lives():
            state = self._state()
            if not state.get("Running"):
                code = int(state.get("ExitCode", 0))
                self._code = _SIGNALLED - code if _is_signal(code) else code
        return self._code

    def tree(self) -> list[psutil.Process]:
        """Its processes: orphans belong to its main process, which is the first of the container."""
        if self._main is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [self._main, *self._main.children(recursive=True)] if self._main.is_running() else []
        return []

    def find(self, pid: int) -> psutil.Process | None:
        """The one of its processes that has that id in the container."""
        return next((process for process in self.tree() if _own_pid(process.pid) == pid), None)

    def sockets(self) -> list[Socket]:
        """The TCP sockets of the container; it has a network of its own, and so they are its program's.

        Raises:
            HarnessError: They cannot be seen.
        """
        try:
            return [it for name in ("tcp", "tcp6") for it in _read_sockets(Path(f"/proc/{self.pid}/net/{name}"))]
        except OSError as error:
            raise HarnessError(f"the sockets of {self.name} cannot be seen: {error}") from error

    def signal(self, number: signal.Signals, *, tree: bool = False) -> list[int]:
        """Have the engine signal its main process; SIGKILL to that is SIGKILL to all of the container.

        Raises:
            Inconclusive: The engine has no way to send another signal to all of them.
        """
        if tree and number is not signal.SIGKILL:
            raise Unavailable(f"the Docker engine sends {number.name} to the first process of {self.name} only")
        reached = [process.pid for process in self.tree()] if tree else [self.pid]
        try:
            with asking(f"signal {self.name}"):
                self._container.kill(signal=number.name)
        except HarnessError:
            if self.running:
                raise
            return []
        return reached

    def freeze(self) -> dict[str, object]:
        """Pause the container (cgroup freezer): nothing of it runs, its connections stay open and silent."""
        with asking(f"pause {self.name}"):
            self._container.pause()
        if not self._state().get("Paused"):
            raise Inconclusive(f"the Docker engine does not show {self.name} as paused")
        return {"paused": self._container.name}

    def thaw(self) -> None:
        """Let it go on."""
        if self.running and self._state().get("Paused"):
            with asking(f"let {self.name} go on"):
                self._container.unpause()

    def unplug(self) -> dict[str, object]:
        """Take the network away: the container has no interface any more but its loopback."""
        with asking(f"disconnect {self.name}"):
            self._network.disconnect(self._container)
        if self._network.name in self._networks():
            raise Inconclusive(f"the Docker engine still shows {self.name} in its network")
        return {"networks": self._networks()}

    def plug(self) -> None:
        """Give the network back, with the address that it had."""
        if self.running and self._network.name not in self._networks():
            with asking(f"connect {self.name}"):
                self._network.connect(self._container, ipv4_address=self._address)

    def end(self) -> None:
        """End and remove it; harmless when that is done."""
        if self._code is None:
            with contextlib.suppress(NotFound), asking(f"end {self.name}"):
                try:
                    if self._grace > 0:
                        self._container.stop(timeout=int(self._grace) or 1)
                    else:
                        self._container.kill()
                except APIError as error:
                    if error.status_code != _CONFLICT:
                        raise
                wait_until(lambda: self.code is not None, what=f"the end of {self.name}", timeout=_EFFECT)
        self.remove()

    def remove(self) -> None:
        """Remove the container; harmless when it is gone."""
        with contextlib.suppress(NotFound, RequestException):
            self._container.remove(force=True, v=True)

    def _lives(self) -> bool:
        if self._main is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            return self._main.is_running() and self._main.status() != psutil.STATUS_ZOMBIE
        return False

    def _state(self) -> dict[str, Any]:
        try:
            with asking(f"say how {self.name} is"):
                self._container.reload()
        except HarnessError as error:
            if isinstance(error.__cause__, NotFound):
                return {"Running": False, "ExitCode": _SIGNALLED + signal.SIGKILL}
            raise
        state = self._container.attrs["State"]
        assert isinstance(state, dict)
        return state

    def _networks(self) -> list[str]:
        self._state()
        return sorted(self._container.attrs["NetworkSettings"]["Networks"])


def _is_signal(code: int) -> bool:
    return code - _SIGNALLED in {int(number) for number in signal.Signals}


def _own_pid(pid: int) -> int | None:
    """What a process of this machine calls itself in its own namespace."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def _read_sockets(table: Path) -> Iterator[Socket]:
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        _, own, peer, state, *_ = line.split()
        port = int(peer.rpartition(":")[2], 16)
        yield Socket(_STATUS.get(state, psutil.CONN_NONE), int(own.rpartition(":")[2], 16), port or None)
