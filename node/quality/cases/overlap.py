"""What several sources of cases have in common (T23): a case counts once, contradictions and doubts are said.

Sources declared `match` share their numbers: the same case number with a person in common is one case, and
the first source describes it. The same number without a person in common is a doubt that nobody may settle
by counting: the rows of the later source are set aside; if that is the rule rather than the exception, the
numbers are no shared ones and the declaration is refused. Sources declared `disjoint` share nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from node.quality import reasons
from node.quality.cases.grouping import Grouping, Positions, group, is_local
from node.quality.cases.part import CasePart
from node.quality.cells.columns import Days, rows_of
from node.settings import SourceSpec
from node.sources import Mask
from protocol.errors import kim_error
from protocol.texts import Text

# Fewer cases in common say nothing about the rule.
_FEW_CASES: Final = 3


def require_declared(specs: Sequence[SourceSpec]) -> None:
    """Refuse several sources of cases of which nobody said what they have in common.

    Raises:
        KimError: ``config_invalid`` if one of several declares nothing, or if one alone declares `match`.
    """
    if len(specs) < 2:
        return
    silent = [spec.name for spec in specs if spec.overlap is None]
    matching = [spec.name for spec in specs if spec.overlap == "match"]
    name = silent[0] if silent else matching[0] if len(matching) == 1 else None
    if name is None:
        return
    raise kim_error(
        "config_invalid",
        Text(
            f"[sources.{name}] overlap: Bei mehreren Fallquellen sagt jede, wie sie sich zu den anderen "
            "verhält: mindestens zwei match (gemeinsame Fallnummern) oder alle disjoint (eigene).",
            f"[sources.{name}] overlap: with several sources of cases each says how it goes with the others: "
            "at least two match (shared case numbers), or all disjoint (case numbers of their own).",
        ),
        pointer=f"/sources/{name}/overlap",
    )


def group_sources(parts: Sequence[CasePart]) -> Grouping:
    """Group the rows of all sources and settle what they have in common.

    Args:
        parts: the sources of cases, in the order of the configuration.

    Returns:
        The grouping of the rows that count.

    Raises:
        KimError: ``config_invalid`` if sources that declare `match` do not share their case numbers.
    """
    cases = [part.screened.cases for part in parts]
    grouping = group(parts, cases)
    if len(parts) == 1:
        return grouping
    # Who has no person in common may have been the only link of a third source: look again without them.
    while len(strangers := _strangers(grouping)):
        for part, mask in zip(parts, grouping.masks(strangers), strict=True):
            part.screened.sorting.take_out(mask, reasons.SAME_NUMBER_OTHER_PERSONS)
            part.screened.cases[mask] = False
        grouping = group(parts, cases)
    _note(grouping)
    return grouping


def _foreign(grouping: Grouping) -> Mask:
    """For each position whether its case is held by another source."""
    foreign: Mask = grouping.part_of != grouping.part_of[grouping.holders[grouping.row_case]]
    return foreign


def _strangers(grouping: Grouping) -> Positions:
    """Return positions of cases that another source holds, without a person in common.

    Raises:
        KimError: ``config_invalid`` if most cases in common have no person in common.
    """
    part_of, foreign = grouping.part_of, _foreign(grouping)
    met = part_of[grouping.pair_first] < part_of
    pairs = grouping.row_case.astype(np.int64) * len(grouping.parts) + part_of
    common = np.unique(pairs[foreign])
    unmet = np.setdiff1d(common, pairs[foreign & met])
    if len(unmet) >= _FEW_CASES and 2 * len(unmet) > len(common):
        _refuse(grouping.parts[int(unmet[0] % len(grouping.parts))].spec.name)
    return rows_of(foreign & np.isin(pairs, unmet))


def _refuse(name: str) -> None:
    raise kim_error(
        "config_invalid",
        Text(
            f"[sources.{name}] overlap: Die meisten Fallnummern, die auch in anderen Quellen vorkommen, "
            "gehören dort zu anderen Personen. Vergibt die Quelle eigene Nummern, gilt disjoint.",
            f"[sources.{name}] overlap: most case numbers that other sources have too belong to other "
            "persons there. If the source has numbers of its own, disjoint applies.",
        ),
        pointer=f"/sources/{name}/overlap",
    )


def _note(grouping: Grouping) -> None:
    foreign = _foreign(grouping)
    of_holder = grouping.holders[grouping.row_case]
    every = np.arange(len(foreign), dtype=np.intp)
    opened = grouping.days(every, lambda part: part.screened.opened.days)
    ends = grouping.days(every, lambda part: part.ends)
    differs = foreign & ((opened != opened[of_holder]) | (ends != ends[of_holder]))
    merged = grouping.masks(rows_of(foreign))
    for part, mask, other in zip(grouping.parts, merged, grouping.masks(rows_of(differs)), strict=True):
        part.counts.mark(reasons.KNOWN_ELSEWHERE, mask)
        part.counts.mark(reasons.OTHER_DATES_ELSEWHERE, other)
    _note_twins(grouping)


def _note_twins(grouping: Grouping) -> None:
    """Warn of cases in sources declared `disjoint` that look like the same (number, person, start)."""
    local = [part for part in grouping.parts if is_local(part)]
    seen = pa.array([], pa.string())
    for part in local:
        rows = rows_of(part.screened.cases)
        marks = _joint_marks(part, rows, "Fallnummer", "Personen-ID", days=part.screened.opened.days)
        part.counts.mark(reasons.LOOKS_THE_SAME, _seen_before(part, rows, marks, seen))
        seen = pa.concat_arrays([seen, marks.drop_null()])


def merge_contacts(parts: Sequence[CasePart]) -> None:
    """Count a one-off contact once that several sources with shared numbers hold (number and day)."""
    seen = pa.array([], pa.string())
    for part in parts:
        if len(parts) == 1 or is_local(part):
            continue
        rows = rows_of(part.screened.contacts)
        marks = _joint_marks(part, rows, "Fallnummer", days=part.screened.contact_days)
        known = _seen_before(part, rows, marks, seen)
        part.screened.sorting.take_out(known, reasons.KNOWN_ELSEWHERE)
        part.screened.contacts[known] = False
        seen = pa.concat_arrays([seen, marks.drop_null()])


def _joint_marks(part: CasePart, rows: Positions, *columns: str, days: Days) -> pa.Array:
    """Return cells and day of some rows as one text each; null where a cell is empty."""
    at = pa.array(rows)
    cells = [pc.utf8_trim_whitespace(part.raw.texts(name)).take(at) for name in columns]
    given = [pc.if_else(pc.equal(cell, ""), pa.scalar(None, pa.string()), cell) for cell in cells]
    return pc.binary_join_element_wise(*given, pa.array(days[rows]).cast(pa.string()), "\x1f")


def _seen_before(part: CasePart, rows: Positions, marks: pa.Array, seen: pa.Array) -> Mask:
    known = np.zeros(part.raw.rows, dtype=np.bool_)
    known[rows[np.asarray(pc.is_in(marks, value_set=seen), dtype=np.bool_)]] = True
    return known
