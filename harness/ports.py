"""Ports below the ephemeral range, held for as long as they are in use.

The kernel hands out ports of 32768 and above to outgoing connections (`ip_local_port_range`): a server of ours there
would sometimes find its port taken by a client. Workers and other runs on the machine see the lock of a port that is
held; a lock dies with its process.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.errors import SetupFailed
from harness.sessions import state_root

FIRST, LAST = 20000, 32000
_TRIES = 400


class Ports:
    """Takes free ports of 127.0.0.1 and holds them until it is closed; a context manager."""

    def __init__(self, root: Path | None = None) -> None:
        self._folder = (root or state_root()) / "ports"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._held: dict[int, int] = {}

    def take(self) -> int:
        """A port on which nothing listens and that no other run of the harness holds.

        Raises:
            SetupFailed: None was free after many tries.
        """
        for _ in range(_TRIES):
            port = random.randint(FIRST, LAST)  # noqa: S311 - spreads runs apart, hides nothing
            lock = os.open(self._folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            if port not in self._held and _free(port):
                self._held[port] = lock
                return port
            os.close(lock)
        raise SetupFailed(f"no free port between {FIRST} and {LAST} on 127.0.0.1 after {_TRIES} tries")

    def close(self) -> None:
        """Give all of them back."""
        for lock in self._held.values():
            os.close(lock)
        self._held.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
