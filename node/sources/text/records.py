"""Cuts the text of a CSV file into records, and survives quotation marks that nobody closed.

Invariants: every line of the file ends up in exactly one record; a record knows the line it starts on.
Lines without a quotation mark are split directly; others go through the `csv` module. An unclosed mark would
swallow the lines behind it without a trace: such a record is cut back to its first line and read literally.

This module deliberately judges no content: whether a record is a case, a total or nonsense is `quality`'s.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from node.sources.table.columns import Record

_MAX_LINES_PER_RECORD: Final = 200
_LINE_END: Final = re.compile(r"[\r\n]")


class _RunawayQuoteError(Exception):
    """A quotation mark stays open for more lines than any remark has."""


@dataclass(slots=True)
class _Lines:
    """The lines of the file, one at a time, with the way back that a cut record needs."""

    source: Iterator[str]
    number: int
    waiting: deque[str]
    taken: list[str]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_LINES_PER_RECORD:
            raise _RunawayQuoteError
        line = self.waiting.popleft() if self.waiting else next(self.source)
        self.taken.append(line)
        return line

    def accept(self) -> None:
        """Leave the lines of the present record behind."""
        self.number += len(self.taken)
        self.taken.clear()

    def keep_first_only(self) -> str:
        """Give back all lines of the present record but the first, and leave that behind."""
        first, *rest = self.taken
        self.waiting.extendleft(reversed(rest))
        self.number += 1
        self.taken.clear()
        return first


def records(lines: Iterator[str], *, delimiter: str, width: int, first_line: int) -> Iterator[Record]:
    """Cut lines into records.

    Args:
        lines: lines with their ends, decoded.
        delimiter: the separator of cells, one character.
        width: number of columns of the header; tells a swallowed line from a long remark.
        first_line: number of the first line in the file.

    Yields:
        Records in file order; blank lines as records of one empty cell.
    """
    feed = _Lines(lines, first_line, deque(), [])
    reader = csv.reader(feed, delimiter=delimiter)
    for line in feed:
        start = feed.number
        if '"' not in line:
            feed.accept()
            yield Record(start, line.rstrip("\r\n").split(delimiter), mended=False)
            continue
        feed.waiting.appendleft(line)
        feed.taken.clear()
        cells = _quoted(reader, feed, delimiter=delimiter, width=width)
        if cells is None:
            literal = feed.keep_first_only().rstrip("\r\n").split(delimiter)
            yield Record(start, literal, mended=True)
        else:
            feed.accept()
            yield Record(start, cells, mended=False)


def _quoted(reader: Iterator[list[str]], feed: _Lines, *, delimiter: str, width: int) -> list[str] | None:
    """Return the cells of a record with quotation marks, or None if one of them is not closed."""
    try:
        cells = next(reader)
    except (_RunawayQuoteError, csv.Error):
        return None
    if len(feed.taken) == 1:
        return cells
    # Open to the end of the file: short, and one mark without its partner.
    unpaired = sum(line.count('"') for line in feed.taken) % 2 == 1
    if unpaired and len(cells) < width:
        return None
    if any(holds_a_record(cell, delimiter=delimiter, width=width) for cell in cells):
        return None
    return cells


def holds_a_record(cell: str, *, delimiter: str, width: int) -> bool:
    """Whether a cell with a line break looks like the end of one record and the start of another."""
    behind = _LINE_END.split(cell, maxsplit=1)[1:]
    # Half a record is enough: a swallowed line ends at the next quotation mark, wherever that stands.
    return bool(behind) and behind[0].count(delimiter) >= max(2, width // 2)
