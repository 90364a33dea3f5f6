"""Reading flatbuffers by hand, with every step checked: the ground of the pre-scan (SPEC P-40).

Source: the flatbuffers binary format (https://flatbuffers.dev/internals/). Only what Arrow's message
metadata needs is read: tables, vectors, strings, scalars. Each offset is checked before it is followed, so
no bytes whatever lead to anything but a value or a :class:`MalformedError`; offsets only lead forward, so
reading ends.

It deliberately knows nothing of Arrow and copies nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_U16: Final = struct.Struct("<H")
_I16: Final = struct.Struct("<h")
_U32: Final = struct.Struct("<I")
_I32: Final = struct.Struct("<i")
_I64: Final = struct.Struct("<q")

# Arrow's widest table has eight fields. Without a cap, many references to one huge directory cost
# quadratic time.
_MAX_FIELDS: Final = 16


class MalformedError(Exception):
    """The bytes are not what they claim to be; it carries nothing of them."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table inside a buffer.

    Attributes:
        data: the whole flatbuffer.
        start: position of the table.
        fields: position of each field's value by field number; absent fields are missing or 0.
    """

    data: bytes
    start: int
    fields: tuple[int, ...]

    def has(self, field: int) -> bool:
        """Whether the field is written (a field at its default usually is not)."""
        return field < len(self.fields) and self.fields[field] != 0

    def u8(self, field: int) -> int:
        """Return an unsigned byte; 0 if absent. Also reads booleans and union types."""
        return self.data[self._at(field, 1)] if self.has(field) else 0

    def i16(self, field: int) -> int:
        """Return a signed 16-bit integer; 0 if absent."""
        return int(_I16.unpack_from(self.data, self._at(field, 2))[0]) if self.has(field) else 0

    def i32(self, field: int) -> int:
        """Return a signed 32-bit integer; 0 if absent."""
        return int(_I32.unpack_from(self.data, self._at(field, 4))[0]) if self.has(field) else 0

    def i64(self, field: int) -> int:
        """Return a signed 64-bit integer; 0 if absent."""
        return int(_I64.unpack_from(self.data, self._at(field, 8))[0]) if self.has(field) else 0

    def table(self, field: int) -> Table:
        """Return a table that the field refers to.

        Raises:
            MalformedError: if the field is absent or leads out of the buffer.
        """
        return table_at(self.data, self._target(field))

    def vector(self, field: int, *, item_bytes: int) -> range:
        """Return the positions of a vector's items; empty if absent.

        Raises:
            MalformedError: if the vector does not fit into the buffer.
        """
        if not self.has(field):
            return range(0)
        start = self._target(field)
        count = _count(self.data, start)
        first = start + 4
        end = first + count * item_bytes
        if end > len(self.data):
            raise MalformedError
        return range(first, end, item_bytes)

    def tables(self, field: int, *, max_items: int) -> tuple[Table, ...]:
        """Return the tables of a vector of tables.

        Raises:
            MalformedError: if there are more than ``max_items``, or one leads out of the buffer.
        """
        positions = self.vector(field, item_bytes=4)
        if len(positions) > max_items:
            raise MalformedError
        return tuple(table_at(self.data, position + _count(self.data, position)) for position in positions)

    def string(self, field: int) -> str:
        """Return a UTF-8 string; empty if absent.

        Raises:
            MalformedError: if it leads out of the buffer or is not UTF-8.
        """
        positions = self.vector(field, item_bytes=1)
        try:
            return self.data[positions.start : positions.stop].decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedError from None

    def _at(self, field: int, size: int) -> int:
        position = self.fields[field]
        if position + size > len(self.data):
            raise MalformedError
        return position

    def _target(self, field: int) -> int:
        if not self.has(field):
            raise MalformedError
        position = self.fields[field]
        return position + _count(self.data, position)


def root(data: bytes) -> Table:
    """Return the root table of a flatbuffer.

    Raises:
        MalformedError: if there is none.
    """
    return table_at(data, _count(data, 0))


def table_at(data: bytes, start: int) -> Table:
    """Read a table's directory of fields (its vtable).

    Raises:
        MalformedError: if table or directory leave the buffer.
    """
    if start > len(data) - 4:
        raise MalformedError
    directory = start - int(_I32.unpack_from(data, start)[0])
    # The first four bytes are the root's offset.
    if not 4 <= directory <= len(data) - 4:
        raise MalformedError
    size, table_size = _U16.unpack_from(data, directory)[0], _U16.unpack_from(data, directory + 2)[0]
    if (
        not 4 <= size <= 4 + 2 * _MAX_FIELDS
        or size % 2
        or directory + size > len(data)
        or table_size < 4
        or start + table_size > len(data)
    ):
        raise MalformedError
    offsets = struct.unpack_from(f"<{size // 2 - 2}H", data, directory + 4)
    if any(offset >= table_size for offset in offsets):
        raise MalformedError
    return Table(data, start, tuple(start + offset if offset else 0 for offset in offsets))


def int64_pairs(data: bytes, positions: range) -> list[tuple[int, int]]:
    """Read a vector of structs of two 64-bit integers (Arrow's FieldNode and Buffer)."""
    flat = struct.unpack_from(f"<{2 * len(positions)}q", data, positions.start)
    return list(zip(flat[::2], flat[1::2], strict=True))


def _count(data: bytes, position: int) -> int:
    if not 0 <= position <= len(data) - 4:
        raise MalformedError
    return int(_U32.unpack_from(data, position)[0])
