"""Federations that OneFlow runs and scales while they train."""

from __future__ import annotations

from pytest_bdd import given, then, when

from harness.scene import services
from harness.scene.scene import Scene
from steps.vocabulary import Words, settings


@given(Words("a service of {nodes:d} SuperNodes"))
@given(Words("a service of {nodes:d} SuperNodes with"))
def a_service(scene: Scene, nodes: int, datatable: list[list[str]] | None = None) -> None:
    services.deploy(scene, nodes, settings(datatable))


@when(Words("the logs are read"))
def read_logs(scene: Scene) -> None:
    services.read_logs(scene)


@then(Words("round {number:d} records the {removed:d} nodes that were removed as its failures"))
@then(Words("round {number:d} records the {removed:d} node that was removed as its failure"))
def records_removed(scene: Scene, number: int, removed: int) -> None:
    scene.judge("round-records-removed", round=number, removed=removed)


@then(Words("round {number:d} records {removed:d} removed nodes or more as its failures"))
def records_removed_or_more(scene: Scene, number: int, removed: int) -> None:
    scene.judge("round-records-removed", round=number, removed=removed, or_more=True)


@then(Words("a node is removed before round {number:d} has ended"))
def removes_in_round(scene: Scene, number: int) -> None:
    scene.judge("policy-removes-in-round", round=number)


@then(Words("round {number:d} loses one node only"))
def loses_one(scene: Scene, number: int) -> None:
    scene.judge("round-loses-one-node-only", round=number)


@then(Words("node {node:d}, which came in round {number:d}, joins the next round"))
def joins(scene: Scene, node: int, number: int) -> None:
    scene.judge("joins-next-round", node=node, round=number)


@then(Words("the policy `{expression}` adds node {node:d}, which trains"))
def adds(scene: Scene, expression: str, node: int) -> None:
    scene.judge("policy-adds-node", node=node, expression=expression)


@then(Words("the policy `{expression}` removes one VM at a time, down to {minimum:d} and no further"))
def shrinks(scene: Scene, expression: str, minimum: int) -> None:
    scene.judge("policy-shrinks-to", minimum=minimum, expression=expression)


@then(Words("round {number:d} waits, and the run stays running, for {seconds:g} s at least"))
def stuck(scene: Scene, number: int, seconds: float) -> None:
    scene.judge("run-is-stuck", round=number, seconds=seconds)


@then(Words("no round from round {number:d} on goes by without nodes"))
def no_round_lost(scene: Scene, number: int) -> None:
    scene.judge("no-round-is-lost", round=number)


@then(Words("two of the {nodes:d} nodes have the same partition-id"))
def partition_ids(scene: Scene, nodes: int) -> None:
    scene.judge("partition-ids-repeat", nodes=nodes)


@then(Words("FL_TRAINING_ACTIVE of node {node:d} follows its fits"))
def training_active(scene: Scene, node: int) -> None:
    scene.judge("training-active-follows", node=node)


@then(Words("FL_ROUND_NUMBER of node {node:d} follows its fits"))
def round_number(scene: Scene, node: int) -> None:
    scene.judge("round-number-follows", node=node)


@then(Words("FL_CLIENT_STATUS of node {node:d} follows its fits and its link"))
def client_status(scene: Scene, node: int) -> None:
    scene.judge("client-status-follows", node=node)


@then(Words("the logs say {words}"))
def logs_say(scene: Scene, words: str) -> None:
    scene.judge("logs-say", phrase=words.strip('"'))
