"""What a SuperNode says of itself in its log, as events.

The lines are Flower's (client/start_client_internal.py, common/retry_invoker.py, 1.25 and 1.31). They carry no time:
an event's time is when the line was read, up to 0.1 s later. Flower logs neither a node going offline nor a lost
heartbeat; those come from the Control API.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from harness.history.events import Event
from harness.history.recorder import Reader

_Data = Callable[[re.Match[str]], dict[str, Any]]

LOST_MESSAGE = r"^\s*details = .*Both bytes_sent and bytes_recv cannot be zero for run"
"""Flower 1.25.0 loses a message whose objects have not arrived yet when its SuperNode asks for them.

The SuperLink records a traffic of 0 bytes for an object that is known but not there (message_handler.pull_object), its
own store refuses 0 bytes, the SuperNode takes the error for final and drops the message, and nobody sends it again: the
round hangs, with every node online. 1.31.0 records the traffic only of an object that is there.
"""

_LINES: tuple[tuple[re.Pattern[str], str, _Data], ...] = (
    (re.compile(r"SuperNode ID: (\d+)"), "supernode.id", lambda found: {"id": found[1]}),
    (
        re.compile(r"Connection attempt failed, retrying in ([\d.]+) seconds"),
        "supernode.retry",
        lambda found: {"wait": float(found[1])},
    ),
    (
        re.compile(r"Connection successful after ([\d.]+) seconds and (\d+) tries"),
        "supernode.reconnected",
        lambda found: {"seconds": float(found[1]), "tries": int(found[2])},
    ),
    (
        re.compile(r"Giving up reconnection after ([\d.]+) seconds and (\d+) tries"),
        "supernode.gave-up",
        lambda found: {"seconds": float(found[1]), "tries": int(found[2])},
    ),
    # The bare error is logged by Flower when it leaves its connection for good (client/grpc_rere_client/connection.py);
    # errors of a single message have words before them.
    (re.compile(r"ERROR [^:]*:\s+<_InactiveRpcError of RPC"), "supernode.left", lambda _: {}),
    (re.compile(r"Received successfully"), "supernode.received", lambda _: {}),
    (re.compile(r"Sent successfully"), "supernode.sent", lambda _: {}),
    (re.compile(r"Failed to receive message (\S+?):"), "supernode.not-received", lambda found: {"message": found[1]}),
    (re.compile(LOST_MESSAGE), "supernode.lost-message", lambda _: {}),
    (re.compile(r"Failed to send message (\S+): (.*)"), "supernode.not-sent", lambda found: {"error": found[2]}),
)


def supernode_lines(node: int) -> Reader:
    """A reader of the log of SuperNode number `node`; its events carry that number."""

    def read(line: str) -> Event | None:
        for pattern, kind, data in _LINES:
            if (found := pattern.search(line)) is not None:
                return Event(time.monotonic(), f"supernode-{node}", kind, {"node": node, **data(found)})
        return None

    return read
