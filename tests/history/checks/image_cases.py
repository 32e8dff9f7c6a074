"""Images as they were read: one that conforms to every check, and for each check those that do not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case

from harness.image.boot import Context, Network, Script
from harness.image.distributions import Trace
from harness.image.facts import ImageFacts, Placed, Root
from harness.image.header import Header
from harness.image.partitions import Layout, Partition
from harness.image.qemu import Checked, Mapped
from harness.image.record import facts_to_json
from harness.image.store import Layer, Store, StoredImage
from harness.image.system import Leftovers, OsRelease, Package
from harness.image.under_test import measured
from harness.image.units import Unit
from harness.image.unread import Unread
from harness.image.verify import Verified

MB = 1_000_000
GIB = 1 << 30
TOOLS = ("jq", "curl", "nc", "dockerd", "docker", "containerd", "runc")
LVM = Unread("the root is on LVM, not on ext4; libguestfs is not installed")


def package(name: str, version: str, megabytes: int) -> Package:
    return Package(name, version, megabytes * MB, "admin")


def script(path: str) -> Script:
    return Script(path, True, "#!/bin/sh", 400, True, True, ("flower-supernode.service",))


FLOWER = StoredImage("sha256:f", ("flwr/supernode:1.25.0",), (Layer("sha256:l", "/layer", 190 * MB),), {}, "1.25.0")
DOCKER = Store("docker (overlay2)", (FLOWER,), (), ())
ROOT = Root(
    reader="ext4",
    partition=2,
    beyond=0,
    used=1030 * MB,
    overhead=20 * MB,
    release=OsRelease("ubuntu", "24.04", "Ubuntu 24.04.1 LTS", True),
    packages={
        it.name: it
        for it in (
            package("docker-ce", "5:27.3.1-1~ubuntu.24.04~noble", 400),
            package("jq", "1.7.1", 2),
            package("one-context", "7.2.1-1", 10),
        )
    },
    units={"docker.service": Unit("docker.service", True, ("/usr/bin/dockerd",))},
    executables={name: f"/usr/bin/{name}" for name in TOOLS},
    apt_cache=Leftovers((), 0),
    apt_lists=Leftovers((), 0),
    context=Context(
        "7.2.1-1", "/usr/sbin/one-contextd", ("net-99-report-ready",), ("one-context.service",), True, True, False
    ),
    network=Network("networkd", ("systemd-networkd.service",), ("systemd-networkd.service",)),
    scripts=(script("/opt/flower/scripts/bootstrap.sh"), script("/opt/flower/scripts/health-check.sh")),
    elsewhere=(),
    python=(),
)
GOOD = ImageFacts(
    image=Path("edge.qcow2"),
    size=1200 * MB,
    header=Header(3, 16, 4 * GIB, 8, 196608, None, None, None, "zstd", False, False, False, 0),
    checked=Checked(0, 0, 0, 0, ""),
    mapped=Mapped(900 * MB, 0),
    verified=Verified(14_000, 13_900, 0, 0, ""),
    layout=Layout("GPT", (Partition(2, MB, 4 * GIB, "linux", "ext4"),)),
    root=ROOT,
    stores=(DOCKER,),
    frameworks=(),
    unwalked=(),
    seconds=1.0,
)


def image(**other: Any) -> ImageFacts:
    return replace(GOOD, **other)


def root(**other: Any) -> ImageFacts:
    return replace(GOOD, root=replace(ROOT, **other))


def stored(*images: StoredImage, **other: Any) -> ImageFacts:
    return replace(GOOD, stores=(replace(DOCKER, images=images, **other),))


def story(facts: ImageFacts, *, limit: int = 2_000 * MB) -> Story:
    told = Story().tell("image", "image.given", image="edge.qcow2", reference=False, limit=limit, flower="1.25.0")
    told.tell("image", "image.read", facts=facts_to_json(facts))
    return told.tell("image", "image.measured", **measured(facts))


CHECKS: dict[str, dict[str, Any]] = {
    "image-is-sound": {},
    "image-fits-its-disk": {},
    "image-is-below-its-limit": {},
    "image-part-is-estimated": {"part": "size-total", "low": 1000, "high": 1500},
    "image-part-is-at-most": {"part": "size-utilities", "most": 5},
    "image-has-base-os": {},
    "image-has-docker": {},
    "image-has-flower": {},
    "image-has-flower-only": {},
    "image-has-no-framework": {},
    "image-has-utilities": {},
    "image-is-clean": {},
    "image-has-scripts": {},
    "image-has-contextualization": {},
    "image-brings-its-interface-up": {},
    "image-has-one-context": {},
}
"""Every check of an image, with parameters that the good one conforms to."""


def keep(check: str, says: str, words: str, facts: ImageFacts, name: str, **parameters: Any) -> None:
    def tell() -> Story:
        return story(facts)

    tell.__name__ = name
    case(check, says, words, **(parameters or CHECKS[check]))(tell)


for known in CHECKS:
    keep(known, CONFORMS, "", GOOD, "a good image")


NETWORKD_OFF = Network("networkd", (), ("systemd-networkd.service",))
TORCH = Placed("image flwr/supernode:1.25.0, layer 3 of 4", Trace("PyTorch", "2.5.1", "/layer/torch/__init__.py"))
OTHER = StoredImage("sha256:a", ("alpine:3.20",), (Layer("sha256:x", "/x", 8 * MB),), {})
OLD_DOCKER = package("docker-ce", "5:23.0.6-1", 400)
DANGLING = replace(OTHER, names=())

BAD = [
    ("image-is-sound", "corrupt entries", image(checked=Checked(2, 3, 0, 0, "")), "corrupt tables"),
    ("image-is-sound", "leaked clusters", image(checked=Checked(3, 0, 5, 0, "")), "leaked clusters"),
    ("image-is-sound", "are damaged", image(verified=Verified(9, 8, 1, 0, "cluster 7")), "a zeroed cluster"),
    ("image-is-sound", "cut off", image(verified=Verified(9, 8, 0, 4, "cluster 7")), "a truncated file"),
    ("image-is-sound", "has a backing file", image(header=replace(GOOD.header, backing_file="b")), "a backing file"),
    ("image-is-sound", "is encrypted (LUKS)", image(header=replace(GOOD.header, encryption="LUKS")), "encrypted"),
    ("image-fits-its-disk", "more than the 20 GB", image(header=replace(GOOD.header, virtual_size=21 * GIB)), "21 GiB"),
    ("image-fits-its-disk", "does not mount", root(beyond=4096), "a root larger than its partition"),
    ("image-is-below-its-limit", "1 byte over the limit", image(size=2_000 * MB + 1), "one byte over the limit"),
    ("image-is-below-its-limit", "not below the limit", image(size=2_000 * MB), "at the limit to the byte"),
    ("image-part-is-estimated", "319 MB, estimated 1,000-1,500 MB", image(size=319 * MB), "a small file"),
    ("image-part-is-estimated", "1,876 MB", image(size=1_876 * MB), "a large file"),
    ("image-part-is-at-most", "7.0 MB", root(packages={"jq": package("jq", "1", 7)}), "large utilities"),
    ("image-has-base-os", "Debian", root(release=OsRelease("debian", "12", "Debian 12", None)), "Debian"),
    ("image-has-base-os", "no os-release", root(release=None), "no os-release"),
    ("image-has-docker", "no Docker engine", root(packages={}, executables=dict.fromkeys(TOOLS)), "no Docker"),
    ("image-has-docker", "older than 24", root(packages={"docker-ce": OLD_DOCKER}), "Docker 23"),
    ("image-has-docker", "neither docker.service", root(units={}), "Docker that does not start"),
    ("image-has-flower", "no container image", stored(), "no container image"),
    ("image-has-flower", "is not there", stored(replace(FLOWER, names=("flwr/supernode:1.31.0",))), "another tag"),
    ("image-has-flower", "flwr 1.31.0", stored(replace(FLOWER, flower="1.31.0")), "another Flower in it"),
    ("image-has-flower-only", "alpine:3.20", stored(FLOWER, OTHER), "another image too"),
    ("image-has-no-framework", "PyTorch 2.5.1 in image", image(frameworks=(TORCH,)), "PyTorch in a layer"),
    ("image-has-utilities", "jq is not on PATH", root(executables={**ROOT.executables, "jq": None}), "no jq"),
    ("image-is-clean", "apt-get clean", root(apt_cache=Leftovers(("/var/cache/apt/archives/x",), 9)), "a dirty cache"),
    ("image-is-clean", "package lists", root(apt_lists=Leftovers(("/var/lib/apt/lists/x",), 9)), "package lists"),
    ("image-is-clean", "dangling", stored(FLOWER, DANGLING), "a dangling image"),
    ("image-is-clean", "1 containers", stored(FLOWER, containers=("c",)), "a stopped container"),
    ("image-has-scripts", "no script at all", root(scripts=()), "no scripts"),
    ("image-has-scripts", "health-check.sh", root(scripts=ROOT.scripts[:1]), "no health check"),
    ("image-has-contextualization", "no contextualization", root(context=replace(ROOT.context, daemon=None)), "none"),
    ("image-has-contextualization", "READY", root(context=replace(ROOT.context, reports_ready=False)), "never ready"),
    ("image-brings-its-interface-up", "the NIC stays down", root(network=NETWORKD_OFF), "networkd is not enabled"),
    ("image-has-one-context", "none of its units", root(context=replace(ROOT.context, units=())), "it never starts"),
]  # fmt: skip
for broken, words, facts, name in BAD:
    keep(broken, DEVIATES, words, facts, name)

AWAY = Unread("/var/lib/docker is on another file system (fstab), which is not read")
UNKNOWN = [
    (
        "image-is-sound",
        "apt-get install qemu-utils",
        image(checked=Unread("apt-get install qemu-utils")),
        "no qemu-img",
    ),
    ("image-is-sound", "was left out", image(verified=Unread("it was left out")), "no full read"),
    ("image-fits-its-disk", "on LVM", image(root=LVM), "LVM"),
    ("image-part-is-at-most", "on LVM", image(root=LVM), "LVM"),
    ("image-has-base-os", "on LVM", image(root=LVM), "LVM"),
    ("image-has-docker", "no package states", root(packages={}), "dockerd without a package"),
    ("image-has-flower", "another file system", image(stores=AWAY), "Docker's store elsewhere"),
    ("image-has-flower-only", "another file system", image(stores=AWAY), "Docker's store elsewhere"),
    ("image-has-no-framework", "not looked into", image(unwalked=("image a, layer 1 of 2",)), "a layer that is packed"),
    ("image-has-utilities", "on LVM", image(root=LVM), "LVM"),
    ("image-is-clean", "another file system", image(stores=AWAY), "Docker's store elsewhere"),
    ("image-has-scripts", "on LVM", image(root=LVM), "LVM"),
    ("image-has-contextualization", "on LVM", image(root=LVM), "LVM"),
    ("image-brings-its-interface-up", "on LVM", image(root=LVM), "LVM"),
    ("image-has-one-context", "on LVM", image(root=LVM), "LVM"),
    ("image-has-one-context", "does not answer", root(context=replace(ROOT.context, package=None)), "no package"),
]
for asked, words, facts, name in UNKNOWN:
    keep(asked, INCONCLUSIVE, words, facts, name)

keep("image-part-is-estimated", INCONCLUSIVE, "on LVM", image(root=LVM), "LVM", part="size-docker", low=400, high=400)
keep("image-part-is-estimated", INCONCLUSIVE, "was not measured", GOOD, "no such part", part="size-x", low=1, high=1)
keep(
    "image-part-is-estimated",
    CONFORMS,
    "319 MB",
    image(size=319 * MB),
    "estimated so",
    part="size-total",
    low=300,
    high=400,
)
# A quarter's grace, to the byte.
keep(
    "image-part-is-estimated",
    CONFORMS,
    "",
    image(size=1_875 * MB),
    "a quarter above",
    **CHECKS["image-part-is-estimated"],
)
keep(
    "image-part-is-estimated",
    CONFORMS,
    "",
    image(size=750 * MB),
    "a quarter below",
    **CHECKS["image-part-is-estimated"],
)


def refused() -> Story:
    told = Story().tell("image", "image.given", image="page.qcow2", reference=False, limit=2_000 * MB, flower="1.25.0")
    return told.tell("image", "image.refused", reason="page.qcow2: not a QCOW2 but an HTML page")


for known, parameters in CHECKS.items():
    says = DEVIATES if known == "image-is-sound" else INCONCLUSIVE
    case(known, says, "not a QCOW2 but an HTML page", **parameters)(refused)


@case("image-is-below-its-limit", INCONCLUSIVE, "no image.read")
def nothing_was_read():
    return Story().federation(1)


@case("image-is-below-its-limit", CONFORMS, "1 below the limit")
def a_limit_that_the_user_gave():
    return story(GOOD, limit=GOOD.size + 1)


@case("image-is-below-its-limit", DEVIATES, "1 byte over the limit")
def a_limit_that_the_user_gave_and_that_it_is_over():
    return story(GOOD, limit=GOOD.size - 1)
