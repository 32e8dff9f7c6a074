"""The path from one SuperNode to the Fleet API, and what can go wrong on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

import psutil

from harness.chaos.conversation import Answer, Dialogue, Outcome, Witness, http2, probe
from harness.chaos.fault import Fault, Lasting, ended
from harness.chaos.knobs import (
    BANDWIDTH,
    FOREVER_MS,
    FORGET,
    HOLD,
    HOLD_OPEN,
    KEEP_OPEN,
    LATENCY,
    back,
    both,
    knobs,
)
from harness.chaos.observe import Observe, unobserved
from harness.chaos.toxiproxy.client import ProxyState
from harness.chaos.toxiproxy.errors import ToxiproxyError, ToxiproxyHangs, ToxiproxyUnreachable
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.chaos.toxiproxy.toxic import STREAMS, Toxic
from harness.errors import Inconclusive, InputError, WaitTimeout
from harness.hypervisor.process import LOOPBACK
from harness.waiting import let_pass, wait_until

_ANSWER = 10.0
"""Seconds for an answer through a healthy link: a few milliseconds on an idle machine (measured), more on a busy."""

_SILENCE = 0.5
"""Seconds without an answer that count as silence; a hundred times what a healthy link takes."""

_PUNCTUAL = 0.95
"""Share of a delay that must be seen: clocks of two processes are read, and Toxiproxy rounds to milliseconds."""

_BALLAST_SECONDS = 0.3
"""How long the bytes that measure a bandwidth are to take."""

_MOST_BALLAST = 1 << 19

_FORGOTTEN = 0.2
"""Seconds for a `timeout` toxic of 1 ms to close its place on every live connection, which it does not report."""


class Link:
    """One Toxiproxy proxy between a SuperNode and the Fleet API; a context manager that makes and removes it.

    Every fault is done, read back from Toxiproxy, and then *shown to bite*: a witness, a connection of the
    harness's own that was opened before, and a new connection are asked a question that the far end always answers.
    A fault that does not bite is healed and raises `Inconclusive`. So does one that is asked of a link that lets
    nothing through.

    Lasting faults (`cut`, `black_hole`, `latency`, `bandwidth`) return a `Lasting`, to be healed by `heal()` or by
    leaving its `with`; faults of a moment (`drop`, `reset`, `half_open`) return a `Fault`. Different lasting faults
    can overlap.

    Healing never raises because of what is behind the link (the SuperLink may be down by then): whether bytes pass
    again is in the evidence, under `passes` (unless another fault still forbids it). When the control API hangs,
    healing restarts the server, which closes every connection through it; then `restarted` is in the evidence.

    Observed: `link.open`, `link.close`, `toxic.read` (each toxic as read back), `fault.begin`, `fault.end`.

    Args:
        name: What people call it; the proxy's name too.
        server: The scenario's Toxiproxy.
        listen_port: Where the SuperNode connects to, at the server's address.
        upstream_port: Where the Fleet API listens.
        upstream_host: Address on which it listens, as Toxiproxy sees it.
        dialogue: How to ask the far end something: `http2`, or `http2_over_tls`.
        observe: Is told what happens.
        resettable: Whether every close of this link's connections sends an RST, so that `reset` can be had. A
            connection's manner of closing is fixed when it is opened (Toxiproxy sets SO_LINGER then, and only if a
            `reset_peer` is in the chain, whatever its toxicity), so it cannot be chosen later. An ordinary close by
            either end arrives as an RST too, after all data that was sent before.

    Raises:
        PortBusy: Another process listens on `listen_port`.
    """

    def __init__(
        self,
        name: str,
        *,
        server: ToxiproxyServer,
        listen_port: int,
        upstream_port: int,
        upstream_host: str = LOOPBACK,
        dialogue: Dialogue = http2,
        observe: Observe = unobserved,
        resettable: bool = False,
    ) -> None:
        self.name = name
        self.listen_port = listen_port
        self.upstream_port = upstream_port
        self.upstream_host = upstream_host
        self.resettable = resettable
        self._server = server
        self._client = server.client
        self._dialogue = dialogue
        self._observe = observe
        self._active: dict[str, Lasting] = {}

    # -- its life ----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._build()
        self._server.on_restart(self._rebuild)
        self._observe("link.open", {"link": self.name, "listen": self.listen_port, "upstream": self.upstream_port})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.forget(self._rebuild)
        # What hangs or is gone takes its proxies with it.
        with suppress(ToxiproxyHangs, ToxiproxyUnreachable):
            self._client.delete(self.name)
        self._observe("link.close", {"link": self.name})

    def _build(self) -> None:
        # There is no proxy with toxics in one request: while it is disabled, no connection is opened without them.
        self._client.create(
            self.name,
            listen_port=self.listen_port,
            upstream_port=self.upstream_port,
            upstream_host=self.upstream_host,
        )
        for stream in STREAMS:
            for toxic in knobs(stream, resettable=self.resettable):
                self._client.add_toxic(self.name, toxic)
        self._client.enable(self.name)

    def _rebuild(self) -> None:
        """After a restart of the server: the proxy is there again, enabled, and every fault is over."""
        self._build()
        for lasting in self._active.values():
            lasting.fault = ended(lasting.fault, restarted=True)
            self._observe("fault.end", lasting.fault.data())
        self._active.clear()

    # -- looking -----------------------------------------------------------------------------------------------------

    def state(self) -> ProxyState:
        """The proxy, as Toxiproxy shows it."""
        return self._client.proxy(self.name)

    def probe(self, *, timeout: float = _ANSWER) -> Answer:
        """What becomes of a question on a new connection through the link."""
        return probe(self._dialogue, self.listen_port, timeout=timeout, host=self._server.host)

    def passes(self, *, timeout: float = _ANSWER) -> bool:
        """Whether bytes of a new connection get to the far end and its answer comes back, within `timeout` seconds."""
        return self.probe(timeout=timeout).outcome is Outcome.ANSWERED

    def live_connections(self) -> frozenset[int]:
        """The clients' ports of the TCP connections that Toxiproxy holds open on this link, the harness's own too."""
        return frozenset(
            it.peer
            for it in self._server.process.sockets()
            if it.status == psutil.CONN_ESTABLISHED and it.port == self.listen_port and it.peer is not None
        )

    @property
    def active(self) -> tuple[Fault, ...]:
        """The lasting faults that have not been healed."""
        return tuple(lasting.fault for lasting in self._active.values())

    # -- lasting faults ----------------------------------------------------------------------------------------------

    def cut(self) -> Lasting:
        """Close every connection and refuse new ones, as when the SuperLink's host is up and its port is not.

        Live connections get a FIN (an RST if `resettable`); new ones are refused at once (ECONNREFUSED).
        """

        def begin() -> None:
            self._client.disable(self.name)

        def bites(_: Witness) -> dict[str, object]:
            answer = self.probe(timeout=self._silence())
            left = self._no_longer_live()
            return self._bitten(
                "cut", answer.outcome is Outcome.REFUSED and not left, new=answer.outcome, live=len(left)
            )

        return self._begin("cut", {}, begin, bites, self._enable)

    def black_hole(self, *, forgets: bool = False) -> Lasting:
        """Let nothing through in either direction, and stay silent: no FIN, no RST, and none passed on.

        What clients see: a live connection gets no answer and no end; what is sent is taken by Toxiproxy's kernel,
        so that TCP itself reports no error (a real black hole would, after some 15 minutes of retransmissions;
        keep-alive pings of HTTP/2 do notice). If one end closes, the other does not learn of it while the fault
        lasts. A new connection *opens*, because Toxiproxy accepts it, and is silent; a real one would not open.

        Args:
            forgets: What healing does. False: what was sent meanwhile arrives, in order, on both the old
                connections and those opened meanwhile, as TCP's retransmissions would bring it. True: as with a NAT
                whose table was lost: every connection from before the healing stays dark for good, and what was
                sent on it is lost; new ones pass.
        """

        def begin() -> None:
            if forgets:
                self._turn(*both(KEEP_OPEN, delay=FOREVER_MS), *both(FORGET, timeout=0))
            else:
                self._turn(*both(HOLD_OPEN), *both(HOLD))

        def bites(witness: Witness) -> dict[str, object]:
            live, new = self._ask(witness), self.probe(timeout=self._silence())
            silent = live.outcome is Outcome.SILENT and new.outcome is Outcome.SILENT
            return self._bitten("black_hole", silent, live=live.outcome, new=new.outcome)

        def end() -> None:
            if forgets:
                self._forget_live()
            else:
                # `hold` last: a close that `hold_open` has is due after the data that `hold` has, never before.
                self._turn(*back(HOLD_OPEN, HOLD))

        return self._begin("black_hole", {"forgets": forgets}, begin, bites, end)

    def latency(self, milliseconds: int, *, jitter: int = 0) -> Lasting:
        """Delay every chunk in each direction by `milliseconds`, give or take `jitter`; a round trip takes twice that.

        The order of bytes is kept. The first round trip after the healing is fast again, what is on its way is let
        go at once.
        """
        if milliseconds < 1 or not 0 <= jitter <= milliseconds:
            raise InputError(
                f"latency of {milliseconds} ms with a jitter of {jitter} ms: 1 ms at least, the jitter not above"
            )
        least = 2 * (milliseconds - jitter) / 1000
        most = 2 * (milliseconds + jitter) / 1000

        def bites(witness: Witness) -> dict[str, object]:
            answer = witness.ask(timeout=most + _ANSWER)
            slow = answer.outcome is Outcome.ANSWERED and answer.seconds >= least * _PUNCTUAL
            return self._bitten("latency", slow, live=answer.outcome, seconds=round(answer.seconds, 3))

        return self._begin(
            "latency",
            {"milliseconds": milliseconds, "jitter": jitter},
            lambda: self._turn(*both(LATENCY, latency=milliseconds, jitter=jitter)),
            bites,
            lambda: self._turn(*back(LATENCY)),
        )

    def bandwidth(self, kilobytes_per_second: int) -> Lasting:
        """Let no more than that through in each direction of each connection (1 kB is 1000 bytes)."""
        rate = kilobytes_per_second
        if rate < 1:
            raise InputError(f"bandwidth of {rate} kB/s: 1 kB/s at least; use a black hole for nothing at all")
        ballast = min(int(rate * 1000 * _BALLAST_SECONDS), _MOST_BALLAST)
        least = ballast / (rate * 1000)

        def bites(witness: Witness) -> dict[str, object]:
            answer = witness.ask(timeout=least + _ANSWER, ballast=ballast)
            slow = answer.outcome is Outcome.ANSWERED and answer.seconds >= least * _PUNCTUAL
            return self._bitten(
                "bandwidth", slow, live=answer.outcome, seconds=round(answer.seconds, 3), sent_bytes=ballast
            )

        return self._begin(
            "bandwidth",
            {"kilobytes_per_second": rate},
            lambda: self._turn(*both(BANDWIDTH, rate=rate)),
            bites,
            lambda: self._turn(*back(BANDWIDTH)),
        )

    def heal(self) -> tuple[Fault, ...]:
        """Heal every lasting fault, the last one first; returns them, with their ends. Harmless when there is none."""
        return tuple(lasting.heal() for lasting in reversed(tuple(self._active.values())))

    # -- faults of a moment ------------------------------------------------------------------------------------------

    def drop(self) -> Fault:
        """Close every connection once, by a FIN (an RST if `resettable`); new ones pass after a few milliseconds."""
        return self._close_once("drop", (Outcome.RESET,) if self.resettable else (Outcome.CLOSED, Outcome.RESET))

    def reset(self) -> Fault:
        """Tear every connection once by an RST, on both its ends; new ones pass after a few milliseconds.

        Not done by adding a `reset_peer` toxic: on a live connection that one waits for the next chunk and then
        sends a FIN (measured); Toxiproxy sends RSTs only on connections that were opened when one was there.

        Raises:
            InputError: The link was not made `resettable`.
        """
        if not self.resettable:
            raise InputError(
                f"link {self.name} cannot reset its connections: make it with resettable=True, or use drop()"
            )
        return self._close_once("reset", (Outcome.RESET,))

    def half_open(self) -> Fault:
        """Make every live connection dead and silent for good, while new ones pass, as a NAT that lost its table does.

        Neither end is told: what it sends is taken and goes nowhere, and an end that closes its connection leaves
        the other one waiting. A connection that is opened in the few milliseconds that this takes is dead as well.

        Toxics act on all connections of a proxy, and there is no choosing among them; what makes it possible is the
        moment at which they look at their attributes. `keep_open` (a `slow_close`) looks when a close reaches it.
        So its delay is made endless, `forget` closes its place in the chain of every live connection, and
        `keep_open` then holds that close back for good; after that its delay is put back for connections to come,
        by the one kind of update that live ones do not notice. That this works is not trusted but seen, each time.

        Raises:
            InputError: The link has a black hole, which leaves no live connection to tell from.
        """
        if "black_hole" in self._active:
            raise InputError(f"link {self.name} is a black hole already: half_open() needs connections that live")
        with self._witness() as witness, self._moment("half_open") as moment:
            try:
                self._turn(*both(KEEP_OPEN, delay=FOREVER_MS))
                self._forget_live()
            except ToxiproxyError:
                self._turn(*back(FORGET, KEEP_OPEN))
                raise
            live, new = self._ask(witness), self.probe()
            bitten = live.outcome is Outcome.SILENT and new.outcome is Outcome.ANSWERED
            moment.fault = ended(moment.fault, **self._bitten("half_open", bitten, live=live.outcome, new=new.outcome))
        return moment.fault

    # -- how ---------------------------------------------------------------------------------------------------------

    def _close_once(self, kind: str, expected: Iterable[Outcome]) -> Fault:
        if "cut" in self._active:
            raise InputError(f"link {self.name} is cut: {kind}() has no connection to end")
        with self._witness() as witness, self._moment(kind) as moment:
            before = self.live_connections()
            self._client.disable(self.name)
            self._enable()
            live, left = witness.end(timeout=_ANSWER), before & self.live_connections()
            new = self.probe()
            bitten = live.outcome in expected and new.outcome is Outcome.ANSWERED and not left
            evidence = self._bitten(
                kind, bitten, live=live.outcome, new=new.outcome, connections=len(before), left=len(left)
            )
            moment.fault = ended(moment.fault, **evidence)
        return moment.fault

    def _begin(
        self,
        kind: str,
        parameters: dict[str, object],
        begin: Callable[[], object],
        bites: Callable[[Witness], dict[str, object]],
        undo: Callable[[], object],
    ) -> Lasting:
        if kind in self._active:
            raise InputError(f"link {self.name} has a {kind} already; heal that one first")
        with self._witness() as witness:
            fault = self._started(kind, parameters)
            lasting = Lasting(fault, lambda fault: self._undo(fault, undo))
            self._active[kind] = lasting
            try:
                begin()
                lasting.fault = replace(fault, evidence=bites(witness))
            except BaseException as error:
                lasting.fault = replace(fault, evidence={"failed": str(error)})
                lasting.heal()
                raise
        self._observe("fault.bites", lasting.fault.data())
        return lasting

    def _undo(self, fault: Fault, undo: Callable[[], object]) -> Fault:
        lasting = self._active[fault.kind]
        try:
            undo()
        except (ToxiproxyHangs, ToxiproxyUnreachable) as error:
            self._server.restart(str(error))
            return lasting.fault
        self._active.pop(fault.kind, None)
        over = ended(fault)
        if not {"cut", "black_hole"} & self._active.keys():
            over = replace(over, evidence={**over.evidence, "passes": self.passes()})
        self._observe("fault.end", over.data())
        return over

    def _witness(self) -> Witness:
        witness = Witness(self._dialogue, self.listen_port, timeout=_ANSWER, host=self._server.host)
        if witness.opening.outcome is not Outcome.ANSWERED:
            witness.close()
            raise Inconclusive(
                f"link {self.name} let nothing through before the fault, which would show nothing: "
                f"a question on a new connection was {witness.opening.outcome}"
            )
        return witness

    def _started(self, kind: str, parameters: dict[str, object]) -> Fault:
        fault = Fault(kind, self.name, time.monotonic(), parameters=parameters)
        self._observe("fault.begin", fault.data())
        return fault

    @contextmanager
    def _moment(self, kind: str) -> Iterator[Lasting]:
        """A fault that is over when the block is left, with the fault that the block put in its place."""
        moment = Lasting(self._started(kind, {}), lambda fault: fault)
        try:
            yield moment
        except BaseException as error:
            moment.fault = ended(moment.fault, failed=str(error))
            raise
        finally:
            self._observe("fault.end", moment.fault.data())

    def _silence(self) -> float:
        """Seconds without an answer that count as silence, next to the latency that was asked for."""
        latency = self._active.get("latency")
        return _SILENCE if latency is None else _SILENCE + 2 * _longest(latency.fault)

    def _ask(self, witness: Witness) -> Answer:
        return witness.ask(timeout=self._silence())

    def _bitten(self, kind: str, bitten: bool, **evidence: object) -> dict[str, object]:  # noqa: FBT001 - a fact
        if not bitten:
            seen = ", ".join(f"{key} {value}" for key, value in evidence.items())
            raise Inconclusive(f"the {kind} of link {self.name} did not bite: {seen}")
        return evidence

    def _no_longer_live(self) -> frozenset[int]:
        try:
            return wait_until(
                self.live_connections,
                lambda live: not live,
                what=f"the connections of {self.name} to close",
                timeout=_ANSWER,
                poll=0.02,
            )
        except WaitTimeout:
            return self.live_connections()

    def _enable(self) -> None:
        self._client.enable(self.name)

    def _turn(self, *toxics: Toxic) -> None:
        for toxic in toxics:
            self._read(self._client.update_toxic(self.name, toxic))

    def _forget_live(self) -> None:
        """Close every live connection's place of `forget`; `keep_open`, endless already, keeps that from both ends."""
        self._turn(*both(FORGET, timeout=1))
        let_pass(_FORGOTTEN, f"every connection of {self.name} to be forgotten")
        self._turn(*back(FORGET))
        for toxic in back(KEEP_OPEN):
            self._read(self._client.update_for_new_connections(self.name, toxic))

    def _read(self, toxic: Toxic) -> None:
        self._observe("toxic.read", {"link": self.name, "toxic": toxic.data()})


def _longest(latency: Fault) -> float:
    """Seconds that a chunk is delayed at most."""
    milliseconds, jitter = latency.parameters["milliseconds"], latency.parameters["jitter"]
    assert isinstance(milliseconds, int)
    assert isinstance(jitter, int)
    return (milliseconds + jitter) / 1000
