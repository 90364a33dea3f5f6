"""The rules that a table must keep to count as a delivery, checked alike by node and hub (SPEC 9 and 11).

The node asks before it signs, the hub before it accepts; both ask the same function. It takes a table that
is canonical (`canonical.assert_canonical`) and a statement that is signed, and answers by silence or by a
refusal that names rule and place, never a value.

It deliberately does not know true values, other periods or other areas: what can be reasoned out of what is
published is proven by the node's audit. Only what plain adding and subtracting reveals is refused here too
(P-59): that needs no secret, and it stops a node whose protection failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from protocol import columns
from protocol.catalogue import Catalogue, Dataset
from protocol.cell_checks import CellChecks, Counts, Flags, Rows, checks_of
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.grid import CellGrid
from protocol.observations import STATES, CellState
from protocol.periods import Period
from protocol.regions import AUTHORITY_AREAS
from protocol.statement import SubmissionStatement
from protocol.strict_json import MAX_INTEGER
from protocol.texts import Text

_MAX_ITEMS: Final = 20

_TEXTS: Final = {
    "row_count": Text(
        "Die Zeilenzahl ist nicht die der Erklärung.", "The number of rows is not that of the statement."
    ),
    "frame": Text(
        "Gebiet, Häufigkeit und Zeitraum müssen in jeder Zeile die der Erklärung sein.",
        "Area, frequency and period must be those of the statement in every row.",
    ),
    "unknown_indicator": Text("Diesen Indikator hat die Tabelle nicht.", "The table has no such indicator."),
    "unknown_code": Text("Diesen Code hat die Codeliste nicht.", "The codelist has no such code."),
    "extra_cell": Text("Diese Zelle gehört nicht zur Tabelle.", "This cell does not belong to the table."),
    "duplicate_cell": Text("Diese Zelle kommt zweimal vor.", "This cell occurs twice."),
    "unsorted": Text("Die Zeilen sind nicht sortiert.", "The rows are not sorted."),
    "missing_cell": Text("Vor dieser Zeile fehlt eine Zelle.", "A cell is missing before this row."),
    "state": Text(
        "Wert, OBS_STATUS und CONF_STATUS passen nicht zusammen.",
        "Value, OBS_STATUS and CONF_STATUS do not fit together.",
    ),
    "range": Text("Der Wert liegt außerhalb des Zulässigen.", "The value lies outside the permitted range."),
    "sum": Text(
        "Die veröffentlichten Teile ergeben nicht die veröffentlichte Summe.",
        "The published parts do not add up to the published total.",
    ),
    "cover": Text(
        "Bei Mehrfachnennungen ist die Summe der Teile mindestens so groß wie das Ganze.",
        "With multiple answers, the parts together are at least as large as the whole.",
    ),
    "part": Text("Ein Teil ist größer als das Ganze.", "A part is larger than the whole."),
    "node_minimum": Text(
        "Die Mindestzahl der Erklärung ist kleiner als die verlangte.",
        "The minimum count of the statement is below the required one.",
    ),
    "threshold": Text(
        "Eine Anzahl unter der Mindestzahl ist veröffentlicht oder durch Addieren und Subtrahieren zu "
        "errechnen.",
        "A count below the minimum is published, or can be computed by adding and subtracting.",
    ),
    "zero": Text(
        "Eine Null, die eine ganze Gruppe bloßstellt, ist veröffentlicht oder zu errechnen.",
        "A zero that discloses something about a whole group is published, or can be computed.",
    ),
    "distribution": Text(
        "Eine Verteilung, deren Summe zu klein oder gesperrt ist, ist ganz zu sperren, auch ihre Nullen.",
        "A distribution whose total is too small, or withheld, is withheld as a whole, its zeros too.",
    ),
    "partial_indicator": Text(
        "Ein Indikator wird ganz geliefert oder gar nicht.",
        "An indicator is delivered as a whole or not at all.",
    ),
    "nothing": Text("Kein einziger Indikator ist geliefert.", "Not a single indicator is delivered."),
    "authority": Text(
        "Für das Gebiet einer gemeinsamen Behörde werden nur deren Indikatoren geliefert.",
        "For the area of a joint authority only the authority's indicators are delivered.",
    ),
    "complement": Text(
        "Fast alle einer Gruppe haben dieses Merkmal; das darf nicht erkennbar sein.",
        "Nearly everybody in a group has this attribute; that must not be recognisable.",
    ),
}


def check_submission(
    table: pa.Table,
    statement: SubmissionStatement,
    catalogue: Catalogue,
    *,
    min_contributors: int | None = None,
) -> None:
    """Check a table against its statement and the catalogue.

    The caller must have proven that the table is canonical, and must still check who may deliver what.

    Args:
        table: with :func:`protocol.columns.arrow_schema` of the dataflow.
        statement: what the node says about it.
        catalogue: the one in force.
        min_contributors: smallest count that the receiver accepts anywhere; None to rely on catalogue and
            statement, whose stricter side always holds.

    Raises:
        KimError: ``schema_unknown``, ``schema_mismatch``, ``value_rule`` or ``k_anonymity``, with pointers
            ``/rows/<row>/<column>`` or into the statement.
    """
    # 1. Statement and catalogue mean the same table (P-50..P-52).
    dataset = agreed_dataset(statement, catalogue)
    if not table.schema.equals(columns.arrow_schema(dataset), check_metadata=True):
        raise kim_error("schema_mismatch")
    checks = checks_of(catalogue, dataset.id, Period.parse(statement.period).freq)
    # 2. The rows are the cells of the grid, in order, for the area and period of the statement (P-53).
    _check_rows(table, statement, checks.grid)
    # 3. Each row is one of the six states, with a value in range (P-54, P-55); indicators are delivered as a
    #    whole, and those of an authority only for its own area (P-72, P-73).
    values, published = _check_states(table, checks)
    _check_delivered(table, checks, authority=statement.area in AUTHORITY_AREAS)
    # 4. What is published is consistent (P-56, P-57).
    found = _deduce(values, published, checks)
    # 5. Nothing below a minimum is published, or follows by adding and subtracting (P-58..P-60, P-71).
    _check_minimum(statement, min_contributors)
    _check_disclosure(found, max(statement.min_contributors, min_contributors or 0), checks)
    _check_distributions(found, published, checks)


def agreed_dataset(statement: SubmissionStatement, catalogue: Catalogue) -> Dataset:
    """Return the dataflow that statement and catalogue mean alike (SPEC P-50, P-52, P-73).

    It needs no table: a hub can ask it before it accepts a byte of one.

    Args:
        statement: what the node says.
        catalogue: the one in force.

    Returns:
        The dataflow; it is delivered in the frequency of the statement's period, and for such an area.

    Raises:
        KimError: ``schema_unknown`` for another dataflow, frequency, form or catalogue, ``schema_mismatch``
            for other columns by the same form, ``area_not_registered`` for the area of a joint authority in
            a dataflow without figures of authorities; with the pointer of the member.
    """
    dataset = next((d for d in catalogue.datasets.values() if d.urn == statement.dataset), None)
    if dataset is None:
        raise kim_error("schema_unknown", pointer="/dataset")
    if Period.parse(statement.period).freq not in dataset.frequencies:
        raise kim_error("schema_unknown", pointer="/period")
    if statement.schema != columns.schema_id(dataset):
        raise kim_error("schema_unknown", pointer="/schema")
    if statement.schema_sha256 != columns.schema_sha256(dataset):
        raise kim_error("schema_mismatch", pointer="/schema_sha256")
    if statement.catalogue_sha256 != catalogue.sha256:
        raise kim_error(
            "schema_unknown",
            Text(
                "Die Lieferung wurde mit einer anderen Fassung des Katalogs erzeugt.",
                "The delivery was made with another version of the catalogue.",
            ),
            pointer="/catalogue_sha256",
        )
    if statement.area in AUTHORITY_AREAS and all(i.reporting_unit != "authority" for i in dataset.indicators):
        raise kim_error("area_not_registered", _TEXTS["authority"], pointer="/area")
    return dataset


# ------------------------------------------------------------------------------------------------- rows


def _check_rows(table: pa.Table, statement: SubmissionStatement, grid: CellGrid) -> None:
    if table.num_rows != statement.payload.rows:
        raise _refusal("value_rule", "row_count", ["/payload/rows"])
    frame = {
        columns.REF_AREA: statement.area,
        columns.FREQ: Period.parse(statement.period).freq,
        columns.TIME_PERIOD: statement.period,
    }
    for name, expected in frame.items():
        wrong = np.flatnonzero(~_equals(table[name], expected))
        if len(wrong):
            raise _refusal("value_rule", "frame", _places(wrong, name))
    expected_keys = columns.key_columns(grid)
    names = (columns.INDICATOR, *grid.dims)
    if table.num_rows == len(grid) and all(
        table[name].equals(pa.chunked_array([column]))
        for name, column in zip(names, expected_keys, strict=True)
    ):
        return
    raise _wrong_key(table.select(names), grid)


def _wrong_key(keys: pa.Table, grid: CellGrid) -> KimError:
    """Say what the first wrong row is; only called when one is."""
    # One row more than the grid always holds the first wrong one, however long the table is.
    rows = list(zip(*(column.to_pylist() for column in keys.slice(0, len(grid) + 1).columns), strict=True))
    row = next(
        (number for number, (got, want) in enumerate(zip(rows, grid.keys, strict=False)) if got != want),
        min(len(rows), len(grid)),
    )
    if row == len(rows):
        return _refusal("value_rule", "missing_cell", [f"/rows/{row}"])
    key = rows[row]
    indicator = next((i for i in grid.indicators if i.id == key[0]), None)
    if indicator is None:
        return _refusal("value_rule", "unknown_indicator", [f"/rows/{row}/{columns.INDICATOR}"])
    for dimension, code in zip(grid.dims, key[1:], strict=True):
        use = indicator.dimension_use(dimension)
        if use is not None and code not in use.codelist:
            return _refusal("value_rule", "unknown_code", [f"/rows/{row}/{dimension}"])
    if key not in grid.index:
        rule = "extra_cell"
    elif key in rows[:row]:
        rule = "duplicate_cell"
    else:
        # The cell that should stand here comes later, or never.
        rule = "unsorted" if grid.keys[row] in rows[row:] else "missing_cell"
    return _refusal("value_rule", rule, [f"/rows/{row}"])


# ----------------------------------------------------------------------------------------------- states


def _check_states(table: pa.Table, checks: CellChecks) -> tuple[Counts, Flags]:
    """Return the values (0 where there is none) and which rows have one."""
    column = table[columns.OBS_VALUE]
    published = column.is_valid().to_numpy()
    values = column.fill_null(0).to_numpy()
    legal = np.zeros(len(values), dtype=np.bool_)
    obs_status, conf_status = table[columns.OBS_STATUS], table[columns.CONF_STATUS]
    for status, confidentiality, has_value in {(*state.wire, state.has_value) for state in STATES}:
        legal |= (
            _equals(obs_status, status) & _equals(conf_status, confidentiality) & (published == has_value)
        )
    if not legal.all():
        raise _refusal("value_rule", "state", _places(np.flatnonzero(~legal), columns.OBS_STATUS))
    wrong = (values < np.where(checks.may_be_negative, -MAX_INTEGER, 0)) | (values > MAX_INTEGER)
    if wrong.any():
        raise _refusal("value_rule", "range", _places(np.flatnonzero(wrong), columns.OBS_VALUE))
    return values, published


def _check_delivered(table: pa.Table, checks: CellChecks, *, authority: bool) -> None:
    """Refuse an indicator delivered in part, a delivery of nothing, and others' figures for an authority."""
    delivered = ~_equals(table[columns.OBS_STATUS], CellState.NOT_DELIVERED.wire[0])
    strange = np.flatnonzero(delivered & ~checks.of_authorities) if authority else np.zeros(0, dtype=np.intp)
    if len(strange):
        raise _refusal("value_rule", "authority", _places(strange, columns.OBS_STATUS))
    rows = np.diff(checks.indicator_starts, append=len(delivered))
    count = np.add.reduceat(delivered.astype(np.int64), checks.indicator_starts)
    partial = checks.indicator_starts[(count > 0) & (count < rows)]
    if len(partial):
        raise _refusal("value_rule", "partial_indicator", _places(partial, columns.OBS_STATUS))
    if not delivered.any():
        raise _refusal("value_rule", "nothing", _places(checks.indicator_starts, columns.OBS_STATUS))


