"""The hub's log from outside: what is served, receipts, witnesses, and when the signer must refuse."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.domain.ids import SubmissionId
from hub.domain.states import KeyUse
from hub.services.merging.publishing import close, is_published
from hub.services.transparency.release_record import record_of
from hub.services.transparency.rounds import HEARTBEAT, check_whole, run_round, signer_of
from hub.store.records import NodeKey
from hub.store.tables.trust import PublishedTrust
from hub.wiring import Hub
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey
from protocol.periods import Period
from protocol.transparency.checkpoints import Checkpoint, open_checkpoint
from protocol.transparency.cosignatures import Quorum, Witness, cosign
from protocol.transparency.events import LogEvent, hidden_digest, parse_event
from protocol.transparency.merkle import consistency_proof, leaf_hash, root, verify_consistency
from protocol.transparency.notes import NoteSignature, VerifierKey, parse_note
from protocol.transparency.receipts import VerifiedReceipt, parse_receipt, verify_receipt
from protocol.transparency.tiles import TileReader, entries_of, entry_tiles
from protocol.trust import HubKeys, Policy
from protocol.trust.hub_keys import OutsideWitness
from tests.factories.log_checks import logged
from tests.factories.logs import refusal_of
from tests.factories.patience import assert_soon
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.integration.test_hub_processes import hub as command

NEVER = 1e9
Q1, Q2 = Period.parse("2026-Q1"), Period.parse("2026-Q2")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose log is signed when a test says so, and at its start."""
    with running_hub(tmp_path / "hub", sandbox=lasting_sandbox(), checkpoint_seconds=NEVER) as running:
        yield running


def sign(hub: RunningHub) -> Checkpoint:
    return run_round(hub.hub.context).checkpoint


def receipt(hub: RunningHub, sender: Sender, parcel: Parcel, *, stage: str = "") -> VerifiedReceipt:
    answer = sender.client.get(f"/v1/submissions/{parcel.id}/receipt{stage}")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; charset=utf-8"
    return verify_receipt(
        parse_receipt(answer.data), log=signer_of(hub.hub.context).verifier_key, witnesses=witnesses()
    )


def served(hub: RunningHub) -> Checkpoint:
    answer = hub.client.get("/log/checkpoint")
    assert answer.status_code == 200
    return open_checkpoint(answer.data, signer_of(hub.hub.context).verifier_key).checkpoint


def reader(hub: RunningHub, size: int) -> TileReader:
    return TileReader(lambda tile: hub.client.get(f"/log/{tile.path}").data, size=size)


def events(hub: RunningHub) -> list[LogEvent]:
    """The log as a stranger reads it: entries from bundles, checked against the signed root."""
    state = served(hub)
    entries = [
        entry
        for tile in entry_tiles(0, size=state.size)
        for entry in entries_of(tile, hub.client.get(f"/log/{tile.path}").data)
    ]
    tiles = reader(hub, state.size)
    assert root(tiles, state.size) == state.root
    return [parse_event(entry) for entry in entries]


_WITNESS_AREAS = ("NW05112", "NW05113", "NW05114", "NW05116", "NW05117")
_WITNESS_KEYS = [PrivateKey.generate() for _ in _WITNESS_AREAS]


def witnesses() -> list[Witness]:
    names = (f"node-{area.lower()}" for area in _WITNESS_AREAS)
    return [Witness(name, key.public) for name, key in zip(names, _WITNESS_KEYS, strict=True)]


def enrol_witnesses(hub: RunningHub) -> list[Sender]:
    """Five nodes that witness."""
    senders = [hub.sender(area) for area in _WITNESS_AREAS]
    with hub.hub.context.database.write() as unit:
        for sender, key in zip(senders, _WITNESS_KEYS, strict=True):
            public = key.public.hex
            keyid = type(key.public)(key.public.raw, KeyPurpose.WITNESS).keyid
            unit.nodes.add_key(
                NodeKey(keyid, sender.node, public, "active", use=KeyUse.WITNESS), at=hub.clock.now()
            )
    return senders


def cosign_as(hub: RunningHub, sender: Sender, number: int, *, key: PrivateKey | None = None) -> TestResponse:
    note = parse_note(hub.client.get("/log/checkpoint").data)
    line = cosign(note, name=sender.node, key=key or _WITNESS_KEYS[number], at=1_790_000_000)
    return hand_in(sender, note.with_signatures([line]).to_bytes())


