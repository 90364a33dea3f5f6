"""Checks what a release rests on: its record, every statement that it cites, and their places in the log.

What it says when all checks pass: these nodes signed these statements, the hub accepted them before it
published, the release cites exactly these, and all of that stands in a log that the witnesses know. What it
cannot say: that the hub added up correctly; the statements commit to the tables, and whoever has those can
add up anew.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from protocol import strict_json
from protocol.dsse import statement_id
from protocol.errors import KimError, kim_error
from protocol.evidence import (
    Evidence,
    LoggedEvent,
    ReleaseRecord,
    StatementEvidence,
    TableRecord,
    grants_name,
    parse_evidence,
    parse_record,
)
from protocol.nouns import NODE, TABLE, WITH_ENTRIES, Noun
from protocol.statement import SubmissionStatement
from protocol.texts import Text
from protocol.transparency.checkpoints import Checkpoint, open_checkpoint
from protocol.transparency.events import EventKind, LogEvent, parse_event
from protocol.transparency.merkle import leaf_hash, verify_inclusion
from protocol.trust import KeyEntry, NodeEntry
from protocol.verify.anchors import Anchors
from protocol.verify.granted import GrantedTable, check_granted, require_one_list
from protocol.verify.receipts import check_signature, require_quorum
from protocol.verify.trail import Trail

_CITED: Final = Noun(
    Text("zitierte Lieferung", "cited delivery"), Text("zitierte Lieferungen", "cited deliveries")
)


@dataclass(frozen=True, slots=True)
class CitedStatement:
    """A statement behind a table, verified.

    Attributes:
        table: the table it went into.
        identity: statement id.
        statement: what was signed.
        node: who signed it.
        key: with which key.
        index: where the log says that it was accepted.
        accepted: when.
    """

    table: TableRecord
    identity: str
    statement: SubmissionStatement
    node: NodeEntry
    key: KeyEntry
    index: int
    accepted: datetime

    @property
    def members(self) -> dict[str, strict_json.JsonValue]:
        """The same for machines."""
        return {
            "dataset": self.table.dataset,
            "period": self.table.period,
            "area": self.statement.area,
            "statement": self.identity,
            "node": self.node.node,
            "name": self.node.name,
            "keyid": self.key.keyid,
            "revision": self.statement.revision,
            "payload_sha256": self.statement.travelling.sha256,
            "log_index": self.index,
            "accepted": f"{self.accepted:%Y-%m-%dT%H:%M:%SZ}",
        }


@dataclass(frozen=True, slots=True)
class VerifiedRelease:
    """What the evidence of a release proves.

    Attributes:
        record: which tables it consists of, and from what.
        statements: those that were asked about, verified.
        files: SHA-256 of the list of its files, as the log names it; None if the evidence does not prove one.
        granted: what stands in for a delivery, of those that were asked about.
    """

    record: ReleaseRecord
    statements: tuple[CitedStatement, ...]
    files: str | None
    granted: tuple[GrantedTable, ...] = ()


#: Which tables, and which areas' deliveries to them, are to be checked.
Wanted = Callable[[TableRecord, str], bool]


def check_release(
    trail: Trail, data: bytes, anchors: Anchors, *, wanted: Wanted | None = None
) -> VerifiedRelease:
    """Check the evidence of a release, offline.

    1. the document has its form;
    2. the log's key has signed the state of the log that it names, and enough witnesses have confirmed it;
    3. the log says that the release was published with exactly this record, and which list of files is its;
    4. a year that was computed names the tables of its quarters as the record has them;
    5. every statement that the record cites is there, is the one cited, and belongs in its place;
    6. a node signed it that may, with a key that held when the hub received it;
    7. the log says that the hub accepted it, before it published;
    8. what stands in for a delivery was made of a list of grants before, of one for each year, and is what
       the log then named.

    Args:
        trail: collects what is found.
        data: the evidence.
        anchors: what is believed; with a directory.
        wanted: which deliveries to which tables are asked about; all of them if omitted.

    Returns:
        What is proven.

    Raises:
        KimError: what does not hold.
    """
    # 1.
    evidence = parse_evidence(data)
    record = parse_record(evidence.record)
    _require_directory(anchors, record)
    # 2.
    opened = open_checkpoint(evidence.checkpoint, anchors.log)
    state = opened.checkpoint
    size = WITH_ENTRIES.counted(state.size)
    trail.facts |= {"release": record.number, "published": record.published, "size": state.size}
    trail.passes(
        f"Das Protokoll {state.origin} hat den Stand mit {size.de} unterschrieben.",
        f"The log {state.origin} has signed its state of {size.en}.",
    )
    require_quorum(trail, anchors, anchors.cosigners(opened.note))
    # 3.
    _check_publication(trail, evidence, record, state)
    files = _listed_files(evidence, record, state)
    # 4.
    _check_quarters(record)
    # 5 to 7.
    cited = tuple(_checked(evidence, record, anchors, state, wanted or _everything))
    trail.facts["statements"] = len(cited)
    found, nodes = _CITED.counted(len(cited)), NODE.counted(len({item.node.node for item in cited}))
    trail.passes(
        f"{found.de} von {nodes.de}: unterschrieben, angenommen vor der Veröffentlichung, jede an ihrem "
        "Platz.",
        f"{found.en} of {nodes.en}: signed, accepted before publication, each in its place.",
    )
    # 8.
    granted = tuple(_stand_ins(evidence, record, state, wanted or _everything))
    require_one_list(granted)
    if granted:
        trail.facts["granted"] = [item.members for item in granted]
        tables = TABLE.counted(len(granted))
        trail.passes(
            f"{tables.de} aus der Liste der Bewilligungsbehörde: so im Protokoll festgelegt, als die Liste "
            "eingelesen wurde, vor der Veröffentlichung.",
            f"{tables.en} of the granting authority's list: fixed like that in the log when the list was "
            "imported, before publication.",
        )
        trail.remark(
            "Was aus der Liste der Bewilligungsbehörde stammt, hat kein Knoten unterschrieben. Wer die Liste "
            "und ihr Salz hat, kann sie mit dem Protokoll vergleichen.",
            "No node has signed what comes from the granting authority's list. Whoever has the list and its "
            "salt can compare it with the log.",
        )
    trail.remark(
        "Nicht geprüft: ob der Hub richtig gerechnet hat. Die Lieferungen legen fest, woraus; ob es damals "
        "neuere gab, zeigt eine Kopie des Protokolls.",
        "Not checked: whether the hub computed correctly. The deliveries fix from what; whether there were "
        "newer ones then is shown by a copy of the log.",
    )
    return VerifiedRelease(record, cited, files, granted)


def _check_publication(trail: Trail, evidence: Evidence, record: ReleaseRecord, state: Checkpoint) -> None:
    event = logged(evidence.release, state)
    if (event.kind, event.id) != (EventKind.RELEASE, f"release/{record.number}"):
        raise _evidence(
            "Der Eintrag der Veröffentlichung ist ein anderer.", "The entry of the release is another."
        )
    if event.out_sha256 is None or not hmac.compare_digest(
        event.out_sha256, hashlib.sha256(evidence.record).hexdigest()
    ):
        raise _evidence(
            "Das Protokoll nennt für diese Veröffentlichung ein anderes Verzeichnis der Tabellen.",
            "The log names another record of tables for this release.",
        )
    trail.facts["log_index"] = evidence.release.index
    tables = TABLE.counted(len(record.tables))
    trail.passes(
        f"Veröffentlichung {record.number} mit {tables.de} steht dort an Stelle {evidence.release.index}.",
        f"Release {record.number} of {tables.en} stands there at position {evidence.release.index}.",
    )


def _listed_files(evidence: Evidence, record: ReleaseRecord, state: Checkpoint) -> str | None:
    """Return the digest of the list of files that the log names for this release; None without proof."""
    if evidence.files is None:
        return None
    event = logged(evidence.files, state)
    if (event.kind, event.id) != (EventKind.EXTRACT, f"extract/{record.number}") or event.out_sha256 is None:
        raise _evidence("Der Eintrag der Dateien ist ein anderer.", "The entry of the files is another.")
    return event.out_sha256


def _check_quarters(record: ReleaseRecord) -> None:
    for table in record.tables:
        for quarter, digest in table.quarters.items():
            own = record.table(table.dataset, quarter)
            if own is None or not hmac.compare_digest(own.sha256, digest):
                raise _evidence(
                    f"{table.dataset} {table.period} wurde aus einem anderen {quarter} errechnet.",
                    f"{table.dataset} {table.period} was computed from another {quarter}.",
                )


def _checked(
    evidence: Evidence, record: ReleaseRecord, anchors: Anchors, state: Checkpoint, wanted: Wanted
) -> Iterable[CitedStatement]:
    for table in record.tables:
        for area, identity in sorted(table.statements.items()):
            if not _asked_for(wanted, record, table, area):
                continue
            with _at(table, area):
                found = evidence.statements.get(identity)
                if found is None:
                    raise _evidence("Die Lieferung fehlt im Nachweis.", "The evidence lacks the delivery.")
                yield _cited(table, area, identity, found, evidence.release.index, anchors, state)


def _stand_ins(
    evidence: Evidence, record: ReleaseRecord, state: Checkpoint, wanted: Wanted
) -> Iterable[GrantedTable]:
    for table in record.tables:
        for area in sorted(table.granted):
            if not _asked_for(wanted, record, table, area):
                continue
            with _at(table, area):
                found = evidence.grants.get(grants_name(table.period, area))
                if found is None:
                    raise _evidence(
                        "Im Nachweis fehlt, was das Protokoll von den Bewilligungen sagt.",
                        "The evidence lacks what the log says of the grants.",
                    )
                yield check_granted(
                    table,
                    area,
                    logged(found.table, state),
                    index=found.table.index,
                    salt=found.salt,
                    published=evidence.release.index,
                )


@contextmanager
def _at(table: TableRecord, area: str) -> Iterator[None]:
    """Say of a refusal which delivery it is about."""
    try:
        yield
    except KimError as error:
        place = f"{table.dataset} {table.period} {area}"
        detail = Text(f"{place}: {error.detail.de}", f"{place}: {error.detail.en}")
        raise kim_error(error.code, detail, pointer=error.pointer) from error


def _asked_for(wanted: Wanted, record: ReleaseRecord, table: TableRecord, area: str) -> bool:
    """Whether a delivery is asked for itself, or through a year that was computed from it."""
    if wanted(table, area):
        return True
    years = (
        year for year in record.tables if year.dataset == table.dataset and table.period in year.quarters
    )
    return any(wanted(year, area) for year in years)


def _cited(
    table: TableRecord,
    area: str,
    identity: str,
    found: StatementEvidence,
    published: int,
    anchors: Anchors,
    state: Checkpoint,
) -> CitedStatement:
    # 5. SPEC P-11: the id commits to every byte that was signed.
    if not hmac.compare_digest(statement_id(found.envelope), identity):
        raise _evidence("Zitiert ist eine andere Lieferung.", "Another delivery is cited.")
    received, accepted = (logged(proof, state) for proof in (found.received, found.accepted))
    if (received.kind, received.id) != (EventKind.RECEIVED, identity):
        raise _evidence("Das Protokoll belegt ihren Eingang nicht.", "The log does not prove its receipt.")
    # 6. SPEC P-21: what counts for the key is when the hub received it.
    statement, node, key = check_signature(found.envelope, anchors, received=received.at)
    if received.payload_sha256 != statement.travelling.sha256:
        raise _evidence("Eingegangen sind andere Bytes.", "Other bytes were received.")
    # A statement must not be counted for another area or period.
    if (statement.dataset_id, statement.period, statement.area) != (table.dataset, table.period, area):
        raise _evidence(
            "Die Lieferung gehört an eine andere Stelle.", "The delivery belongs in another place."
        )
    # 7.
    if (accepted.kind, accepted.id, accepted.node) != (EventKind.ACCEPTED, identity, statement.node):
        raise _evidence("Das Protokoll belegt ihre Annahme nicht.", "The log does not prove its acceptance.")
    if not found.received.index < found.accepted.index < published:
        raise _evidence(
            "Eingang, Annahme und Veröffentlichung stehen nicht in dieser Reihenfolge im Protokoll.",
            "Receipt, acceptance and publication do not stand in the log in this order.",
        )
    return CitedStatement(table, identity, statement, node, key, found.accepted.index, accepted.at)


def logged(proof: LoggedEvent, state: Checkpoint) -> LogEvent:
    """Check that an event stands in the tree of a state, and return it.

    Raises:
        KimError: ``proof_invalid``, ``bad_log_document``.
    """
    verify_inclusion(leaf_hash(proof.leaf), proof.index, size=state.size, proof=proof.proof, root=state.root)
    return parse_event(proof.leaf)


def _require_directory(anchors: Anchors, record: ReleaseRecord) -> None:
    if anchors.directory is None:
        raise kim_error(
            "evidence_invalid",
            Text(
                "Ohne das Verzeichnis der Knoten lässt sich keine Unterschrift prüfen.",
                "Without the directory of nodes no signature can be checked.",
            ),
            remedy=Text("directory.json mit --directory angeben.", "Name directory.json with --directory."),
        )
    if anchors.directory.audience != record.audience:
        raise kim_error("wrong_audience")


def _everything(_table: TableRecord, _area: str) -> bool:
    return True


def _evidence(german: str, english: str) -> KimError:
    return kim_error("evidence_invalid", Text(german, english))
