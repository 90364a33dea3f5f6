"""One demand on one cell, asked by itself: the nearest table, whole numbers around it, or a proof against it.

The nearest table in which the cell moves as far as demanded moves few cells, so it is hardly ever fractional.
Where it is, whole numbers are nearly always found among what it moves and some neighbours: an integer program
over 500 cells takes hundredths of a second, one over thousands takes seconds. Only where neither answers is
the whole component asked for the two extreme values of the cell, and then for whole numbers.

Very large components are asked part by part first (`surroundings`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from aggregation.sdc.audit.examination import Argument, ExposedCell, Route
from aggregation.sdc.audit.polytope import Polytope
from aggregation.sdc.audit.surroundings import Surroundings
from aggregation.sdc.demands import DIFFER
from aggregation.sdc.programs import Answer, Status

_ALONE: Final = 150
"""Cells of a component up to which its integer programs take all of it."""

_WIDE: Final = 4_000
"""Cells of a component from which on parts of it are asked first."""

_NODES: Final = 200
"""Branches after which whole numbers are looked for in a larger part."""

_FEW: Final = 30
"""Relations, up to which an argument in whole numbers is cut down to those that it needs."""

_STILL: Final = 1e-7


class Question(NamedTuple):
    """What is demanded of a cell.

    Attributes:
        cell: its number.
        kind: the row of the demand (`demands`).
        amount: how far it has to move.
        signs: in which directions; one of them is enough.
    """

    cell: int
    kind: int
    amount: int
    signs: tuple[int, ...]


class Outcome(NamedTuple):
    """What became of a question; where the cell is neither exposed nor undecided, the demand is met.

    Attributes:
        exposed: how the attacker gets at the cell, if he does.
        undecided: whether there is no answer.
    """

    exposed: ExposedCell | None = None
    undecided: bool = False


_MET: Final = Outcome()


class Measuring:
    """Asks about single cells of one component."""

    def __init__(self, polytope: Polytope, learn: Callable[[Polytope, Answer, Question], bool]) -> None:
        """Nothing is asked yet.

        Args:
            polytope: the component.
            learn: takes what an answer proves, and says whether that meets the demand.
        """
        self._polytope = polytope
        self._learn = learn
        self._is_wide = len(polytope.cells) > _WIDE
        self._surroundings = Surroundings(polytope) if len(polytope.cells) > _ALONE else None

    @property
    def programs(self) -> int:
        """Number of programs solved."""
        return self._polytope.programs + (self._surroundings.programs if self._surroundings else 0)

    def ask(self, question: Question) -> Outcome:
        """Find out whether a cell can move as demanded."""
        around = self._surroundings
        near = around.closed(question.cell) if around and self._is_wide else (self._polytope,)
        if any(self._moves(part, question) for part in near):
            return _MET
        stuck = self._stuck(around.relaxed(question.cell), question) if around else None
        if stuck is not None:
            return Outcome(stuck)
        if self._is_wide and self._moves(self._polytope, question):
            return _MET
        return self._decide(question)

    def _moves(self, part: Polytope, question: Question) -> bool:
        """Whether a nearest table in some direction is a witness, or whole numbers around it are."""
        for sign in question.signs:
            answer = part.nearest(question.cell, sign, question.amount)
            if self._learn(part, answer, question):
                return True
            if self._surroundings is None or answer.status is not Status.OPTIMAL:
                continue
            for near in self._surroundings.around(part.cells[np.abs(answer.values) > _STILL]):
                answer = near.whole_step(question.cell, sign, question.amount, max_nodes=_NODES)
                if self._learn(near, answer, question):
                    return True
        return False

    def _stuck(self, part: Polytope, question: Question) -> ExposedCell | None:
        """Return the cell as exposed if some of the relations prove already that it cannot move as far."""
        arguments: list[Argument] = []
        for sign in question.signs:
            _, limit, proof = part.extreme(question.cell, sign, enough=question.amount)
            if limit is None or limit >= question.amount or proof is None:
                return None
            arguments.append(part.argument(sign, proof))
        return _by_bounds(question, arguments)

    def _decide(self, question: Question) -> Outcome:
        """Find out by the two extreme values, and by whole numbers where they do not tell."""
        polytope = self._polytope
        arguments: list[Argument] = []
        by_integers = undecided = False
        for sign in question.signs:
            answer, limit, proof = polytope.extreme(question.cell, sign, enough=question.amount)
            if self._learn(polytope, answer, question):
                return _MET
            if proof is not None:
                arguments.append(polytope.argument(sign, proof))
            if limit is not None and limit < question.amount:
                continue
            by_integers = True
            answer = polytope.whole_step(question.cell, sign, question.amount)
            if self._learn(polytope, answer, question):
                return _MET
            undecided |= answer.status is not Status.INFEASIBLE
        if undecided:
            return Outcome(undecided=True)
        if not by_integers:
            return Outcome(_by_bounds(question, arguments))
        route = Route.INTEGERS if question.kind == DIFFER else Route.INTERVAL
        return Outcome(ExposedCell(question.cell, route, self._irreducible(question)))

    def _irreducible(self, question: Question) -> tuple[int, ...]:
        """Return relations that hold a cell in whole numbers, of which none can be left out.

        Where there are many, it is all of them: a person would not follow that anyway.
        """
        polytope = self._polytope
        kept = np.ones(polytope.system.rows, dtype=np.bool_)
        for row in range(len(kept)) if len(kept) <= _FEW else ():
            kept[row] = False
            part = polytope.under(kept)
            answers = [
                part.whole_step(question.cell, sign, question.amount).status for sign in question.signs
            ]
            kept[row] = any(status is not Status.INFEASIBLE for status in answers)
        return tuple(polytope.rows[kept].tolist())


def _by_bounds(question: Question, arguments: Sequence[Argument]) -> ExposedCell:
    rows = dict.fromkeys(row for argument in arguments for row in argument.rows)
    route = Route.BOUNDS if question.kind == DIFFER else Route.INTERVAL
    return ExposedCell(question.cell, route, tuple(rows), tuple(arguments))
