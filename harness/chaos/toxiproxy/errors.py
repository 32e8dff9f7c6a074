"""What Toxiproxy can answer other than yes."""

from __future__ import annotations

from harness.errors import HarnessError


class ToxiproxyError(HarnessError):
    """Base: Toxiproxy did not do what was asked; the text says what, of which server, and its answer."""


class ToxiproxyHangs(ToxiproxyError):
    """The control API gave no answer in time, or 503, its own admission of a deadlock; only a restart helps."""


class ToxiproxyUnreachable(ToxiproxyError):
    """Nothing answers on the port of the control API, or the connection broke."""


class RequestRefused(ToxiproxyError):
    """The control API answered with an error."""


class ProxyExists(RequestRefused):
    """A proxy (or a toxic) of that name is already there."""


class UnknownProxy(RequestRefused):
    """There is no proxy, or no toxic, of that name."""


class PortBusy(RequestRefused):
    """Another process listens on the port that a proxy is to listen on."""


class ReadBackDiffers(ToxiproxyError):
    """What Toxiproxy says of a proxy or a toxic is not what was asked for: a misspelt attribute, say."""
