"""Where a scenario's Flower keeps its things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Folders of one scenario.

    Attributes:
        work: State: Flower homes, databases, keys, the app's copy; removed when the scenario ends.
        logs: A log for each process; stays with the report.
    """

    work: Path
    logs: Path

    def home(self, name: str) -> Path:
        """A Flower home (FLWR_HOME) for a process of that name."""
        return self.folder(f"homes/{name}")

    def folder(self, name: str) -> Path:
        """A folder of the scenario's state, made when it is not there."""
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def events(self) -> Path:
        """Folder into which the app and the observer write their events."""
        return self.folder("events")
