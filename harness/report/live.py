"""What a person sees while a run lasts: which step of which scenario waits for what, for how long.

Workers write what they wait for into a file each; the controller reads them and prints a line a scenario.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from harness.waiting import Waiting

_WRITE_EVERY = 1.0
_LONGEST_VALUE = 90


class LiveNote:
    """What one scenario is doing, kept in a file for the controller; removed when it ends.

    Args:
        path: The file.
        scenario: Name of the scenario.
    """

    def __init__(self, path: Path, scenario: str) -> None:
        self._path = path
        self._scenario = scenario
        self._since = time.monotonic()
        self._step = ""
        self._written = 0.0
        self._lock = threading.Lock()
        self._closed = False

    def step(self, text: str) -> None:
        """A step begins."""
        self._step = text
        self._write(None)

    def waiting(self, waiting: Waiting | None) -> None:
        """A wait was looked at, or is over; written once a second at most."""
        if waiting is not None and time.monotonic() - self._written >= _WRITE_EVERY:
            self._write(waiting)

    def _write(self, waiting: Waiting | None) -> None:
        self._written = time.monotonic()
        note: dict[str, object] = {"scenario": self._scenario, "since": self._since, "step": self._step}
        if waiting is not None:
            seen = repr(waiting.last_seen)
            note |= {"what": waiting.what, "wait_since": waiting.since, "timeout": waiting.timeout, "seen": seen}
        new = self._path.with_suffix(".new")
        # VMs that are shut down are waited for by threads of their own.
        # A scenario that was interrupted ends after the run, which has taken the folder away.
        with self._lock, contextlib.suppress(FileNotFoundError):
            if not self._closed:
                new.write_text(json.dumps(note), encoding="utf-8")
                new.replace(self._path)

    def close(self) -> None:
        """The scenario has ended."""
        with self._lock:
            self._closed = True
            self._path.unlink(missing_ok=True)


class LiveView:
    """Prints every few seconds what each scenario does.

    Args:
        folder: Of the notes.
        every: Seconds; 0 prints nothing.
        say: Prints a line.
    """

    def __init__(self, folder: Path, every: float, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._every = every
        self._say = say
        self._begin = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._show_for_ever, name="live", daemon=True)

    def start(self) -> None:
        """Begin to print."""
        if self._every > 0:
            self._thread.start()

    def stop(self) -> None:
        """Print no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _show_for_ever(self) -> None:
        while not self._stop.wait(self._every):
            for line in self.lines():
                self._say(line)

    def lines(self) -> list[str]:
        """A line for the view, and one for each scenario that runs."""
        notes = []
        for path in sorted(self._folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError):
                notes.append(json.loads(path.read_text(encoding="utf-8")))
        if not notes:
            return []
        now = time.monotonic()
        head = f"-- {now - self._begin:.0f} s: {len(notes)} scenarios run"
        return [head, *(f"   {_describe(note, now)}" for note in sorted(notes, key=lambda note: note["since"]))]


def _describe(note: dict[str, object], now: float) -> str:
    text = f"{now - _number(note['since']):4.0f} s  {note['scenario']}: {note['step']}"
    if "what" in note:
        seen = str(note["seen"])
        seen = seen if len(seen) <= _LONGEST_VALUE else f"{seen[:_LONGEST_VALUE]}…"
        waited = now - _number(note["wait_since"])
        text += f" — waits {waited:.0f} of {_number(note['timeout']):.0f} s for {note['what']} (sees {seen})"
    return text


def _number(value: object) -> float:
    return float(str(value))
