"""A history to be read: the events of a scenario in the order of time, and the questions that checks ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import Inconclusive, InputError
from harness.history.events import SCHEMA, Event, parse_event


class History:
    """The events of one scenario, sorted by time; events of the same instant keep the order of their recording."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = tuple(sorted(events, key=lambda event: event.t))

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def start(self) -> float:
        """Time of the first event, seconds on the monotonic clock; 0 when there is none."""
        return self._events[0].t if self._events else 0.0

    @property
    def end(self) -> float:
        """Time of the last event, seconds on the monotonic clock; 0 when there is none."""
        return self._events[-1].t if self._events else 0.0

    def of(
        self,
        kind: str,
        *,
        source: str | None = None,
        after: float | None = None,
        before: float | None = None,
        **match: object,
    ) -> list[Event]:
        """The events of a kind, in order.

        Args:
            kind: The kind.
            source: Only of this source.
            after: Only later than this, exclusive; seconds on the monotonic clock.
            before: Only earlier than this, exclusive.
            match: Only with these values in their data.
        """
        return [
            event
            for event in self._events
            if event.kind == kind
            and (source is None or event.source == source)
            and (after is None or event.t > after)
            and (before is None or event.t < before)
            and all(event.get(name) == value for name, value in match.items())
        ]

    def first(self, kind: str, **query: object) -> Event | None:
        """The first event that `of` gives, or None."""
        found = self.of(kind, **query)  # type: ignore[arg-type]  # the query's own names and types
        return found[0] if found else None

    def last(self, kind: str, **query: object) -> Event | None:
        """The last event that `of` gives, or None."""
        found = self.of(kind, **query)  # type: ignore[arg-type]  # the query's own names and types
        return found[-1] if found else None

    def needed(self, kind: str, **query: object) -> Event:
        """The first event that `of` gives.

        Raises:
            Inconclusive: There is none; the observation is not complete.
        """
        found = self.first(kind, **query)
        if found is None:
            wanted = ", ".join(f"{name}={value}" for name, value in query.items())
            raise Inconclusive(f"the history has no {kind}" + (f" with {wanted}" if wanted else ""))
        return found


def read_events(path: Path) -> list[Event]:
    """The events of a history file in the order in which they were written.

    A last line that was cut off by a crash is left out: what was recorded before it still counts.

    Raises:
        InputError: The file cannot be read, is empty, or is not a history of this schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a history: {error}") from error
    lines = text.split("\n")
    complete, rest = lines[:-1], lines[-1]
    if not complete:
        raise InputError(f"{path}: no event in it" + (" but a line that was cut off" if rest else ""))
    events = [parse_event(line, f"{path}:{number}") for number, line in enumerate(complete, 1) if line.strip()]
    if not events or events[0].kind != "history.begins":
        raise InputError(f"{path}: does not begin with history.begins; is this a history of the harness?")
    if events[0].get("schema") != SCHEMA:
        raise InputError(f"{path}: schema {events[0].get('schema')!r}; this harness reads {SCHEMA}")
    return events
