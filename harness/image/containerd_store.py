"""containerd's image store, as Docker 29 and newer use it (and older ones with the `containerd-snapshotter` feature).

Names are in `meta.db`, manifests and configurations among the content blobs, unpacked layers in the snapshotter's
folder; the snapshotter's own `metadata.db` says which. Both databases are bbolt.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from harness.image.bolt import Bolt
from harness.image.docker_store import chain_ids
from harness.image.store import Layer, Store, StoredImage
from harness.image.tree import Kind, Tree, exists, listing, resolve
from harness.image.unread import Unreadable

ROOTS = ("/var/lib/containerd", "/var/lib/docker/containerd/daemon")
_META = "io.containerd.metadata.v1.bolt/meta.db"
_BLOBS = "io.containerd.content.v1.content/blobs"
_SNAPSHOTTER_PREFIX = "io.containerd.snapshotter.v1."
_IGNORED_NAMESPACES = {b"version"}
_ATTESTATION = "vnd.docker.reference.type"


def read_containerd_stores(tree: Tree) -> list[Store]:
    """The stores of every namespace below containerd's data folders.

    Raises:
        Unreadable: A database or a blob is damaged.
    """
    return [store for root in ROOTS for store in _read_root(tree, root)]


def _read_root(tree: Tree, root: str) -> Iterator[Store]:
    data = _contents(tree, f"{root}/{_META}")
    if not data:
        return
    meta = Bolt(data)
    folders = _snapshot_folders(tree, root)
    for namespace in meta.buckets(b"v1"):
        if namespace in _IGNORED_NAMESPACES:
            continue
        images = tuple(_images(tree, root, meta, namespace, folders))
        containers = tuple(name.decode(errors="replace")[:12] for name in meta.buckets(b"v1", namespace, b"containers"))
        if images or containers:
            yield Store(f"containerd ({namespace.decode(errors='replace')})", images, containers, ())


def _snapshot_folders(tree: Tree, root: str) -> dict[str, str]:
    """Folder of each unpacked layer by its chain id."""
    found: dict[str, str] = {}
    for plugin, kind in listing(tree, root).items():
        if not plugin.startswith(_SNAPSHOTTER_PREFIX) or kind is not Kind.FOLDER:
            continue
        data = _contents(tree, f"{root}/{plugin}/metadata.db")
        if not data:
            continue
        own = Bolt(data)
        for key in own.buckets(b"v1", b"snapshots"):
            values = own.bucket(b"v1", b"snapshots", key) or {}
            folder = f"{root}/{plugin}/snapshots/{_uvarint(values.get(b'id', b''))}/fs"
            # The key is `namespace/number/name`; an unpacked layer's name is its chain id.
            found[key.decode(errors="replace").rsplit("/", 1)[-1]] = folder
    return {chain: folder for chain, folder in found.items() if exists(tree, folder)}


def _images(tree: Tree, root: str, meta: Bolt, namespace: bytes, folders: Mapping[str, str]) -> Iterator[StoredImage]:
    names: dict[str, list[str]] = {}
    for name in meta.buckets(b"v1", namespace, b"images"):
        target = meta.bucket(b"v1", namespace, b"images", name, b"target") or {}
        digest = target.get(b"digest", b"").decode(errors="replace")
        names.setdefault(digest, []).append(_familiar(name.decode(errors="replace")))
    for digest, tags in names.items():
        # Docker keeps what lost its last tag under a name of its own making.
        shown = tuple(sorted(tag for tag in tags if not tag.startswith("moby-dangling@")))
        for manifest in _manifests(tree, root, digest):
            yield _image(tree, root, digest, shown, manifest=manifest, folders=folders)


def _manifests(tree: Tree, root: str, digest: str) -> Iterator[dict[str, Any]]:
    blob = _blob(tree, root, digest)
    if blob is None:
        return
    if "manifests" not in blob:
        yield blob
        return
    for child in blob["manifests"]:
        if _ATTESTATION not in (child.get("annotations") or {}):
            # Only the platforms that were pulled have their manifest here.
            yield from _manifests(tree, root, str(child.get("digest", "")))


def _image(
    tree: Tree, root: str, digest: str, names: tuple[str, ...], *, manifest: dict[str, Any], folders: Mapping[str, str]
) -> StoredImage:
    config = _blob(tree, root, str((manifest.get("config") or {}).get("digest", ""))) or {}
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    # The manifest has the sizes of the compressed blobs, the only ones that the store states.
    sizes = [int(layer.get("size", 0)) for layer in manifest.get("layers") or []]
    sizes += [0] * (len(diff_ids) - len(sizes))
    layers = tuple(
        Layer(diff_id, folders.get(chain), size)
        for diff_id, chain, size in zip(diff_ids, chain_ids(diff_ids), sizes, strict=False)
    )
    return StoredImage(digest, names, layers, (config.get("config") or {}).get("Labels") or {})


def _blob(tree: Tree, root: str, digest: str) -> dict[str, Any] | None:
    algorithm, _, name = digest.partition(":")
    data = _contents(tree, posixpath.join(root, _BLOBS, algorithm, name)) if name else b""
    if not data:
        return None
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Unreadable(f"blob {digest} in the image is not JSON: the containerd store is damaged") from error
    return value if isinstance(value, dict) else None


def _contents(tree: Tree, path: str) -> bytes:
    found = resolve(tree, path)
    return tree.contents(found.path) if found is not None and found.kind is Kind.FILE else b""


def _familiar(name: str) -> str:
    """A reference as people write it: `docker.io/library/x:1` is `x:1`."""
    return name.removeprefix("docker.io/").removeprefix("library/")


def _uvarint(data: bytes) -> int:
    value = 0
    for shift, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no continuation bit
            break
    return value
