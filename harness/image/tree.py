"""A file tree inside an image, whoever reads it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

_MOST_LINKS = 40


class Kind(StrEnum):
    """What an entry of a folder is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """A file, folder or link.

    Attributes:
        path: Absolute, links in the way resolved.
        kind: What it is.
        mode: Permission bits.
        size: Bytes of its contents.
        target: Where a link points to, as it is written; empty otherwise.
    """

    path: str
    kind: Kind
    mode: int
    size: int
    target: str = ""

    @property
    def executable(self) -> bool:
        """Whether it is a file that its owner may execute."""
        return self.kind is Kind.FILE and bool(self.mode & 0o100)


class Tree(Protocol):
    """What a reader of a file system has to offer. Paths are absolute; none is resolved here."""

    def entry(self, path: str) -> Entry | None:
        """The entry of exactly this path, links not followed; None when there is none.

        Raises:
            Unreadable: The file system is damaged, or has a feature that is not read.
        """
        ...

    def children(self, path: str) -> dict[str, Kind]:
        """Names and kinds in a folder; empty when it is not there. Raises as `entry` does."""
        ...

    def contents(self, path: str) -> bytes:
        """The bytes of exactly this file; empty when it is not there. Raises as `entry` does."""
        ...

    def used(self) -> int:
        """Bytes that the file system has given out. Raises as `entry` does."""
        ...

    def overhead(self) -> int:
        """Those of them that it keeps for itself. Raises as `entry` does."""
        ...


def resolve(tree: Tree, path: str) -> Entry | None:
    """The entry that a path leads to inside the image, links followed; None when it leads nowhere."""
    todo = [part for part in path.split("/") if part]
    here = "/"
    links = 0
    found = tree.entry("/")
    while todo:
        part = todo.pop(0)
        if part in (".", ""):
            continue
        if part == "..":
            here = posixpath.dirname(here)
            found = tree.entry(here)
            continue
        found = tree.entry(posixpath.join(here, part))
        if found is None:
            return None
        if found.kind is Kind.LINK:
            links += 1
            if links > _MOST_LINKS:
                return None
            todo = [piece for piece in found.target.split("/") if piece] + todo
            if found.target.startswith("/"):
                here = "/"
            found = tree.entry(here)
            continue
        here = found.path
    return found


def exists(tree: Tree, path: str) -> bool:
    """Whether a path leads to something."""
    return resolve(tree, path) is not None


def read_text(tree: Tree, path: str) -> str | None:
    """The text of a file, links followed; None when it is not there."""
    found = resolve(tree, path)
    if found is None or found.kind is not Kind.FILE:
        return None
    return tree.contents(found.path).decode("utf-8", errors="replace")


def listing(tree: Tree, path: str) -> dict[str, Kind]:
    """Names and kinds in a folder, links followed; empty when it is not there."""
    found = resolve(tree, path)
    return tree.children(found.path) if found is not None and found.kind is Kind.FOLDER else {}


def walk(tree: Tree, top: str = "/", skip: frozenset[str] = frozenset()) -> Iterator[tuple[str, dict[str, Kind]]]:
    """Every folder below `top` and what is in it, depth first, links not followed; not into folders of `skip`."""
    todo = [top]
    while todo:
        folder = todo.pop()
        inside = tree.children(folder)
        yield folder, inside
        todo += [
            path
            for name, kind in inside.items()
            if kind is Kind.FOLDER and (path := posixpath.join(folder, name)) not in skip
        ]
