"""Figures beside each other: identities that late registrations can break, and what is unlikely.

The same check runs at the node (on true values, before anything is signed) and at the hub (on what was
delivered). Invariants: a rule is judged only where every value it needs is known, so a withheld cell never
raises a finding and no finding narrows one down; a finding names a place, never a value; nothing here refuses
anything, somebody confirms or corrects.

It deliberately leaves out what holds in every delivery by construction (``certain``): a delivery that
contradicts that is refused by the rules of the protocol.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from protocol.catalogue import (
    Catalogue,
    Identity,
    IdentityKind,
    Indicator,
    PlausibilityKind,
    PlausibilityRule,
    Term,
)
from protocol.codelists import TOTAL
from protocol.grid import CellGrid, delivery_grid
from protocol.periods import Period
from protocol.texts import Text

#: Ages are taken at the reference date: people grow out of a class between two of them.
_MOVING: Final = frozenset({"AGE"})

Place = tuple[str, Period]


@dataclass(frozen=True, eq=False, slots=True)
class KnownValues:
    """The values of one delivery, as far as whoever asks knows them.

    Attributes:
        values: int64, scaled by the indicator's decimals, aligned with the delivery's grid; what stands at an
            unknown cell is not looked at.
        known: false where a cell is withheld or not delivered.
    """

    values: npt.NDArray[np.int64] = field(repr=False)
    known: npt.NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True, order=True, slots=True)
class PlausibilityFinding:
    """A place where figures do not fit together, to be confirmed or corrected.

    Attributes:
        dataset_id: dataflow of the cell.
        period: its period; of a relation between two periods the later one.
        rule: id of the identity or plausibility rule.
        row: cell in ``delivery_grid(catalogue, dataset_id, period.freq)``.
    """

    dataset_id: str
    period: Period
    rule: str
    row: int


def check_plausibility(
    catalogue: Catalogue,
    history: Mapping[Place, KnownValues],
    *,
    judged: Collection[Place] | None = None,
    breaks: Collection[Period] = (),
) -> tuple[PlausibilityFinding, ...]:
    """Check the figures of one area against each other.

    Args:
        catalogue: identities and plausibility rules.
        history: deliveries of one area by dataflow and period, aligned with
            ``delivery_grid(catalogue, dataset_id, period.freq)``; the newest vintage of each.
        judged: only relations that one of these deliveries takes part in; None for all.
        breaks: periods with which a series begins anew: what lies before is not compared with them.

    Returns:
        Findings by dataflow, period, rule and row; empty if everything fits.

    Raises:
        ValueError: if values are not aligned with the grid of their delivery.
    """
    book = _Book(catalogue, history, breaks)
    found: set[PlausibilityFinding] = set()
    for identity in catalogue.identities:
        if not identity.certain:
            found |= _kept(_broken_identity(book, identity), judged)
    for rule in catalogue.plausibility:
        found |= _kept(_CHECKS[rule.kind](book, rule), judged)
    return tuple(sorted(found))


def rule_text(catalogue: Catalogue, rule: str) -> Text:
    """Say what an identity or a plausibility rule expects.

    Raises:
        KeyError: if the catalogue has no such rule.
    """
    for identity in catalogue.identities:
        if identity.id == rule:
            return identity.text
    for known in catalogue.plausibility:
        if known.id == rule:
            return _wording(catalogue, known)
    raise KeyError(rule)


#: A finding, and the deliveries that were compared.
_Candidate = tuple[PlausibilityFinding, frozenset[Place]]


def _kept(candidates: Iterator[_Candidate], judged: Collection[Place] | None) -> set[PlausibilityFinding]:
    return {finding for finding, places in candidates if judged is None or not places.isdisjoint(set(judged))}


class _Book:
    """Looks cells up by indicator, period and codes."""

    def __init__(
        self, catalogue: Catalogue, history: Mapping[Place, KnownValues], breaks: Collection[Period]
    ) -> None:
        self.catalogue = catalogue
        self.history = history
        self.breaks = frozenset(breaks)
        for (dataset_id, period), known in history.items():
            size = len(delivery_grid(catalogue, dataset_id, period.freq))
            if known.values.shape != (size,) or known.known.shape != (size,):
                raise ValueError("values are not aligned with the grid of their delivery")

    def grid(self, place: Place) -> CellGrid:
        return delivery_grid(self.catalogue, place[0], place[1].freq)

    def periods(self, dataset_id: str) -> list[Period]:
        return sorted(period for known, period in self.history if known == dataset_id)

    def value(self, indicator: Indicator, period: Period, codes: Mapping[str, str]) -> int | None:
        """Return a cell's value; None where it is unknown, not delivered, or no cell."""
        place = (indicator.dataset, period)
        known = self.history.get(place)
        if known is None:
            return None
        grid = self.grid(place)
        row = grid.index.get(grid.key(indicator, codes))
        return int(known.values[row]) if row is not None and known.known[row] else None

    def value_in(self, indicator: Indicator, period: Period, codes: Mapping[str, str]) -> int | None:
        """Return a cell's value in a period; the year of what is delivered by quarter is computed."""
        if period.freq in indicator.frequencies or period.quarter is not None:
            return self.value(indicator, period, codes)
        quarters = [self.value(indicator, Period(period.year, number), codes) for number in (1, 2, 3, 4)]
        if indicator.time_additivity == "last":
            return quarters[-1]
        known = [value for value in quarters if value is not None]
        return sum(known) if indicator.time_additivity == "sum" and len(known) == 4 else None

    def lines(self, indicator: Indicator, period: Period) -> npt.NDArray[np.int64]:
        """Return the rows of an indicator's total and of its cells broken down by one dimension.

        Empty where the indicator is not delivered in the frequency of the period.
        """
        grid = self.grid((indicator.dataset, period))
        rows = (grid.index.get(grid.key(indicator, codes)) for codes in _lines(indicator))
        return np.array([row for row in rows if row is not None], dtype=np.int64)

    def sum(self, terms: Sequence[Term], period: Period, codes: Mapping[str, str]) -> int | None:
        """Add signed terms up; None unless all of them are known."""
        total = 0
        for term in terms:
            indicator = self.catalogue.indicator(term.indicator)
            value = self.value_in(indicator, _back(period, term.lag), {**codes, **dict(term.codes)})
            if value is None:
                return None
            total += term.sign * value
        return total

    def interrupted(self, period: Period, lag: int) -> bool:
        """Whether the series begins anew between a period and the one ``lag`` before it."""
        return any(_back(period, step) in self.breaks for step in range(lag))

    def finding(
        self, rule: str, indicator: Indicator, period: Period, codes: Mapping[str, str]
    ) -> PlausibilityFinding:
        grid = self.grid((indicator.dataset, period))
        return PlausibilityFinding(
            indicator.dataset, period, rule, grid.index[grid.key(indicator, dict(codes))]
        )


