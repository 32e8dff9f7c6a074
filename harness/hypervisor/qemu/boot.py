"""What booting an image takes: QEMU, the image, its kernel where that can be had, and the right acceleration."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from harness.errors import SetupFailed
from harness.hypervisor.qemu.acceleration import TCG, acceleration
from harness.image.kernel import read_kernel
from harness.image.unread import Unreadable
from harness.sessions import cache_root

QEMU = "qemu-system-x86_64"
_NEEDED = {QEMU: "qemu-system-x86", "qemu-img": "qemu-utils"}


@dataclass(frozen=True)
class Boot:
    """How a VM of an image is booted.

    Attributes:
        qemu: The executable.
        image: The QCOW2; nothing is written to it.
        acceleration: QEMU's options for it.
        kernel: Of the image, to boot it without its boot loader, which takes a third less (measured); None when it
            cannot be read out of the image.
        initrd: Its initial RAM disk.
        root: Its root, for the kernel's command line.
    """

    qemu: str
    image: str
    acceleration: tuple[str, ...]
    kernel: str | None = None
    initrd: str | None = None
    root: str | None = None

    @property
    def emulated(self) -> bool:
        """Whether the VM's processors are emulated."""
        return self.acceleration == TCG


def require_qemu() -> str:
    """The QEMU to use.

    Raises:
        SetupFailed: One of its programs is not installed.
    """
    for name, package in _NEEDED.items():
        if shutil.which(name) is None:
            raise SetupFailed(f"{name} is not installed (Debian and Ubuntu: apt-get install {package})")
    return str(shutil.which(QEMU))


def prepare(image: Path, say: Callable[[str], None]) -> Boot:
    """Read the kernel out of an image and find out what accelerates it.

    Args:
        image: A QCOW2.
        say: Gets a line of progress.

    Raises:
        InputError: The file is not there or not a QCOW2.
        SetupFailed: QEMU is not installed.
    """
    qemu = require_qemu()
    status = image.stat()
    key = hashlib.sha256(f"{image.absolute()} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:16]
    folder = cache_root() / "kernels" / key
    folder.mkdir(parents=True, exist_ok=True)
    kernel, initrd, root = folder / "vmlinuz", folder / "initrd.img", folder / "root"
    with FileLock(folder.with_suffix(".lock")):
        if not root.exists():
            try:
                found = read_kernel(image)
            except Unreadable as error:
                say(f"{image}: boots by its own boot loader: {error}")
                return Boot(qemu, str(image.absolute()), TCG)
            kernel.write_bytes(found.kernel)
            initrd.write_bytes(found.initrd)
            # Last: it says that the others are complete.
            root.write_text(found.root, encoding="utf-8")
    chosen = acceleration(qemu, kernel)
    if chosen == TCG:
        say("no KVM that boots a kernel: QEMU emulates the VM, whose boot takes two minutes or more")
    return Boot(qemu, str(image.absolute()), chosen, str(kernel), str(initrd), root.read_text(encoding="utf-8"))
