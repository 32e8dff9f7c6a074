"""Where an OpenNebula is, and as whom the harness speaks to it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.errors import InputError


@dataclass(frozen=True)
class Endpoints:
    """An OpenNebula.

    Attributes:
        oned: XML-RPC, e.g. `http://127.0.0.1:2633/RPC2`.
        oneflow: OneFlow, e.g. `http://127.0.0.1:2474`.
        onegate: OneGate, e.g. `http://127.0.0.1:5030`.
        user: Name of a user who may create services.
        password: The user's password.
    """

    oned: str
    oneflow: str
    onegate: str
    user: str
    password: str

    def __post_init__(self) -> None:
        for name in ("oned", "oneflow", "onegate"):
            parts = urlsplit(getattr(self, name))
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise InputError(f"the {name} endpoint must be an http(s) URL, not {getattr(self, name)!r}")

    @property
    def session(self) -> str:
        """Name and password, as XML-RPC wants them."""
        return f"{self.user}:{self.password}"
