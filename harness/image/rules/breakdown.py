"""What takes the room, beside the specification's estimates (Pattern 1, "Image size breakdown (estimated)", Edge).

Estimates are of what is installed, the file is compressed: so the parts are those of the root file system, and the
total is given both ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.image.facts import ImageFacts
from harness.image.rules.finding import Expectations, Judgement, conforms, deviates, megabytes, unknown
from harness.image.system import Package
from harness.image.unread import Unread

_MB = 1_000_000
_TOLERANCE = 0.25
"""How far from its bounds an estimate still holds; the specification writes "~"."""
_SMALL = 50 * _MB
"""What no row of the specification's table covers may be this large before it counts as missing from it, bytes."""
_UTILITIES = re.compile(r"^(jq|libjq1|libonig5|curl|netcat-(openbsd|traditional))$")
_DOCKER = re.compile(r"^(docker|containerd|runc|tini|slirp4netns|criu|cgroupfs-mount)")
_KERNEL = re.compile(r"^(linux-(image|modules|headers|base)|initramfs-tools|grub|shim-signed|klibc|libklibc)")
_CONTEXT = re.compile(r"^(one-context|cloud-(utils|guest-utils|image-utils|init)|(lib)?ruby|qemu-guest-agent)")


@dataclass(frozen=True)
class Part:
    """One line of the breakdown.

    Attributes:
        name: Its id, also of its rule: `size-docker`.
        label: In words.
        bytes: What was measured.
        estimate: The specification's bounds, bytes; None where it says nothing.
        at_most: Whether less than the lower bound is fine.
    """

    name: str
    label: str
    bytes: int
    estimate: tuple[int, int] | None = None
    at_most: bool = False

    def fits(self) -> bool:
        """Whether the estimate holds, with a quarter's grace on either side."""
        if self.estimate is None:
            return True
        low, high = self.estimate
        return (self.at_most or low * (1 - _TOLERANCE) <= self.bytes) and self.bytes <= high * (1 + _TOLERANCE)

    def estimated(self) -> str:
        """The estimate in words; a dash where there is none."""
        if self.estimate is None:
            return "-"
        low, high = self.estimate
        return f"{low // _MB:,} MB" if low == high else f"{low // _MB:,}-{high // _MB:,} MB"


def break_down(facts: ImageFacts) -> tuple[Part, ...] | Unread:
    """The parts of an image; sizes of packages are those that dpkg declares, of images those of their store."""
    if isinstance(facts.root, Unread):
        return facts.root
    if isinstance(facts.stores, Unread):
        return facts.stores
    if isinstance(facts.frameworks, Unread):
        return facts.frameworks
    root = facts.root
    docker, utilities, kernel, context = (_sum(root.packages, it) for it in (_DOCKER, _UTILITIES, _KERNEL, _CONTEXT))
    layers = {layer for store in facts.stores for image in store.images for layer in image.layers}
    stored = sum(layer.bytes for layer in layers)
    traces = facts.frameworks
    framework = sum(it.bytes for it in layers if it.folder and any(trace.within(it.folder) for trace in traces))
    base = max(0, root.used - root.overhead - docker - utilities - context - stored)
    return (
        Part("size-base-os", "base system, kernel included", base, (300 * _MB, 400 * _MB)),
        Part("size-kernel", "of which kernel and boot loader", kernel),
        Part("size-docker", "Docker engine", docker, (400 * _MB, 400 * _MB)),
        Part("size-flower", "Flower and other container images", stored - framework, (190 * _MB, 190 * _MB)),
        Part("size-framework", "layers with a framework", framework, (0, 0)),
        Part("size-utilities", "jq, curl, nc", utilities, (5 * _MB, 5 * _MB), at_most=True),
        Part("size-context", "in no row of the table", context + root.overhead, (0, _SMALL), at_most=True),
        Part("size-one-context", "of which contextualization", context),
        Part("size-overhead", "of which inode tables, journal", root.overhead),
        Part("size-used", "root file system, uncompressed", root.used, (1000 * _MB, 1500 * _MB)),
        Part("size-total", "QCOW2 file", facts.size, (1000 * _MB, 1500 * _MB)),
    )


def estimate(name: str) -> Callable[[ImageFacts, Expectations], Judgement]:
    """The judgement of one part's estimate."""

    def judged(facts: ImageFacts, _: Expectations) -> Judgement:
        parts = break_down(facts)
        if isinstance(parts, Unread):
            return unknown(parts.reason)
        part = next(it for it in parts if it.name == name)
        seen = f"{part.label}: {megabytes(part.bytes)}, estimated {part.estimated()}"
        return conforms(seen) if part.fits() else deviates(seen)

    return judged


def _sum(packages: Mapping[str, Package], pattern: re.Pattern[str]) -> int:
    return sum(package.installed for package in packages.values() if pattern.match(package.name))