def _broken_identity(book: _Book, identity: Identity) -> Iterator[_Candidate]:
    # FLOW_HIDDEN is for an attacker: a status that changes during a case contradicts it without any fault.
    if identity.kind in {IdentityKind.FLOW, IdentityKind.EQUAL}:
        yield from _unequal(book, identity)
    elif identity.kind is IdentityKind.YEAR_BOUNDS:
        yield from _outside_year(book, identity)


def _unequal(book: _Book, identity: Identity) -> Iterator[_Candidate]:
    first = book.catalogue.indicator(identity.terms[0].indicator)
    reach = max(term.lag for term in identity.terms)
    for period in book.periods(first.dataset):
        if book.interrupted(period, reach):
            continue
        for codes in _cells(first, identity.dimensions):
            total = book.sum(identity.terms, period, codes)
            if total is not None and total != 0:
                yield (
                    book.finding(identity.id, first, period, codes),
                    _places(book, identity.terms, period),
                )


def _outside_year(book: _Book, identity: Identity) -> Iterator[_Candidate]:
    indicator = book.catalogue.indicator(identity.terms[0].indicator)
    dimensions = [d for d in identity.dimensions if d not in _MOVING]
    for year in book.periods(indicator.dataset):
        quarters = [Period(year.year, number) for number in (1, 2, 3, 4)]
        # Where the series begins anew within the year, its quarters were counted in two ways.
        if year.quarter is not None or any(quarter in book.breaks for quarter in quarters[1:]):
            continue
        places = frozenset((indicator.dataset, period) for period in (year, *quarters))
        for codes in _cells(indicator, dimensions):
            whole = book.value(indicator, year, codes)
            parts = [book.value(indicator, quarter, codes) for quarter in quarters]
            known = [part for part in parts if part is not None]
            if whole is None or not known:
                continue
            if whole < max(known) or (len(known) == 4 and whole > sum(known)):
                yield book.finding(identity.id, indicator, year, codes), places


def _more_than(book: _Book, rule: PlausibilityRule) -> Iterator[_Candidate]:
    for period, codes, left, right in _compared(book, rule):
        if left > right:
            yield _of_rule(book, rule, period, codes)


def _outside_ratio(book: _Book, rule: PlausibilityRule) -> Iterator[_Candidate]:
    above, below = (book.catalogue.indicator(side[0].indicator) for side in (rule.left, rule.right))
    scale = 10**above.decimals
    for period, codes, left, right in _compared(book, rule):
        if right <= 0:
            continue
        # left / 10**above.decimals against limit * right / 10**below.decimals, in integers
        ratio_over, ratio_under = left * 10**below.decimals, right * scale
        too_small = rule.lower is not None and ratio_over < rule.lower * ratio_under
        too_large = rule.upper is not None and ratio_over > rule.upper * ratio_under
        if too_small or too_large:
            yield _of_rule(book, rule, period, codes)


