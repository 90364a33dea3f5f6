"""Look at an Arrow stream before Arrow does: pure Python, every length checked (SPEC P-40..P-47).

Decoding a hostile stream can crash or starve the process that does it. This scan reads only the message
frames and their metadata, compares each claim with the bytes that are there, and lets through nothing but
the one shape a submission can have: a stream of flat `int64` and `utf8` columns, uncompressed, without
dictionaries, metadata or anything behind the end. Whatever the bytes, it returns a report or raises a
refusal; it allocates nothing that the input could make large.

It deliberately does not look at values: string offsets and null slots are checked after decoding
(`canonical`), in a limited process where the input is not one's own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol import flatbuffer
from protocol.errors import KimError, kim_error
from protocol.flatbuffer import MalformedError, Table
from protocol.texts import Text

_CONTINUATION: Final = b"\xff\xff\xff\xff"
_FRAME_BYTES: Final = 8  # of the mark and the length behind it; where that is 0, the stream ends
_ALIGNMENT: Final = 8

# Numbers of Arrow's flatbuffer schemas (format/Message.fbs, format/Schema.fbs of Apache Arrow).
_METADATA_V5: Final = 4
_HEADER_SCHEMA: Final = 1
_HEADER_RECORD_BATCH: Final = 3
_TYPE_INT: Final = 2
_TYPE_UTF8: Final = 5

# The caps of SPEC P-41 that others ask for too.
MAX_TABLE_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 1_000_000
MAX_BATCH_ROWS: Final = 65_536


class ColumnType(StrEnum):
    """The two types a submission is made of."""

    INT64 = "int64"
    UTF8 = "utf8"


#: Buffers per column: validity and data, or validity, offsets and data.
_BUFFERS: Final = {ColumnType.INT64: 2, ColumnType.UTF8: 3}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused as too large before anything is decoded.

    Attributes:
        max_bytes: size of the whole stream.
        max_rows: rows of all batches together.
        max_batches: record batches.
        max_batch_rows: rows of one batch.
        max_columns: columns.
        max_metadata_bytes: metadata of one message.
    """

    max_bytes: int = MAX_TABLE_BYTES
    max_rows: int = MAX_ROWS
    max_batches: int = 64
    max_batch_rows: int = MAX_BATCH_ROWS
    max_columns: int = 64
    max_metadata_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class ScannedColumn:
    """A column as the stream's schema declares it."""

    name: str
    type: ColumnType
    nullable: bool


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What the frames say, checked against the bytes.

    Attributes:
        columns: in stream order.
        batch_rows: rows of each record batch.
    """

    columns: tuple[ScannedColumn, ...]
    batch_rows: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Rows of all batches together."""
        return sum(self.batch_rows)


@dataclass(frozen=True, slots=True)
class _Message:
    header_type: int
    header: Table
    body_start: int
    body_end: int


