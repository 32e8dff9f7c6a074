"""The serial console of a VM: what the appliance says, put where a SuperNode's log and its record belong.

The appliance's boot script writes the SuperNode's log to standard output, which its unit sends to the console. A
ClientApp in a VM cannot reach the harness's folders: its record comes the same way, each event on a line of its own.
"""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

_EVERY = 0.1
"""Seconds between two looks: the precision of what the console tells."""

_PREFIX = re.compile(r"^\[\s*\d+\.\d+\] [^\s\[\]]+\[\d+\]: ")
"""Of lines that the journal forwards to the console: `[  123.456789] bash[321]: `."""

_COLOURS = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[@-Z\\-_])")
"""Terminal sequences: colours, and the moves of the cursor by which systemd shows what it waits for."""

MARK = "harness-event "
"""Begins a line with an event of the Flower app (`fixtures/flower_app`, journal.py)."""


class Console:
    """Follows a console's file, from `start` to `close`.

    Events are told with the time at which they came, on this machine's clock: the VM has one of its own.

    Args:
        serial: What QEMU writes.
        log: Gets the lines, without what the journal puts before them.
        events: Folder of the scenario's events; None when nothing runs that makes any.
        name: Of the file of events, without `.jsonl`.
    """

    def __init__(self, serial: Path, *, log: Path, events: Path | None, name: str) -> None:
        self._serial = serial
        self._log = log
        self._events = events
        self._name = name
        self._position = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"console of {name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._serial.touch()
        self._thread.start()

    def close(self) -> None:
        """Take in what is left, and follow no more; harmless when that is done."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._take_in()

    def _follow(self) -> None:
        while not self._stop.wait(_EVERY):
            self._take_in()

    def _take_in(self) -> None:
        with self._serial.open("rb") as file:
            file.seek(self._position)
            complete, newline, _ = file.read().rpartition(b"\n")
        if not newline:
            return
        self._position += len(complete) + 1
        plain: list[str] = []
        for line in complete.decode("utf-8", errors="replace").split("\n"):
            text = clean(line)
            if text.startswith(MARK):
                self._tell(text.removeprefix(MARK))
            else:
                plain.append(text)
        with self._log.open("a", encoding="utf-8") as log:
            log.write("".join(f"{line}\n" for line in plain))

    def _tell(self, text: str) -> None:
        if self._events is None:
            return
        try:
            event = json.loads(text)
            kind = str(event["kind"])
        except (ValueError, TypeError, KeyError):
            # Something else wrote to the console in the middle of it; the recorder says what it cannot read.
            event, kind = None, ""
        line = text if event is None else json.dumps(event | {"t": round(time.monotonic(), 4)})
        with (self._events / f"{self._name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        if kind.endswith(".begins") and event is not None and event.get("node"):
            # What the app does itself where it reaches the folder, for others that wait for it (cohort.py).
            (self._events / f"{event.get('run')}-{kind.removesuffix('.begins')}-{event['node']}.begun").touch()


def clean(line: str) -> str:
    """A line of the console as its program wrote it."""
    return _PREFIX.sub("", _COLOURS.sub("", line.rstrip("\r")).lstrip("\r"))