# -------------------------------------------------------------------------------------------- relations


@dataclass(frozen=True, slots=True)
class _Known:
    """Values that stand in the table or follow from it by adding and subtracting; 0 where unknown."""

    values: Counts
    known: Flags


def _deduce(values: Counts, published: Flags, checks: CellChecks) -> _Known:
    """Fill in what follows from the sums, and refuse a table that contradicts itself.

    A sum with one unknown gives its value away; that may give away the next one, until nothing changes.
    """
    lines = checks.sums
    values, known = values.copy(), published.copy()
    while True:
        hidden = ~known[lines.rows]
        unknowns = lines.total(hidden.astype(np.int64))
        rest = lines.total(lines.signs * values[lines.rows])
        one = unknowns == 1
        if not one.any():
            break
        # The one unknown of each such line: its row and its sign are the only ones that are not zeroed.
        row = lines.total(np.where(hidden, lines.rows, 0).astype(np.int64))[one]
        sign = lines.total(np.where(hidden, lines.signs, 0))[one]
        values[row] = -rest[one] * sign
        known[row] = True
    _refuse_lines(checks, lines.starts[(unknowns == 0) & (rest != 0)], "sum")
    # What is known of the parts may not exceed a known total, and nothing known may be negative.
    total = lines.rows[lines.starts]
    _refuse_lines(checks, lines.starts[known[total] & (rest > 0) & ~checks.may_be_negative[total]], "sum")
    negative = known & (values < 0) & ~checks.may_be_negative
    if negative.any():
        raise _refusal("value_rule", "sum", _places(np.flatnonzero(negative), columns.OBS_VALUE))
    _check_inequalities(values, known, checks)
    return _Known(values, known)


