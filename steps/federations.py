"""Federations and runs."""

from __future__ import annotations

from pytest_bdd import given, when

from harness.errors import InputError
from harness.flower.app import STRATEGY_FILE
from harness.flower.plan import Plan
from harness.scene.scene import Scene
from steps.vocabulary import Words, numbers, settings

OWN = "Flower's own "
"""Before the name of a Strategy: not the user's, whatever --strategy says, because the scenario is not about it."""

STRATEGIES = {
    "FedAvg": "fedavg",
    "FaultTolerantFedAvg": "fault-tolerant-fedavg",
    "the message API's FedAvg": "message-fedavg",
    "message API FedAvg": "message-fedavg",
}
"""What features call a Strategy, and the app's name for it."""

_TEXTS = ("accept-failures", "fit-seconds-at", "evaluate-seconds-at")
"""Settings of a run whose value is text; the others are numbers."""


def make_plan(nodes: int, given: dict[str, str]) -> Plan:
    """A federation to be, from a table's settings.

    Raises:
        InputError: There is no such setting.
    """
    given = dict(given)
    partitions = {}
    for name in [name for name in given if name.startswith("partition-id of node ")]:
        partitions[int(name.rsplit(" ", 1)[1])] = int(given.pop(name))
    retries, wait = given.pop("max-retries", None), given.pop("max-wait-time", None)
    plan = Plan(
        nodes=nodes,
        database=given.pop("state", "memory") == "database",
        tls=given.pop("tls", "no") == "yes",
        authentication=given.pop("authentication", "no") == "yes",
        max_retries=None if retries is None else int(retries),
        max_wait_time=None if wait is None else float(wait),
        partitions=partitions,
        resettable=given.pop("resettable", "no") == "yes",
    )
    if given:
        raise InputError(f"a federation has no setting {', '.join(given)}")
    return plan


@given(Words("a federation of {nodes:d} SuperNodes"))
@given(Words("a federation of {nodes:d} SuperNodes with"))
def a_federation(scene: Scene, nodes: int, datatable: list[list[str]] | None = None) -> None:
    scene.make_federation(make_plan(nodes, settings(datatable))).start()


@given(Words("a federation whose {nodes:d} SuperNodes have not been started"))
@given(Words("a federation whose {nodes:d} SuperNodes have not been started, with"))
def a_federation_without_nodes(scene: Scene, nodes: int, datatable: list[list[str]] | None = None) -> None:
    scene.make_federation(make_plan(nodes, settings(datatable))).start_superlink()


@given(Words("a federation of {nodes:d} SuperNodes, of which nodes {list_of_numbers} are started"))
def a_federation_partly_started(scene: Scene, nodes: int, list_of_numbers: str) -> None:
    federation = scene.make_federation(make_plan(nodes, {}))
    federation.start_superlink()
    for number in numbers(list_of_numbers):
        federation.start_node(number)
    federation.wait_online(numbers(list_of_numbers))


@given(Words("a run of {rounds:d} rounds of {strategy}, each fit lasting {seconds:g} s"))
@given(Words("a run of {rounds:d} rounds of {strategy}, each fit lasting {seconds:g} s, with"))
@when(Words("a run of {rounds:d} rounds of {strategy} is started, each fit lasting {seconds:g} s"))
@when(Words("a run of {rounds:d} rounds of {strategy} is started, each fit lasting {seconds:g} s, with"))
def a_run(scene: Scene, rounds: int, strategy: str, seconds: float, datatable: list[list[str]] | None = None) -> None:
    scene.federation.start_run(run_values(scene, rounds, strategy, seconds, settings(datatable)))


def run_values(
    scene: Scene, rounds: int, strategy: str, seconds: float, given: dict[str, str]
) -> dict[str, float | str]:
    """The run config of a run.

    Raises:
        InputError: There is no such Strategy, or a number is none.
    """
    own = strategy.startswith(OWN)
    strategy = strategy.removeprefix(OWN)
    if strategy not in STRATEGIES:
        raise InputError(f"there is no Strategy {strategy!r}; there are {', '.join(STRATEGIES)}")
    values: dict[str, float | str] = {
        "strategy": STRATEGIES[strategy],
        "num-rounds": rounds,
        "fit-seconds": float(seconds),
        # Rounds are about fits unless a scenario says otherwise.
        "fraction-evaluate": 0.0,
        # So that a fault finds all of them in the middle of their work, however busy the machine is.
        "cohort": scene.federation.running,
    }
    if scene.strategy is not None and not own:
        values |= {"strategy-file": STRATEGY_FILE, "strategy-class": scene.strategy.name}
    for name, value in given.items():
        if name in _TEXTS:
            values[name] = value
        else:
            try:
                values[name] = float(value) if "." in value else int(value)
            except ValueError as error:
                raise InputError(f"{name} of a run is a number, not {value!r}") from error
    if values["fraction-evaluate"] == -1:
        # Flower's own default.
        del values["fraction-evaluate"]
    return values


@when(Words("node {number:d} is started"))
@when(Words("node {number:d} is started again"))
def start_node(scene: Scene, number: int) -> None:
    scene.processes.start_node(number)


@when(Words("nodes {list_of_numbers} are started again"))
@when(Words("nodes {list_of_numbers} are started"))
def start_nodes(scene: Scene, list_of_numbers: str) -> None:
    for number in numbers(list_of_numbers):
        scene.processes.start_node(number)


@when(Words("the SuperLink is restarted"))
def restart_superlink(scene: Scene) -> None:
    scene.processes.restart_superlink()
