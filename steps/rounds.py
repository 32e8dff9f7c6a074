"""What must be seen of rounds."""

from __future__ import annotations

from pytest_bdd import then

from harness.scene.scene import Scene
from steps.vocabulary import Words, numbers


@then(Words("round {number:d} records the failure of nodes {list_of_numbers}"))
@then(Words("round {number:d} records the failure of node {list_of_numbers}"))
def records_failures(scene: Scene, number: int, list_of_numbers: str) -> None:
    scene.judge("round-records-failures", round=number, nodes=numbers(list_of_numbers))


@then(Words("round {number:d} counts the result of node {node:d}"))
def counts(scene: Scene, number: int, node: int) -> None:
    scene.judge("round-counts", round=number, node=node)


@then(Words("round {number:d} is aggregated"))
def is_aggregated(scene: Scene, number: int) -> None:
    scene.judge("round-aggregates", round=number)


@then(Words("the {phase} of round {number:d} is aggregated with {results:d} results and {failures:d} failures"))
def is_aggregated_with(scene: Scene, phase: str, number: int, results: int, failures: int) -> None:
    scene.judge("round-aggregates", round=number, phase=phase, results=results, failures=failures)


@then(Words("the {phase} of round {number:d} gives None with {results:d} results and {failures:d} failures"))
def gives_none(scene: Scene, phase: str, number: int, results: int, failures: int) -> None:
    scene.judge("round-gives-none", round=number, phase=phase, results=results, failures=failures)


@then(Words("the aggregate of round {number:d} is the mean of the results that came back"))
def is_mean(scene: Scene, number: int) -> None:
    scene.judge("aggregate-is-mean-of-results", round=number)


@then(Words("round {number:d} leaves the model unchanged"))
def unchanged(scene: Scene, number: int) -> None:
    scene.judge("model-unchanged", round=number)


@then(Words("the round after round {number:d} begins"))
def next_begins(scene: Scene, number: int) -> None:
    scene.judge("next-round-begins", round=number)


@then(Words("round {number:d} aggregates results of nodes {list_of_numbers}"))
@then(Words("round {number:d} aggregates a result of node {list_of_numbers}"))
def aggregates_nodes(scene: Scene, number: int, list_of_numbers: str) -> None:
    scene.judge("round-aggregates-nodes", round=number, nodes=numbers(list_of_numbers))


@then(Words("every one of the {rounds:d} rounds aggregates results of nodes {list_of_numbers}"))
def every_round(scene: Scene, rounds: int, list_of_numbers: str) -> None:
    scene.judge("every-round-aggregates", rounds=rounds, nodes=numbers(list_of_numbers))


@then(Words("round {number:d} does not sample node {node:d}"))
def not_sampled(scene: Scene, number: int, node: int) -> None:
    scene.judge("not-sampled", round=number, node=node)


@then(Words("round {number:d} proceeds with nodes {list_of_numbers}, below the minimum of {minimum:d}"))
def below_minimum(scene: Scene, number: int, list_of_numbers: str, minimum: int) -> None:
    scene.judge("samples-below-min-fit", round=number, nodes=numbers(list_of_numbers), minimum=minimum)


@then(Words("round {number:d} waits for {minimum:d} nodes, for {seconds:g} s at least"))
def waits(scene: Scene, number: int, minimum: int, seconds: float) -> None:
    scene.judge("waits-for-nodes", round=number, minimum=minimum, seconds=seconds)


@then(Words("its Strategy accepts failures by default"))
def accepts_by_default(scene: Scene) -> None:
    scene.judge("strategy-has", values={"accept-failures": True})


@then(Words("its Strategy has completion rates of {rate:g} by default"))
def rates_by_default(scene: Scene, rate: float) -> None:
    scene.judge("strategy-has", values={"completion-rate-fit": rate, "completion-rate-evaluate": rate})