def _refuse_lines(checks: CellChecks, starts: Rows, rule: str) -> None:
    if len(starts):
        raise _refusal("value_rule", rule, _places(checks.sums.rows[starts], columns.OBS_VALUE))


def _check_inequalities(values: Counts, known: Flags, checks: CellChecks) -> None:
    for lines, rule in ((checks.covers, "cover"), (checks.parts, "part")):
        complete = lines.total((~known[lines.rows]).astype(np.int64)) == 0
        balance = lines.total(lines.signs * values[lines.rows])
        wrong = complete & ((balance < 0) if rule == "cover" else (balance > 0))
        if wrong.any():
            places = _places(lines.rows[lines.starts[wrong]], columns.OBS_VALUE)
            raise _refusal("value_rule", rule, places)


# ------------------------------------------------------------------------------------------- disclosure


def _check_minimum(statement: SubmissionStatement, required: int | None) -> None:
    if required is not None and statement.min_contributors < required:
        raise _refusal("k_anonymity", "node_minimum", ["/min_contributors"])


def _check_disclosure(found: _Known, stricter: int, checks: CellChecks) -> None:
    values, known = found.values, found.known
    # Node and receiver can only raise a minimum, and only where a rule looks at all.
    minimum = np.where(checks.min_contributors > 0, np.maximum(checks.min_contributors, stricter), 0)
    small = known & (values > 0) & (values < minimum)
    if small.any():
        raise _refusal("k_anonymity", "threshold", _places(np.flatnonzero(small), columns.OBS_VALUE))
    # A zero is harmless where the group itself is visibly empty: then it says nothing about anybody.
    empty = known & (values == 0)
    row, total = checks.telling_rows, checks.telling_totals
    zero = empty[row] & ~empty[total]
    if zero.any():
        raise _refusal("k_anonymity", "zero", _places(np.unique(row[zero]), columns.OBS_VALUE))
    row, total = checks.group_rows, checks.group_totals
    nearly_all = known[row] & known[total] & ~empty[total] & (values[total] - values[row] < minimum[row])
    if nearly_all.any():
        raise _refusal("k_anonymity", "complement", _places(row[nearly_all], columns.OBS_VALUE))


def _check_distributions(found: _Known, published: Flags, checks: CellChecks) -> None:
    """Refuse a distribution of few, or of nobody knows how many: whether it shows says nothing else."""
    row, total = checks.spread_rows, checks.spread_totals
    number = found.values[total]
    few = found.known[row] & found.known[total] & (number > 0) & (number < checks.spread_minimum)
    wrong = few | (published[row] & ~published[total])
    if wrong.any():
        raise _refusal("k_anonymity", "distribution", _places(row[wrong], columns.OBS_VALUE))


# ---------------------------------------------------------------------------------------------- refusals


def _equals(column: pa.ChunkedArray, value: str) -> Flags:
    flags: Flags = pc.equal(column, value).fill_null(False).to_numpy()  # noqa: FBT003  (Arrow's signature)
    return flags


def _places(rows: Rows, column: str) -> list[str]:
    return [f"/rows/{row}/{column}" for row in np.unique(rows)[:_MAX_ITEMS]]


def _refusal(code: str, rule: str, places: Sequence[str]) -> KimError:
    text = _TEXTS[rule]
    items = [ErrorItem(pointer=place, code=rule, text=text) for place in places]
    return kim_error(code, text, pointer=places[0], errors=items)
