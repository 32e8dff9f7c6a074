"""Finding the SuperLink: what counts as ready, when it is tried again, and what is said when the tries are used up."""

import re
import signal
from itertools import pairwise

import pytest

from harness.cloud.embedded.web import Response

SHORT = {"FL_TIME_SCALE": "0.002"}
"""30 tries in 0.6 s."""


def _announced(script):
    """The waits that the script has said, seconds."""
    return [float(found[1]) for said in script.said if (found := re.search(r"; next in ([\d.]+) s$", said))]


def _gaps(line):
    return [later - earlier for earlier, later in pairwise(line.tries())]


@pytest.mark.parametrize(
    ("context", "waits"),
    [
        ({}, [0.4, 0.4, 0.4, 0.4]),
        ({"FL_EDGE_BACKOFF": "fixed", "FL_EDGE_MAX_BACKOFF": "5"}, [0.4, 0.4, 0.4, 0.4]),
        ({"FL_EDGE_BACKOFF": "exponential"}, [0.4, 0.8, 1.6, 3.2]),
        ({"FL_EDGE_BACKOFF": "exponential", "FL_EDGE_MAX_BACKOFF": "25"}, [0.4, 0.8, 1.0, 1.0]),
        ({"FL_EDGE_BACKOFF": "exponential", "FL_EDGE_MAX_BACKOFF": "5"}, [0.2, 0.2, 0.2, 0.2]),
        ({"FL_DISCOVERY_INTERVAL": "7.5"}, [0.3, 0.3, 0.3, 0.3]),
    ],
)
def test_when_it_is_tried_again(boot, line, context, waits):
    script = boot(FL_TIME_SCALE="0.04", FL_DISCOVERY_TRIES="5", **context)
    assert script.end() == 3
    assert _announced(script) == pytest.approx(waits)
    gaps = _gaps(line)
    assert len(gaps) == 4
    for gap, wait in zip(gaps, waits, strict=True):
        # Requests take their time, more on a busy machine: the clock runs from the start of a try.
        assert gap > 0.5 * wait
    assert sum(gaps) > 0.9 * sum(waits)


def test_a_slow_answer_is_part_of_the_interval(boot, line):
    line.disturb = lambda _: _later(line, 3)
    script = boot(FL_TIME_SCALE="0.32", FL_DISCOVERY_TRIES="2", FL_ONEGATE_TIMEOUT="30")
    assert script.end() == 6
    # 3.2 s from start to start; 6.2 s if the interval began with the answer.
    (gap,) = _gaps(line)
    assert 2.9 < gap < 5.7


def _later(line, seconds):
    # Waits in the server's own thread, which this request has to itself.
    line.pause.wait(seconds)
    return Response(503, "busy")


def test_thirty_tries_unless_told_otherwise(boot, line):
    script = boot(**SHORT)
    assert script.end() == 3
    assert len(line.tries()) == 30
    assert script.said[-1] == (
        f"boot: no SuperLink after 30 tries: VM {_superlink(line)} of role superlink has not published FL_READY=YES"
    )
    assert script.said[0].startswith("boot: try 1 of 30: ")
    assert len(script.said) == 30


def _superlink(line):
    (number,) = {asked.path.removeprefix("/vms/") for asked in line.asked if asked.path.startswith("/vms/")}
    return number


def test_a_superlink_that_is_ready_late(boot, vms, line, called):
    script = boot()
    script.until_said("try 3 of 30")
    assert not (script.process.log.parent / "called").exists()
    with vms.gate(vms.superlink) as gate:
        gate.put(FL_READY="YES", FL_ENDPOINT="10.0.0.7:19092")
    assert called(script)[:2] == ["--superlink", "10.0.0.7:19092"]
    assert 4 <= len(line.tries()) <= 30
    assert "boot: SuperLink at 10.0.0.7:19092, node config partition-id=0 num-partitions=3" in script.said