def hand_in(sender: Sender, data: bytes) -> TestResponse:
    return sender.client.post("/v1/witness", data=data, content_type="text/plain; charset=utf-8")


# ------------------------------------------------------------------------------------ what is logged


def test_every_decision_about_a_submission_is_in_the_log(hub: RunningHub):
    sender = hub.sender()
    first = sender.parcel()
    assert sender.deliver(first)["state"] == "accepted"
    second = sender.parcel(revision=2, supersedes=first.id, reason="correction")
    assert sender.deliver(second)["state"] == "accepted"
    broken = sender.parcel(period=Q2, payload=b"no table")
    assert sender.deliver(broken)["state"] == "rejected"
    sign(hub)
    told = [(event.kind, event.id, event.code) for event in events(hub) if event.node == sender.node]
    assert told[2:] == [
        ("received", first.id, None),
        ("accepted", first.id, None),
        ("received", second.id, None),
        ("superseded", first.id, None),
        ("accepted", second.id, None),
        ("received", broken.id, None),
        ("rejected", broken.id, sender.look(broken)["problem"]["code"]),
    ]
    assert [kind for kind, *_ in told[:2]] == ["node-added", "key-added"]


def test_closing_and_releasing_are_in_the_log(hub: RunningHub):
    sender = hub.sender()
    assert sender.deliver(sender.parcel())["state"] == "accepted"
    close(hub.hub.context, [Q1])
    with hub.hub.context.database.read() as unit:
        assert unit.leaves.newest_of("CASES/2026-Q1") is not None
    assert_soon(lambda: is_published(hub.hub.context), "a release")
    sign(hub)
    (release,) = [event for event in events(hub) if event.kind == "release"]
    with hub.hub.context.database.read() as unit:
        record = record_of(hub.hub.context, unit, 1)
    assert (release.id, release.out_sha256) == ("release/1", record.sha256)
    (table,) = record.tables
    assert list(table.deliveries) == ["NW05111"]


def test_a_log_in_which_nothing_happens_gives_signs_of_life(hub: RunningHub):
    before = sign(hub).size
    assert sign(hub).size == before
    hub.clock.moment += HEARTBEAT
    assert sign(hub).size == before + 1
    assert events(hub)[-1].kind == "heartbeat"


# ------------------------------------------------------------------------------------ what is served


