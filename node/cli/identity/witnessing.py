"""What every contact with the hub does beside its purpose: look at the log, fetch receipts, raise alarms.

It never keeps a delivery from being made: whatever the log does, what is signed and protected may go out.
Without a key of the log nothing can be verified, and nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from node.amounts import RECEIPT
from node.cli.frame.session import Session
from node.cli.identity.trusting import store_of
from node.clock import local
from node.keystore import load_key
from node.witness import Alarm, LogCopy, LogWatch, ReceiptKeeper, WitnessKey, WitnessStore
from node.witness.alarms import GRAVE
from protocol.errors import KimError, kim_error
from protocol.keys import KeyPurpose
from protocol.nouns import Noun
from protocol.problems import PROBLEMS
from protocol.texts import Language, Text
from protocol.transparency.checkpoints import open_checkpoint
from protocol.verify.anchors import Anchors, anchors_of_keys, anchors_of_officers

if TYPE_CHECKING:
    from node.hub_client import HubClient
    from node.journal import DeliveryRecord, Journal

_PATIENCE: Final = timedelta(hours=24)
_LOG_ENTRY: Final = Noun(Text("Eintrag", "entry"), Text("Einträge", "entries"))

#: A copy of the log in a folder that comes by stick.
LOG_FOLDER: Final = "log"

#: What keeps a look at the log from being made and is said elsewhere already, or is nothing new.
_SILENT: Final = frozenset({"hub_unreachable", "not_a_hub", "not_found", "busy", "log_unavailable"})


@dataclass(frozen=True, slots=True)
class Watching:
    """How things stand with the log and the receipts.

    Attributes:
        size: entries of the newest verified state; None before the first.
        verified_at: when that was seen last.
        receipts: verified receipts.
        final: those of them that enough witnesses have confirmed.
        uncompared: those that were brought and could not be compared with the log yet.
        signs: whether this node signs what it has seen.
        alarms: what people must know.
        problem: what kept the log from being looked at now.
    """

    size: int | None
    verified_at: datetime | None
    receipts: int
    final: int
    uncompared: int
    signs: bool
    alarms: Sequence[Alarm]
    problem: KimError | None = None

    @property
    def is_grave(self) -> bool:
        """Whether somebody has to act at once, whatever else is wrong."""
        return any(alarm.kind in GRAVE for alarm in self.alarms)

    @property
    def exit_code(self) -> int:
        """What a command ends with that shows this: somebody has to act at once, or nothing is verified."""
        if self.is_grave:
            return PROBLEMS["log_contradicts"].exit_code
        if self.problem is not None and self.problem.code not in _SILENT:
            return self.problem.exit_code
        return 0

    @property
    def members(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "size": self.size,
            "verified_at": None if self.verified_at is None else f"{self.verified_at:%Y-%m-%dT%H:%M:%SZ}",
            "receipts": self.receipts,
            "final": self.final,
            "uncompared": self.uncompared,
            "signs": self.signs,
            "problem": None if self.problem is None else self.problem.code,
            "alarms": [
                {"kind": alarm.kind.value, "at": alarm.at, "subject": alarm.subject, "file": alarm.file}
                for alarm in self.alarms
            ],
        }


def look_at_log(session: Session, journal: Journal, client: HubClient | None) -> Watching | None:
    """Look at the log, fetch receipts, and return how things stand; None if the log's key is not known.

    Args:
        session: the configured node.
        journal: its deliveries.
        client: the hub; None to say what is known without asking it.
    """
    try:
        believed = _believed(session)
        return None if believed is None else _look(session, journal, client, *believed)
    except KimError as error:
        return Watching(None, None, 0, 0, 0, signs=False, alarms=(), problem=error)


def _look(
    session: Session, journal: Journal, client: HubClient | None, anchors: Anchors, patience: timedelta
) -> Watching:
    settings, clock = session.settings, session.clock
    store = WitnessStore(settings.witness, clock=clock)
    keeper = ReceiptKeeper(
        store,
        journal,
        node=settings.node,
        anchors=anchors,
        clock=clock,
        patience=patience,
        judge_time=not settings.hub.loopback,
    )
    key = _witness_key(session)
    problem: KimError | None = None
    if client is not None:
        watch = LogWatch(store, client, node=settings.node, log=anchors.log, clock=clock, key=key)
        visit = watch.visit(
            lambda: {record.statement_id for record in journal.deliveries()}, keys=lambda: _own_keys(session)
        )
        problem = visit.problem
        if problem is None:
            problem = next(iter(keeper.collect(client, watch)), None)
    receipts = [receipt for record in journal.deliveries() for receipt in keeper.stored(record)]
    return Watching(
        size=_stored_size(store, anchors),
        verified_at=store.verified_at(),
        receipts=len(receipts),
        final=sum(receipt.final for receipt in receipts),
        uncompared=sum(not receipt.compared for receipt in receipts),
        signs=key is not None,
        alarms=keeper.alarms(),
        problem=problem,
    )


@dataclass(frozen=True, slots=True)
class BroughtReceipts:
    """What became of receipts that came as files.

    Attributes:
        kept: how many are kept.
        uncompared: how many receipts of this node could not be compared with the log yet.
        problem: what does not hold, of a receipt or of the copy of the log beside it.
    """

    kept: int = 0
    uncompared: int = 0
    problem: KimError | None = None


def take_brought_receipts(
    session: Session, journal: Journal, records: Iterable[DeliveryRecord], folder: Path
) -> BroughtReceipts:
    """Keep the receipts that came as files, and compare them with the log as far as that can be done here.

    A copy of the log beside them is read like the log itself (SPEC P-110), but nothing is signed for it.
    Without one, only a receipt under the very state that this node has seen can be compared. As long as the
    log's key is not known, nothing is kept.

    Raises:
        KimError: a receipt that does not hold.
    """
    believed = _believed(session)
    if believed is None:
        return BroughtReceipts()
    (anchors, patience), settings, clock = believed, session.settings, session.clock
    store = WitnessStore(settings.witness, clock=clock)
    keeper = ReceiptKeeper(
        store, journal, node=settings.node, anchors=anchors, clock=clock, patience=patience
    )
    kept = sum(keeper.bring(record, folder) for record in records)
    copy = LogCopy(folder / LOG_FOLDER)
    watch = LogWatch(store, copy, node=settings.node, log=anchors.log, clock=clock, served=False)
    problem: KimError | None = None
    if copy.exists:
        problem = watch.visit(
            lambda: {record.statement_id for record in journal.deliveries()}, keys=lambda: _own_keys(session)
        ).problem
        if problem is not None and problem.code == "log_shrunk":
            problem = None  # older than what this node has seen: it says nothing, and nobody is to blame
    wrong = keeper.compare(watch)
    receipts = [item for record in journal.deliveries() for item in keeper.stored(record)]
    return BroughtReceipts(kept, sum(not item.compared for item in receipts), next(iter(wrong), problem))


def show_watching(session: Session, watching: Watching) -> None:
    """Say how things stand: one line if all is well, and a paragraph for each alarm."""
    console = session.console
    console.say()
    console.say(_summary(watching, console.language))
    if watching.problem is not None and watching.problem.code not in _SILENT:
        detail = watching.problem.detail
        console.say(Text(f"  Nicht geprüft: {detail.de}", f"  Not verified: {detail.en}"))
    for alarm in watching.alarms:
        since = _moment(datetime.fromisoformat(alarm.at), console.language)
        subject = f" ({alarm.subject})" if alarm.subject else ""
        console.say(
            Text(
                f"  ALARM seit {since}: {alarm.title.de}{subject}",
                f"  ALARM since {since}: {alarm.title.en}{subject}",
            )
        )
        if alarm.file:
            place = session.settings.witness / alarm.file
            console.say(Text(f"    Beleg: {place}", f"    Proof: {place}"))
        console.say(Text(f"    → {alarm.remedy.de}", f"    → {alarm.remedy.en}"))


def _summary(watching: Watching, language: Language) -> Text:
    if watching.size is None or watching.verified_at is None:
        return Text("Protokoll des Hubs: noch nicht gesehen.", "Log of the hub: not seen yet.")
    when = _moment(watching.verified_at, language)
    waiting = watching.receipts - watching.final
    entries, receipts = _LOG_ENTRY.counted(watching.size), RECEIPT.counted(watching.receipts)
    missing = [
        (waiting, Text("noch nicht von Zeugen bestätigt", "not confirmed by witnesses yet")),
        (
            watching.uncompared,
            Text("noch nicht mit dem Protokoll verglichen", "not compared with the log yet"),
        ),
    ]
    open_de = "".join(f", davon {number} {said.de}" for number, said in missing if number)
    open_en = "".join(f", {number} of them {said.en}" for number, said in missing if number)
    return Text(
        f"Protokoll des Hubs: {entries.de}, geprüft {when}; {receipts.de}{open_de}.",
        f"Log of the hub: {entries.en}, verified {when}; {receipts.en}{open_en}.",
    )


def _moment(instant: datetime, language: Language) -> str:
    here = local(instant)
    return f"{here:%Y-%m-%d %H:%M}" if language == "en" else f"{here:%d.%m.%Y %H:%M}"


def _believed(session: Session) -> tuple[Anchors, timedelta] | None:
    """Return whose keys are believed, and how long a receipt may be missing; None if no log's key is known.

    The officers say it; only on a test bench, where there are none, the configuration does.

    Raises:
        KimError: ``config_invalid`` if the key in the configuration cannot be read, or what is wrong with the
            copy of the officers' repository.
    """
    store = store_of(session)
    if store.pinned:
        known = store.load()
        if known is None or known.hub_keys.log_vkey is None:
            return None
        anchors = anchors_of_officers(known.hub_keys, known.directory)
        return anchors, timedelta(hours=known.policy.receipt_hours)
    text = session.settings.hub.log_key
    if text is None:
        return None
    try:
        return anchors_of_keys(text, (), quorum=0), _PATIENCE
    except KimError as error:
        raise kim_error("config_invalid", error.detail, pointer="/hub/log_key") from error


def _stored_size(store: WitnessStore, anchors: Anchors) -> int | None:
    note = store.checkpoint()
    return None if note is None else open_checkpoint(note, anchors.log).checkpoint.size


def _own_keys(session: Session) -> frozenset[str]:
    """Return the ids of the keys that this node has, and of those that are to follow them."""
    settings = session.settings
    places = ((settings.key, KeyPurpose.SIGN), (settings.witness_key, KeyPurpose.WITNESS))
    return frozenset(
        load_key(place, purpose=purpose).public.keyid
        for first, purpose in places
        for place in (first, first.next)
        if place.path.exists()
    )


def _witness_key(session: Session) -> WitnessKey | None:
    """Return the key that this node signs states of the log with; None if it has none."""
    settings = session.settings
    if not settings.witness_key.path.exists():
        return None  # set up by an earlier version: it is made with the next enrolment or change of keys
    return WitnessKey(settings.node, load_key(settings.witness_key, purpose=KeyPurpose.WITNESS))
