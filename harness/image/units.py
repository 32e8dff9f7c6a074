"""Which systemd units an image starts at boot."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.image.tree import Kind, Tree, listing, read_text

_FOLDERS = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_DEVICE_NULL = "/dev/null"


@dataclass(frozen=True)
class Unit:
    """A unit that is installed.

    Attributes:
        name: `docker.service`, …
        enabled: Whether some target or unit wants or requires it, and it is not masked.
        commands: Its ExecStart lines, without the special characters in front.
    """

    name: str
    enabled: bool
    commands: tuple[str, ...]


def read_units(tree: Tree) -> dict[str, Unit]:
    """All service, socket and timer units by name."""
    texts: dict[str, str | None] = {}
    masked: set[str] = set()
    for folder in _FOLDERS:
        for name, kind in listing(tree, folder).items():
            if not name.endswith((".service", ".socket", ".timer")) or name in texts:
                continue
            path = posixpath.join(folder, name)
            if kind is Kind.LINK:
                entry = tree.entry(path)
                if entry is not None and entry.target == _DEVICE_NULL:
                    masked.add(name)
                    texts[name] = ""
                    continue
            if kind in (Kind.FILE, Kind.LINK):
                texts[name] = read_text(tree, path)
    wanted = set(_wanted(tree))
    return {
        name: Unit(name, name in wanted and name not in masked, _commands(text or "")) for name, text in texts.items()
    }


def _wanted(tree: Tree) -> Iterator[str]:
    for folder in _FOLDERS:
        for target, kind in listing(tree, folder).items():
            if kind is Kind.FOLDER and target.endswith((".wants", ".requires")):
                for name in listing(tree, posixpath.join(folder, target)):
                    # An instance is enabled by the name of its template: getty@tty1.service is getty@.service.
                    yield re.sub(r"@[^.]+\.", "@.", name)


def _commands(text: str) -> tuple[str, ...]:
    return tuple(
        line.split("=", 1)[1].strip().lstrip("@-:+!")
        for line in text.splitlines()
        if line.startswith(("ExecStart=", "ExecStartPre=", "ExecStartPost="))
    )
