"""The world in which a recording began, as far as the recording tells: settings, VM templates, numbers, older VMs.

Three things of a recording are inputs and no behaviour, and are therefore taken from it: the numbers that oned gave out
(times and generated numbers may differ, so the embedded one is simply given the same), what the monitoring probe
measured, and whether a driver failed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.cloud.embedded.clock import SimulatedClock
from harness.cloud.embedded.front_end import FrontEnd
from harness.cloud.embedded.oned.raw import Attributes
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.embedded.settings import FlowSettings, GateSettings, Settings, User
from harness.cloud.fidelity.drivers import Drivers
from harness.cloud.fidelity.recording import Exchange, Trace
from harness.cloud.states import LcmState, VmState
from harness.errors import InputError

TEMPLATE = 'NAME="flower-vm"\nCPU="1"\nMEMORY="64"\nCONTEXT=[TOKEN="YES"]\nSCHED_RANK="0"'
PASSWORD = "opennebula"  # noqa: S105 - recordings do not tell theirs
_TOKEN_PASSWORD = "0123456789abcdef" * 4
_MONITORING_SECONDS = 5
_STRANGER = 2**30
_NO_TEMPLATE = re.compile(r"Error getting virtual machine template \[(\d+)\]")


def settings_of(trace: Trace) -> Settings:
    """The settings that the recorded servers had.

    Raises:
        InputError: One of them cannot be read.
    """
    flow = trace.config.get("oneflow-server.conf", {})
    default = FlowSettings()
    try:
        return Settings(
            monitoring_interval=_MONITORING_SECONDS,
            flow=FlowSettings(
                autoscaler_interval=float(flow.get("autoscaler_interval", default.autoscaler_interval)),
                default_cooldown=int(flow.get("default_cooldown", default.default_cooldown)),
                wait_timeout=float(flow.get("wait_timeout", default.wait_timeout)),
                shutdown_action=flow.get("shutdown_action", default.shutdown_action).strip("'\""),
                action_number=int(flow.get("action_number", default.action_number)),
                action_period=int(flow.get("action_period", default.action_period)),
                vm_name_template=flow.get("vm_name_template", default.vm_name_template).strip("'\""),
                concurrency=int(flow.get("concurrency", default.concurrency)),
            ),
            gate=GateSettings(),
        )
    except (ValueError, AttributeError) as error:
        raise InputError(f"{trace.name}.json: the field server_config.oneflow-server.conf: {error}") from error


def front_end_of(trace: Trace, drivers: Drivers) -> FrontEnd:
    """A front end in the state in which the recording began."""
    password = next((str(note.raw["token_password"]) for note in trace.notes if "token_password" in note.raw), None)
    user = User(0, "oneadmin", PASSWORD, password or _TOKEN_PASSWORD)
    gate = trace.config.get("onegate-server.conf", {})
    endpoint = f"http://{gate.get('host', '127.0.0.1')}:{gate.get('port', '5030')}"
    front = FrontEnd(SimulatedClock(trace.t0), settings_of(trace), drivers, [user], endpoint, stepwise=True)
    drivers.attach(front.oned, front.agenda)
    missing = set(_NO_TEMPLATE.findall(json.dumps(trace.source)))
    for template_id in sorted({0, *_template_ids(trace)} - {int(item) for item in missing}):
        front.oned.template_numbers.expect([template_id])
        front.oned.add_template("flower-vm", TEMPLATE, user)
    documents = [number for exchange in trace.exchanges if (number := _created(exchange)) is not None]
    front.oned.document_numbers.expect(documents)
    own = sorted(set(_vm_ids(trace, set(documents))))
    front.oned.vm_numbers.expect(own)
    for vm in _older(trace, own):
        front.oned.pools.vms[vm.id] = vm
    if not drivers.nothing:
        stranger = _stranger(trace)
        front.oned.pools.vms[stranger.id] = stranger
    front.start()
    return front


def _template_ids(trace: Trace) -> Iterator[int]:
    for exchange in trace.exchanges:
        body = exchange.raw.get("body")
        roles = body.get("roles") if isinstance(body, dict) else None
        for role in roles if isinstance(roles, list) else []:
            number = role.get("template_id", role.get("vm_template")) if isinstance(role, dict) else None
            if isinstance(number, int) and not isinstance(number, bool):
                yield number


def _document(exchange: Exchange) -> Mapping[str, Any] | None:
    body = exchange.raw.get("response_body")
    found = body.get("DOCUMENT") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else None


def _created(exchange: Exchange) -> int | None:
    document = _document(exchange)
    created = 201
    if exchange.proto != "oneflow" or exchange.raw["status"] != created or document is None:
        return None
    return int(document["ID"])


def _vm_ids(trace: Trace, documents: set[int]) -> Iterator[int]:
    summaries = [point.summary for point in trace.series] + [note.raw.get("service") for note in trace.notes]
    for summary in summaries:
        for role in summary["roles"].values() if summary and "roles" in summary else []:
            yield from role["nodes"]
    for exchange in trace.exchanges:
        document = _document(exchange)
        if document is not None and int(document["ID"]) in documents:
            for role in document["TEMPLATE"]["BODY"].get("roles") or []:
                yield from (node["deploy_id"] for node in role.get("nodes") or [])
        if exchange.raw["method"] == "one.template.instantiate" and exchange.raw["response"][0]:
            yield exchange.raw["response"][1]


def _stranger(trace: Trace) -> Vm:
    """A VM of someone else that has a monitoring record: the autoscaler of the recordings' front end had seen many."""
    vm = Vm(_STRANGER, "someone-else", 0, "oneadmin", {}, {}, int(trace.t0))
    vm.state, vm.lcm, vm.monitoring = VmState.ACTIVE, LcmState.RUNNING, {"CPU": "1", "ID": str(_STRANGER)}
    return vm


def _older(trace: Trace, own: list[int]) -> Iterator[Vm]:
    """VMs that an answer shows and that the recording did not create."""
    for exchange in trace.exchanges:
        body = exchange.raw.get("response_body")
        shown = body.get("VM") if isinstance(body, dict) else None
        if not shown or int(shown["ID"]) in own:
            continue
        described: Attributes = {
            name: value if isinstance(value, list) else [value] for name, value in shown["USER_TEMPLATE"].items()
        }
        vm = Vm(int(shown["ID"]), shown["NAME"], 0, "oneadmin", {}, described, int(trace.t0))
        vm.state, vm.lcm = VmState(int(shown["STATE"])), LcmState(int(shown["LCM_STATE"]))
        yield vm
