"""The posts register: who funds and fills which share of a post from when to when.

Rules, in this order: T08 without an id, quarantine; T20 without component or carrier, quarantine; T05
without a first day, quarantine; T15 last day before the first, quarantine; T30 share unreadable,
quarantine; T08 the same row once more, merged. Where spans of one post overlap, the one that began later
holds while it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from aggregation.facts import POST_FACTS
from node.mapping import CodeMapping
from node.quality import reasons
from node.quality.cells.columns import NO_DAY, Days, date_array
from node.quality.cells.dates import DateForm
from node.quality.cells.numbers import NumberForm, read_hours, read_posts
from node.quality.registers.carriers import CARRIER_ID, CARRIER_NAME, Carriers
from node.quality.registers.register import NumberColumn, Register
from node.quality.registers.totals import note_totals
from node.settings import SourceSpec
from node.sources import DistinctTexts, Mask, RawTable
from node.wording import fold

_ID: Final = "Stellen-ID"
_FUNDED, _FILLED = "VZÄ bewilligt", "VZÄ besetzt"
_HOURS: Final = "Wochenstunden"
_FROM, _TO = "gültig von", "gültig bis"
_COLUMNS: Final = (_ID, "Baustein", CARRIER_ID, CARRIER_NAME, _FUNDED, _FILLED, _FROM, _TO)
#: What people and programs write for a span that has no end yet.
_NO_END: Final = frozenset(
    {
        "31.12.9999",
        "31.12.2999",
        "9999-12-31",
        "2999-12-31",
        "unbefristet",
        "offen",
        "laufend",
        "bis auf weiteres",
    }
)


def read_posts_register(
    spec: SourceSpec,
    raw: RawTable,
    *,
    mapping: CodeMapping,
    carriers: Carriers,
) -> tuple[Register, pa.Table]:
    """Turn the posts register into facts.

    Args:
        spec: what the configuration says about it.
        raw: its cells.
        mapping: texts to codes.
        carriers: learns the kinds of carriers.

    Returns:
        The register with its findings, and a table of :data:`POST_FACTS`.
    """
    register = Register.open(spec, raw, identifier=_ID)
    baustein = register.codes(mapping, "BAUSTEIN")
    carrier = carriers.column(register)
    register.require_codes(carrier)
    first = register.dates(_FROM, missing=reasons.NO_REGISTER_DATE)
    last = register.dates(_TO, missing=None)
    open_ended = _open_ended(raw)
    impossible = last.where_form(DateForm.IMPOSSIBLE) & ~open_ended
    register.sorting.take_out(impossible, reasons.NO_REGISTER_DATE)
    ends: Days = np.where(open_ended, NO_DAY, last.days).astype(np.int32)
    register.sorting.take_out((ends != NO_DAY) & (ends < first.days), reasons.SPAN_REVERSED)

    funded, filled = _shares(register, _FUNDED), _shares(register, _FILLED)
    for column in (funded, filled):
        _require_share(register, column)
    register.merge_equal_rows(_COLUMNS)
    _note_shares(register, funded, filled)
    listed = register.sorting.undecided
    note_totals(register, (funded, filled), added=(listed, listed & (ends == NO_DAY)))

    spans = [
        span
        for rows in _rows_by_post(register)
        for span in _untangled(rows, first.days, ends, lambda row: _mark_overlap(register, row))
    ]
    rows = np.asarray([span.row for span in spans], dtype=np.intp)
    table = pa.Table.from_arrays(
        [
            pa.array(_post_ids(raw)[rows].tolist(), pa.string()),
            date_array(np.asarray([span.first for span in spans], dtype=np.int32)),
            date_array(np.asarray([span.last for span in spans], dtype=np.int32)),
            baustein.codes(rows),
            carrier.codes(rows),
            pa.array(funded.hundredths[rows]),
            pa.array(filled.hundredths[rows]),
        ],
        schema=POST_FACTS,
    )
    register.close(dates=(first, last))
    return register, table


@dataclass(frozen=True, slots=True)
class Span:
    """Days in which one row of a post holds.

    Attributes:
        row: the row.
        first: first day.
        last: last day, or :data:`NO_DAY` if it has none yet.
    """

    row: int
    first: int
    last: int


def _untangled(
    rows: Sequence[int], first: Days, last: Days, overlapping: Callable[[int], None]
) -> list[Span]:
    """Cut the spans of one post so that one row holds on every day: the one that began last.

    Args:
        rows: rows of the post, in the order of the register; of equal starts the later row holds.
        first: first day of each row.
        last: last day of each row.
        overlapping: told about every row of which another one holds some days.
    """
    endless = int(np.iinfo(np.int32).max)
    ends = {row: endless if last[row] == NO_DAY else int(last[row]) for row in rows}
    borders = sorted(
        {int(first[row]) for row in rows} | {ends[row] + 1 for row in rows if ends[row] < endless}
    )
    spans: list[Span] = []
    for border, following in zip(borders, [*borders[1:], None], strict=True):
        holding = [row for row in rows if first[row] <= border <= ends[row]]
        if not holding:
            continue
        row = max(holding, key=lambda row: (first[row], row))
        for other in holding:
            if other != row:
                overlapping(other)
        until = NO_DAY if following is None else following - 1
        if spans and spans[-1].row == row and spans[-1].last == border - 1:
            spans[-1] = Span(row, spans[-1].first, int(until))
        else:
            spans.append(Span(row, border, int(until)))
    return spans


def _mark_overlap(register: Register, row: int) -> None:
    marked = np.zeros(register.raw.rows, dtype=np.bool_)
    marked[row] = True
    register.counts.mark(reasons.OVERLAPPING_SPANS, marked)


def _rows_by_post(register: Register) -> list[list[int]]:
    ids = _post_ids(register.raw)
    rows: dict[str, list[int]] = {}
    for row in register.rows().tolist():
        rows.setdefault(ids[row], []).append(row)
    return list(rows.values())


def _post_ids(raw: RawTable) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    distinct = raw.distinct_of(_ID)
    return np.asarray([fold(text) for text in distinct.texts], dtype=np.object_)[distinct.index]


def _open_ended(raw: RawTable) -> Mask:
    distinct = raw.distinct_of(_TO)
    return np.asarray([fold(text) in _NO_END for text in distinct.texts], dtype=np.bool_)[distinct.index]


def _shares(register: Register, name: str) -> NumberColumn:
    """Read a column of shares; hours are converted by the full-time hours of their row."""
    raw = register.raw
    if not raw.has(_HOURS):
        return register.numbers(name, read_posts)
    shares, hours = raw.distinct_of(name), raw.distinct_of(_HOURS)
    pairs = shares.index.astype(np.int64) * len(hours.texts) + hours.index
    distinct, index = np.unique(pairs, return_inverse=True)
    texts = [
        (shares.texts[pair // len(hours.texts)], hours.texts[pair % len(hours.texts)]) for pair in distinct
    ]
    return NumberColumn(
        DistinctTexts([share for share, _ in texts], index.astype(np.int32)),
        tuple(read_posts(share, full_time_hours=read_hours(week)) for share, week in texts),
    )


def _require_share(register: Register, column: NumberColumn) -> None:
    lacking = column.where_form(NumberForm.ABSENT, NumberForm.UNREADABLE)
    register.sorting.take_out(lacking, reasons.POSTS_UNREADABLE)


def _note_shares(register: Register, funded: NumberColumn, filled: NumberColumn) -> None:
    for column in (funded, filled):
        register.sorting.note(reasons.POSTS_FROM_HOURS, column.where_form(NumberForm.HOURS))
        register.sorting.note(reasons.POSTS_DOUBTFUL, column.where_form(NumberForm.DOUBTFUL))
        register.sorting.note(reasons.DASH_AS_ZERO, column.dashes)
        other = column.where_form(NumberForm.OTHER, NumberForm.HOURS) & ~column.dashes
        register.sorting.note(reasons.POSTS_FORM, other)
    register.sorting.note(reasons.MORE_FILLED, filled.hundredths > funded.hundredths)
