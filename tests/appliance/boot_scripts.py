"""A service's VMs, and the boot scripts as they run in them."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.cloud.oned import Oned
from harness.cloud.onegate import OneGate
from harness.processes import Process
from harness.waiting import wait_until

APPLIANCE = Path(__file__).parents[2] / "fixtures" / "appliance"
PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 60.0
"""Seconds for what takes a second on a machine with nothing else to do."""


@dataclass(frozen=True)
class Vms:
    """A service's VMs, and what the cloud told each."""

    superlink: int
    supernodes: tuple[int, ...]
    contexts: dict[int, dict[str, str]]
    oned: Oned

    def gate(self, vm: int) -> OneGate:
        return OneGate.of_context(self.contexts[vm], limit=10)

    def attributes(self, vm: int) -> dict[str, str]:
        return {name: str(value) for name, value in self.oned.vm(vm).user_template.items()}


class Script:
    """A boot script that runs; its own lines and the SuperNode's log are apart."""

    def __init__(self, process: Process, log: Path, errors: Path) -> None:
        self.process = process
        self._log, self._errors = log, errors

    @property
    def log(self) -> bytes:
        return self._log.read_bytes()

    @property
    def said(self) -> list[str]:
        return self._errors.read_text().splitlines()

    def end(self, timeout: float = PATIENCE) -> int:
        """Its exit code, once it has ended by itself."""
        return self.process.wait(timeout)

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.signal(number)
        return self.end()

    def until_said(self, text: str) -> None:
        wait_until(lambda: "\n".join(self.said), lambda said: text in said, what=text, timeout=PATIENCE, poll=0.05)

    def until_logged(self, text: bytes) -> None:
        self.until(lambda: text in self.log, repr(text))

    def until(self, true: Callable[[], object], what: str) -> None:
        wait_until(true, what=what, timeout=PATIENCE, poll=0.05, abort=self.process.ended)
