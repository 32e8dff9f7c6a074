"""Rules about the operating system and the tools on it."""

from __future__ import annotations

from harness.image.facts import ImageFacts, Root
from harness.image.rules.finding import (
    Expectations,
    Judgement,
    conforms,
    deviates,
    megabytes,
    of_root,
    shortened,
    unknown,
)
from harness.image.unread import Unread

_SERVER_PACKAGES = ("ubuntu-server", "ubuntu-standard")
_OLDEST_DEBIAN = 12
_TOOLS = ("jq", "curl", "nc")


@of_root
def base_os(root: Root, expected: Expectations) -> Judgement:
    """The expected release, and of Ubuntu the minimal one."""
    release = root.release
    if release is None:
        return deviates(f"no os-release; expected is {expected.base_os}")
    seen = release.name or f"{release.id} {release.version}"
    if f"{release.id}-{release.version}" != expected.base_os:
        return deviates(f"{seen}; expected is {expected.base_os}")
    if release.id == "ubuntu":
        server = [name for name in _SERVER_PACKAGES if name in root.packages]
        if release.minimal is False:
            return deviates(f"{seen}, but its cloud image is not the minimal one (/etc/cloud/build.info)")
        if server and release.minimal is None:
            return deviates(f"{seen}, but with {server[0]}, which the minimal image does not have")
        return conforms(f"{seen}, minimal, {len(root.packages)} packages")
    return conforms(f"{seen}, {len(root.packages)} packages")


@of_root
def mounts(root: Root, _: Expectations) -> Judgement:
    """The root file system is not larger than its partition: Linux refuses to mount one that is."""
    if root.beyond:
        return deviates(f"the root file system is {root.beyond:,} bytes larger than its partition: it does not mount")
    where = f"partition {root.partition}" if root.partition else "the disk"
    return conforms(f"{root.reader} on {where}" if root.reader == "ext4" else f"read by {root.reader}")


@of_root
def docker_engine(root: Root, expected: Expectations) -> Judgement:
    """Docker CE of the oldest major version or newer, or the engine that Debian itself ships and maintains."""
    engine = root.packages.get("docker-ce") or root.packages.get("docker.io")
    if engine is None:
        binary = root.executables["dockerd"]
        if binary is None:
            return deviates("no Docker engine: neither docker-ce nor docker.io is installed, and there is no dockerd")
        return unknown(f"{binary} is there, but no package states its version")
    seen = f"{engine.name} {engine.version}"
    if root.executables["dockerd"] is None:
        return deviates(f"{seen} is installed, but dockerd is not on PATH or not executable")
    major = engine.upstream.split(".", 1)[0]
    if major.isdigit() and int(major) >= expected.docker:
        return conforms(f"{seen}, at least {expected.docker}")
    release = root.release
    if engine.name == "docker.io" and release is not None and release.id == "debian" and _debian(release.version):
        return conforms(f"{seen}, below {expected.docker} but Debian {release.version}'s own, taken as its equivalent")
    return deviates(f"{seen}, older than {expected.docker}")


def _debian(version: str) -> bool:
    major = version.split(".", 1)[0]
    return major.isdigit() and int(major) >= _OLDEST_DEBIAN


@of_root
def docker_starts(root: Root, _: Expectations) -> Judgement:
    """The engine starts at boot, and can start containers on a kernel with AppArmor."""
    if root.executables["dockerd"] is None:
        return deviates("no dockerd to start")
    enabled = [name for name in ("docker.service", "docker.socket") if name in root.units and root.units[name].enabled]
    if not enabled:
        return deviates("neither docker.service nor docker.socket is enabled")
    if "docker.io" in root.packages and root.executables["apparmor_parser"] is None:
        return deviates("docker.io without the package apparmor: every docker run fails on a kernel with AppArmor")
    return conforms(f"{enabled[0]} is enabled")


@of_root
def utilities(root: Root, _: Expectations) -> Judgement:
    """jq, curl and nc, which the boot script calls."""
    missing = [name for name in _TOOLS if root.executables[name] is None]
    if missing:
        return deviates(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on PATH")
    return conforms(", ".join(str(root.executables[name]) for name in _TOOLS))


@of_root
def apt_clean(root: Root, _: Expectations) -> Judgement:
    """As `apt-get clean` leaves it, and without the package lists."""
    cache = root.apt_cache
    if cache.files:
        return deviates(
            f"{len(cache.files)} files, {megabytes(cache.bytes)}, that apt-get clean removes: {shortened(cache.files)}"
        )
    lists = root.apt_lists
    if lists.files:
        return deviates(
            f"{len(lists.files)} package lists, {megabytes(lists.bytes)}, which apt-get clean leaves: "
            "remove /var/lib/apt/lists/* too"
        )
    return conforms("apt's archives, binary caches and package lists are empty")


def docker_clean(facts: ImageFacts, _: Expectations) -> Judgement:
    """As `docker system prune` leaves it."""
    if isinstance(facts.stores, Unread):
        return unknown(facts.stores.reason)
    containers = tuple(name for store in facts.stores for name in store.containers)
    dangling = tuple(image.name for store in facts.stores for image in store.images if not image.names)
    orphans = tuple(path for store in facts.stores for path in store.orphans)
    left = [
        f"{len(items)} {what} ({shortened(items, 2)})"
        for what, items in (("containers", containers), ("dangling images", dangling), ("leftovers", orphans))
        if items
    ]
    if left:
        return deviates(f"docker system prune would remove {', '.join(left)}")
    return conforms("no containers, no dangling images, no layers without an image")
