"""Strategies that write down everything they see and return, to be compared with and without the record.

What is not the same from one run to the next is left out: the order in which results arrive, and times.
"""

import hashlib
import json
import os
from pathlib import Path

import flwr.server.strategy as legacy
import flwr.serverapp.strategy as message
from flwr.common import parameters_to_ndarrays


def trace(*what):
    with Path(os.environ["HARNESS_TEST_TRACE"]).open("a") as file:
        file.write(json.dumps(what, default=str, sort_keys=True) + "\n")


def own(strategy):
    """The instance's own attributes; the record shadows methods there, which is how it works and not for it to see."""
    return [type(strategy).__name__, sorted(name for name in vars(strategy) if not hasattr(type(strategy), name))]


def digest(arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def instruction(pair):
    client, told = pair
    return [client.cid, type(client).__name__, digest(parameters_to_ndarrays(told.parameters)), told.config]


class _Legacy:
    def initialize_parameters(self, client_manager):
        trace("initialize", own(self), sorted(client_manager.all()))
        return super().initialize_parameters(client_manager)

    def configure_fit(self, server_round, parameters, client_manager):
        trace("configure_fit", server_round, digest(parameters_to_ndarrays(parameters)), len(client_manager))
        chosen = super().configure_fit(server_round, parameters, client_manager)
        trace("chosen", [instruction(pair) for pair in chosen])
        return chosen

    def aggregate_fit(self, server_round, results, failures):
        seen = sorted(
            [client.cid, digest(parameters_to_ndarrays(result.parameters)), result.num_examples, result.metrics]
            for client, result in results
        )
        trace("aggregate_fit", server_round, seen, sorted(map(repr, failures)))
        parameters, metrics = super().aggregate_fit(server_round, results, failures)
        trace("aggregated", parameters and digest(parameters_to_ndarrays(parameters)), metrics)
        return parameters, metrics

    def configure_evaluate(self, server_round, parameters, client_manager):
        trace("configure_evaluate", server_round, digest(parameters_to_ndarrays(parameters)))
        chosen = super().configure_evaluate(server_round, parameters, client_manager)
        trace("chosen", [instruction(pair) for pair in chosen])
        return chosen

    def aggregate_evaluate(self, server_round, results, failures):
        seen = sorted([client.cid, result.loss, result.num_examples, result.metrics] for client, result in results)
        trace("aggregate_evaluate", server_round, seen, sorted(map(repr, failures)))
        return super().aggregate_evaluate(server_round, results, failures)

    def evaluate(self, server_round, parameters):
        trace("evaluate", server_round, digest(parameters_to_ndarrays(parameters)))
        return super().evaluate(server_round, parameters)


class Plain(_Legacy, legacy.FedAvg):
    pass


class FaultTolerant(_Legacy, legacy.FaultTolerantFedAvg):
    pass


class CallsItself(Plain):
    """Its methods use each other; those calls are its own affair and must not be recorded as rounds."""

    def configure_evaluate(self, server_round, parameters, client_manager):
        self.configure_fit(server_round, parameters, client_manager)
        return super().configure_evaluate(server_round, parameters, client_manager)


def told(sent):
    records = {name: type(record).__name__ for name, record in sent.content.items()}
    arrays = [array.numpy() for record in sent.content.array_records.values() for array in record.values()]
    configs = {name: dict(record) for name, record in sent.content.config_records.items()}
    return [sent.metadata.dst_node_id, sent.metadata.message_type, records, digest(arrays), configs]


def heard(reply):
    if reply.has_error():
        return [reply.metadata.src_node_id, reply.error.code, reply.error.reason]
    metrics = {name: dict(record) for name, record in reply.content.metric_records.items()}
    arrays = [array.numpy() for record in reply.content.array_records.values() for array in record.values()]
    return [reply.metadata.src_node_id, sorted(reply.content), digest(arrays), metrics]


class Messages(message.FedAvg):
    def start(self, *args, **kwargs):
        trace("start", own(self), sorted(kwargs))
        return super().start(*args, **kwargs)

    def configure_train(self, server_round, arrays, config, grid):
        trace("configure_train", server_round, digest([array.numpy() for array in arrays.values()]), dict(config))
        messages = super().configure_train(server_round, arrays, config, grid)
        trace("chosen", [told(sent) for sent in messages])
        return messages

    def aggregate_train(self, server_round, replies):
        replies = list(replies)
        trace("aggregate_train", server_round, sorted(map(heard, replies), key=repr))
        arrays, metrics = super().aggregate_train(server_round, replies)
        trace("aggregated", arrays and digest([array.numpy() for array in arrays.values()]), metrics and dict(metrics))
        return arrays, metrics

    def configure_evaluate(self, server_round, arrays, config, grid):
        trace("configure_evaluate", server_round, digest([array.numpy() for array in arrays.values()]), dict(config))
        messages = super().configure_evaluate(server_round, arrays, config, grid)
        trace("chosen", [told(sent) for sent in messages])
        return messages

    def aggregate_evaluate(self, server_round, replies):
        replies = list(replies)
        trace("aggregate_evaluate", server_round, sorted(map(heard, replies), key=repr))
        return super().aggregate_evaluate(server_round, replies)


class Generates(Messages):
    """Hands its messages out once; Flower reads them twice, which fails, and the record must not mend that."""

    def configure_train(self, server_round, arrays, config, grid):
        yield from super().configure_train(server_round, arrays, config, grid)
