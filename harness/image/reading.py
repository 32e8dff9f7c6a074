"""From a QCOW2 file to facts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from harness.image.boot import read_context, read_network, read_scripts
from harness.image.containerd_store import ROOTS as CONTAINERD_ROOTS
from harness.image.containerd_store import read_containerd_stores
from harness.image.distributions import Contents, package_traces, read_contents
from harness.image.docker_store import ROOT as DOCKER_ROOT
from harness.image.docker_store import read_docker_stores
from harness.image.extfs import ExtTree
from harness.image.facts import ImageFacts, Placed, Root
from harness.image.guestfish import GuestTree
from harness.image.header import Header, read_header
from harness.image.partitions import Layout, read_layout
from harness.image.qemu import Mapped, check, map_data
from harness.image.reader import Disk
from harness.image.store import Store, StoredImage
from harness.image.system import (
    find_executable,
    read_apt_cache,
    read_apt_lists,
    read_os_release,
    read_packages,
)
from harness.image.tree import Tree, exists, read_text
from harness.image.units import read_units
from harness.image.unread import Unread, Unreadable, attempt
from harness.image.verify import Verified, verify

EXECUTABLES = ("jq", "curl", "nc", "dockerd", "docker", "containerd", "runc", "apparmor_parser")
_NOT_WALKED = frozenset({"/proc", "/sys", "/dev", "/run", DOCKER_ROOT, *CONTAINERD_ROOTS})
_DATA_FOLDERS = ("/var", "/var/lib", DOCKER_ROOT, CONTAINERD_ROOTS[0], "/opt", "/usr")
_FOREIGN = ("LVM", "xfs", "btrfs")


@dataclass(frozen=True)
class _Found:
    tree: Tree
    reader: str
    partition: int
    beyond: int


@dataclass(frozen=True)
class _Inside:
    root: Root | Unread
    stores: tuple[Store, ...] | Unread
    frameworks: tuple[Placed, ...] | Unread
    unwalked: tuple[str, ...] = ()


def read_image(image: Path, *, boot_script: str | None = None, full: bool = True) -> ImageFacts:
    """Read everything that the rules judge; what cannot be read becomes `Unread` with its reason.

    Args:
        image: The QCOW2.
        boot_script: Path in the image of a boot script outside the usual folders.
        full: Whether every cluster is read; without it zeroed compressed clusters stay unseen.

    Raises:
        InputError: The file is not there or not a QCOW2.
    """
    started = time.monotonic()
    header = read_header(image)
    with ExitStack() as stack:
        disk = attempt(lambda: stack.enter_context(Disk(image, header)))
        layout = disk if isinstance(disk, Unread) else attempt(lambda: read_layout(disk))
        inside = _read_inside(image, disk, layout, boot_script)
        return ImageFacts(
            image=image,
            size=image.stat().st_size,
            header=header,
            checked=check(image),
            mapped=_map(image, header),
            verified=_verify(image, disk, full=full),
            layout=layout,
            root=inside.root,
            stores=inside.stores,
            frameworks=inside.frameworks,
            unwalked=inside.unwalked,
            seconds=time.monotonic() - started,
        )


def _map(image: Path, header: Header) -> Mapped | Unread:
    return map_data(image) if header.encryption is None else Unread("the image is encrypted")


def _verify(image: Path, disk: Disk | Unread, *, full: bool) -> Verified | Unread:
    if isinstance(disk, Unread):
        return disk
    return verify(image, disk) if full else Unread("the full read was left out (--quick)")


def _read_inside(image: Path, disk: Disk | Unread, layout: Layout | Unread, boot_script: str | None) -> _Inside:
    if isinstance(disk, Unread) or isinstance(layout, Unread):
        reason = disk if isinstance(disk, Unread) else layout
        assert isinstance(reason, Unread)
        return _Inside(reason, reason, reason)
    try:
        found = _root_tree(image, disk, layout)
        tree = found.tree
    except Unreadable as error:
        reason = Unread(str(error))
        return _Inside(reason, reason, reason)
    root = attempt(lambda: _read_root(found, boot_script))
    if isinstance(root, Unread):
        return _Inside(root, root, root)
    away = [folder for folder in root.elsewhere if DOCKER_ROOT.startswith(folder)]
    if away:
        reason = Unread(f"{away[0]} is on another file system (fstab), which is not read")
        return _Inside(root, reason, reason)
    stores = attempt(lambda: (*read_docker_stores(tree), *read_containerd_stores(tree)))
    if isinstance(stores, Unread):
        return _Inside(root, stores, stores)
    return _walk(tree, root, stores)


def _root_tree(image: Path, disk: Disk, layout: Layout) -> _Found:
    """The tree of the first ext4 partition that holds an operating system; else libguestfs's.

    Raises:
        Unreadable: There is none; the text says what there is.
    """
    troubles: list[str] = []
    for partition in layout.partitions:
        if partition.filesystem != "ext4":
            continue
        try:
            tree = ExtTree(disk, partition)
            if exists(tree, "/etc") and (exists(tree, "/usr") or exists(tree, "/var")):
                return _Found(tree, "ext4", partition.number, max(0, tree.size() - partition.size))
        except Unreadable as error:
            troubles.append(f"partition {partition.number}: {error}" if partition.number else str(error))
    foreign = sorted({it.filesystem for it in layout.partitions if it.filesystem in _FOREIGN})
    if foreign:
        try:
            return _Found(GuestTree(image), "libguestfs", 0, 0)
        except Unreadable as error:
            raise Unreadable(f"the root is on {' or '.join(foreign)}, not on ext4; {error}") from error
    if troubles:
        raise Unreadable("; ".join(troubles))
    raise Unreadable(f"no root file system was found on the disk ({layout.words()})")


def _read_root(found: _Found, boot_script: str | None) -> Root:
    tree = found.tree
    release = read_os_release(tree)
    packages = read_packages(tree)
    units = read_units(tree)
    return Root(
        reader=found.reader,
        partition=found.partition,
        beyond=found.beyond,
        used=tree.used(),
        overhead=tree.overhead(),
        release=release,
        packages=packages,
        units=units,
        executables={name: find_executable(tree, name) for name in EXECUTABLES},
        apt_cache=read_apt_cache(tree),
        apt_lists=read_apt_lists(tree),
        context=read_context(tree, packages, units),
        network=read_network(tree, release, units),
        scripts=read_scripts(tree, units, boot_script),
        elsewhere=() if found.reader == "libguestfs" else _elsewhere(tree),
        python=(),
    )


def _elsewhere(tree: Tree) -> tuple[str, ...]:
    lines = [line.split() for line in (read_text(tree, "/etc/fstab") or "").splitlines() if not line.startswith("#")]
    return tuple(words[1] for words in lines if len(words) > 1 and words[1] in _DATA_FOLDERS)


def _walk(tree: Tree, root: Root, stores: Sequence[Store]) -> _Inside:
    """Look through the root and every layer for Python distributions and ML frameworks."""
    placed = [Placed("root", trace) for trace in package_traces(root.packages)]
    unwalked: list[str] = []
    walked: dict[str, Contents] = {}
    read_stores = []
    try:
        own = read_contents(tree, "/", _NOT_WALKED)
        placed += [Placed("root", trace) for trace in own.traces]
        for store in stores:
            images = []
            for image in store.images:
                for number, layer in enumerate(image.layers, start=1):
                    place = f"image {image.name}, layer {number} of {len(image.layers)}"
                    if layer.folder is None:
                        unwalked.append(place)
                    elif layer.folder not in walked:
                        walked[layer.folder] = read_contents(tree, layer.folder)
                        placed += [Placed(place, trace) for trace in walked[layer.folder].traces]
                images.append(replace(image, flower=_flower(image, walked)))
            read_stores.append(replace(store, images=tuple(images)))
    except Unreadable as error:
        reason = Unread(str(error))
        return _Inside(root, tuple(stores), reason, tuple(unwalked))
    return _Inside(replace(root, python=own.distributions), tuple(read_stores), tuple(placed), tuple(unwalked))


def _flower(image: StoredImage, walked: dict[str, Contents]) -> str | None:
    """Version of flwr in the image as a container sees it: the topmost layer that has it, or hides it, counts."""
    for layer in reversed(image.layers):
        found = [it for it in walked[layer.folder].distributions if it.name == "flwr"] if layer.folder in walked else []
        present = [it for it in found if not it.removed]
        if present:
            return present[0].version
        if found:
            return None
    return None
