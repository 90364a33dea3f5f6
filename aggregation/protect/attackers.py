"""Everybody who might compute a sensitive cell: what each of them knows, and what must stay uncertain.

The outsider comes first: he knows all published cells, published zeros, the relations and the rules. Of
counts a level may add the person who is alone in a cell (S2) or ask for more (S3). Of magnitudes every
contributor attacks too: it knows the cells in which it stands alone, and of all others that they hold at
least its own share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from aggregation.protect.model import Counts, Figures, Magnitudes, Rules
from aggregation.protect.primary import demands_on_amounts, floors_of, primary_reasons
from aggregation.sdc.audit.reach import within_reach
from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import Level, views_of_counts
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.sensitivity import share_up
from aggregation.sdc.tables import LinkedTables
from aggregation.sdc.views import View


def views_of(
    tables: LinkedTables, figures: Figures, rules: Rules, *, level: Level, sensitive: BoolArray
) -> tuple[View, ...]:
    """Return every attacker; the outsider comes first.

    Args:
        tables: the tables.
        figures: true figures.
        rules: the rules.
        level: how much must stay uncertain about counts; magnitudes have their own intervals.
        sensitive: which cells are sensitive.
    """
    if isinstance(figures, Counts):
        return views_of_counts(
            level,
            tables.system,
            figures.values,
            sensitive,
            minimum=rules.min_contributors,
            persons=figures.persons,
        )
    floors = floors_of(tables, figures, rules, published=~sensitive)
    demands = demands_on_amounts(figures, rules, sensitive, floors)
    insiders = _insiders(figures, rules, demands=demands, floors=floors)
    return (View(demands), *insiders)


@dataclass(frozen=True, eq=False)
class _Insider:
    """One contributor: its share of each cell, and what must stay uncertain for it.

    Attributes:
        cells: in which it has a share.
        home: the one of them with the fewest contributors.
        shares: its share of each cell, as a floor of the whole; 0 where it is none.
        known: cells in which it stands alone.
        demands: what must stay uncertain for it.
    """

    cells: IntArray
    home: int
    shares: IntArray
    known: BoolArray
    demands: Demands

    def view(self) -> View:
        return View(self.demands, known=self.known, least=self.shares)

    def learns_no_more_than(self, other: _Insider) -> bool:
        """Whether another one knows at least as much and is denied at least as much."""
        return bool(
            np.all(self.shares[self.cells] <= other.shares[self.cells])
            and np.all(self.known <= other.known)
            and np.all(self.demands.rise <= other.demands.rise)
            and np.all(self.demands.fall <= other.demands.fall)
        )


def _insiders(figures: Magnitudes, rules: Rules, *, demands: Demands, floors: IntArray) -> Iterator[View]:
    """Yield the contributors who matter: those with a share, whom no other one outdoes.

    Whoever outdoes another has a share in all of its cells: it is looked for in the smallest of them only.
    """
    kept: dict[int, _Insider] = {}
    at: dict[int, list[int]] = {}
    for number, insider in enumerate(_contributors(figures, rules, demands=demands, floors=floors)):
        rivals = [kept[other] for other in at.get(insider.home, ()) if other in kept]
        if not insider.demands.cells.any() or any(map(insider.learns_no_more_than, rivals)):
            continue
        for other in {other for cell in insider.cells.tolist() for other in at.get(cell, ())} & kept.keys():
            if kept[other].home in insider.cells and kept[other].learns_no_more_than(insider):
                del kept[other]
        kept[number] = insider
        for cell in insider.cells.tolist():
            at.setdefault(cell, []).append(number)
    return (insider.view() for insider in kept.values())


def _contributors(
    figures: Magnitudes, rules: Rules, *, demands: Demands, floors: IntArray
) -> Iterator[_Insider]:
    """Yield every contributor, in the order of their numbers."""
    behind, shares = figures.behind, figures.shares
    percent = max(rules.protection_range_percent, rules.min_protection_percent or Fraction(0)) / 100
    # Of two contributors the smaller is protected from the larger, by a share of its own amount.
    smaller = share_up(behind.largest[1], share=percent.numerator, of=percent.denominator)
    towards_largest = np.where(behind.contributors == 2, np.maximum(smaller, 1), 0)
    starts = np.flatnonzero(np.diff(shares.contributor, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(shares.contributor)], strict=True):
        cells, amounts = shares.cell[first:last], shares.amount[first:last]
        own = np.zeros(len(behind.values), dtype=np.int64)
        own[cells] = amounts
        # A share is a floor of the whole only where nothing is negative.
        least = np.where((behind.values == behind.gross) & (own > 0), own, 0)
        largest = (own != 0) & (np.abs(own) == behind.largest[0]) & (behind.largest[1] < behind.largest[0])
        most = np.where(largest, towards_largest, NO_LIMIT)
        room = np.where(floors <= -NO_LIMIT, NO_LIMIT, behind.values - np.maximum(floors, least))
        yield _Insider(
            cells=cells,
            home=int(cells[np.argmin(behind.contributors[cells])]),
            shares=least,
            known=(own != 0) & (behind.contributors == 1),
            demands=Demands(
                demands.differ,
                np.minimum(demands.rise, most),
                np.minimum(np.minimum(demands.fall, most), room),
            ),
        )


def sensitive_cells(tables: LinkedTables, figures: Figures, rules: Rules) -> BoolArray:
    """Return which cells are sensitive by themselves."""
    sensitive: BoolArray = primary_reasons(tables, figures, rules) != ""
    return sensitive


def attainable(
    tables: LinkedTables, figures: Figures, rules: Rules, *, level: Level, views: tuple[View, ...]
) -> tuple[tuple[View, ...], BoolArray]:
    """Leave out what no pattern could achieve, because the tables do not allow it.

    A total of 3 has no cell that could be 4. What cannot be met with everything withheld that may be can be
    met by no pattern. For the outsider such a cell must at least not be known exactly (level S1, which is
    always possible); a person who is alone in a total knows its empty parts whatever is done.

    Args:
        tables: the tables.
        figures: true figures.
        rules: the rules.
        level: the level; at S1 everything can be met, and nothing is examined.
        views: the attackers.

    Returns:
        The attackers with what can be met, and the cells for which that is less than the level.
    """
    short = np.zeros(len(tables), dtype=np.bool_)
    if isinstance(figures, Magnitudes) or level is Level.S1 or (level is Level.S2 and rules.zero_publishable):
        return views, short
    sensitive = np.logical_or.reduce([view.demands.cells for view in views])
    floors = floors_of(tables, figures, rules, published=~sensitive)
    publication = Publication(tables.system, figures.values, sensitive, floors)
    optional: BoolArray = (figures.values > 0) | (not rules.zero_publishable)
    found: list[View] = []
    for number, view in enumerate(views):
        reach = within_reach(view.of(publication), view.demands, optional=optional & ~known_to(view))
        beyond = reach.beyond.any(axis=0)
        demands = reach.possible
        if number == 0:
            demands = Demands(demands.differ | beyond, demands.rise, demands.fall)
            short |= beyond
        found.append(View(demands, known=view.known, least=view.least))
    return tuple(found), short


def known_to(view: View) -> BoolArray:
    """Return the cells that an attacker knows because they are his own."""
    return np.zeros_like(view.demands.differ) if view.known is None else view.known
