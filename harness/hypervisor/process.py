"""Where a SuperLink or a SuperNode runs: here, as a process of this machine.

The seam for what comes in front of it: a federation is given a `Launch` and does not know what stands behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.processes import Process


@dataclass(frozen=True)
class Program:
    """What is to run.

    Attributes:
        name: What people call it; names its log.
        argv: The command line.
        log: Its log.
        environment: Added to the harness's own.
        grace: Seconds between SIGTERM and SIGKILL when it is ended.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: float = 0.0


Launch = Callable[[Program], Process]
"""Starts a program and returns what runs."""


def launch(program: Program) -> Process:
    """Start it as a process of this machine."""
    return Process(program.name, program.argv, log=program.log, env=program.environment, grace=program.grace)
