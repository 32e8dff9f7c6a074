"""What is read of Flower without a federation."""

from __future__ import annotations

from pytest_bdd import then, when

from harness.flower.reading import strategy_signatures, supernode_options
from harness.scene.scene import Scene
from steps.vocabulary import Words


@when(Words("the options of flower-supernode are read"))
def read_options(scene: Scene) -> None:
    scene.recorder.record("flower", "options.read", options=supernode_options(scene.flower, scene.home))


@when(Words("the signatures of Flower's Strategies are read"))
def read_signatures(scene: Scene) -> None:
    scene.recorder.record("flower", "signatures.read", strategies=strategy_signatures(scene.flower, scene.home))


@then(Words("one of them sets the kind or the maximum of the back-off"))
def backoff_is_configurable(scene: Scene) -> None:
    scene.judge("backoff-is-configurable")


@then(Words("each of them has accept_failures, true by default"))
def every_strategy(scene: Scene) -> None:
    scene.judge("every-strategy-accepts-failures")
