"""Audit a published table: what can somebody compute who knows what everybody knows?

With the true figures the audit asks, for every sensitive cell and every attacker, whether enough stays
uncertain. Without them it does what the attacker does. It looks for tables that fit everything published,
granting each withheld count only what the rules say of it: at least 1 where zeros are published. A withheld
count that is the same in all of them is known to everybody, so whether it is sensitive is known too; one that
is not is safe at level S1, sensitive or not. So at S1 the true figures add nothing to the verdict on counts.
What they are needed for is what depends on the truth: who is alone in a cell (S2), magnitudes, and at S3 the
cells of which the interval does not tell whether they are sensitive (they are undecided then).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aggregation.protect.attackers import attainable, views_of
from aggregation.protect.model import Counts, Figures, Rules
from aggregation.protect.primary import floors_of, primary_reasons
from aggregation.sdc.audit import ExposedCell, Route, Verdict, examine, examine_views, intervals
from aggregation.sdc.audit.attack import Tell
from aggregation.sdc.demands import Demands
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import LinearProgram, Status, limits_as_floats
from aggregation.sdc.publication import Publication
from aggregation.sdc.sensitivity import below_minimum, inhabited, parts_and_totals
from aggregation.sdc.tables import LinkedTables


class NotAuditableError(ValueError):
    """The question cannot be answered without the true figures."""


class ContradictionError(ValueError):
    """No table fits what is published: a margin was changed, rounded or added up from published cells.

    Attributes:
        rows: relations that contradict the published values by themselves; empty if it takes several.
    """

    def __init__(self, rows: IntArray) -> None:
        """Keep the rows for whoever can name them."""
        self.rows = rows
        super().__init__("no table fits what is published")


@dataclass(frozen=True, eq=False)
class Published:
    """What is published of some tables.

    Attributes:
        values: one per cell; entries of withheld cells are not looked at.
        withheld: which cells are withheld.
    """

    values: IntArray
    withheld: BoolArray


@dataclass(frozen=True, eq=False, slots=True)
class Finding:
    """A sensitive cell that somebody can compute, or compute too closely.

    Attributes:
        exposed: the cell, and how he gets to it.
        publication: what is published to him; its unpublished values are one table of many that fit.
        attacker: number of the attacker; 0 is the outsider.
    """

    exposed: ExposedCell
    publication: Publication
    attacker: int = 0

    @property
    def cell(self) -> int:
        """Number of the cell."""
        return self.exposed.cell


@dataclass(frozen=True, eq=False)
class Report:
    """What the audit says.

    Attributes:
        verdict: ``UNSAFE`` if anything was found, else ``UNKNOWN`` if anything is undecided, else ``SAFE``.
        findings: what was found, by attacker and cell; one per cell.
        undecided: sensitive cells without an answer.
        level: what was asked for; magnitudes have their own intervals.
        with_truth: whether the true figures were known.
        sensitive: number of sensitive cells; None without the true figures.
        withheld: number of withheld cells.
        attackers: number of attackers that were examined.
        harmless: withheld cells that can be computed and are not sensitive (without the true figures).
        out_of_reach: number of sensitive cells for which the tables do not allow the whole level.
        programs: number of programs solved.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    undecided: tuple[int, ...]
    level: Level
    with_truth: bool
    sensitive: int | None
    withheld: int
    attackers: int
    harmless: tuple[int, ...] = ()
    out_of_reach: int = 0
    programs: int = 0


def audit_tables(
    tables: LinkedTables,
    published: Published,
    *,
    rules: Rules,
    level: Level = Level.S1,
    figures: Figures | None = None,
    tell: Tell | None = None,
) -> Report:
    """Examine what is published.

    Args:
        tables: the tables.
        published: what is published of them.
        rules: the rules that sensitive cells follow from.
        level: how much must stay uncertain about counts.
        figures: the true figures; None if they are not known, then the published ones must be counts.
        tell: is told the progress.

    Raises:
        NotAuditableError: at S2 without the true figures.
        ContradictionError: if no table fits what is published.
    """
    if figures is not None:
        return _with_truth(tables, published, figures, rules=rules, level=level, tell=tell)
    if level is Level.S2:
        raise NotAuditableError
    return _without_truth(tables, published, rules, level=level)


