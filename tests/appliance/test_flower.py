"""Both boot scripts with Flower itself: a SuperLink's VM, SuperNodes' VMs, a run, and their ends."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from boot_scripts import APPLIANCE, PATIENCE, Script

from harness.cloud.embedded.web import Response
from harness.flower import app as apps
from harness.flower.place import Place
from harness.waiting import wait_until


@dataclass(frozen=True)
class SuperLink:
    """One that listens, with its ports."""

    script: Script
    fleet: int
    control: int


def _addresses(ports):
    fleet, control, serverapp = (ports.take() for _ in range(3))
    context = {
        "FL_FLEET_ADDRESS": f"127.0.0.1:{fleet}",
        "FL_CONTROL_ADDRESS": f"127.0.0.1:{control}",
        "FL_SERVERAPPIO_ADDRESS": f"127.0.0.1:{serverapp}",
    }
    return fleet, control, context


@pytest.fixture
def superlink(run, vms, line, real, ports):
    fleet, control, context = _addresses(ports)
    told = vms.contexts[vms.superlink] | {"ONEGATE_ENDPOINT": line.endpoint} | real("superlink") | context
    script = run(told, script="superlink.sh", FL_REPORT_READY="YES")
    script.until(lambda: vms.attributes(vms.superlink).get("FL_READY") == "YES", "FL_READY=YES")
    return SuperLink(script, fleet, control)


def test_a_run_with_two_vms(superlink, boot, real, vms, ports, flower, tmp_path):  # noqa: PLR0917 - fixtures
    assert vms.attributes(vms.superlink)["FL_ENDPOINT"] == f"127.0.0.1:{superlink.fleet}"
    assert vms.attributes(vms.superlink)["READY"] == "YES"
    nodes = [
        boot(number, **real(f"node-{number}"), FL_CLIENTAPPIO_PORT=str(ports.take()), FL_REPORT_READY="YES")
        for number in (0, 1)
    ]
    for number, node in enumerate(nodes):
        node.until(lambda vm=vms.supernodes[number]: _status(vms, vm) == ("IDLE", "NO", "0"), "IDLE")
    place = Place(tmp_path / "place", tmp_path / "logs")
    fixture = APPLIANCE.parent / "flower_app"
    app = apps.prepare(fixture, place, flower, control_port=superlink.control, tls=None, strategy=None)
    apps.start_run(app, {"events-dir": str(place.events), "num-rounds": 2, "min-fit": 2, "min-available": 2})
    seen = {vm: [] for vm in vms.supernodes[:2]}

    def look():
        for vm, states in seen.items():
            if (state := _status(vms, vm)) not in states[-1:]:
                states.append(state)
        return seen

    def done(states):
        return all(("TRAINING", "YES", "2") in one and one[-1] == ("IDLE", "NO", "2") for one in states.values())

    wait_until(look, done, what="two rounds in what the VMs publish", timeout=3 * PATIENCE, poll=0.05)
    assert all(b"\x1b[92mINFO \x1b[0m:      Sent successfully\n" in node.log for node in nodes)
    configs = [line for node in nodes for line in node.said if "node config" in line]
    assert [config.split("node config ")[1] for config in configs] == [
        "partition-id=0 num-partitions=3",
        "partition-id=1 num-partitions=3",
    ]
    # The ends: the codes are the programs' own, and nothing stays.
    trees = [process for node in nodes for process in node.process.tree()]
    assert [node.terminate() for node in nodes] == [0, 0]
    assert [_status(vms, vm)[0] for vm in seen] == ["DISCONNECTED", "DISCONNECTED"]
    assert all(b"SuperNode terminated gracefully." in node.log for node in nodes)
    trees += superlink.script.process.tree()
    assert superlink.script.terminate() == 0
    assert vms.attributes(vms.superlink)["FL_READY"] == "NO"
    psutil.wait_procs(trees, timeout=5)
    assert not [process for process in trees if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def _status(vms, vm):
    seen: Mapping[str, str] = vms.attributes(vm)
    return seen.get("FL_CLIENT_STATUS"), seen.get("FL_TRAINING_ACTIVE"), seen.get("FL_ROUND_NUMBER")


def test_zero_retries_as_specified_give_up_at_once(boot, real, ports, vms):
    """Measured, where the specification says unlimited: the SuperNode ends with 1 at its first failed connection."""
    context = real("node") | {"FL_SUPERLINK_ADDRESS": f"127.0.0.1:{ports.take()}", "FL_MAX_RETRIES": "0"}
    context |= {"FL_CLIENTAPPIO_PORT": str(ports.take())}
    as_specified = boot(0, **context, FL_RETRY_MEANING="as-specified")
    assert as_specified.end() == 1
    assert b"retrying" not in as_specified.log
    assert vms.attributes(vms.supernodes[0])["FL_CLIENT_STATUS"] == "DISCONNECTED"
    unlimited = boot(1, **context)
    unlimited.until(lambda: unlimited.log.count(b"retrying") >= 2, "two tries")
    assert vms.attributes(vms.supernodes[1])["FL_CLIENT_STATUS"] == "DISCONNECTED"
    assert unlimited.terminate() == 0


# ---------------------------------------------------------------------------------------------- the SuperLink's VM


BAD = [
    ({"FL_FLEET_ADDRESS": "9092"}, "FL_FLEET_ADDRESS='9092' is not allowed: host:port"),
    ({"FL_CONTROL_ADDRESS": "x:y"}, "FL_CONTROL_ADDRESS='x:y' is not allowed: host:port"),
    ({"FL_SERVERAPPIO_ADDRESS": ":1"}, "FL_SERVERAPPIO_ADDRESS=':1' is not allowed: host:port"),
    ({"FL_PUBLISHED_ENDPOINT": "here"}, "FL_PUBLISHED_ENDPOINT='here' is not allowed: host:port"),
    ({"FL_DATABASE": "state.db"}, "FL_DATABASE='state.db' is not allowed: the absolute path"),
    ({"FL_START_TIMEOUT": "0"}, "FL_START_TIMEOUT='0' is not allowed: a number above 0"),
    ({"FL_TLS_CERT": "/no/such/file"}, "FL_TLS_CERT='/no/such/file' is not allowed: the path of a PEM file"),
    ({"FL_TLS_CERT": "/no/such/file"}, "FL_TLS_CA is not set: TLS needs"),
    ({"FL_TLS_CERT": "/no/such/file"}, "FL_TLS_KEY is not set: TLS needs"),
    ({"FL_TIME_SCALE": "x"}, "FL_TIME_SCALE='x' is not allowed"),
    ({"VMID": "x"}, "VMID='x' is not allowed"),
]


@pytest.mark.parametrize(("context", "line"), BAD, ids=[line.split(" ")[0] for _, line in BAD])
def test_a_superlinks_context(run, context, line):
    script = run(context, script="superlink.sh")
    assert script.end() == 2
    assert any(said.startswith(f"superlink: {line}") for said in script.said)
    assert script.log == b""


STANDS_IN = """#!/bin/bash
printf '%s\\n' "$@" > "$CALLED"
trap 'exit 3' TERM
sleep 600 &
wait $!
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    """A SuperLink that never listens, on PATH."""
    program = tmp_path / "bin" / "flower-superlink"
    program.parent.mkdir()
    program.write_text(STANDS_IN)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin"}


