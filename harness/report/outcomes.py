"""What one scenario found, as it travels from the worker that ran it to the report."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from harness.claims.ledger import Outcome
from harness.claims.verdicts import Verdict

_LONGEST_NAME = 80


def file_name(nodeid: str) -> str:
    """A name for the files of a scenario: readable, and unique by a checksum of pytest's name of it."""
    feature, _, name = nodeid.partition("::")
    words = re.sub(r"\W+", "-", f"{Path(feature).stem}-{name}").strip("-").lower()
    return f"{words[:_LONGEST_NAME].strip('-')}-{zlib.crc32(nodeid.encode()):08x}"


@dataclass(frozen=True)
class ScenarioOutcome:
    """A scenario that was run.

    Attributes:
        nodeid: pytest's name of it.
        name: Its name, with its row of examples.
        feature: Its feature file, relative to the project.
        claims: Its verdict of each of its claims.
        history: File of its history, relative to the run's folder.
        seconds: How long it lasted.
        error: Why it could not go on; None if it could.
        strategy: The Strategy that its runs used, as the app reported it; None when it ran none.
        disturbed: By what its earlier attempts were disturbed, if it had to be run again.
        unavailable: Whether its error is that something is not there which the user did not ask for.
    """

    nodeid: str
    name: str
    feature: str
    claims: tuple[Outcome, ...]
    history: str
    seconds: float
    error: str | None = None
    strategy: str | None = None
    disturbed: tuple[str, ...] = ()
    unavailable: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain objects."""
        return {
            **self.__dict__,
            "disturbed": list(self.disturbed),
            "claims": [{**outcome.__dict__, "figures": dict(outcome.figures)} for outcome in self.claims],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what `to_json` gave."""
        claims = tuple(
            Outcome(claim["claim"], Verdict(claim["verdict"]), claim["reason"], claim["figures"])
            for claim in data["claims"]
        )
        return cls(**{**data, "claims": claims, "disturbed": tuple(data.get("disturbed", ()))})

    def line(self, how: str) -> str:
        """One line for the terminal."""
        marks = ", ".join(f"{outcome.claim} {outcome.verdict}" for outcome in self.claims)
        again = f" (run {len(self.disturbed) + 1} times: {self.disturbed[0]})" if self.disturbed else ""
        return f"{how:>11}  {self.seconds:5.0f} s  {self.name}  [{marks}]{again}"
