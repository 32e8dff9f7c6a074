"""Appliances that look for their SuperLink, and what they make of their context."""

from __future__ import annotations

from pytest_bdd import given, then, when

from harness.scene import services
from harness.scene.scene import Scene
from steps.vocabulary import Words, settings


@given(Words("a service of {nodes:d} SuperNodes whose SuperLink is not ready, with the context"))
def a_held_service(scene: Scene, nodes: int, datatable: list[list[str]]) -> None:
    services.boot(scene, nodes, settings(datatable), held=True)


@given(Words("a service of {nodes:d} SuperNodes with the context"))
def a_service(scene: Scene, nodes: int, datatable: list[list[str]]) -> None:
    services.boot(scene, nodes, settings(datatable), held=False).wait_online(range(1, nodes + 1))


@when(Words("the SuperLink becomes ready"))
def becomes_ready(scene: Scene) -> None:
    services.release(scene)


@then(Words("node {node:d} tries {tries:d} times, {interval:g} s apart, and ends with a failure"))
def gives_up(scene: Scene, node: int, tries: int, interval: float) -> None:
    scene.judge("tries-and-gives-up", node=node, tries=tries, interval=interval)


@then(Words("the waits of node {node:d} begin with {first:g} s and double, up to {most:g} s"))
def doubles(scene: Scene, node: int, first: float, most: float) -> None:
    scene.judge("tries-double", node=node, first=first, most=most)


@then(Words("the waits of node {node:d} reach {most:g} s and never exceed it"))
def capped(scene: Scene, node: int, most: float) -> None:
    scene.judge("tries-never-wait-longer", node=node, most=most)


@then(Words("the waits of node {node:d} are all {interval:g} s"))
def even(scene: Scene, node: int, interval: float) -> None:
    scene.judge("tries-are-even", node=node, interval=interval)


@then(Words("node {node:d} finds the SuperLink after {tries:d} tries or more, and works"))
def finds(scene: Scene, node: int, tries: int) -> None:
    scene.judge("found-after-trying", node=node, tries=tries)


@then(Words("node {node:d} works and has asked OneGate for nothing"))
def asks_nobody(scene: Scene, node: int) -> None:
    scene.judge("asks-nobody", node=node)


@then(Words("node {node:d} trains on partition {partition:d}, as its context says"))
def given_partition(scene: Scene, node: int, partition: int) -> None:
    scene.judge("trains-on-given-partition", node=node, partition=partition)


@then(Words("the partition-id of node {node:d} no longer fits its place in the role"))
def no_longer_fits(scene: Scene, node: int) -> None:
    scene.judge("partition-no-longer-fits", node=node)


@then(Words("node {node:d}, whose appliance handed 0 on, goes on trying"))
def hands_zero_on(scene: Scene, node: int) -> None:
    scene.judge("hands-zero-on", node=node)
