"""The header of a QCOW2 file (QEMU's docs/interop/qcow2.txt), parsed here: no tool is needed to refuse a file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError

_MAGIC = b"QFI\xfb"
_V2 = struct.Struct(">4sIQIIQIIQQIIQ")
_V3 = struct.Struct(">QQQII")
_DIRTY, _CORRUPT, _EXTERNAL_DATA, _COMPRESSION, _EXTENDED_L2 = (1 << bit for bit in range(5))
_EXTERNAL_DATA_NAME = 0x44415441
_SMALLEST_CLUSTER_BITS, _LARGEST_CLUSTER_BITS = 9, 21
_ENCRYPTIONS = {0: None, 1: "AES", 2: "LUKS"}
_COMPRESSIONS = {0: "zlib", 1: "zstd"}

_OTHER_FORMATS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1f\x8b", "gzip data: unpack it first"),
    (0, b"\xfd7zXZ\x00", "xz data: unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "zstd data: unpack it first"),
    (0, b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (0, b"KDMV", "a VMDK: convert it with qemu-img convert -O qcow2"),
    (0, b"conectix", "a VHD: convert it with qemu-img convert -O qcow2"),
    (0, b"vhdxfile", "a VHDX: convert it with qemu-img convert -O qcow2"),
    (0, b"LUKS\xba\xbe", "a raw LUKS volume: give an exported, unencrypted QCOW2"),
    (0x8001, b"CD001", "an ISO 9660 image: give the disk image"),
    (512, b"EFI PART", "a raw disk image: convert it with qemu-img convert -f raw -O qcow2"),
    (1080, b"\x53\xef", "a raw ext4 file system: convert it with qemu-img convert -f raw -O qcow2"),
    (510, b"\x55\xaa", "a raw disk image: convert it with qemu-img convert -f raw -O qcow2"),
)


class NotQcow2(InputError):
    """The file can be read and is not a QCOW2, or its header makes no sense; the text says what it is instead."""


@dataclass(frozen=True)
class Header:
    """What the header of a QCOW2 states.

    Attributes:
        version: 2 or 3.
        cluster_bits: Power of two of the cluster size in bytes.
        virtual_size: Size of the guest's disk in bytes.
        l1_entries: Number of entries of the L1 table, 8 bytes each.
        l1_offset: Offset of the L1 table in the file, bytes.
        backing_file: Name of the backing file; None without one.
        encryption: `AES` or `LUKS`; None for an image in the clear.
        external_data: Name of the external data file (may be empty); None when the data is in the file itself.
        compression: `zlib` or `zstd`, of compressed clusters.
        extended_l2: Whether L2 entries have subclusters (16 bytes each).
        dirty: Whether the refcounts were not written back when it was last closed.
        corrupt: Whether QEMU has marked it corrupt.
        snapshots: Number of internal snapshots.
    """

    version: int
    cluster_bits: int
    virtual_size: int
    l1_entries: int
    l1_offset: int
    backing_file: str | None
    encryption: str | None
    external_data: str | None
    compression: str
    extended_l2: bool
    dirty: bool
    corrupt: bool
    snapshots: int

    @property
    def cluster_size(self) -> int:
        """Bytes of a cluster."""
        return 1 << self.cluster_bits


def read_header(image: Path) -> Header:
    """Parse the header of `image`.

    Raises:
        InputError: It is not there or cannot be opened.
        NotQcow2: It is not a QCOW2; the text says what it is instead.
    """
    try:
        with image.open("rb") as file:
            start = file.read(1 << 16)
    except OSError as error:
        raise InputError(f"{image}: cannot be read: {error.strerror}; give the path of a QCOW2 file") from error
    if not start.startswith(_MAGIC):
        raise NotQcow2(f"{image}: not a QCOW2 but {_what_it_is(start)}")
    if len(start) < _V2.size:
        raise NotQcow2(f"{image}: a QCOW2 cut off inside its header, after {len(start)} bytes; export it again")
    return _parse(image, start)


def _parse(image: Path, start: bytes) -> Header:
    _, version, name_offset, name_size, cluster_bits, size, crypt, l1_entries, l1_offset, *_rest = _V2.unpack_from(
        start
    )
    snapshots = _rest[3 - 1]
    if version not in (2, 3):
        raise NotQcow2(f"{image}: a QCOW of version {version}; only QCOW2 (versions 2 and 3) boots on OpenNebula 7")
    if not _SMALLEST_CLUSTER_BITS <= cluster_bits <= _LARGEST_CLUSTER_BITS:
        raise NotQcow2(f"{image}: a QCOW2 header with an impossible cluster size (2^{cluster_bits}); export it again")
    if crypt not in _ENCRYPTIONS:
        raise NotQcow2(f"{image}: a QCOW2 header with an unknown encryption method ({crypt}); export it again")
    features, header_length, compression = 0, _V2.size, 0
    if version == 3:  # noqa: PLR2004 - the format's own number
        if len(start) < _V2.size + _V3.size:
            raise NotQcow2(f"{image}: a QCOW2 cut off inside its header, after {len(start)} bytes; export it again")
        features, _, _, _, header_length = _V3.unpack_from(start, _V2.size)
        if features & _COMPRESSION and header_length > _V2.size + _V3.size:
            compression = start[_V2.size + _V3.size]
    if compression not in _COMPRESSIONS:
        raise NotQcow2(f"{image}: a QCOW2 with an unknown compression type ({compression}); convert it with qemu-img")
    external = None
    if features & _EXTERNAL_DATA:
        external = _extensions(start, header_length).get(_EXTERNAL_DATA_NAME, b"").decode(errors="replace")
    backing = start[name_offset : name_offset + name_size].decode(errors="replace") if name_offset else None
    return Header(
        version=version,
        cluster_bits=cluster_bits,
        virtual_size=size,
        l1_entries=l1_entries,
        l1_offset=l1_offset,
        backing_file=backing,
        encryption=_ENCRYPTIONS[crypt],
        external_data=external,
        compression=_COMPRESSIONS[compression],
        extended_l2=bool(features & _EXTENDED_L2),
        dirty=bool(features & _DIRTY),
        corrupt=bool(features & _CORRUPT),
        snapshots=snapshots,
    )


def _extensions(start: bytes, offset: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while offset + 8 <= len(start):
        kind, length = struct.unpack_from(">II", start, offset)
        if kind == 0:
            break
        found[kind] = start[offset + 8 : offset + 8 + length]
        offset += 8 + (length + 7) // 8 * 8
    return found


def _what_it_is(start: bytes) -> str:
    if not start:
        return "an empty file: export or download it again"
    text = start[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "an HTML or XML page, as a failed download leaves it: download the image itself"
    for offset, magic, meaning in _OTHER_FORMATS:
        if start[offset : offset + len(magic)] == magic:
            return meaning
    if not any(start):
        return "zeros, a raw or sparse file: convert it with qemu-img convert -f raw -O qcow2"
    shown = start[:4].hex(" ")
    return f"data that starts with {shown} (a QCOW2 starts with 51 46 49 fb): give an exported QCOW2"
