"""Rules about the pre-baked Flower image, and about what must not be baked in."""

from __future__ import annotations

from harness.image.facts import ImageFacts
from harness.image.rules.finding import (
    Expectations,
    Judgement,
    conforms,
    deviates,
    megabytes,
    shortened,
    unknown,
)
from harness.image.store import LABEL_VERSION, StoredImage
from harness.image.unread import Unread

_TOLERATED = "scikit-learn"


def _images(facts: ImageFacts) -> list[StoredImage]:
    assert not isinstance(facts.stores, Unread)
    return [image for store in facts.stores for image in store.images]


def prebaked(facts: ImageFacts, expected: Expectations) -> Judgement:
    """The base image is in the store, whole, by its name."""
    if isinstance(facts.stores, Unread):
        return unknown(facts.stores.reason)
    images = _images(facts)
    if not images:
        return deviates(f"no container image in the image: {expected.image} would have to come over the network")
    for image in images:
        if expected.image in image.names:
            if not image.layers:
                return deviates(f"{expected.image} is named, but its configuration or layers are not in the store")
            return conforms(f"{expected.image}, {len(image.layers)} layers, {megabytes(image.bytes)}")
    tags = tuple(name for image in images for name in image.names)
    same = tuple(name for name in tags if name.rpartition(":")[0] == expected.repository)
    return deviates(f"{expected.image} is not there; there is {shortened(same or tags) or 'no tagged image'}")


def flower_version(facts: ImageFacts, expected: Expectations) -> Judgement:
    """The version of the flwr distribution itself: a tag can say anything."""
    if isinstance(facts.stores, Unread):
        return unknown(facts.stores.reason)
    ours = [
        image for image in _images(facts) if any(name.startswith(f"{expected.repository}:") for name in image.names)
    ]
    if not ours:
        return deviates(f"no {expected.repository} image is there; expected is Flower {expected.flower}")
    tagged = [image for image in ours if expected.image in image.names]
    image = (tagged or ours)[0]
    if image.flower is not None:
        seen = f"flwr {image.flower} in {image.name}"
        return conforms(seen) if image.flower == expected.flower else deviates(f"{seen}; expected is {expected.flower}")
    if isinstance(facts.frameworks, Unread):
        return unknown(facts.frameworks.reason)
    label = image.labels.get(LABEL_VERSION)
    stated = f"its label says {label}" if label else "its labels say nothing"
    if any(layer.folder is None for layer in image.layers):
        return unknown(f"a layer of {image.name} is not unpacked, so that flwr was not found; {stated}")
    return deviates(f"no flwr distribution in any layer of {image.name} ({stated}); expected is {expected.flower}")


def only_base_image(facts: ImageFacts, expected: Expectations) -> Judgement:
    """Nothing but the base image is pre-baked."""
    if isinstance(facts.stores, Unread):
        return unknown(facts.stores.reason)
    images = [image for image in _images(facts) if image.names]
    others = tuple(f"{image.name} ({megabytes(image.bytes)})" for image in images if expected.image not in image.names)
    if others:
        return deviates(f"more than {expected.image} is pre-baked: {shortened(others)}")
    if not images:
        return deviates(f"nothing is pre-baked; expected is {expected.image}")
    return conforms(f"{expected.image} and no other")


def no_ml_framework(facts: ImageFacts, _: Expectations) -> Judgement:
    """None in the root and none in any layer: what a later layer deletes still takes its room."""
    if isinstance(facts.frameworks, Unread):
        return unknown(facts.frameworks.reason)
    if facts.frameworks:
        seen = list(
            dict.fromkeys(
                f"{it.trace.framework}{f' {it.trace.version}' if it.trace.version else ''} in {it.place}"
                for it in facts.frameworks
            )
        )
        names = {it.trace.framework for it in facts.frameworks}
        note = " (the summary would tolerate it, the table of Pattern 1 does not)" if names == {_TOLERATED} else ""
        return deviates(f"{shortened(seen)}{note}: {facts.frameworks[0].trace.path}")
    if facts.unwalked:
        return unknown(f"{shortened(facts.unwalked)} is not unpacked and was not looked into")
    layers = sum(len(image.layers) for image in _images(facts)) if not isinstance(facts.stores, Unread) else 0
    return conforms(f"none in the root and none in {layers} image layers")
