"""The wall around HiGHS: one linear (or integer) program, solved for many objectives.

Everything in the product that solves a program comes through here, for two reasons. Every instance must run
with the same number of threads (two with different `threads` in one process fail silently: no solution,
zeros), and a status that is not exactly "optimal" or "infeasible" must never be taken for an answer: it is
:attr:`Status.UNDECIDED`, and the caller has to block. Solutions are floating point; whoever draws a
conclusion checks it in integer arithmetic (:meth:`Publication.is_alternative`).

It deliberately knows no cells and no tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, cast

import highspy
import numpy as np
from numpy.typing import NDArray

from aggregation.sdc.linear_system import NO_LIMIT, IntArray, LinearSystem

FloatArray = NDArray[np.float64]

_DUAL_SIMPLEX: Final = 1
_PRIMAL_SIMPLEX: Final = 4
_STEEPEST_EDGE: Final = 2
_ROW_WISE: Final = 2
_MINIMISE: Final = 1
_SECONDS: Final = 60.0  # a stop for runaways, far beyond any honest solve; reaching it is UNDECIDED
_SMALL: Final = 1e-9
_FEASIBLE: Final = 2  # HiGHS: kSolutionStatusFeasible


class Status(Enum):
    """How a solve ended."""

    OPTIMAL = auto()
    INFEASIBLE = auto()
    UNBOUNDED = auto()
    UNDECIDED = auto()


_STATUS: Final = {
    highspy.HighsModelStatus.kOptimal: Status.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Status.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Status.UNBOUNDED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one solve.

    Attributes:
        status: how it ended; the arrays mean something for ``OPTIMAL`` only.
        values: one per variable.
        objective: value of the objective.
        row_duals: one per row; empty unless asked for.
    """

    status: Status
    values: FloatArray
    objective: float
    row_duals: FloatArray

    def integral(self) -> IntArray | None:
        """Return the values as integers, or None if they are not (nearly) integral.

        Nearly integral is not a proof: the caller checks the rounded values exactly.
        """
        if self.status is not Status.OPTIMAL:
            return None
        rounded = np.rint(self.values)
        return rounded.astype(np.int64) if np.abs(self.values - rounded).max(initial=0.0) < 1e-6 else None


