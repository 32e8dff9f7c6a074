"""What the log makes the script publish; the log is Flower's own lines, given one at a time."""

import os
import signal
import time

import pytest
from boot_scripts import PATIENCE

from harness.cloud.embedded.web import Response
from harness.waiting import wait_until

AT_FIRST = {
    "FL_TRAINING_ACTIVE": "NO",
    "FL_ROUND_NUMBER": "0",
    "FL_CLIENT_STATUS": "DISCONNECTED",
    "FL_TRAINING": "0",
    "FL_CONNECTED": "0",
}
STARTING = "\x1b[92mINFO \x1b[0m:      Starting Flower SuperNode"
CONNECTED = "\x1b[92mINFO \x1b[0m:      SuperNode ID: 4083949226268245707"
ROUND = "\x1b[92mINFO \x1b[0m:      [RUN 8512846387460410404, ROUND {}]"
TRAIN = "\x1b[92mINFO \x1b[0m:      Receiving: train message (ID: 3f6a)"
EVALUATE = "\x1b[92mINFO \x1b[0m:      Receiving: evaluate message (ID: 77c0)"
RECEIVED = "\x1b[92mINFO \x1b[0m:      Received successfully"
SENT = "\x1b[92mINFO \x1b[0m:      Sent successfully"
RETRY = "\x1b[93mWARNING \x1b[0m:   Connection attempt failed, retrying in 1.61 seconds"
AGAIN = "\x1b[92mINFO \x1b[0m:      Connection successful after 2.02 seconds and 3 tries."
NOT_SENT = "\x1b[91mERROR \x1b[0m:     Failed to send message 3f6a: nobody wants it"
NOT_RECEIVED = "\x1b[91mERROR \x1b[0m:     Failed to receive message 3f6a: it was lost"
IGNORED = "\x1b[92mINFO \x1b[0m:      Run ID 85 is not in `RUNNING` status. Ignoring reply message 3f6a."


class SuperNode:
    """A SuperNode whose log a test writes."""

    def __init__(self, boot, path, line, **context):
        os.mkfifo(path)
        self.script = boot(SAYS=str(path), FL_SUPERLINK_ADDRESS="127.0.0.1:20999", FL_NODE_CONFIG="n=1", **context)
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._line = line

    def say(self, *lines):
        for line in lines:
            self._file.write(line + "\n")
        self.script.until_logged(lines[-1].encode() + b"\n")

    def until_published(self, **attributes):
        """Wait until the newest value of each is this."""

        def newest():
            return {name: value for put in self._line.published() for name, value in put.items()}

        wait_until(newest, lambda seen: attributes.items() <= seen.items(), what=str(attributes), timeout=PATIENCE)


@pytest.fixture
def supernode(boot, tmp_path, line):
    made = []

    def start(**context):
        made.append(SuperNode(boot, tmp_path / "says", line, **context))
        return made[0]

    yield start
    for one in made:
        one._file.close()


def test_a_training_round(supernode, line, vms):
    node = supernode()
    node.until_published(**AT_FIRST)
    node.say(STARTING, CONNECTED)
    node.until_published(FL_CLIENT_STATUS="IDLE", FL_CONNECTED="1")
    node.say("", ROUND.format(3))
    node.until_published(FL_ROUND_NUMBER="3")
    node.say(TRAIN)
    node.until_published(FL_CLIENT_STATUS="TRAINING", FL_TRAINING_ACTIVE="YES", FL_TRAINING="1")
    node.say(RECEIVED, "", ROUND.format(3), SENT)
    node.until_published(FL_CLIENT_STATUS="IDLE", FL_TRAINING_ACTIVE="NO", FL_TRAINING="0")
    node.say(ROUND.format(4), EVALUATE, RECEIVED)
    node.until_published(FL_ROUND_NUMBER="4")
    # Changes only, and each once.
    assert line.published() == [
        AT_FIRST,
        {"FL_CLIENT_STATUS": "IDLE", "FL_CONNECTED": "1"},
        {"FL_ROUND_NUMBER": "3"},
        {"FL_TRAINING_ACTIVE": "YES", "FL_CLIENT_STATUS": "TRAINING", "FL_TRAINING": "1"},
        {"FL_TRAINING_ACTIVE": "NO", "FL_CLIENT_STATUS": "IDLE", "FL_TRAINING": "0"},
        {"FL_ROUND_NUMBER": "4"},
    ]
    # Stored as they are meant, without blanks.
    seen = vms.attributes(vms.supernodes[0])
    assert {name: seen[name] for name in AT_FIRST} == {
        "FL_TRAINING_ACTIVE": "NO",
        "FL_ROUND_NUMBER": "4",
        "FL_CLIENT_STATUS": "IDLE",
        "FL_TRAINING": "0",
        "FL_CONNECTED": "1",
    }


@pytest.mark.parametrize("end", [SENT, NOT_SENT, NOT_RECEIVED, IGNORED, EVALUATE])
def test_how_a_training_ends(supernode, end):
    node = supernode()
    node.say(CONNECTED, TRAIN)
    node.until_published(FL_CLIENT_STATUS="TRAINING")
    node.say(end)
    node.until_published(FL_CLIENT_STATUS="IDLE", FL_TRAINING_ACTIVE="NO")


