"""What a published figure rests on: the signed statements behind it, and proofs that they stand in the log.

Two uses of the same: :func:`trace` says for a page which deliveries are behind a figure; :func:`evidence_of`
gives the document with which anybody checks that offline (`kim-verify release`, `kim-verify explain`).

It shows statements of published tables only, never others: what is under embargo is cited nowhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.domain.ids import SubmissionId
from hub.services.context import HubContext
from hub.services.extracts.entering import newest_listing
from hub.services.transparency.reading import confirmed_state, cosigned, state_for
from hub.services.transparency.release_record import record_of
from hub.store.files.evidence import EvidenceFiles
from hub.store.tables.log import StoredCheckpoint, StoredLeaf
from hub.store.unit_of_work import UnitOfWork
from protocol.dsse import parse_envelope
from protocol.errors import KimError, kim_error
from protocol.evidence import (
    GRANTS,
    Evidence,
    GrantEvidence,
    LoggedEvent,
    ReleaseRecord,
    StatementEvidence,
    TableRecord,
    grants_name,
    tables_of,
)
from protocol.regions import RegionTree
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent, parse_event
from protocol.transparency.merkle import inclusion_proof
from protocol.transparency.receipts import Receipt
from protocol.transparency.tiles import Tile, TileReader

#: Which deliveries to which tables are asked about.
Wanted = Callable[[TableRecord, str], bool]


@dataclass(frozen=True, slots=True)
class TracedDelivery:
    """One delivery behind a figure.

    Attributes:
        area: region it is about.
        period: of the table it went into; of a computed year, that of the quarter.
        identity: statement id; None for what the granting authority's list says.
        node: who signed it; empty for a grant.
        revision: number of the revision; 0 for a grant.
        received: when the hub had all of it; None for a grant.
        index: place in the log of its acceptance; None for a grant.
        accepted: when that was.
    """

    area: str
    period: str
    identity: str | None
    node: str = ""
    revision: int = 0
    received: dt.datetime | None = None
    index: int | None = None
    accepted: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What a figure rests on.

    Attributes:
        release: number of the release.
        index: place of the release in the log.
        tables: digest of every table behind the figure, by dataflow and period.
        deliveries: by period and area.
    """

    release: int
    index: int | None
    tables: Mapping[tuple[str, str], str]
    deliveries: tuple[TracedDelivery, ...]


def areas_behind(tree: RegionTree, region: str) -> tuple[str, ...]:
    """Return the areas whose deliveries may be in a region's figure, authorities among them.

    Raises:
        KimError: ``unknown_area``.
    """
    leaves = tree.leaves_of(region)
    joint = (name for name, members in tree.members.items() if set(members) <= set(leaves))
    return (*leaves, *(name for name in joint if name not in leaves))


def trace(context: HubContext, number: int, *, datasets: Collection[str], period: str, region: str) -> Trace:
    """Return the deliveries behind the figures of a region in one period.

    Args:
        context: the hub.
        number: the release.
        datasets: dataflows that the figure is read from.
        period: wire form.
        region: reporting area or aggregate.

    Raises:
        KimError: ``not_found`` for an unknown release, ``unknown_area``.
    """
    areas = areas_behind(context.tree, region)
    with context.database.read() as unit:
        record = record_of(context, unit, number)
        own = {(dataset, period) for dataset in datasets}
        tables = list(tables_of(record, lambda table: table.place in own))
        published = unit.leaves.newest_of(f"release/{number}")
        given = [
            (table, area, identity)
            for table in tables
            for area, identity in sorted(table.deliveries.items())
            if area in areas
        ]
        events = _events(unit, [identity for _, _, identity in given])
        nodes = _signers(unit, [identity for _, _, identity in given])
    return Trace(
        release=number,
        index=None if published is None else published.index,
        tables={table.place: table.sha256 for table in tables},
        deliveries=tuple(
            _traced(table, area, identity, events=events, nodes=nodes) for table, area, identity in given
        ),
    )