def _with_truth(
    tables: LinkedTables,
    published: Published,
    figures: Figures,
    *,
    rules: Rules,
    level: Level,
    tell: Tell | None,
) -> Report:
    sensitive: BoolArray = primary_reasons(tables, figures, rules) != ""
    views = views_of(tables, figures, rules, level=level, sensitive=sensitive)
    views, out_of_reach = attainable(tables, figures, rules, level=level, views=views)
    floors = floors_of(tables, figures, rules, published=~published.withheld & ~sensitive)
    publication = Publication(tables.system, figures.values, published.withheld, floors)
    found: dict[int, Finding] = {}
    undecided: dict[int, None] = {}
    outcomes = examine_views(publication, views, tell=tell)
    for number, (view, outcome) in enumerate(zip(views, outcomes, strict=True)):
        undecided.update(dict.fromkeys(outcome.undecided))
        for exposed in outcome.exposed:
            found.setdefault(exposed.cell, Finding(exposed, view.of(publication), number))
    consistent = all(outcome.consistent for outcome in outcomes)
    return Report(
        verdict=_verdict(found, undecided) if consistent else Verdict.UNKNOWN,
        findings=tuple(found.values()),
        undecided=tuple(sorted(undecided)),
        level=level,
        with_truth=True,
        sensitive=int(sensitive.sum()),
        withheld=int(published.withheld.sum()),
        attackers=len(views),
        out_of_reach=int(out_of_reach.sum()),
        programs=sum(outcome.programs for outcome in outcomes),
    )


def _verdict(found: dict[int, Finding], undecided: dict[int, None]) -> Verdict:
    if found:
        return Verdict.UNSAFE
    return Verdict.UNKNOWN if undecided else Verdict.SAFE


# ------------------------------------------------------------------------------- without the true figures


def _without_truth(tables: LinkedTables, published: Published, rules: Rules, *, level: Level) -> Report:
    counts, withheld = Counts(np.where(published.withheld, 0, published.values)), published.withheld
    floors = floors_of(tables, counts, rules, published=~withheld)
    table, status = _some_table(tables, published, floors)
    if table is None and not rules.zero_publishable:
        # Against the rules something stands open that tells nothing about its complement.
        floors = np.zeros_like(floors)
        table, status = _some_table(tables, published, floors)
    if table is None:
        if status is Status.INFEASIBLE:
            raise ContradictionError(_contradictions(tables, published))
        return Report(
            verdict=Verdict.UNKNOWN,
            findings=(),
            undecided=tuple(np.flatnonzero(withheld).tolist()),
            level=level,
            with_truth=False,
            sensitive=None,
            withheld=int(withheld.sum()),
            attackers=1,
        )
    publication = Publication(tables.system, table, withheld, floors)
    outcome = examine(publication, Demands.differing(withheld))
    computed = {exposed.cell: exposed for exposed in outcome.exposed}
    known = ~withheld
    known[list(computed)] = True
    surely, perhaps = _sensitive_among(tables, rules, table=table, known=known, floors=floors)
    open_ones = [
        ExposedCell(cell, Route.PUBLISHED, ()) for cell in np.flatnonzero(surely & ~withheld).tolist()
    ]
    computable = [exposed for cell, exposed in computed.items() if surely[cell]]
    found = {exposed.cell: Finding(exposed, publication) for exposed in (*open_ones, *computable)}
    undecided = dict.fromkeys(outcome.undecided)
    undecided |= dict.fromkeys(np.flatnonzero(perhaps & ~surely).tolist())
    if level is Level.S3:
        undecided |= dict.fromkeys(_perhaps_too_narrow(publication, rules.min_contributors))
    return Report(
        verdict=_verdict(found, undecided),
        findings=tuple(found[cell] for cell in sorted(found)),
        undecided=tuple(sorted(set(undecided) - set(found))),
        level=level,
        with_truth=False,
        sensitive=None,
        withheld=int(withheld.sum()),
        attackers=1,
        harmless=tuple(cell for cell in sorted(computed) if not perhaps[cell]),
        programs=outcome.programs,
    )


