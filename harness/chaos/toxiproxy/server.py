"""The life of a Toxiproxy server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from harness.chaos.observe import Observe, unobserved
from harness.chaos.toxiproxy.client import TIMEOUT, ToxiproxyClient
from harness.chaos.toxiproxy.errors import ToxiproxyHangs, ToxiproxyUnreachable
from harness.errors import HarnessError
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.running import Running
from harness.hypervisor.site import TOXIPROXY, Program, Site
from harness.waiting import wait_until

_START = 20.0
"""Seconds until it has to answer; on an idle machine it takes some 20 ms (measured)."""


class ToxiproxyServer:
    """One Toxiproxy server; a context manager that starts and ends it. A scenario has one of its own.

    Args:
        executable: From `locate`.
        port: Of its control API.
        log: File for its output.
        observe: Is told of `toxiproxy.start` and `toxiproxy.restart`.
        timeout: Seconds for each request to its control API.
        site: Where it runs; this machine when left out.

    Attributes:
        host: Address on which it and its proxies listen.
        port: Of its control API.
        client: The adapter to its control API.
    """

    def __init__(
        self,
        executable: Path,
        *,
        port: int,
        log: Path,
        observe: Observe = unobserved,
        timeout: float = TIMEOUT,
        site: Site | None = None,
    ) -> None:
        self._site = site or ProcessSite()
        self.host = self._site.address(TOXIPROXY)
        self.port = port
        self.client = ToxiproxyClient(port, timeout=timeout, host=self.host)
        self._executable = executable
        self._log = log
        self._observe = observe
        self._process: Running | None = None
        self._tenants: list[Callable[[], None]] = []

    @property
    def process(self) -> Running:
        """The running server.

        Raises:
            HarnessError: It was not started.
        """
        if self._process is None:
            raise HarnessError(f"the Toxiproxy server on port {self.port} was not started, or has been ended")
        return self._process

    def on_restart(self, build: Callable[[], None]) -> None:
        """Have `build` called after each restart: a new server knows no proxies."""
        self._tenants.append(build)

    def forget(self, build: Callable[[], None]) -> None:
        """Take back `on_restart`."""
        self._tenants.remove(build)

    def restart(self, why: str) -> None:
        """The last resort when the control API hangs: SIGKILL, start again, and build the proxies again.

        Every connection through it is closed. Removing a toxic while one end does not read hangs the control API for
        ever (measured: 503 after 25 s, each time).
        """
        self._observe("toxiproxy.restart", {"port": self.port, "why": why})
        self._end()
        self._start()
        for build in tuple(self._tenants):
            build()

    def _start(self) -> None:
        process = self._site.launch(
            Program(
                TOXIPROXY,
                (str(self._executable), "-host", self.host, "-port", str(self.port)),
                self._log,
                {"LOG_LEVEL": "info"},
                shared=(self._executable,),
            )
        )
        self._process = process
        version = wait_until(
            lambda: self._version() if self._listens(process) else None,
            lambda version: version is not None,
            what=f"Toxiproxy to answer on port {self.port}",
            timeout=_START,
            poll=0.02,
            abort=lambda: process.ended() or self._cannot_listen(process),
        )
        self._observe("toxiproxy.start", {"port": self.port, "pid": process.pid, "version": version})

    def _version(self) -> str | None:
        with contextlib.suppress(ToxiproxyUnreachable, ToxiproxyHangs):
            return self.client.version()
        return None

    def _listens(self, process: Running) -> bool:
        # Another run's server on the same port would answer just as well.
        with contextlib.suppress(HarnessError):
            return any(it.status == psutil.CONN_LISTEN and it.port == self.port for it in process.sockets())
        return False

    def _cannot_listen(self, process: Running) -> str | None:
        # Without its port it stays alive and only logs that (measured).
        tail = process.tail()
        return f"its port is taken: {tail}" if "Server finished with error" in tail else None

    def _end(self) -> None:
        if self._process is not None:
            # SIGKILL at once: there is nothing to save, and a server that hangs ignores SIGTERM for 30 s.
            self._process.end()
            self._process = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()
