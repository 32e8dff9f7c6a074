"""Conversations with what is behind a link: whether bytes go there and come back.

A connection to a Toxiproxy proxy succeeds whatever is behind it, so that only an answer from the far end tells
anything. The Fleet API speaks HTTP/2, which has a question that every server must answer, before any request and
without credentials: a SETTINGS frame, with its acknowledgement (RFC 9113, section 6.5).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from harness.hypervisor.process import LOOPBACK

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_HEADER = 9
_SETTINGS = 0x4
_ACK = 0x1
_UNKNOWN = 0xFA
"""A frame type that nobody defined, which a receiver must ignore (RFC 9113, section 5.5): ballast."""
_LARGEST_FRAME = 16384


class Outcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """No connection: nobody listens."""
    RESET = "reset"
    """The connection was torn by an RST."""
    CLOSED = "closed"
    """The connection was closed by a FIN."""
    SILENT = "silent"
    """Neither an answer nor an end within the time."""


@dataclass(frozen=True)
class Answer:
    """What became of a question, and when.

    Attributes:
        outcome: What was seen.
        seconds: From the question (the connection included, if it was opened for it) to what was seen.
    """

    outcome: Outcome
    seconds: float


class Conversation(Protocol):
    """An open connection on which questions can be asked again and again; closed by `close`."""

    def ask(self, ballast: int) -> None:
        """Send a question that the far end answers, and with it `ballast` bytes that it throws away.

        Raises:
            OSError: The connection is gone, or took no bytes within its time limit.
        """

    def hear(self) -> None:
        """Wait for the answer.

        Raises:
            TimeoutError: It did not come within the socket's time limit.
            EOFError: The connection was closed.
            OSError: The connection was torn.
        """

    @property
    def connection(self) -> socket.socket:
        """The connection."""

    def close(self) -> None:
        """Hang up."""


Dialogue = Callable[[tuple[str, int], float], Conversation]
"""Opens a conversation with an address, in so many seconds; raises as `Conversation.ask` does."""


class Http2Conversation:
    """Speaks as much HTTP/2 as to be answered: the preface, and SETTINGS frames that the server has to acknowledge."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._received = b""
        connection.sendall(_PREFACE)

    def ask(self, ballast: int = 0) -> None:
        """As `Conversation.ask`; ballast goes in frames of an undefined type."""
        frames = []
        while ballast > 0:
            size = min(max(ballast - _FRAME_HEADER, 0), _LARGEST_FRAME)
            frames.append(_frame(_UNKNOWN, bytes(size)))
            ballast -= size + _FRAME_HEADER
        self.connection.sendall(b"".join([*frames, _frame(_SETTINGS)]))

    def hear(self) -> None:
        """As `Conversation.hear`."""
        while not self._acknowledged():
            received = self.connection.recv(65536)
            if not received:
                raise EOFError("the connection was closed")
            self._received += received

    def close(self) -> None:
        """Hang up."""
        self.connection.close()

    def _acknowledged(self) -> bool:
        """Whether an acknowledgement was received; takes it, and all frames before it, away."""
        while len(self._received) >= _FRAME_HEADER:
            high, low, kind, flags = struct.unpack(">BHBB", self._received[:5])
            end = _FRAME_HEADER + (high << 16 | low)
            if len(self._received) < end:
                return False
            self._received = self._received[end:]
            if kind == _SETTINGS and flags & _ACK:
                return True
        return False


def http2(address: tuple[str, int], timeout: float) -> Http2Conversation:
    """The dialogue for a Fleet API without TLS (`--insecure`)."""
    connection = socket.create_connection(address, timeout=timeout)
    return _begin(connection)


def http2_over_tls(address: tuple[str, int], timeout: float) -> Http2Conversation:
    """The dialogue for a Fleet API with TLS.

    The certificate is not looked at: the question is whether bytes arrive, not who answers.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # gRPC refuses connections that do not negotiate h2.
    context.set_alpn_protocols(["h2"])
    connection = socket.create_connection(address, timeout=timeout)
    try:
        return _begin(context.wrap_socket(connection))
    except BaseException:
        connection.close()
        raise


def _begin(connection: socket.socket) -> Http2Conversation:
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Http2Conversation(connection)
    except BaseException:
        connection.close()
        raise


def _frame(kind: int, payload: bytes = b"") -> bytes:
    size = len(payload)
    return struct.pack(">BHBBL", size >> 16, size & 0xFFFF, kind, 0, 0) + payload


class Witness:
    """A connection of the harness's own through a link, kept open to see what the link does to live ones.

    A context manager. `opening` says what became of its first question.

    Args:
        dialogue: How to speak with the far end.
        port: Where the link listens.
        timeout: Seconds for the connection and for the first answer.
        host: Address on which it listens.
    """

    def __init__(self, dialogue: Dialogue, port: int, *, timeout: float, host: str = LOOPBACK) -> None:
        self._conversation: Conversation | None = None
        self.opening = self._judge(lambda: self._open(dialogue, (host, port), timeout))

    def ask(self, *, timeout: float, ballast: int = 0) -> Answer:
        """Ask on the open connection and wait up to `timeout` seconds for the answer."""
        return self._judge(lambda: self._converse(timeout, ballast))

    def end(self, *, timeout: float) -> Answer:
        """Wait up to `timeout` seconds for the end of the connection; what arrives before is thrown away."""
        return self._judge(lambda: self._hear_end(timeout))

    def close(self) -> None:
        """Hang up."""
        if self._conversation is not None:
            with contextlib.suppress(OSError):
                self._conversation.close()

    def _open(self, dialogue: Dialogue, address: tuple[str, int], timeout: float) -> None:
        self._conversation = dialogue(address, timeout)
        self._converse(timeout, 0)

    def _converse(self, timeout: float, ballast: int) -> None:
        assert self._conversation is not None, "asked a witness whose connection never opened"
        self._conversation.connection.settimeout(timeout)
        self._conversation.ask(ballast)
        self._conversation.hear()

    def _hear_end(self, timeout: float) -> None:
        assert self._conversation is not None, "listened to a witness whose connection never opened"
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            self._conversation.connection.settimeout(left)
            if not self._conversation.connection.recv(65536):
                raise EOFError("the connection was closed")
        raise TimeoutError("the connection did not end")

    def _judge(self, act: Callable[[], None]) -> Answer:
        since = time.monotonic()
        try:
            act()
        except ConnectionRefusedError:
            outcome = Outcome.REFUSED
        except (ConnectionResetError, BrokenPipeError):
            outcome = Outcome.RESET
        except (EOFError, ssl.SSLError):
            # A TLS connection that ends in the middle of a handshake says so by an SSLError.
            outcome = Outcome.CLOSED
        except TimeoutError:
            outcome = Outcome.SILENT
        else:
            outcome = Outcome.ANSWERED
        return Answer(outcome, time.monotonic() - since)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def probe(dialogue: Dialogue, port: int, *, timeout: float, host: str = LOOPBACK) -> Answer:
    """Open a connection, ask, and hang up."""
    with Witness(dialogue, port, timeout=timeout, host=host) as witness:
        return witness.opening
