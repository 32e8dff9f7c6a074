"""Looks at a machine: what the scenarios need of it, what is there, what to do about the rest. Changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import docker
import psutil
from docker.errors import DockerException

from harness import ports
from harness.chaos.toxiproxy import go, present
from harness.chaos.toxiproxy.locate import VARIABLE
from harness.chaos.toxiproxy.search import NotThisWay, Search, checked
from harness.chaos.toxiproxy.version import VERSION
from harness.flower.versions import SPECIFIED, SUPPORTED, installed
from harness.processes import ProcessFailed, run
from harness.sessions import cache_root, state_root

_OLDEST_PYTHON = (3, 11)
_LEAST_MEMORY = 4e9
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Condition(StrEnum):
    """How it stands with something."""

    GOOD = "good"
    """It is there."""
    COMES = "comes"
    """It is not there, and the harness gets it by itself when it is needed."""
    OPTIONAL = "optional"
    """It is not there; only what asks for it needs it."""
    MISSING = "missing"
    """It is not there, and scenarios cannot run without it."""


@dataclass(frozen=True)
class Seen:
    """What was seen of one thing.

    Attributes:
        what: The thing.
        condition: How it stands with it.
        seen: Its version or place, or what is wrong.
        advice: What to do; empty when there is nothing to do.
    """

    what: str
    condition: Condition
    seen: str
    advice: str = ""


def examine() -> list[Seen]:
    """Look at everything, in the order in which the scenarios need it."""
    looks: tuple[Callable[[], Seen], ...] = (_python, _packages, _memory, _ports, _toxiproxy, *_flower(), _docker)
    return [look() for look in looks] + [
        _tool("qemu-img", ["--version"], "apt install qemu-utils", "reading QCOW2 images in full"),
        _tool("qemu-system-x86_64", ["--version"], "apt install qemu-system-x86", "booting images (--hypervisor qemu)"),
        _tool("guestfish", ["--version"], "apt install libguestfs-tools", "images with LVM, xfs or btrfs"),
        _tool("mmdebstrap", ["--version"], "apt install mmdebstrap", "building the reference image"),
        _folder("cache", cache_root()),
        _folder("state", state_root()),
    ]


def _python() -> Seen:
    version = platform.python_version()
    good = tuple(map(int, version.split(".")[:2])) >= _OLDEST_PYTHON
    return Seen(
        "Python", Condition.GOOD if good else Condition.MISSING, version, "" if good else "Python 3.11 or newer"
    )


def _packages() -> Seen:
    names = ("pytest", "pytest-bdd", "pytest-xdist", "allure-pytest", "toxiproxy-python", "pyone", "docker")
    return Seen("harness", Condition.GOOD, ", ".join(f"{name} {metadata.version(name)}" for name in names))


def _memory() -> Seen:
    total, cores = psutil.virtual_memory().total, os.cpu_count() or 1
    seen = f"{cores} cores, {total / 1e9:.1f} GB"
    if total < _LEAST_MEMORY:
        return Seen("machine", Condition.OPTIONAL, seen, "little memory: run with -n 2, or fewer")
    return Seen("machine", Condition.GOOD, seen)


def _ports() -> Seen:
    if not _EPHEMERAL.exists():
        return Seen("ports", Condition.GOOD, f"{ports.FIRST}-{ports.LAST}")
    first = int(_EPHEMERAL.read_text(encoding="utf-8").split()[0])
    if first <= ports.LAST:
        advice = f"sysctl net.ipv4.ip_local_port_range='{ports.LAST + 1} 60999', or servers may find their ports taken"
        return Seen("ports", Condition.OPTIONAL, f"ephemeral ports begin at {first}", advice)
    return Seen("ports", Condition.GOOD, f"{ports.FIRST}-{ports.LAST}, ephemeral ones begin at {first}")


def _toxiproxy() -> Seen:
    what = f"Toxiproxy {VERSION}"
    given = os.environ.get(VARIABLE)
    if given:
        try:
            return Seen(what, Condition.GOOD, str(checked(Path(given).expanduser())))
        except NotThisWay as reason:
            return Seen(what, Condition.MISSING, str(reason), f"mend {VARIABLE}, or unset it")
    reasons = []
    for look in (present.on_path, present.cached):
        try:
            return Seen(what, Condition.GOOD, str(look(Search(say=lambda _: None, given=None))))
        except NotThisWay as reason:
            reasons.append(str(reason))
    if shutil.which("go"):
        return Seen(what, Condition.COMES, "; ".join(reasons), f"built by `go install {go.PACKAGE}` when needed")
    advice = f"downloaded from its release when needed; without internet: install Go, or name one in {VARIABLE}"
    return Seen(what, Condition.COMES, "; ".join(reasons), advice)


def _flower() -> list[Callable[[], Seen]]:
    def look(version: str) -> Seen:
        found = installed(version)
        if found is not None:
            return Seen(f"Flower {version}", Condition.GOOD, str(found.folder))
        condition = Condition.COMES if version == SPECIFIED else Condition.OPTIONAL
        return Seen(f"Flower {version}", condition, "no virtual environment yet", f"made by --flower {version}")

    return [lambda version=version: look(version) for version in SUPPORTED]  # type: ignore[misc]  # bound per version


def _docker() -> Seen:
    try:
        client = docker.from_env(timeout=5)
        version = str(client.version()["Version"])
    except (DockerException, OSError, KeyError):
        return Seen("Docker engine", Condition.OPTIONAL, "none answers", "needed for --hypervisor docker only")
    return Seen("Docker engine", Condition.GOOD, version)


def _tool(name: str, argv: list[str], advice: str, use: str) -> Seen:
    path = shutil.which(name)
    if path is None:
        return Seen(name, Condition.OPTIONAL, "not on PATH", f"{advice}; needed for {use}")
    try:
        first = (run([path, *argv], timeout=20).output.splitlines() or [""])[0]
    except ProcessFailed as error:
        return Seen(name, Condition.OPTIONAL, str(error), f"{advice}; needed for {use}")
    return Seen(name, Condition.GOOD, first.strip() or path)


def _folder(what: str, folder: Path) -> Seen:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Seen(what, Condition.MISSING, f"{folder}: {error.strerror}", "make it writable")
    if not os.access(folder, os.W_OK):
        return Seen(what, Condition.MISSING, f"{folder} cannot be written to", "make it writable")
    return Seen(what, Condition.GOOD, f"{folder}, {free / 1e9:.0f} GB free")
