"""The whole QCOW2 read once: does every cluster lie inside the file, does every compressed one decompress?

`qemu-img check` looks at tables and refcounts only: zeroed bytes inside compressed clusters pass it (measured).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.image.reader import Disk, decompress
from harness.image.unread import Unreadable

_COMPRESSED = 1 << 62
_BATCH = 64


@dataclass(frozen=True)
class Verified:
    """What the full read found.

    Attributes:
        allocated: Clusters with data of their own in the file.
        compressed: Those of them that are compressed.
        damaged: Clusters that do not decompress.
        missing: Clusters (or tables) that end beyond the file.
        first: The first trouble, in words; empty when there is none.
    """

    allocated: int
    compressed: int
    damaged: int
    missing: int
    first: str

    @property
    def sound(self) -> bool:
        """Whether all could be read."""
        return not self.damaged and not self.missing


@dataclass(frozen=True)
class _Extent:
    index: int
    offset: int
    length: int
    compressed: bool


def verify(image: Path, disk: Disk) -> Verified:
    """Read every cluster of `image`; two threads, as zlib and zstd work outside Python's lock."""
    allocated = compressed = damaged = missing = 0
    first = ""
    fd = os.open(image, os.O_RDONLY)
    try:
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            extents = _extents(disk)
            while batch := list(islice(extents, _BATCH * 16)):
                chunks = [batch[start : start + _BATCH] for start in range(0, len(batch), _BATCH)]
                for troubles in pool.map(lambda chunk: [_trouble(fd, disk, extent) for extent in chunk], chunks):
                    for kind, text in filter(None, troubles):
                        damaged += kind == "damaged"
                        missing += kind == "missing"
                        first = first or text
                allocated += sum(1 for extent in batch if extent.length)
                compressed += sum(1 for extent in batch if extent.compressed)
    finally:
        os.close(fd)
    return Verified(allocated, compressed, damaged, missing, first)


def _extents(disk: Disk) -> Iterator[_Extent]:
    per_table = disk.header.cluster_size // 8
    clusters = -(-disk.header.virtual_size // disk.header.cluster_size)
    for l1_index in range(disk.l1_entries):
        try:
            entries = disk.entries(l1_index)
        except Unreadable:
            # A table of length 0 stands for one that is not in the file; its reading is tried again for the message.
            yield _Extent(l1_index, 0, 0, compressed=False)
            continue
        for l2_index, entry in enumerate(entries[: max(0, clusters - l1_index * per_table)]):
            host = disk.host_extent(entry)
            if host is not None:
                yield _Extent(l1_index * per_table + l2_index, *host, compressed=bool(entry & _COMPRESSED))


def _trouble(fd: int, disk: Disk, extent: _Extent) -> tuple[str, str] | None:
    if not extent.length:
        return "missing", f"L2 table {extent.index} lies beyond the file's end at {disk.file_size:,} bytes"
    if extent.offset >= disk.file_size:
        return "missing", (
            f"cluster {extent.index} lies at byte {extent.offset:,} but the file ends at {disk.file_size:,}"
        )
    if extent.compressed:
        try:
            decompress(os.pread(fd, extent.length, extent.offset), disk.header, extent.index)
        except Unreadable as error:
            # Compressed data is counted in sectors, so that the last cluster's may end beyond the file; it still
            # decompresses unless the file was cut off inside it.
            if extent.offset + extent.length > disk.file_size:
                return "missing", f"cluster {extent.index} is cut off by the file's end at {disk.file_size:,} bytes"
            return "damaged", str(error)
    return None
