"""Faults: what was done to what, from when to when."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Fault:
    """A fault that was seen to bite.

    Attributes:
        kind: `cut`, `black_hole`, `reset`, `drop`, `latency`, `bandwidth`, `half_open`, `node_kill`, `node_stop`,
            `node_freeze` or `node_unplug`.
        target: Name of the link or the node.
        start: When it was begun, seconds on the monotonic clock; it bites from a few milliseconds later on.
        end: When it was healed; None while it lasts. A fault of a moment has the end of that moment.
        parameters: What it was asked to do.
        evidence: What showed that it bites.
    """

    kind: str
    target: str
    start: float
    end: float | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    evidence: Mapping[str, object] = field(default_factory=dict)

    def data(self) -> dict[str, object]:
        """As an event has it."""
        return dataclasses.asdict(self)


class Lasting:
    """A fault that lasts until it is healed; a context manager that always heals it.

    Attributes:
        fault: What is known of it; with its end once it is healed.
    """

    def __init__(self, fault: Fault, heal: Callable[[Fault], Fault]) -> None:
        self.fault = fault
        self._heal = heal

    @property
    def healed(self) -> bool:
        """Whether it is over."""
        return self.fault.end is not None

    def heal(self) -> Fault:
        """End it; harmless when it is over."""
        if not self.healed:
            self.fault = self._heal(self.fault)
        return self.fault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.heal()


def ended(fault: Fault, **evidence: object) -> Fault:
    """The fault with its end, which is now, and what was seen then."""
    return dataclasses.replace(fault, end=time.monotonic(), evidence={**fault.evidence, **evidence})
