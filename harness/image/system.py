"""The operating system in an image: os-release, dpkg's packages, executables, caches of apt."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from harness.image.tree import Kind, Tree, listing, read_text, resolve

_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_APT_ARCHIVES = "/var/cache/apt/archives"
_APT_BINARIES = ("/var/cache/apt/pkgcache.bin", "/var/cache/apt/srcpkgcache.bin")
_APT_LISTS = "/var/lib/apt/lists"


@dataclass(frozen=True)
class OsRelease:
    """What os-release says; empty strings where it says nothing.

    Attributes:
        id: `debian`, `ubuntu`, …
        version: `12`, `24.04`, …
        name: PRETTY_NAME.
        minimal: Whether a cloud image calls itself minimal (`/etc/cloud/build.info`); None when it does not say.
    """

    id: str
    version: str
    name: str
    minimal: bool | None


@dataclass(frozen=True)
class Package:
    """An installed package, as dpkg's status file has it.

    Attributes:
        name: Its name.
        version: Its version with epoch and revision.
        installed: Installed-Size, bytes.
        section: Debian's section, e.g. `admin`.
    """

    name: str
    version: str
    installed: int
    section: str

    @property
    def upstream(self) -> str:
        """The version without epoch and Debian revision: `5:24.0.7-1~ubuntu` is `24.0.7`."""
        without_epoch = self.version.split(":", 1)[-1]
        return without_epoch.rsplit("-", 1)[0].split("+", 1)[0].split("~", 1)[0]


@dataclass(frozen=True)
class Leftovers:
    """Files of a cache that a release has no use for.

    Attributes:
        files: Their paths.
        bytes: Their size in all.
    """

    files: tuple[str, ...]
    bytes: int


def read_os_release(tree: Tree) -> OsRelease | None:
    """Read os-release; None when there is none."""
    text = read_text(tree, "/etc/os-release") or read_text(tree, "/usr/lib/os-release")
    if text is None:
        return None
    pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    values = {key.strip(): value.strip().strip("\"'") for key, value in pairs.items()}
    build = read_text(tree, "/etc/cloud/build.info")
    minimal = None if build is None or "build_name" not in build else "minimal" in build
    return OsRelease(
        id=values.get("ID", ""),
        version=values.get("VERSION_ID", ""),
        name=values.get("PRETTY_NAME", values.get("NAME", "")),
        minimal=minimal,
    )


def read_packages(tree: Tree) -> dict[str, Package]:
    """Packages that dpkg has as installed, by name; empty when there is no dpkg."""
    texts = [read_text(tree, "/var/lib/dpkg/status") or ""]
    # Images without dpkg itself (distroless) keep one file a package here.
    texts += [
        read_text(tree, f"/var/lib/dpkg/status.d/{name}") or "" for name in listing(tree, "/var/lib/dpkg/status.d")
    ]
    return {package.name: package for text in texts for package in _packages(text)}


def _packages(text: str) -> Iterable[Package]:
    for stanza in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in stanza.splitlines() if ": " in line and not line.startswith((" ", "\t"))
        )
        # A stanza of status.d has no Status field: what is there is installed.
        if "Package" in fields and fields.get("Status", "install ok installed").endswith(" installed"):
            size = fields.get("Installed-Size", "0").strip()
            yield Package(
                name=fields["Package"].strip(),
                version=fields.get("Version", "").strip(),
                installed=int(size) * 1024 if size.isdigit() else 0,
                section=fields.get("Section", "").strip(),
            )


def find_executable(tree: Tree, name: str) -> str | None:
    """Where root's PATH finds an executable, links (of update-alternatives, say) followed; None when it does not."""
    for folder in _PATH:
        path = posixpath.join(folder, name)
        found = resolve(tree, path)
        if found is not None and found.executable:
            return path
    return None


def read_apt_cache(tree: Tree) -> Leftovers:
    """What `apt-get clean` would remove: package files, also half-loaded ones, and apt's binary caches."""
    files = [
        posixpath.join(folder, name)
        for folder in (_APT_ARCHIVES, f"{_APT_ARCHIVES}/partial")
        for name, kind in listing(tree, folder).items()
        if kind is Kind.FILE and name != "lock"
    ]
    return _sized(tree, [*files, *_APT_BINARIES])


def read_apt_lists(tree: Tree) -> Leftovers:
    """Package indexes, which `apt-get clean` leaves alone."""
    names = [name for name, kind in listing(tree, _APT_LISTS).items() if kind is Kind.FILE and name != "lock"]
    return _sized(tree, [posixpath.join(_APT_LISTS, name) for name in names])


def _sized(tree: Tree, paths: Iterable[str]) -> Leftovers:
    entries = [found for path in paths if (found := resolve(tree, path)) is not None and found.kind is Kind.FILE]
    return Leftovers(tuple(entry.path for entry in entries), sum(entry.size for entry in entries))
