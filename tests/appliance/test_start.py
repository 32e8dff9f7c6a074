"""What the SuperNode is started with, and how its end and the script's belong together."""

import base64
import re
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.cloud.embedded.web import Response

ADDRESS = "127.0.0.1:20999"
PLAIN = [
    "--superlink", ADDRESS, "--isolation", "subprocess", "--clientappio-api-address", "127.0.0.1:9094", "--insecure"
]  # fmt: skip


def test_with_an_address_and_no_onegate(run, called):
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS)
    assert called(script) == PLAIN
    assert script.said == ["boot: no OneGate for this VM: nothing is published", f"boot: SuperLink at {ADDRESS}"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_partition_is_the_place_in_the_role(boot, superlink_ready, called, number):
    assert called(boot(number)) == [*PLAIN, "--node-config", f"partition-id={number} num-partitions=3"]


def test_the_partition_with_an_address(boot, line, called):
    assert called(boot(1, FL_SUPERLINK_ADDRESS=ADDRESS))[-1] == "partition-id=1 num-partitions=3"
    assert len(line.tries()) == 1


def test_a_node_config_is_handed_on_as_it_is(boot, superlink_ready, line, called):
    text = 'partition-id=7 num-partitions=9 site.name="north pole" speed=1e-3 cold=true quote=\'a"b\''
    assert called(boot(FL_NODE_CONFIG=text))[-2:] == ["--node-config", text]


def test_a_node_config_and_an_address_need_no_onegate(boot, line, called):
    assert called(boot(FL_SUPERLINK_ADDRESS=ADDRESS, FL_NODE_CONFIG="partition-id=7"))[-1] == "partition-id=7"
    assert line.tries() == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response(400, "Empty or invalid SERVICE_ID"), "with 400: Empty or invalid SERVICE_ID"),
        (Response(401, "Not authorized"), "refuses the token"),
        (Response(200, '{"SERVICE": {"roles": [{"name": "other", "nodes": [{"deploy_id": 9999}]}]}}'), "has no role"),
    ],
)
def test_no_partition_with_an_address(boot, line, called, answer, why):
    line.disturb = lambda asked: answer if asked.path == "/service" else None
    script = boot(FL_SUPERLINK_ADDRESS=ADDRESS)
    assert called(script) == PLAIN
    (said,) = [said for said in script.said if "no partition-id" in said]
    assert why in said
    assert len(line.tries()) == 1


def test_onegate_out_of_reach_does_not_hold_up_a_node_with_an_address(boot, ports, called):
    script = boot(FL_SUPERLINK_ADDRESS=ADDRESS, ONEGATE_ENDPOINT=f"http://127.0.0.1:{ports.take()}")
    assert called(script) == PLAIN
    assert [re.match(r"boot: try \d of 3", said) is not None for said in script.said[:2]] == [True, True]
    assert "no partition-id, which FL_NODE_CONFIG would give: OneGate at" in script.said[2]


def test_a_service_that_does_not_know_the_vm_yet(boot, line, called):
    early = Response(400, "Service 1 does not contain VM 2.")
    line.disturb = lambda asked: early if asked.path == "/service" and len(line.tries()) < 2 else None
    assert called(boot(2, FL_SUPERLINK_ADDRESS=ADDRESS))[-1] == "partition-id=2 num-partitions=3"


@pytest.mark.parametrize(
    ("context", "flags"),
    [
        ({}, []),
        ({"FL_MAX_RETRIES": "0"}, []),
        ({"FL_MAX_RETRIES": "0", "FL_RETRY_MEANING": "zero-is-unlimited"}, []),
        ({"FL_MAX_RETRIES": "0", "FL_RETRY_MEANING": "as-specified"}, ["--max-retries", "0"]),
        ({"FL_MAX_RETRIES": "3"}, ["--max-retries", "3"]),
        ({"FL_MAX_RETRIES": "3", "FL_RETRY_MEANING": "as-specified"}, ["--max-retries", "3"]),
        ({"FL_MAX_WAIT_TIME": "0"}, []),
        ({"FL_MAX_WAIT_TIME": "0.0"}, []),
        ({"FL_MAX_WAIT_TIME": "0", "FL_RETRY_MEANING": "as-specified"}, ["--max-wait-time", "0"]),
        ({"FL_MAX_WAIT_TIME": "0.5"}, ["--max-wait-time", "0.5"]),
        ({"FL_MAX_RETRIES": "2", "FL_MAX_WAIT_TIME": "60"}, ["--max-retries", "2", "--max-wait-time", "60"]),
        ({"FL_CLIENTAPPIO_PORT": "20944"}, ["--clientappio-api-address", "127.0.0.1:20944"]),
        ({"FL_ISOLATION": "process"}, ["--isolation", "process"]),
    ],
)
def test_flags(run, called, context, flags):
    expected = list(PLAIN)
    for name, value in zip(flags[::2], flags[1::2], strict=True):
        if name in expected:
            expected[expected.index(name) + 1] = value
        else:
            expected += [name, value]
    assert called(run(FL_SUPERLINK_ADDRESS=ADDRESS, **context)) == expected


