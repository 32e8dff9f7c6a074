"""Where the programs of a scenario run, and how they reach one another.

The seam between a federation and what carries it: a federation is given a `Site` and does not know what is behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from harness.hypervisor.running import Running

SUPERLINK = "superlink"
"""Name of the program that is a federation's SuperLink."""

TOXIPROXY = "toxiproxy"
"""Name of the program that is a scenario's Toxiproxy."""


def supernode(number: int) -> str:
    """Name of the program that is a federation's SuperNode of that number."""
    return f"supernode-{number}"


@dataclass(frozen=True)
class Program:
    """What is to run.

    Attributes:
        name: What people call it; names its log, and its place in the site.
        argv: The command line. Where the program runs elsewhere than on this machine, the first word's file name is
            looked up on the PATH there, unless that file is one of `shared`.
        log: Its log.
        environment: Added to what it finds where it runs.
        grace: Seconds between SIGTERM and SIGKILL when it is ended.
        shared: Files and folders of this machine that it reads or writes; it finds them under the same paths.
        context: The context variables that make an appliance run the same thing; None when no appliance does.
        events: Folder of the scenario's events, for what cannot reach it by itself.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: float = 0.0
    shared: tuple[Path, ...] = ()
    context: Mapping[str, str] | None = None
    events: Path | None = None


class Site(Protocol):
    """Where the programs of one scenario run; a context manager that ends all that is left of them.

    Attributes:
        name: As `--hypervisor` has it.
        start_timeout: Seconds until a program that was started has to do its work.
    """

    name: str
    start_timeout: float

    def address(self, name: str, *, seen_by: str | None = None) -> str:
        """Where the program of that name listens, which need not run yet.

        Args:
            name: Of the program.
            seen_by: Name of the program that wants to reach it; None for the harness.
        """
        ...

    def facts(self) -> dict[str, Any]:
        """What a history says of it, e.g. the images that it runs."""
        ...

    def launch(self, program: Program) -> Running:
        """Start a program. One of the same name that has ended gives its place to it."""
        ...

    def end(self, running: Iterable[Running]) -> None:
        """End programs of this site together, without grace."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
