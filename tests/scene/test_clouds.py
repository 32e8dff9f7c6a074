"""The cloud of a scenario: what is done to it, and what its observer writes into the history."""

import time

import pytest

from harness.cloud.embedded.clock import SimulatedClock
from harness.cloud.embedded.settings import FlowSettings, Settings
from harness.cloud.errors import CloudRefused
from harness.cloud.states import ServiceState
from harness.errors import HarnessError
from harness.history.recorder import Recorder
from harness.scene.clouds import CloudScene
from harness.waiting import wait_until

VM = 'NAME="flower-vm"\nCPU="1"\nMEMORY="64"\nCONTEXT=[TOKEN="YES"]'
FAST = Settings(monitoring_interval=1, flow=FlowSettings(autoscaler_interval=0.2, default_cooldown=1, wait_timeout=1))
POLICY = {"type": "CHANGE", "adjust": 1, "expression": "LOAD > 50", "period": 0, "period_number": 2, "cooldown": 1}


def _service(**more):
    roles = [
        {"name": "superlink", "type": "vm", "cardinality": 1},
        {"name": "supernode", "type": "vm", "cardinality": 2, "min_vms": 1, "max_vms": 4, **more},
    ]
    return {"name": "federation", "deployment": "straight", "roles": roles}


VMS = {"superlink": VM, "supernode": VM}


@pytest.fixture
def recorder(tmp_path):
    with Recorder(tmp_path / "history.jsonl") as recorder:
        yield recorder


@pytest.fixture
def cloud(recorder):
    with CloudScene(recorder, settings=FAST) as cloud:
        yield cloud


def _until(recorder, kind, **query):
    return wait_until(lambda: recorder.history().first(kind, **query), what=f"{kind} {query}", timeout=20, poll=0.05)


def test_a_metric_that_a_vm_puts_scales_its_role_and_all_of_it_is_in_the_history(cloud, recorder):
    number = cloud.deploy(_service(elasticity_policies=[POLICY]), VMS)
    assert cloud.wait().state is ServiceState.RUNNING
    (superlink,), nodes = cloud.nodes("superlink"), cloud.nodes("supernode")
    assert cloud.put_metric(nodes[0], "LOAD=90") == 200
    up = _until(recorder, "role.seen", role="supernode", cardinality=3)
    assert up["service"] == number
    _until(recorder, "service.seen", state="COOLDOWN")
    history = recorder.history()
    assert history.needed("service.deploy")["template"]["roles"][1]["elasticity_policies"] == [POLICY]
    put = history.needed("metric.put")
    assert (put["vm"], put["body"], put["status"]) == (nodes[0], "LOAD=90", 200)
    assert history.last("vm.metrics", vm=nodes[0])["metrics"] == {"LOAD": "90"}
    assert history.needed("vm.seen", vm=superlink, state="ACTIVE", lcm="RUNNING")["role"] == "superlink"
    evaluated = [event["evaluated"] for event in history.of("policy.seen", role="supernode", policy=0)]
    assert "LOAD[90.0] > 50" in evaluated
    said = [event["message"] for event in history.of("flow.log")]
    assert said.count("Role supernode scaling up from 2 to 3 nodes") == 1
    assert said[0] == "New state: DEPLOYING_NETS"


def test_scaling_by_hand_and_its_refusals_are_recorded(cloud, recorder):
    cloud.deploy(_service(), VMS)
    cloud.wait()
    before = cloud.nodes("supernode")
    assert cloud.scale("supernode", 9).startswith("Can't scale service")
    assert cloud.scale("supernode", 1) is None
    _until(recorder, "role.seen", role="supernode", nodes=[before[1]])
    gone = _until(recorder, "vm.seen", vm=before[0], state="DONE")
    refused, done = recorder.history().of("service.scale")
    assert "Maximum cardinality is 4" in refused["refused"]
    assert done["refused"] is None
    assert done.t < gone.t


def test_a_body_that_onegate_refuses_is_recorded_with_its_status(cloud, recorder):
    cloud.deploy(_service(), VMS)
    cloud.wait()
    node = cloud.nodes("supernode")[0]
    assert cloud.put_metric(node, "ROLE_NAME=superlink") == 403
    assert cloud.put_metric(node, 'A = "IDLE"') == 500
    assert [event["status"] for event in recorder.history().of("metric.put")] == [403, 500]
    cloud.put_metric(node, "A = IDLE")
    assert cloud.read(node).user_template["A"] == " IDLE"
    assert recorder.history().needed("vm.read", vm=node)["user_template"]["A"] == " IDLE"


def test_policies_are_replaced_while_the_service_runs(cloud, recorder):
    cloud.deploy(_service(elasticity_policies=[POLICY]), VMS)
    cloud.wait()
    cloud.put_policies("supernode", [{**POLICY, "expression": "LOAD < 5"}])
    seen = _until(recorder, "policy.seen", expression="LOAD < 5", evaluated="LOAD[--] < 5")
    assert seen.t > recorder.history().needed("policies.put", role="supernode").t


def test_a_cloud_that_stops_answering_is_an_event_and_no_crash(cloud, recorder, monkeypatch):
    cloud.deploy(_service(), VMS)
    cloud.wait()

    def broken(number):
        raise CloudRefused("GET /service/0", 500, "out of order")

    with monkeypatch.context() as patched:
        patched.setattr(cloud.observer._flow, "service", broken)
        first = _until(recorder, "cloud.error")
        cloud.observer.look()
        assert len(recorder.history().of("cloud.error")) == 1
    assert "500 out of order" in first["error"]
    cloud.delete()
    _until(recorder, "service.seen", state="GONE")


def test_a_simulated_clock_moves_by_advance_only(recorder):
    slow = Settings(flow=FlowSettings(autoscaler_interval=60))
    with CloudScene(recorder, settings=slow, clock=SimulatedClock(1_795_000_000)) as cloud:
        daily = {"type": "CARDINALITY", "adjust": 4, "recurrence": "0 9 * * *", "cooldown": 1}
        cloud.deploy(_service(scheduled_policies=[daily]), VMS)
        assert cloud.service().state is not ServiceState.RUNNING
        cloud.advance(60, look_every=30)
        assert cloud.service().state is ServiceState.RUNNING
        cloud.advance(86_400, look_every=21_600)
        history = recorder.history()
        entry = history.needed("flow.log", message="Role supernode scaling up from 2 to 4 nodes")
        assert entry["at"] % 86_400 == pytest.approx(9 * 3600, abs=61)
        assert history.last("schedule.seen", role="supernode")["planned"] == "0 9 * * *"


def test_what_is_missing_is_told(cloud):
    with pytest.raises(HarnessError, match="has no service"):
        cloud.service()
    with pytest.raises(HarnessError, match="role superlink has no VM template"):
        cloud.deploy(_service(), {"supernode": VM})
    with pytest.raises(HarnessError, match="simulated clock"):
        cloud.advance(1, look_every=1)
    cloud.deploy(_service(), VMS)
    with pytest.raises(HarnessError, match="no role 'node'"):
        cloud.nodes("node")


def test_a_look_costs_little(cloud):
    cloud.deploy(_service(elasticity_policies=[POLICY]), VMS)
    cloud.wait()
    begun = time.thread_time()
    for _ in range(20):
        cloud.observer.look()
    assert (time.thread_time() - begun) / 20 < 0.02
