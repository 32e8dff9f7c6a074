"""The dummy drivers of a replay: they end an operation when, and as, the recording shows it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from harness.cloud.embedded.agenda import Agenda, Task
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.fidelity.recording import Exchange, Trace
from harness.hypervisor import Address, Machine, Measurement, Reports, Timers

_MEASURED = ("CPU", "MEMORY", "DISKRDBYTES", "DISKRDIOPS", "DISKWRBYTES", "DISKWRIOPS", "NETRX", "NETTX")
_OF_TEMPLATE = {"CPU": 1.0, "MEMORY": 64.0}
_READ = re.compile(r"\b([A-Z]\w*)\[(-?[\d.e+]+)\]")
_EMPTY = "<MONITORING_DATA></MONITORING_DATA>"
_FAILED = ("FAILED_DEPLOYING", "FAILED_SCALING", "boot failure", "fails", "36]")


class Drivers:
    """A hypervisor that leaves to the replay when an operation ends, and whether it fails.

    Args:
        trace: The recording: what its texts show as measured is what the probe measures.

    Attributes:
        may_fail: Whether the recording has evidence of drivers that fail.
        nothing: Whether it has evidence that no VM of the whole cloud had a monitoring record.
    """

    def __init__(self, trace: Trace) -> None:
        self._reports: Reports | None = None
        self._timers: Timers | None = None
        self._agenda: Agenda | None = None
        self.may_fail = any(word in repr(trace.source) for word in _FAILED)
        self.nothing = "NoMethodError" in str(trace.source.get("oneflow_stderr")) or any(
            _no_records(exchange.raw) for exchange in trace.exchanges
        )
        self._seen = _measurements(trace)

    def attach(self, reports: Reports, timers: Timers) -> None:
        """Whom to report to, and whose agenda to use."""
        self._reports, self._timers = reports, timers
        if isinstance(reports, Oned):
            self._agenda = reports.agenda

    def _plan(self, vm_id: int, what: str) -> None:
        assert self._timers is not None, "the drivers were attached to no cloud"
        self._timers.after(0, f"driver.{what}", partial(self.end, vm_id, ok=True))

    def end(self, vm_id: int, *, ok: bool) -> None:
        """Report the end of an operation."""
        assert self._reports is not None, "the drivers were attached to no cloud"
        self._reports.done(vm_id, ok=ok)

    def can_fail(self, task: Task) -> bool:
        """Whether this is an operation that may fail in this recording."""
        return self.may_fail and task.name in {"driver.deploy", "driver.resume"}

    def fail(self, task: Task) -> None:
        """Make an operation fail that is about to end."""
        assert isinstance(task.run, partial)
        task.run = partial(self.end, *task.run.args, ok=False)

    def deploy(self, machine: Machine) -> None:
        """Start."""
        self._plan(machine.vm_id, "deploy")

    def shutdown(self, vm_id: int) -> None:
        """End softly."""
        self._plan(vm_id, "shutdown")

    def kill(self, vm_id: int) -> None:
        """End at once."""
        self._plan(vm_id, "kill")

    def poweroff(self, vm_id: int, *, hard: bool) -> None:
        """Power off."""
        del hard
        self._plan(vm_id, "poweroff")

    def resume(self, vm_id: int) -> None:
        """Start again."""
        self._plan(vm_id, "resume")

    def measure(self, vm_id: int) -> Measurement | None:
        """What the recording shows as measured about now; nothing, if it shows that nothing was."""
        del vm_id
        assert self._agenda is not None, "the drivers were attached to no cloud"
        if self.nothing:
            return None
        figures: dict[str, float] = dict.fromkeys(_MEASURED, 1.0)
        shown = next((item for at, item in self._seen if at >= int(self._agenda.clock.now())), {})
        if any(value == _OF_TEMPLATE.get(name) for name, value in shown.items()):
            # The text shows the template's own value: there was no record of this VM yet.
            return None
        figures.update(shown)
        more = {name: f"{value:g}" for name, value in figures.items() if name not in {"CPU", "MEMORY"}}
        return Measurement(figures["CPU"], int(figures["MEMORY"]), more)

    def address(self, vm_id: int) -> Address | None:
        """None: nothing runs."""
        del vm_id
        return None

    def seen_by(self, vm_id: int, text: str) -> str:
        """As it is: no network translates."""
        del vm_id
        return text

    def close(self) -> None:
        """Nothing to end."""


def _no_records(raw: Mapping[str, Any]) -> bool:
    empty: bool = raw["method"] == "one.vmpool.monitoring" and raw["response"][1:2] == [_EMPTY]
    return empty


def _measurements(trace: Trace) -> list[tuple[int, dict[str, float]]]:
    """Measured figures that the recorded evaluations show: instant of the evaluation, and the figures by name.

    Names that were set in a user template are left out: there the text shows what was set.
    """
    set_at = {
        name: min((exchange.t for exchange in trace.exchanges if _sets(exchange, name)), default=math.inf)
        for name in _MEASURED
    }
    found: dict[int, dict[str, float]] = {}
    for policy in _policies(trace):
        if policy.get("expression_evaluated") is None or policy.get("last_eval") is None:
            continue
        read = _READ.findall(policy["expression_evaluated"])
        since = policy["last_eval"] - trace.t0
        figures = {name: float(value) for name, value in read if since < set_at.get(name, -1)}
        if figures:
            found.setdefault(policy["last_eval"], {}).update(figures)
    return sorted(found.items())


def _sets(exchange: Exchange, name: str) -> bool:
    """Whether an exchange gives a user template an attribute of that name."""
    raw = exchange.raw
    if raw["method"] not in {"one.vm.update", "PUT"} or exchange.proto == "oneflow":
        return False
    return bool(re.search(rf"\b{name}\s*=", str(raw.get("body") or raw.get("args"))))


def _policies(trace: Trace) -> Iterator[Mapping[str, Any]]:
    summaries = [point.summary for point in trace.series] + [note.raw.get("service") for note in trace.notes]
    for summary in summaries:
        for role in summary["roles"].values() if summary and "roles" in summary else []:
            yield from role.get("policies", [])
