"""One recording, whatever its kind, compared with the embedded cloud."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.cloud.fidelity import pyone_steps, replay, tables
from harness.cloud.fidelity.recording import AdjustTable, GrammarTable, PyoneSteps, find, load


@dataclass(frozen=True)
class Fidelity:
    """What came of a recording.

    Attributes:
        recording: Its name.
        steps: How many steps or rows it has.
        equal: How many of them are equal.
        difference: The first that is not, and where it differs; None when all are equal.
    """

    recording: str
    steps: int
    equal: int
    difference: str | None


def compare(path: Path) -> Fidelity:
    """Compare one recording.

    Raises:
        InputError: It is malformed.
    """
    recording = load(path)
    match recording:
        case AdjustTable():
            outcome = tables.adjustments(recording)
        case GrammarTable():
            outcome = tables.grammar(recording)
        case PyoneSteps():
            outcome = pyone_steps.steps(recording)
        case _:
            outcome = replay.replay(recording)
    return Fidelity(recording.name, outcome.steps, outcome.equal, outcome.difference)


def recordings(folder: Path) -> list[Path]:
    """The recordings of a folder, all of them well-formed.

    Raises:
        InputError: It is no folder, has none, or one of them is malformed.
    """
    paths = find(folder)
    for path in paths:
        load(path)
    return paths