def _perhaps_too_narrow(publication: Publication, minimum: int) -> list[int]:
    """Return the withheld counts that may be narrower than level S3 asks.

    A sensitive count must be able to be anything from 1 to just below the minimum, as far as the tables allow
    it. One that can only be larger is not sensitive. For all others that cannot be all of it, the true
    figures decide: whether they are sensitive, and what the tables allow.
    """
    found = intervals(publication, np.flatnonzero(publication.withheld))
    covers = (found.lower <= 1) & (found.upper >= minimum - 1)
    never = ((found.lower >= minimum) | (found.upper < 1)) & found.exact
    unclear: list[int] = found.cells[~covers & ~never].tolist()
    return unclear


def _some_table(
    tables: LinkedTables, published: Published, floors: IntArray
) -> tuple[IntArray | None, Status]:
    """Return some table in whole numbers that fits everything published, if there is one."""
    cells = np.flatnonzero(published.withheld)
    shown = np.where(published.withheld, 0, published.values)
    system = tables.system
    closed = np.bincount(system.row_of_entry[published.withheld[system.columns]], minlength=system.rows) == 0
    if not system.satisfied(shown)[closed].all():
        return None, Status.INFEASIBLE
    if not len(cells):
        return shown, Status.OPTIMAL
    reduced, _ = system.among(cells, system.activity(shown))
    lower = limits_as_floats(floors[cells])
    upper = np.full(len(cells), np.inf)
    status = Status.OPTIMAL
    for integral in ((), np.arange(len(cells))):
        # Often the cheapest table has whole numbers anyway; else they are asked for.
        answer = LinearProgram(reduced, lower, upper, integral=integral).minimise(np.ones(len(cells)))
        status, whole = answer.status, answer.integral()
        if whole is not None:
            table = shown.copy()
            table[cells] = whole
            if np.all(whole >= floors[cells]) and system.satisfied(table).all():
                return table, status
        elif status is Status.INFEASIBLE:
            break
    return None, status


def _contradictions(tables: LinkedTables, published: Published) -> IntArray:
    """Return the sums that are wrong with all of their cells published."""
    system, withheld = tables.system, published.withheld
    shown = np.where(withheld, 0, published.values)
    hidden = np.bincount(system.row_of_entry[withheld[system.columns]], minlength=system.rows)
    return np.flatnonzero(~system.satisfied(shown) & (hidden == 0))


def _sensitive_among(
    tables: LinkedTables, rules: Rules, *, table: IntArray, known: BoolArray, floors: IntArray
) -> tuple[BoolArray, BoolArray]:
    """Return which known cells are surely, and which are perhaps sensitive.

    Args:
        tables: the tables.
        rules: the rules.
        table: a table that fits everything published: the truth where a cell is known.
        known: cells that everybody knows.
        floors: smallest value of each cell that is not known.
    """
    surely: BoolArray = known & below_minimum(table, rules.min_contributors)
    perhaps = surely.copy()
    if rules.zero_publishable:
        return surely, perhaps
    zero = known & (table == 0)
    surely |= zero & inhabited(tables.system, np.where(known, table, floors))
    perhaps |= zero & inhabited(tables.system, np.where(known, table, 1))
    part, total = parts_and_totals(tables.system)
    positive = known[part] & (table[part] > 0)
    short = table[total] - table[part] < rules.min_contributors
    surely[part[positive & known[total] & short]] = True
    perhaps[part[positive & ~known[total]]] = True
    return surely, perhaps | surely
