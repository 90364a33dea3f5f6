"""Finds which rows belong together: the same case, the same person in a case, within and between sources.

Invariants: a case is described by its holder, the first of its rows in the order of the sources; a person
counts once in a case however many rows there are. Numbers of a source that is declared disjoint are its own:
the same number elsewhere is another case, the same id elsewhere another person.

Positions count the rows of cases of all sources one after the other.

Source of the rule for households: definition of the case in the catalogue (one process per person or family).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from node.mapping.labels import MISSING_MARKERS
from node.quality.cases.part import CasePart
from node.quality.cells.columns import Days, codes_of, first_rows, rows_of
from node.sources import Mask, RawTable

Positions = npt.NDArray[np.intp]

_BLANKS: Final = r"[\s\x{a0}]+"
# Ends the name of a source before a number of its own; stands in no cell that anybody typed.
_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which rows belong together.

    Attributes:
        parts: the sources of cases.
        rows: rows of cases in each source.
        row_case: case of each position.
        case_ids: number of each case as text, in order of first appearance.
        holders: position of each case's holder.
        involved: position of each person in a case (its first), ascending.
        involved_case: case of each of those.
        person_ids: person of each of those.
        pair_first: for each position the first position of the same person in the same case; empty if there
            is one source only.
    """

    parts: Sequence[CasePart]
    rows: Sequence[Positions] = field(repr=False)
    row_case: npt.NDArray[np.int32] = field(repr=False)
    case_ids: pa.Array = field(repr=False)
    holders: Positions = field(repr=False)
    involved: Positions = field(repr=False)
    involved_case: Positions = field(repr=False)
    person_ids: pa.Array = field(repr=False)
    pair_first: Positions = field(repr=False)

    @property
    def persons_per_case(self) -> npt.NDArray[np.intp]:
        """Number of persons listed in each case."""
        return np.bincount(self.involved_case, minlength=len(self.case_ids))

    @property
    def starts(self) -> Positions:
        """First position of each source, and the number of positions at the end."""
        return np.cumsum([0, *(len(rows) for rows in self.rows)]).astype(np.intp)

    @property
    def part_of(self) -> npt.NDArray[np.intp]:
        """For each position the number of its source."""
        return np.repeat(np.arange(len(self.rows)), [len(rows) for rows in self.rows])

    def split(self, positions: Positions) -> list[Positions]:
        """Return the rows behind some positions (ascending), source by source."""
        starts = self.starts
        cuts = np.searchsorted(positions, starts[1:-1])
        pieces = np.split(positions, cuts)
        return [rows[piece - start] for rows, piece, start in zip(self.rows, pieces, starts, strict=False)]

    def days(self, positions: Positions, column: Callable[[CasePart], Days]) -> Days:
        """Return a column of days at some positions (ascending)."""
        pairs = zip(self.parts, self.split(positions), strict=True)
        return np.concatenate([column(part)[rows] for part, rows in pairs])

    def codes(self, positions: Positions, dimension: str) -> pa.Array:
        """Return the (first) code of a dimension at some positions (ascending)."""
        pairs = zip(self.parts, self.split(positions), strict=True)
        return codes_of([part.codes[dimension].codes(rows) for part, rows in pairs])

    def masks(self, positions: Positions) -> list[Mask]:
        """Mark some positions (ascending), source by source."""
        marked: list[Mask] = []
        for part, rows in zip(self.parts, self.split(positions), strict=True):
            mask = np.zeros(part.raw.rows, dtype=np.bool_)
            mask[rows] = True
            marked.append(mask)
        return marked


def group(parts: Sequence[CasePart], cases: Sequence[Mask]) -> Grouping:
    """Find cases and the persons in them.

    Args:
        parts: the sources of cases.
        cases: rows of cases in each; each row has a case number.

    Returns:
        The grouping.
    """
    rows = [rows_of(mask) for mask in cases]
    several = len(parts) > 1
    names = [part.spec.name if several and is_local(part) else None for part in parts]
    pieces = list(zip(parts, rows, names, strict=True))
    numbers = _joined([_own(name, _trimmed(p.raw, "Fallnummer", r)) for p, r, name in pieces])
    numbers = numbers.dictionary_encode()
    row_case: npt.NDArray[np.int32] = np.asarray(numbers.indices, dtype=np.int32)
    holders = first_rows(row_case, len(numbers.dictionary))
    ids = _joined([_own(name, _person_ids(p.raw, r)) for p, r, name in pieces])
    persons = pc.coalesce(ids, pc.binary_join_element_wise("case:", numbers.cast(pa.string()), ""))
    if several:
        # Of a case that another source holds, a row without an id can only mean its holder.
        part_of = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
        of_holder = persons.take(pa.array(holders[row_case]))
        foreign = part_of != part_of[holders[row_case]]
        persons = pc.if_else(pc.and_(pa.array(foreign), pc.is_null(ids)), of_holder, persons)
    persons = persons.dictionary_encode()
    pairs = row_case.astype(np.int64) * max(1, len(persons.dictionary)) + np.asarray(persons.indices)
    first, pair_first = _first_of(pairs, inverse=several)
    return Grouping(
        parts=parts,
        rows=rows,
        row_case=row_case,
        case_ids=numbers.dictionary,
        holders=holders,
        involved=first,
        involved_case=row_case[first].astype(np.intp),
        person_ids=persons.take(pa.array(first)).cast(pa.string()),
        pair_first=pair_first,
    )


def _first_of(pairs: npt.NDArray[np.int64], *, inverse: bool) -> tuple[Positions, Positions]:
    """Return the first position of each pair, ascending, and for each position that of its pair if wanted."""
    if not inverse:
        _, first = np.unique(pairs, return_index=True)
        return np.sort(first), np.empty(0, dtype=np.intp)
    _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    return np.sort(first), first[which]


def is_local(part: CasePart) -> bool:
    """Whether the numbers of a source are its own."""
    return part.spec.overlap == "disjoint"


def _own(source: str | None, ids: pa.Array) -> pa.Array:
    return ids if source is None else pc.binary_join_element_wise(source, ids, _SEPARATOR)


def _person_ids(raw: RawTable, rows: Positions) -> pa.Array:
    """Return the ids of some rows; null where there is none."""
    ids = _trimmed(raw, "Personen-ID", rows)
    compact = pc.utf8_lower(pc.replace_substring_regex(ids, _BLANKS, ""))
    missing = pc.is_in(compact, value_set=pa.array(sorted(MISSING_MARKERS)))
    return pc.if_else(missing, pa.scalar(None, pa.string()), ids)


def _trimmed(raw: RawTable, name: str, rows: Positions) -> pa.Array:
    return pc.utf8_trim_whitespace(raw.texts(name)).take(pa.array(rows))


def _joined(pieces: Sequence[pa.Array]) -> pa.Array:
    return pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)
