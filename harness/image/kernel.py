"""Kernel and initial RAM disk out of an image, to boot it directly: under emulation faster than by its boot loader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.image.extfs import ExtTree
from harness.image.header import read_header
from harness.image.partitions import read_layout
from harness.image.reader import Disk
from harness.image.tree import Kind, Tree, listing, resolve
from harness.image.unread import Unreadable

_LINKS = (("/vmlinuz", "/initrd.img"), ("/boot/vmlinuz", "/boot/initrd.img"))
_VERSIONED = re.compile(r"^vmlinuz-(.+)$")


@dataclass(frozen=True)
class Kernel:
    """What QEMU's -kernel, -initrd and -append want.

    Attributes:
        kernel: Contents of the kernel.
        initrd: Contents of the initial RAM disk.
        root: The root for the kernel's command line, e.g. `UUID=…`.
    """

    kernel: bytes
    initrd: bytes
    root: str


def read_kernel(image: Path) -> Kernel:
    """The kernel that the image boots by default.

    Raises:
        InputError: The file is not there or not a QCOW2.
        Unreadable: No ext4 partition has a kernel and its RAM disk.
    """
    with Disk(image, read_header(image)) as disk:
        for partition in read_layout(disk).partitions:
            if partition.filesystem != "ext4":
                continue
            tree = ExtTree(disk, partition)
            for kernel_path, initrd_path in (*_LINKS, *_versions(tree)):
                kernel, initrd = resolve(tree, kernel_path), resolve(tree, initrd_path)
                if kernel is not None and initrd is not None and kernel.kind is initrd.kind is Kind.FILE:
                    root = f"UUID={tree.uuid()}"
                    return Kernel(tree.contents(kernel.path), tree.contents(initrd.path), root)
    raise Unreadable(f"{image}: no ext4 partition has a kernel and an initial RAM disk")


def _versions(tree: Tree) -> list[tuple[str, str]]:
    """Kernels in /boot by name, the last one first."""
    names = sorted(listing(tree, "/boot"), reverse=True)
    versions = [match[1] for name in names if (match := _VERSIONED.match(name))]
    return [(f"/boot/vmlinuz-{version}", f"/boot/initrd.img-{version}") for version in versions]
