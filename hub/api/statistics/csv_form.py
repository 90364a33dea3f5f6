"""The lists of figures as CSV (RFC 4180): UTF-8, comma, a header line, decimals with a point.

The same members as in JSON, one column each, under the names they have on the wire; a dimension that an
indicator does not have is `_Z`. Period names and moments are ISO. A withheld value is an empty field beside
its status, never 0. Every row names its release, so that a table that was cut out can still be cited.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protocol.codelists import NOT_APPLICABLE

MEDIA_TYPE = "text/csv"


def columns_of(members: Iterable[str], dimensions: Sequence[str]) -> list[str]:
    """Return the header line of a list whose items have these members."""
    names = ["release"]
    for member in members:
        names += dimensions if member == "dimensions" else [member]
    return [name.upper() for name in names]


def csv_of(
    items: Sequence[Mapping[str, Any]],
    *,
    members: Sequence[str],
    dimensions: Sequence[str],
    release: int | None,
) -> bytes:
    """Write items of a list.

    Args:
        items: the JSON-ready items.
        members: names of their members, in order.
        dimensions: all dimensions of the catalogue.
        release: number of the release they belong to.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns_of(members, dimensions))
    for item in items:
        fields: list[object] = [release]
        for member in members:
            value = item[member]
            if member == "dimensions":
                fields += [value.get(dimension, NOT_APPLICABLE) for dimension in dimensions]
            else:
                fields.append(_field(value))
        writer.writerow(fields)
    return out.getvalue().encode()


def _field(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
