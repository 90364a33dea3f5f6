"""Protects one delivery of a node jointly with everything that is linked to it.

Order: rules make cells sensitive; the new delivery is protected by itself as far as that goes (with the
cells that neighbouring quarters see held fixed, so that what is proven here stays proven whatever comes);
what is left, in the new delivery and in the linked ones, is protected in the joint system. Deliveries that
are out keep their pattern: published cells are constants, withheld ones variables.

It deliberately decides no figure and changes no value: the result is a pattern with its proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure.history import Delivered, History, bridge_cells, linked_history
from aggregation.disclosure.linear_system import BoolArray, IntArray, Publication
from aggregation.disclosure.moves import Task
from aggregation.disclosure.primary import (
    NO_REASON,
    Reason,
    floors_of,
    minimum_of,
    open_zeros,
    primary_reasons,
    sensitive_cells,
)
from aggregation.disclosure.programs import FloatArray
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.secondary import Pattern, protect_cells
from aggregation.disclosure.wording import cell_label
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Text


@dataclass(frozen=True, eq=False)
class Protection:
    """The pattern of a delivery, with reasons that stay in the node.

    Attributes:
        withheld: which cells are withheld.
        reasons: why, one of :class:`Reason` per cell; empty where published.
        sensitive: number of cells that the rules made sensitive.
        programs: number of programs solved.
    """

    withheld: BoolArray
    reasons: NDArray[np.str_]
    sensitive: int
    programs: int


def protect(
    structure: Structure,
    period: Period,
    values: IntArray,
    *,
    linked: Sequence[Delivered] = (),
    min_contributors: int | None = None,
) -> Protection:
    """Find a safe pattern for a delivery.

    Args:
        structure: the dataflow.
        period: reporting period.
        values: true value of each cell of the grid, margins included.
        linked: what the node delivered before for this dataflow, any periods, any order.
        min_contributors: the node's own minimum; it can only be stricter.

    Returns:
        The pattern.

    Raises:
        KimError: ``disclosure_unsafe`` if no pattern protects some cell (its ``errors`` name the cells, never
            a value); ``disclosure_unknown`` if the values contradict the catalogue's relations or a program
            could not be solved.
    """
    if not np.all(structure.system.satisfied(values)):
        raise _unknown(_CONTRADICTION)
    reasons = primary_reasons(structure, values, stricter=min_contributors)
    sensitive: BoolArray = reasons != NO_REASON
    start = Delivered(period, values, _starting_pattern(structure, period, values, sensitive, linked))
    history = linked_history(structure, start, linked)
    alone = _protect_alone(structure, history, start, sensitive, min_contributors)
    pattern = _protect_jointly(history, alone, sensitive, min_contributors)
    _raise_if_open(history, pattern)
    withheld = pattern.withheld[: len(values)]
    reasons[withheld & ~sensitive] = Reason.SECONDARY
    return Protection(withheld, reasons, int(sensitive.sum()), alone.solves + pattern.solves)


def costs_of(structure: Structure, values: IntArray) -> FloatArray:
    """Return what withholding each cell costs the readers: many small parts and a large value cost more."""
    return structure.weights * (1.0 + np.log2(1.0 + np.abs(values)))


def _starting_pattern(
    structure: Structure,
    period: Period,
    values: IntArray,
    sensitive: BoolArray,
    linked: Sequence[Delivered],
) -> BoolArray:
    """Withhold what is sensitive, and what an earlier vintage of the period withheld and is unchanged."""
    withheld = sensitive.copy()
    for earlier in linked:
        if earlier.period == period:
            withheld |= earlier.withheld & (earlier.values == values) & ~open_zeros(structure, values)
    return withheld


def _protect_alone(
    structure: Structure,
    history: History,
    new: Delivered,
    sensitive: BoolArray,
    stricter: int | None,
) -> Pattern:
    """Protect what can be protected without moving a cell that other deliveries see."""
    bridges = _bridges(structure, history, new)
    publication = Publication(
        structure.system,
        new.values,
        new.withheld & ~bridges,
        floors_of(structure, new.values, ~new.withheld, stricter=stricter),
    )
    task = Task(
        publication=publication,
        sensitive=sensitive & ~bridges,
        upward=np.zeros_like(sensitive),
        optional=_optional(structure, history, new, sensitive) & ~bridges,
        costs=costs_of(structure, new.values),
    )
    pattern = protect_cells(task)
    return replace(pattern, withheld=pattern.withheld | new.withheld)


def _protect_jointly(history: History, alone: Pattern, sensitive: BoolArray, stricter: int | None) -> Pattern:
    """Protect what is left, in all deliveries at once."""
    structure, new = history.structure, replace(history.deliveries[0], withheld=alone.withheld)
    history = replace(history, deliveries=(new, *history.deliveries[1:]))
    proven = np.zeros_like(sensitive)
    for witness in alone.witnesses:
        proven |= witness != 0
    open_cells = [sensitive & ~proven]
    open_cells += [_open_in(structure, history, old, stricter) for old in history.deliveries[1:]]
    upward, optional = np.zeros((2, history.system.cells), dtype=np.bool_)
    upward[: len(sensitive)] = _precious(structure, new.values, stricter)
    optional[: len(sensitive)] = _optional(structure, history, new, sensitive) & ~new.withheld
    task = Task(
        publication=publication_of(history, stricter),
        sensitive=np.concatenate(open_cells),
        upward=upward,
        optional=optional,
        costs=np.concatenate([costs_of(structure, d.values) for d in history.deliveries]),
    )
    return protect_cells(task)


def _precious(structure: Structure, values: IntArray, stricter: int | None) -> BoolArray:
    """Return small stocks that later periods will build on: they must stay uncertain, sensitive or not.

    A published stock of, say, 5 can make the next quarter unprotectable: one person leaves, nobody comes
    (a published zero), and the four who remain are all alone in their cells, so that no count can be
    smaller. A withheld stock that may have been larger leaves the way out open.
    """
    before = [row for flow in structure.flows for row, lag in zip(flow.rows, flow.lags, strict=True) if lag]
    precious = np.zeros(len(values), dtype=np.bool_)
    precious[before] = True
    return precious & (values > 0) & (values < 2 * minimum_of(structure, stricter))


def publication_of(history: History, stricter: int | None) -> Publication:
    """Return what is published of all deliveries together."""
    floors = [
        floors_of(history.structure, d.values, ~d.withheld, stricter=stricter) for d in history.deliveries
    ]
    return Publication(history.system, history.values, history.withheld, np.concatenate(floors))


def _optional(structure: Structure, history: History, new: Delivered, sensitive: BoolArray) -> BoolArray:
    """Return which published cells may be withheld: no zeros everybody may know, nothing already out."""
    optional = ~sensitive & ~open_zeros(structure, new.values)
    for earlier in history.deliveries[1:]:
        if earlier.period == new.period:
            optional &= earlier.withheld | (earlier.values != new.values)
    return optional


def _bridges(structure: Structure, history: History, delivery: Delivered) -> BoolArray:
    """Return the cells that other deliveries see: all of them if the period was delivered twice."""
    if sum(other.period == delivery.period for other in history.deliveries) > 1:
        return np.ones(len(delivery.values), dtype=np.bool_)
    return bridge_cells(structure)


def _open_in(structure: Structure, history: History, old: Delivered, stricter: int | None) -> BoolArray:
    """Return the sensitive cells of a delivery that is out and may depend on the others."""
    sensitive = old.withheld & sensitive_cells(structure, old.values, stricter=stricter)
    if _bridges(structure, history, old).all():
        return sensitive
    proven = _proven_alone(structure, old.values.tobytes(), old.withheld.tobytes(), stricter)
    waiting: BoolArray = sensitive & ~np.frombuffer(proven, dtype=np.bool_)
    return waiting


@lru_cache(maxsize=64)
def _proven_alone(structure: Structure, values: bytes, withheld: bytes, stricter: int | None) -> bytes:
    """Return the withheld cells of a delivery that stay protected whatever neighbouring quarters show.

    Pure, and remembered: a node protects quarter after quarter against the same history.
    """
    true = np.frombuffer(values, dtype=np.int64)
    hidden = np.frombuffer(withheld, dtype=np.bool_)
    movable = hidden & ~bridge_cells(structure)
    sensitive = movable & sensitive_cells(structure, true, stricter=stricter)
    publication = Publication(
        structure.system, true, movable, floors_of(structure, true, ~hidden, stricter=stricter)
    )
    nothing = np.zeros_like(hidden)
    pattern = protect_cells(Task(publication, sensitive, nothing, nothing, np.ones(len(true))))
    proven = np.zeros_like(hidden)
    for witness in pattern.witnesses:
        proven |= witness != 0
    return proven.tobytes()


# -------------------------------------------------------------------------------------------------- refusals

_CONTRADICTION = Text(
    "Die Tabellen widersprechen den Beziehungen des Katalogs; die Geheimhaltung ist nicht prüfbar.",
    "The tables contradict the relations of the catalogue; disclosure control cannot be checked.",
)
_UNSOLVED = Text(
    "Der Löser hat keine Antwort gegeben; ohne Antwort verlässt nichts das Haus.",
    "The solver gave no answer; without an answer nothing leaves the house.",
)


def _raise_if_open(history: History, pattern: Pattern) -> None:
    if not pattern.unprotected:
        return
    if pattern.undecided:
        raise _unknown(_UNSOLVED)
    labels = []
    for cell in pattern.unprotected:
        delivery, row = history.place(cell)
        labels.append(cell_label(history.structure, row, delivery.period))
    raise kim_error(
        "disclosure_unsafe",
        Text(
            "Kein Sperrmuster schützt diese Zellen: " + "; ".join(label.de for label in labels),
            "No pattern protects these cells: " + "; ".join(label.en for label in labels),
        ),
    )


def _unknown(detail: Text) -> KimError:
    return kim_error("disclosure_unknown", detail)
