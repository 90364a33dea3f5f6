"""Is a period open for deliveries: it has ended, the programme existed, and nobody has closed it."""

from hub.domain.ids import SubmissionId
from hub.domain.states import SubmissionState
from hub.services.context import HubContext
from hub.store.records import FUNDS, Chain, Submission
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text

_GRANTS_STAND = Text(
    "Der Zeitraum ist geschlossen; für das Gebiet zählt die Liste der Bewilligungsbehörde. Eine zweite "
    "Tabelle derselben Beträge mit anderen Sperrungen verriete beide.",
    "The period is closed and the granting authority's list counts for the area. A second table of the same "
    "amounts with other cells withheld would give both away.",
)


def require_taken(context: HubContext, period: Period, *, after_its_end: Text | None = None) -> None:
    """Raise `period_not_open` for a period that no delivery can be about.

    Args:
        context: the hub.
        period: any period.
        after_its_end: what to do once the period is over, for a caller who does not deliver.

    Raises:
        KimError: `period_not_open` for a period before the programme (a year, if not all of its quarters lie
            in it), and for one whose last day is not over yet.
    """
    first = context.settings.first_period
    if period.first_day < Period.parse(first).first_day:
        raise kim_error(
            "period_not_open",
            Text(f"Dieser Hub nimmt Zeiträume ab {first}.", f"This hub takes periods from {first} on."),
            pointer="/period",
            remedy=Text("Einen späteren Zeitraum nennen.", "Name a later period."),
        )
    if period.last_day >= context.clock.today():
        raise kim_error("period_not_open", pointer="/period", remedy=after_its_end)


def require_open(context: HubContext, unit: UnitOfWork, chain: Chain, *, revision: int) -> None:
    """Raise `period_not_open` or `period_closed` unless a node's delivery for a period is taken.

    A closed period still takes a revision that came in time and that the hub then lost: what was delivered
    must not be missing in the statistics by the hub's own fault. It also takes the revision that follows one
    in quarantine: what came with a compromised key has to be delivered again (SPEC P-158).

    Raises:
        KimError: `period_not_open` or `period_closed`.
    """
    require_taken(context, Period.parse(chain.period))
    if not unit.periods.is_closed(chain.dataset, chain.period):
        return
    head = unit.submissions.head(chain)
    again = head is not None and head.revision <= revision and _follows_quarantine(unit, head, revision)
    if not again and not unit.submissions.was_lost(chain, revision=revision):
        raise kim_error("period_closed", pointer="/period")
    if chain.dataset == FUNDS and any(table.area == chain.area for table in unit.grants.all(chain.period)):
        # The granting authority's list stands in its place and may be public: a second table of the same
        # figures, withheld by another pattern, would give both away.
        raise kim_error("period_closed", _GRANTS_STAND, pointer="/period")


def _follows_quarantine(unit: UnitOfWork, head: Submission, revision: int) -> bool:
    """Whether a revision comes right after one in quarantine, not announced yet or being uploaded."""
    if head.revision < revision:
        return head.state is SubmissionState.QUARANTINED
    before = unit.submissions.get(SubmissionId(head.supersedes)) if head.supersedes else None
    return before is not None and before.state is SubmissionState.QUARANTINED