def _jumps(book: _Book, rule: PlausibilityRule) -> Iterator[_Candidate]:
    window, factor = rule.window or 0, rule.max_factor or 1
    for indicator in book.catalogue.indicators.values():
        smallest = (rule.min_value or 0) * 10**indicator.decimals
        lines: dict[str, npt.NDArray[np.int64]] = {}
        for period in book.periods(indicator.dataset):
            places = [(indicator.dataset, _back(period, step)) for step in range(window + 1)]
            if book.interrupted(period, window) or not all(place in book.history for place in places):
                continue
            if period.freq not in lines:
                lines[period.freq] = book.lines(indicator, period)
            here, *before = (book.history[place] for place in places)
            rows = lines[period.freq]
            rows = rows[np.logical_and.reduce([known.known[rows] for known in (here, *before)])]
            # Python's integers, whatever a delivery says: these cannot overflow. The mean is total / window.
            value = here.values[rows].astype(object) * window
            total = sum(known.values[rows].astype(object) for known in before)
            counts = (np.maximum(value, total) >= smallest * window) & (total > 0)
            jumped = counts & ((value > factor * total) | (value * factor < total))
            for row in rows[jumped].tolist():
                found = PlausibilityFinding(indicator.dataset, period, rule.id, row)
                yield found, frozenset(places)


_CHECKS: Final = {
    PlausibilityKind.AT_MOST: _more_than,
    PlausibilityKind.RATIO_WITHIN: _outside_ratio,
    PlausibilityKind.JUMP: _jumps,
}


def _compared(book: _Book, rule: PlausibilityRule) -> Iterator[tuple[Period, Mapping[str, str], int, int]]:
    """Yield period, codes and both sides of every cell that both sides have and that is known."""
    first = book.catalogue.indicator(rule.left[0].indicator)
    pinned = {dimension for term in (*rule.left, *rule.right) for dimension, _ in term.codes}
    others = [book.catalogue.indicator(term.indicator) for term in (*rule.left, *rule.right)]
    shared = [
        use.id
        for use in first.dimensions
        if use.id not in pinned and all(other.dimension_use(use.id) is not None for other in others)
    ]
    for period in book.periods(first.dataset):
        for codes in _cells(first, shared):
            left, right = book.sum(rule.left, period, codes), book.sum(rule.right, period, codes)
            if left is not None and right is not None:
                yield period, codes, left, right


def _of_rule(book: _Book, rule: PlausibilityRule, period: Period, codes: Mapping[str, str]) -> _Candidate:
    first = rule.left[0]
    indicator = book.catalogue.indicator(first.indicator)
    finding = book.finding(rule.id, indicator, period, {**codes, **dict(first.codes)})
    return finding, _places(book, (*rule.left, *rule.right), period)


def _places(book: _Book, terms: Sequence[Term], period: Period) -> frozenset[Place]:
    places: set[Place] = set()
    for term in terms:
        indicator, there = book.catalogue.indicator(term.indicator), _back(period, term.lag)
        computed = there.quarter is None and "A" not in indicator.frequencies
        parts = [Period(there.year, number) for number in (1, 2, 3, 4)] if computed else [there]
        places |= {(indicator.dataset, part) for part in parts}
    return frozenset(places)


def _cells(indicator: Indicator, dimensions: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the codes of each delivered cell that is broken down by none but these dimensions."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    for table in indicator.tables:
        uses = [use for d in table if d in dimensions and (use := indicator.dimension_use(d)) is not None]
        for combination in itertools.product(*([code.id for code in use.codelist.published] for use in uses)):
            codes = {use.id: code for use, code in zip(uses, combination, strict=True)}
            below = tuple(sorted((d, code) for d, code in codes.items() if code != TOTAL))
            if below not in seen:
                seen.add(below)
                yield codes


def _lines(indicator: Indicator) -> Iterator[dict[str, str]]:
    """Yield the codes of an indicator's total and of each cell broken down by one dimension."""
    for codes in _cells(indicator, [use.id for use in indicator.dimensions]):
        if sum(code != TOTAL for code in codes.values()) <= 1:
            yield codes


def _back(period: Period, lag: int) -> Period:
    for _ in range(lag):
        period = period.previous()
    return period


def _wording(catalogue: Catalogue, rule: PlausibilityRule) -> Text:
    if rule.kind is PlausibilityKind.JUMP:
        factor, window, least = rule.max_factor, rule.window, rule.min_value
        return Text(
            f"Höchstens Faktor {factor} gegenüber dem Mittel der {window} Zeiträume davor (ab {least})",
            f"At most a factor of {factor} from the mean of the {window} periods before (from {least})",
        )
    left, right = (catalogue.indicator(side[0].indicator).name for side in (rule.left, rule.right))
    if rule.kind is PlausibilityKind.AT_MOST:
        return Text(f"{left.de}: höchstens {right.de}", f"{left.en}: at most {right.en}")
    lower, upper = f"{rule.lower or 0:,}", f"{rule.upper:,}" if rule.upper is not None else "…"
    return Text(
        f"{left.de} je {right.de}: {lower} bis {upper}".replace(",", "."),
        f"{left.en} per {right.en}: {lower} to {upper}",
    )
