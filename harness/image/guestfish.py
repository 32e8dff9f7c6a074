"""File systems that are not read here (LVM, xfs, btrfs), through libguestfs when it is installed.

Its appliance is a small VM (22 to 52 s without KVM, measured), so it is asked once: for the whole tree as a tar
stream, of which names, modes and the small files that the rules look into are kept.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
import tempfile
from pathlib import Path

from harness.image.tree import Entry, Kind
from harness.image.unread import Unreadable
from harness.processes import ProcessFailed, run

MISSING = "libguestfs, which would read it, is not installed (Debian and Ubuntu: apt-get install libguestfs-tools)"
_TIMEOUT = 900.0
_SETTINGS = {
    # Keeps libvirt, and its rights on files, out of it.
    "LIBGUESTFS_BACKEND": "direct",
    # A /dev/kvm that is there and boots no stock kernel (measured) would hang it; TCG always works.
    "LIBGUESTFS_BACKEND_SETTINGS": "force_tcg",
}
"""Environment of libguestfs, unless the user's own says otherwise."""
_LARGEST_KEPT = 16 << 20
_KEPT = (
    "etc/",
    "opt/",
    "srv/",
    "usr/local/",
    "usr/sbin/one-context",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
    "var/lib/docker/image/",
)
_KEPT_PARTS = ("/systemd/system/", "lib/containerd/io.containerd.metadata", "/blobs/", "snapshotter.v1.")


class GuestTree:
    """The tree of an image's root, with what is mounted into it, as libguestfs finds it.

    Raises:
        Unreadable: libguestfs is not installed, or finds no operating system in the image.
    """

    def __init__(self, image: Path) -> None:
        if shutil.which("guestfish") is None:
            raise Unreadable(MISSING)
        self._entries: dict[str, Entry] = {"/": Entry("/", Kind.FOLDER, 0o755, 0)}
        self._children: dict[str, dict[str, Kind]] = {"/": {}}
        self._contents: dict[str, bytes] = {}
        self._used = 0
        with tempfile.TemporaryDirectory(prefix="guestfish-") as folder:
            archive = Path(folder) / "root.tar"
            argv = ["guestfish", "--ro", "--format=qcow2", "-a", str(image), "-i", "tar-out", "/", str(archive)]
            try:
                run(
                    argv, timeout=_TIMEOUT, env={name: os.environ.get(name, value) for name, value in _SETTINGS.items()}
                )
                with tarfile.open(archive) as tar:
                    for member in tar:
                        self._take(tar, member)
            except (ProcessFailed, tarfile.TarError) as error:
                raise Unreadable(f"libguestfs could not read it: {error}") from error

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = posixpath.normpath(member.name)
        if name == ".":
            return
        path = f"/{name.removeprefix('./')}"
        kind = Kind.OTHER
        if member.isdir():
            kind = Kind.FOLDER
        elif member.isfile() or member.islnk():
            kind = Kind.FILE
        elif member.issym():
            kind = Kind.LINK
        size = member.size
        if member.islnk():
            first = f"/{posixpath.normpath(member.linkname)}"
            size = self._entries[first].size if first in self._entries else 0
            self._contents[path] = self._contents.get(first, b"")
        elif member.isfile():
            self._used += size
            if size <= _LARGEST_KEPT and _kept(name):
                file = tar.extractfile(member)
                self._contents[path] = file.read() if file is not None else b""
        self._entries[path] = Entry(
            path, kind, member.mode & 0o7777, size, member.linkname if kind is Kind.LINK else ""
        )
        parent, base = posixpath.split(path)
        self._children.setdefault(parent, {})[base] = kind

    def entry(self, path: str) -> Entry | None:
        """See `Tree`."""
        return self._entries.get(path)

    def children(self, path: str) -> dict[str, Kind]:
        """See `Tree`."""
        return self._children.get(path, {})

    def contents(self, path: str) -> bytes:
        """See `Tree`; only what the rules look into was kept.

        Raises:
            Unreadable: The file is there and was not kept.
        """
        found = self._entries.get(path)
        if found is not None and found.size and path not in self._contents:
            raise Unreadable(f"{path} was left out of what libguestfs was asked for")
        return self._contents.get(path, b"")

    def used(self) -> int:
        """See `Tree`: the sum of the files, as a tar has them."""
        return self._used

    def overhead(self) -> int:
        """See `Tree`: a tar has none."""
        return 0


def _kept(name: str) -> bool:
    return name.startswith(_KEPT) or any(part in name for part in _KEPT_PARTS)
