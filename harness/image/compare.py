"""Two images side by side: which packages and which files does one have that the other has not?"""

from __future__ import annotations

import posixpath
import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.image.extfs import ExtTree
from harness.image.header import read_header
from harness.image.partitions import read_layout
from harness.image.reader import Disk
from harness.image.system import read_packages
from harness.image.tree import Tree, exists, walk
from harness.image.unread import Unreadable

_CHANCE = re.compile(r"(?<=/)(?:[0-9a-f]{64}|[0-9A-Z]{26})(?=/|$)")
"""Names that Docker draws by lot: a layer's folder, and its short link."""


@dataclass(frozen=True)
class Difference:
    """What two images do not have in common; all empty when they are made of the same things.

    Attributes:
        packages: `NAME: VERSION or VERSION`, `-` where it is missing.
        only_first: Paths that only the first has.
        only_second: Paths that only the second has.
        sizes: Paths of files whose sizes differ.
        files: Number of paths of the first.
    """

    packages: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    sizes: tuple[str, ...]
    files: int

    @property
    def same(self) -> bool:
        """Whether packages and file list are the same; sizes of files may differ (dates, compressed archives)."""
        return not (self.packages or self.only_first or self.only_second)


def compare(first: Path, second: Path) -> Difference:
    """Compare two images by their packages and their file lists.

    Raises:
        InputError: One of them is not there or not a QCOW2.
        Unreadable: The root file system of one cannot be read here.
    """
    with ExitStack() as stack:
        trees = [_tree(stack, image) for image in (first, second)]
        versions = [{name: it.version for name, it in read_packages(tree).items()} for tree in trees]
        lists = [_files(tree) for tree in trees]
    names = sorted({*versions[0], *versions[1]})
    return Difference(
        packages=tuple(
            f"{name}: {versions[0].get(name, '-')} or {versions[1].get(name, '-')}"
            for name in names
            if versions[0].get(name) != versions[1].get(name)
        ),
        only_first=tuple(sorted(set(lists[0]) - set(lists[1]))),
        only_second=tuple(sorted(set(lists[1]) - set(lists[0]))),
        sizes=tuple(sorted(path for path, size in lists[0].items() if path in lists[1] and lists[1][path] != size)),
        files=len(lists[0]),
    )


def _tree(stack: ExitStack, image: Path) -> ExtTree:
    disk = stack.enter_context(Disk(image, read_header(image)))
    for partition in read_layout(disk).partitions:
        if partition.filesystem == "ext4":
            tree = ExtTree(disk, partition)
            if exists(tree, "/etc"):
                return tree
    raise Unreadable(f"{image}: no ext4 root file system")


def _files(tree: Tree) -> dict[str, int]:
    """Size of each path; what Docker names by lot has one name in both."""
    found: dict[str, int] = {}
    for folder, inside in walk(tree):
        for name in inside:
            path = posixpath.join(folder, name)
            entry = tree.entry(path)
            found[_CHANCE.sub("…", path)] = entry.size if entry is not None else 0
    return found
