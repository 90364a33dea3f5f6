"""Arrow messages typed field by field, for claims that no writer makes: the pre-scan meets those too.

A table is a dictionary from field numbers to values: a scalar with its form, a text, a table, or a vector of
tables or of structs. What stands behind what follows the order in which they are given, so the last
one ends the buffer. Numbers of fields: `format/Message.fbs` and `format/Schema.fbs` of Apache Arrow.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number in a form of `struct`."""

    form: str
    value: int


@dataclass(frozen=True, slots=True)
class Structs:
    """A vector of structs of so many 64-bit integers each."""

    items: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Again:
    """A vector of references, all to one table."""

    table: Table
    times: int


Value = Scalar | Structs | Again | str | Mapping[int, "Value"] | Sequence[Mapping[int, "Value"]]
Table = Mapping[int, Value]

NUMBER: Table = {0: Scalar("<i", 64), 1: Scalar("<B", 1)}
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def flatbuffer(root: Table) -> bytes:
    """Return a flatbuffer, aligned as the format wants it."""
    out = bytearray(4)
    struct.pack_into("<I", out, 0, _table(out, root))
    return bytes(out)


def message(
    kind: int, header: Table, *, body: bytes = b"", claims: Mapping[int, Value] | None = None
) -> bytes:
    """Return a framed message: 1 is a schema, 3 a batch; `claims` add to its fields or replace them."""
    fields: Table = {0: Scalar("<h", 4), 1: Scalar("<B", kind), 3: Scalar("<q", len(body)), 2: header}
    metadata = flatbuffer({**fields, **(claims or {})})
    metadata += bytes(-len(metadata) % 8)
    return framed(metadata) + body


def framed(metadata: bytes) -> bytes:
    """Put mark and length in front of a message's metadata."""
    return b"\xff\xff\xff\xff" + struct.pack("<I", len(metadata)) + metadata


def column(name: str, *, claims: Mapping[int, Value] | None = None) -> Table:
    """Return a column of numbers that may be null."""
    fields: Table = {0: name, 1: Scalar("<B", 1), 2: Scalar("<B", 2), 3: NUMBER}
    return {**fields, **(claims or {})}


def schema(*columns: Table, claims: Mapping[int, Value] | None = None) -> bytes:
    """Return the message of a schema."""
    return message(1, {1: columns, **(claims or {})})


def batch(rows: int, *, claims: Mapping[int, Value] | None = None) -> bytes:
    """Return the message of a record batch with one column of numbers without nulls, all of them zero."""
    body = bytes(8 * rows)
    header: Table = {0: Scalar("<q", rows), 1: Structs(((rows, 0),)), 2: Structs(((0, 0), (0, len(body))))}
    return message(3, header, body=body, claims=claims)


# ----------------------------------------------------------------------------------------- writing


def _pad(out: bytearray, *, before: int = 0) -> None:
    """Pad so that what stands so many bytes further on ends four bytes in front of a multiple of eight."""
    out.extend(bytes((4 - len(out) - before) % 8))


def _table(out: bytearray, fields: Table) -> int:
    """Append a table: its directory, a slot of eight bytes for each field, and what the fields refer to."""
    slots = {number: 4 + 8 * place for place, number in enumerate(fields)}
    offsets = [slots.get(number, 0) for number in range(max(fields, default=-1) + 1)]
    directory = struct.pack(f"<{2 + len(offsets)}H", 4 + 2 * len(offsets), 4 + 8 * len(fields), *offsets)
    _pad(out, before=len(directory))
    out.extend(directory)
    start = len(out)
    out.extend(struct.pack("<i", len(directory)) + bytes(8 * len(fields)))
    for number, value in fields.items():
        position = start + slots[number]
        if isinstance(value, Scalar):
            struct.pack_into(value.form, out, position, value.value)
        else:
            struct.pack_into("<I", out, position, _target(out, value) - position)
    return start


def _target(out: bytearray, value: Structs | Again | str | Table | Sequence[Table]) -> int:
    if isinstance(value, Mapping):
        return _table(out, value)
    _pad(out)
    start = len(out)
    if isinstance(value, str):
        text = value.encode()
        out.extend(struct.pack("<I", len(text)) + text + b"\x00")
    elif isinstance(value, Structs):
        flat = [number for item in value.items for number in item]
        out.extend(struct.pack(f"<I{len(flat)}q", len(value.items), *flat))
    else:
        tables = [value.table] if isinstance(value, Again) else value
        count = value.times if isinstance(value, Again) else len(value)
        out.extend(struct.pack("<I", count) + bytes(4 * count))
        places = [_table(out, table) for table in tables]
        for number in range(count):
            position = start + 4 + 4 * number
            struct.pack_into("<I", out, position, places[number % len(places)] - position)
    return start
