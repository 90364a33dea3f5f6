"""Is a period open for deliveries: it has ended, the programme existed, and nobody has closed it."""

from hub.services.context import HubContext
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text


def require_taken(context: HubContext, period: Period, *, after_its_end: Text | None = None) -> None:
    """Raise `period_not_open` for a period that no delivery can be about.

    Args:
        context: the hub.
        period: any period.
        after_its_end: what to do once the period is over, for a caller who does not deliver.

    Raises:
        KimError: `period_not_open` for a year (only quarters are delivered), for a period before the
            programme, and for one whose last day is not over yet.
    """
    if period.quarter is None:
        raise kim_error(
            "period_not_open",
            Text("Geliefert wird nach Quartalen.", "Deliveries are made by quarter."),
            pointer="/period",
            remedy=Text(f"Ein Quartal nennen, etwa {period}-Q3.", f"Name a quarter, such as {period}-Q3."),
        )
    first = context.settings.first_period
    if period < Period.parse(first):
        raise kim_error(
            "period_not_open",
            Text(f"Dieser Hub nimmt Quartale ab {first}.", f"This hub takes quarters from {first} on."),
            pointer="/period",
            remedy=Text("Ein späteres Quartal nennen.", "Name a later quarter."),
        )
    if period.last_day >= context.clock.today():
        raise kim_error("period_not_open", pointer="/period", remedy=after_its_end)


def require_open(
    context: HubContext, unit: UnitOfWork, period: Period, *, node_id: str, dataset: str, revision: int
) -> None:
    """Raise `period_not_open` or `period_closed` unless a node's delivery for a period is taken.

    A closed period still takes a revision that came in time and that the hub then lost: what was delivered
    must not be missing in the statistics by the hub's own fault.

    Raises:
        KimError: `period_not_open` or `period_closed`.
    """
    require_taken(context, period)
    if not unit.periods.is_closed(dataset, str(period)):
        return
    if not unit.submissions.was_lost(node_id, dataset, str(period), revision=revision):
        raise kim_error("period_closed", pointer="/period")
