"""What could not be read, and why: never an empty value, so that no rule takes "not seen" for "not there"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from harness.errors import HarnessError

T = TypeVar("T")


class Unreadable(HarnessError):
    """A part of the image cannot be read; the text says which and why, and ends up as the reason of an *unknown*."""


@dataclass(frozen=True)
class Unread:
    """A fact that could not be had.

    Attributes:
        reason: Why, as one sentence for a person.
    """

    reason: str


Maybe: TypeAlias = T | Unread
"""A fact, or why it could not be had."""


def attempt(read: Callable[[], T]) -> T | Unread:
    """What `read` gives, or its `Unreadable` as a fact."""
    try:
        return read()
    except Unreadable as error:
        return Unread(str(error))
