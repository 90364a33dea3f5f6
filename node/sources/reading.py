"""Reads one source as its configuration says, whatever its format: a table of text under canonical names.

Invariant: the table is the same for every format that holds the same cells, but for the numbers of its rows
and the way in which dates and numbers that were none of text are written.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from node.settings import SourceSpec
from node.sources.database.reading import read_database
from node.sources.parquet_file import read_parquet_file
from node.sources.spreadsheet.sheet import read_spreadsheet
from node.sources.table.limits import DEFAULT_LIMITS, SourceLimits, empty_source, reason_of, too_large
from node.sources.table.profile import ProfileNames
from node.sources.table.profiles import profile_of
from node.sources.table.raw_table import RawTable
from node.sources.text.csv_file import read_csv_file
from node.sources.text.json_lines import read_json_lines
from protocol.errors import KimError, kim_error
from protocol.texts import Text


def read_source(spec: SourceSpec, *, limits: SourceLimits = DEFAULT_LIMITS) -> RawTable:
    """Read a source.

    Args:
        spec: where it is and what it holds.
        limits: how large it may be.

    Returns:
        All rows as text; columns under the canonical names of :mod:`node.sources.table.profiles`.

    Raises:
        KimError: ``source_missing``, ``source_too_large``, ``empty_source``, ``missing_column``,
            ``config_invalid`` (a local name for a column the profile does not have). Files also:
            ``wrong_format``, ``wrong_encoding``, ``no_header``, ``source_damaged``, ``sheet_missing``,
            ``unclear_cells``, ``wrong_type``. Databases also: ``driver_missing``, ``password_unreadable``,
            ``source_unreachable``, ``source_denied``, ``source_interrupted``, ``wrong_type``.
    """
    names = ProfileNames(profile_of(spec), spec.columns, source=spec.name)
    raw = (
        read_database(spec, names, limits)
        if spec.path is None
        else _read_file(spec, spec.path, names, limits)
    )
    return _united(raw)


def _read_file(spec: SourceSpec, path: Path, names: ProfileNames, limits: SourceLimits) -> RawTable:
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise too_large()
        if size == 0:
            raise empty_source()
        if spec.format == "xlsx":
            return read_spreadsheet(path, names, limits, sheet=spec.sheet)
        if spec.format == "parquet":
            return read_parquet_file(path, names, limits)
        if spec.format == "jsonl":
            return read_json_lines(path, names, limits)
        return read_csv_file(path, names, limits)
    except OSError as error:
        raise _not_there(path, error) from None


def _not_there(path: Path, error: OSError) -> KimError:
    reason = reason_of(error)
    return kim_error(
        "source_missing",
        Text(
            f"{path.name} ist nicht da oder nicht lesbar ({reason.de}).",
            f"{path.name} is missing or cannot be read ({reason.en}).",
        ),
    )


def _united(raw: RawTable) -> RawTable:
    """Join columns that the profile keeps apart (``Thema 1`` to ``Thema 3``) into one, behind the others."""
    layout, columns, places = raw.layout, list(raw.columns), dict(raw.layout.places)
    for name, parts in layout.profile.united.items():
        found = [part for part in parts if raw.has(part)]
        if name not in places and found:
            places[name] = len(columns)
            columns.append(_joined(raw, found))
    if len(columns) == len(raw.columns):
        return raw
    return replace(raw, layout=replace(layout, places=MappingProxyType(places)), columns=tuple(columns))


def _joined(raw: RawTable, names: list[str]) -> pa.Array:
    """Return the texts of some columns, one line each, every distinct combination once."""
    parts = [raw.distinct_of(name) for name in names]
    combined = np.zeros(raw.rows, dtype=np.int64)
    for part in parts:
        combined = combined * len(part.texts) + part.index
    _, first, which = np.unique(combined, return_index=True, return_inverse=True)
    texts = []
    for row in first.tolist():
        cells = [part.texts[int(part.index[row])] for part in parts]
        texts.append("\n".join(cell for cell in cells if cell.strip()))
    return pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int32)), pa.array(texts, pa.string()))
