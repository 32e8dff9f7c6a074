"""Strategies of the message API, each with one planted fault or one unusual way."""

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.serverapp.strategy import FedAvg


class KeepsGoingWithoutResults(FedAvg):
    def configure_train(self, server_round, arrays, config, grid):
        self.last = arrays
        return super().configure_train(server_round, arrays, config, grid)

    def aggregate_train(self, server_round, replies):
        arrays, metrics = super().aggregate_train(server_round, replies)
        if arrays is None:
            arrays = ArrayRecord({name: Array(array.numpy() + 1) for name, array in self.last.items()})
        return arrays, metrics


class DoesNotWait(FedAvg):
    """Sends no config either, so that nothing of its own tells clients the round."""

    def configure_train(self, server_round, arrays, config, grid):
        record = RecordDict({"arrays": arrays})
        return [Message(record, node, "train") for node in grid.get_node_ids()]


class SendsAnotherModel(FedAvg):
    def configure_train(self, server_round, arrays, config, grid):
        other = ArrayRecord({name: Array(array.numpy() + 1) for name, array in arrays.items()})
        return super().configure_train(server_round, other, config, grid)


class Raises(FedAvg):
    def aggregate_evaluate(self, server_round, replies):
        raise KeyError("accuracy")


class Sum(FedAvg):
    def aggregate_train(self, server_round, replies):
        models = [next(iter(reply.content.array_records.values())) for reply in replies if reply.has_content()]
        total = {name: Array(sum(model[name].numpy() for model in models)) for name in models[0]}
        return ArrayRecord(total), None


class OwnStart(FedAvg):
    """Overrides the loop itself."""

    def start(self, grid, initial_arrays, num_rounds=3, **kwargs):
        return super().start(grid, initial_arrays, num_rounds=1, **kwargs)


class NeverEvaluates(FedAvg):
    """A loop of its own, which only trains."""

    def start(self, grid, initial_arrays, num_rounds=3, timeout=3600, **kwargs):
        arrays = initial_arrays
        for number in range(1, num_rounds + 1):
            messages = self.configure_train(number, arrays, ConfigRecord(), grid)
            replies = (reply for reply in grid.send_and_receive(messages, timeout=timeout))
            arrays, _ = self.aggregate_train(number, replies)
        return type("Outcome", (), {"arrays": arrays})()


class Bare:
    """Has what the app calls, and no parameter of FedAvg's."""

    def configure_train(self, server_round, arrays, config, grid):
        return []

    def aggregate_train(self, server_round, replies):
        return None, None

    def start(self, grid, initial_arrays, num_rounds=3, timeout=3600):
        return None


class HandsOutMessagesOnce(FedAvg):
    """A generator of messages, which Flower reads twice: it sends none and its SuperLink refuses that."""

    def configure_train(self, server_round, arrays, config, grid):
        yield from super().configure_train(server_round, arrays, config, grid)


class RaisesWhileHandingOut(FedAvg):
    """A generator that fails after its first message."""

    def configure_train(self, server_round, arrays, config, grid):
        messages = super().configure_train(server_round, arrays, config, grid)
        yield messages[0]
        raise KeyError("accuracy")


class SamplesNothing(FedAvg):
    def configure_train(self, server_round, arrays, config, grid):
        return None