def _certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of a test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("form", ["path", "base64"])
def test_tls(run, called, tmp_path, form):
    pem = _certificate()
    (tmp_path / "ca.pem").write_bytes(pem)
    given = str(tmp_path / "ca.pem") if form == "path" else base64.b64encode(pem).decode()
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS, FL_TLS_CA=given)
    words = called(script)
    assert "--insecure" not in words
    path = Path(words[words.index("--root-certificates") + 1])
    assert path.read_bytes() == pem
    script.terminate()
    assert not path.parent.exists()


def test_the_clientapp_gets_no_token(boot, superlink_ready, called):
    script = boot(TOKENTXT="secret", FL_MAX_RETRIES="3")
    called(script)
    names = {line.split("=")[0] for line in (script.process.log.parent / "called.env").read_text().splitlines()}
    assert "FL_MAX_RETRIES" in names
    assert not names & {"ONEGATE_TOKEN", "TOKENTXT"}


# -------------------------------------------------------------------------------------------------------- docker

CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
RUN = "run --rm --name flower-supernode --network host --restart no "


def _docker(run, **context):
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS, FL_RUNTIME="docker", **context)
    assert script.end() == 0
    return (script.process.log.parent / "called").read_text().splitlines(), script.said


def test_a_container(run):
    calls, said = _docker(run, IMAGE_HERE="yes", FL_NODE_CONFIG="partition-id=3")
    assert calls == [
        "image inspect flwr/supernode:1.25.0",
        "rm --force flower-supernode",
        f"{RUN}flwr/supernode:1.25.0 {' '.join(PLAIN)} --node-config partition-id=3",
    ]
    assert not any("pull" in line for line in said)


def test_a_container_of_another_version_with_tls(run):
    calls, said = _docker(run, FL_VERSION="1.31.0", FL_TLS_CA=CERTIFICATE)
    assert re.fullmatch(
        rf"{RUN}--volume /tmp/\S+/ca.pem:/run/flower-ca.pem:ro flwr/supernode:1.31.0 --superlink .*"
        r" --root-certificates /run/flower-ca.pem",
        calls[-1],
    )
    assert "boot: the image flwr/supernode:1.31.0 is not here: Docker will pull it" in said


def test_docker_is_taken_where_there_is_no_supernode(run, tmp_path):
    (tmp_path / "bin").mkdir()
    tools = "bash basename curl jq mktemp chmod rm docker cat env sleep grep base64 cp tr mkfifo"
    for tool in tools.split():
        place = Path(__file__).parent / "programs" / tool
        if not place.exists():
            place = Path(subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip())
        (tmp_path / "bin" / tool).symlink_to(place)
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS, PATH=str(tmp_path / "bin"))
    assert script.end() == 0
    assert (script.process.log.parent / "called").read_text().splitlines()[-1].startswith(RUN)


def test_a_supernode_that_is_not_there(run):
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS, FL_RUNTIME="process", PATH="/usr/bin:/bin")
    assert script.end() == 7
    assert script.said == ["boot: flower-supernode is not on this machine; FL_RUNTIME=process runs it from PATH"]


# ------------------------------------------------------------------------------------------------ its end, its log


@pytest.mark.parametrize("code", [0, 1, 42])
def test_the_exit_code_is_the_supernodes(run, code):
    assert run(FL_SUPERLINK_ADDRESS=ADDRESS, LASTS="0.1", CODE=str(code)).end() == code


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 5, b"farewell\n"), (signal.SIGINT, 11, b"interrupted\n")]
)
def test_signals_are_passed_on(run, called, number, code, word):
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS, CODE="5")
    called(script)
    assert script.terminate(number) == code
    assert script.log == word
    assert script.process.tree() == []


def test_a_supernode_that_is_killed(run, called):
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS)
    called(script)
    (supernode,) = [process for process in script.process.tree() if "flower-supernode" in " ".join(process.cmdline())]
    children = supernode.children(recursive=True)
    assert children
    supernode.kill()
    assert script.end() == 128 + 9
    # What it left behind is ended too.
    psutil.wait_procs(children, timeout=5)
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert script.process.tree() == []


ODD = (
    b"\x1b[92mINFO \x1b[0m:      SuperNode ID: 7\n"
    b"   leading blanks and a backslash \\n \\\n"
    b"\ttab, %s percent, \xff\xfe no UTF-8, \xf0\x9f\x8c\xbb\n"
    b"\n"
    b"carriage\rreturn\r\n"
    b"no newline at the end"
)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_the_log_arrives_unchanged(boot, superlink_ready, tmp_path, locale):
    (tmp_path / "says").write_bytes(ODD)
    script = boot(LC_ALL=locale, SAYS=str(tmp_path / "says"), LASTS="0.1")
    assert script.end() == 0
    assert script.log == ODD


def test_a_line_arrives_when_it_is_written(run, tmp_path):
    (tmp_path / "says").write_bytes(b"first\n")
    script = run(FL_SUPERLINK_ADDRESS=ADDRESS, SAYS=str(tmp_path / "says"))
    script.until_logged(b"first\n")
    assert script.process.running
