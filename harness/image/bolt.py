"""Reading a bbolt database (containerd's `meta.db`): pages, branches and nested buckets; no writing, no free list.

The format is that of go.etcd.io/bbolt, version 2: little-endian, two meta pages of which the newer valid one counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from harness.image.unread import Unreadable

_MAGIC = 0xED0CDAED
_PAGE = struct.Struct("<QHHI")
_META = struct.Struct("<IIIIQQQQQQ")
_LEAF = struct.Struct("<IIII")
_BRANCH = struct.Struct("<IIQ")
_BUCKET = struct.Struct("<QQ")
_IS_BRANCH, _IS_LEAF = 0x01, 0x02
_IS_BUCKET = 0x01


class Bolt:
    """A database held in memory.

    Raises:
        Unreadable: It is not a bbolt database, or (from any look) it is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        metas = [meta for offset in _meta_offsets(data) if (meta := self._meta(offset)) is not None]
        if not metas:
            raise Unreadable("not a bbolt database")
        self._page_size, self._root, _ = max(metas, key=lambda meta: meta[2])

    def bucket(self, *path: bytes) -> dict[bytes, bytes] | None:
        """Keys and values of a nested bucket (buckets in it have their header as value); None when there is none."""
        items = dict(self._items(self._root, set()))
        for name in path:
            if name not in items or not items[name][1]:
                return None
            items = dict(self._inside(items[name][0]))
        return {key: value for key, (value, _) in items.items()}

    def buckets(self, *path: bytes) -> list[bytes]:
        """Names of the buckets in a nested bucket; empty when there is none."""
        items = dict(self._items(self._root, set()))
        for name in path:
            if name not in items or not items[name][1]:
                return []
            items = dict(self._inside(items[name][0]))
        return [key for key, (_, is_bucket) in items.items() if is_bucket]

    def _meta(self, offset: int) -> tuple[int, int, int] | None:
        if offset + _PAGE.size + _META.size > len(self._data):
            return None
        magic, version, page_size, _, root, _, _, _, transaction, _ = _META.unpack_from(self._data, offset + _PAGE.size)
        if magic != _MAGIC or version != 2 or page_size < 512:  # noqa: PLR2004 - the format's own numbers
            return None
        return page_size, root, transaction

    def _inside(self, value: bytes) -> Iterator[tuple[bytes, tuple[bytes, bool]]]:
        try:
            root, _ = _BUCKET.unpack_from(value)
            if root:
                yield from self._items(root, set())
            else:
                # A small bucket lives inside its own value, as a page.
                yield from self._leaf(value, _BUCKET.size)
        except struct.error as error:
            raise Unreadable("the bbolt database is damaged") from error

    def _items(self, page: int, seen: set[int]) -> Iterator[tuple[bytes, tuple[bytes, bool]]]:
        if page in seen:
            raise Unreadable("the bbolt database leads in circles: it is damaged")
        seen.add(page)
        offset = page * self._page_size
        try:
            _, flags, count, _ = _PAGE.unpack_from(self._data, offset)
            if flags & _IS_LEAF:
                yield from self._leaf(self._data, offset)
            elif flags & _IS_BRANCH:
                for index in range(count):
                    _, _, child = _BRANCH.unpack_from(self._data, offset + _PAGE.size + index * _BRANCH.size)
                    yield from self._items(child, seen)
            else:
                raise Unreadable("the bbolt database has a page of an unexpected kind: it is damaged")
        except struct.error as error:
            raise Unreadable("the bbolt database is damaged") from error

    @staticmethod
    def _leaf(data: bytes, offset: int) -> Iterator[tuple[bytes, tuple[bytes, bool]]]:
        _, _, count, _ = _PAGE.unpack_from(data, offset)
        for index in range(count):
            at = offset + _PAGE.size + index * _LEAF.size
            flags, position, key_size, value_size = _LEAF.unpack_from(data, at)
            key = data[at + position : at + position + key_size]
            value = data[at + position + key_size : at + position + key_size + value_size]
            yield key, (value, bool(flags & _IS_BUCKET))


def _meta_offsets(data: bytes) -> Iterator[int]:
    yield 0
    # The second meta page begins after one page, of whatever size the writer's kernel had.
    yield from (size for size in (4096, 8192, 16384, 65536) if size < len(data))
