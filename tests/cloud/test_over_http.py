"""The embedded OpenNebula over its sockets: pyone, OneFlow and OneGate as a user and a VM meet them."""

import base64
import http.client
import socket

import httpx
import pyone
import pytest

from harness.cloud.embedded.clock import SimulatedClock
from harness.cloud.embedded.cloud import EmbeddedCloud
from harness.cloud.embedded.settings import FlowSettings, Settings
from harness.cloud.endpoints import Endpoints
from harness.cloud.errors import CloudRefused, CloudUnreachable
from harness.cloud.oned import Oned
from harness.cloud.oneflow import OneFlow
from harness.cloud.onegate import OneGate
from harness.cloud.states import ServiceState, VmState
from harness.errors import InputError, WaitAborted
from harness.hypervisor.dummy import Behaviour, DummyHypervisor

VM = 'NAME="flower-vm"\nCPU="1"\nMEMORY="64"\nCONTEXT=[TOKEN="YES"]'
FAST = FlowSettings(autoscaler_interval=10, default_cooldown=30, wait_timeout=5)
POLICY = {"type": "CHANGE", "adjust": 1, "expression": "ACTIVE > 0.5", "period": 10, "period_number": 2}


class _Contexts(DummyHypervisor):
    """Remembers what each VM was told, as its boot script would see it."""

    def __init__(self):
        super().__init__(Behaviour())
        self.contexts = {}

    def deploy(self, machine):
        self.contexts[machine.vm_id] = machine.context
        super().deploy(machine)


@pytest.fixture
def hypervisor():
    return _Contexts()


@pytest.fixture
def cloud(hypervisor):
    with EmbeddedCloud(hypervisor, Settings(flow=FAST), SimulatedClock(1_795_000_000)) as cloud:
        yield cloud


@pytest.fixture
def oned(cloud):
    return Oned(cloud.endpoints, limit=10)


@pytest.fixture
def flow(cloud):
    with OneFlow(cloud.endpoints, limit=10) as flow:
        yield flow


@pytest.fixture
def service(cloud, oned, flow):
    """A service with two SuperNodes that runs; its number."""
    role = {"name": "supernode", "type": "vm", "template_id": oned.create_template(VM), "cardinality": 2}
    role |= {"min_vms": 1, "max_vms": 4, "elasticity_policies": [POLICY]}
    number = flow.instantiate(flow.create_template({"name": "federation", "roles": [role]}))
    cloud.advance(1)
    return number


def _gate(hypervisor, vm_id):
    return OneGate.of_context(hypervisor.contexts[vm_id], limit=10)


def test_a_metric_put_by_a_vm_scales_its_role(cloud, hypervisor, flow, service):
    seen = flow.service(service)
    assert seen.state is ServiceState.RUNNING
    with _gate(hypervisor, seen.roles["supernode"].nodes[0]) as gate:
        gate.put(ACTIVE=0.9)
        assert gate.vm()["USER_TEMPLATE"]["ACTIVE"] == "0.9"
    cloud.advance(12)
    # Once true is not enough: the policy wants it twice.
    assert flow.service(service).roles["supernode"].cardinality == 2
    cloud.advance(10)
    seen = flow.service(service)
    assert (seen.state, seen.roles["supernode"].cardinality) == (ServiceState.COOLDOWN, 3)
    with pytest.raises(CloudRefused, match="Service cannot be scaled in state: COOLDOWN") as refused:
        flow.scale(service, "supernode", 1)
    assert refused.value.status == 500


def test_the_oldest_go_first_and_the_service_ends(cloud, oned, flow, service):
    oldest, youngest = flow.service(service).roles["supernode"].nodes
    flow.scale(service, "supernode", 1)
    cloud.advance(6)
    assert flow.service(service).roles["supernode"].nodes == (youngest,)
    assert oned.vm(oldest).state is VmState.DONE
    assert [vm.id for vm in oned.vms()] == [youngest]
    cloud.advance(40)
    flow.delete(service)
    cloud.advance(6)
    with pytest.raises(CloudRefused) as gone:
        flow.service(service)
    assert gone.value.status == 404
    assert oned.vms() == []