def test_ready_as_the_specifications_example_writes_it(boot, vms, called):
    with vms.gate(vms.superlink) as gate:
        gate.put_text("FL_READY = YES\nFL_ENDPOINT = 10.0.0.7:9092")
    assert vms.attributes(vms.superlink)["FL_READY"].startswith(" ")
    assert called(boot())[1] == "10.0.0.7:9092"


@pytest.mark.parametrize("word", ["NO", "yes", "YES!", ""])
def test_what_is_not_ready(boot, vms, word):
    with vms.gate(vms.superlink) as gate:
        gate.put_text(f'FL_READY="{word}"\n'.replace('="', "=").replace('"', "") + "FL_ENDPOINT=10.0.0.7:9092")
    script = boot(**SHORT, FL_DISCOVERY_TRIES="2")
    assert script.end() == 3
    assert "has not published FL_READY=YES" in script.said[-1]


def _vm(user_template, nics):
    body = f'{{"VM": {{"USER_TEMPLATE": {user_template}, "TEMPLATE": {{"NIC": {nics}}}}}}}'
    return lambda asked: Response(200, body) if asked.path.startswith("/vms/") else None


@pytest.mark.parametrize("nics", ['[{"IP": "10.0.0.9"}, {"IP": "10.0.0.10"}]', '{"IP": "10.0.0.9"}'])
def test_without_an_endpoint_the_nic_says_where(boot, line, called, nics):
    line.disturb = _vm('{"FL_READY": "YES"}', nics)
    assert called(boot())[1] == "10.0.0.9:9092"


def test_a_vm_that_is_nowhere(boot, line):
    line.disturb = _vm('{"FL_READY": "YES"}', "[]")
    script = boot(**SHORT, FL_DISCOVERY_TRIES="2")
    assert script.end() == 3
    assert "has neither FL_ENDPOINT nor a NIC's IP" in script.said[-1]


def test_an_endpoint_that_is_none(boot, line):
    line.disturb = _vm('{"FL_READY": "YES", "FL_ENDPOINT": "here; rm -rf /"}', "[]")
    script = boot(**SHORT, FL_DISCOVERY_TRIES="2")
    assert script.end() == 6
    assert "publishes FL_ENDPOINT='here; rm -rf /', which is not host:port" in script.said[-1]


def test_another_role(boot, vms, called):
    with vms.gate(vms.supernodes[2]) as gate:
        gate.put(FL_READY="YES", FL_ENDPOINT="10.0.0.3:9092")
    assert called(boot(FL_SUPERLINK_ROLE="supernode"))[1] == "10.0.0.3:9092"


def test_a_role_that_is_not_there(boot):
    script = boot(**SHORT, FL_DISCOVERY_TRIES="2", FL_SUPERLINK_ROLE="server")
    assert script.end() == 3
    assert script.said[-1] == "boot: no SuperLink after 2 tries: the service has no role server"


def test_a_role_without_vms(boot, line):
    body = '{"SERVICE": {"roles": [{"name": "superlink", "nodes": []}, {"name": "supernode"}]}}'
    line.disturb = lambda asked: Response(200, body) if asked.path == "/service" else None
    script = boot(**SHORT, FL_DISCOVERY_TRIES="2")
    assert script.end() == 3
    assert script.said[-1] == "boot: no SuperLink after 2 tries: the role superlink has no VM yet"


def test_a_bad_token(boot, line, vms):
    script = boot(**SHORT, ONEGATE_TOKEN="bm90IGEgdG9rZW4=", FL_DISCOVERY_TRIES="3")
    assert script.end() == 5
    refused = f"OneGate refuses the token of VM {vms.supernodes[0]} (401): Not authorized"
    assert [refused in said for said in script.said] == [True, True, True]
    assert script.said[-1].startswith("boot: no SuperLink after 3 tries: ")
    assert len(line.tries()) == 3
    assert line.published() == []


def test_a_token_that_is_refused_for_a_while(boot, line, superlink_ready, called):
    line.disturb = lambda _: Response(401, "Not authorized") if len(line.tries()) < 3 else None
    assert called(boot())[1] == superlink_ready
    assert len(line.tries()) == 3


