"""The work of a child that examines deliveries: their cells in, limits and what they give away out.

The cells were decoded and checked by a child before (`child`); here programs are solved, whose duration
nobody can foresee. A child that does not end in time, or dies, has no answer: that is never a refusal.
"""

import numpy as np

from aggregation.disclosure.arrivals import Arrival, Placed, given_away, judge, limits_of
from aggregation.disclosure.links import webs_of
from aggregation.disclosure.relations import structure_of
from hub.domain.cell_columns import Bounds, Cells
from hub.sandbox import bundle
from hub.sandbox.bundle import MAX_ROWS, Examined, Exposure, Item, Judged
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period

_WITH_VALUE = [STATE_NUMBER[state] for state in CellState if state.has_value]


def limits(question: bytes) -> bytes:
    """Answer what the limits of one delivery are, and what it gives away by itself."""
    catalogue = load_catalogue()
    (item,) = bundle.read_question(question, catalogue)
    structure = structure_of(catalogue, item.dataset, Period.parse(item.period).freq)
    arrival = arrival_of(item.cells, min_contributors=item.min_contributors)
    lower, upper = limits_of(structure, arrival)
    rows = given_away(structure, arrival, lower, upper).tolist()
    return bundle.answer_limits(Examined(Bounds(lower, upper), Exposure(len(rows), tuple(rows[:MAX_ROWS]))))


def judged(question: bytes) -> bytes:
    """Answer what the new deliveries of an area give away together with the others."""
    catalogue = load_catalogue()
    items = bundle.read_question(question, catalogue)
    new = [number for number, item in enumerate(items) if item.is_new]
    found = judge(catalogue, [_placed(item) for item in items], new=new)
    exposures = {
        number: Exposure(
            len(cells), tuple(sorted(row for delivery, row in cells if delivery == number)[:MAX_ROWS])
        )
        for number, cells in found.given_away.items()
    }
    return bundle.answer_judged(Judged(exposures, found.undecided))


def prepare(catalogue: Catalogue) -> None:
    """Build what every examination needs, once, in the process that children are forked from."""
    webs_of(catalogue)  # and with them the structure of every dataflow and frequency


def arrival_of(cells: Cells, *, min_contributors: int) -> Arrival:
    """Return cells in the form that is examined."""
    published = np.isin(cells.states, _WITH_VALUE)
    return Arrival(cells.values, published, cells.withheld, min_contributors)


def _placed(item: Item) -> Placed:
    if item.bounds is None:
        raise ValueError("deliveries are judged together once their limits are known")
    arrival = arrival_of(item.cells, min_contributors=item.min_contributors)
    period = Period.parse(item.period)
    return Placed(item.dataset, period, arrival, item.bounds.lower, item.bounds.upper)


TASKS = {b"L": limits, b"J": judged}
"""What a child may be asked, by the first byte of the request."""
