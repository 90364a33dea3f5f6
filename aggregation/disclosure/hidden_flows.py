"""What a flow says about breakdowns in which it is not delivered.

Cases that ended are delivered by sex and outcome only. By citizenship they follow from stocks and newcomers:
who was there or came, and is not there now, has gone. Nobody sees that count, but it is not negative and at
most all who went; where several answers are possible, it obeys what several answers obey. Rows for leaves
suffice where a dimension adds up: those of parents are their sums.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aggregation.sdc.linear_system import NO_LIMIT
from protocol.catalogue import Catalogue, Identity, IdentityKind, Indicator, Term
from protocol.grid import CellGrid


@dataclass(frozen=True, slots=True)
class FlowLink:
    """One cell's flow identity: signed cells of the period itself and of earlier ones.

    Attributes:
        signs: sign of each term.
        rows: grid row of each term.
        lags: periods back of each term.
        lower: smallest value of their sum.
        upper: largest value of their sum.
        hidden: whether it speaks of a flow that is not delivered.
    """

    signs: tuple[int, ...]
    rows: tuple[int, ...]
    lags: tuple[int, ...]
    lower: int = 0
    upper: int = 0
    hidden: bool = False


def hidden_flow_links(catalogue: Catalogue, grid: CellGrid) -> Iterator[FlowLink]:
    """Yield the rows of every identity of kind ``flow_hidden`` whose indicators the dataflow has."""
    indicators = {indicator.id: indicator for indicator in grid.indicators}
    for identity in catalogue.identities:
        if identity.kind is IdentityKind.FLOW_HIDDEN and all(
            t.indicator in indicators for t in identity.terms
        ):
            for group in identity.groups:
                yield from _Hidden(grid, identity, indicators).links(group)


@dataclass(frozen=True, eq=False)
class _Hidden:
    """The hidden flow of one identity."""

    grid: CellGrid
    identity: Identity
    indicators: Mapping[str, Indicator]

    def links(self, group: Sequence[str]) -> Iterator[FlowLink]:
        first = self.indicators[self.identity.terms[0].indicator]
        uses = [use for use in (first.dimension_use(dimension) for dimension in group) if use is not None]
        if len(uses) != len(group):
            raise KeyError(f"{self.identity.id}: a group names a dimension the indicator does not have")
        leaves = [[c.id for c in use.codelist.published if not use.codelist.children(c.id)] for use in uses]
        cells = [dict(zip(group, codes, strict=True)) for codes in itertools.product(*leaves)]
        if all(use.additive for use in uses):
            for cell in cells:
                yield from self._link([cell], cell, 0, NO_LIMIT, with_total=False)
                yield from self._link([cell], cell, -NO_LIMIT, 0)
            return
        if len(uses) != 1:
            raise KeyError(f"{self.identity.id}: several answers are possible in a dimension of its own only")
        total = uses[0].codelist.total or ""
        exclusive = [{group[0]: code} for code in uses[0].codelist.exclusive_children(total)]
        for cell in cells:
            yield from self._link([cell], {}, 0, NO_LIMIT, with_total=False)
            others = [other for other in exclusive if other != cell]
            yield from self._link([cell, *others], {}, -NO_LIMIT, 0)
        yield from self._link(cells, {}, 0, NO_LIMIT)

    def _link(
        self,
        cells: Sequence[Mapping[str, str]],
        total: Mapping[str, str],
        lower: int,
        upper: int,
        *,
        with_total: bool = True,
    ) -> Iterator[FlowLink]:
        """Yield a row about the hidden count of some cells, less the delivered flow they are part of."""
        *known, flow = self.identity.terms
        terms = [(term, self._row(term, cell)) for cell in cells for term in known]
        if with_total:
            terms.append((flow, self._row(flow, total)))
        rows = tuple(row for _, row in terms if row is not None)
        if len(rows) == len(terms):
            yield FlowLink(
                tuple(term.sign for term, _ in terms),
                rows,
                tuple(term.lag for term, _ in terms),
                lower,
                upper,
                hidden=True,
            )

    def _row(self, term: Term, cell: Mapping[str, str]) -> int | None:
        indicator = self.indicators[term.indicator]
        proper = {d: c for d, c in cell.items() if indicator.dimension_use(d) is not None}
        return self.grid.index.get(self.grid.key(indicator, {**proper, **dict(term.codes)}))
