"""A recording as two streams of steps: what the poll saw, and what the recorder did and looked at.

Each stream is in order; between the two, steps that lie further apart than the poll's own jitter are in order too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.cloud.embedded.front_end import FrontEnd
from harness.cloud.embedded.oned.objects import DOCUMENT_SERVICE, Document
from harness.cloud.fidelity.compare import difference
from harness.cloud.fidelity.exchange import Sender
from harness.cloud.fidelity.recording import Exchange, Note, Point, Trace
from harness.cloud.fidelity.summary import unlike

GONE = "the service was gone"


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        first: The earliest instant at which it can have happened, seconds since the epoch.
        last: The latest.
        what: What is looked at or done.
        label: For people.
    """

    first: float
    last: float
    what: Point | Exchange | Note | tuple[Mapping[str, Any], ...]
    label: str

    def changes(self) -> bool:
        """Whether it does something to the cloud, rather than only look."""
        return isinstance(self.what, Exchange) or restarts(self.what)


def restarts(what: object) -> bool:
    """Whether a note says that OneFlow was restarted."""
    return isinstance(what, Note) and "restarted" in what.text.lower()


def streams(trace: Trace) -> tuple[list[Step], list[Step]]:
    """The poll's steps, and the recorder's."""
    polled = [_point(point, trace.t0) for point in trace.series]
    recorder = sorted(
        [*_exchanges(trace), *_notes(trace)],
        # A note is written before the exchange that starts at the same instant.
        key=lambda step: (step.last if restarts(step.what) else step.first, isinstance(step.what, Exchange)),
    )
    cleaning = _cleaning(recorder)
    if trace.log is not None and cleaning is not None:
        at = recorder[cleaning].first
        recorder.insert(cleaning, Step(at, at, trace.log, "final_service_log"))
    return polled, recorder


def _point(point: Point, t0: float) -> Step:
    return Step(t0 + point.t, t0 + point.t, point, f"series at {point.t} s")


def _exchanges(trace: Trace) -> Iterator[Step]:
    for exchange in trace.exchanges:
        raw = exchange.raw
        what = f"{raw['method']} {raw.get('path', '')}".strip()
        label = f"{what} at {exchange.t} s" + (f" ({raw['label']})" if raw.get("label") else "")
        yield Step(trace.t0 + exchange.t, trace.t0 + exchange.t + exchange.dur, exchange, label)


def _notes(trace: Trace) -> Iterator[Step]:
    before = 0.0
    for note in trace.notes:
        first = before if restarts(note) else note.t
        yield Step(trace.t0 + first, trace.t0 + note.t, note, f"note at {note.t} s ({note.text[:40]})")
        before = note.t


def _cleaning(recorder: list[Step]) -> int | None:
    """Where the recorder begins to clean up: the last DELETE of a service, or what stands for one."""
    found = None
    for at, step in enumerate(recorder):
        if not isinstance(step.what, Exchange) or step.what.proto != "oneflow":
            continue
        raw = step.what.raw
        parts = raw["path"].split("/")
        refused = found is not None and recorder[found].what
        if (raw["method"] == "DELETE" and parts[1] == "service") or (
            parts[-1] == "action" and _deletes(raw) and not _was_refused(refused)
        ):
            found = at
    return found


def recorded_log(recorder: list[Step]) -> tuple[int, int, list[str]] | None:
    """Where in the recorder's stream the service's log is looked at, of which service, and its messages."""
    for at, step in enumerate(recorder[:-1]):
        cleaning = recorder[at + 1].what
        if isinstance(step.what, tuple) and isinstance(cleaning, Exchange):
            number = int(cleaning.raw["path"].split("/")[2])
            return at, number, [str(entry["message"]) for entry in step.what]
    return None


def _deletes(raw: Mapping[str, Any]) -> bool:
    body = raw.get("body")
    action = body.get("action") if isinstance(body, dict) else None
    params = action.get("params") if isinstance(action, dict) else None
    return bool(isinstance(params, dict) and params.get("delete"))


def _was_refused(what: object) -> bool:
    ok = 300
    return isinstance(what, Exchange) and what.raw["status"] >= ok


def service_of(front: FrontEnd) -> Document | None:
    """The service that a recording is about: the youngest."""
    services = [item for item in front.oned.pools.documents.values() if item.kind == DOCUMENT_SERVICE]
    return max(services, key=lambda item: item.id, default=None)


def take(step: Step, front: FrontEnd, sender: Sender) -> str | None:
    """Do or look at a step now; returns where it differs, or None."""
    what = step.what
    if isinstance(what, Exchange):
        return sender.send(what, front)
    if isinstance(what, Point):
        return _service_unlike(what.summary, front)
    if isinstance(what, Note):
        if restarts(what):
            front.restart_flow()
        return _note_unlike(what.raw, front)
    return _log_unlike(what, front)


def _service_unlike(summary: Mapping[str, Any] | None, front: FrontEnd) -> str | None:
    service = service_of(front)
    if summary is None or "roles" not in summary:
        return None if service is None else f"recorded: {GONE}, embedded: {service.body.get('state')}"
    if service is None:
        return f"recorded {summary['service_state_name']}, embedded: {GONE}"
    return unlike(summary, service.body)


def _note_unlike(raw: Mapping[str, Any], front: FrontEnd) -> str | None:
    if raw.get("service") and (found := _service_unlike(raw["service"], front)):
        return found
    states = dict(raw.get("vm_states") or {})
    if "vm" in raw and "vm_state" in raw:
        states[str(raw["vm"])] = raw["vm_state"]
    seen = {
        number: [int(vm.state), int(vm.lcm)] if (vm := front.oned.pools.vms.get(int(number))) else None
        for number in states
    }
    return difference(states, seen, "vm_states") or _nodes_unlike(raw, front) or _template_unlike(raw, front)


def _nodes_unlike(raw: Mapping[str, Any], front: FrontEnd) -> str | None:
    recorded = raw.get("kept", raw.get("nodes"))
    service = service_of(front)
    if not isinstance(recorded, list) or service is None:
        return None
    nodes = [node["deploy_id"] for role in service.body["roles"] for node in role["nodes"]]
    if found := difference(recorded, nodes, "nodes"):
        return found
    ended = [number for number in raw.get("terminated", []) if front.oned.vm(number).running]
    return f"terminated: recorded {raw['terminated']}, running in the embedded one {ended}" if ended else None


def _template_unlike(raw: Mapping[str, Any], front: FrontEnd) -> str | None:
    recorded = raw.get("ut")
    if not isinstance(recorded, dict):
        return None
    nodes = [vm for vm in front.oned.pools.vms.values() if vm.service_id is not None]
    found = (
        {name: value[-1] if isinstance(value, list) else value for name, value in vm.whole()["USER_TEMPLATE"].items()}
        for vm in nodes
    )
    differences = [difference(recorded, template, "ut") for template in found]
    return None if None in differences else next(iter(differences), "ut: no VM")


def _log_unlike(recorded: tuple[Mapping[str, Any], ...], front: FrontEnd) -> str | None:
    service = service_of(front)
    embedded = service.body.get("log", []) if service else []
    return difference([dict(entry) for entry in recorded], embedded, "log")