def test_a_link_that_is_cut_in_training(supernode):
    node = supernode()
    node.say(CONNECTED, ROUND.format(1), TRAIN)
    node.until_published(FL_CLIENT_STATUS="TRAINING")
    node.say(RETRY)
    node.until_published(FL_CLIENT_STATUS="DISCONNECTED", FL_CONNECTED="0", FL_TRAINING_ACTIVE="YES")
    node.say(AGAIN)
    node.until_published(FL_CLIENT_STATUS="TRAINING", FL_CONNECTED="1")


def test_what_a_clientapp_prints_does_not_count(supernode, line):
    node = supernode()
    node.say(CONNECTED)
    node.until_published(FL_CLIENT_STATUS="IDLE")
    node.say("Receiving: train message (ID: 1)", "my INFO : Receiving: train message", "x [RUN 1, ROUND 9]")
    node.say(ROUND.format(2))
    node.until_published(FL_ROUND_NUMBER="2")
    assert line.published()[2:] == [{"FL_ROUND_NUMBER": "2"}]


def test_a_put_that_fails_is_said_once_and_tried_at_the_next_change(supernode, line):
    line.disturb = lambda asked: Response(500, "Internal server error") if asked.method == "PUT" else None
    node = supernode(FL_DISCOVERY_INTERVAL="86400", FL_TIME_SCALE="1")
    node.until_published(**AT_FIRST)
    node.say(CONNECTED)
    node.until_published(FL_CLIENT_STATUS="IDLE")
    node.say(ROUND.format(1))
    node.until_published(FL_ROUND_NUMBER="1")
    # Nothing was taken so far: all is sent each time.
    assert [len(put) for put in line.published()] == [5, 5, 5]
    line.disturb = lambda _: None
    node.say(TRAIN)
    node.until_published(FL_CLIENT_STATUS="TRAINING")
    node.script.until_said("again")
    node.say(SENT)
    node.until_published(FL_CLIENT_STATUS="IDLE")
    assert [len(put) for put in line.published()[3:]] == [5, 3]
    told = [said for said in node.script.said if "publishes" in said]
    assert [said.split("publishes")[1][:1] for said in told] == [",", " "]
    assert told[0].endswith(": Internal server error 500")


def test_a_put_that_failed_is_tried_without_a_change_too(supernode, line):
    fails = iter([True, True, True])
    line.disturb = lambda asked: Response(503, "") if asked.method == "PUT" and next(fails, False) else None
    node = supernode()
    node.script.until_said("again")
    assert line.published() == [AT_FIRST] * 4


def test_publishing_never_holds_up_the_log(supernode, line):
    # The first PUT hangs until the test says so.
    line.disturb = lambda _: line.hang()
    node = supernode(FL_ONEGATE_TIMEOUT="60")
    wait_until(line.published, what="the first PUT", timeout=PATIENCE)
    started = time.monotonic()
    # Far more than what fits into a pipe.
    for number in range(700):
        node._file.write(f"{ROUND.format(number)}\n{TRAIN}\n{'x' * 100}\n{SENT}\n")
    node.say(CONNECTED)
    assert time.monotonic() - started < PATIENCE
    assert len(line.published()) == 1
    line.pause.set()
    node.until_published(FL_ROUND_NUMBER="699", FL_CLIENT_STATUS="IDLE")
    # What was overtaken is left out.
    assert len(line.published()) < 10


def test_without_a_token_nothing_is_published(run, vms, line):
    context = vms.contexts[vms.supernodes[0]] | {"ONEGATE_ENDPOINT": line.endpoint, "ONEGATE_TOKEN": ""}
    script = run(context, FL_SUPERLINK_ADDRESS="127.0.0.1:20999", LASTS="0.1", FL_REPORT_READY="YES")
    assert script.end() == 0
    assert "boot: no OneGate for this VM: nothing is published" in script.said
    assert line.asked == []


@pytest.mark.parametrize("variable", ["FL_REPORT_READY", "REPORT_READY"])
def test_ready_is_reported_once_the_supernode_starts(supernode, line, variable):
    node = supernode(**{variable: "YES"})
    node.until_published(**AT_FIRST)
    node.say("something")
    assert "READY" not in str(line.published()).replace("FL_", "")
    node.say(STARTING)
    node.until_published(READY="YES")
    assert line.published()[1:] == [{"READY": "YES"}]


def test_ready_is_not_reported_unless_asked_for(supernode, line):
    node = supernode(FL_REPORT_READY="NO", REPORT_READY="NO")
    node.say(STARTING, CONNECTED)
    node.until_published(FL_CLIENT_STATUS="IDLE")
    assert "READY" not in {name for put in line.published() for name in put}


def test_the_last_word(supernode, line):
    node = supernode()
    node.say(CONNECTED, ROUND.format(5), TRAIN)
    node.until_published(FL_CLIENT_STATUS="TRAINING")
    node._file.close()
    assert node.script.terminate(signal.SIGTERM) == 0
    assert line.published()[-1] == {
        "FL_TRAINING_ACTIVE": "NO",
        "FL_CLIENT_STATUS": "DISCONNECTED",
        "FL_TRAINING": "0",
        "FL_CONNECTED": "0",
    }


def test_a_onegate_that_hangs_does_not_keep_a_vm_alive(supernode, line):
    node = supernode()
    node.say(CONNECTED)
    node.until_published(FL_CLIENT_STATUS="IDLE")
    line.disturb = lambda _: line.hang()
    node._file.close()
    started = time.monotonic()
    node.script.terminate(signal.SIGTERM)
    # 5 s for what was under way, 3 s for the last word, and what the machine takes.
    assert time.monotonic() - started < 50
    assert not any("still runs" in said for said in node.script.said)
    assert node.script.process.tree() == []
