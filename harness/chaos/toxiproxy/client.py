"""A thin adapter over toxiproxy-python that owns what it lacks.

Time limits, checked answers, several servers, quoted names, updates of toxics, and everything read back. What the
library does without them was measured with 0.1.1 against Toxiproxy 2.12.0: it blocks for ever on a silent server,
raises `KeyError: 'name'` for a busy port, and returns from `enable` on a taken port as if the proxy were enabled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import toxiproxy
import toxiproxy.exceptions

from harness.chaos.toxiproxy.consumer import Endpoint, RoutedConsumer, talking_to
from harness.chaos.toxiproxy.errors import ProxyExists, ReadBackDiffers, RequestRefused, UnknownProxy
from harness.chaos.toxiproxy.toxic import Toxic
from harness.errors import InputError
from harness.hypervisor.process import LOOPBACK

TIMEOUT = 10.0
"""Seconds for one request. An idle server answers within milliseconds; the rest is for a machine that is busy."""


@dataclass(frozen=True)
class ProxyState:
    """A proxy, as Toxiproxy shows it.

    Attributes:
        name: Its name.
        listen: Address that it listens on, `host:port`.
        upstream: Address that it forwards to, `host:port`.
        enabled: Whether it listens.
        toxics: In the order in which they act.
    """

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """From the control API's JSON."""
        toxics = tuple(Toxic.read(toxic) for toxic in answer["toxics"])
        return cls(answer["name"], answer["listen"], answer["upstream"], answer["enabled"], toxics)


def checked_name(name: str) -> str:
    """The name of a proxy or a toxic, if Toxiproxy can address it.

    Raises:
        InputError: It is empty, a dot segment, or has a slash: the router decodes `%2F` before it looks for the name.
    """
    if name in ("", ".", "..") or "/" in name:
        raise InputError(f"{name!r} cannot be the name of a proxy or a toxic: the control API's paths cannot hold it")
    return name


