"""What must be seen of the edge image."""

from __future__ import annotations

import pytest
from pytest_bdd import given, then

from harness import sessions
from harness.claims.plugin.run import Run
from harness.image.under_test import ImageUnderTest
from harness.scene.scene import Scene
from harness.target import Target
from steps.vocabulary import Words

PARTS = {
    "file": "size-total",
    "base system": "size-base-os",
    "Docker engine": "size-docker",
    "Flower image": "size-flower",
    "framework": "size-framework",
    "utilities": "size-utilities",
    "rest": "size-context",
}
"""What the steps call the parts of the breakdown (`harness/image/rules/breakdown.py`)."""


@pytest.fixture
def image_under_test(run: Run, target: Target) -> ImageUnderTest:
    return ImageUnderTest(
        image=target.image,
        required=target.image_required,
        limit=target.image_limit,
        flower=target.flower,
        folder=sessions.join_session(run.session).work / "image",
        log=run.folder / "logs" / "image-build.log",
    )


@given("the image under test has been read")
def read(scene: Scene, image_under_test: ImageUnderTest) -> None:
    image_under_test.tell(scene.recorder)


# -- the file


@then(Words("it is a QCOW2 that is whole, stands alone and is not encrypted"))
def is_sound(scene: Scene) -> None:
    scene.judge("image-is-sound")


@then(Words("its disk fits the VM's, and its root file system its partition"))
def fits_its_disk(scene: Scene) -> None:
    scene.judge("image-fits-its-disk")


@then(Words("its file is smaller than the limit"))
def is_below_its_limit(scene: Scene) -> None:
    scene.judge("image-is-below-its-limit")


@then(Words("the {part} takes {low:d} to {high:d} MB, give or take a quarter"))
def is_between(scene: Scene, part: str, low: int, high: int) -> None:
    scene.judge("image-part-is-estimated", part=PARTS[part], low=low, high=high)


@then(Words("the {part} takes about {size:d} MB, give or take a quarter"))
def is_about(scene: Scene, part: str, size: int) -> None:
    scene.judge("image-part-is-estimated", part=PARTS[part], low=size, high=size)


@then(Words("the {part} takes {most:d} MB at most, give or take a quarter"))
def is_at_most(scene: Scene, part: str, most: int) -> None:
    scene.judge("image-part-is-at-most", part=PARTS[part], most=most)


# -- what is in it


@then(Words("its system is Ubuntu 24.04, the minimal one"))
def has_base_os(scene: Scene) -> None:
    scene.judge("image-has-base-os")


@then(Words("Docker 24 or newer, or Debian's own, is installed and starts at boot"))
def has_docker(scene: Scene) -> None:
    scene.judge("image-has-docker")


@then(Words("flwr/supernode of the version under test is in Docker's store, with that Flower in it"))
def has_flower(scene: Scene) -> None:
    scene.judge("image-has-flower")


@then(Words("no other container image is in it"))
def has_flower_only(scene: Scene) -> None:
    scene.judge("image-has-flower-only")


@then(Words("neither its root nor a layer of a container image has a machine-learning framework"))
def has_no_framework(scene: Scene) -> None:
    scene.judge("image-has-no-framework")


@then(Words("jq, curl and nc are on its path"))
def has_utilities(scene: Scene) -> None:
    scene.judge("image-has-utilities")


@then(Words("apt's caches and Docker's leftovers are gone"))
def is_clean(scene: Scene) -> None:
    scene.judge("image-is-clean")


# -- how it starts


@then(Words("the boot script and the health check are there and can be executed"))
def has_scripts(scene: Scene) -> None:
    scene.judge("image-has-scripts")


@then(Words("contextualization starts at boot, looks for its disk and reports READY"))
def has_contextualization(scene: Scene) -> None:
    scene.judge("image-has-contextualization")


@then(Words("OpenNebula's own contextualization package is installed and enabled"))
def has_one_context(scene: Scene) -> None:
    scene.judge("image-has-one-context")


@then(Words("the network manager that contextualization configures starts at boot"))
def brings_its_interface_up(scene: Scene) -> None:
    scene.judge("image-brings-its-interface-up")