class LinearProgram:
    """Variables with limits under rows; the objective comes with each solve and the basis is kept."""

    def __init__(
        self,
        system: LinearSystem,
        lower: FloatArray,
        upper: FloatArray,
        *,
        integral: Sequence[int] | IntArray = (),
        changing: str = "objective",
        unit: int = 1,
        max_nodes: int | None = None,
        any_solution: bool = False,
    ) -> None:
        """Hand the program to the solver.

        Args:
            system: the constraints; one variable per cell.
            lower: lower limit of each variable, as of :func:`limits_as_floats`.
            upper: upper limit of each variable.
            integral: variables that must be integers; empty for a linear program.
            changing: what changes between solves, ``"objective"`` (the old basis stays feasible:
                primal simplex), ``"limits"`` (it stays dual feasible: dual simplex) or ``"everything"`` (the
                old basis is worth nothing: dual simplex from the empty one, two to three times as fast then).
            unit: what one unit of the variables and their limits stands for in the limits of the constraints.
            max_nodes: branches of an integer program after which it is UNDECIDED; None for no such limit.
            any_solution: an integer program ends with the first solution that it finds, however dear; it
                counts as ``OPTIMAL``.

        Raises:
            ValueError: if the program is malformed.
        """
        self._size = system.cells
        if len(lower) != self._size or len(upper) != self._size:
            raise ValueError("the solver refuses the program: limits do not fit the variables")
        self._all = np.arange(self._size, dtype=np.int32)
        self._solver = _quiet_solver(_PRIMAL_SIMPLEX if changing == "objective" else _DUAL_SIMPLEX)
        self._afresh = changing == "everything"
        if self._afresh:
            self._solver.setOptionValue("simplex_dual_edge_weight_strategy", _STEEPEST_EDGE)
        if len(integral):
            self._solver.setOptionValue("presolve", "on")
        if max_nodes is not None:
            self._solver.setOptionValue("mip_max_nodes", max_nodes)
        self._any_solution = any_solution
        if any_solution:
            self._solver.setOptionValue("mip_max_improving_sols", 1)
        kinds = np.zeros(self._size, dtype=np.int32)
        kinds[np.asarray(integral, dtype=np.int64)] = 1
        status = self._solver.passModel(
            self._size,
            system.rows,
            len(system.columns),
            _ROW_WISE,
            _MINIMISE,
            0.0,
            np.zeros(self._size),
            lower,
            upper,
            limits_as_floats(system.lower) / unit,
            limits_as_floats(system.upper) / unit,
            system.starts.astype(np.int32),
            system.columns.astype(np.int32),
            system.coefficients.astype(np.float64),
            kinds,
        )
        if status == highspy.HighsStatus.kError:
            raise ValueError("the solver refuses the program")
        self.solves = 0

    def set_limits(self, variables: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Change the limits of some variables, as floats of :func:`limits_as_floats`."""
        self._solver.changeColsBounds(len(variables), variables.astype(np.int32), lower, upper)

    def set_row_limits(self, rows: IntArray, lower: IntArray, upper: IntArray) -> None:
        """Change the limits of some constraints."""
        self._solver.changeRowsBounds(  # type: ignore[attr-defined]  # missing in its stubs
            len(rows), rows.astype(np.int32), limits_as_floats(lower), limits_as_floats(upper)
        )

    def set_costs(self, variables: IntArray, costs: FloatArray) -> None:
        """Change the costs of some variables."""
        self._solver.changeColsCost(len(variables), variables.astype(np.int32), costs)

    def minimise(self, costs: FloatArray, *, with_duals: bool = False) -> Answer:
        """Solve for the given cost of each variable."""
        self._solver.changeColsCost(self._size, self._all, costs)
        return self.solve(with_duals=with_duals)

    def solve(self, *, with_duals: bool = False) -> Answer:
        """Solve with the costs and limits as they stand."""
        self.solves += 1
        # Its clock never starts again: without this a program that is asked often enough is stopped at once.
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + _SECONDS)
        if self._afresh:
            self._solver.setBasis()
        empty = np.zeros(0)
        status = self._status(self._solver.run())
        if status is not Status.OPTIMAL:
            return Answer(status, empty, 0.0, empty)
        solution = self._solver.getSolution()
        values = np.asarray(solution.col_value, dtype=np.float64)
        if len(values) != self._size:  # "Not Set": the silent failure this module exists for
            return Answer(Status.UNDECIDED, empty, 0.0, empty)
        duals = np.asarray(solution.row_dual, dtype=np.float64) if with_duals else empty
        return Answer(status, values, self._solver.getObjectiveValue(), duals)

    def _status(self, ended: highspy.HighsStatus) -> Status:
        status = self._solver.getModelStatus()
        if self._any_solution and status == highspy.HighsModelStatus.kSolutionLimit:
            # Nodes that ran out without a solution have this status, too, and both end with a warning.
            found = self._solver.getInfo().primal_solution_status == _FEASIBLE
            return Status.OPTIMAL if found else Status.UNDECIDED
        return _STATUS.get(status, Status.UNDECIDED) if ended == highspy.HighsStatus.kOk else Status.UNDECIDED


def limits_as_floats(limits: IntArray) -> FloatArray:
    """Return limits for the solver: anything at or beyond ``NO_LIMIT`` is infinite."""
    floats = limits.astype(np.float64)
    floats[limits >= NO_LIMIT // 2] = highspy.kHighsInf
    floats[limits <= -NO_LIMIT // 2] = -highspy.kHighsInf
    return floats


def _quiet_solver(strategy: int) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its only untyped call
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "presolve": "off",  # the systems are small and solved again and again from the last basis
        "simplex_strategy": strategy,
        "mip_rel_gap": 0.0,
        "primal_feasibility_tolerance": _SMALL,
        "dual_feasibility_tolerance": _SMALL,
    }
    for name, value in options.items():
        if cast(object, solver.setOptionValue(name, value)) != highspy.HighsStatus.kOk:
            raise RuntimeError(f"the solver refuses its option {name}")
    return solver
