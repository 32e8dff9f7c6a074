"""HTTP to an OpenNebula, with a time limit on everything."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import httpx

from harness.cloud.errors import CloudRefused, CloudUnreachable

LIMIT = 30.0
"""Seconds for one request, unless another limit is given: to connect, to send, and between two parts of the answer."""

_REFUSED = 400


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: 20 ms each time, and VMs report and scenarios ask often."""
    return httpx.create_ssl_context(trust_env=False)


class Http:
    """One endpoint; used as a context manager it closes its connections at the end.

    Args:
        base: Its URL.
        auth: Name and password for basic authentication, if it wants them.
        headers: Sent with every request.
        limit: Seconds for one request.
    """

    def __init__(
        self,
        base: str,
        *,
        auth: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
        limit: float = LIMIT,
    ) -> None:
        self._base = base
        self._limit = limit
        # Proxies of the environment are for the outside world, not for a cloud's own endpoints.
        self._client = httpx.Client(
            base_url=base, auth=auth, headers=headers, timeout=limit, trust_env=False, verify=_trusted()
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request and return the answer, whatever its status.

        Raises:
            CloudUnreachable: There was none within the time limit.
        """
        try:
            return self._client.request(method, path, json=json, content=content, headers=headers)
        except httpx.TimeoutException as error:
            raise CloudUnreachable(f"{self._base}{path} did not answer within {self._limit:g} s") from error
        except httpx.TransportError as error:
            raise CloudUnreachable(f"{self._base}{path} cannot be reached: {error}") from error

    def send(self, method: str, path: str, *, json: Any = None, content: str | None = None) -> httpx.Response:
        """Send a request that has to succeed.

        Raises:
            CloudRefused: It did not.
            CloudUnreachable: There was no answer within the time limit.
        """
        answer = self.ask(method, path, json=json, content=content)
        if answer.status_code >= _REFUSED:
            raise CloudRefused(f"{method} {path}", answer.status_code, answer.text)
        return answer

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