def evidence_of(context: HubContext, number: int, wanted: Wanted | None = None) -> bytes:
    """Return the evidence of a release, under the newest state that enough witnesses have confirmed.

    The evidence of a whole release is kept once it is final: it takes seconds to make. What is final,
    officers say: after each version of theirs it is made again.

    Args:
        context: the hub.
        number: the release.
        wanted: which deliveries are asked about; all of them if omitted.

    Raises:
        KimError: ``not_found`` if there is no such release; ``log_unavailable`` until its state is signed;
            ``evidence_invalid`` for a release that is older than the log.
    """
    with context.database.read() as unit:
        governed = unit.trust.current()
        version = 0 if governed is None else governed.targets_version
        kept = EvidenceFiles(context.settings.home / "evidence", version=version)
        known = kept.get(number) if wanted is None else None
        if known is not None:
            return known
        record = record_of(context, unit, number)
        published = unit.leaves.newest_of(f"release/{number}")
        if published is None:
            raise _older_than_the_log()
        listed = _signed_listing(unit, number)
        index = published.index if listed is None else max(published.index, listed.index)
        state = state_for(unit, index)
        proofs = _Proofs(unit, state)
        made = Evidence(
            record=record.to_bytes(),
            checkpoint=cosigned(unit, state).to_bytes(),
            release=proofs.of(published),
            statements=_statements(context, unit, sorted(_cited(record, wanted)), proofs),
            files=None if listed is None else proofs.of(listed),
            grants=_grants(unit, record, wanted, proofs),
        ).to_bytes()
        # A test bench has no officers, who would say how many witnesses are enough.
        enough = governed is None or confirmed_state(unit, index) is not None
        final = listed is not None and enough
    if wanted is None and final:
        kept.keep(number, made)
    return made


def _statements(
    context: HubContext, unit: UnitOfWork, identities: Sequence[str], proofs: _Proofs
) -> dict[str, StatementEvidence]:
    events = _events(unit, identities)
    found: dict[str, StatementEvidence] = {}
    for identity in identities:
        submission = unit.submissions.get(SubmissionId(identity))
        leaves = events.get(identity, {})
        if submission is None or not {EventKind.RECEIVED, EventKind.ACCEPTED} <= leaves.keys():
            raise _older_than_the_log()
        found[identity] = StatementEvidence(
            parse_envelope(context.blobs.get(submission.envelope_sha256)),
            received=proofs.of(leaves[EventKind.RECEIVED][0]),
            accepted=proofs.of(leaves[EventKind.ACCEPTED][0]),
        )
    return found


def _grants(
    unit: UnitOfWork, record: ReleaseRecord, wanted: Wanted | None, proofs: _Proofs
) -> dict[str, GrantEvidence]:
    found: dict[str, GrantEvidence] = {}
    for table in record.tables:
        areas = [area for area in table.granted if wanted is None or wanted(table, area)]
        kept = {item.area: item for item in unit.grants.all(table.period)} if areas else {}
        for area in areas:
            name = grants_name(table.period, area)
            own, leaf = kept.get(area), unit.leaves.newest_of(name)
            if own is None or own.name != table.deliveries[area] or own.salt is None or leaf is None:
                raise _older_than_the_log()
            found[name] = GrantEvidence(bytes.fromhex(own.salt), proofs.of(leaf))
    return found


def _signed_listing(unit: UnitOfWork, number: int) -> StoredLeaf | None:
    """Return the event about the release's files, once a state with it is signed."""
    newest, listed = unit.leaves.checkpoint(), newest_listing(unit, number)
    return listed if newest is not None and listed is not None and listed.index < newest.size else None


def statement_of(context: HubContext, number: int, identity: SubmissionId) -> bytes:
    """Return the signed envelope of a statement that a release cites.

    Raises:
        KimError: ``not_found`` for any other.
    """
    with context.database.read() as unit:
        require_cited(context, unit, number, identity)
        submission = unit.submissions.get(identity)
        if submission is None:
            raise kim_error("not_found")
        return context.blobs.get(submission.envelope_sha256)


