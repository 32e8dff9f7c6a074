"""What a build needs on this machine, said before it starts."""

from __future__ import annotations

import os
import shutil

from harness.errors import SetupFailed
from harness.processes import ProcessFailed, run

_TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "sfdisk": "fdisk",
    "mkfs.ext4": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "unshare": "util-linux",
    "chroot": "coreutils",
    "tar": "tar",
    "nice": "coreutils",
}
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def tool(name: str) -> str:
    """Path of a tool, also where only root's PATH has it."""
    return shutil.which(name) or shutil.which(name, path=":".join(_SYSTEM_FOLDERS)) or name


def missing() -> list[str]:
    """What is missing for a build, one sentence each; empty when all is there."""
    reasons = [
        f"{name} is not installed (Debian and Ubuntu: apt-get install {package})"
        for name, package in _TOOLS.items()
        if shutil.which(tool(name)) is None
    ]
    if os.geteuid() != 0:
        reasons.append("it needs root, for the owners of files and for the image's own Docker: run it with sudo")
    elif not reasons and not _may_mount():
        reasons.append("root may not mount here: in a container, give it the capability SYS_ADMIN")
    return reasons


def _may_mount() -> bool:
    try:
        return run([tool("unshare"), "--mount", "true"], timeout=10, check=False).code == 0
    except ProcessFailed:
        return False


def require() -> None:
    """Refuse to start without one of them.

    Raises:
        SetupFailed: Something is missing; the text names all of it.
    """
    reasons = missing()
    if reasons:
        raise SetupFailed(f"the image cannot be built here: {'; '.join(reasons)}")
