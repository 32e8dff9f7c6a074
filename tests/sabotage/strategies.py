"""Strategies as a user may have written them, each with one planted fault; and a healthy one.

They are given by `--strategy`, and must be caught by the claims that they break, and by no others.
"""

import numpy as np
from flwr.app import Array, ArrayRecord, Message, RecordDict
from flwr.common import Code, FitIns, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FaultTolerantFedAvg, FedAvg
from flwr.serverapp.strategy import FedAvg as MessageFedAvg


class Healthy(FedAvg):
    """Changes nothing."""

    def __repr__(self):
        return "Healthy()"


class CountsFailuresAsResults(FedAvg):
    """Makes up a result for each client that failed."""

    def aggregate_fit(self, server_round, results, failures):
        made_up = FitRes(Status(Code.OK, ""), ndarrays_to_parameters([np.zeros(8), np.zeros(1)]), 50, {})
        return super().aggregate_fit(server_round, results + [(None, made_up) for _ in failures], [])


class LeavesOneOut(FedAvg):
    """Loses a result on the way to the mean."""

    def aggregate_fit(self, server_round, results, failures):
        return super().aggregate_fit(server_round, results[1:] if failures else results, failures)


class Raises(FedAvg):
    """Cannot cope with a failure."""

    def aggregate_fit(self, server_round, results, failures):
        if failures:
            raise KeyError("accuracy")
        return super().aggregate_fit(server_round, results, failures)


class AcceptsAllFailures(FedAvg):
    """Does not heed accept_failures=False."""

    def aggregate_fit(self, server_round, results, failures):
        return super().aggregate_fit(server_round, results, [])


class MakesUpAModel(FedAvg):
    """Has an aggregate although nobody returned anything."""

    def aggregate_fit(self, server_round, results, failures):
        if not results:
            return ndarrays_to_parameters([np.ones(8), np.ones(1)]), {}
        return super().aggregate_fit(server_round, results, failures)


class SendsAnotherModel(FedAvg):
    """Sends clients something else than the global model."""

    def configure_fit(self, server_round, parameters, client_manager):
        other = ndarrays_to_parameters([array + 1 for array in parameters_to_ndarrays(parameters)])
        chosen = super().configure_fit(server_round, parameters, client_manager)
        return [(client, FitIns(other, instruction.config)) for client, instruction in chosen]


class DoesNotWait(FedAvg):
    """Trains with whoever is there, whatever min_available_clients says; waits only for the first."""

    def configure_fit(self, server_round, parameters, client_manager):
        if server_round == 1:
            return super().configure_fit(server_round, parameters, client_manager)
        there = max(1, client_manager.num_available())
        clients = client_manager.sample(num_clients=there, min_num_clients=1)
        return [(client, FitIns(parameters, {})) for client in clients]


class NeverAgain(FedAvg):
    """Knows the clients of the first round, and never samples one that came back under a new id."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.known = set()

    def configure_fit(self, server_round, parameters, client_manager):
        chosen = super().configure_fit(server_round, parameters, client_manager)
        self.known = self.known or {client.cid for client, _ in chosen}
        return [pair for pair in chosen if pair[0].cid in self.known]


class WantsMoreThanTheRate(FaultTolerantFedAvg):
    """Aggregates above the completion rate only, and not at it."""

    def aggregate_fit(self, server_round, results, failures):
        if results and len(results) / (len(results) + len(failures)) <= self.completion_rate_fit:
            return None, {}
        return super().aggregate_fit(server_round, results, failures)


class MessageCountsFailures(MessageFedAvg):
    """Pulls the mean towards a model of zeros, once for each node that failed."""

    def aggregate_train(self, server_round, replies):
        replies = list(replies)
        failed = sum(reply.has_error() for reply in replies)
        arrays, metrics = super().aggregate_train(server_round, replies)
        if arrays is not None and failed:
            share = (len(replies) - failed) / len(replies)
            arrays = ArrayRecord({name: Array(array.numpy() * share) for name, array in arrays.items()})
        return arrays, metrics


class MessageDoesNotWait(MessageFedAvg):
    """Trains with whoever is there, whatever min_available_nodes says; waits only for the first."""

    def configure_train(self, server_round, arrays, config, grid):
        if server_round == 1:
            return super().configure_train(server_round, arrays, config, grid)
        record = RecordDict({"arrays": arrays, "config": config})
        return [Message(record, node, "train") for node in grid.get_node_ids()]
