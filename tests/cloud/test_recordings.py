"""The embedded OpenNebula does what the recorded one did; and a comparison that finds nothing would find something."""

import json
from pathlib import Path

import pytest

from harness.cloud.embedded.flow import lookup, nodes
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.fidelity import replay
from harness.cloud.fidelity.judge import compare
from harness.errors import InputError

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.json")), ids=lambda path: path.stem)
def test_equal_in_every_step(path):
    found = compare(path)
    assert found.difference is None
    assert found.equal == found.steps > 0


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """Compares a recording after a change to it."""
    # A difference is told when no order of the tasks is left, or when enough were looked at; this is enough here.
    monkeypatch.setattr(replay, "_NODES", 400)

    def call(name, change):
        data = json.loads((RECORDINGS / f"{name}.json").read_text())
        change(data)
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(data))
        return compare(path)

    return call


def _scaled(data):
    return next(item for item in data["series"] if item.get("service_state_name") == "COOLDOWN")


CHANGES = {
    "a status": ("delete-service", lambda data: data["exchanges"][0].update(status=200), "status"),
    "a text": (
        "cooldown-blocks-manual",
        lambda data: next(item for item in data["exchanges"] if item["status"] == 500).update(response_body="no"),
        "response_body",
    ),
    "a state": ("manual-scale-up", lambda data: _scaled(data).update(service_state=9), "series at"),
    "the nodes": (
        "manual-scale-down",
        lambda data: _scaled(data)["roles"]["client"]["nodes"].reverse(),
        "series at",
    ),
    "a cooldown": ("manual-scale-up", lambda data: _scaled(data)["roles"]["client"].update(cooldown=7), "series at"),
    "a counter": (
        "elasticity-change-up",
        lambda data: data["series"][6]["roles"]["client"]["policies"][0].update(true_evals=9),
        "series at",
    ),
    "what an expression came to": (
        "expression-string",
        lambda data: next(
            item["roles"]["client"]["policies"][0]
            for item in data["series"]
            if item["roles"]["client"]["policies"][0]["expression_evaluated"]
        ).update(expression_evaluated="FL_CLIENT_STATUS[1.0] == IDLE[--]"),
        "series at",
    ),
    "the log": ("manual-scale-up", lambda data: data["final_service_log"][0].update(message="New state: DONE"), "at"),
    "an answer of oned": (
        "poweroff-warning",
        lambda data: next(item for item in data["exchanges"] if item["proto"] == "xmlrpc")["response"].reverse(),
        "response",
    ),
    "a user template": (
        "onegate-body-forms",
        lambda data: next(item for item in data["exchanges"] if item.get("user_template_after"))[
            "user_template_after"
        ].update(EXTRA="1"),
        "user_template_after.EXTRA",
    ),
    "what pyone raised": (
        "pyone-7.3.80",
        lambda data: next(step for step in data["steps"] if not step["ok"]).update(exception="pyone.OneApiException"),
        "recorded pyone.OneApiException",
    ),
    "how far": ("adjust-table", lambda data: data[3].update(calculated=99), "recorded 99"),
    "what parses": ("grammar-table", lambda data: data["syntax"][0].update(accepted=False), "accepted"),
    "what holds": (
        "grammar-table",
        lambda data: data["evaluations"][0].update(value=not data["evaluations"][0]["value"]),
        "recorded",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_recording_differs(changed, what):
    name, change, place = CHANGES[what]
    found = changed(name, change)
    assert found.difference is not None
    assert place in found.difference
    assert found.equal < found.steps


def test_a_cloud_that_ends_the_youngest_first_differs(monkeypatch, changed):
    right = nodes.shut_down

    def youngest_first(role, oned, settings, *, recover, **more):
        role.body["nodes"].reverse()
        return right(role, oned, settings, recover=recover, **more)

    monkeypatch.setattr(nodes, "shut_down", youngest_first)
    assert changed("manual-scale-down", lambda data: None).difference is not None


def test_a_cloud_whose_means_count_every_vm_differs(monkeypatch, changed):
    def of_all(vms, name):
        values = [lookup.value_of(vm, name) or 0.0 for vm in vms]
        return sum(values) / len(values) if values else None

    monkeypatch.setattr(lookup, "mean", of_all)
    assert changed("expression-average-masks", lambda data: None).difference is not None


def test_a_cloud_that_forgets_updates_differs(monkeypatch, changed):
    monkeypatch.setattr(Oned, "update_vm", lambda self, vm_id, text, *, append: None)
    assert changed("onegate-put-metric-triggers-scale", lambda data: None).difference is not None


MALFORMED = {
    "missing": (lambda data: data["exchanges"][2].pop("status"), "exchanges[2].status: field required"),
    "of another type": (
        lambda data: data["series"][1]["roles"]["client"].update(nodes="1"),
        "series[1].roles.client.nodes: input should be a valid list",
    ),
    "unknown": (
        lambda data: data["exchanges"][0].update(proto="gopher"),
        "exchanges[0].proto: input should be 'oneflow'",
    ),
    "deep in an answer": (
        lambda data: data["exchanges"][0]["response_body"]["DOCUMENT"].update(ID="x"),
        "exchanges[0].response_body.DOCUMENT.ID: string should match pattern",
    ),
    "of a note": (lambda data: data["notes"].append({"t": "soon", "note": ""}), ".t: input should be a valid"),
    "settings": (
        lambda data: data["server_config"]["oneflow-server.conf"].update(wait_timeout="long"),
        "server_config.oneflow-server.conf: could not convert string to float",
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_recording_is_told_by_file_and_field(changed, what):
    change, place = MALFORMED[what]
    with pytest.raises(InputError) as refused:
        changed("deploy-two-roles-straight-nogate", change)
    text = str(refused.value)
    assert text.startswith("deploy-two-roles-straight-nogate.json: the field ")
    assert place in text
    assert "\n" not in text
