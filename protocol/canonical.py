"""The one byte form of a submission's table, and the proof that nothing hides in it (SPEC P-30..P-39).

Arrow keeps bytes that no reader shows: values under nulls, bits behind the last row, unused dictionary
entries, padding, metadata. A small count that was "masked" usually still stands there. So nothing that a
computation left behind is ever written: :func:`canonical_stream` copies the logical values into fresh
buffers that this module fills byte by byte, and :func:`assert_canonical` accepts exactly the bytes that
doing so again would give.

It deliberately does not know the catalogue: what the values mean is checked in `submission_rules`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from protocol.columns import MEASURES
from protocol.errors import KimError, kim_error
from protocol.prescan import MAX_BATCH_ROWS, ColumnType, Limits, ScannedColumn, prescan

_WRITE: Final = ipc.IpcWriteOptions(
    metadata_version=ipc.MetadataVersion.V5,
    use_legacy_format=False,
    compression=None,
    use_threads=False,
)
_READ: Final = ipc.IpcReadOptions(use_threads=False, ensure_native_endian=False)


def canonical_stream(table: pa.Table) -> bytes:
    """Write a table in the one byte form in which it may leave a node.

    Args:
        table: flat columns of integers and texts (dictionary-encoded texts are decoded). Rows may come in
            any order and chunking; the columns behind the key are named in ``columns.MEASURES``.

    Returns:
        An Arrow IPC stream: rows sorted by the key columns in column order (bytewise), at most 65,536 rows
        per batch, each batch made of fresh compact buffers; ``utf8`` and ``int64`` only, no dictionaries,
        no metadata, no compression. Equal logical tables give equal bytes.

    Raises:
        KimError: ``schema_mismatch`` for a column of another type or a name used twice; ``not_canonical``
            if the table is no valid Arrow (a null count or an offset that lies) or a text column declared
            without nulls has one.
    """
    names = table.schema.names
    if len(set(names)) != len(names):
        raise _schema_mismatch()
    try:
        # Before anything is read: a null count or an offset may lie.
        table.validate(full=True)
    except pa.ArrowInvalid:
        raise _not_canonical() from None
    plain = _sorted_by_key(_plain_table(table))
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, plain.schema, options=_WRITE) as writer:
        for start in range(0, plain.num_rows, MAX_BATCH_ROWS):
            writer.write_batch(_fresh_batch(plain.slice(start, MAX_BATCH_ROWS)))
    return bytes(sink.getvalue())


def assert_canonical(data: bytes, schema: pa.Schema, *, limits: Limits | None = None) -> pa.Table:
    """Accept a stream only if it is the one canonical form of its table (SPEC P-39).

    The caller must still check the values (:func:`protocol.submission_rules.check_submission`).

    Args:
        data: the whole stream.
        schema: the only schema accepted, nullability and absence of metadata included.
        limits: caps of the pre-scan.

    Returns:
        The table; its batches keep their boundaries.

    Raises:
        KimError: ``too_large``, ``decode_failed``, ``schema_mismatch``; ``nonzero_null_slots`` if anything
            stands under a null; ``not_canonical`` if writing the table again gives other bytes.
    """
    # 1. Shape, 2. decoding and full validation.
    batches = _read_batches(data, schema, limits)
    # 3. Nothing under a null. Covered by step 4 as well; it comes first because it is the refusal that a
    #    data-protection officer must hear of.
    if not all(null_slots_zero(batch) for batch in batches):
        raise kim_error("nonzero_null_slots")
    # 4. The table has one byte form, and these are its bytes.
    table = pa.Table.from_batches(batches, schema=schema)
    if canonical_stream(table) != data:
        raise _not_canonical()
    return table


def null_slots_zero(batch: pa.RecordBatch) -> bool:
    """Whether every null slot of a batch of ``int64`` and ``utf8`` columns is empty.

    Args:
        batch: valid Arrow (validated fully); any offset.

    Returns:
        True if each null integer has eight zero bytes and each null text has length 0.

    Raises:
        KimError: ``schema_mismatch`` for a column of another type.
    """
    return all(_is_clean(column) for column in batch.columns)


def _read_batches(data: bytes, schema: pa.Schema, limits: Limits | None) -> list[pa.RecordBatch]:
    report = prescan(data, limits=limits)
    # The schema is compared before Arrow sees a byte, and again on what Arrow understood.
    if report.columns != _as_scanned(schema):
        raise _schema_mismatch()
    try:
        understood, batches = _decode(data)
    # Fuzzing Arrow found OSError, ArrowInvalid, UnicodeDecodeError, SystemError, MemoryError, OverflowError:
    # whatever it is, the input is refused.
    except Exception:  # noqa: BLE001
        raise kim_error("decode_failed") from None
    if not understood.equals(schema, check_metadata=True):
        # Reached only if pre-scan and Arrow read the same bytes differently.
        raise _schema_mismatch()  # pragma: no cover
    return batches


def _decode(data: bytes) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    batches: list[pa.RecordBatch] = []
    with ipc.open_stream(pa.BufferReader(data), options=_READ) as reader:
        for batch in reader:
            batch.validate(full=True)
            batches.append(batch)
        return reader.schema, batches


def _as_scanned(schema: pa.Schema) -> tuple[ScannedColumn, ...]:
    return tuple(
        ScannedColumn(
            field.name,
            ColumnType.INT64 if pa.types.is_int64(field.type) else ColumnType.UTF8,
            field.nullable,
        )
        for field in schema
    )


def _plain_table(table: pa.Table) -> pa.Table:
    """Bring every column to one of the two types, without metadata."""
    schema = pa.schema([_plain_field(field) for field in table.schema])
    try:
        columns = [column.cast(field.type) for column, field in zip(table.columns, schema, strict=True)]
    except pa.ArrowInvalid:  # an unsigned integer beyond int64
        raise _schema_mismatch() from None
    return pa.Table.from_arrays(columns, schema=schema)


def _plain_field(field: pa.Field) -> pa.Field:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_integer(kind):
        return pa.field(field.name, pa.int64(), nullable=field.nullable)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.field(field.name, pa.string(), nullable=field.nullable)
    raise _schema_mismatch()


def _sorted_by_key(table: pa.Table) -> pa.Table:
    """Return the rows in key order, each column in one chunk."""
    key = [name for name in table.schema.names if name not in MEASURES]
    # A column that never changes orders nothing, and there are four of them.
    varying = [name for name in key if pc.count_distinct(table[name], mode="all").as_py() > 1]
    if varying:
        order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in varying])
        table = table.take(order)
    return table.combine_chunks()


def _fresh_batch(table: pa.Table) -> pa.RecordBatch:
    arrays = [
        _fresh(field, column.chunk(0)) for field, column in zip(table.schema, table.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def _fresh(field: pa.Field, array: pa.Array) -> pa.Array:
    """Copy the logical values of an array into buffers that hold nothing else (SPEC P-31)."""
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    nulls = int(len(array) - np.count_nonzero(valid))
    if nulls and not field.nullable:
        raise _not_canonical()
    # With the nulls filled, every slot is a logical value: no byte of `filled` was left behind by anyone.
    filled = array.fill_null(0 if pa.types.is_int64(array.type) else "")
    validity = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes()) if nulls else None
    if pa.types.is_int64(array.type):
        buffers = [validity, pa.py_buffer(filled.to_numpy().astype("<i8").tobytes())]
    else:
        offsets, text = _compact_text(filled)
        buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(array.type, len(array), buffers)


def _compact_text(array: pa.StringArray) -> tuple[bytes, bytes]:
    """Return offsets from zero and exactly the bytes of the texts of an array that is not empty.

    Without nulls the texts lie end to end: text i ends where text i + 1 begins, because both read the same
    offset. So the bytes between the first and the last offset are the texts and nothing else.
    """
    _, offset_buffer, text_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype="<i4")[array.offset : array.offset + len(array) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    text = text_buffer.slice(first, last - first)
    return (offsets - first).astype("<i4").tobytes(), text.to_pybytes()


def _is_clean(array: pa.Array) -> bool:
    is_number = pa.types.is_int64(array.type)
    if not (is_number or pa.types.is_string(array.type)):
        raise _schema_mismatch()
    null = ~array.is_valid().to_numpy(zero_copy_only=False)
    if not null.any():
        return True
    raw = np.frombuffer(array.buffers()[1], dtype="<i8" if is_number else "<i4")[array.offset :]
    content = raw[: len(array)] if is_number else np.diff(raw[: len(array) + 1])
    return not content[null].any()


def _schema_mismatch() -> KimError:
    return kim_error("schema_mismatch")


def _not_canonical() -> KimError:
    return kim_error("not_canonical")