def receipt_of_acceptance(context: HubContext, number: int, identity: SubmissionId) -> bytes:
    """Return the receipt that a statement which a release cites was accepted.

    Raises:
        KimError: ``not_found`` for any other statement, ``evidence_invalid`` if it is older than the log,
            ``log_unavailable`` until the state with the event is signed.
    """
    with context.database.read() as unit:
        require_cited(context, unit, number, identity)
        found = _events(unit, [identity]).get(identity, {}).get(EventKind.ACCEPTED)
        if found is None:
            raise _older_than_the_log()
        state = state_for(unit, found[0].index, subject=parse_event(found[0].entry).node)
        proven = _Proofs(unit, state).of(found[0])
        return Receipt(proven.leaf, proven.index, proven.proof, cosigned(unit, state)).to_bytes()


def require_cited(context: HubContext, unit: UnitOfWork, number: int, identity: SubmissionId) -> None:
    """Raise ``not_found`` unless the release cites the statement."""
    record = record_of(context, unit, number)
    if not any(identity in table.deliveries.values() for table in record.tables):
        raise kim_error("not_found")


class _Proofs:
    """Inclusion proofs of many leaves under one state: every tile is read once."""

    def __init__(self, unit: UnitOfWork, state: StoredCheckpoint) -> None:
        self._size = state.size
        self._reader = TileReader(lambda tile: _tile(unit, tile), size=state.size)

    def of(self, leaf: StoredLeaf) -> LoggedEvent:
        proof = inclusion_proof(self._reader, leaf.index, size=self._size)
        return LoggedEvent(leaf.index, leaf.entry, tuple(proof))


def _tile(unit: UnitOfWork, tile: Tile) -> bytes:
    hashes = unit.leaves.read(tile.nodes)
    return b"".join(hashes[node] for node in tile.nodes)


def _cited(record: ReleaseRecord, wanted: Wanted | None) -> set[str]:
    """Return the statements that are asked about, also through a year that was computed from them."""
    if wanted is None:
        return {identity for table in record.tables for identity in table.statements.values()}
    found: set[str] = set()
    for table in record.tables:
        areas = {area for area in _areas(record) if wanted(table, area)}
        for part in record.behind(*table.place):
            found |= {identity for area, identity in part.statements.items() if area in areas}
    return found


def _areas(record: ReleaseRecord) -> set[str]:
    return {area for table in record.tables for area in table.deliveries}


def _events(unit: UnitOfWork, identities: Iterable[str]) -> dict[str, dict[str, tuple[StoredLeaf, LogEvent]]]:
    """Return the first leaf of each kind about every statement."""
    found: dict[str, dict[str, tuple[StoredLeaf, LogEvent]]] = {}
    for subject, leaf in unit.leaves.about(sorted(set(identities))):
        event = parse_event(leaf.entry)
        found.setdefault(subject, {}).setdefault(event.kind, (leaf, event))
    return found


def _signers(unit: UnitOfWork, identities: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return node and revision of every statement."""
    found = {}
    for identity in identities:
        submission = None if identity.startswith(GRANTS) else unit.submissions.get(SubmissionId(identity))
        if submission is not None:
            found[identity] = submission.node_id, submission.revision
    return found


def _traced(
    table: TableRecord,
    area: str,
    identity: str,
    *,
    events: Mapping[str, Mapping[str, tuple[StoredLeaf, LogEvent]]],
    nodes: Mapping[str, tuple[str, int]],
) -> TracedDelivery:
    if identity.startswith(GRANTS):
        return TracedDelivery(area, table.period, None)
    node, revision = nodes.get(identity, ("", 0))
    received = events.get(identity, {}).get(EventKind.RECEIVED)
    accepted = events.get(identity, {}).get(EventKind.ACCEPTED)
    return TracedDelivery(
        area=area,
        period=table.period,
        identity=identity,
        node=node,
        revision=revision,
        received=None if received is None else received[1].at,
        index=None if accepted is None else accepted[0].index,
        accepted=None if accepted is None else accepted[1].at,
    )


def _older_than_the_log() -> KimError:
    return kim_error(
        "evidence_invalid",
        Text(
            "Diese Veröffentlichung beruht auf Lieferungen, die älter sind als das Protokoll; für sie gibt "
            "es "
            "keinen Nachweis.",
            "This release rests on deliveries that are older than the log; there is no evidence of them.",
        ),
        remedy=Text(
            "Eine neuere Veröffentlichung wählen; für ältere gelten die Unterschriften der Knoten allein.",
            "Choose a newer release; for older ones there are the signatures of the nodes alone.",
        ),
    )
