"""kim-verify says "verified" only if everything holds, and the right reason if not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re

import pytest

from protocol.dsse import PAYLOAD_TYPE_SUBMISSION, sign, statement_id
from protocol.errors import KimError
from protocol.evidence import (
    Evidence,
    StatementEvidence,
    TableRecord,
    parse_evidence,
    parse_record,
)
from protocol.keys import PrivateKey
from protocol.statement import parse_statement
from protocol.transparency.cosignatures import Quorum, cosign
from protocol.transparency.events import EventKind, LogEvent
from protocol.trust.directory import KeyStatus, RevocationReason
from protocol.trust.metadata import Role
from protocol.verify.explaining import Question, explain
from protocol.verify.mirrors import check_mirror
from protocol.verify.receipts import check_receipt
from protocol.verify.releases import check_release
from protocol.verify.trail import Trail, verdict_of
from tests.factories.logged_world import AREAS, START, PaperNetwork, PaperNode, witness_of


@pytest.fixture
def network() -> PaperNetwork:
    made = PaperNetwork()
    for node in made.nodes:
        made.deliver(node)
    return made


def refusal(check) -> str:
    with pytest.raises(KimError) as caught:
        check()
    return caught.value.code


# ------------------------------------------------------------------------------------------ receipts


def test_a_receipt_is_verified_with_its_statement_and_its_table(network: PaperNetwork) -> None:
    identity, (envelope, received, _) = next(iter(network.delivered.items()))
    data = network.log.receipt(received, network.nodes).to_bytes()
    payload = network.statement(network.nodes[0]).payload.sha256
    trail = Trail()
    check_receipt(trail, data, network.anchors(), statement=envelope.to_bytes())
    assert (trail.facts["id"], trail.facts["kind"], trail.facts["index"]) == (identity, "received", received)
    assert trail.facts["signed_by"] == network.nodes[0].id
    assert len(trail.passed) == 6
    assert (
        refusal(lambda: check_receipt(Trail(), data, network.anchors(), payload=payload)) == "digest_mismatch"
    )
    own = json.loads(envelope.payload)["payload"]["sha256"]
    check_receipt(Trail(), data, network.anchors(), payload=own)


def test_no_single_flipped_bit_of_a_receipt_is_accepted(network: PaperNetwork) -> None:
    """SPEC P-109, P-118: with exactly as many witnesses as are asked for, every bit counts."""
    received = next(iter(network.delivered.values()))[1]
    witnesses = network.nodes[1:]  # three others, and three are asked for
    data = network.log.receipt(received, witnesses).to_bytes()
    anchors = network.anchors()
    check_receipt(Trail(), data, anchors)
    accepted = []
    for place in range(len(data)):
        for bit in range(8):
            altered = bytearray(data)
            altered[place] ^= 1 << bit
            if verdict_of(
                lambda trail, altered=bytes(altered): check_receipt(trail, altered, anchors)
            ).verified:
                accepted.append((place, bit))
    assert accepted == []


def test_the_node_concerned_is_no_witness_of_its_own_receipt(network: PaperNetwork) -> None:
    received = next(iter(network.delivered.values()))[1]
    data = network.log.receipt(received, network.nodes[:3]).to_bytes()
    assert refusal(lambda: check_receipt(Trail(), data, network.anchors())) == "quorum_missing"


def test_a_node_with_two_witness_keys_is_one_witness(network: PaperNetwork) -> None:  # SPEC P-117
    received = next(iter(network.delivered.values()))[1]
    node, other = network.nodes[1], PaperNode("NW05999")
    second = dataclasses.replace(witness_of(other), name=node.id)
    anchors = dataclasses.replace(
        network.anchors(), witnesses=(witness_of(node), second), quorum=Quorum(nodes=2)
    )
    receipt = network.log.receipt(received, [node])
    line = cosign(receipt.note, name=node.id, key=other.witness, at=int(START.timestamp()))
    both = dataclasses.replace(receipt, note=receipt.note.with_signatures([line]))
    assert refusal(lambda: check_receipt(Trail(), both.to_bytes(), anchors)) == "quorum_missing"
    enough = dataclasses.replace(anchors, quorum=Quorum(nodes=1))
    trail = Trail()
    check_receipt(trail, both.to_bytes(), enough)
    assert trail.facts["witnesses"] == [node.id]


def test_the_key_of_the_node_concerned_is_named_as_no_witness_under_any_name(network: PaperNetwork) -> None:
    """P-109: what is said of witnesses is what counts."""
    received = next(iter(network.delivered.values()))[1]
    concerned, *others = network.nodes
    alias = dataclasses.replace(witness_of(concerned), name="institute.example/witness")
    receipt = network.log.receipt(received, network.nodes)
    line = cosign(receipt.note, name=alias.name, key=concerned.witness, at=int(START.timestamp()))
    more = dataclasses.replace(receipt, note=receipt.note.with_signatures([line])).to_bytes()
    anchors = network.anchors()
    trail = Trail()
    check_receipt(trail, more, dataclasses.replace(anchors, witnesses=(*anchors.witnesses, alias)))
    assert trail.facts["witnesses"] == [other.id for other in others]
    assert trail.passed[2].en == "3 independent witnesses have confirmed the state (3 required)."
    assert trail.passed[2].de == "3 unabhängige Zeugen haben den Stand bestätigt (3 verlangt)."


def test_what_a_receipt_says_for_programs(network: PaperNetwork) -> None:
    identity, (envelope, received, _) = next(iter(network.delivered.items()))
    node, *others = network.nodes
    trail = Trail(facts={"asked": 1})
    check_receipt(
        trail,
        network.log.receipt(received, network.nodes).to_bytes(),
        network.anchors(),
        statement=envelope.to_bytes(),
    )
    assert trail.facts == {
        "asked": 1,
        "index": received,
        "size": network.log.size,
        "time": "2026-10-09T08:00:01Z",
        "kind": "received",
        "id": identity,
        "keyid": node.sign.public.keyid,
        "node": node.id,
        "area": node.area,
        "dataset": "CASES",
        "period": "2026-Q2",
        "revision": 1,
        "witnesses": [other.id for other in others],
        "signed_by": node.id,
    }
    assert trail.remarks == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "kim-nrw/other"}, "wrong_audience"),
        ({"area": AREAS[1]}, "area_not_registered"),
    ],
)
def test_a_signature_counts_for_its_own_node_hub_and_areas(
    network: PaperNetwork, changes: dict[str, object], code: str
) -> None:
    """A node signs for another hub, or for an area that is not its own, and the hub logs it."""
    identity = network.deliver(network.nodes[0], "2026-Q3", **changes)
    envelope, received, _ = network.delivered[identity]
    data = network.log.receipt(received, network.nodes).to_bytes()
    check = lambda: check_receipt(Trail(), data, network.anchors(), statement=envelope.to_bytes())  # noqa: E731
    assert refusal(check) == code
    assert release_check(network.publish(), network) == code


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": EventKind.HEARTBEAT, "id": "log"}, "heartbeat, 2026-10-09 08:00:00 UTC"),
        (
            {"kind": EventKind.NODE_ADDED, "id": "node-1", "node": "node-1"},
            "node-added, 2026-10-09 08:00:00 UTC",
        ),
        (
            {"kind": EventKind.KEY_ADDED, "id": "a", "node": "node-1"},
            "key-added node-1, 2026-10-09 08:00:00 UTC",
        ),
        (
            {
                "kind": EventKind.REJECTED,
                "code": "not_canonical",
                "id": "a",
                "dataset": "CASES",
                "period": "2026-Q2",
                "area": AREAS[0],
            },
            f"rejected CASES 2026-Q2 {AREAS[0]}, 2026-10-09 08:00:00 UTC",
        ),
    ],
)
def test_a_receipt_says_for_people_what_it_is_about(
    network: PaperNetwork, event: dict[str, str], said: str
) -> None:
    index = network.log.append(LogEvent(at=START, **event))
    trail = Trail()
    check_receipt(trail, network.log.receipt(index, network.nodes).to_bytes(), network.anchors())
    assert trail.passed[1].en == f"The entry stands there at position {index}: {said}."
    assert trail.passed[1].de.endswith(f": {said}.")
    assert trail.facts.get("code") == event.get("code")


def test_a_receipt_of_something_else_is_no_receipt_of_a_delivery(network: PaperNetwork) -> None:
    """An event that is about no delivery, under the id of one."""
    envelope, _, _ = next(iter(network.delivered.values()))
    statement = parse_statement(envelope.payload)
    event = network.event(envelope, statement, EventKind.FINDING_HELD)
    data = network.log.receipt(network.log.append(event), network.nodes).to_bytes()
    check = lambda: check_receipt(Trail(), data, network.anchors(), statement=envelope.to_bytes())  # noqa: E731
    assert refusal(check) == "proof_invalid"


def test_without_a_directory_a_receipt_says_whose_signature_it_did_not_check(network: PaperNetwork) -> None:
    envelope, received, _ = next(iter(network.delivered.values()))
    anchors = dataclasses.replace(network.anchors(), directory=None)
    trail = Trail()
    data = network.log.receipt(received, network.nodes).to_bytes()
    check_receipt(trail, data, anchors, statement=envelope.to_bytes())
    assert ("signed_by" in trail.facts, len(trail.remarks)) == (False, 1)


class Impostor(PaperNode):
    """Speaks for another node and its area, with the key of the first one."""

    @property
    def sign(self) -> PrivateKey:
        return PaperNode(AREAS[0]).sign


def test_no_node_signs_for_another(network: PaperNetwork) -> None:
    identity = network.deliver(Impostor(AREAS[1]), "2026-Q3")
    envelope, received, _ = network.delivered[identity]
    data = network.log.receipt(received, network.nodes).to_bytes()
    check = lambda: check_receipt(Trail(), data, network.anchors(), statement=envelope.to_bytes())  # noqa: E731
    assert refusal(check) == "unknown_key"
    assert release_check(network.publish(), network) == "unknown_key"


def test_another_logs_receipt_is_refused(network: PaperNetwork) -> None:
    stranger = PaperNetwork()
    stranger.log.key = PaperNode("NW05999").sign
    stranger.deliver(stranger.nodes[0])
    data = stranger.log.receipt(0, stranger.nodes).to_bytes()
    assert refusal(lambda: check_receipt(Trail(), data, network.anchors())) == "signature_invalid"


def test_a_receipt_of_another_delivery_is_refused(network: PaperNetwork) -> None:
    first, second, *_ = network.delivered.values()
    data = network.log.receipt(first[1], network.nodes).to_bytes()
    check = lambda: check_receipt(Trail(), data, network.anchors(), statement=second[0].to_bytes())  # noqa: E731
    assert refusal(check) == "proof_invalid"


def test_only_the_receipt_of_arrival_judges_the_key_by_its_time(network: PaperNetwork) -> None:
    """A key that ended later still stands under what was received before; SPEC P-21."""
    envelope, received, accepted = next(iter(network.delivered.values()))
    ended = network.anchors(not_after=START)  # before anything was received
    late = network.log.receipt(accepted, network.nodes).to_bytes()
    trail = Trail()
    check_receipt(trail, late, ended, statement=envelope.to_bytes())
    assert any("receipt of arrival" in remark.en for remark in trail.remarks)
    first = network.log.receipt(received, network.nodes).to_bytes()
    check = lambda: check_receipt(Trail(), first, ended, statement=envelope.to_bytes())  # noqa: E731
    assert refusal(check) == "key_revoked"


def test_a_receipt_about_other_bytes_of_the_same_statement_is_refused(network: PaperNetwork) -> None:
    """The hub logs the id of a statement with the digest of another table."""
    envelope, _, _ = next(iter(network.delivered.values()))
    statement = parse_statement(envelope.payload)
    event = dataclasses.replace(
        network.event(envelope, statement, EventKind.RECEIVED), payload_sha256="0" * 64
    )
    data = network.log.receipt(network.log.append(event), network.nodes).to_bytes()
    check = lambda: check_receipt(  # noqa: E731
        Trail(), data, network.anchors(), statement=envelope.to_bytes()
    )
    assert refusal(check) == "proof_invalid"


def test_without_witnesses_the_verdict_says_what_it_does_not_rest_on(network: PaperNetwork) -> None:
    network.quorum = 0
    received = next(iter(network.delivered.values()))[1]
    verdict = verdict_of(
        lambda trail: check_receipt(trail, network.log.receipt(received).to_bytes(), network.anchors())
    )
    assert verdict.verified
    assert any("another history" in remark.en for remark in verdict.remarks)
    one_outside = dataclasses.replace(network.anchors(), quorum=Quorum(nodes=0, outside=1))
    data = network.log.receipt(received).to_bytes()
    assert refusal(lambda: check_receipt(Trail(), data, one_outside)) == "quorum_missing"


# --------------------------------------------------------------------------------------- copies of the log


def mirror_check(network: PaperNetwork, *, change=None, kept=()):
    signed = network.log.note(network.nodes).to_bytes()

    def read(path: str) -> bytes | None:
        found = signed if path == "checkpoint" else network.log.file(path)
        return found if change is None else change(path, found)

    return verdict_of(lambda trail: check_mirror(trail, read, network.anchors(), kept=kept))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 600])
def test_a_copy_of_any_length_is_verified(size: int) -> None:
    network = PaperNetwork()
    for number in range(size):
        network.log.append(LogEvent(at=START, kind=EventKind.PERIOD_CLOSED, id=f"CASES/{number}"))
    verdict = mirror_check(network)
    assert verdict.verified, verdict.problem
    assert verdict.facts["size"] == size


def test_a_copy_with_one_changed_entry_is_refused(network: PaperNetwork) -> None:
    def change(path: str, found: bytes | None) -> bytes | None:
        return found.replace(b"NW05111", b"NW05113") if found and "entries" in path else found

    verdict = mirror_check(network, change=change)
    assert verdict.problem is not None
    assert verdict.problem.code == "log_contradicts"


def test_a_tile_that_does_not_fit_the_entries_is_refused(network: PaperNetwork) -> None:
    def change(path: str, found: bytes | None) -> bytes | None:
        return bytes(32) + found[32:] if found and "tile/0" in path else found

    verdict = mirror_check(network, change=change)
    assert verdict.problem is not None
    assert verdict.problem.code == "log_contradicts"


def test_an_incomplete_copy_is_told_apart_from_a_wrong_one(network: PaperNetwork) -> None:
    verdict = mirror_check(network, change=lambda path, found: None if "entries" in path else found)
    assert verdict.problem is not None
    assert verdict.problem.code == "file_missing"


def test_states_that_others_kept_must_lie_in_the_copy(network: PaperNetwork) -> None:
    other = dataclasses.replace(network, log=network.log.copy(), delivered={})
    earlier = ("a", network.log.note(size=3).to_bytes())
    network.deliver(network.nodes[0], "2026-Q3")
    other.deliver(other.nodes[1], "2026-Q3")
    # Both histories have the same length and the same beginning.
    assert mirror_check(network, kept=[earlier, ("b", network.log.note(size=9).to_bytes())]).verified
    forked = mirror_check(network, kept=[earlier, ("c", other.log.note(size=9).to_bytes())])
    assert forked.problem is not None
    assert (forked.problem.code, forked.problem.detail.en[:1]) == ("log_contradicts", "c")
    other.deliver(other.nodes[1], "2026-Q4")
    longer = mirror_check(network, kept=[("d", other.log.note().to_bytes())])
    assert longer.problem is not None
    assert longer.problem.code == "log_contradicts"


def test_time_in_the_log_never_runs_backwards() -> None:
    """Two seconds are forgiven, measured from the latest event so far, and no more."""
    for seconds, code in (
        ((10, 8, 9, 10), None),
        ((10, 8, 7), "log_contradicts"),
        ((10, 7), "log_contradicts"),
        ((10, 9, 10, 8), None),
    ):
        network = PaperNetwork()
        for second in seconds:
            at = START + dt.timedelta(seconds=second)
            network.log.append(LogEvent(at=at, kind=EventKind.RECEIVED, id="a" * 64))
        verdict = mirror_check(network)
        assert (verdict.problem and verdict.problem.code) == code, seconds
        if verdict.problem is not None:
            assert f"Entry {len(seconds) - 1} " in verdict.problem.detail.en
            assert f"Eintrag {len(seconds) - 1} " in verdict.problem.detail.de


def long_log(size: int) -> PaperNetwork:
    network = PaperNetwork()
    for number in range(size):
        kind = EventKind.HEARTBEAT if number % 3 else EventKind.PERIOD_CLOSED
        network.log.append(LogEvent(at=START, kind=kind, id=f"CASES/{number}"))
    return network


@pytest.mark.parametrize(("size", "tiles"), [(0, 0), (1, 1), (256, 2), (257, 3), (600, 4)])
def test_every_tile_of_a_copy_is_compared_and_none_has_to_be_there(size: int, tiles: int) -> None:
    network = long_log(size)
    whole = mirror_check(network)
    agree = "1 tile agrees" if tiles == 1 else f"{tiles} tiles agree"
    assert [text.en for text in whole.passed if "tile" in text.en] == [
        f"{agree} with the entries." for _ in range(bool(tiles))
    ]
    kinds = {"heartbeat": size - -(-size // 3), "period-closed": -(-size // 3)}
    assert whole.facts["events"] == {kind: count for kind, count in kinds.items() if count}
    without = mirror_check(network, change=lambda path, found: None if re.match("tile/[01]", path) else found)
    assert without.verified
    assert not any("tiles" in text.en for text in without.passed)


def test_a_tile_above_the_leaves_is_compared_to_its_last_hash() -> None:
    network = long_log(600)

    def change(path: str, found: bytes | None) -> bytes | None:
        return found[:-32] + bytes(32) if found and path == "tile/1/000.p/2" else found

    verdict = mirror_check(network, change=change)
    assert (verdict.problem and verdict.problem.code) == "log_contradicts"


def test_a_bundle_that_became_whole_while_the_copy_was_made_is_read() -> None:
    network = long_log(600)
    signed = network.log.note(network.nodes, size=300).to_bytes()

    def read(path: str) -> bytes | None:
        return signed if path == "checkpoint" else None if ".p/" in path else network.log.file(path)

    verdict = verdict_of(lambda trail: check_mirror(trail, read, network.anchors()))
    assert verdict.verified, verdict.problem
    assert verdict.facts["size"] == 300


def test_only_what_officers_published_is_missed_in_a_comparison() -> None:
    """Whoever names no root is told what was not compared, if the log holds anything of the kind (P-119)."""
    network = long_log(3)
    assert mirror_check(network).remarks == ()
    network.log.append(LogEvent(at=START, kind=EventKind.TRUST_PUBLISHED, id=f"trust/{Role.ROOT}/1"))
    (remark,) = mirror_check(network).remarks
    assert remark.en.startswith("Not compared: whether the key officers")


def test_an_incomplete_copy_says_what_it_lacks() -> None:
    network = long_log(300)
    for missing in ("checkpoint", "tile/entries/000", "tile/entries/001.p/44"):
        lose = lambda path, found, missing=missing: None if path == missing else found  # noqa: E731
        verdict = mirror_check(network, change=lose)
        assert verdict.problem is not None
        assert (verdict.problem.code, verdict.problem.detail.en) == (
            "file_missing",
            f"The copy lacks {missing}.",
        )


def test_an_entry_that_is_no_event_is_found_by_its_place() -> None:
    network = long_log(2)
    network.log.append_bytes(b"something else")
    verdict = mirror_check(network)
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.detail.en[:8]) == ("bad_log_document", "Entry 2:")


# ------------------------------------------------------------------------------------------- releases


def release_check(evidence: Evidence, network: PaperNetwork, **changes) -> str | None:
    verdict = verdict_of(
        lambda trail: check_release(trail, evidence.to_bytes(), network.anchors(**changes)) and None
    )
    return None if verdict.problem is None else verdict.problem.code


def test_evidence_and_record_survive_writing_and_reading(network: PaperNetwork) -> None:
    evidence = network.publish()
    assert parse_evidence(evidence.to_bytes()) == evidence
    listed = network.publish(sums=b"")
    assert parse_evidence(listed.to_bytes()) == listed
    assert parse_record(evidence.record) == network.record()


def test_a_release_is_verified_down_to_its_statements(network: PaperNetwork) -> None:
    evidence = network.publish()
    trail = Trail()
    found = check_release(trail, evidence.to_bytes(), network.anchors())
    assert {item.statement.area for item in found.statements} == set(AREAS)
    assert found.files is None
    assert trail.facts["statements"] == 4
    assert any(text.en.startswith("4 cited deliveries of 4 nodes: ") for text in trail.passed)
    assert any(text.de.startswith("4 zitierte Lieferungen von 4 Knoten: ") for text in trail.passed)


def test_what_there_is_one_of_is_singular() -> None:
    network = PaperNetwork()
    network.deliver(network.nodes[0])
    trail = Trail()
    check_release(trail, network.publish().to_bytes(), network.anchors())
    said = [(text.de, text.en) for text in trail.passed]
    assert any(
        de.startswith("1 zitierte Lieferung von 1 Knoten: ") and en.startswith("1 cited delivery of 1 node: ")
        for de, en in said
    )
    assert any("mit 1 Tabelle steht" in de and "of 1 table stands" in en for de, en in said)


def test_a_node_with_two_deliveries_is_one_node(network: PaperNetwork) -> None:
    network.deliver(network.nodes[0], "2026-Q3")
    trail = Trail()
    check_release(trail, network.publish().to_bytes(), network.anchors())
    assert any(text.en.startswith("5 cited deliveries of 4 nodes: ") for text in trail.passed)


def test_what_a_release_says_for_programs(network: PaperNetwork) -> None:
    evidence = network.publish()
    trail = Trail(facts={"asked": 1})
    found = check_release(trail, evidence.to_bytes(), network.anchors())
    said = trail.facts
    assert (said["asked"], said["release"], said["published"]) == (1, 1, "2026-10-09T12:00:00Z")
    assert (said["size"], said["log_index"], said["statements"]) == (
        network.log.size,
        evidence.release.index,
        4,
    )
    assert said["witnesses"] == sorted(node.id for node in network.nodes[-3:])
    assert "granted" not in said
    node = network.nodes[0]
    identity, (envelope, _, accepted) = next(iter(network.delivered.items()))
    assert found.statements[0].members == {
        "dataset": "CASES",
        "period": "2026-Q2",
        "area": node.area,
        "statement": identity,
        "node": node.id,
        "name": f"Kommune {node.area}",
        "keyid": node.sign.public.keyid,
        "revision": 1,
        "payload_sha256": parse_statement(envelope.payload).payload.sha256,
        "log_index": accepted,
        "accepted": "2026-10-09T08:00:02Z",
    }


def test_a_record_that_was_changed_after_publication_is_refused(network: PaperNetwork) -> None:
    evidence = network.publish()
    record = dataclasses.replace(network.record(), published="2026-10-09T12:00:01Z")
    changed = dataclasses.replace(evidence, record=record.to_bytes())
    assert release_check(changed, network) == "evidence_invalid"


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": EventKind.RELEASE, "id": "release/2"},
        {"kind": EventKind.GRANTS_TABLE, "id": "release/1"},
        {"kind": EventKind.RELEASE, "id": "release/1", "out_sha256": "0" * 64},
        {"kind": EventKind.RELEASE, "id": "release/1", "out_sha256": None},
    ],
)
def test_the_entry_of_a_release_is_its_own(network: PaperNetwork, entry: dict[str, str | None]) -> None:
    """Another entry of the log that names the same record, or its own that names another or none."""
    members = {"at": network.clock, "out_sha256": network.record().sha256, **entry}
    index = network.log.append(LogEvent(**members))
    evidence = network.publish()
    assert release_check(evidence, network) is None
    other = dataclasses.replace(evidence, release=network.log.logged(index))
    assert release_check(other, network) == "evidence_invalid"


def test_a_release_of_another_hub_is_refused(network: PaperNetwork) -> None:
    record = dataclasses.replace(network.record(), audience="kim-nrw/other")
    assert release_check(network.publish(record), network) == "wrong_audience"


def test_a_statement_that_is_left_out_is_missed(network: PaperNetwork) -> None:
    evidence = network.publish()
    fewer = dict(list(evidence.statements.items())[1:])
    assert release_check(dataclasses.replace(evidence, statements=fewer), network) == "evidence_invalid"


def test_a_statement_counted_in_another_place_is_refused(network: PaperNetwork) -> None:
    record = network.record()
    (table,) = record.tables
    swapped = dict(zip(table.deliveries, list(table.deliveries.values())[::-1], strict=True))
    wrong = dataclasses.replace(record, tables=(dataclasses.replace(table, deliveries=swapped),))
    assert release_check(network.publish(wrong), network) == "evidence_invalid"


def test_a_statement_that_was_accepted_after_publication_is_refused(network: PaperNetwork) -> None:
    record = network.record()
    published = network.publish(record)
    late = network.deliver(network.nodes[0], "2026-Q3")
    table = TableRecord("CASES", "2026-Q3", "f" * 64, {AREAS[0]: late})
    evidence = network.publish(dataclasses.replace(record, tables=(*record.tables, table)))
    assert release_check(evidence, network) is None
    # The later release verifies; with the earlier release's place in the log it must not.
    cheated = dataclasses.replace(
        evidence, release=network.log.logged(published.release.index), record=evidence.record
    )
    assert release_check(cheated, network) == "evidence_invalid"


def test_the_key_must_have_held_when_the_hub_received_the_statement(network: PaperNetwork) -> None:
    evidence = network.publish()
    compromised = {
        "status": KeyStatus.REVOKED,
        "reason": RevocationReason.COMPROMISED,
        "revoked_at": START + dt.timedelta(days=1),
    }
    before, after = START - dt.timedelta(hours=1), START + dt.timedelta(hours=1)
    assert release_check(evidence, network, **compromised, compromised_since=before) == "key_revoked"
    assert release_check(evidence, network, **compromised, compromised_since=after) is None
    replaced = {**compromised, "reason": RevocationReason.SUPERSEDED}
    assert release_check(evidence, network, **replaced) is None
    assert release_check(evidence, network, not_after=START) == "key_revoked"


def test_a_signature_by_a_key_of_nobody_is_refused(network: PaperNetwork) -> None:
    evidence = network.publish()
    stranger = PaperNetwork(nodes=tuple(PaperNode(area) for area in AREAS[1:]))
    directory = stranger.directory()
    anchors = dataclasses.replace(network.anchors(), directory=directory)
    verdict = verdict_of(lambda trail: check_release(trail, evidence.to_bytes(), anchors) and None)
    assert verdict.problem is not None
    assert verdict.problem.code == "unknown_key"
    assert AREAS[0] in verdict.problem.detail.en


def test_what_is_wrong_inside_a_cited_delivery_is_said_with_its_place(network: PaperNetwork) -> None:
    """A node signed a statement without an area, and the hub logs and publishes it."""
    node, period = network.nodes[0], "2026-Q3"
    said = network.statement(node, period)
    envelope = sign(
        PAYLOAD_TYPE_SUBMISSION,
        json.dumps({**json.loads(said.to_json()), "area": None}).encode(),
        node.sign,
    )
    record, identity = network.record(), statement_id(envelope)
    received, accepted = (
        network.log.append(network.event(envelope, said, kind))
        for kind in (EventKind.RECEIVED, EventKind.ACCEPTED)
    )
    network.delivered[identity] = envelope, received, accepted
    table = TableRecord("CASES", period, "f" * 64, {node.area: identity})
    evidence = network.publish(dataclasses.replace(record, tables=(*record.tables, table)))
    verdict = verdict_of(lambda trail: check_release(trail, evidence.to_bytes(), network.anchors()) and None)
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.pointer) == ("bad_envelope", "/area")
    assert verdict.problem.detail.en.startswith(f"CASES {period} {node.area}: ")


def test_a_received_event_does_not_prove_acceptance(network: PaperNetwork) -> None:
    evidence = network.publish()
    changed = {
        identity: StatementEvidence(item.envelope, item.received, item.received)
        for identity, item in evidence.statements.items()
    }
    assert release_check(dataclasses.replace(evidence, statements=changed), network) == "evidence_invalid"


def test_the_list_of_files_is_the_one_that_the_log_names_for_this_release(network: PaperNetwork) -> None:
    evidence = network.publish(sums=b"a list")
    found = check_release(Trail(), evidence.to_bytes(), network.anchors())
    assert found.files == hashlib.sha256(b"a list").hexdigest()
    # Another event with a digest, or the list of another release, is no list of this one.
    assert release_check(dataclasses.replace(evidence, files=evidence.release), network) == "evidence_invalid"
    second = network.publish(dataclasses.replace(network.record(), number=2), sums=b"another list")
    first = network.publish(sums=b"a list")
    foreign = dataclasses.replace(first, files=network.log.logged(parse_index(second, network)))
    assert release_check(foreign, network) == "evidence_invalid"


def parse_index(evidence: Evidence, network: PaperNetwork) -> int:
    """Where the list of files of an evidence stands; its proof may be about an older state."""
    assert evidence.files is not None
    assert network.log.entries[evidence.files.index] == evidence.files.leaf
    return evidence.files.index


def cited_with(network: PaperNetwork, *, early=None, late=None, after=None, envelope=None) -> str | None:
    """Check a release whose last delivery is proven by other entries, which the hub has logged as well.

    Args:
        network: with its deliveries.
        early: members of an entry in front of the receipt of arrival, which is shown in its place.
        late: likewise behind the acceptance, or in front of everything (`"before"`).
        after: whether the acceptance is logged after the publication.
        envelope: what is shown in place of the delivery.
    """
    node, period = network.nodes[0], "2026-Q3"
    statement = network.statement(node, period)
    signed = sign(PAYLOAD_TYPE_SUBMISSION, statement.to_json(), node.sign)

    def log(kind: EventKind, **changes: object) -> int:
        event = network.event(signed, statement, kind)
        return network.log.append(dataclasses.replace(event, **changes))

    shown_late = log(EventKind.ACCEPTED) if late == "before" else None
    shown_early = log(**{"kind": EventKind.RECEIVED, **early}) if early is not None else None
    identity = network.deliver(node, period)
    _, received, accepted = network.delivered[identity]
    if isinstance(late, dict):
        shown_late = log(**{"kind": EventKind.ACCEPTED, **late})
    evidence = network.publish()
    if after:
        shown_late = log(EventKind.ACCEPTED)
        note = network.log.note(network.nodes[-3:]).to_bytes()
        evidence = dataclasses.replace(
            evidence,
            checkpoint=note,
            release=network.log.logged(evidence.release.index),
            statements={
                key: StatementEvidence(sent, network.log.logged(first), network.log.logged(second))
                for key, (sent, first, second) in network.delivered.items()
            },
        )
    proof = StatementEvidence(
        sign(PAYLOAD_TYPE_SUBMISSION, envelope(statement).to_json(), node.sign) if envelope else signed,
        network.log.logged(received if shown_early is None else shown_early),
        network.log.logged(accepted if shown_late is None else shown_late),
    )
    return release_check(
        dataclasses.replace(evidence, statements={**evidence.statements, identity: proof}), network
    )


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ({}, None),
        ({"envelope": lambda said: dataclasses.replace(said, nonce=bytes(32))}, "evidence_invalid"),
        ({"early": {}}, None),
        ({"early": {"id": "f" * 64}}, "evidence_invalid"),
        ({"early": {"kind": EventKind.FINDING_HELD}}, "evidence_invalid"),
        ({"early": {"payload_sha256": "0" * 64}}, "evidence_invalid"),
        ({"late": {}}, None),
        ({"late": {"id": "f" * 64}}, "evidence_invalid"),
        ({"late": {"kind": EventKind.REJECTED}}, "evidence_invalid"),
        ({"late": {"node": "node-nw05112"}}, "evidence_invalid"),
        ({"late": "before"}, "evidence_invalid"),
        ({"after": True}, "evidence_invalid"),
    ],
    ids=range(12),
)
def test_each_entry_behind_a_cited_delivery_is_its_own(
    network: PaperNetwork, shown: dict[str, object], code: str | None
) -> None:
    """Each of them alone is wrong, everything else holds: no check stands in for another."""
    assert cited_with(network, **shown) == code


def test_a_year_must_rest_on_the_quarters_of_the_same_release(network: PaperNetwork) -> None:
    record = network.record()
    (quarter,) = record.tables
    year = TableRecord("CASES", "2026", "e" * 64, {}, {"2026-Q2": quarter.sha256})
    good = dataclasses.replace(record, tables=(year, quarter))
    assert release_check(network.publish(good), network) is None
    wrong = dataclasses.replace(year, quarters={"2026-Q2": "d" * 64})
    bad = dataclasses.replace(record, number=2, tables=(wrong, quarter))
    assert release_check(network.publish(bad), network) == "evidence_invalid"


def test_a_figure_of_a_computed_year_leads_to_the_deliveries_of_its_quarters(network: PaperNetwork) -> None:
    """Nobody delivers such a year: what is asked of it is asked of the quarters."""
    record = network.record()
    (quarter,) = record.tables
    others = (
        TableRecord("CASES", "2025-Q2", "d" * 64, {AREAS[0]: "a" * 64}),  # of no year here: never asked for
        TableRecord("PERSONS", "2026-Q2", "b" * 64, {AREAS[0]: "b" * 64}),
    )
    year = TableRecord("CASES", "2026", "e" * 64, {}, {"2026-Q2": quarter.sha256})
    evidence = network.publish(dataclasses.replace(record, tables=(others[0], year, quarter, others[1])))
    for region, areas in (("NW051", AREAS), (AREAS[2], AREAS[2:3])):
        question = Question("CASES_OPEN", "2026", region)
        found = explain(Trail(), evidence.to_bytes(), network.anchors(), question)
        assert [item.statement.area for item in found.statements] == list(areas)
        assert {item.statement.period for item in found.statements} == {"2026-Q2"}


def test_no_flipped_bit_of_the_evidence_is_accepted(network: PaperNetwork) -> None:
    data = network.publish().to_bytes()
    anchors = network.anchors()
    accepted = []
    for place in range(0, len(data), 11):
        altered = bytearray(data)
        altered[place] ^= 1 << place % 8
        verdict = verdict_of(lambda trail, bad=bytes(altered): check_release(trail, bad, anchors) and None)
        if verdict.verified:
            accepted.append(place)
    assert accepted == []


# --------------------------------------------------------------------------------------- explaining


def figures_csv() -> bytes:
    rows = ["INDICATOR,FREQ,TIME_PERIOD,REF_AREA,SEX,OBS_VALUE,LOWER,UPPER,OBS_STATUS,CONF_STATUS"]
    rows += [
        f"CASES_OPEN,Q,2026-Q2,{area},_T,{10 + n}.0,{10 + n}.0,{10 + n}.0,A,F" for n, area in enumerate(AREAS)
    ]
    rows += ["CASES_OPEN,Q,2026-Q2,NW051,_T,,46.0,52.0,Q,C", "CASES_OPEN,Q,2026-Q2,NW051,F,,20.0,,L,F"]
    return ("\n".join(rows) + "\n").encode()


def test_a_figure_leads_to_the_statements_behind_it(network: PaperNetwork) -> None:
    evidence = network.publish()
    found = explain(
        Trail(),
        evidence.to_bytes(),
        network.anchors(),
        Question("CASES_OPEN", "2026-Q2", "NW051"),
        figures=figures_csv(),
    )
    assert found.figure is not None
    assert (found.figure.text.en, found.figure.text.de) == ("between 46 and 52", "zwischen 46 und 52")
    assert [item.statement.area for item in found.statements] == list(AREAS)
    assert found.parts[AREAS[1]].text.en == "11"
    female = Question("CASES_OPEN", "2026-Q2", "NW051", {"SEX": "F"})
    half = explain(Trail(), evidence.to_bytes(), network.anchors(), female, figures=figures_csv())
    assert half.figure is not None
    assert half.figure.text.en == "at least 20"


@pytest.mark.parametrize(
    "cell", ["\x1b[2Jgone", "12\u202e34", "GEPRÜFT", "nan", "1e999999999", "", None], ids=ascii
)
def test_what_stands_in_a_file_of_figures_is_a_number_or_nothing(
    cell: str | None, network: PaperNetwork
) -> None:
    """Whoever writes the file could otherwise write a verdict onto the auditor's terminal."""
    evidence, question = network.publish().to_bytes(), Question("CASES_OPEN", "2026-Q2", AREAS[0])
    row = f"CASES_OPEN,Q,2026-Q2,{AREAS[0]},_T"
    rest = "" if cell is None else f",{cell},10.0,10.0,A,F"
    data = b"".join([figures_csv().split(b"\n")[0], f"\n{row}{rest}\n".encode()])

    def check():
        return explain(Trail(), evidence, network.anchors(), question, figures=data)

    if cell == "":
        assert check().figure is not None
    else:
        assert refusal(check) == "file_unreadable"


