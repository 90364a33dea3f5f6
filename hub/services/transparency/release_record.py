"""What a release consists of, as the document whose digest the log carries (SPEC P-115)."""

import datetime as dt

from hub.services.context import HubContext
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.evidence import ReleaseRecord, TableRecord


def record_of(context: HubContext, unit: UnitOfWork, number: int) -> ReleaseRecord:
    """Return the record of a release; the same whenever it is asked for.

    Raises:
        KimError: `not_found` if there is no such release.
    """
    release = unit.cubes.contents(number)
    if release is None:
        raise kim_error("not_found")
    return ReleaseRecord(
        audience=context.settings.audience,
        number=number,
        published=f"{release.created_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        catalogue_sha256=release.catalogue_sha256,
        tables=tuple(
            TableRecord(
                table.dataset,
                table.period,
                table.sha256,
                deliveries={name: given for name, given in table.inputs.items() if not _is_period(name)},
                quarters={name: given for name, given in table.inputs.items() if _is_period(name)},
            )
            for table in release.tables
        ),
    )


def _is_period(name: str) -> bool:
    """Whether an input of a cube is a quarter's cube; the others are named by their area."""
    return name[:1].isdigit()
