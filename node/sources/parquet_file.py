"""Reads a Parquet file: whatever types its columns have, text comes out, as a person would have typed it.

Invariants: a row keeps its place in the file; null is an empty cell. Numbers, dates and points in time become
text (:mod:`node.sources.table.cell_texts`), lists of texts where the profile allows several. Columns of
bytes, structures and other lists are refused by name and type.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from node.sources.table.cell_texts import NoTextError, text_of, texts_of
from node.sources.table.limits import SourceLimits, damaged, empty_source, too_large, wrong_type
from node.sources.table.magic import PARQUET, require_magic
from node.sources.table.profile import Layout, ProfileNames
from node.sources.table.raw_table import RawTable, plain_table
from protocol.errors import KimError

_TEXT: Final = pa.string()


def read_parquet_file(path: Path, names: ProfileNames, limits: SourceLimits) -> RawTable:
    """Read a Parquet file.

    Args:
        path: the file; neither missing nor empty.
        names: names of the profile's columns.
        limits: how large it may be.

    Returns:
        All rows as text; `lines` are record numbers from 1.

    Raises:
        KimError: ``wrong_format``, ``source_damaged``, ``wrong_type``, ``source_too_large``,
            ``empty_source``, ``missing_column``.
        OSError: if it cannot be read.
    """
    require_magic(path, PARQUET)
    try:
        with pq.ParquetFile(path) as file:
            _require_size(file.metadata, limits)
            layout = names.layout_of(file.schema_arrow.names)
            names.require_columns(layout)
            table = file.read(use_threads=False)
        table.validate(full=True)  # texts that are not UTF-8 among it
    except (pa.ArrowException, ValueError, EOFError):
        raise _broken(path) from None
    except OSError as error:
        if error.errno is None:  # Arrow's own: the bytes are there but make no sense
            raise _broken(path) from None
        raise
    columns = tuple(_texts(table.column(place), layout, place) for place in range(table.num_columns))
    lines = np.arange(1, table.num_rows + 1, dtype=np.int32)
    return plain_table(layout, columns, lines, numbering="record")


def _require_size(metadata: pq.FileMetaData, limits: SourceLimits) -> None:
    if metadata.num_rows == 0:
        raise empty_source()
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if (
        metadata.num_rows > limits.max_rows
        or metadata.num_columns > limits.max_columns
        or unpacked > limits.max_unpacked_bytes
    ):
        raise too_large()


def _texts(column: pa.ChunkedArray, layout: Layout, place: int) -> pa.Array:
    """Return a column as text, dictionary-encoded if it repeats few distinct texts."""
    name = next((name for name, at in layout.places.items() if at == place), None)
    several = name is not None and layout.profile.column(name).several
    values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_null(values.type):
        texts = pa.repeat(pa.scalar(""), len(values))
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        texts = pc.fill_null(values.cast(_TEXT), "")
    else:
        try:
            texts = _converted(values, several=several)
        except (NoTextError, pa.ArrowException, ValueError, OverflowError):
            raise wrong_type(layout.header[place], str(values.type)) from None
    return texts.dictionary_encode() if place in layout.repeating else texts


def _converted(values: pa.Array, *, several: bool) -> pa.Array:
    if pa.types.is_nested(values.type):
        if not several:
            raise NoTextError(values)
        return pa.array([texts_of(value) for value in values.to_pylist()], _TEXT)
    # Each distinct value once: columns of dates and numbers repeat.
    encoded = values.dictionary_encode()
    texts = pa.array([text_of(value) for value in encoded.dictionary.to_pylist()], _TEXT)
    return pc.fill_null(texts.take(encoded.indices), "")


def _broken(path: Path) -> KimError:
    return damaged(
        path,
        "Die Parquet-Datei ist unvollständig oder beschädigt.",
        "The Parquet file is incomplete or damaged.",
    )
