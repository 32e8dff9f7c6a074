"""A line to the embedded cloud's OneGate that can be listened to and disturbed, as a VM's network can."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import httpx

from harness.cloud.embedded.web import Request, Response, WebServer


@dataclass(frozen=True)
class Asked:
    """A request: when it came (monotonic seconds), and what it was."""

    time: float
    method: str
    path: str
    body: str


class GateLine:
    """Passes requests on to a OneGate and remembers them; `disturb` answers in its place when it returns something."""

    def __init__(self, port: int, onegate: str) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self.disturb: Callable[[Asked], Response | None] = lambda _: None
        self.pause = threading.Event()
        """Set when the line is closed: what a disturbance may wait for."""
        self._lock = threading.Lock()
        self._client = httpx.Client(base_url=onegate, timeout=10, trust_env=False)
        self._server = WebServer(port, self._handle, "gate-line")

    def _handle(self, request: Request) -> Response:
        asked = Asked(time.monotonic(), request.method, request.path, request.text)
        with self._lock:
            self.asked.append(asked)
        if (answer := self.disturb(asked)) is not None:
            return answer
        names = ("x-onegate-token", "x-onegate-vmid", "content-type")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        reply = self._client.request(request.method, request.path, content=request.body, headers=headers)
        return Response(reply.status_code, reply.text, {"Content-Type": reply.headers.get("content-type", "")})

    def hang(self) -> None:
        """A disturbance: hold a request until `pause` is set, then pass it on."""
        self.pause.wait(60)

    def tries(self) -> list[float]:
        """When each try of a discovery began: it asks for the service first."""
        return [asked.time for asked in self.asked if (asked.method, asked.path) == ("GET", "/service")]

    def published(self) -> list[dict[str, str]]:
        """The attributes of each PUT, in order."""
        bodies = [asked.body for asked in self.asked if (asked.method, asked.path) == ("PUT", "/vm")]
        return [dict(line.split("=", 1) for line in body.split("\n")) for body in bodies]

    def close(self) -> None:
        self.pause.set()
        self._server.close()
        self._client.close()

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
