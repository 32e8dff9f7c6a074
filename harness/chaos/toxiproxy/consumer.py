"""Requests of toxiproxy-python, each to the server that it is meant for, in limited time, with its answer checked.

The client library keeps host and port in class globals, sets no time limit, and takes an answer of 500 for success. All
its requests go through one name, `APIConsumer`, in two modules: both get `RoutedConsumer` in its place, which looks up
the server of the calling context. A context variable and not a lock: one server that hangs must not hold up the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
import toxiproxy.proxy
import toxiproxy.server
from toxiproxy.api import APIConsumer

from harness.chaos.toxiproxy.errors import (
    PortBusy,
    ProxyExists,
    RequestRefused,
    ToxiproxyHangs,
    ToxiproxyUnreachable,
    UnknownProxy,
)
from harness.errors import HarnessError
from harness.hypervisor.process import LOOPBACK

_HEADERS = {"User-Agent": "flower-opennebula-harness"}
"""Toxiproxy answers 403 to user agents that start with `Mozilla/`."""

_DIRECTLY = {"http": ""}
"""Not through a proxy that the machine has configured."""

_BY_STATUS: dict[int, type[RequestRefused]] = {404: UnknownProxy, 409: ProxyExists}
_DEADLOCKED = 503
_FIRST_ERROR = 400


@dataclass(frozen=True)
class Endpoint:
    """The control API of one server.

    Attributes:
        port: Of its control API.
        timeout: Seconds for connecting, and again for each part of the answer.
        host: Address on which it listens.
    """

    port: int
    timeout: float
    host: str = LOOPBACK


_endpoint: ContextVar[Endpoint] = ContextVar("toxiproxy_endpoint")


@contextmanager
def talking_to(endpoint: Endpoint) -> Iterator[None]:
    """Send the requests that toxiproxy-python makes in this context to that server."""
    token = _endpoint.set(endpoint)
    try:
        yield
    finally:
        _endpoint.reset(token)


class RoutedConsumer(APIConsumer):  # type: ignore[misc]
    """Takes the place of toxiproxy-python's `APIConsumer`."""

    @classmethod
    def get(cls, url: str, params: Any = None, **kwargs: Any) -> requests.Response:
        """Fetch."""
        return _request("GET", url, params=params, **kwargs)

    @classmethod
    def delete(cls, url: str, **kwargs: Any) -> requests.Response:
        """Remove."""
        return _request("DELETE", url, **kwargs)

    @classmethod
    def post(cls, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> requests.Response:
        """Make, or (as the library does) change."""
        return _request("POST", url, data=data, json=json, **kwargs)

    @classmethod
    def patch(cls, url: str, json: Any = None, **kwargs: Any) -> requests.Response:
        """Change; the library has no such request."""
        return _request("PATCH", url, json=json, **kwargs)


# Not on loan but for good: two threads that lend and return it would undo each other.
toxiproxy.proxy.APIConsumer = RoutedConsumer
toxiproxy.server.APIConsumer = RoutedConsumer


def _request(method: str, url: str, **kwargs: Any) -> requests.Response:
    endpoint = _endpoint.get(None)
    if endpoint is None:
        raise HarnessError(f"{method} {url}: toxiproxy-python was called outside of `talking_to`")
    # The library builds the path from bare names; no name has a slash (see `client.checked_name`).
    address = f"http://{endpoint.host}:{endpoint.port}{quote(url)}"
    what = f"Toxiproxy on port {endpoint.port}, {method} {url}"
    try:
        response = requests.request(
            method, address, timeout=endpoint.timeout, headers=_HEADERS, proxies=_DIRECTLY, **kwargs
        )
    except requests.Timeout as error:
        raise ToxiproxyHangs(f"{what}: no answer in {endpoint.timeout:g} s") from error
    except requests.RequestException as error:
        raise ToxiproxyUnreachable(f"{what}: {error}") from error
    if response.status_code >= _FIRST_ERROR:
        raise _refusal(what, response)
    return response


def _refusal(what: str, response: requests.Response) -> HarnessError:
    status, text = response.status_code, response.text.strip()
    if status == _DEADLOCKED:
        return ToxiproxyHangs(f"{what}: {status} after {response.elapsed.total_seconds():.0f} s")
    kind = PortBusy if "address already in use" in text else _BY_STATUS.get(status, RequestRefused)
    return kind(f"{what}: {status} {text}")