def test_a_role_with_the_gate_waits_for_ready(cloud, hypervisor, oned, flow):
    template = oned.create_template(VM)
    roles = [
        {"name": "superlink", "type": "vm", "template_id": template, "cardinality": 1},
        {"name": "supernode", "type": "vm", "template_id": template, "cardinality": 1, "parents": ["superlink"]},
    ]
    body = {"name": "federation", "deployment": "straight", "ready_status_gate": True, "roles": roles}
    number = flow.instantiate(flow.create_template(body))
    cloud.advance(60)
    seen = flow.service(number)
    assert seen.state is ServiceState.DEPLOYING
    assert seen.roles["supernode"].nodes == ()
    with _gate(hypervisor, seen.roles["superlink"].nodes[0]) as gate:
        gate.ready()
    cloud.advance(1)
    node = flow.service(number).roles["supernode"].nodes[0]
    with _gate(hypervisor, node) as gate:
        gate.ready()
        assert gate.service()["name"] == "federation"
    cloud.advance(1)
    assert flow.service(number).state is ServiceState.RUNNING


def test_pyones_own_exceptions(oned, service):
    with pytest.raises(pyone.OneNoExistsException):
        oned.vm(999)
    with pytest.raises(pyone.OneActionException, match="not supported"):
        oned.act(0, "fly")
    with pytest.raises(pyone.OneActionException, match="not supported by the embedded OpenNebula"):
        oned.act(0, "undeploy")
    with pytest.raises(pyone.OneException, match="Not supported by the embedded OpenNebula"):
        oned.one.vnpool.info(-2, -1, -1)
    assert oned.version() == "7.0.2"


def test_a_vm_that_is_powered_off_behind_oneflows_back(cloud, oned, flow, service):
    node = flow.service(service).roles["supernode"].nodes[0]
    oned.act(node, "poweroff-hard")
    cloud.advance(1)
    assert oned.vm(node).state is VmState.POWEROFF
    assert flow.service(service).state is ServiceState.WARNING
    oned.act(node, "resume")
    cloud.advance(1)
    assert oned.vm(node).running
    assert flow.service(service).state is ServiceState.RUNNING


def test_who_is_not_known_is_refused_everywhere(cloud, service, hypervisor):
    real = cloud.endpoints
    stranger = Endpoints(real.oned, real.oneflow, real.onegate, "oneadmin", "wrong")
    with pytest.raises(pyone.OneAuthenticationException):
        Oned(stranger, limit=10).vms()
    with OneFlow(stranger, limit=10) as flow, pytest.raises(CloudRefused, match="401 Invalid credentials"):
        flow.services()
    context = hypervisor.contexts[0]
    other = hypervisor.contexts[1]["ONEGATE_TOKEN"]
    flipped = bytearray(base64.b64decode(context["ONEGATE_TOKEN"]))
    flipped[3] ^= 1
    for token in ("", "x", "é=", other, base64.b64encode(flipped).decode()):
        answer = httpx.get(
            f"{real.onegate}/vm", headers={"X-ONEGATE-TOKEN": token.encode(), "X-ONEGATE-VMID": "0"}, timeout=10
        )
        assert (answer.status_code, answer.text) == (401, "Not authorized")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'{"roles": 1}', b'{"name": [], "roles": [[]]}', b"\xff"]
)
def test_bodies_that_are_none_are_refused(cloud, body):
    auth = (cloud.endpoints.user, cloud.endpoints.password)
    for path in ("/service_template", "/service_template/0/action", "/service/0/scale", "/service/0/action"):
        answer = httpx.post(f"{cloud.endpoints.oneflow}{path}", content=body, auth=auth, timeout=10)
        assert answer.status_code in {400, 404, 500}, (path, answer.text)


def test_what_is_no_xmlrpc_is_a_fault(cloud):
    answer = httpx.post(cloud.endpoints.oned, content=b"<methodCall>", timeout=10)
    assert answer.status_code == 200
    assert "<fault>" in answer.text


def test_restricted_and_broken_attributes(hypervisor, service):
    with _gate(hypervisor, 0) as gate:
        with pytest.raises(CloudRefused, match=r"403 Attribute \(ROLE_NAME\) cannot be modified"):
            gate.put(ROLE_NAME="superlink")
        with pytest.raises(CloudRefused) as broken:
            gate.put_text('A = "IDLE"')
        assert broken.value.status == 500
        gate.put_text("A = IDLE")
        assert gate.vm()["USER_TEMPLATE"]["A"] == " IDLE"


def test_a_context_without_a_token_is_told():
    with pytest.raises(InputError, match="lacks VMID, ONEGATE_TOKEN"):
        OneGate.of_context({"ONEGATE_ENDPOINT": "http://127.0.0.1:1"})