def prescan(data: bytes, *, limits: Limits | None = None) -> ScanReport:
    """Check the shape of an Arrow IPC stream without decoding it.

    The caller must still decode, validate fully and compare with the canonical form
    (:func:`protocol.canonical.assert_canonical`), in a limited process if the bytes are not its own.

    Args:
        data: the whole stream.
        limits: caps; the defaults are those of SPEC P-41.

    Returns:
        Columns and batch sizes.

    Raises:
        KimError: ``too_large`` beyond a cap; ``not_canonical`` for what Arrow allows and a submission does
            not; ``decode_failed`` where the bytes contradict themselves.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise _too_large(
            Text(f"Mehr als {limits.max_bytes} Byte.", f"More than {limits.max_bytes} bytes."),
        )
    try:
        return _scan(data, limits)
    except (MalformedError, struct.error, IndexError):
        raise kim_error(
            "decode_failed",
            Text(
                "Die Längenangaben des Arrow-Stroms widersprechen seinem Inhalt.",
                "The lengths in the Arrow stream contradict its content.",
            ),
        ) from None


def _scan(data: bytes, limits: Limits) -> ScanReport:
    # 1. Exactly one schema, and it comes first (SPEC P-42).
    message = _message_at(data, 0, limits)
    if message is None or message.header_type != _HEADER_SCHEMA or message.body_end != message.body_start:
        raise _not_canonical("Am Anfang muss ein Schema stehen.", "A schema must stand first.")
    columns = _columns(message.header, limits)
    # 2. Then record batches only (SPEC P-43, P-44).
    batch_rows: list[int] = []
    position = message.body_end
    while (message := _message_at(data, position, limits)) is not None:
        if message.header_type != _HEADER_RECORD_BATCH:
            raise _not_canonical(
                "Nach dem Schema sind nur Datenblöcke erlaubt (keine Wörterbücher).",
                "After the schema only record batches are allowed (no dictionaries).",
            )
        batch_rows.append(_batch_rows(message, columns, limits))
        if len(batch_rows) > limits.max_batches or sum(batch_rows) > limits.max_rows:
            raise _too_large(
                Text(
                    f"Mehr als {limits.max_rows} Zeilen oder {limits.max_batches} Blöcke.",
                    f"More than {limits.max_rows} rows or {limits.max_batches} batches.",
                )
            )
        position = message.body_end
    # 3. The end mark, and nothing behind it (SPEC P-45).
    if position + _FRAME_BYTES != len(data):
        raise _not_canonical("Hinter dem Ende stehen weitere Bytes.", "There are bytes behind the end.")
    return ScanReport(columns, tuple(batch_rows))


def _message_at(data: bytes, position: int, limits: Limits) -> _Message | None:
    """Read one framed message; None at the end mark."""
    if data[position : position + 4] != _CONTINUATION:
        raise MalformedError
    metadata_bytes = struct.unpack_from("<I", data, position + 4)[0]
    if metadata_bytes == 0:
        return None
    if metadata_bytes > limits.max_metadata_bytes:
        raise _too_large(
            Text("Eine Nachricht hat zu viele Metadaten.", "The metadata of a message are too large.")
        )
    start = position + _FRAME_BYTES
    body_start = start + metadata_bytes
    if metadata_bytes % _ALIGNMENT or body_start > len(data):
        raise MalformedError
    # Message: version 0, header_type 1, header 2, bodyLength 3, custom_metadata 4.
    message = flatbuffer.root(data[start:body_start])
    if message.i16(0) != _METADATA_V5:
        raise _not_canonical(
            "Nur die Metadaten-Version V5 ist erlaubt.", "Only metadata version V5 is allowed."
        )
    if message.has(4):
        raise _metadata_refused()
    body_bytes = message.i64(3)
    if body_bytes < 0 or body_bytes % _ALIGNMENT or body_start + body_bytes > len(data):
        raise MalformedError
    return _Message(message.u8(1), message.table(2), body_start, body_start + body_bytes)


def _columns(schema: Table, limits: Limits) -> tuple[ScannedColumn, ...]:
    # Schema: endianness 0 (0 = little), fields 1, custom_metadata 2, features 3.
    if schema.i16(0) != 0:
        raise _not_canonical("Nur Little-Endian ist erlaubt.", "Only little endian is allowed.")
    if schema.has(2) or schema.has(3):
        raise _metadata_refused()
    if len(schema.vector(1, item_bytes=4)) > limits.max_columns:
        raise _too_large(
            Text(f"Mehr als {limits.max_columns} Spalten.", f"More than {limits.max_columns} columns.")
        )
    columns = tuple(_column(field) for field in schema.tables(1, max_items=limits.max_columns))
    if len({column.name for column in columns}) != len(columns) or not columns:
        raise _not_canonical(
            "Jede Spalte braucht einen eigenen Namen.", "Every column needs a name of its own."
        )
    return columns


def _column(field: Table) -> ScannedColumn:
    # Field: name 0, nullable 1, type_type 2, type 3, dictionary 4, children 5, custom_metadata 6.
    if field.has(6):
        raise _metadata_refused()
    kind = field.u8(2)
    details = field.table(3)
    # Int: bitWidth 0, is_signed 1.
    is_int64 = kind == _TYPE_INT and details.i32(0) == 64 and details.u8(1) == 1
    if field.has(4) or field.vector(5, item_bytes=4) or not (is_int64 or kind == _TYPE_UTF8):
        raise _not_canonical(
            "Nur flache Spalten der Typen int64 und utf8 sind erlaubt.",
            "Only flat columns of the types int64 and utf8 are allowed.",
        )
    return ScannedColumn(
        name=field.string(0),
        type=ColumnType.INT64 if is_int64 else ColumnType.UTF8,
        nullable=field.u8(1) != 0,
    )


def _batch_rows(message: _Message, columns: tuple[ScannedColumn, ...], limits: Limits) -> int:
    # RecordBatch: length 0, nodes 1, buffers 2, compression 3, variadicBufferCounts 4.
    batch = message.header
    if batch.has(3) or batch.has(4):
        raise _not_canonical(
            "Kompression und Puffer variabler Zahl sind nicht erlaubt.",
            "Compression and variadic buffers are not allowed.",
        )
    rows = batch.i64(0)
    if rows > limits.max_batch_rows:
        raise _too_large(
            Text(
                f"Ein Block hat mehr als {limits.max_batch_rows} Zeilen.",
                f"A batch has more than {limits.max_batch_rows} rows.",
            )
        )
    nodes = batch.vector(1, item_bytes=16)
    buffers = batch.vector(2, item_bytes=16)
    # SPEC P-44: the numbers of nodes and buffers follow from the schema, the ranges lie in order.
    if rows < 0 or len(nodes) != len(columns) or len(buffers) != sum(_BUFFERS[c.type] for c in columns):
        raise MalformedError
    ranges = flatbuffer.int64_pairs(batch.data, buffers)
    _check_order(ranges, message.body_end - message.body_start)
    lengths = iter([length for _, length in ranges])
    for column, (node_rows, nulls) in zip(columns, flatbuffer.int64_pairs(batch.data, nodes), strict=True):
        if node_rows != rows or not 0 <= nulls <= (rows if column.nullable else 0):
            raise MalformedError
        _check_lengths(
            column.type, rows, nulls, lengths=[next(lengths) for _ in range(_BUFFERS[column.type])]
        )
    return rows


def _check_order(ranges: list[tuple[int, int]], body_bytes: int) -> None:
    end = 0
    for offset, length in ranges:
        if offset < end or offset % _ALIGNMENT or length < 0:
            raise MalformedError
        end = offset + length
    if end > body_bytes:
        raise MalformedError


def _check_lengths(kind: ColumnType, rows: int, nulls: int, *, lengths: list[int]) -> None:
    validity = lengths[0]
    if nulls and validity < (rows + 7) // 8:
        raise MalformedError
    # Values of 8 bytes, or one more offset than rows, of 4 bytes each. What the offsets say is checked by
    # Arrow's own full validation, after decoding.
    needed = 8 * rows if kind is ColumnType.INT64 else 4 * (rows + 1)
    if rows and lengths[1] < needed:
        raise MalformedError


def _not_canonical(german: str, english: str) -> KimError:
    return kim_error("not_canonical", Text(german, english))


def _metadata_refused() -> KimError:
    return _not_canonical("Eigene Metadaten sind nicht erlaubt.", "Custom metadata are not allowed.")


def _too_large(detail: Text) -> KimError:
    return kim_error("too_large", detail)
