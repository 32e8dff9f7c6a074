"""Docker's classic image store, `/var/lib/docker/image/DRIVER` (moby's layer and image stores).

`repositories.json` has the names, `imagedb/content` the configurations, `layerdb` the layers by chain id: each with
its folder (`cache-id`) below the driver's own, its size, and its digest.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Sequence
from typing import Any

from harness.image.store import Layer, Store, StoredImage
from harness.image.tree import Kind, Tree, exists, listing, read_text
from harness.image.unread import Unreadable

ROOT = "/var/lib/docker"
_FOLDERS = {"vfs": "vfs/dir/{id}"}
_USUAL_FOLDER = "{driver}/{id}/diff"


def read_docker_stores(tree: Tree, root: str = ROOT) -> list[Store]:
    """Every driver's store below Docker's data folder.

    Raises:
        Unreadable: A file of the store is not as moby writes it.
    """
    drivers = [name for name, kind in listing(tree, f"{root}/image").items() if kind is Kind.FOLDER]
    return [_read_store(tree, root, driver) for driver in sorted(drivers)]


def _read_store(tree: Tree, root: str, driver: str) -> Store:
    base = f"{root}/image/{driver}"
    names = _names(tree, base)
    digests = [f"sha256:{name}" for name in listing(tree, f"{base}/imagedb/content/sha256")]
    images = tuple(_image(tree, root, driver, digest, names.get(digest, ())) for digest in sorted({*digests, *names}))
    # What `docker build` left as steps of an image has no name, and a prune keeps it: it is no image of its own.
    parents = {
        text.strip()
        for digest in digests
        if (text := read_text(tree, f"{base}/imagedb/metadata/sha256/{digest.removeprefix('sha256:')}/parent"))
    }
    images = tuple(image for image in images if image.names or image.digest not in parents)
    containers = tuple(name[:12] for name, kind in listing(tree, f"{root}/containers").items() if kind is Kind.FOLDER)
    return Store(f"docker ({driver})", images, containers, _orphans(tree, root, driver, images))


def _names(tree: Tree, base: str) -> dict[str, tuple[str, ...]]:
    path = f"{base}/repositories.json"
    repositories = _json(read_text(tree, path) or "{}", path).get("Repositories") or {}
    found: dict[str, list[str]] = {}
    for references in repositories.values():
        for reference, digest in references.items():
            # `name@sha256:…` is where it was pulled from, not a tag.
            kept = found.setdefault(digest, [])
            if "@" not in reference:
                kept.append(reference)
    return {digest: tuple(sorted(tags)) for digest, tags in found.items()}


def _image(tree: Tree, root: str, driver: str, digest: str, names: tuple[str, ...]) -> StoredImage:
    base = f"{root}/image/{driver}"
    path = f"{base}/imagedb/content/sha256/{digest.removeprefix('sha256:')}"
    text = read_text(tree, path)
    if text is None:
        # Named, but its configuration is not there: Docker cannot run it, and so it has no layers.
        return StoredImage(digest, names, (), {})
    config = _json(text, path)
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    labels = (config.get("config") or {}).get("Labels") or {}
    layers = [
        _layer(tree, root, driver, diff_id, chain) for diff_id, chain in zip(diff_ids, chain_ids(diff_ids), strict=True)
    ]
    return StoredImage(digest, names, tuple(layers), labels)


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """Ids of the layers on top of each other, as the OCI image specification defines ChainID."""
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(f"sha256:{hashlib.sha256(f'{chains[-1]} {diff_id}'.encode()).hexdigest()}" if chains else diff_id)
    return chains


def _layer(tree: Tree, root: str, driver: str, diff_id: str, chain: str) -> Layer:
    entry = f"{root}/image/{driver}/layerdb/sha256/{chain.removeprefix('sha256:')}"
    cache_id = read_text(tree, f"{entry}/cache-id")
    size = (read_text(tree, f"{entry}/size") or "0").strip()
    folder = None
    if cache_id:
        pattern = _FOLDERS.get(driver, _USUAL_FOLDER)
        folder = posixpath.join(root, pattern.format(driver=driver, id=cache_id.strip()))
        folder = folder if exists(tree, folder) else None
    return Layer(diff_id, folder, int(size) if size.isdigit() else 0)


def _orphans(tree: Tree, root: str, driver: str, images: Sequence[StoredImage]) -> tuple[str, ...]:
    known = {layer.folder for image in images for layer in image.layers}
    pattern = _FOLDERS.get(driver, _USUAL_FOLDER)
    top = posixpath.join(root, pattern.format(driver=driver, id="").removesuffix("/diff").rstrip("/"))
    folders = [
        posixpath.join(root, pattern.format(driver=driver, id=name))
        for name, kind in listing(tree, top).items()
        if kind is Kind.FOLDER and name != "l"
    ]
    layers = [folder for folder in folders if folder not in known]
    buildkit = [f"{root}/buildkit/content"] if listing(tree, f"{root}/buildkit/content/blobs/sha256") else []
    scratch = posixpath.join(root, "tmp")
    temporary = [posixpath.join(scratch, name) for name in listing(tree, scratch)]
    return (*layers, *buildkit, *temporary)


def _json(text: str, path: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"{path} in the image is not JSON ({error}): the Docker store is damaged") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{path} in the image is not a JSON object: the Docker store is damaged")
    return value
