"""Work out the exact bounds of the withheld cells of an accepted submission, once, for every later merge.

Bounds are derived from one delivery alone (published cells and the relations that hold in every delivery), so
they do not change when other areas deliver. They are no decision: a submission counts before they are known,
only a compilation waits for them.
"""

import numpy as np

from aggregation.disclosure import cell_bounds
from hub.domain.cell_columns import Bounds, Cells
from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import SubmissionState
from hub.services.context import HubContext
from hub.services.verification import cells_of, grid_of_submission
from hub.store.records import Submission
from protocol.catalogue import Catalogue
from protocol.grid import CellGrid
from protocol.observations import STATE_NUMBER, CellState


def bound(context: HubContext, submission_id: SubmissionId) -> None:
    """Compute and store the bounds of one submission, if it is accepted and has none yet."""
    with context.database.read() as unit:
        submission = unit.submissions.get(submission_id)
    if submission is None or submission.state is not SubmissionState.ACCEPTED:
        return
    if submission.bounds_sha256 is None:
        cells = cells_of(context, submission)
        blob = context.blobs.put(_bounds(context, submission, cells).to_bytes())
        with context.database.write() as unit:
            unit.submissions.set_bounds(submission_id, blob)
            # The last missing bounds of a closed period: now it can be compiled.
            if unit.periods.is_closed(submission.dataset, submission.period):
                unit.after_commit(Job(JobName.COMPILE, (submission.dataset, submission.period)))


def bounds_of(context: HubContext, submission: Submission, cells: Cells) -> Bounds:
    """Return the bounds of a bounded submission, worked out again from its cells if their blob is damaged."""
    if submission.bounds_sha256 is None:
        raise RuntimeError("the bounds are not known yet")
    data = context.blobs.get_derived(
        submission.bounds_sha256, lambda: _bounds(context, submission, cells).to_bytes()
    )
    return Bounds.from_bytes(data, rows=len(cells.values))


def _bounds(context: HubContext, submission: Submission, cells: Cells) -> Bounds:
    return limits_of(context.catalogue, grid_of_submission(context, submission), cells)


def limits_of(catalogue: Catalogue, grid: CellGrid, cells: Cells) -> Bounds:
    """Return the bounds of every cell of one table; a published cell is its own bound."""
    published = np.isin(cells.states, [STATE_NUMBER[state] for state in CellState if state.has_value])
    if published.all():
        return Bounds(cells.values, cells.values)
    withheld = cells.withheld
    missing = ~published & ~withheld
    return Bounds(*cell_bounds(grid, cells.values, withheld, catalogue, missing=missing))
