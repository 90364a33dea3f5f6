"""The attack of the textbook, so that our audit does not judge itself: two linear programs per cell.

Everything withheld is a variable, every relation a row; the smallest and the largest value of a cell are
asked for, one after the other. No components, no shared witnesses, no integer reasoning: slow, and easy to
believe. It shares no line with `aggregation.sdc.audit` and none with the wall around the solver.
"""

from __future__ import annotations

import math
from typing import Final

import highspy
import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT
from aggregation.sdc.publication import Publication

_CLOSE: Final = 1e-6


class PlainAttack:
    """All tables that fit what is published, as one linear program."""

    def __init__(self, publication: Publication) -> None:
        """Write down the program."""
        system = publication.system
        hidden = publication.withheld
        self._column = np.cumsum(hidden) - 1
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = int(hidden.sum()), system.rows
        model.col_lower_ = [float(floor) for floor in publication.floors[hidden]]
        model.col_upper_ = [highspy.kHighsInf] * model.num_col_
        model.col_cost_ = [0.0] * model.num_col_
        lower, upper, starts, columns, entries = [], [], [0], [], []
        for row in range(system.rows):
            cells = system.columns[system.entries(row)]
            factors = system.coefficients[system.entries(row)]
            shown = int((factors * np.where(hidden[cells], 0, publication.values[cells])).sum())
            low, high = int(system.lower[row]), int(system.upper[row])
            lower.append(-highspy.kHighsInf if low <= -NO_LIMIT else float(low - shown))
            upper.append(highspy.kHighsInf if high >= NO_LIMIT else float(high - shown))
            columns += self._column[cells[hidden[cells]]].tolist()
            entries += factors[hidden[cells]].astype(float).tolist()
            starts.append(len(columns))
        model.row_lower_, model.row_upper_ = lower, upper
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, columns, entries
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its only untyped call
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("threads", 1)  # as everywhere in this process: see `programs`
        self._solver.passModel(model)

    def interval(self, cell: int) -> tuple[int, float]:
        """Return the smallest and the largest whole number that a withheld cell can be, up to infinity.

        Raises:
            RuntimeError: the solver found neither an end nor that there is none.
        """
        column = int(self._column[cell])
        ends = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            self._solver.changeColCost(column, 1.0)
            self._solver.changeObjectiveSense(sense)
            self._solver.run()
            status = self._solver.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                ends.append(self._solver.getObjectiveValue())
            elif status in {
                highspy.HighsModelStatus.kUnbounded,
                highspy.HighsModelStatus.kUnboundedOrInfeasible,
            }:
                ends.append(math.inf)
            else:
                raise RuntimeError(f"the plain attack ended with {status}")
        self._solver.changeColCost(column, 0.0)
        return math.ceil(ends[0] - _CLOSE), ends[1] if math.isinf(ends[1]) else math.floor(ends[1] + _CLOSE)
