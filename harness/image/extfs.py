"""An ext4 file system as a tree: inodes and extents by the `ext4` package, folders parsed here.

The package reads a folder's blocks again for each of its entries, so that listing grows with the square of the folder's
size; a folder parsed in one go makes a walk of a whole root a matter of a second or two.
"""

from __future__ import annotations

import functools
import posixpath
import struct
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import ext4

from harness.image.partitions import Partition
from harness.image.reader import Disk
from harness.image.tree import Entry, Kind
from harness.image.unread import Unreadable

P = ParamSpec("P")
R = TypeVar("R")

_DIRENT = struct.Struct("<IHBB")
_KINDS = {1: Kind.FILE, 2: Kind.FOLDER, 7: Kind.LINK}
_EXTENTS, _INLINE_DATA, _ENCRYPTED = 0x80000, 0x10000000, 0x800
_FAST_LINK = 60
_LARGEST_FILE = 64 << 20
_MOST_READ = 8 << 30


class _Window:
    """One partition as the stream that `ext4.Volume` reads; refuses to read on for ever in a damaged tree."""

    def __init__(self, disk: Disk, partition: Partition) -> None:
        self._disk = disk
        self._offset = partition.offset
        self._size = partition.size
        self._position = 0
        self._budget = _MOST_READ

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._position, self._size)[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int) -> bytes:
        data = self.peek(size)
        self._position += len(data)
        return data

    def peek(self, size: int) -> bytes:
        # Every read costs something, so that a loop of empty ones ends too.
        self._budget -= max(size, 512)
        if self._budget < 0:
            raise Unreadable("the ext4 file system leads in circles: it is damaged")
        if not 0 <= self._position <= self._size:
            raise Unreadable("the ext4 file system points beyond its partition: it is damaged")
        return self._disk.at(self._offset + self._position, min(size, self._size - self._position))


def _guarded(method: Callable[P, R]) -> Callable[P, R]:
    """What the package stumbles over in a damaged file system, as one `Unreadable`."""

    @functools.wraps(method)
    def guard(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except Unreadable:
            raise
        except (
            OSError,
            ValueError,
            ArithmeticError,
            LookupError,
            AttributeError,
            AssertionError,
            struct.error,
        ) as error:
            raise Unreadable(f"the ext4 file system cannot be read: {type(error).__name__}: {error}") from error
        except RecursionError as error:
            raise Unreadable("the ext4 file system leads in circles: it is damaged") from error
        except (ext4.MagicError, ext4.ChecksumError) as error:
            raise Unreadable(f"the ext4 file system is damaged: {error}") from error
        except Exception as error:
            if type(error).__module__.startswith("ext4"):
                raise Unreadable(f"the ext4 file system cannot be read: {error}") from error
            raise

    return guard


class ExtTree:
    """The tree of one ext4 partition.

    Raises:
        Unreadable: There is no readable ext4 superblock.
    """

    @_guarded
    def __init__(self, disk: Disk, partition: Partition) -> None:
        self._volume: Any = ext4.Volume(_Window(disk, partition))
        self._folders: dict[int, dict[str, tuple[int, Kind]]] = {}
        self._numbers: dict[str, int | None] = {"/": 2}

    @_guarded
    def entry(self, path: str) -> Entry | None:
        """See `Tree`."""
        number = self._number(path)
        if number is None:
            return None
        inode = self._inode(number)
        kind = _kind_of(inode)
        target = self._data(inode).decode("utf-8", errors="replace") if kind is Kind.LINK else ""
        return Entry(path, kind, inode.i_mode.value & 0o7777, int(inode.i_size), target)

    @_guarded
    def children(self, path: str) -> dict[str, Kind]:
        """See `Tree`."""
        number = self._number(path)
        if number is None:
            return {}
        return {name: kind for name, (_, kind) in self._folder(number).items()}

    @_guarded
    def contents(self, path: str) -> bytes:
        """See `Tree`."""
        number = self._number(path)
        return b"" if number is None else self._data(self._inode(number))

    @_guarded
    def used(self) -> int:
        """See `Tree`."""
        block = self._volume.superblock
        total = int(block.s_blocks_count_hi) << 32 | int(block.s_blocks_count_lo)
        free = int(block.s_free_blocks_count_hi) << 32 | int(block.s_free_blocks_count_lo)
        return (total - free) * int(self._volume.block_size)

    @_guarded
    def uuid(self) -> str:
        """UUID of the file system."""
        return str(self._volume.uuid)

    @_guarded
    def size(self) -> int:
        """Bytes of the file system, by its superblock."""
        block = self._volume.superblock
        total = int(block.s_blocks_count_hi) << 32 | int(block.s_blocks_count_lo)
        return total * int(self._volume.block_size)

    @_guarded
    def overhead(self) -> int:
        """See `Tree`: tables of inodes, bitmaps and the journal."""
        block = self._volume.superblock
        groups = -(-int(block.s_inodes_count) // int(block.s_inodes_per_group))
        journal = int(block.s_jnl_blocks[16])
        return int(block.s_inodes_count) * int(block.s_inode_size) + 2 * groups * int(self._volume.block_size) + journal

    def _number(self, path: str) -> int | None:
        if path not in self._numbers:
            parent, name = posixpath.split(path)
            above = self._number(parent)
            found = self._folder(above).get(name) if above is not None else None
            self._numbers[path] = found[0] if found else None
        return self._numbers[path]

    def _inode(self, number: int) -> Any:
        return self._volume.inodes[number]

    def _folder(self, number: int) -> dict[str, tuple[int, Kind]]:
        if number not in self._folders:
            inode = self._inode(number)
            self._folders[number] = self._parse(self._data(inode)) if _kind_of(inode) is Kind.FOLDER else {}
        return self._folders[number]

    def _parse(self, data: bytes) -> dict[str, tuple[int, Kind]]:
        # The blocks of a folder with a hash tree look like empty entries to a reader in a row: made so on purpose.
        found: dict[str, tuple[int, Kind]] = {}
        at = 0
        while at + _DIRENT.size <= len(data):
            inode, length, name_length, kind = _DIRENT.unpack_from(data, at)
            if length < _DIRENT.size:
                raise Unreadable("the ext4 file system has a damaged folder (an entry of no length)")
            name = data[at + 8 : at + 8 + name_length]
            if inode and name not in (b".", b".."):
                known = _KINDS.get(kind) or (Kind.OTHER if kind else _kind_of(self._inode(inode)))
                found[name.decode("utf-8", errors="surrogateescape")] = (inode, known)
            at += length
        return found

    def _data(self, inode: Any) -> bytes:
        size = int(inode.i_size)
        flags = inode.i_flags.value
        if flags & _ENCRYPTED:
            raise Unreadable("the ext4 file system has encrypted files")
        if size > _LARGEST_FILE:
            raise Unreadable(f"a file of {size:,} bytes is where one of a few megabytes at most belongs")
        if not flags & _EXTENTS and size and not (_kind_of(inode) is Kind.LINK and size < _FAST_LINK):
            if flags & _INLINE_DATA and size <= _FAST_LINK:
                return bytes(inode._open().read())  # noqa: SLF001 - the package's only reader for every kind
            raise Unreadable("the file system is ext2 or ext3 (block maps), or has inline data; ext4 extents are read")
        return bytes(inode._open().read())  # noqa: SLF001 - as above


def _kind_of(inode: Any) -> Kind:
    return {0x8000: Kind.FILE, 0x4000: Kind.FOLDER, 0xA000: Kind.LINK}.get(inode.i_mode.value & 0xF000, Kind.OTHER)
