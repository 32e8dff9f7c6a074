"""Where the file systems lie on the guest's disk: GPT, MBR with logical partitions, or a bare file system."""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from typing import Protocol

_SECTOR_SIZES = (512, 4096)
_GPT_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_GPT_ENTRY = struct.Struct("<16s16sQQQ72s")
_MBR_ENTRY = struct.Struct("<B3sB3sII")
_MOST_GPT_ENTRIES = 1024
_MOST_LOGICAL = 64
_EXTENDED = {0x05, 0x0F, 0x85}
_PROTECTIVE = 0xEE


class Source(Protocol):
    """Something with bytes at offsets."""

    def at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, fewer at the end."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Partition:
    """A stretch of the disk.

    Attributes:
        number: Its number in the table, from 1; 0 for the bare disk.
        offset: Bytes from the start of the disk.
        size: Bytes.
        kind: Type: a GUID (GPT) or `0x83` (MBR); empty for the bare disk.
        filesystem: What `filesystem_at` recognizes in it.
    """

    number: int
    offset: int
    size: int
    kind: str
    filesystem: str


@dataclass(frozen=True)
class Layout:
    """How the disk is divided.

    Attributes:
        scheme: `GPT`, `MBR` or `bare`.
        partitions: In the order of the table.
    """

    scheme: str
    partitions: tuple[Partition, ...]

    def words(self) -> str:
        """The layout in a few words: ``GPT: 1 BIOS boot, 2 ext4``."""
        if self.scheme == "bare":
            return f"no partition table: {self.partitions[0].filesystem}"
        return f"{self.scheme}: " + (", ".join(f"{it.number} {it.filesystem}" for it in self.partitions) or "empty")


def read_layout(disk: Source) -> Layout:
    """Find partitions; a partition table is looked for first, as old file system headers may lie between partitions.

    Raises:
        Unreadable: The disk's first clusters cannot be read.
    """
    for sector in _SECTOR_SIZES:
        found = _gpt(disk, sector)
        if found is not None:
            return Layout("GPT", tuple(found))
    # A FAT or NTFS boot sector ends like an MBR; only entries that make sense count.
    mbr = _mbr(disk)
    if mbr:
        return Layout("MBR", tuple(mbr))
    return Layout("bare", (Partition(0, 0, len(disk), "", filesystem_at(disk, 0)),))


def _gpt(disk: Source, sector: int) -> list[Partition] | None:
    raw = disk.at(sector, _GPT_HEADER.size)
    if len(raw) < _GPT_HEADER.size or not raw.startswith(b"EFI PART"):
        return None
    *_, table, count, entry_size, _crc = _GPT_HEADER.unpack(raw)
    found = []
    for index in range(min(count, _MOST_GPT_ENTRIES)):
        entry = disk.at(table * sector + index * entry_size, _GPT_ENTRY.size)
        if len(entry) < _GPT_ENTRY.size or not any(entry[:16]):
            continue
        kind, _id, first, last, _flags, _name = _GPT_ENTRY.unpack(entry)
        offset, size = first * sector, (last - first + 1) * sector
        name = str(uuid.UUID(bytes_le=kind))
        found.append(Partition(index + 1, offset, size, name, _gpt_content(disk, name, offset)))
    return found


def _gpt_content(disk: Source, kind: str, offset: int) -> str:
    if kind == "21686148-6449-6e6f-744e-656564454649":
        return "BIOS boot"
    return filesystem_at(disk, offset)


def _mbr(disk: Source) -> list[Partition]:
    found: list[Partition] = []
    for number, (flag, kind, first, count) in enumerate(_mbr_entries(disk, 0), start=1):
        if not _plausible(disk, flag, kind, first, count):
            continue
        if kind in _EXTENDED:
            found += _logical(disk, first)
        else:
            found.append(_mbr_partition(disk, number, kind, first, count))
    return found


def _mbr_entries(disk: Source, sector: int) -> list[tuple[int, int, int, int]]:
    raw = disk.at(sector * 512, 512)
    if len(raw) < 512 or raw[510:] != b"\x55\xaa":  # noqa: PLR2004 - a sector
        return []
    entries = []
    for index in range(4):
        flag, _, kind, _, first, count = _MBR_ENTRY.unpack_from(raw, 446 + 16 * index)
        entries.append((flag, kind, first, count))
    return entries


def _plausible(disk: Source, flag: int, kind: int, first: int, count: int) -> bool:
    inside = 0 < first * 512 < len(disk) and count > 0
    return flag in (0, 0x80) and kind not in (0, _PROTECTIVE) and inside


def _mbr_partition(disk: Source, number: int, kind: int, first: int, count: int) -> Partition:
    return Partition(number, first * 512, count * 512, f"0x{kind:02x}", filesystem_at(disk, first * 512))


def _logical(disk: Source, extended: int) -> list[Partition]:
    found: list[Partition] = []
    table = extended
    for number in range(5, 5 + _MOST_LOGICAL):
        entries = _mbr_entries(disk, table)
        if not entries:
            break
        flag, kind, first, count = entries[0]
        if _plausible(disk, flag, kind, table + first, count):
            found.append(_mbr_partition(disk, number, kind, table + first, count))
        _, kind, first, count = entries[1]
        if kind not in _EXTENDED or not count:
            break
        table = extended + first
    return found


_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (1080, b"\x53\xef", "ext4"),
    (0, b"XFSB", "xfs"),
    (65600, b"_BHRfS_M", "btrfs"),
    (512, b"LABELONE", "LVM"),
    (0, b"LUKS\xba\xbe", "LUKS"),
    (0, b"hsqs", "squashfs"),
    (4086, b"SWAPSPACE2", "swap"),
    (82, b"FAT32", "FAT"),
    (54, b"FAT", "FAT"),
    (3, b"NTFS", "NTFS"),
    (1024, b"\x10\x20\xf5\xf2", "f2fs"),
)


def filesystem_at(disk: Source, offset: int) -> str:
    """What begins at `offset`: `ext4` (ext2 and ext3 have the same mark), `xfs`, `btrfs`, `LVM`, …, or `unknown`."""
    start = disk.at(offset, 65608)
    for place, magic, name in _SIGNATURES:
        if start[place : place + len(magic)] == magic:
            return name
    return "unknown"
