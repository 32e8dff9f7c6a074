"""The embedded cloud: a front end behind real sockets, driven by a thread; a context manager."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from harness.cloud.embedded.clock import Clock, RealClock, SimulatedClock
from harness.cloud.embedded.front_end import FrontEnd
from harness.cloud.embedded.settings import Settings, User
from harness.cloud.embedded.web import Handle, Request, Response, WebServer
from harness.cloud.endpoints import Endpoints
from harness.hypervisor import Hypervisor
from harness.ports import Ports

_PASSWORD_BYTES, _TOKEN_BYTES = 12, 32
_JOIN_SECONDS = 30


class EmbeddedCloud:
    """An OpenNebula in this process, on ports of 127.0.0.1.

    With the machine's clock a thread does what is due; a simulated clock moves only by `advance`. What is asked over
    the sockets, what the hypervisor reports and what is due are done one after the other, under one lock.

    Args:
        hypervisor: Runs the VMs; it is closed with the cloud.
        settings: How the servers are set.
        clock: The machine's, unless another is given.
    """

    def __init__(self, hypervisor: Hypervisor, settings: Settings | None = None, clock: Clock | None = None) -> None:
        self._settings = settings or Settings()
        self._clock = clock or RealClock()
        self._hypervisor = hypervisor
        self._changed = threading.Condition()
        self._closing = False
        self._stack = ExitStack()
        self._front: FrontEnd | None = None
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Where it is."""
        assert self._endpoints is not None, "the cloud is used outside its `with`"
        return self._endpoints

    @contextmanager
    def front_end(self) -> Iterator[FrontEnd]:
        """The front end itself, for a look or a change that no interface offers; held still meanwhile."""
        assert self._front is not None, "the cloud is used outside its `with`"
        with self._changed:
            yield self._front
            self._changed.notify_all()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            ports = stack.enter_context(Ports())
            oned, oneflow, onegate = (ports.take() for _ in range(3))
            administrator = User(0, "oneadmin", secrets.token_hex(_PASSWORD_BYTES), secrets.token_hex(_TOKEN_BYTES))
            base = "http://127.0.0.1"
            self._endpoints = Endpoints(
                f"{base}:{oned}/RPC2",
                f"{base}:{oneflow}",
                f"{base}:{onegate}",
                administrator.name,
                administrator.password,
            )
            front = FrontEnd(self._clock, self._settings, self._hypervisor, [administrator], self._endpoints.onegate)
            self._front = front
            self._hypervisor.attach(_Reports(self), _Timers(self))
            stack.callback(self._hypervisor.close)
            for port, handle, name in (
                (oned, front.rpc.handle, "oned"),
                (oneflow, front.flow.handle, "oneflow"),
                (onegate, front.gate.handle, "onegate"),
            ):
                stack.enter_context(WebServer(port, self._one_at_a_time(handle), name))
            front.start()
            if not isinstance(self._clock, SimulatedClock):
                stack.enter_context(self._driven())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def _one_at_a_time(self, handle: Handle) -> Handle:
        def guarded(request: Request) -> Response:
            with self._changed:
                response = handle(request)
                self._changed.notify_all()
            return response

        return guarded

    @contextmanager
    def _driven(self) -> Iterator[None]:
        thread = threading.Thread(target=self._drive, name="embedded-cloud", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            thread.join(_JOIN_SECONDS)

    def _drive(self) -> None:
        assert self._front is not None
        agenda = self._front.agenda
        with self._changed:
            while not self._closing:
                agenda.run_due()
                due = agenda.next_due()
                # Woken by every request and report; else by the next thing that is due.
                self._changed.wait(None if due is None else max(0.0, due - self._clock.now()))

    def advance(self, seconds: float) -> None:
        """Move a simulated clock, and do what is due on the way."""
        with self.front_end() as front:
            front.advance_to(front.clock.now() + seconds)

    def restart_flow(self) -> None:
        """Restart the OneFlow server."""
        with self.front_end() as front:
            front.restart_flow()


class _Reports:
    """Takes a hypervisor's reports from any thread."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self._cloud = cloud

    def done(self, vm_id: int, *, ok: bool, message: str = "") -> None:
        with self._cloud.front_end() as front:
            front.oned.done(vm_id, ok=ok, message=message)

    def vanished(self, vm_id: int) -> None:
        with self._cloud.front_end() as front:
            front.oned.vanished(vm_id)


class _Timers:
    """The agenda, from any thread."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self._cloud = cloud

    def after(self, seconds: float, name: str, run: Callable[[], None]) -> object:
        with self._cloud.front_end() as front:
            return front.agenda.after(seconds, name, run)