class ToxiproxyClient:
    """The control API of a Toxiproxy server on `port` of `host`; every method is one or two requests.

    Every method raises `ToxiproxyHangs` when there is no answer within `timeout` seconds (or a 503),
    `ToxiproxyUnreachable` when nothing listens there, `UnknownProxy` for names that are not there, and
    `RequestRefused` for any other refusal.
    """

    def __init__(self, port: int, *, timeout: float = TIMEOUT, host: str = LOOPBACK) -> None:
        self._endpoint = Endpoint(port, timeout, host)
        self._library = toxiproxy.Toxiproxy()

    def __str__(self) -> str:
        return f"Toxiproxy on port {self._endpoint.port}"

    def version(self) -> str:
        """What the server says of itself: `2.12.0` for a release, `git` for one built with `go install`."""
        with talking_to(self._endpoint):
            return str(RoutedConsumer.get("/version").json()["version"])

    def create(
        self, name: str, *, listen_port: int, upstream_port: int, upstream_host: str = LOOPBACK, enabled: bool = False
    ) -> ProxyState:
        """Make a proxy from a port of the server's own address to one of `upstream_host`.

        Raises:
            ProxyExists: There is one of that name.
            PortBusy: `enabled`, and another process listens on `listen_port`.
        """
        with talking_to(self._endpoint):
            try:
                self._library.create(
                    name=checked_name(name),
                    listen=f"{self._endpoint.host}:{listen_port}",
                    upstream=f"{upstream_host}:{upstream_port}",
                    enabled=enabled,
                )
            except toxiproxy.exceptions.ProxyExists as error:
                raise ProxyExists(f"{self}: there is a proxy {name!r} already") from error
        state = self.proxy(name)
        if state.enabled != enabled:
            raise ReadBackDiffers(f"proxy {name} was made with enabled={enabled}, and reads back as {state}")
        return state

    def proxy(self, name: str) -> ProxyState:
        """The proxy of that name and its toxics."""
        with talking_to(self._endpoint):
            return ProxyState.read(RoutedConsumer.get(f"/proxies/{checked_name(name)}").json())

    def proxies(self) -> dict[str, ProxyState]:
        """All proxies, by name."""
        with talking_to(self._endpoint):
            answers = RoutedConsumer.get("/proxies").json()
        return {name: ProxyState.read(answer) for name, answer in answers.items()}

    def delete(self, name: str) -> None:
        """Remove a proxy; its connections are closed."""
        with self._named(name) as proxy:
            proxy.destroy()

    def enable(self, name: str) -> ProxyState:
        """Let a proxy listen.

        Raises:
            PortBusy: Another process has taken its port.
            ReadBackDiffers: It says that it is not enabled.
        """
        with self._named(name) as proxy:
            proxy.enable()
        return self._expect(name, enabled=True)

    def disable(self, name: str) -> ProxyState:
        """Close a proxy's connections and refuse new ones.

        Raises:
            ReadBackDiffers: It says that it is still enabled.
        """
        with self._named(name) as proxy:
            proxy.disable()
        return self._expect(name, enabled=False)

    def add_toxic(self, name: str, toxic: Toxic) -> Toxic:
        """Add a toxic to a proxy, at the end of its chain, and read it back.

        Raises:
            InputError: The toxic would end the server.
            ProxyExists: The proxy has a toxic of that name.
            ReadBackDiffers: Toxiproxy shows it otherwise; it was removed again.
        """
        toxic.check()
        checked_name(toxic.name)
        with self._named(name) as proxy:
            proxy.add_toxic(
                name=toxic.name,
                type=toxic.type,
                stream=toxic.stream,
                toxicity=toxic.toxicity,
                attributes=dict(toxic.attributes),
            )
        try:
            return self._compare(name, toxic)
        except ReadBackDiffers:
            self.remove_toxic(name, toxic.name)
            raise

    def update_toxic(self, name: str, toxic: Toxic) -> Toxic:
        """Give the toxic of that name other attributes and toxicity, on live connections too, and read it back.

        Raises:
            InputError: The toxic would end the server.
            ReadBackDiffers: Toxiproxy shows it otherwise.
        """
        toxic.check()
        change = {"attributes": dict(toxic.attributes), "toxicity": toxic.toxicity}
        with talking_to(self._endpoint):
            RoutedConsumer.patch(f"/proxies/{checked_name(name)}/toxics/{checked_name(toxic.name)}", json=change)
        return self._compare(name, toxic)

    def update_for_new_connections(self, name: str, toxic: Toxic) -> Toxic:
        """Give the toxic of that name other attributes, without a word to live connections, and read it back.

        An ordinary update stops the toxic on every live connection and starts it anew. A request whose `toxicity`
        is no number is refused with 400, but by then Go's decoder has written the attributes to the toxic (it
        completes a decoding as best it can; measured with 2.12.0), and no connection was told. The toxicity cannot
        be changed like this.

        Raises:
            ReadBackDiffers: Toxiproxy took the request, or shows the toxic otherwise.
        """
        toxic.check()
        change = {"attributes": dict(toxic.attributes), "toxicity": "unchanged"}
        try:
            with talking_to(self._endpoint):
                RoutedConsumer.patch(f"/proxies/{checked_name(name)}/toxics/{checked_name(toxic.name)}", json=change)
        except UnknownProxy:
            raise
        except RequestRefused:
            return self._compare(name, toxic)
        raise ReadBackDiffers(f"toxic {toxic.name} of {name}: Toxiproxy took a toxicity that is no number")

    def remove_toxic(self, name: str, toxic: str) -> None:
        """Remove a toxic.

        Raises:
            ReadBackDiffers: It is still there.
        """
        with self._named(name) as proxy:
            proxy.destroy_toxic(checked_name(toxic))
        if any(left.name == toxic for left in self.proxy(name).toxics):
            raise ReadBackDiffers(f"proxy {name} still has the toxic {toxic} after its removal")

    def reset(self) -> None:
        """Enable every proxy, those that are down too, and remove every toxic."""
        with talking_to(self._endpoint):
            self._library.reset()

    @contextmanager
    def _named(self, name: str) -> Iterator[Any]:
        with talking_to(self._endpoint):
            proxy = self._library.get_proxy(checked_name(name))
            if proxy is None:
                raise UnknownProxy(f"{self} has no proxy {name!r}")
            yield proxy

    def _expect(self, name: str, *, enabled: bool) -> ProxyState:
        state = self.proxy(name)
        if state.enabled != enabled:
            raise ReadBackDiffers(f"proxy {name} was to have enabled={enabled}, and reads back as {state}")
        return state

    def _compare(self, name: str, toxic: Toxic) -> Toxic:
        for read in self.proxy(name).toxics:
            if read.name == toxic.name:
                if differences := toxic.differences(read):
                    raise ReadBackDiffers(f"toxic {toxic.name} of {name}: {'; '.join(differences)}")
                return read
        raise ReadBackDiffers(f"proxy {name} does not show the toxic {toxic.name}")
