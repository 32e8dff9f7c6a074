"""The guest's disk inside a QCOW2, as a stream to seek and read in: no root, no VM, no QEMU."""

from __future__ import annotations

import io
import struct
import zlib
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Self

import zstandard

from harness.image.header import Header
from harness.image.unread import Unreadable

_COMPRESSED = 1 << 62
_ZERO = 1
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_SECTOR = 512
_KEPT_CLUSTERS = 128
_KEPT_TABLES = 32
_LARGEST_L1 = 32 << 20
"""QEMU's own limit of the L1 table, bytes."""


class Disk:
    """The guest's disk; a context manager, and a stream as `ext4.Volume` wants one (read, peek, seek, tell).

    Reads what is in the file itself: an image with a backing file, an external data file or encryption is refused.
    Clusters that were used last are kept (8 MiB with QEMU's default cluster size).

    Args:
        image: The QCOW2.
        header: Its header.

    Raises:
        Unreadable: It cannot be read on its own, or (from any read) a cluster is damaged or beyond the file's end.
    """

    def __init__(self, image: Path, header: Header) -> None:
        if header.encryption:
            raise Unreadable(f"the image is encrypted ({header.encryption}): its contents are not readable")
        if header.external_data is not None:
            raise Unreadable(f"the data is in another file ({header.external_data or 'unnamed'}), not in the image")
        if header.backing_file is not None:
            raise Unreadable(f"the image is only the difference to a backing file ({header.backing_file})")
        if header.extended_l2:
            raise Unreadable(
                "the image has extended L2 entries (subclusters); convert it with qemu-img to have it read"
            )
        if header.l1_entries * 8 > _LARGEST_L1:
            raise Unreadable("the image's L1 table is larger than QEMU allows: the header is damaged")
        self.header = header
        self._file = image.open("rb")
        self._file_size = image.stat().st_size
        self._position = 0
        self._clusters: OrderedDict[int, bytes] = OrderedDict()
        self._tables: OrderedDict[int, tuple[int, ...]] = OrderedDict()
        try:
            self._l1 = self._table(header.l1_offset, header.l1_entries, "the L1 table")
        except Unreadable:
            self._file.close()
            raise

    def __len__(self) -> int:
        return self.header.virtual_size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte of the guest's disk."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self)}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Where the stream is, bytes from the start of the guest's disk."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer only at the end of the disk.

        Raises:
            Unreadable: A cluster is damaged or missing.
        """
        data = self.peek(size)
        self._position += len(data)
        return data

    def peek(self, size: int = -1) -> bytes:
        """What `read` would give, without moving."""
        end = len(self) if size < 0 else min(len(self), self._position + size)
        pieces = []
        at = self._position
        while at < end:
            index, inside = divmod(at, self.header.cluster_size)
            piece = self.cluster(index)[inside : inside + end - at]
            pieces.append(piece)
            at += len(piece)
        return b"".join(pieces)

    def at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, fewer only at the end of the disk."""
        self.seek(offset)
        return self.read(size)

    def entries(self, l1_index: int) -> tuple[int, ...]:
        """The L2 entries below one L1 entry; empty when nothing is allocated there."""
        offset = self._l1[l1_index] & _OFFSET
        if not offset:
            return ()
        if offset not in self._tables:
            self._tables[offset] = self._table(offset, self.header.cluster_size // 8, f"L2 table {l1_index}")
            if len(self._tables) > _KEPT_TABLES:
                self._tables.popitem(last=False)
        return self._tables[offset]

    def cluster(self, index: int) -> bytes:
        """One whole cluster of the guest's disk, zeros where nothing is allocated.

        Raises:
            Unreadable: It is damaged or beyond the file's end.
        """
        if index in self._clusters:
            self._clusters.move_to_end(index)
            return self._clusters[index]
        l1_index, l2_index = divmod(index, self.header.cluster_size // 8)
        entries = self.entries(l1_index) if l1_index < len(self._l1) else ()
        data = self.decode(index, entries[l2_index] if entries else 0)
        self._clusters[index] = data
        if len(self._clusters) > _KEPT_CLUSTERS:
            self._clusters.popitem(last=False)
        return data

    def decode(self, index: int, entry: int) -> bytes:
        """The data behind an L2 entry; `index` is only for the message."""
        size = self.header.cluster_size
        if entry & _COMPRESSED:
            offset, length = self.compressed_extent(entry)
            return decompress(self._raw(offset, length, f"cluster {index}", short=True), self.header, index)
        if entry & _ZERO or not entry & _OFFSET:
            return bytes(size)
        # QEMU may leave the file's last cluster unfinished and reads zeros behind it.
        return self._raw(entry & _OFFSET, size, f"cluster {index}", short=True).ljust(size, b"\0")

    def host_extent(self, entry: int) -> tuple[int, int] | None:
        """Offset and bytes in the file of what an L2 entry points to; None when it points to nothing."""
        if entry & _COMPRESSED:
            return self.compressed_extent(entry)
        if not entry & _OFFSET:
            return None
        return entry & _OFFSET, self.header.cluster_size

    def compressed_extent(self, entry: int) -> tuple[int, int]:
        """Offset and bytes in the file of a compressed cluster; the last sector may end beyond the file."""
        bits = 62 - (self.header.cluster_bits - 8)
        offset = entry & ((1 << bits) - 1)
        sectors = (entry >> bits) & ((1 << (self.header.cluster_bits - 8)) - 1)
        return offset, (sectors + 1) * _SECTOR - offset % _SECTOR

    @property
    def l1_entries(self) -> int:
        """Number of L1 entries."""
        return len(self._l1)

    @property
    def file_size(self) -> int:
        """Bytes of the QCOW2 file."""
        return self._file_size

    def _table(self, offset: int, count: int, what: str) -> tuple[int, ...]:
        return struct.unpack(f">{count}Q", self._raw(offset, count * 8, what))

    def _raw(self, offset: int, length: int, what: str, *, short: bool = False) -> bytes:
        self._file.seek(offset)
        data = self._file.read(length)
        if not data or (len(data) < length and not short):
            raise Unreadable(
                f"{what} lies at byte {offset:,} but the file ends at {self._file_size:,}: it is cut off or damaged"
            )
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def decompress(data: bytes, header: Header, index: int) -> bytes:
    """One compressed cluster's contents.

    Raises:
        Unreadable: The data does not decompress to a whole cluster.
    """
    size = header.cluster_size
    try:
        if header.compression == "zstd":
            out = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read(size)
        else:
            # QEMU writes raw deflate with a window of 4 KiB.
            out = zlib.decompressobj(-12).decompress(data, size)
    except (zlib.error, zstandard.ZstdError) as error:
        raise Unreadable(f"cluster {index} (compressed, {header.compression}) does not decompress: {error}") from error
    if len(out) != size:
        raise Unreadable(f"cluster {index} (compressed, {header.compression}) ends after {len(out)} of {size} bytes")
    return out
