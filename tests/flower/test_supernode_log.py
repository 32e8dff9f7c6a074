"""Lines of a SuperNode's log, as Flower 1.25 writes them (its colours included), and what they become."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.flower.logs import supernode_lines
from harness.history.recorder import Recorder

INFO, WARNING, ERROR = "\x1b[92mINFO \x1b[0m:      ", "\x1b[93mWARNING \x1b[0m:   ", "\x1b[91mERROR \x1b[0m:     "

SPOKEN = [
    (f"{INFO}SuperNode ID: 10496803015192061633", "supernode.id", {"id": "10496803015192061633"}),
    (f"{WARNING}Connection attempt failed, retrying in 0.07 seconds", "supernode.retry", {"wait": 0.07}),
    (f"{WARNING}Connection attempt failed, retrying in 19.99 seconds", "supernode.retry", {"wait": 19.99}),
    (
        f"{INFO}Connection successful after 28.68 seconds and 7 tries.",
        "supernode.reconnected",
        {"seconds": 28.68, "tries": 7},
    ),
    (
        f"{WARNING}Giving up reconnection after 12.74 seconds and 6 tries.",
        "supernode.gave-up",
        {"seconds": 12.74, "tries": 6},
    ),
    (f"{ERROR}<_InactiveRpcError of RPC that terminated with:", "supernode.left", {}),
    ("ERROR :     <_InactiveRpcError of RPC that terminated with:", "supernode.left", {}),
    (f"{INFO}Received successfully", "supernode.received", {}),
    (f"{INFO}Sent successfully", "supernode.sent", {}),
    (
        f"{ERROR}Failed to send message 93bfb2a3f0fbea81: Message with ID 93bf does not exist.",
        "supernode.not-sent",
        {"error": "Message with ID 93bf does not exist."},
    ),
    (
        f"{ERROR}Failed to receive message 2059a1084a72d5c8: <_InactiveRpcError of RPC that terminated with:",
        "supernode.not-received",
        {"message": "2059a1084a72d5c8"},
    ),
    (
        '\tdetails = "Exception calling application: Both bytes_sent and bytes_recv cannot be zero for run 1107"',
        "supernode.lost-message",
        {},
    ),
]

SILENT = [
    "",
    f"{INFO}Starting Flower SuperNode",
    f"{WARNING}Option `--insecure` was set. Starting insecure HTTP channel to 127.0.0.1:22327.",
    f"{INFO}[RUN 11061082836094280311, ROUND 1]",
    f"{INFO}Receiving: train message (ID: 93564b14)",
    f"{INFO}Sending: train message (ID: 93bfb2a3)",
    f"{INFO}SuperNode terminated gracefully.",
    '\tdebug_error_string = "UNKNOWN:Exception calling application: Both bytes_sent and bytes_recv cannot be zero"',
]


@pytest.mark.parametrize(("line", "kind", "data"), SPOKEN)
def test_a_line_that_says_something_becomes_an_event(line, kind, data):
    before = time.monotonic()
    event = supernode_lines(3)(line)
    assert event is not None
    assert (event.source, event.kind, event.data) == ("supernode-3", kind, {"node": 3, **data})
    assert before <= event.t <= time.monotonic()


@pytest.mark.parametrize("line", SILENT)
def test_a_line_that_says_nothing_becomes_none(line):
    assert supernode_lines(1)(line) is None


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_no_line_breaks_the_reader(line):
    supernode_lines(1)(line)


def test_a_log_is_gathered_as_it_grows(tmp_path):
    with Recorder(tmp_path / "h.jsonl") as recorder:
        recorder.gather(tmp_path, "supernode-1.log", supernode_lines(1))
        (tmp_path / "supernode-1.log").write_text("\n".join([*SILENT, *(line for line, _, _ in SPOKEN), "cut o"]))
        kinds = [event.kind for event in recorder.history()][1:]
    assert kinds == [kind for _, kind, _ in SPOKEN]
