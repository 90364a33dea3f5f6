"""The funds ledger: what was granted and spent, by budget year, component, cost type and carrier.

Rules, in this order: T08 without a voucher number, quarantine; T29 without one budget year, quarantine; T20
without component, cost type or carrier id, quarantine; T04 amounts unreadable or both missing, quarantine;
T08 the same row once more, merged. Of a granted and a spent amount one may be empty: that is no booking,
not an unknown one. Repayments are negative. Several rows of one voucher are usual if they split it; the
same place with another amount is worth a look.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from aggregation.facts import FUNDS_FACTS
from node.mapping import CodeMapping, is_missing
from node.quality import reasons
from node.quality.cells.columns import Days, spread_flags
from node.quality.cells.numbers import NumberForm, read_euros
from node.quality.cells.period_labels import read_period
from node.quality.registers.carriers import CARRIER_ID, Carriers
from node.quality.registers.register import NumberColumn, Register
from node.quality.registers.totals import note_totals
from node.settings import SourceSpec
from node.sources import Mask, RawTable
from node.wording import fold

_ID: Final = "Beleg"
_YEAR: Final = "Haushaltsjahr"
_GRANTED, _SPENT = "bewilligt", "verausgabt"
_BOOKED: Final = "Buchungsdatum"
_PLACE: Final = (_ID, _YEAR, "Baustein", "Kostenart", CARRIER_ID)
_COLUMNS: Final = (*_PLACE, _GRANTED, _SPENT, _BOOKED)
_NO_YEAR: Final = 0


def read_funds_ledger(
    spec: SourceSpec, raw: RawTable, *, mapping: CodeMapping, carriers: Carriers
) -> tuple[Register, pa.Table]:
    """Turn the funds ledger into facts.

    Args:
        spec: what the configuration says about it.
        raw: its cells.
        mapping: texts to codes.
        carriers: knows the kinds of carriers of the posts register.

    Returns:
        The register with its findings, and a table of :data:`FUNDS_FACTS`.
    """
    register = Register.open(spec, raw, identifier=_ID)
    years, relabelled = _years(raw)
    register.sorting.take_out(years == _NO_YEAR, reasons.NO_YEAR)
    baustein, cost = register.codes(mapping, "BAUSTEIN"), register.codes(mapping, "COST")
    ids = raw.distinct_of(CARRIER_ID)
    nameless = spread_flags(ids, [is_missing(text, numbers=False) for text in ids.texts])
    register.sorting.take_out(nameless, reasons.NO_ENTRY)
    carrier = carriers.column(register)
    register.require_codes(carrier)
    granted, spent = register.numbers(_GRANTED, read_euros), register.numbers(_SPENT, read_euros)
    _require_amounts(register, granted, spent)
    register.merge_equal_rows(_COLUMNS)
    register.sorting.note(reasons.SAME_ID_OTHER_ENTRY, _same_place_again(register))
    register.sorting.note(reasons.PERIOD_LABEL, relabelled)
    _note_amounts(register, (granted, spent))
    note_totals(register, (granted, spent), added=(register.sorting.undecided,))

    rows = register.rows()
    contributors = [fold(text) for text in ids.texts]
    table = pa.Table.from_arrays(
        [
            pa.array(years[rows], pa.int32()),
            pa.array([contributors[number] for number in ids.index[rows].tolist()], pa.string()),
            baustein.codes(rows),
            cost.codes(rows),
            carrier.codes(rows),
            pa.array(granted.hundredths[rows]),
            pa.array(spent.hundredths[rows]),
        ],
        schema=FUNDS_FACTS,
    )
    register.close()
    return register, table


def _years(raw: RawTable) -> tuple[Days, Mask]:
    """Return the budget year of each row (0 if none), and whether its label was more than the year."""
    distinct = raw.distinct_of(_YEAR)
    periods = [read_period(text) for text in distinct.texts]
    years = np.asarray([_NO_YEAR if p is None else p.year for p in periods], dtype=np.int32)
    plain = [
        p is None or text.strip() == str(p.year) for p, text in zip(periods, distinct.texts, strict=True)
    ]
    return years[distinct.index], ~spread_flags(distinct, plain)


def _require_amounts(register: Register, granted: NumberColumn, spent: NumberColumn) -> None:
    for column in (granted, spent):
        # A marker such as a full stop hides an amount (T20); only an empty cell is no booking.
        hidden = column.where_form(NumberForm.ABSENT) & ~_empty(column)
        register.sorting.take_out(
            hidden | column.where_form(NumberForm.UNREADABLE), reasons.AMOUNT_UNREADABLE
        )
    register.sorting.take_out(_empty(granted) & _empty(spent), reasons.AMOUNT_UNREADABLE)


def _empty(column: NumberColumn) -> Mask:
    return spread_flags(column.distinct, [not text.strip() for text in column.distinct.texts])


def _note_amounts(register: Register, columns: tuple[NumberColumn, ...]) -> None:
    for column in columns:
        register.sorting.note(reasons.AMOUNT_DOUBTFUL, column.where_form(NumberForm.DOUBTFUL))
        register.sorting.note(reasons.DASH_AS_ZERO, column.dashes)
        register.sorting.note(reasons.AMOUNT_FORM, column.where_form(NumberForm.OTHER) & ~column.dashes)


def _same_place_again(register: Register) -> Mask:
    texts = [register.folded(name) for name in _PLACE]
    seen: set[tuple[str, ...]] = set()
    again = np.zeros(register.raw.rows, dtype=np.bool_)
    for row in register.rows().tolist():
        place = tuple(column[row] for column in texts)
        again[row] = place in seen
        seen.add(place)
    return again
