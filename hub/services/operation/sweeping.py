"""Find work that nobody does: from the database's states alone, so that a lost broker loses nothing.

Also ends uploads that were never finished, and removes chunk folders that no upload needs any more.
"""

import datetime as dt
from typing import Final

from hub.clock import SystemClock
from hub.domain.jobs import Job, JobName
from hub.domain.states import OPEN_UPLOAD
from hub.services.context import HubContext
from hub.services.extracts import clear_unfinished, is_extracted
from hub.services.intake.uploading import reject
from hub.services.merging.publishing import progress
from hub.services.trust.renewal import renew
from hub.services.trust.repository import Repository
from protocol.errors import kim_error

#: Nothing is written for so long.
_SURELY_DEAD: Final = dt.timedelta(days=1)
_ALWAYS: Final = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def find_undecided(context: HubContext, *, patience_seconds: float | None) -> list[Job]:
    """Return jobs for submissions that have waited longer than `patience_seconds`, oldest first.

    A job may be on its way all the same: jobs are idempotent. None asks for everything, whatever the clock
    says: for a process that has just started and whose clock may have been put back.
    """
    before = _ALWAYS
    if patience_seconds is not None:
        before = context.clock.now() - dt.timedelta(seconds=patience_seconds)
    with context.database.read() as unit:
        jobs = [Job(JobName.VERIFY, (item,)) for item in unit.submissions.waiting(before=before)]
        return jobs + [Job(JobName.BOUND, (item,)) for item in unit.submissions.unbounded(before=before)]


def find_uncompared(context: HubContext) -> list[Job]:
    """Return jobs for areas whose deliveries are to be looked at together and which delivered nothing lately.

    And at once for those that a closed period waits for.
    """
    before = context.clock.now() - dt.timedelta(seconds=context.settings.quiet_seconds)
    with context.database.read() as unit:
        quiet = unit.submissions.uncompared_areas(before=before)
        awaited = unit.submissions.unjudged_areas()
    return [Job(JobName.VALIDATE, (area,)) for area in sorted({*quiet, *awaited})]


def find_unpublished(context: HubContext) -> list[Job]:
    """Return jobs for what is closed and not compiled, not published as it stands now, or has no extract."""
    with context.database.read() as unit:
        state = progress(context, unit)
        jobs = [Job(JobName.COMPILE, key) for key in state.uncompiled]
        published = unit.cubes.published()
        if state.complete and state.cubes and (published is None or published.cubes != state.cubes):
            jobs.append(Job(JobName.PUBLISH))
        elif published is not None and not is_extracted(context, published.number):
            jobs.append(Job(JobName.EXTRACT, (str(published.number),)))
    return jobs


def change_mark(context: HubContext) -> tuple[int, ...]:
    """Return numbers that grow whenever something happens that :func:`find_unpublished` looks at."""
    with context.database.read() as unit:
        return unit.change_mark()


def expire_uploads(context: HubContext) -> int:
    """Reject uploads that were announced too long ago and are not complete; return how many."""
    before = context.clock.now() - dt.timedelta(days=context.settings.upload_days)
    with context.database.read() as unit:
        late = unit.submissions.open_uploads_before(before)
    for item in late:
        with context.database.write() as unit:
            current = unit.submissions.get(item)
            if current is None or current.state not in OPEN_UPLOAD:
                continue
            reject(unit, current, kim_error("upload_expired"), at=context.clock.now())
            unit.chunks.drop(item)
        context.incoming.clear(item)
    return len(late)


def renew_trust(context: HubContext) -> bool:
    """Keep the officers' repository fresh for its readers; return whether anything was signed.

    By the machine's time, like every reader: a hub that plays another day does not shift lifetimes.
    """
    return renew(Repository(context.settings), context.database, now=SystemClock().now())


def clear_leftovers(context: HubContext) -> None:
    """Remove what a process left that died: chunk folders of uploads that are over, unfinished files."""
    clear_unfinished(context.settings.home)
    context.blobs.clear_unfinished(before=SystemClock().now() - _SURELY_DEAD)
    with context.database.read() as unit:
        over = [
            item
            for item in context.incoming.submissions()
            if (row := unit.submissions.get(item)) is None or row.state not in OPEN_UPLOAD
        ]
    for item in over:
        context.incoming.clear(item)