def test_a_superlink_that_does_not_listen(run, vms, line, ports, stand_in):
    _, _, context = _addresses(ports)
    told = vms.contexts[vms.superlink] | {"ONEGATE_ENDPOINT": line.endpoint} | stand_in | context
    script = run(told, script="superlink.sh", FL_START_TIMEOUT="0.3", FL_REPORT_READY="YES")
    assert script.end() == 3
    assert "does not listen on" in script.said[-1]
    assert line.published() == [{"FL_READY": "NO"}]


@pytest.mark.parametrize(
    ("context", "endpoint"),
    [
        ({"FL_FLEET_ADDRESS": "0.0.0.0:PORT"}, None),
        ({"FL_FLEET_ADDRESS": "0.0.0.0:PORT", "ETH0_IP": "10.0.0.4"}, "10.0.0.4:PORT"),
        ({"FL_FLEET_ADDRESS": "127.0.0.1:PORT", "ETH0_IP": "10.0.0.4"}, "127.0.0.1:PORT"),
        ({"FL_FLEET_ADDRESS": "127.0.0.1:PORT", "FL_PUBLISHED_ENDPOINT": "sl.example.org:9092"}, "sl.example.org:9092"),
    ],
)
def test_what_a_superlink_publishes(run, vms, line, ports, stand_in, context, endpoint):  # noqa: PLR0917 - fixtures
    port = str(ports.take())
    # Something listens there in the stand-in's place.
    with socket.create_server(("127.0.0.1", int(port))):
        context = {name: value.replace("PORT", port) for name, value in context.items()}
        told = vms.contexts[vms.superlink] | {"ONEGATE_ENDPOINT": line.endpoint} | stand_in | context
        script = run(told, script="superlink.sh")
        wait_until(line.published, what="FL_READY", timeout=PATIENCE)
        expected = {"FL_READY": "YES"} | ({} if endpoint is None else {"FL_ENDPOINT": endpoint.replace("PORT", port)})
        assert line.published() == [expected]
        assert script.terminate() == 3
    assert line.published()[1:] == [{"FL_READY": "NO"}]


def test_ready_is_published_when_onegate_is_there_again(run, vms, line, ports, stand_in):
    port = ports.take()
    fails = iter([True, True])
    line.disturb = lambda _: Response(503, "") if next(fails, False) else None
    with socket.create_server(("127.0.0.1", port)):
        told = vms.contexts[vms.superlink] | {"ONEGATE_ENDPOINT": line.endpoint} | stand_in
        script = run(told, script="superlink.sh", FL_FLEET_ADDRESS=f"127.0.0.1:{port}")
        script.until(lambda: vms.attributes(vms.superlink).get("FL_READY") == "YES", "FL_READY=YES")
    assert len([said for said in script.said if "does not take" in said]) == 1


def test_flags_of_a_superlink(run, ports, stand_in, called):
    fleet, control, context = _addresses(ports)
    script = run(stand_in | context, script="superlink.sh", FL_DATABASE="/tmp/state.db")
    wait_until((script.process.log.parent / "called").exists, what="the SuperLink's start", timeout=PATIENCE)
    words = (script.process.log.parent / "called").read_text().splitlines()
    assert words[:4] == ["--fleet-api-address", f"127.0.0.1:{fleet}", "--control-api-address", f"127.0.0.1:{control}"]
    assert words[6:] == ["--database", "/tmp/state.db", "--insecure"]
