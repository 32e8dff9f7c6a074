"""Plays the app inside a Flower environment.

The ServerApp, the ClientApp, Flower's loops and strategies are the real ones; only the network between them is
replaced, by a Grid that calls the ClientApp in this process. Reads one play a line from standard input and answers with
one line each; every play runs in a fork of its own, so that Flower is imported once. What a play is: see `conftest.py`.
"""

import contextlib
import copy
import json
import logging
import os
import random
import sys
import threading
import time
import types
from pathlib import Path

import flwr.clientapp
import flwr.server.strategy
import flwr.serverapp.strategy  # noqa: F401 - imported once, before any play forks
from flwr.app import Context, Error, Message, RecordDict
from flwr.serverapp import Grid

NODE_UNAVAILABLE = 5


class LocalGrid(Grid):
    """Nodes in this process: each is there from a moment on, and at some moments gone, silent or out of reach."""

    def __init__(self, client_app, run_config, nodes, faults):
        self._client_app, self._run_config = client_app, run_config
        self._nodes = {1000 + index: node for index, node in enumerate(nodes)}
        self._faults = {(fault["phase"], fault["round"], fault["partition"]): fault["how"] for fault in faults}
        self._began = time.monotonic()
        self._replies, self._count, self._rounds, self._lock = {}, 0, {}, threading.Lock()

    @property
    def run(self):
        return types.SimpleNamespace(run_id=7)

    def set_run(self, run_id):
        raise NotImplementedError

    def create_message(self, content, message_type, dst_node_id, group_id, ttl=None):
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self):
        passed = time.monotonic() - self._began
        return [number for number, node in self._nodes.items() if passed >= node.get("after", 0)]

    def push_messages(self, messages):
        ids = []
        for message in messages or ():
            with self._lock:
                self._count += 1
                identity = f"message-{self._count}"
            message.metadata.__dict__["_run_id"] = 7
            message.metadata.__dict__["_src_node_id"] = 1
            message.metadata.__dict__["_message_id"] = identity
            ids.append(identity)
        # Flower's own grid, too, goes over the messages twice, and its SuperLink refuses to be sent none (1.25.0).
        if ids and not list(messages):
            raise ValueError("`messages_list` must not be empty")
        for identity, message in zip(ids, messages or (), strict=False):
            self._deliver(identity, message)
        return ids

    def pull_messages(self, message_ids):
        return [self._replies.pop(identity) for identity in list(message_ids) if identity in self._replies]

    def send_and_receive(self, messages, *, timeout=None):
        return self.pull_messages(self.push_messages(messages))

    def _deliver(self, identity, message):
        number = message.metadata.dst_node_id
        phase = {"train": "fit"}.get(message.metadata.message_type, message.metadata.message_type)
        with self._lock:
            # The n-th message of a phase to a node is in the n-th round, as nodes in these plays are always sampled.
            turn = self._rounds[phase, number] = self._rounds.get((phase, number), 0) + 1
        how = self._faults.get((phase, turn, self._nodes[number]["partition"]))
        if how == "silent":
            return
        if how == "transport":
            raise ConnectionError(f"no way to node {number}")
        if how == "gone":
            reply = Message(Error(NODE_UNAVAILABLE, "Node Unavailable"), reply_to=message)
        else:
            sent = copy.deepcopy(message.content)
            arrived = Message(sent, number, message.metadata.message_type, group_id=message.metadata.group_id)
            arrived.metadata.__dict__.update(message.metadata.__dict__)
            partition = self._nodes[number]["partition"]
            node_config = {} if partition is None else {"partition-id": partition}
            context = Context(7, number, node_config, RecordDict(), self._run_config)
            try:
                reply = self._client_app(arrived, context)
            except Exception as error:  # noqa: BLE001 - as flwr-clientapp does
                reply = Message(Error(2, f"{type(error)}:<'{error}'>"), reply_to=arrived)
        self._replies[identity] = reply


def play(spec):
    sys.path.insert(0, spec["app"])
    os.environ["HARNESS_TEST_TRACE"] = spec["trace"]
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger("flwr").addHandler(handler)
    from harness_app.client_app import app as client_app  # noqa: PLC0415 - each play has an app of its own
    from harness_app.server_app import app as server_app  # noqa: PLC0415

    with contextlib.suppress(ImportError):
        # From 1.42 on a message takes its sender from the process, which `flwr-serverapp` sets.
        from flwr.supercore.task_identity import TaskIdentity  # noqa: PLC0415

        TaskIdentity.task_id, TaskIdentity.run_id, TaskIdentity.node_id = 1, 7, 1
    random.seed(1)
    grid = LocalGrid(client_app, spec["config"], spec["nodes"], spec["faults"])
    error = None
    try:
        server_app(grid, Context(7, 1, {}, RecordDict(), spec["config"]))
    except BaseException as raised:  # noqa: BLE001 - it is the answer
        error = f"{type(raised).__name__}: {raised}"
    return {"error": error, "log": lines}


def main():
    for line in sys.stdin:
        spec = json.loads(line)
        child = os.fork()
        if child == 0:
            answer = play(spec)
            Path(spec["answer"]).write_text(json.dumps(answer))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": status}), flush=True)


main()
