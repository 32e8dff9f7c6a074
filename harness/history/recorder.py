"""Writes a history to disk as it happens, and gathers what the software under test writes of itself.

A crash of the harness keeps what was seen: each event is a line that is flushed at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import InputError
from harness.history.events import SCHEMA, Event, parse_event
from harness.history.history import History

_GATHER_EVERY = 0.1
"""Seconds between two looks at the gathered files; the precision of times that a log does not carry itself."""

Reader = Callable[[str], Event | None]
"""Makes an event of a line, or None of a line that says nothing."""


def json_lines(line: str) -> Event | None:
    """Reads the JSONL that the Flower app and the observer write; a line that is none becomes an event that says so."""
    try:
        return parse_event(line, "line")
    except InputError as error:
        return Event(time.monotonic(), "scenario", "history.unreadable", {"line": line, "error": str(error)})


@dataclass(frozen=True)
class _Source:
    folder: Path
    pattern: str
    read: Reader


class Recorder:
    """The history of one scenario while it is made; a context manager.

    Every source writes through it: the steps by `record`, the software under test by files given to `gather`. Its
    methods can be called from any thread.

    Args:
        path: The history file; made anew.
        header: What the first event says: scenario, feature, claims, versions.
    """

    def __init__(self, path: Path, **header: Any) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.RLock()
        self._events: list[Event] = []
        self._sources: list[_Source] = []
        self._position: dict[Path, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._gather_for_ever, name="history", daemon=True)
        self.record("scenario", "history.begins", schema=SCHEMA, wall=time.time(), **header)
        self._thread.start()

    def record(self, source: str, kind: str, *, t: float | None = None, **data: Any) -> Event:
        """Write an event; `t` is now unless it is given."""
        event = Event(time.monotonic() if t is None else t, source, kind, data)
        self._write([event])
        return event

    def _write(self, events: Iterable[Event]) -> None:
        with self._lock:
            if self._file.closed:
                return
            for event in events:
                line = event.to_json()
                # What is judged now is what the file says, so that judging it again later gives the same verdicts.
                self._events.append(parse_event(line, str(self.path)))
                self._file.write(line + "\n")
            self._file.flush()

    def gather(self, folder: Path, pattern: str = "*.jsonl", read: Reader = json_lines) -> None:
        """From now on take in every line that is appended to the files of this folder that match the pattern."""
        with self._lock:
            self._sources.append(_Source(folder, pattern, read))

    def settle(self) -> None:
        """Take in what the gathered files hold and look at them no more: their folder is about to go."""
        with self._lock:
            self.take_in()
            self._sources.clear()

    def _gather_for_ever(self) -> None:
        while not self._stop.wait(_GATHER_EVERY):
            self.take_in()

    def take_in(self) -> None:
        """Take in now what the gathered files hold; lines that are not complete wait for their rest."""
        with self._lock:
            for source in self._sources:
                for path in sorted(source.folder.glob(source.pattern)):
                    read = map(source.read, self._new_lines(path))
                    self._write(event for event in read if event is not None)

    def _new_lines(self, path: Path) -> list[str]:
        position = self._position.get(path, 0)
        with path.open("rb") as file:
            file.seek(position)
            complete, newline, _ = file.read().rpartition(b"\n")
        if not newline:
            return []
        self._position[path] = position + len(complete) + 1
        return complete.decode("utf-8", errors="replace").split("\n")

    def history(self) -> History:
        """All that has been seen up to now."""
        with self._lock:
            self.take_in()
            return History(self._events)

    def close(self) -> None:
        """Take in what is left and end the file."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        self.take_in()
        self.record("scenario", "history.ends")
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
