"""Typed microdata as tabulation takes it: the narrow waist between a source and the statistics.

Invariants: code columns hold *leaf* codes of the catalogue and are never null (``_U`` stands for unknown);
every case has at least one field of action; persons are distinct per case. A row of `cases` describes the
case holder, a row of `involvements` one person in one case.

This module deliberately reads no source and maps no local value: a source adapter fills these tables, and
nothing behind them knows where they came from. Facts are personal data: they never leave the node and
print no values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from protocol.catalogue import Catalogue
from protocol.codelists import Codelist

CODE_TYPE: Final = pa.dictionary(pa.int32(), pa.string())

#: One row per case; attributes are the holder's. ``FIELD`` is the set of fields of action, never empty.
#: ``first_contact`` is null where it is unknown or lies after the start.
CASES_FACTS: Final = pa.schema(
    [
        pa.field("case_id", pa.string(), nullable=False),
        pa.field("opened", pa.date32(), nullable=False),
        pa.field("closed", pa.date32()),
        pa.field("first_contact", pa.date32()),
        pa.field("birth", pa.date32()),
        pa.field("SEX", CODE_TYPE, nullable=False),
        pa.field("CITIZEN", CODE_TYPE, nullable=False),
        pa.field("RESIDENCE", CODE_TYPE, nullable=False),
        pa.field("RECHTSKREIS", CODE_TYPE, nullable=False),
        pa.field("INST", CODE_TYPE, nullable=False),
        pa.field("OUTCOME", CODE_TYPE, nullable=False),
        pa.field("FIELD", pa.list_(pa.string()), nullable=False),
    ]
)

#: One row per one-off contact (no case was opened).
CONTACTS_FACTS: Final = pa.schema(
    [
        pa.field("date", pa.date32(), nullable=False),
        pa.field("FIELD", CODE_TYPE, nullable=False),
        pa.field("INST", CODE_TYPE, nullable=False),
    ]
)

#: One row per person and case; dates are the case's, attributes the person's.
INVOLVEMENT_FACTS: Final = pa.schema(
    [
        pa.field("person_id", pa.string(), nullable=False),
        pa.field("case_id", pa.string(), nullable=False),
        pa.field("opened", pa.date32(), nullable=False),
        pa.field("closed", pa.date32()),
        pa.field("birth", pa.date32()),
        pa.field("SEX", CODE_TYPE, nullable=False),
        pa.field("CITIZEN", CODE_TYPE, nullable=False),
        pa.field("RESIDENCE", CODE_TYPE, nullable=False),
        pa.field("RECHTSKREIS", CODE_TYPE, nullable=False),
    ]
)

#: One row per referral from a case to another institution; ``FIELD`` is its one field of action.
REFERRAL_FACTS: Final = pa.schema(
    [
        pa.field("date", pa.date32(), nullable=False),
        pa.field("INST", CODE_TYPE, nullable=False),
        pa.field("FIELD", CODE_TYPE, nullable=False),
    ]
)

#: One row per post and span in which nothing about it changes; FTE are scaled by 100.
POST_FACTS: Final = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("valid_from", pa.date32(), nullable=False),
        pa.field("valid_to", pa.date32()),
        pa.field("BAUSTEIN", CODE_TYPE, nullable=False),
        pa.field("CARRIER", CODE_TYPE, nullable=False),
        pa.field("funded", pa.int64(), nullable=False),
        pa.field("filled", pa.int64(), nullable=False),
    ]
)

#: One row per booking; euros are scaled by 100, repayments are negative. ``carrier_id`` is the contributor.
FUNDS_FACTS: Final = pa.schema(
    [
        pa.field("year", pa.int32(), nullable=False),
        pa.field("carrier_id", pa.string(), nullable=False),
        pa.field("BAUSTEIN", CODE_TYPE, nullable=False),
        pa.field("COST", CODE_TYPE, nullable=False),
        pa.field("CARRIER", CODE_TYPE, nullable=False),
        pa.field("granted", pa.int64(), nullable=False),
        pa.field("spent", pa.int64(), nullable=False),
    ]
)

#: One row per structural issue; ``ISSUE`` is its status as the register has it now.
ISSUE_FACTS: Final = pa.schema(
    [
        pa.field("reported", pa.date32(), nullable=False),
        pa.field("FIELD", CODE_TYPE, nullable=False),
        pa.field("ISSUE", CODE_TYPE, nullable=False),
    ]
)

#: One row per positive decision of component 3.
DECISION_FACTS: Final = pa.schema(
    [
        pa.field("date", pa.date32(), nullable=False),
        pa.field("DECISION", CODE_TYPE, nullable=False),
        pa.field("SEX", CODE_TYPE, nullable=False),
    ]
)

#: Schema of each fact table by its name in :class:`Facts`.
SCHEMAS: Final = MappingProxyType(
    {
        "cases": CASES_FACTS,
        "contacts": CONTACTS_FACTS,
        "involvements": INVOLVEMENT_FACTS,
        "referrals": REFERRAL_FACTS,
        "posts": POST_FACTS,
        "funds": FUNDS_FACTS,
        "issues": ISSUE_FACTS,
        "decisions": DECISION_FACTS,
    }
)

#: Table, the earlier and the later of two dates.
_ORDERED: Final = (
    ("cases", "opened", "closed"),
    ("cases", "first_contact", "opened"),
    ("involvements", "opened", "closed"),
    ("posts", "valid_from", "valid_to"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The microdata of one area. A table that is None is not collected: that is not the same as empty.

    Attributes:
        cases: table of :data:`CASES_FACTS`.
        contacts: table of :data:`CONTACTS_FACTS`.
        involvements: table of :data:`INVOLVEMENT_FACTS`.
        referrals: table of :data:`REFERRAL_FACTS`.
        posts: table of :data:`POST_FACTS`.
        funds: table of :data:`FUNDS_FACTS`.
        issues: table of :data:`ISSUE_FACTS`.
        decisions: table of :data:`DECISION_FACTS`.
    """

    cases: pa.Table | None = field(default=None, repr=False)
    contacts: pa.Table | None = field(default=None, repr=False)
    involvements: pa.Table | None = field(default=None, repr=False)
    referrals: pa.Table | None = field(default=None, repr=False)
    posts: pa.Table | None = field(default=None, repr=False)
    funds: pa.Table | None = field(default=None, repr=False)
    issues: pa.Table | None = field(default=None, repr=False)
    decisions: pa.Table | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse tables of another shape.

        Raises:
            ValueError: if columns, their order or their types differ (code columns may be plain strings).
        """
        for name, table in self.tables():
            _check_schema(name, table, SCHEMAS[name])

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield name and table of what is collected."""
        for name in SCHEMAS:
            table = getattr(self, name)
            if table is not None:
                yield name, table

    def table(self, name: str) -> pa.Table:
        """Return a table by its name in :data:`SCHEMAS`; an empty one where nothing is collected."""
        found = getattr(self, name)
        return SCHEMAS[name].empty_table() if found is None else found

    @classmethod
    def empty(cls) -> Facts:
        """Facts of an area that collects everything, and in which nothing happened."""
        return cls(**{name: schema.empty_table() for name, schema in SCHEMAS.items()})


