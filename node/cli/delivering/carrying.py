"""`kim-node export` and `kim-node import`: deliveries by stick where no line is, and what the hub says.

What is written are the stored bytes, the same that would be sent: nothing is signed or computed here. A
result is believed as far as it goes forward; that a figure is out counts from the moment it was signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from node.amounts import RECEIPT
from node.cli.frame.session import Session
from node.cli.identity.witnessing import LOG_FOLDER, BroughtReceipts, take_brought_receipts
from node.cli.terminal.states import STATES
from node.durable_files import replace_private_file, write_error
from node.hub_client import SubmissionView
from node.hub_client.answers import submission_view
from node.hub_client.wording import refusal_of
from node.journal import DeliveryRecord, DeliveryState, Journal
from node.outbox import HUB_IS_AWAY
from protocol.bundle import (
    MAX_RESULT_BYTES,
    RESULT_SUFFIX,
    parse_result,
    payload_file,
    result_file,
    statement_file,
)
from protocol.errors import KimError, kim_error
from protocol.nouns import DELIVERY
from protocol.texts import Text

#: A result that is older than what the journal knows changes nothing. What was turned away from one stick (by
#: a hub that was not up to date) may be taken from another; what was once decided is not decided anew.
_ORDER: Final = {
    state: place
    for place, state in enumerate(
        (
            DeliveryState.SPOOLED,
            DeliveryState.REFUSED,
            DeliveryState.ANNOUNCED,
            DeliveryState.UPLOADING,
            DeliveryState.RECEIVED,
            DeliveryState.VERIFYING,
            DeliveryState.REJECTED,
            DeliveryState.ACCEPTED,
            DeliveryState.SUPERSEDED,
            DeliveryState.QUARANTINED,
        )
    )
}
#: Refusals beside those that pass by themselves (bytes that the stick has lost, a node that is suspended for
#: now): once the node and its areas are entered, the same statement is taken, so it goes onto the next stick.
_STAYS_SPOOLED: Final = HUB_IS_AWAY | {"revision_conflict", "unknown_key", "area_not_registered"}


def export_deliveries(session: Session, folder: Path, *, everything: bool) -> int:
    """Write what is signed and not decided, two files each.

    Args:
        session: the configured node.
        folder: where to; it exists.
        everything: also what the hub has decided about.

    Returns:
        0.

    Raises:
        KimError: ``cannot_write``, ``storage_full``, ``spool_damaged``.
    """
    with session.journal() as journal, journal.exclusive:
        records = journal.deliveries() if everything else journal.under_way()
        for record in records:
            _export(journal, record, folder)
            session.logbook.write("delivery.exported", {"id": record.statement_id})
    console = session.console
    console.result({"folder": str(folder), "deliveries": [_member(record) for record in records]})
    if not console.as_json:
        counted = DELIVERY.counted(len(records))
        if not records:
            console.say(Text("Nichts zu liefern.", "Nothing to deliver."))
        else:
            console.say(
                Text(
                    f"{counted.de} in {folder}. Am Hub: kim-hub import; dann hier: kim-node import.",
                    f"{counted.en} in {folder}. At the hub: kim-hub import; then here: kim-node import.",
                )
            )
    return 0


def _export(journal: Journal, record: DeliveryRecord, folder: Path) -> None:
    # The bytes first: a statement on the stick has its bytes beside it.
    files = {
        payload_file(record.sent_sha256 or record.payload_sha256): journal.parcel(record),
        statement_file(record.statement_id): journal.envelope(record),
    }
    for name, content in files.items():
        try:
            replace_private_file(folder / name, content)
        except OSError as error:
            raise write_error(error, folder / name) from error


def import_results(session: Session, folder: Path) -> int:
    """Read back what the hub has written beside the files.

    Args:
        session: the configured node.
        folder: with the results.

    Returns:
        0, or the exit code of what does not hold of receipts and log, or of the first delivery that the hub
        did not take.

    Raises:
        KimError: ``not_found`` if there is no result of this node; ``wrong_audience``, ``bad_envelope`` or
            ``unsupported_version`` for a result that is none of its hub.
    """
    read: list[tuple[DeliveryRecord, KimError | None]] = []
    with session.journal() as journal, journal.exclusive:
        known = {record.statement_id: record for record in journal.deliveries()}
        for identity, record in known.items():
            path = folder / result_file(identity)
            if path.is_file():
                read.append(_learn(session, journal, record, path))
        receipts = take_brought_receipts(session, journal, (record for record, _ in read), folder)
    if not read:
        raise kim_error(
            "not_found",
            Text(
                f"In {folder} liegt zu keiner Lieferung dieses Knotens ein Ergebnis (…{RESULT_SUFFIX}).",
                f"{folder} holds no result of a delivery of this node (…{RESULT_SUFFIX}).",
            ),
        )
    return _report(session, read, receipts)


def _learn(
    session: Session, journal: Journal, record: DeliveryRecord, path: Path
) -> tuple[DeliveryRecord, KimError | None]:
    with path.open("rb") as file:
        result = parse_result(file.read(MAX_RESULT_BYTES + 1))
    if result.audience != session.settings.hub.audience:
        raise kim_error("wrong_audience")
    if result.submission is None:
        problem = refusal_of(result.problem or {})
        stays = problem.retryable or problem.code in _STAYS_SPOOLED
        if record.state is DeliveryState.SPOOLED and not stays:
            # Turned away, but its bytes have left the house: they count as known outside.
            record = journal.observe(record, DeliveryState.REJECTED, code=problem.code)
        return record, problem
    view = submission_view(dict(result.submission), expected_id=record.statement_id)
    if _ORDER[DeliveryState(view.state)] > _ORDER[record.state]:
        record = journal.observe(record, DeliveryState(view.state), code=_code(view))
    session.logbook.write("delivery.imported", {"id": record.statement_id, "state": record.state.value})
    return record, view.problem


def _code(view: SubmissionView) -> str | None:
    return view.problem.code if view.problem is not None else None


def _report(
    session: Session, read: Sequence[tuple[DeliveryRecord, KimError | None]], receipts: BroughtReceipts
) -> int:
    console = session.console
    console.result(
        {
            "deliveries": [
                {**_member(record), "problem": problem.code if problem is not None else None}
                for record, problem in read
            ],
            "receipts": receipts.kept,
            "uncompared": receipts.uncompared,
            "log": receipts.problem.code if receipts.problem is not None else None,
        }
    )
    problems = [problem for problem in (receipts.problem, *(told for _, told in read)) if problem is not None]
    if not console.as_json:
        console.table(
            (Text("Lieferung", "Delivery"), Text("Stand", "Standing"), Text("Grund", "Reason")),
            [
                [
                    f"{record.dataset} {record.period} {record.area}",
                    STATES[record.state].in_(console.language),
                    problem.code if problem is not None else "",
                ]
                for record, problem in read
            ],
        )
        kept = RECEIPT.counted(receipts.kept)
        console.say(Text(f"{kept.de} übernommen.", f"{kept.en} kept."))
        if receipts.uncompared:
            console.say(
                Text(
                    f"Noch nicht mit dem Protokoll des Hubs verglichen: {receipts.uncompared}. Das geschieht "
                    f"beim nächsten Kontakt oder mit einer Kopie in {LOG_FOLDER}/ (kim-hub log export).",
                    f"Not compared with the log of the hub yet: {receipts.uncompared}. That happens at the "
                    f"next contact, or with a copy in {LOG_FOLDER}/ (kim-hub log export).",
                )
            )
    for problem in problems:
        console.explain(problem)
    return problems[0].exit_code if problems else 0


def _member(record: DeliveryRecord) -> dict[str, Any]:
    return {
        "id": record.statement_id,
        "area": record.area,
        "dataset": record.dataset,
        "period": record.period,
        "revision": record.revision,
        "state": record.state.value,
    }
