"""What an operator asks about deliveries: what is in, what is missing, what waits, what is to be confirmed.

Metadata only: ids of rules and cells, never a figure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from hub.domain.states import OPEN_UPLOAD, UNDECIDED, SubmissionState
from hub.services.context import HubContext
from hub.services.merging.publishing import progress
from hub.services.merging.standing import Place
from hub.services.review.confirming import with_valid_voices
from hub.store.records import OpenFinding
from protocol.periods import Period
from protocol.regions import areas_by_id


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """One dataset and period.

    Attributes:
        dataset: short id.
        period: wire form.
        accepted: reporting areas whose delivery counts.
        held: areas whose delivery is accepted and does not count: the hub's audit holds it back; ordered.
        undecided: deliveries that wait for the hub.
        open: uploads that are not complete.
        rejected: areas whose newest delivery was rejected and of which nothing counts.
        missing: registered reporting areas of which nothing is accepted, ordered.
        closed: no deliveries are taken any more.
        compiled: its cube is current.
    """

    dataset: str
    period: str
    accepted: int
    held: tuple[str, ...]
    undecided: int
    open: int
    rejected: int
    missing: tuple[str, ...]
    closed: bool
    compiled: bool


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """Everything of some periods.

    Attributes:
        places: per dataset and period, ordered by period.
        confirm: what is to be confirmed, by area, dataset, period and rule.
        uncompared: accepted deliveries that were not compared with the others of their area yet.
        release: number of the published release, or None.
        flagged: release → how many of its deliveries are in quarantine now; earlier releases stay readable.
    """

    places: tuple[PlaceStatus, ...]
    confirm: tuple[OpenFinding, ...]
    uncompared: int
    release: int | None
    flagged: Mapping[int, int]


def delivery_status(context: HubContext, periods: Sequence[Period] = ()) -> DeliveryStatus:
    """Return where the deliveries stand.

    Args:
        context: the hub.
        periods: only these; empty: all of which the hub knows a delivery.
    """
    chosen = {str(period) for period in periods}
    with context.database.read() as unit:
        registered = {area for node in unit.nodes.all() for area in node.areas} & areas_by_id().keys()
        states: dict[Place, dict[str, list[SubmissionState]]] = {}
        for chain, state in unit.submissions.states():
            areas = states.setdefault((chain.dataset, chain.period), {})
            areas.setdefault(chain.area, []).append(state)
        held = unit.submissions.held()
        closed = set(unit.periods.closed())
        cubes = progress(context, unit).cubes
        published = unit.cubes.published()
        confirm = with_valid_voices(unit, unit.findings.open())
        uncompared = unit.submissions.uncompared()
        flagged = unit.cubes.flagged()
    due = {
        (dataset.id, str(period))
        for dataset in context.catalogue.datasets.values()
        for period in periods
        if period.freq in dataset.frequencies
    }
    known = {place for place in states.keys() | closed | due if not chosen or place[1] in chosen}
    places = [
        _place(
            place,
            states.get(place, {}),
            held={chain.area for chain in held if (chain.dataset, chain.period) == place},
            registered=registered,
            closed=place in closed,
            compiled=place in cubes,
        )
        for place in sorted(known, key=lambda place: (Period.parse(place[1]), place[0]))
    ]
    return DeliveryStatus(
        places=tuple(places),
        confirm=tuple(item for item in confirm if not chosen or item.period in chosen),
        uncompared=uncompared,
        release=published.number if published else None,
        flagged=flagged,
    )


def _place(
    place: Place,
    areas: Mapping[str, Sequence[SubmissionState]],
    *,
    held: Set[str],
    registered: Set[str],
    closed: bool,
    compiled: bool,
) -> PlaceStatus:
    accepted = {area for area, states in areas.items() if SubmissionState.ACCEPTED in states}
    counts = Counter(state for states in areas.values() for state in states)
    return PlaceStatus(
        dataset=place[0],
        period=place[1],
        accepted=len((accepted & areas_by_id().keys()) - held),
        held=tuple(sorted(held)),
        undecided=sum(counts[state] for state in UNDECIDED),
        open=sum(counts[state] for state in OPEN_UPLOAD),
        rejected=sum(set(states) == {SubmissionState.REJECTED} for states in areas.values()),
        missing=tuple(sorted(registered - accepted)),
        closed=closed,
        compiled=compiled,
    )