def test_onegate_out_of_reach(boot, ports):
    endpoint = f"http://127.0.0.1:{ports.take()}"
    script = boot(**SHORT, ONEGATE_ENDPOINT=endpoint, FL_DISCOVERY_TRIES="3")
    assert script.end() == 4
    assert all(f"OneGate at {endpoint} is not reached: " in said for said in script.said)
    assert "connect" in script.said[-1].lower()
    assert len(script.said) == 3


def test_onegate_that_does_not_answer(boot, line):
    line.disturb = lambda _: _later(line, 10)
    script = boot(**SHORT, FL_ONEGATE_TIMEOUT="0.2", FL_DISCOVERY_TRIES="2")
    assert script.end() == 4
    line.pause.set()
    assert "is not reached: (28)" in script.said[-1]


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (
            200,
            "<html>\n<body>It works!</body>\n</html>",
            "with what cannot be read: <html> <body>It works!</body> </html>",
        ),
        (200, "", "with what cannot be read: "),
        (200, '{"SERVICE": {"roles": 3}}', "with what cannot be read: "),
        (
            200,
            '{"SERVICE": {"roles": [{"name": "superlink", "nodes": [{"deploy_id": "x"}]}]}}',
            "with what cannot be read: ",
        ),
        (500, "Internal server error", "with 500: Internal server error"),
        (302, "", "with 302: "),
        (400, "Empty or invalid SERVICE_ID", "with 400: Empty or invalid SERVICE_ID"),
    ],
)
def test_nonsense_from_onegate(boot, line, status, body, what):
    line.disturb = lambda _: Response(status, body)
    script = boot(**SHORT, FL_DISCOVERY_TRIES="3")
    assert script.end() == 6
    assert all(f"OneGate answers GET /service {what}" in said for said in script.said)
    assert len(script.said) == 3
    assert len(line.tries()) == 3


def test_the_last_cause_counts(boot, line):
    line.disturb = lambda _: Response(401, "Not authorized") if len(line.tries()) == 1 else None
    script = boot(**SHORT, FL_DISCOVERY_TRIES="2")
    assert script.end() == 3
    assert "refuses the token" in script.said[0]
    assert "has not published" in script.said[1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_during_discovery(boot, number, code):
    script = boot(FL_TIME_SCALE="1")
    script.until_said("try 1 of 30")
    assert script.terminate(number) == code
    assert script.process.tree() == []
    assert script.log == b""


# ------------------------------------------------------------------------------------------------ the token


@pytest.mark.parametrize("place", ["TOKENTXT", "token.txt", "disk/token.txt", "one_env"])
def test_where_the_token_may_be(boot, vms, superlink_ready, called, place, tmp_path):  # noqa: PLR0917 - fixtures
    context = vms.contexts[vms.supernodes[0]]
    token, folder = context["ONEGATE_TOKEN"], tmp_path / "context"
    (folder / "disk").mkdir(parents=True)
    more = {"ONEGATE_TOKEN": "", "FL_CONTEXT_DIR": str(folder)}
    if place == "TOKENTXT":
        more |= {"TOKENTXT": token}
    elif place == "one_env":
        more |= {"VMID": ""}
        text = f"export VMID='{context['VMID']}'\nexport TOKENTXT='{token}'\n"
        (folder / place).write_text(text)
    else:
        (folder / place).write_text(f"{token}\n")
    assert called(boot(**more))[1] == superlink_ready


def test_the_token_is_on_no_command_line(boot, vms, line):
    token = vms.contexts[vms.supernodes[0]]["ONEGATE_TOKEN"]
    seen = []

    def look(_):
        seen.extend(word for process in script.process.tree() for word in process.cmdline())

    line.disturb = look
    script = boot(FL_DISCOVERY_TRIES="2")
    script.end()
    assert any("curl" in word for word in seen)
    assert not any(token in word for word in seen)
