"""How faults tell what they do: one callable, which the history's recorder satisfies."""

from __future__ import annotations

from collections.abc import Callable

Observe = Callable[[str, dict[str, object]], None]
"""Takes the kind of what happened (`fault.begin`) and its data, which JSON can hold."""


def unobserved(kind: str, data: dict[str, object]) -> None:
    """For callers that keep no history."""