@pytest.mark.parametrize("missing", [b"INDICATOR,", b"UPPER,", b",CONF_STATUS"])
def test_a_file_of_figures_without_its_columns_is_unreadable(missing: bytes, network: PaperNetwork) -> None:
    evidence, question = network.publish().to_bytes(), Question("CASES_OPEN", "2026-Q2", AREAS[0])
    data = figures_csv().replace(missing, b"", 1)
    check = lambda: explain(Trail(), evidence, network.anchors(), question, figures=data)  # noqa: E731
    assert refusal(check) == "file_unreadable"


def test_one_area_is_explained_with_evidence_that_holds_nothing_else(network: PaperNetwork) -> None:
    evidence = network.publish()
    own = {
        identity: item
        for identity, item in evidence.statements.items()
        if json.loads(item.envelope.payload)["area"] == AREAS[2]
    }
    limited = dataclasses.replace(evidence, statements=own).to_bytes()
    question = Question("CASES_OPEN", "2026-Q2", AREAS[2])
    found = explain(Trail(), limited, network.anchors(), question)
    assert [item.identity for item in found.statements] == list(own)
    whole = Question("CASES_OPEN", "2026-Q2", "NW051")
    assert refusal(lambda: explain(Trail(), limited, network.anchors(), whole)) == "evidence_invalid"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question("NO_SUCH", "2026-Q2", "NW05"), "unknown_indicator"),
        (Question("CASES_OPEN", "2026-Q2", "NW99"), "unknown_area"),
        (Question("CASES_OPEN", "2020-Q2", "NW05"), "not_found"),
    ],
)
def test_a_question_that_has_no_answer_is_refused(
    network: PaperNetwork, question: Question, code: str
) -> None:
    data = network.publish().to_bytes()
    assert refusal(lambda: explain(Trail(), data, network.anchors(), question)) == code
