"""What OneFlow refuses."""

from __future__ import annotations

from harness.cloud.embedded.oned.errors import Code, OneError

_STATUS = {Code.AUTHORIZATION: 401, Code.AUTHENTICATION: 403, Code.NO_EXISTS: 404}


class Refused(Exception):
    """A request that OneFlow refuses with a plain text.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, text: str, status: int = 500) -> None:
        super().__init__(text)
        self.status = status


def refused_by_oned(method: str, error: OneError) -> Refused:
    """Oned's error as OneFlow passes it on, with the XML-RPC method in front."""
    return Refused(f"[one.{method}] {error}", _STATUS.get(error.code, 500))
