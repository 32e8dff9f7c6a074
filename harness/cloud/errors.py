"""What an OpenNebula refuses, as its users meet it."""

from __future__ import annotations

from harness.errors import HarnessError


class CloudRefused(HarnessError):
    """OneFlow or OneGate answered that it will not.

    Attributes:
        status: HTTP status.
        text: What it said.
    """

    def __init__(self, what: str, status: int, text: str) -> None:
        super().__init__(f"{what}: {status} {text}")
        self.status = status
        self.text = text


class CloudUnreachable(HarnessError):
    """An endpoint did not answer, or not within its time limit; the text names it."""
