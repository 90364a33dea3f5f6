"""Where the closed periods stand: what counts for each, which cube belongs to that, what is still missing.

Read in three queries whatever the number of periods, because it is asked after every compilation. A cube
belongs to its inputs: to the accepted deliveries of its period and, where a year is computed, to the cubes of
the four quarters. The year of a dataflow that is not delivered by year is due as soon as its four quarters
are closed; of one that is (distinct persons), the delivered part counts once the year is closed, and the
computed part joins when the quarters are closed too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from aggregation.years import is_computed, quarters_of
from hub.services.context import HubContext
from hub.store.records import FUNDS, Counted, GrantTable, StoredCube
from hub.store.unit_of_work import UnitOfWork
from protocol import strict_json
from protocol.catalogue import Catalogue
from protocol.periods import Period

#: Dataset and period, both as they stand in the database.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a cube is made of.

    Attributes:
        deliveries: area id → statement id of the period's own deliveries, or the name of a table of grants.
        quarters: quarter → digest of its cube, four of them or none.
    """

    deliveries: Mapping[str, str]
    quarters: Mapping[str, str]

    @property
    def named(self) -> dict[str, str]:
        """Everything that goes in, under its name."""
        return {**self.deliveries, **self.quarters}

    @property
    def sha256(self) -> str:
        """Digest of what goes in."""
        return _digest(tuple(self.named.items()))


class Standing:
    """Closed periods, decisions and cubes at one moment."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        closed: Iterable[Place],
        counted: Sequence[Counted],
        cubes: Iterable[StoredCube],
        grants: Iterable[GrantTable] = (),
    ) -> None:
        """Put together what was read; see :func:`standing_of`."""
        self._catalogue = catalogue
        self._closed = frozenset(closed)
        self._cubes = {(cube.dataset, cube.period, cube.inputs_sha256): cube for cube in cubes}
        self._deliveries: dict[Place, dict[str, str]] = {}
        self._outstanding: set[Place] = set()
        held: set[tuple[str, str, str]] = set()
        for item in counted:
            place = (item.dataset, item.period)
            if item.held:
                held.add((*place, item.area))
            elif item.ready:
                self._deliveries.setdefault(place, {})[item.area] = item.id
            else:
                self._outstanding.add(place)
        for table in grants:
            # What an area delivers itself goes before what was imported for it, also while it is held back:
            # two tables of the same figures, protected by two, must never be public one after the other.
            if (FUNDS, table.period, table.area) in held:
                continue
            self._deliveries.setdefault((FUNDS, table.period), {}).setdefault(table.area, table.name)

    @property
    def due(self) -> list[Place]:
        """What belongs into a release: closed periods, and years that follow from closed quarters."""
        computed = {
            (dataset, str(Period(Period.parse(quarter).year)))
            for dataset, quarter in self._closed
            if "A" not in self._catalogue.dataset(dataset).frequencies
        }
        return sorted(self._closed | {place for place in computed if self._rests_on_quarters(place)})

    def inputs(self, place: Place) -> Inputs | None:
        """Return the inputs of a cube, or None while a decision, bounds or a quarter are outstanding."""
        if place in self._outstanding:
            return None
        quarters: dict[str, str] = {}
        if self._rests_on_quarters(place):
            for quarter in _quarters(place):
                cube = self.cube((place[0], quarter))
                if cube is None:
                    return None
                quarters[quarter] = cube.sha256
        deliveries = self._deliveries.get(place, {})
        return Inputs(dict(sorted(deliveries.items())), quarters)

    def cube(self, place: Place) -> StoredCube | None:
        """Return the cube of a place as it stands now, if it is compiled."""
        inputs = self.inputs(place)
        return None if inputs is None else self._cubes.get((*place, inputs.sha256))

    def _rests_on_quarters(self, place: Place) -> bool:
        """Whether a part of this year is computed now."""
        dataset, period = place
        if Period.parse(period).quarter is not None:
            return False
        indicators = self._catalogue.dataset(dataset).indicators
        return any(map(is_computed, indicators)) and all(
            (dataset, quarter) in self._closed for quarter in _quarters(place)
        )


def standing_of(context: HubContext, unit: UnitOfWork, *, dataset: str | None = None) -> Standing:
    """Read where the closed periods stand.

    Args:
        context: the hub.
        unit: an open unit of work.
        dataset: only this dataset; None for all.
    """
    return Standing(
        context.catalogue,
        closed=[place for place in unit.periods.closed() if dataset in (None, place[0])],
        counted=unit.submissions.counted(dataset),
        cubes=unit.cubes.all(catalogue_sha256=context.catalogue.sha256, dataset=dataset),
        grants=unit.grants.all() if dataset in (None, FUNDS) else (),
    )


@lru_cache(maxsize=4096)
def _digest(named: tuple[tuple[str, str], ...]) -> str:
    # Asked for every period after every compilation, and nearly always the same.
    return hashlib.sha256(strict_json.dumps(dict(named))).hexdigest()


def _quarters(place: Place) -> list[str]:
    return [str(quarter) for quarter in quarters_of(Period.parse(place[1]))]