def test_a_service_that_fails_ends_the_wait(cloud, hypervisor, oned, flow):
    hypervisor.behaviour.deploy_fails, hypervisor.behaviour.deploy_seconds = True, 1
    role = {"name": "supernode", "type": "vm", "template_id": oned.create_template(VM), "cardinality": 1}
    number = flow.instantiate(flow.create_template({"name": "federation", "roles": [role]}))
    cloud.advance(20)
    with pytest.raises(WaitAborted, match="FAILED_DEPLOYING, and not in RUNNING"):
        flow.wait(number, ServiceState.RUNNING, timeout=5)


def test_a_server_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        endpoints = Endpoints(f"{url}/RPC2", url, url, "oneadmin", "x")
        with (
            OneFlow(endpoints, limit=0.2) as flow,
            pytest.raises(CloudUnreachable, match=r"did not answer within 0\.2 s"),
        ):
            flow.services()
        with pytest.raises(CloudUnreachable, match=r"did not answer within 0\.2 s"):
            Oned(endpoints, limit=0.2).vms()
    with OneFlow(endpoints, limit=0.2) as flow, pytest.raises(CloudUnreachable, match="cannot be reached"):
        flow.services()


def test_the_machines_own_clock_drives_it(hypervisor):
    settings = Settings(flow=FlowSettings(autoscaler_interval=0.1, default_cooldown=1, wait_timeout=1))
    with EmbeddedCloud(hypervisor, settings) as cloud, OneFlow(cloud.endpoints, limit=10) as flow:
        oned = Oned(cloud.endpoints, limit=10)
        role = {"name": "supernode", "type": "vm", "template_id": oned.create_template(VM), "cardinality": 1}
        role |= {"min_vms": 1, "max_vms": 2, "elasticity_policies": [{**POLICY, "period": 0, "period_number": 0}]}
        number = flow.instantiate(flow.create_template({"name": "federation", "roles": [role]}))
        node = flow.wait(number, ServiceState.RUNNING, timeout=30, poll=0.05).roles["supernode"].nodes[0]
        oned.update(node, ACTIVE=1)
        assert len(flow.wait(number, ServiceState.COOLDOWN, timeout=30, poll=0.05).roles["supernode"].nodes) == 2
        flow.wait(number, ServiceState.RUNNING, timeout=30, poll=0.05)
        port = int(cloud.endpoints.oneflow.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()


def test_a_week_of_a_schedule(cloud, oned, flow):
    role = {"name": "supernode", "type": "vm", "template_id": oned.create_template(VM), "cardinality": 2}
    scheduled = [
        {"type": "CARDINALITY", "adjust": 4, "recurrence": "0 8 * * 1-5"},
        {"type": "CARDINALITY", "adjust": 2, "recurrence": "0 20 * * 1-5"},
    ]
    role |= {"min_vms": 2, "max_vms": 4, "scheduled_policies": scheduled}
    number = flow.instantiate(flow.create_template({"name": "federation", "roles": [role]}))
    cloud.advance(7 * 86_400)
    log = [text for text in flow.service(number).log if text.startswith("Role")]
    up, down = "Role supernode scaling up from 2 to 4 nodes", "Role supernode scaling down from 4 to 2 nodes"
    # From a Wednesday before noon to the next: Thursday, Friday, Monday, Tuesday, and that morning.
    assert log == [up, down] * 4 + [up]


@pytest.mark.parametrize("where", ["body", "query"])
def test_onegate_takes_its_parameters_from_a_form_as_from_the_query(hypervisor, oned, flow, service, where):
    # onegate-server.rb reads `data` and `type` of Sinatra's params, in which both are.
    vm = flow.service(service).roles["supernode"].nodes[0]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    def put(gate, text):
        target, content = (f"/vm?{text}", "") if where == "query" else ("/vm", text)
        return gate.http.ask("PUT", target, content=content, headers=headers).status_code

    with _gate(hypervisor, vm) as gate:
        assert put(gate, "data=READY%3DYES&type=1") == 200
        assert oned.vm(vm).user_template["READY"] == "YES"
        assert put(gate, "data=READY&type=2") == 200
        assert "READY" not in oned.vm(vm).user_template


def test_a_body_that_is_no_form_is_taken_as_it_is(hypervisor, oned, flow, service):
    vm = flow.service(service).roles["supernode"].nodes[0]
    with _gate(hypervisor, vm) as gate:
        gate.http.ask("PUT", "/vm", content="data=READY%3DYES", headers={"Content-Type": "text/plain"})
    assert oned.vm(vm).user_template["DATA"] == "READY%3DYES"
