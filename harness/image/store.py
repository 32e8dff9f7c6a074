"""Images in a container engine's store, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LABEL_VERSION = "org.opencontainers.image.version"


@dataclass(frozen=True)
class Layer:
    """One layer of an image, unpacked in the store.

    Attributes:
        diff_id: Digest of its contents, `sha256:…`.
        folder: Where it is unpacked; None when it is not.
        bytes: Size of its contents, as the store states it.
    """

    diff_id: str
    folder: str | None
    bytes: int


@dataclass(frozen=True)
class StoredImage:
    """An image that needs no network to run.

    Attributes:
        digest: Its id, `sha256:…`.
        names: Its tags, e.g. `flwr/supernode:1.25.0`; empty for a dangling one.
        layers: From the base up.
        labels: Labels of its configuration.
        flower: Version of the `flwr` distribution in its topmost layer that has one; None when none has.
    """

    digest: str
    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    labels: Mapping[str, str]
    flower: str | None = None

    @property
    def name(self) -> str:
        """Its first tag, or the beginning of its id."""
        return self.names[0] if self.names else self.digest.removeprefix("sha256:")[:12]

    @property
    def bytes(self) -> int:
        """Size of its layers."""
        return sum(layer.bytes for layer in self.layers)


@dataclass(frozen=True)
class Store:
    """An image store.

    Attributes:
        kind: `docker (overlay2)`, `containerd (moby)`, …
        images: What is in it.
        containers: Names or ids of containers, running or stopped.
        orphans: Layers that belong to no image, and other data that a prune removes; paths.
    """

    kind: str
    images: tuple[StoredImage, ...]
    containers: tuple[str, ...]
    orphans: tuple[str, ...]
