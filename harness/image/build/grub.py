"""GRUB for BIOS into a disk image, without a loop device: what `grub-bios-setup` writes, written here.

The boot sector loads `core.img` from the BIOS boot partition: its sector goes into the boot sector, the place of the
rest into the first sector of `core.img` (GRUB's `boot.S` and `diskboot.S`).
"""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

from harness.errors import SetupFailed
from harness.image.build.tools import tool
from harness.processes import run

_SECTOR = 512
_KERNEL_SECTOR, _DRIVE_CHECK = 0x5C, 0x66
_BLOCKLIST = _SECTOR - 12
_LOAD_SEGMENT = 0x820
_PARTITION_TABLE = 446
_MODULES = (
    "biosdisk",
    "part_gpt",
    "ext2",
    "search",
    "search_fs_uuid",
    "normal",
    "configfile",
    "linux",
    "echo",
    "serial",
)
_FOLDER = "usr/lib/grub/i386-pc"

_CONFIG = """# The links /vmlinuz and /initrd.img are kept up to date by Debian's kernel packages.
set timeout=0
serial --unit=0 --speed=115200
terminal_output console serial
menuentry "Flower edge" {{
    search --no-floppy --fs-uuid --set=root {uuid}
    linux /vmlinuz root=UUID={uuid} ro console=tty0 console=ttyS0,115200n8
    initrd /initrd.img
}}
"""


def configure(root: Path, filesystem: uuid.UUID) -> bytes:
    """Write `/boot/grub/grub.cfg` into `root` and make its `core.img`, with the root's own GRUB.

    Returns:
        The contents of `core.img`.
    """
    folder = root / "boot/grub"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grub.cfg").write_text(_CONFIG.format(uuid=filesystem))
    early, core = root / "tmp/early.cfg", root / "tmp/core.img"
    early.write_text(f"search --no-floppy --fs-uuid --set=root {filesystem}\nset prefix=($root)/boot/grub\n")
    inside = ["--output", "/tmp/core.img", "--config", "/tmp/early.cfg"]  # noqa: S108 - inside the image
    run(
        [tool("chroot"), root, "grub-mkimage", "--format", "i386-pc", *inside, "--prefix", "/boot/grub", *_MODULES],
        timeout=60,
    )
    data = core.read_bytes()
    core.unlink()
    early.unlink()
    return data


def embed(disk: Path, root: Path, core: bytes, *, sector: int, room: int) -> None:
    """Write boot sector and `core.img` into a raw disk.

    Args:
        disk: The raw disk, partitioned.
        root: The root folder, for GRUB's `boot.img`.
        core: Contents of `core.img`.
        sector: First sector of the BIOS boot partition.
        room: Sectors of it.

    Raises:
        SetupFailed: `core.img` is larger than the partition.
    """
    sectors = -(-len(core) // _SECTOR)
    if sectors > room:
        raise SetupFailed(f"GRUB's core.img takes {sectors} sectors, the BIOS boot partition has {room}")
    boot = bytearray((root / _FOLDER / "boot.img").read_bytes())
    struct.pack_into("<Q", boot, _KERNEL_SECTOR, sector)
    # Two NOPs in the place of a jump: trust the drive that the BIOS names.
    boot[_DRIVE_CHECK : _DRIVE_CHECK + 2] = b"\x90\x90"
    image = bytearray(core.ljust(sectors * _SECTOR, b"\0"))
    struct.pack_into("<QHH", image, _BLOCKLIST, sector + 1, sectors - 1, _LOAD_SEGMENT)
    with disk.open("r+b") as file:
        file.write(boot[:_PARTITION_TABLE])
        file.seek(sector * _SECTOR)
        file.write(image)
