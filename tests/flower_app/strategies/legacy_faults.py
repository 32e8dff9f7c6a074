"""Strategies of the legacy API, each with one planted fault."""

import numpy as np
from flwr.common import Code, FitIns, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FaultTolerantFedAvg, FedAvg


class CountsFailuresAsResults(FedAvg):
    """Averages a model of zeros in for every client that failed."""

    def aggregate_fit(self, server_round, results, failures):
        zeros = ndarrays_to_parameters([np.zeros(8), np.zeros(1)])
        stand_in = FitRes(Status(Code.OK, ""), zeros, 50, {})
        return super().aggregate_fit(server_round, results + [(None, stand_in) for _ in failures], [])


class KeepsGoingWithoutResults(FedAvg):
    """Makes up a global model when nobody returned one."""

    def aggregate_fit(self, server_round, results, failures):
        if not results:
            return ndarrays_to_parameters([np.ones(8), np.ones(1)]), {}
        return super().aggregate_fit(server_round, results, failures)


class DoesNotWait(FedAvg):
    """Trains with whoever is there."""

    def configure_fit(self, server_round, parameters, client_manager):
        there = max(1, client_manager.num_available())
        clients = client_manager.sample(num_clients=there, min_num_clients=1)
        return [(client, FitIns(parameters, {})) for client in clients]


class ShunsTheFailed(FedAvg):
    """Never samples a client again that failed once."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sampled, self.shunned = set(), set()

    def configure_fit(self, server_round, parameters, client_manager):
        chosen = super().configure_fit(server_round, parameters, client_manager)
        chosen = [pair for pair in chosen if pair[0].cid not in self.shunned]
        self.sampled = {client.cid for client, _ in chosen}
        return chosen

    def aggregate_fit(self, server_round, results, failures):
        self.shunned |= self.sampled - {client.cid for client, _ in results}
        return super().aggregate_fit(server_round, results, failures)


class SendsAnotherModel(FedAvg):
    """Sends clients a model of its own instead of the global one."""

    def configure_fit(self, server_round, parameters, client_manager):
        other = [array + 1 for array in parameters_to_ndarrays(parameters)]
        chosen = super().configure_fit(server_round, parameters, client_manager)
        return [(client, FitIns(ndarrays_to_parameters(other), {})) for client, _ in chosen]


class Raises(FedAvg):
    def aggregate_fit(self, server_round, results, failures):
        if server_round == 2:
            raise KeyError("accuracy")
        return super().aggregate_fit(server_round, results, failures)


class RaisesWhenSampling(FedAvg):
    def configure_evaluate(self, server_round, parameters, client_manager):
        raise ZeroDivisionError("no clients")


class RefusesFailures(FedAvg):
    """Another default."""

    def __init__(self, **kwargs):
        kwargs.setdefault("accept_failures", False)
        super().__init__(**kwargs)


class IgnoresTheRate(FaultTolerantFedAvg):
    def aggregate_fit(self, server_round, results, failures):
        return FedAvg.aggregate_fit(self, server_round, results, failures)


class IgnoresTheEvaluateRate(FaultTolerantFedAvg):
    def aggregate_evaluate(self, server_round, results, failures):
        return FedAvg.aggregate_evaluate(self, server_round, results, failures)


class Sum(FedAvg):
    """Adds the results up instead of averaging them."""

    def aggregate_fit(self, server_round, results, failures):
        models = [parameters_to_ndarrays(result.parameters) for _, result in results]
        return ndarrays_to_parameters([sum(parts) for parts in zip(*models, strict=True)]), {}


class PlainMean(FedAvg):
    """Forgets the weights."""

    def aggregate_fit(self, server_round, results, failures):
        for _, result in results:
            result.num_examples = 1
        return super().aggregate_fit(server_round, results, failures)


class TakesNothing(FedAvg):
    """Its constructor takes nothing; FedAvg's attributes are there."""

    def __init__(self):
        super().__init__(min_available_clients=1)


class Pins(FedAvg):
    def __init__(self, **kwargs):
        super().__init__(accept_failures=False, **kwargs)


class NotBasedOnFedAvg:
    """Has what the server calls, and no parameter of FedAvg's."""

    def initialize_parameters(self, client_manager):
        return None

    def configure_fit(self, server_round, parameters, client_manager):
        return [(client, FitIns(parameters, {})) for client in client_manager.sample(2)]

    def aggregate_fit(self, server_round, results, failures):
        return (results[0][1].parameters if results else None), {}

    def configure_evaluate(self, server_round, parameters, client_manager):
        return []

    def aggregate_evaluate(self, server_round, results, failures):
        return None, {}

    def evaluate(self, server_round, parameters):
        return None


class ReturnsNonsense(FedAvg):
    """Not what the server unpacks: the run fails as it does without the record."""

    def aggregate_fit(self, server_round, results, failures):
        return None
