"""containerd's store, as containerd 1.6 wrote it for two images imported with `ctr -n moby images import`."""

from __future__ import annotations

import contextlib
import random
import tarfile
from pathlib import Path

import pytest

from harness.image.bolt import Bolt
from harness.image.reading import read_image
from harness.image.rules import judge
from harness.image.unread import Unread, Unreadable

DATA = Path(__file__).parent / "data" / "containerd-1.6.tar.xz"
META = "io.containerd.metadata.v1.bolt/meta.db"


def unpack(folder: Path) -> None:
    with tarfile.open(DATA) as tar:
        # Python 3.11.2, Debian 12's, has no filters; later ones warn without.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)


@pytest.mark.parametrize("where", ["var/lib/containerd", "var/lib/docker/containerd/daemon"])
def test_images_layers_and_what_is_in_them(appliance, tmp_path, where):
    appliance.no_images()
    unpack(appliance.root / where)
    facts = read_image(appliance.qcow2(tmp_path))
    assert not isinstance(facts.stores, Unread)
    (store,) = facts.stores
    assert store.kind == "containerd (moby)"
    flower, trainer = sorted(store.images, key=lambda image: image.name)
    assert (flower.names, flower.flower, len(flower.layers)) == (("flwr/supernode:1.25.0",), "1.25.0", 2)
    assert flower.labels == {"a": "b"}
    assert trainer.names == ("trainer:1",)
    assert facts.unwalked == ()
    verdicts = {it.rule: (it.verdict.value, it.evidence) for it in judge(facts)}
    assert verdicts["flower-image"][0] == verdicts["flower-version"][0] == "conforms"
    assert verdicts["only-base-image"][0] == "deviates"
    assert verdicts["no-ml-framework"][0] == "deviates"
    assert "PyTorch in image trainer:1, layer 1 of 1" in verdicts["no-ml-framework"][1]


def test_layers_that_are_not_unpacked_are_unknown(appliance, tmp_path):
    appliance.no_images()
    unpack(appliance.root / "var/lib/containerd")
    appliance.remove("/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs")
    verdicts = {it.rule: it for it in judge(read_image(appliance.qcow2(tmp_path)))}
    assert verdicts["no-ml-framework"].verdict.value == "unknown"
    assert "not unpacked" in verdicts["no-ml-framework"].evidence
    assert verdicts["flower-version"].verdict.value == "unknown"


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_database_is_unreadable_and_nothing_else(tmp_path, seed):
    unpack(tmp_path)
    data = bytearray((tmp_path / META).read_bytes())
    chance = random.Random(seed)
    for _ in range(30):
        data[chance.randrange(8192, len(data))] = chance.randrange(256)
    with contextlib.suppress(Unreadable):
        bolt = Bolt(bytes(data))
        for namespace in bolt.buckets(b"v1"):
            for name in bolt.buckets(b"v1", namespace, b"images"):
                bolt.bucket(b"v1", namespace, b"images", name, b"target")


def test_what_is_no_database_is_refused():
    with pytest.raises(Unreadable, match="not a bbolt database"):
        Bolt(b"nothing" * 2000)
