"""What the hub asks a child about deliveries that were decoded before, and what the child answers.

Question: one line of JSON that names the deliveries, then their columns (`hub.domain.cell_columns`) one after
the other. Two questions are asked: the limits of the cells of one delivery, and what the deliveries of an
area give away together. The answer is read as if an attacker had written it: anything out of form is none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.domain.cell_columns import Bounds, Cells, MalformedColumnsError
from protocol.catalogue import Catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period

_MAX_HEADER: Final = 16 * 1024 * 1024
#: Cells that are named of one delivery: enough to see what it is about.
MAX_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Item:
    """One delivery.

    Attributes:
        dataset: short id.
        period: wire form.
        min_contributors: the node's own minimum of counts.
        cells: what was delivered.
        bounds: limits of the cells, once they are known.
        is_new: whether it is to be judged.
    """

    dataset: str
    period: str
    min_contributors: int
    cells: Cells
    bounds: Bounds | None = None
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Exposure:
    """Cells that become known although a rule keeps them secret: how many, and the first of them.

    Attributes:
        cells: how many there are, in all deliveries of the area.
        rows: those in this delivery, as rows of its grid; at most `MAX_ROWS`.
    """

    cells: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """The limits of one delivery, and what it gives away by itself."""

    bounds: Bounds
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Judged:
    """What an area's new deliveries give away with all others, by their position in the question.

    Attributes:
        exposures: of each delivery that gives something away.
        undecided: deliveries about which there was no answer.
    """

    exposures: Mapping[int, Exposure]
    undecided: frozenset[int]


def question(items: Sequence[Item]) -> bytes:
    """Return the question in its written form; of several deliveries, each has bounds."""
    header = [
        {
            "dataset": item.dataset,
            "period": item.period,
            "min_contributors": item.min_contributors,
            "bounded": item.bounds is not None,
            "new": item.is_new,
        }
        for item in items
    ]
    columns = b"".join(
        item.cells.to_bytes() + (item.bounds.to_bytes() if item.bounds else b"") for item in items
    )
    return json.dumps(header).encode() + b"\n" + columns


def read_question(data: bytes, catalogue: Catalogue) -> list[Item]:
    """Return the deliveries of a question; it comes from the hub, so whatever is wrong raises."""
    line, _, rest = data.partition(b"\n")
    items, start = [], 0
    for entry in json.loads(line):
        freq = Period.parse(entry["period"]).freq
        rows = len(delivery_grid(catalogue, entry["dataset"], freq))
        end = start + Cells.size_of(rows)
        cells, bounds = Cells.from_bytes(rest[start:end], rows=rows), None
        start = end
        if entry["bounded"]:
            end = start + Bounds.size_of(rows)
            bounds, start = Bounds.from_bytes(rest[start:end], rows=rows), end
        minimum, is_new = int(entry["min_contributors"]), bool(entry["new"])
        items.append(Item(entry["dataset"], entry["period"], minimum, cells, bounds, is_new))
    return items


def answer_limits(examined: Examined) -> bytes:
    """Return the answer about one delivery in its written form."""
    return json.dumps(_written(examined.exposure)).encode() + b"\n" + examined.bounds.to_bytes()


def read_limits(answer: bytes, *, rows: int) -> Examined | None:
    """Return the answer about one delivery of so many cells, or None if it is out of form."""
    header, rest = _parted(answer)
    exposure = _exposure(header, rows=rows)
    try:
        bounds = Bounds.from_bytes(rest, rows=rows)
    except MalformedColumnsError:
        return None
    return None if exposure is None else Examined(bounds, exposure)


def answer_judged(judged: Judged) -> bytes:
    """Return the answer about an area in its written form."""
    exposures = {str(number): _written(exposure) for number, exposure in judged.exposures.items()}
    return json.dumps({"exposures": exposures, "undecided": sorted(judged.undecided)}).encode() + b"\n"


def read_judged(answer: bytes, items: Sequence[Item]) -> Judged | None:
    """Return the answer about these deliveries, or None if it is out of form."""
    header, rest = _parted(answer)
    if not isinstance(header, dict) or rest:
        return None
    exposures, undecided = header.get("exposures"), header.get("undecided")
    if not isinstance(exposures, dict) or not isinstance(undecided, list):
        return None
    new = {str(number): number for number, item in enumerate(items) if item.is_new}
    if not exposures.keys() <= new.keys() or not all(number in new.values() for number in undecided):
        return None
    found: dict[int, Exposure] = {}
    for name, written in exposures.items():
        exposure = _exposure(written, rows=len(items[new[name]].cells.values))
        if exposure is None:
            return None
        found[new[name]] = exposure
    return Judged(found, frozenset(undecided))


def _written(exposure: Exposure) -> dict[str, object]:
    return {"cells": exposure.cells, "rows": list(exposure.rows)}


def _parted(answer: bytes) -> tuple[Any, bytes]:
    line, newline, rest = answer.partition(b"\n")
    try:
        return (json.loads(line), rest) if newline and len(line) <= _MAX_HEADER else (None, b"")
    except (ValueError, RecursionError):
        return None, b""


def _exposure(written: object, *, rows: int) -> Exposure | None:
    if not isinstance(written, dict):
        return None
    cells, named = written.get("cells"), written.get("rows")
    if type(cells) is not int or cells < 0 or not isinstance(named, list) or len(named) > MAX_ROWS:
        return None
    if not all(type(row) is int and 0 <= row < rows for row in named):
        return None
    return Exposure(cells, tuple(named))