def check_facts(facts: Facts, catalogue: Catalogue) -> None:
    """Check what the schemas cannot say.

    Args:
        facts: the microdata.
        catalogue: gives the codelist of each code column.

    Raises:
        ValueError: for a null where none may be, a code that is no leaf of its codelist, a case without a
            field of action, a case or a person in a case that appears twice, an involvement in no case,
            dates in the wrong order, a post that has two rows for one day, or a negative number of posts.
            The message names table and column, never a value.
    """
    for name, table in facts.tables():
        for column in SCHEMAS[name]:
            where = f"{name}.{column.name}"
            values = table[column.name]
            if not column.nullable and values.null_count:
                raise ValueError(f"{where} holds a null")
            if column.name.isupper():
                _check_codes(where, values, codelist_of(catalogue, column.name))
    _check_keys(facts)
    for name, earlier, later in _ORDERED:
        _check_order(facts.table(name), name, earlier=earlier, later=later)
    _check_posts(facts.table("posts"))


def codelist_of(catalogue: Catalogue, dimension: str) -> Codelist:
    """Return the codelist that the catalogue's indicators use for a dimension.

    Raises:
        KeyError: if no indicator has the dimension.
    """
    for indicator in catalogue.indicators.values():
        use = indicator.dimension_use(dimension)
        if use is not None:
            return use.codelist
    raise KeyError(dimension)


def _check_schema(name: str, table: pa.Table, schema: pa.Schema) -> None:
    if table.column_names != schema.names:
        raise ValueError(f"{name}: columns must be {', '.join(schema.names)}")
    for column in schema:
        found = table.schema.field(column.name).type
        if found != column.type and not (column.type == CODE_TYPE and found == pa.string()):
            raise ValueError(f"{name}.{column.name}: type must be {column.type}")


def _check_codes(where: str, values: pa.ChunkedArray, codelist: Codelist) -> None:
    if pa.types.is_list(values.type):
        for chunk in values.chunks:
            if len(chunk) and bool((np.diff(_offsets(chunk)) == 0).any()):
                raise ValueError(f"{where} holds an empty set")
        values = pa.chunked_array([chunk.flatten() for chunk in values.chunks], pa.string())
    if not set(values.unique().to_pylist()) <= set(codelist.leaves):
        raise ValueError(f"{where} holds a code that is no leaf of {codelist.id}")


def _offsets(chunk: pa.ListArray) -> npt.NDArray[np.int32]:
    offsets: npt.NDArray[np.int32] = chunk.offsets.to_numpy()
    return offsets


def _check_keys(facts: Facts) -> None:
    cases = facts.table("cases")["case_id"]
    if len(cases.unique()) != len(cases):
        raise ValueError("cases.case_id holds a case twice")
    involvements = facts.table("involvements")
    pairs = involvements.select(["case_id", "person_id"])
    if pairs.group_by(["case_id", "person_id"]).aggregate([]).num_rows != pairs.num_rows:
        raise ValueError("involvements hold a person twice in one case")
    known = pc.is_in(involvements["case_id"], value_set=cases.combine_chunks())
    if pc.all(known).as_py() not in (True, None):
        raise ValueError("involvements hold a case that is not among the cases")


def _check_order(table: pa.Table, name: str, *, earlier: str, later: str) -> None:
    if pc.any(pc.greater(table[earlier], table[later])).as_py():
        raise ValueError(f"{name}.{later} lies before {name}.{earlier}")


def _check_posts(posts: pa.Table) -> None:
    for column in ("funded", "filled"):
        if pc.any(pc.less(posts[column], 0)).as_py():
            raise ValueError(f"posts.{column} is negative")
    spans = posts.sort_by([("post_id", "ascending"), ("valid_from", "ascending")])
    here, following = spans.slice(0, max(len(spans) - 1, 0)), spans.slice(1)
    same = pc.equal(here["post_id"], following["post_id"])
    # Without an end a post goes on for good: every further row of it overlaps.
    apart = pc.fill_null(pc.less(here["valid_to"], following["valid_from"]), fill_value=False)
    if pc.any(pc.and_(same, pc.invert(apart))).as_py():
        raise ValueError("posts hold a post twice for one day")
