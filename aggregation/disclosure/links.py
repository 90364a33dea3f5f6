"""Relations between the deliveries of an area: flows, figures of other dataflows, quarters and years.

A :class:`Web` says which deliveries such relations connect, counted from an anchor period, and what holds
between their cells; it depends on the catalogue alone. `history` lays webs over the deliveries that exist.

**Persons of a year.** Nobody is counted in a quarter who is not counted in its year, and whoever is counted
in the year is counted in a quarter: cell by cell the year is at least every quarter and at most the sum of
quarters. Not by age: age is taken at the last day of the period, so a person of 17 in spring may be one of
18 in the year. What holds by age holds from one end of life: whoever has reached an age in a quarter has
reached it in the year, and whoever has not reached it by the end of the year has not in any quarter; the
last quarter ends with the year, so it is part of the year age by age. Whoever is new in a later quarter was
in no earlier one: the year is at least a quarter and all newcomers after it.

**What is only likely** (``at_most`` of the catalogue: filled posts and spent funds are at most those granted;
a ``subset`` that is not certain: citizens of the EU have free movement) is as good as certain for an attacker
wherever it is true. It holds within one delivery, but not in every one, so it stands here and not among the
relations of a delivery.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from aggregation.disclosure.relations import Structure, shared_cells, structure_of
from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from protocol.catalogue import (
    Catalogue,
    DimensionUse,
    Identity,
    IdentityKind,
    Indicator,
    PlausibilityKind,
    PlausibilityRule,
)
from protocol.codelists import Codelist
from protocol.grid import CellGrid, Key
from protocol.periods import Period
from protocol.texts import Text

QUARTERS: Final = (1, 2, 3, 4)
_AGE_LIMIT: Final = "lower_years"
_OF_COUNTS: Final = frozenset(
    {RelationKind.FLOW, RelationKind.FLOW_HIDDEN, RelationKind.YEAR, RelationKind.SUBSET}
)
"""Relations that still say something when a count in them was never delivered."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One delivery of a web, found from its anchor period.

    Attributes:
        dataset_id: dataflow.
        freq: frequency.
        back: how many periods before the anchor.
        quarter: for a quarter of an anchor year, which one.
    """

    dataset_id: str
    freq: str
    back: int = 0
    quarter: int | None = None

    def period(self, anchor: Period) -> Period:
        """Return the period of the delivery."""
        if self.quarter is not None:
            return Period(anchor.year, self.quarter)
        for _ in range(self.back):
            anchor = anchor.previous()
        return anchor

    def anchor(self, period: Period) -> Period:
        """Return the anchor that puts a delivery of this period into the slot."""
        if self.quarter is not None:
            return Period(period.year)
        for _ in range(self.back):
            period = period.next()
        return period

    def takes(self, dataset_id: str, period: Period) -> bool:
        """Whether a delivery of this dataflow and period can stand here for some anchor."""
        return (dataset_id, period.freq) == (self.dataset_id, self.freq) and self.quarter in {
            None,
            period.quarter,
        }


@dataclass(frozen=True, slots=True)
class Link:
    """One relation between cells of a web's deliveries.

    Attributes:
        kind: why it holds.
        signs: sign of each term.
        slots: position of each term's delivery in the web.
        rows: row of each term in the grid of that delivery.
        lower: smallest value of their sum.
        upper: largest value of their sum.
    """

    kind: RelationKind
    signs: tuple[int, ...]
    slots: tuple[int, ...]
    rows: tuple[int, ...]
    lower: int = 0
    upper: int = 0


@dataclass(frozen=True, eq=False)
class Web:
    """Relations between certain deliveries, wherever the anchor lies.

    Attributes:
        slots: the deliveries.
        sizes: number of cells of each.
        links: what holds between them.
    """

    slots: tuple[Slot, ...]
    sizes: tuple[int, ...]
    links: tuple[Link, ...]

    def system(self, known: tuple[bool, ...]) -> LinearSystem:
        """Return the relations as far as deliveries are known, over the cells of all slots in order."""
        return _system(self, known)

    def tied(self, known: tuple[bool, ...]) -> frozenset[tuple[int, int]]:
        """Return the pairs of slots that some relation between known deliveries connects."""
        return _tied(self, known)


_WEBS: dict[str, tuple[Web, ...]] = {}


def webs_of(catalogue: Catalogue) -> tuple[Web, ...]:
    """Return everything that the catalogue says between deliveries; built once per process and catalogue."""
    if catalogue.sha256 not in _WEBS:
        _WEBS[catalogue.sha256] = tuple(web for web in _webs(catalogue) if web.links)
    return _WEBS[catalogue.sha256]


def _webs(catalogue: Catalogue) -> Iterator[Web]:
    for dataset in catalogue.datasets.values():
        for freq in dataset.frequencies:
            yield _flows(structure_of(catalogue, dataset.id, freq), freq)
    for identity in catalogue.identities:
        if identity.kind in {IdentityKind.EQUAL, IdentityKind.SUBSET}:
            if not _within_one_delivery(catalogue, identity):
                yield from _between_figures(catalogue, identity)
        elif identity.kind is IdentityKind.YEAR_BOUNDS:
            yield from _years(catalogue, identity)
    for rule in catalogue.plausibility:
        if rule.kind is PlausibilityKind.AT_MOST:
            yield from _between_figures(catalogue, _as_identity(catalogue, rule))


@lru_cache(maxsize=256)
def _system(web: Web, known: tuple[bool, ...]) -> LinearSystem:
    starts = [0, *itertools.accumulate(web.sizes)]
    relations = (_relation(link, known, starts) for link in web.links)
    return LinearSystem.of(starts[-1], [relation for relation in relations if relation is not None])


@lru_cache(maxsize=256)
def _tied(web: Web, known: tuple[bool, ...]) -> frozenset[tuple[int, int]]:
    system, slot_of = _system(web, known), np.repeat(np.arange(len(web.sizes)), web.sizes)
    slots_of_rows = {
        frozenset(slot_of[system.columns[system.entries(row)]].tolist()) for row in range(system.rows)
    }
    return frozenset(pair for slots in slots_of_rows for pair in itertools.permutations(slots, 2))


def _relation(link: Link, known: Sequence[bool], starts: Sequence[int]) -> Relation | None:
    """Return a link as a row; of counts that were never delivered it is known that they are not negative.

    Of equal figures nothing is left then: without one of them there is nothing to be equal to.
    """
    terms = list(zip(link.signs, link.slots, link.rows, strict=True))
    there = [(sign, starts[slot] + row) for sign, slot, row in terms if known[slot]]
    missing = {sign for sign, slot, _ in terms if not known[slot]}
    if missing and (link.kind not in _OF_COUNTS or (link.kind is RelationKind.YEAR and 1 in missing)):
        return None
    if len(missing) > 1 or not there:
        return None
    lower = -NO_LIMIT if missing == {1} else link.lower
    upper = NO_LIMIT if missing == {-1} else link.upper
    if lower == -NO_LIMIT and upper == NO_LIMIT:
        return None
    floor = missing and link.kind is RelationKind.FLOW
    return Relation(
        kind=RelationKind.FLOW_FLOOR if floor else link.kind,
        cells=tuple(cell for _, cell in there),
        coefficients=tuple(sign for sign, _ in there),
        lower=lower,
        upper=upper,
        certain=False,
    )


def _flows(structure: Structure, freq: str) -> Web:
    """Return the flow identities of a dataflow; slot ``n`` is the delivery ``n`` periods back."""
    lags = range(structure.reach + 1)
    return Web(
        slots=tuple(Slot(structure.grid.dataset.id, freq, back=lag) for lag in lags),
        sizes=tuple(len(structure.grid) for _ in lags),
        links=tuple(
            Link(
                kind=RelationKind.FLOW_HIDDEN if flow.hidden else RelationKind.FLOW,
                signs=flow.signs,
                slots=flow.lags,
                rows=flow.rows,
                lower=flow.lower,
                upper=flow.upper,
            )
            for flow in (*structure.flows, *structure.hidden_flows)
        ),
    )


def _within_one_delivery(catalogue: Catalogue, identity: Identity) -> bool:
    """Whether an identity is one of `relations` already."""
    if identity.kind is IdentityKind.SUBSET and not identity.certain:
        return False
    datasets = {catalogue.indicators[term.indicator].dataset for term in identity.terms}
    return len(datasets) == 1 and not any(term.lag for term in identity.terms)


def _as_identity(catalogue: Catalogue, rule: PlausibilityRule) -> Identity:
    """Return what a rule expects of the cells that all its figures have."""
    indicators = [catalogue.indicators[term.indicator] for term in (*rule.left, *rule.right)]
    return Identity(
        id=rule.id,
        kind=IdentityKind.SUBSET,
        severity="warning",
        certain=False,
        dimensions=tuple(
            use.id
            for use in indicators[0].dimensions
            if all(indicator.dimension_use(use.id) is not None for indicator in indicators)
        ),
        terms=(*rule.left, *(replace(term, sign=-term.sign) for term in rule.right)),
        text=Text(rule.id, rule.id),
    )


def _between_figures(catalogue: Catalogue, identity: Identity) -> Iterator[Web]:
    """Yield what an identity says about figures of several dataflows or periods, counted from the newest."""
    of_terms = [catalogue.indicators[term.indicator] for term in identity.terms]
    equal = identity.kind is IdentityKind.EQUAL
    for freq in sorted(set.intersection(*(set(indicator.frequencies) for indicator in of_terms))):
        datasets = dict.fromkeys(indicator.dataset for indicator in of_terms)
        grids = {dataset: structure_of(catalogue, dataset, freq).grid for dataset in datasets}
        places = [
            Slot(indicator.dataset, freq, back=term.lag)
            for indicator, term in zip(of_terms, identity.terms, strict=True)
        ]
        slots = tuple(dict.fromkeys(places))
        cells = itertools.chain.from_iterable(
            shared_cells(list(grids.values()), replace(identity, dimensions=group))
            for group in (identity.groups or (identity.dimensions,))
        )
        yield Web(
            slots=slots,
            sizes=tuple(len(grids[slot.dataset_id]) for slot in slots),
            links=tuple(
                Link(
                    kind=RelationKind.EQUAL if equal else RelationKind.SUBSET,
                    signs=signs,
                    slots=tuple(slots.index(place) for place in places),
                    rows=rows,
                    lower=0 if equal else -NO_LIMIT,
                )
                for signs, rows, _ in dict.fromkeys(cells)
            ),
        )


# ---------------------------------------------------------------------------------- quarters and their year


def _years(catalogue: Catalogue, identity: Identity) -> Iterator[Web]:
    """Yield what holds between the year of an indicator and its quarters; slot 0 is the year."""
    indicator, *further = (catalogue.indicators[term.indicator] for term in identity.terms)
    newcomers = next((other for other in further if other.dataset == indicator.dataset), None)
    if set(indicator.frequencies) >= {"A", "Q"}:
        year, quarter = (structure_of(catalogue, indicator.dataset, freq).grid for freq in ("A", "Q"))
        yield Web(
            slots=(
                Slot(indicator.dataset, "A"),
                *(Slot(indicator.dataset, "Q", quarter=number) for number in QUARTERS),
            ),
            sizes=(len(year), *(len(quarter) for _ in QUARTERS)),
            links=tuple(_Year(indicator, newcomers, year, quarter).links(identity.dimensions)),
        )


@dataclass(frozen=True, eq=False)
class _Year:
    """The bounds of one indicator's year."""

    indicator: Indicator
    newcomers: Indicator | None
    year: CellGrid
    quarter: CellGrid

    def links(self, dimensions: Sequence[str]) -> Iterator[Link]:
        for row in self.year.rows_of(self.indicator.id):
            key, codes = self.year.keys[row], self.year.codes(row)
            below = [use for use in self.indicator.dimensions if codes[use.id] != use.codelist.total]
            if not {use.id for use in below} <= set(dimensions):
                continue
            by_age = next((use for use in below if _ages(use.codelist)), None)
            if by_age is None or codes[by_age.id] not in _classes(by_age.codelist):
                yield from (self._at_least([key], number) for number in QUARTERS)
                yield from self._with_newcomers(key, codes)
                yield self._at_most([key])
            else:
                yield self._at_least([key], QUARTERS[-1])  # both ages are those of the last day of the year
                if codes[by_age.id] == _ages(by_age.codelist)[0]:
                    yield from self._from_one_end(codes, by_age)

    def _from_one_end(self, codes: Mapping[str, str], by_age: DimensionUse) -> Iterator[Link]:
        ages = _ages(by_age.codelist)
        keys = [self.year.key(self.indicator, {**codes, by_age.id: age}) for age in ages]
        for split in range(1, len(keys)):
            yield self._at_most(keys[:split])
            yield from (self._at_least(keys[split:], number) for number in QUARTERS[:-1])

    def _with_newcomers(self, key: Key, codes: Mapping[str, str]) -> Iterator[Link]:
        """Yield that the year is at least a quarter and those who are new after it."""
        if self.newcomers is None:
            return
        own = {use.id for use in self.newcomers.dimensions}
        if any(codes[use.id] != use.codelist.total for use in self.indicator.dimensions if use.id not in own):
            return
        proper = {dimension: code for dimension, code in codes.items() if dimension in own}
        new = self.quarter.index.get(self.quarter.key(self.newcomers, proper))
        if new is None:
            return
        for number in QUARTERS[:-1]:
            later = range(number + 1, QUARTERS[-1] + 1)
            signs = (1, -1, *(-1 for _ in later))
            rows = (self.year.index[key], self.quarter.index[key], *(new for _ in later))
            yield Link(RelationKind.YEAR, signs, (0, number, *later), rows, 0, NO_LIMIT)

    def _at_least(self, keys: Sequence[Key], quarter: int) -> Link:
        return self._link(keys, (quarter,), 0, NO_LIMIT)

    def _at_most(self, keys: Sequence[Key]) -> Link:
        return self._link(keys, QUARTERS, -NO_LIMIT, 0)

    def _link(self, keys: Sequence[Key], quarters: Sequence[int], lower: int, upper: int) -> Link:
        """Return limits of the year's cells together less those of some quarters."""
        terms = [(1, 0, self.year.index[key]) for key in keys]
        terms += [(-1, number, self.quarter.index[key]) for number in quarters for key in keys]
        signs, slots, rows = zip(*terms, strict=True)
        return Link(RelationKind.YEAR, signs, slots, rows, lower, upper)


def _classes(codelist: Codelist) -> set[str]:
    return {code.id for code in codelist.codes if _AGE_LIMIT in code.attributes}


def _ages(codelist: Codelist) -> list[str]:
    """Return the leaves that are classes of age, youngest first."""
    classes = _classes(codelist)
    limits: Mapping[str, int] = {
        code: codelist[code].attributes[_AGE_LIMIT] for code in codelist.leaves if code in classes
    }
    return sorted(limits, key=limits.__getitem__)
