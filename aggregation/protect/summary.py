"""What a run came to, in numbers that say nothing about a single cell: for the terminal, JSON and the report.

How many cells are withheld, and on which levels, can be counted in what is published. How many of them are
sensitive cannot: a summary stays in the house. No sum over withheld values is in it, for with the pattern at
hand such a sum is one more equation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from aggregation.protect.auditing import Report
from aggregation.protect.model import Figures, Kind, Magnitudes
from aggregation.protect.protecting import Outcome
from aggregation.protect.structure import UNIT, Structure
from aggregation.protect.wording import cell_label, derivation
from aggregation.sdc.linear_system import BoolArray


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How much is withheld on one level of a hierarchy.

    Attributes:
        dimension: the dimension.
        depth: the level, 0 at the top.
        codes: number of its codes.
        cells: number of cells with one of these codes.
        withheld: how many of them are withheld.
        sensitive: how many of them are sensitive; None if that is not known.
    """

    dimension: str
    depth: int
    codes: int
    cells: int
    withheld: int
    sensitive: int | None


@dataclass(frozen=True, slots=True)
class Protection:
    """How a pattern came about.

    Attributes:
        sensitive: number of sensitive cells.
        secondary: number of cells that are withheld for their sake.
        empty: number of zeros; they are published if the rules say so.
        absent: leaf cells without a row, counted as 0.
        bound: smallest number of secondary cells that is proven to be needed; None if nothing is proven, or
            if costs are not units.
        gap_percent: by how much the pattern may be dearer than the cheapest, at most; None if not known.
        optimal: whether it is proven that no pattern is cheaper.
        rounds: rounds of improvement; the same number gives the same pattern again.
    """

    sensitive: int
    secondary: int
    empty: int
    absent: int
    bound: int | None
    gap_percent: float | None
    optimal: bool
    rounds: int


@dataclass(frozen=True, eq=False)
class Summary:
    """What a run came to.

    Attributes:
        structure: the tables and their rules.
        cells: number of cells.
        withheld: number of withheld ones.
        levels: the same by level of each hierarchy.
        report: what the audit says.
        protection: how the pattern came about; None for an audit alone.
    """

    structure: Structure
    cells: int
    withheld: int
    levels: tuple[LevelCount, ...]
    report: Report
    protection: Protection | None

    def document(self) -> dict[str, Any]:
        """Return it for a program; no value of any cell is in it."""
        structure, report = self.structure, self.report
        tables = structure.tables
        found = []
        for finding in report.findings:
            words = derivation(tables, finding)
            found.append(
                {
                    "cell": _codes(structure, finding.cell),
                    "route": finding.exposed.route.value,
                    "attacker": "insider" if finding.attacker else "outsider",
                    "derivation": {"de": words.de, "en": words.en},
                }
            )
        return {
            "verdict": report.verdict.value,
            "kind": structure.kind.value,
            "level": report.level.value if structure.kind is Kind.FREQUENCY else None,
            "cells": self.cells,
            "withheld": self.withheld,
            "audit": {
                "with_true_values": report.with_truth,
                "attackers": report.attackers,
                "findings": found,
                "undecided": [_codes(structure, cell) for cell in report.undecided],
                "computable_not_sensitive": [_codes(structure, cell) for cell in report.harmless],
                "beyond_the_tables": report.out_of_reach,
                "programs": report.programs,
            },
            "levels": [
                {
                    "dimension": count.dimension,
                    "depth": count.depth,
                    "codes": count.codes,
                    "cells": count.cells,
                    "withheld": count.withheld,
                }
                for count in self.levels
            ],
            **self._protection(),
        }

    def _protection(self) -> dict[str, Any]:
        found = self.protection
        if found is None:
            return {}
        return {
            "sensitive": found.sensitive,
            "secondary": found.secondary,
            "absent": found.absent,
            "cost": self.structure.cost,
            "bound": found.bound,
            "gap_percent": found.gap_percent,
            "optimal": found.optimal,
            "rounds": found.rounds,
        }


def summary_of_protection(
    structure: Structure, figures: Figures, outcome: Outcome, report: Report, *, absent: int
) -> Summary:
    """Sum up a protected table.

    Args:
        structure: the tables.
        figures: true figures; only which of them are zero is looked at.
        outcome: the pattern.
        report: what the audit says of it.
        absent: leaf cells without a row.
    """
    pattern = outcome.pattern
    empty = figures.behind.contributors == 0 if isinstance(figures, Magnitudes) else figures.values == 0
    units = structure.cost == UNIT
    gap = None
    if pattern.optimal:
        gap = 0.0
    elif pattern.bound is not None and pattern.bound > 0:
        gap = round(100.0 * (pattern.cost - pattern.bound) / pattern.bound, 1)
    return Summary(
        structure=structure,
        cells=len(structure.tables),
        withheld=int(outcome.withheld.sum()),
        levels=_levels(structure, outcome.withheld, outcome.sensitive),
        report=report,
        protection=Protection(
            sensitive=int(outcome.sensitive.sum()),
            secondary=int((outcome.withheld & ~outcome.sensitive).sum()),
            empty=int(empty.sum()),
            absent=absent,
            bound=int(np.ceil(pattern.bound - 1e-6)) if units and pattern.bound is not None else None,
            gap_percent=gap,
            optimal=pattern.optimal,
            rounds=pattern.rounds,
        ),
    )


def summary_of_audit(structure: Structure, withheld: BoolArray, report: Report) -> Summary:
    """Sum up an audit."""
    return Summary(
        structure=structure,
        cells=len(structure.tables),
        withheld=int(withheld.sum()),
        levels=_levels(structure, withheld, None),
        report=report,
        protection=None,
    )


def _levels(structure: Structure, withheld: BoolArray, sensitive: BoolArray | None) -> tuple[LevelCount, ...]:
    cells, found = structure.tables.cells, []
    for number, hierarchy in enumerate(structure.tables.hierarchies):
        depths = np.array(hierarchy.depths, dtype=np.int64)
        at = depths[cells[:, number]]
        found += [
            LevelCount(
                dimension=hierarchy.dimension,
                depth=depth,
                codes=int((depths == depth).sum()),
                cells=int((at == depth).sum()),
                withheld=int((withheld & (at == depth)).sum()),
                sensitive=None if sensitive is None else int((sensitive & (at == depth)).sum()),
            )
            for depth in range(int(depths.max()) + 1)
        ]
    return tuple(found)


def _codes(structure: Structure, cell: int) -> Mapping[str, str]:
    codes = structure.tables.cells[cell].tolist()
    return {
        hierarchy.dimension: hierarchy.codes[code]
        for hierarchy, code in zip(structure.tables.hierarchies, codes, strict=True)
    }


def label_of(summary: Summary, cell: int) -> tuple[str, str]:
    """Return the name of a cell in German and English."""
    label = cell_label(summary.structure.tables, cell)
    return label.de, label.en
