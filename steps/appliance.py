"""The edge image, booted as a VM of a service."""

from __future__ import annotations

from pytest_bdd import given, then

from harness.scene import faults, services
from harness.scene.scene import Scene
from steps.vocabulary import Words, settings


@given(
    Words("a service of {nodes:d} SuperNodes, node 1 of which boots the edge image behind a cut link, with the context")
)
def boots_behind_a_cut(scene: Scene, nodes: int, datatable: list[list[str]]) -> None:
    services.boot(scene, nodes, settings(datatable), edge=True)
    faults.cut(scene, 1)


@given(
    Words("a service of {nodes:d} SuperNodes, node 1 of which boots the edge image without a cable, with the context")
)
def boots_without_a_cable(scene: Scene, nodes: int, datatable: list[list[str]]) -> None:
    services.boot(scene, nodes, settings(datatable), edge=True)
    faults.unplug(scene, 1)


@then(Words("node {node:d} is not READY before it is online"))
def ready_means_connected(scene: Scene, node: int) -> None:
    scene.judge("ready-means-connected", node=node)


@then(Words("node {node:d} finds the SuperLink through OneGate, reports READY and registers, without internet"))
def boots_and_registers(scene: Scene, node: int) -> None:
    scene.judge("boots-and-registers", node=node)


@then(Words("node {node:d} starts its SuperNode without a network, and registers once it has one"))
def starts_without_network(scene: Scene, node: int) -> None:
    scene.judge("starts-without-network", node=node)


@then(
    Words("node {node:d}, with {cores:d} processors and {memory:d} MB, has a part in {rounds:d} rounds of a whole run")
)
def takes_part(scene: Scene, node: int, cores: int, memory: int, rounds: int) -> None:
    scene.judge("takes-part", node=node, cores=cores, memory=memory, rounds=rounds)


@then(Words("node {node:d} works again after its cable was out"))
def works_after_unplug(scene: Scene, node: int) -> None:
    scene.judge("works-again", node=node, fault="node_unplug")


@then(Words("node {node:d} works again after it was frozen"))
def works_after_freeze(scene: Scene, node: int) -> None:
    scene.judge("works-again", node=node, fault="node_freeze")
