"""Moments of a run: what a scenario waits for before it acts, and for how long it looks before it judges."""

from __future__ import annotations

from pytest_bdd import when

from harness.scene import moments
from harness.scene.scene import Scene
from steps.vocabulary import Words, numbers


@when(Words("round {number:d} is in {phase} on node {node:d}"))
def in_phase(scene: Scene, number: int, phase: str, node: int) -> None:
    moments.wait_in_phase(scene, number, phase, [node])


@when(Words("round {number:d} is in {phase} on nodes {list_of_numbers}"))
def in_phase_on_nodes(scene: Scene, number: int, phase: str, list_of_numbers: str) -> None:
    moments.wait_in_phase(scene, number, phase, numbers(list_of_numbers))


@when(Words("at most {seconds:g} s pass until {condition}"))
def pass_until(scene: Scene, seconds: float, condition: str) -> None:
    moments.watch(scene, condition, seconds)


@when(Words("{seconds:g} s pass"))
def seconds_pass(scene: Scene, seconds: float) -> None:
    moments.pass_time(scene, seconds)
