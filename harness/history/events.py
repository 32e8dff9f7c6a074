"""The one schema of what is recorded.

An event is a line of JSON: `t` (seconds on the machine's monotonic clock, the same for every process on it), `source`
(who saw or did it), `kind` (what it is, words joined by dots), and whatever else that kind carries.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import InputError

SCHEMA = 1
"""Version of the schema; the first event of a history, `history.begins`, carries it."""

_RESERVED = ("t", "source", "kind")


@dataclass(frozen=True)
class Event:
    """One thing that was done or seen.

    Attributes:
        t: Seconds on the monotonic clock (CLOCK_MONOTONIC).
        source: `scenario`, `chaos`, `control-api`, `serverapp`, `clientapp`, `supernode-1`, …
        kind: e.g. `fault.begin`, `node.online`, `round.begins`.
        data: What else is known.
    """

    t: float
    source: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A field of the data, or `default`."""
        return self.data.get(name, default)

    def to_json(self) -> str:
        """The event as one line of JSON, without the newline."""
        own = {"t": round(self.t, 4), "source": self.source, "kind": self.kind}
        return json.dumps({**own, **self.data, **own}, default=str)


def parse_event(line: str, where: str) -> Event:
    """Read an event from a line of JSON.

    Args:
        line: The line.
        where: File and line number, for the error.

    Raises:
        InputError: It is not an event.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a line of JSON ({error}); is this a history of the harness?") from error
    if not isinstance(fields, dict) or any(name not in fields for name in _RESERVED):
        raise InputError(f"{where}: not an event: it needs {', '.join(_RESERVED)}")
    if not _is_time(fields["t"]):
        raise InputError(f"{where}: t must be a number of seconds, not {str(fields['t'])[:40]!r}")
    for name in ("source", "kind"):
        if not isinstance(fields[name], str):
            raise InputError(f"{where}: {name} must be a text, not {str(fields[name])[:40]!r}")
    data = {name: value for name, value in fields.items() if name not in _RESERVED}
    return Event(float(fields["t"]), fields["source"], fields["kind"], data)


def _is_time(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
