"""Everything that is read of an image before any rule looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.image.boot import Context, Network, Script
from harness.image.distributions import Distribution, Trace
from harness.image.header import Header
from harness.image.partitions import Layout
from harness.image.qemu import Checked, Mapped
from harness.image.store import Store
from harness.image.system import Leftovers, OsRelease, Package
from harness.image.units import Unit
from harness.image.unread import Unread
from harness.image.verify import Verified


@dataclass(frozen=True)
class Placed:
    """A trace of a framework and where it lies.

    Attributes:
        place: `root`, or `image NAME, layer 3 of 7`.
        trace: The trace.
    """

    place: str
    trace: Trace

    def within(self, folder: str) -> bool:
        """Whether it lies in a folder of the image."""
        return self.trace.path.startswith(f"{folder}/")


@dataclass(frozen=True)
class Root:
    """What the root file system holds.

    Attributes:
        reader: `ext4`, or `libguestfs`.
        partition: Number of its partition; 0 for a bare file system.
        beyond: Bytes by which its file system is larger than its partition; 0 when it fits.
        used: Bytes that its file system has given out.
        overhead: Those of them that it keeps for itself: tables of inodes, journal.
        release: os-release; None when there is none.
        packages: dpkg's packages by name.
        units: systemd units by name.
        executables: Where PATH finds each tool that a rule asks for; None when it does not.
        apt_cache: What `apt-get clean` would remove.
        apt_lists: What it would leave.
        context: Contextualization.
        network: How a NIC comes up.
        scripts: The appliance's scripts.
        elsewhere: Folders that are on another file system by fstab, which was not read.
        python: Python distributions of the root.
    """

    reader: str
    partition: int
    beyond: int
    used: int
    overhead: int
    release: OsRelease | None
    packages: Mapping[str, Package]
    units: Mapping[str, Unit]
    executables: Mapping[str, str | None]
    apt_cache: Leftovers
    apt_lists: Leftovers
    context: Context
    network: Network
    scripts: tuple[Script, ...]
    elsewhere: tuple[str, ...]
    python: tuple[Distribution, ...]


@dataclass(frozen=True)
class ImageFacts:
    """An image as it was read.

    Attributes:
        image: The file.
        size: st_size of the file, bytes: what is downloaded, and what the limit judges.
        header: Its QCOW2 header.
        checked: What `qemu-img check` says.
        mapped: What `qemu-img map` says.
        verified: What the full read found.
        layout: Partitions.
        root: The root file system.
        stores: Container image stores.
        frameworks: Traces of ML frameworks.
        unwalked: Layers that are not unpacked and so were not looked into; `NAME, layer 3 of 7`.
        seconds: How long the reading took.
    """

    image: Path
    size: int
    header: Header
    checked: Checked | Unread
    mapped: Mapped | Unread
    verified: Verified | Unread
    layout: Layout | Unread
    root: Root | Unread
    stores: tuple[Store, ...] | Unread
    frameworks: tuple[Placed, ...] | Unread
    unwalked: tuple[str, ...]
    seconds: float
