"""A run of `pytest features/` against something that is broken on purpose."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.processes import Completed, run

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LONGEST = 420
"""Seconds; on an idle machine the longest run takes about 100."""


@dataclass(frozen=True)
class Sabotage:
    """What is broken, and what must be seen of it.

    Attributes:
        name: Of the case.
        scenarios: Selects scenarios by tag, as for `-m`.
        only: Selects among them by name, as for `-k`.
        deviates: Claims that must deviate although they are expected to conform.
        falls: Claims that cannot conform any more, because what they are about comes after the fault.
        as_expected: Claims that must be judged as they would be without the fault, as any other one that is judged.
        strategy: A class of `strategies.py`.
        workers: Scenarios at once.
        part: Breaks another part: gets a folder and the real Toxiproxy, gives the Toxiproxy to use and an environment.
    """

    name: str
    scenarios: str
    deviates: frozenset[str] = frozenset()
    falls: frozenset[str] = frozenset()
    as_expected: frozenset[str] = frozenset()
    only: str = ""
    strategy: str | None = None
    workers: int = 0
    part: Callable[[Path, Path], tuple[Path, dict[str, str]]] | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Ran:
    """A run that has ended.

    Attributes:
        done: Its process.
        folder: Of its reports.
    """

    done: Completed
    folder: Path
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.done.output + self.done.errors)

    @property
    def claims(self) -> dict[str, dict[str, Any]]:
        """The claims that a scenario judged."""
        entries = json.loads((self.folder / "conformance.json").read_text(encoding="utf-8"))
        return {entry["claim"]: entry for entry in entries if entry["scenarios"]}

    def judged_again(self, history: str) -> dict[str, str]:
        """What `harness judge` says of a history."""
        argv = [Path(sys.executable).with_name("harness"), "judge", "--json", self.folder / history]
        entries = json.loads(run(argv, timeout=120, check=False).output)
        return {entry["claim"]: entry["verdict"] for entry in entries}


def features(reports: Path, *options: str | Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run `pytest features/` with these options to its end."""
    argv = [sys.executable, "-m", "pytest", "features", "--reports", reports, "--live", "0", *options]
    return Ran(run(argv, timeout=LONGEST, cwd=ROOT, env=env, check=False), reports / "latest")
