"""What the statistics store hands out: one frozen row per release, cube, observation, submission, finding."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocol.observations import CellState

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release: a set of cubes that was switched on at once.

    Attributes:
        id: primary key.
        number: number people cite, from 1.
        created_at: moment of publication, UTC.
        note: remark of those who published it, may be empty.
        quarantined: how many deliveries in it turned out later to have come with a compromised key.
    """

    id: int
    number: int
    created_at: dt.datetime
    note: str
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class CubeRow:
    """The statewide table of one dataflow and period.

    Attributes:
        id: primary key.
        dataset: dataflow id.
        period: wire form of the period.
        sha256: digest of its rows.
        catalogue_sha256: digest of the catalogue whose grid numbers its cells.
        built_at: moment of compilation, UTC.
        areas: reporting areas whose delivery is in it.
    """

    id: int
    dataset: str
    period: str
    sha256: str
    catalogue_sha256: str
    built_at: dt.datetime
    areas: frozenset[str]


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """One cell of one region in one cube.

    Attributes:
        cube_id: the cube.
        cell: row number in the grid of the dataflow.
        area_ix: number of the region (see :meth:`StatisticsStore.area_numbers`).
        state: state of the cell.
        value: scaled integer where exactly known, else None.
        lower: guaranteed lower bound, scaled; None where nothing was delivered.
        upper: guaranteed upper bound, scaled; None where it is open.
        expected: areas that should have delivered (1 for an area).
        delivered: areas that have.
        withheld: delivered areas whose cell is withheld.
    """

    cube_id: int
    cell: int
    area_ix: int
    state: CellState
    value: int | None
    lower: int | None
    upper: int | None
    expected: int
    delivered: int
    withheld: int


@dataclass(frozen=True, eq=False, slots=True)
class CubeColumns:
    """All observations of one cube as arrays of equal length, in the order cell, region number.

    Attributes:
        cell: row number in the grid of the dataflow.
        area_ix: number of the region.
        state: code of the state (:data:`protocol.observations.STATES`).
        value: scaled integer, 0 where there is none ...
        has_value: ... and where there is one.
        lower: guaranteed lower bound, 0 where there is none ...
        has_lower: ... and where there is one.
        upper: guaranteed upper bound, 0 where it is open ...
        has_upper: ... and where it is not.
        expected: areas that should have delivered.
        delivered: areas that have.
        withheld: delivered areas whose cell is withheld.
    """

    cell: Ints
    area_ix: Ints
    state: Ints
    value: Ints
    has_value: Flags
    lower: Ints
    has_lower: Flags
    upper: Ints
    has_upper: Flags
    expected: Ints
    delivered: Ints
    withheld: Ints


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """Where one submission stands.

    Attributes:
        area: reporting area.
        dataset: dataflow id.
        period: wire form of the period.
        revision: its number in the chain, from 1.
        state: state of its life cycle.
        state_since: moment of the last change, UTC.
        problem_code: why it was rejected, or None.
        audit: what the hub's own audit says (`hub.domain.states.AuditVerdict`), or None.
    """

    area: str
    dataset: str
    period: str
    revision: int
    state: str
    state_since: dt.datetime
    problem_code: str | None
    audit: str | None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A rule that an accepted delivery does not fit, to be confirmed or corrected.

    Attributes:
        id: statement id of the delivery.
        area: its area.
        dataset: dataflow id.
        period: wire form of the period.
        rule: id of an identity or plausibility rule (words: :func:`aggregation.plausibility.rule_text`).
        cells: how many cells do not fit.
        rows: the first of them, as row numbers in the grid of the dataflow.
        confirmed_at: moment of confirmation, UTC; None while it is open.
        reason: why the figures are right all the same; None while it is open.
    """

    id: str
    area: str
    dataset: str
    period: str
    rule: str
    cells: int
    rows: tuple[int, ...]
    confirmed_at: dt.datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Secrecy:
    """How much of one area's delivery is withheld in one cube: cells delivered, and withheld among them."""

    cells: int
    withheld: int
