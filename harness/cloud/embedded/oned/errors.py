"""oned's errors, as XML-RPC gives them: `[false, text, code, id, -1]`."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Error codes of the XML-RPC interface (`Request.h`)."""

    AUTHENTICATION = 0x0100
    AUTHORIZATION = 0x0200
    NO_EXISTS = 0x0400
    ACTION = 0x0800
    XML_RPC_API = 0x1000
    INTERNAL = 0x2000
    ALLOCATE = 0x4000


class OneError(Exception):
    """A request that oned refuses.

    Attributes:
        code: Its code.
        about: Number of the object, or -1.
    """

    def __init__(self, code: Code, text: str, about: int = -1) -> None:
        super().__init__(text)
        self.code = code
        self.about = about


def missing(kind: str, number: int) -> OneError:
    """No such object, e.g. `missing("virtual machine", 4)`."""
    return OneError(Code.NO_EXISTS, f"Error getting {kind} [{number}].", number)
