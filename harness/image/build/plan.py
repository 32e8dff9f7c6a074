"""What goes into an image, and the name of its content in the cache."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.errors import InputError

_NAMESPACE = uuid.UUID("6f0c1f3e-43b8-5d5c-9f0e-8b4b6f6d6e55")
"""Ours alone: gives each content its own UUIDs, the same in each build of it."""

SYSTEM_PACKAGES = (
    "apparmor",  # without it docker.io starts no container on Debian's kernel (measured)
    "ca-certificates",
    "curl",
    "dbus",
    "docker.io",
    "e2fsprogs",
    "fdisk",
    "grub-common",
    "grub-pc-bin",
    "iproute2",
    "iputils-ping",
    "jq",
    "kmod",
    "linux-image-cloud-amd64",
    "netcat-openbsd",
    "openssh-server",
    "systemd-sysv",
    "udev",
)
"""What the appliance's root has beside Debian's minimal base."""

CONTAINER_PACKAGES = ("ca-certificates", "python3", "python3-venv")
"""What the Flower image has beside Debian's minimal base."""


@dataclass(frozen=True)
class Plan:
    """An image to build.

    Attributes:
        boot_script: File that becomes `/opt/flower/scripts/bootstrap.sh`.
        fixture: Folder whose `root/` is laid over the system: contextualization, units, health check.
        flower: Version of Flower in the pre-baked image.
        suite: Debian's release.
        mirror: Address of a Debian mirror; None for mmdebstrap's own choice.
        context_package: A `one-context` package (.deb) to install in the place of the equivalent in `fixture`.
        compression: `zstd` or `zlib`.
        disk: Virtual size, bytes.
    """

    boot_script: Path
    fixture: Path
    flower: str = "1.25.0"
    suite: str = "bookworm"
    mirror: str | None = None
    context_package: Path | None = None
    compression: str = "zstd"
    disk: int = 4 << 30

    def check(self) -> None:
        """Refuse files that are not there.

        Raises:
            InputError: One is missing, or the boot script is not a script.
        """
        if not self.boot_script.is_file():
            raise InputError(f"{self.boot_script}: no such file; --boot-script names the appliance's boot script")
        if not self.boot_script.read_bytes().startswith(b"#!"):
            raise InputError(f"{self.boot_script}: is not a script: it does not begin with #!")
        if not (self.fixture / "root").is_dir():
            raise InputError(f"{self.fixture}: has no folder root/; it belongs to the harness's checkout")
        if self.context_package is not None and not self.context_package.is_file():
            raise InputError(f"{self.context_package}: no such file; --context-package names a one-context .deb")

    @cached_property
    def key(self) -> str:
        """Name of the content: of all inputs, and of the builder's own source. What Debian serves is not part of it.

        Taken once, so that a file that changes during a build does not give half of the image other UUIDs.
        """
        digest = hashlib.sha256()
        for part in self._parts():
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()[:16]

    def uuid(self, what: str) -> uuid.UUID:
        """A UUID of this content, e.g. of its file system."""
        return uuid.uuid5(_NAMESPACE, f"{self.key} {what}")

    def _parts(self) -> Iterator[bytes]:
        for value in (self.flower, self.suite, self.mirror, self.compression, self.disk):
            yield str(value).encode()
        yield self.boot_script.read_bytes()
        yield self.context_package.read_bytes() if self.context_package else b""
        for folder in (self.fixture / "root", Path(__file__).parent):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.suffix != ".pyc":
                    yield str(path.relative_to(folder)).encode()
                    yield path.read_bytes()
                    yield oct(path.stat().st_mode & 0o777).encode()
