"""Faults of links and nodes. That a fault bites is verified by `harness/chaos` before the step ends."""

from __future__ import annotations

from pytest_bdd import when

from harness.scene import faults
from harness.scene.scene import Scene
from steps.vocabulary import Words, numbers


@when(Words("the link of node {node:d} is cut"))
def cut(scene: Scene, node: int) -> None:
    faults.cut(scene, node)


@when(Words("the link of node {node:d} is cut for {seconds:g} s"))
def cut_for(scene: Scene, node: int, seconds: float) -> None:
    faults.cut(scene, node)
    faults.keep_up(scene, node, seconds)


@when(Words("the links of nodes {list_of_numbers} are cut"))
def cut_many(scene: Scene, list_of_numbers: str) -> None:
    for node in numbers(list_of_numbers):
        faults.cut(scene, node)


@when(Words("the link of node {node:d} swallows everything for {seconds:g} s"))
def black_hole_for(scene: Scene, node: int, seconds: float) -> None:
    faults.black_hole(scene, node)
    faults.keep_up(scene, node, seconds)


@when(Words("the link of node {node:d} is healed"))
def heal(scene: Scene, node: int) -> None:
    scene.heal(node)


@when(Words("the link of node {node:d} is limited to {rate:d} kB/s"))
def bandwidth(scene: Scene, node: int, rate: int) -> None:
    faults.bandwidth(scene, node, rate)


@when(Words("the cable of node {node:d} is out for {seconds:g} s"))
def unplug_for(scene: Scene, node: int, seconds: float) -> None:
    faults.unplug(scene, node)
    faults.keep_up(scene, node, seconds)


@when(Words("the cable of node {node:d} is plugged in"))
def plug(scene: Scene, node: int) -> None:
    scene.heal(node)


@when(Words("node {node:d} is frozen for {seconds:g} s"))
def freeze_for(scene: Scene, node: int, seconds: float) -> None:
    faults.freeze(scene, node)
    faults.keep_up(scene, node, seconds)


@when(Words("the connections of node {node:d} are reset"))
def reset(scene: Scene, node: int) -> None:
    scene.federation.nodes[node].link.reset()


@when(Words("the connections of node {node:d} die without a sign"))
def half_open(scene: Scene, node: int) -> None:
    scene.federation.nodes[node].link.half_open()


@when(Words("node {node:d} is killed"))
def kill(scene: Scene, node: int) -> None:
    faults.kill(scene, [node])


@when(Words("nodes {list_of_numbers} are killed"))
def kill_many(scene: Scene, list_of_numbers: str) -> None:
    faults.kill(scene, numbers(list_of_numbers))


@when(Words("node {node:d} is stopped"))
def stop(scene: Scene, node: int) -> None:
    faults.stop(scene, [node])


@when(Words("nodes {list_of_numbers} are stopped"))
def stop_many(scene: Scene, list_of_numbers: str) -> None:
    faults.stop(scene, numbers(list_of_numbers))


@when(Words("the ClientApp of node {node:d} is killed"))
def kill_clientapp(scene: Scene, node: int) -> None:
    faults.kill_clientapp(scene, node)