def test_tiles_and_state_fit_and_are_kept_by_caches(hub: RunningHub):
    sender = hub.sender()
    before = sign(hub)
    assert sender.deliver(sender.parcel())["state"] == "accepted"
    after = sign(hub)
    assert served(hub) == after
    assert before.size < after.size
    verify_consistency(
        before.size,
        after.size,
        old_root=before.root,
        new_root=after.root,
        proof=consistency_proof(reader(hub, after.size), before.size, new=after.size),
    )
    answer = hub.client.get(f"/log/tile/0/000.p/{after.size}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "application/octet-stream"
    assert len(answer.data) == 32 * after.size
    assert hub.client.get("/log/checkpoint").headers["Cache-Control"] == "no-cache"


def test_only_what_is_signed_is_served(hub: RunningHub):
    size = sign(hub).size
    hub.sender()
    for level in ("0", "entries"):
        assert hub.client.get(f"/log/tile/{level}/000.p/{size}").status_code == 200
        assert hub.client.get(f"/log/tile/{level}/000.p/{size + 1}").status_code == 404
        assert hub.client.get(f"/log/tile/{level}/000").status_code == 404


@pytest.mark.parametrize(
    "path", ["0/0", "00/000", "0/..%2f..%2fhub.toml", "entries/x000/000", "64/000", "0/000.p/0", "1/000"]
)
def test_addresses_that_are_none_are_not_found(hub: RunningHub, path: str):
    answer = hub.client.get(f"/log/tile/{path}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_before_the_first_signature_the_log_is_not_available(tmp_path: Path):
    with running_hub(tmp_path / "hub", start=False) as hub:
        for path in ("/log/checkpoint", "/log/tile/0/000.p/1"):
            answer = hub.client.get(path)
            assert (answer.status_code, answer.get_json()["code"]) == (503, "log_unavailable")
            assert answer.headers["Retry-After"]


# ------------------------------------------------------------------------------------ receipts


def test_receipts_of_both_stages(hub: RunningHub):
    sender = hub.sender()
    parcel = sender.parcel()
    assert sender.deliver(parcel)["state"] == "accepted"
    waiting = sender.client.get(f"/v1/submissions/{parcel.id}/receipt")
    assert (waiting.status_code, waiting.get_json()["code"]) == (503, "log_unavailable")
    sign(hub)
    received = receipt(hub, sender, parcel, stage="?stage=received").event
    accepted = receipt(hub, sender, parcel).event
    assert (received.kind, accepted.kind) == ("received", "accepted")
    for event in (received, accepted):
        assert (event.id, event.node, event.revision) == (parcel.id, sender.node, 1)
        assert event.payload_sha256 == parcel.statement.payload.sha256
        assert event.keyid == sender.key.public.keyid
    # SPEC P-101: to be checked by whoever has statement and cells, and of no use to anybody else.
    with hub.hub.context.database.read() as unit:
        stored = unit.submissions.get(SubmissionId(parcel.id))
    assert stored is not None
    assert stored.canonical_sha256 is not None
    assert accepted.out_sha256 == hidden_digest(stored.canonical_sha256, salt=parcel.statement.nonce)
    said = b"".join(event.to_bytes() for event in logged(hub.hub.context))
    assert stored.canonical_sha256.encode() not in said


def test_a_receipt_stays_good_while_the_log_grows(hub: RunningHub):
    sender = hub.sender()
    parcel = sender.parcel()
    assert sender.deliver(parcel)["state"] == "accepted"
    sign(hub)
    early = sender.client.get(f"/v1/submissions/{parcel.id}/receipt").data
    enrol_witnesses(hub)
    sign(hub)
    late = receipt(hub, sender, parcel)
    old = verify_receipt(parse_receipt(early), log=signer_of(hub.hub.context).verifier_key)
    assert old.event == late.event
    assert old.checkpoint.size < late.checkpoint.size


def test_nobody_gets_another_nodes_receipt(hub: RunningHub):
    sender, other = hub.sender(), hub.sender("NW05112")
    parcel = sender.parcel()
    assert sender.deliver(parcel)["state"] == "accepted"
    sign(hub)
    foreign = other.client.get(f"/v1/submissions/{parcel.id}/receipt")
    missing = other.client.get(f"/v1/submissions/{'0' * 64}/receipt")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.get_json()["detail"] == missing.get_json()["detail"]
    assert hub.client.get(f"/v1/submissions/{parcel.id}/receipt").status_code == 401
    assert sender.client.get(f"/v1/submissions/{parcel.id}/receipt?stage=other").status_code == 400


# ------------------------------------------------------------------------------------ witnesses


def is_final(found: VerifiedReceipt) -> bool:
    return Quorum(4).met_by(found.cosigners, subject=found.event.node)


def test_a_receipt_becomes_final_with_witnesses(hub: RunningHub):
    sender = hub.sender()
    nodes = enrol_witnesses(hub)
    parcel = sender.parcel()
    assert sender.deliver(parcel)["state"] == "accepted"
    state = sign(hub)
    for number, node in enumerate(nodes[:4]):
        assert not is_final(receipt(hub, sender, parcel))
        assert cosign_as(hub, node, number).status_code == 204
        assert cosign_as(hub, node, number).status_code == 204  # again: nothing changes
    final = receipt(hub, sender, parcel)
    assert is_final(final)
    assert [item.name for item in final.cosigners] == [node.node for node in nodes[:4]]
    # The log goes on; the receipt is proven against the state that has witnesses.
    hub.sender("NW05119")
    assert sign(hub).size > state.size
    assert receipt(hub, sender, parcel).checkpoint == state == final.checkpoint
    # What came later is in no such state: the newest one has to do.
    later = sender.parcel(period=Q2)
    assert sender.deliver(later)["state"] == "accepted"
    newest = sign(hub)
    assert receipt(hub, sender, later).checkpoint == newest


def test_lines_that_everybody_can_read_cost_a_hub_no_check_of_a_signature(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
):
    """Nobody is asked who he is, and what is taken is not counted: so it has to be cheap."""
    first, second, *_ = enrol_witnesses(hub)
    sign(hub)
    assert cosign_as(hub, first, 0).status_code == 204
    known = parse_note(hub.client.get("/log/checkpoint").data)
    (line,) = (item for item in known.signatures if item.name == first.node)
    again = known.to_bytes() + line.line().encode() * 120
    checked: list[str] = []
    verify = Witness.verify

    def counted(witness: Witness, text: str, signature: NoteSignature) -> None:
        checked.append(witness.name)
        verify(witness, text, signature)

    monkeypatch.setattr(Witness, "verify", counted)
    assert hub.client.post("/v1/witness", data=again, content_type="text/plain").status_code == 204
    assert checked == []
    # Who has a key can make any number of lines: one of them is looked at.
    at = range(1_790_000_000, 1_790_000_100)
    many = known.with_signatures([cosign(known, name=second.node, key=_WITNESS_KEYS[1], at=t) for t in at])
    assert hand_in(second, many.to_bytes()).status_code == 204
    assert checked == [second.node]
    names = [item.name for item in parse_note(hub.client.get("/log/checkpoint").data).signatures]
    assert names[1:] == [first.node, second.node]


def test_cosignatures_that_are_refused(hub: RunningHub):
    first, second, *_ = enrol_witnesses(hub)
    state = sign(hub)
    note = parse_note(hub.client.get("/log/checkpoint").data)
    stranger = cosign_as(hub, first, 0, key=PrivateKey.generate())
    assert (stranger.status_code, stranger.get_json()["code"]) == (403, "unknown_key")
    signing = cosign_as(hub, first, 0, key=first.key)  # its key for statements is none for this
    assert signing.get_json()["code"] == "unknown_key"
    as_other = cosign_as(hub, second, 1, key=_WITNESS_KEYS[0])
    assert as_other.get_json()["code"] == "unknown_key"
    line = cosign(note, name=first.node, key=_WITNESS_KEYS[0], at=5)
    wrong = type(line)(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    assert hand_in(first, note.with_signatures([wrong]).to_bytes()).get_json()["code"] == "signature_invalid"
    assert hand_in(first, b"no note").get_json()["code"] == "bad_log_document"
    assert hand_in(first, note.to_bytes()).get_json()["code"] == "unknown_key"
    assert first.client.post("/v1/witness", data=b"{}", content_type="application/json").status_code == 415
    # Who brings a line is nobody's question, and an empty hand brings none.
    assert hub.client.post("/v1/witness", data=note.to_bytes(), content_type="text/plain").status_code == 403
    made_up = Checkpoint(state.origin, state.size, bytes(32)).sign(PrivateKey.generate())
    fork = made_up.with_signatures([cosign(made_up, name=first.node, key=_WITNESS_KEYS[0], at=5)])
    assert hand_in(first, fork.to_bytes()).get_json()["code"] == "bad_log_document"
    unknown = Checkpoint(state.origin, state.size + 1, bytes(32)).sign(PrivateKey.generate())
    ahead = unknown.with_signatures([cosign(unknown, name=first.node, key=_WITNESS_KEYS[0], at=5)])
    answer = hand_in(first, ahead.to_bytes())
    assert (answer.status_code, answer.get_json()["code"]) == (409, "checkpoint_outdated")
    assert str(state.size) in answer.get_json()["detail"]
    assert len(parse_note(hub.client.get("/log/checkpoint").data).signatures) == 1


def test_a_line_without_a_witness_beside_one_with(hub: RunningHub):
    first, *_ = enrol_witnesses(hub)
    sign(hub)
    note = parse_note(hub.client.get("/log/checkpoint").data)
    lines = [
        cosign(note, name="node-w9", key=PrivateKey.generate(), at=5),
        cosign(note, name=first.node, key=_WITNESS_KEYS[0], at=5),
    ]
    assert hand_in(first, note.with_signatures(lines).to_bytes()).status_code == 204
    kept = parse_note(hub.client.get("/log/checkpoint").data)
    assert kept.signatures == (*note.signatures, lines[1])


def test_a_key_that_does_not_hold_any_more_witnesses_nothing(hub: RunningHub):
    first, second, third, *_ = enrol_witnesses(hub)
    with hub.hub.context.database.write() as unit:
        unit.connection.exec_driver_sql(
            f"UPDATE node_key SET status = 'revoked' WHERE use = 'witness' AND node_id = '{first.node}'"
        )
        unit.connection.exec_driver_sql(
            f"UPDATE node_key SET not_after = '2026-10-05 09:00:00' WHERE node_id = '{second.node}' "
            "AND use = 'witness'"
        )
        unit.connection.exec_driver_sql(
            f"UPDATE node_key SET not_before = '2026-10-05 11:00:00' WHERE node_id = '{third.node}' "
            "AND use = 'witness'"
        )
    sign(hub)
    for number, node in enumerate((first, second, third)):
        assert cosign_as(hub, node, number).get_json()["code"] == "unknown_key"


def test_officers_name_outside_witnesses_and_the_quorum(hub: RunningHub):
    sender = hub.sender()
    first, second, *_ = enrol_witnesses(hub)
    key = PrivateKey.generate()
    outside = Witness("witness.example/w1", key.public, outside=True)
    keys = HubKeys(audience="kim-nrw/local", quorum=1, outside_witnesses=(OutsideWitness(str(outside.vkey)),))
    with hub.hub.context.database.write() as unit:
        policy = Policy(audience="kim-nrw/local", sealed=False)
        unit.trust.add(PublishedTrust(1, 1, hub.clock.now(), "0" * 64, keys, policy))
    parcel = sender.parcel()
    assert sender.deliver(parcel)["state"] == "accepted"
    state = sign(hub)
    note = parse_note(hub.client.get("/log/checkpoint").data)
    line = cosign(note, name=outside.name, key=key, at=5)
    assert hand_in(first, note.with_signatures([line]).to_bytes()).status_code == 204
    stranger = cosign(note, name=outside.name, key=PrivateKey.generate(), at=5)
    refused = hand_in(first, note.with_signatures([stranger]).to_bytes())
    assert refused.get_json()["code"] == "unknown_key"
    assert cosign_as(hub, second, 1).status_code == 204
    sender.deliver(sender.parcel("PERSONS"))  # the log grows
    sign(hub)
    assert cosign_as(hub, second, 1).status_code == 204  # a node alone is not enough for the later state
    answer = sender.client.get(f"/v1/submissions/{parcel.id}/receipt")
    found = verify_receipt(
        parse_receipt(answer.data),
        log=signer_of(hub.hub.context).verifier_key,
        witnesses=[*witnesses(), outside],
        quorum=Quorum(1, outside=1),
    )
    assert found.checkpoint == state


# ------------------------------------------------------------------------------------ the signer refuses


def database_of(home: Path) -> Path:
    return home / "hub.sqlite3"


def deliver_and_stop(home: Path, *, periods: tuple[Period, ...], save: Path | None = None) -> None:
    """Let a hub run for some deliveries; keep a copy of the database as it was before the last one."""
    with running_hub(home, sandbox=lasting_sandbox(), checkpoint_seconds=NEVER) as hub:
        sender = hub.sender()
        for n, period in enumerate(periods):
            if save is not None and n == len(periods) - 1:
                backup(home, save)
            assert sender.deliver(sender.parcel(period=period))["state"] == "accepted"
            sign(hub)


def backup(home: Path, to: Path) -> None:
    with sqlite3.connect(database_of(home)) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def restore(home: Path, backup_file: Path) -> None:
    for leftover in home.glob("hub.sqlite3*"):
        leftover.unlink()
    shutil.copy(backup_file, database_of(home))


def test_a_database_that_was_put_back_halts_the_log_and_the_hub_says_so(tmp_path: Path, caplog):
    home, old = tmp_path / "hub", tmp_path / "old.sqlite3"
    deliver_and_stop(home, periods=(Q1, Q2), save=old)
    newest = tmp_path / "newest.sqlite3"
    backup(home, newest)
    signed = (home / "log" / "checkpoint").read_bytes()
    restore(home, old)
    with running_hub(home, sandbox=lasting_sandbox(), checkpoint_seconds=NEVER) as hub:
        assert "log_inconsistent" in caplog.text
        assert hub.client.get("/readyz").get_json()["failing"] == ["log"]
        assert refusal_of(lambda: sign(hub)) == "log_inconsistent"
        # Nothing more is received, so nothing is acknowledged that the restored database would forget.
        sender = Sender("node-nw05111", "NW05111", PrivateKey.generate(), hub.client)
        assert refusal_of(lambda: hub.sender("NW05112")) == "log_unavailable"
        assert sender.client.get("/v1/nodes/node-nw05111/heads").status_code == 403
        assert refusal_of(lambda: close(hub.hub.context, [Q1])) == "log_unavailable"
        # What was signed before is served as it was, and nothing else is signed.
        assert (
            served(hub).size
            < open_checkpoint(signed, signer_of(hub.hub.context).verifier_key).checkpoint.size
        )
    assert (home / "log" / "checkpoint").read_bytes() == signed
    restore(home, newest)
    with running_hub(home, sandbox=lasting_sandbox(), checkpoint_seconds=NEVER) as hub:
        assert hub.client.get("/readyz").get_json()["failing"] == []
        assert served(hub) == open_checkpoint(signed, signer_of(hub.hub.context).verifier_key).checkpoint
        assert hub.sender("NW05112").node


def test_a_restored_database_that_grew_again_is_noticed_too(tmp_path: Path):
    """As many leaves as were signed, but others: the hub would have two histories."""
    home, old = tmp_path / "hub", tmp_path / "old.sqlite3"
    deliver_and_stop(home, periods=(Q1, Q2), save=old)
    signed = (home / "log" / "checkpoint").read_bytes()
    restore(home, old)
    shutil.move(home / "log", tmp_path / "elsewhere")
    with running_hub(home, start=False) as hub:
        for area in ("NW05112", "NW05113", "NW05114", "NW05116"):
            hub.sender(area)
    shutil.move(tmp_path / "elsewhere", home / "log")
    with running_hub(home, start=False) as hub:
        assert refusal_of(lambda: sign(hub)) == "log_inconsistent"
        assert refusal_of(lambda: check_whole(hub.hub.context)) == "log_inconsistent"
    assert (home / "log" / "checkpoint").read_bytes() == signed


@pytest.mark.parametrize("what", ["entry", "hashes", "older entry"])
def test_a_changed_leaf_is_noticed(tmp_path: Path, what: str):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        hub.sender()
        if what == "older entry":
            sign(hub)
    column = "hashes" if what == "hashes" else "entry"
    with sqlite3.connect(database_of(home)) as database:
        database.execute("DROP TRIGGER log_leaf_no_update")
        database.execute(
            f"UPDATE log_leaf SET {column} = CAST(replace(hex({column}), '6', '7') AS BLOB) WHERE seq = 1"
        )
    database.close()
    with running_hub(home, start=False) as hub:
        if what == "older entry":
            assert refusal_of(lambda: check_whole(hub.hub.context)) == "log_inconsistent"
            assert hub.client.get("/log/tile/entries/000.p/2").get_json()["code"] == "log_inconsistent"
        else:
            assert refusal_of(lambda: sign(hub)) == "log_inconsistent"
            assert not (home / "log" / "checkpoint").exists()


def test_a_lost_key_makes_no_second_log(tmp_path: Path):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        signed = sign(hub)
        (home / "log" / "key.pem").unlink()
        assert refusal_of(lambda: sign(hub)) == "key_missing"
        assert refusal_of(lambda: signer_of(hub.hub.context).verifier_key) == "key_missing"
        # Not even with a folder that is empty: the database still knows whose log it is.
        shutil.rmtree(home / "log")
        hub.sender()
        assert refusal_of(lambda: sign(hub)) == "key_missing"
        assert hub.client.get("/readyz").get_json()["failing"] == ["sandbox"]  # not halted
        assert parse_note(hub.client.get("/log/checkpoint").data).text == signed.text


def test_an_old_copy_of_what_was_signed_is_noticed(tmp_path: Path):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        sign(hub)
        file = home / "log" / "checkpoint"
        old = file.read_bytes()
        hub.sender()
        newer = sign(hub)
        file.write_bytes(old)
        hub.sender("NW05112")
        assert sign(hub).size == newer.size + 2
        file.unlink()
        assert sign(hub).size == newer.size + 2
        with hub.hub.context.database.write() as unit:
            unit.connection.exec_driver_sql("DROP TRIGGER log_leaf_no_update")
            unit.connection.exec_driver_sql("UPDATE log_leaf SET hashes = zeroblob(32) WHERE seq = 0")
        assert refusal_of(lambda: check_whole(hub.hub.context)) == "log_inconsistent"


def test_a_damaged_note_of_what_was_signed_is_not_passed_over(tmp_path: Path):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        sign(hub)
        file = home / "log" / "checkpoint"
        file.write_bytes(file.read_bytes()[:-20])
        hub.sender()
        assert refusal_of(lambda: sign(hub)) == "log_inconsistent"


def test_the_signers_files_are_nobody_elses(tmp_path: Path):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        sign(hub)
        folder = home / "log"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == dict.fromkeys(
            ("key.pem", "checkpoint", "lock"), 0o600
        )
        (folder / "key.pem").chmod(0o640)
        assert refusal_of(lambda: signer_of(hub.hub.context).verifier_key) == "key_unreadable"


def test_a_clock_that_went_back_stops_what_would_be_logged(hub: RunningHub):
    hub.sender()
    hub.clock.moment -= dt.timedelta(seconds=2)
    hub.sender("NW05112")
    sign(hub)
    moments = [event.at for event in events(hub)]
    assert moments == sorted(moments)
    hub.clock.moment -= dt.timedelta(seconds=1)
    with pytest.raises(KimError) as error:
        hub.sender("NW05113")
    assert error.value.code == "log_unavailable"
    with hub.hub.context.database.read() as unit:
        assert unit.nodes.get("node-nw05113") is None


def test_the_commands(tmp_path: Path):
    home = tmp_path / "hub"
    command(home, "init")
    key = command(home, "log key")["vkey"]
    signed = command(home, "log sign")
    assert signed["size"] == 1
    assert command(home, "log check") == {"entries": 1}
    assert command(home, "log key")["vkey"] == key
    note = open_checkpoint((home / "log" / "checkpoint").read_bytes(), VerifierKey.parse(key))
    assert note.checkpoint.root.hex() == signed["root"]
    with sqlite3.connect(database_of(home)) as database:
        database.execute("DROP TRIGGER log_leaf_no_update")
        database.execute("UPDATE log_leaf SET entry = X'7B7D'")
    database.close()
    assert command(home, "log check", expect=74)["code"] == "log_inconsistent"


# ------------------------------------------------------------------------------------ crashes

_DIES = """
import os, signal, sys
from pathlib import Path
from hub.wiring import Hub
from hub.services.transparency import rounds, signer
from hub.settings import HubSettings
from hub.store.tables.log import LogLeaves
from tests.factories.running_hub import FixedClock

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

place = sys.argv[2]
if place == "before the file":
    signer.LogSigner._keep = die
elif place == "before the rename":
    Path.replace = die
elif place == "before the table":
    LogLeaves.add_checkpoint = die
rounds.run_round(Hub(HubSettings(home=Path(sys.argv[1])), clock=FixedClock()).context)
"""


@pytest.mark.parametrize("place", ["before the file", "before the rename", "before the table"])
def test_a_signer_that_is_killed_goes_on_where_it_was(tmp_path: Path, place: str):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        before = sign(hub)
        hub.sender()
        after_size = before.size + 2
    done = subprocess.run([sys.executable, "-c", _DIES, str(home), place], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    with running_hub(home, start=False) as hub:
        assert served(hub) == before
        after = sign(hub)
        assert (after.size, served(hub)) == (after_size, after)
        with hub.hub.context.database.read() as unit:
            assert root(unit.leaves, before.size) == before.root
        assert sorted(file.name for file in (home / "log").iterdir()) == ["checkpoint", "key.pem", "lock"]


def test_a_hub_that_is_killed_after_the_commit_signs_at_its_next_start(tmp_path: Path):
    home = tmp_path / "hub"
    with running_hub(home, start=False) as hub:
        hub.sender()
    with running_hub(home, sandbox=lasting_sandbox(), checkpoint_seconds=NEVER) as hub:
        assert served(hub).size == 2
        assert [event.kind for event in events(hub)] == ["node-added", "key-added"]
        assert leaf_hash(events(hub)[0].to_bytes()) == hub.client.get("/log/tile/0/000.p/1").data


def test_a_hub_signs_by_itself(tmp_path: Path):
    with running_hub(tmp_path / "hub", sandbox=lasting_sandbox(), checkpoint_seconds=0.1) as hub:
        hub.sender()
        assert_soon(lambda: served(hub).size == 3, "a signed state with the node")


def test_two_hubs_on_one_log_sign_one_history(tmp_path: Path):
    """Two processes on one home: the lock beside the key lets one sign at a time."""
    with running_hub(tmp_path / "hub", start=False) as one:
        two = Hub(one.hub.settings, clock=one.clock)
        first = sign(one)
        one.sender()
        second = run_round(two.context).checkpoint
        assert sign(one) == second
        assert second.size == first.size + 2
        client = create_app(two.context).test_client()
        assert client.get("/log/checkpoint").data == one.client.get("/log/checkpoint").data
        two.context.database.engine.dispose()
