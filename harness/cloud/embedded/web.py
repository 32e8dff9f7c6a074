"""Requests and answers of the three servers, and the HTTP in front of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

_SECONDS_TO_SEND = 60
_NO_BODY = 204
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        method: In upper case.
        path: Without the query.
        query: The last value of each parameter.
        headers: Names in lower case.
        body: As it came.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are none stay recognisable."""
        return self.body.decode(errors="surrogateescape")

    @property
    def parameters(self) -> Mapping[str, str]:
        """Those of the query and, of a form, those of the body, which win: Rack's `params`."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        return {**self.query, **(_last_values(self.text) if kind == _FORM else {})}


@dataclass(frozen=True)
class Response:
    """An answer.

    Attributes:
        status: HTTP status.
        body: Text.
        headers: All but the length.
    """

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Handle = Callable[[Request], Response]


def _last_values(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def request_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A request from what stands in its first line and below."""
    parts = urlsplit(target)
    query = _last_values(parts.query)
    return Request(method, parts.path, query, {name.lower(): value for name, value in headers.items()}, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS_TO_SEND
    # Headers and body are two small packets: the second would wait 40 ms for the other side's delayed ACK.
    disable_nagle_algorithm = True
    server: _Listener

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = request_of(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        response = self.server.handle(request)
        payload = response.body.encode(errors="surrogateescape")
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != _NO_BODY:
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if response.status != _NO_BODY and self.command != "HEAD":
            self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing: the terminal belongs to the run, e.g. when a connection that is kept alive falls silent."""

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _answer  # noqa: N815 - the base's names


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    # A port whose last connections are in TIME_WAIT is free.
    allow_reuse_address = True

    def __init__(self, port: int, handle: Handle) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.handle = handle

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle is no error of ours; anything else is shown by the base."""
        import sys  # noqa: PLC0415 - only looked at here

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # the base's types are private


class WebServer:
    """Serves one handler on a port of 127.0.0.1, each request in a thread of its own; a context manager.

    Args:
        port: Where it listens.
        handle: Answers; called from several threads.
        name: Of its thread.
    """

    def __init__(self, port: int, handle: Handle, name: str) -> None:
        self._listener = _Listener(port, handle)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.1}, name=name, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; requests under way are answered."""
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()
