"""The two Debian systems of an image, in folders: the VM's root, and the container's base."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.image.build.debian import Debian
from harness.image.build.plan import CONTAINER_PACKAGES, SYSTEM_PACKAGES, Plan
from harness.image.build.tools import tool
from harness.processes import run

_TIMEOUT = 1800.0
_UNITS = (
    "docker.service",
    "flower-supernode.service",
    "one-context-local.service",
    "one-context.service",
    "one-context-ssh-keys.service",
    "systemd-networkd.service",
)
_MASKED = (
    # Docker starts after network-online.target: without a network that would be 120 s later.
    "systemd-networkd-wait-online.service",
    # A release does not change by itself.
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
)
_IDENTITIES = ("etc/machine-id", "var/lib/dbus/machine-id", "etc/docker/key.json", "var/lib/systemd/random-seed")
BOOT_SCRIPT = "opt/flower/scripts/bootstrap.sh"


def make_root(plan: Plan, debian: Debian, root: Path) -> None:
    """The VM's root file system, without container images and boot loader."""
    debian.unpack(plan, SYSTEM_PACKAGES, root)
    _lay_over(plan, root)
    _chroot(root, "systemctl", "enable", *_units(root))
    _chroot(root, "systemctl", "mask", *_MASKED)
    (root / "etc/hostname").write_text("edge\n")
    (root / "etc/fstab").write_text(f"UUID={plan.uuid('root')} / ext4 errors=remount-ro,x-systemd.growfs 0 1\n")
    clean(root)


def make_container_base(plan: Plan, debian: Debian, root: Path) -> None:
    """The base layer of the Flower image."""
    debian.unpack(plan, CONTAINER_PACKAGES, root)
    clean(root)


def clean(root: Path) -> None:
    """Remove what belongs to one machine or one build: identities, logs, caches."""
    for name in _IDENTITIES:
        (root / name).unlink(missing_ok=True)
    # Empty, not absent: systemd gives each VM an identity of its own at its first boot.
    (root / "etc/machine-id").touch()
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for folder in ("var/cache/apt", "var/lib/apt/lists", "var/log", "var/cache/ldconfig", "tmp", "var/tmp"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.unlink()
    for compiled in (root / "usr").rglob("__pycache__"):
        shutil.rmtree(compiled)


def _lay_over(plan: Plan, root: Path) -> None:
    for source in sorted((plan.fixture / "root").rglob("*")):
        target = root / source.relative_to(plan.fixture / "root")
        if plan.context_package is not None and "one-context" in str(target):
            continue
        if source.is_dir():
            target.mkdir(exist_ok=True)
        else:
            _place(source, target, source.stat().st_mode & 0o755)
    _place(plan.boot_script, root / BOOT_SCRIPT, 0o755)
    if plan.context_package is not None:
        shutil.copy(plan.context_package, root / "tmp/one-context.deb")
        _chroot(root, "apt-get", "update", "--quiet=2")
        package = "/tmp/one-context.deb"  # noqa: S108 - inside the image to be
        _chroot(root, "apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", package)


def _place(source: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    target.chmod(mode)


def _units(root: Path) -> list[str]:
    folders = ("etc/systemd/system", "lib/systemd/system")
    return [unit for unit in _UNITS if any((root / folder / unit).exists() for folder in folders)]


def _chroot(root: Path, *argv: str) -> None:
    run([tool("chroot"), root, *argv], timeout=_TIMEOUT, env={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
