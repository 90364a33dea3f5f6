"""Cosignatures, quorum, events and receipts (SPEC P-101, P-108, P-109)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from functools import partial
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.keys import PrivateKey
from protocol.transparency.cosignatures import Quorum, Witness, cosign, cosigners, time_of
from protocol.transparency.events import MAX_EVENT_BYTES, LogEvent, hidden_digest, parse_event
from protocol.transparency.notes import MAX_NOTE_BYTES, NoteSignature, SignatureType, parse_note, sign_note
from protocol.transparency.receipts import (
    MAX_PROOF_HASHES,
    MAX_RECEIPT_BYTES,
    MEDIA_TYPE,
    SUFFIX,
    Receipt,
    parse_receipt,
    verify_receipt,
)
from tests.factories.logs import NOON, ORIGIN, MemoryLog, cosigned, event, refusal_of, witness, witness_key

SPEC_TIME = 1_679_315_147


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    """Nine events, the fifth one about node-1."""
    return MemoryLog([event(id=f"{n:064x}", node="node-1").to_bytes() for n in range(9)])


def test_the_message_of_the_specification():
    """C2SP tlog-cosignature, "Ed25519 signed message": header, time, then the checkpoint's text."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    note = sign_note(text, name="example.com/behind-the-sofa", key=PrivateKey.generate())
    line = cosign(note, name="witness.example.com/w1", key=witness_key(1), at=SPEC_TIME)
    message = f"cosignature/v1\ntime {SPEC_TIME}\n{text}".encode()
    assert line.signature == SPEC_TIME.to_bytes(8, "big") + witness_key(1).sign(message)
    assert time_of(line) == SPEC_TIME
    assert Witness("witness.example.com/w1", witness_key(1).public).vkey.kind is SignatureType.COSIGNATURE


def test_the_line_of_the_specification_is_read():
    line = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1n"
        "PZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    (found,) = parse_note(("text\n\n" + line).encode()).signatures
    assert (found.name, time_of(found), len(found.signature)) == ("witness.example.com/w1", SPEC_TIME, 72)


def test_who_has_cosigned(log):
    note = cosigned(log.note(), 1, 2)
    known = [witness(3), witness(2), witness(1)]
    assert cosigners(note, known) == (known[1], known[2])
    assert parse_note(note.to_bytes()) == note


def test_a_wrong_cosignature_spoils_the_note(log):
    good = cosigned(log.note(), 1).signatures[-1]
    for wrong in (
        replace(good, signature=bytes(8) + good.signature[8:]),
        replace(good, signature=good.signature[:-1]),
        replace(good, signature=good.signature + b"\x00"),
        replace(good, signature=b"\xff" + good.signature[1:]),
        replace(good, signature=good.signature[8:]),
    ):
        note = log.note().with_signatures([wrong])
        assert refusal_of(lambda note=note: cosigners(note, [witness(1)])) == "signature_invalid"
    other_state = MemoryLog([b"other"], key=log.key).note().with_signatures([good])
    assert refusal_of(lambda: cosigners(other_state, [witness(1)])) == "signature_invalid"


def test_a_plain_signature_is_no_cosignature(log):
    plain = sign_note(log.note().text, name="node-1", key=witness_key(1)).signatures[0]
    note = log.note().with_signatures([plain])
    assert cosigners(note, [witness(1)]) == ()
    disguised = NoteSignature("node-1", witness(1).key_id, bytes(8) + plain.signature)
    assert refusal_of(lambda: cosigners(log.note().with_signatures([disguised]), [witness(1)])) == (
        "signature_invalid"
    )


def test_a_cosignature_needs_a_checkpoint_and_a_time(log):
    text = sign_note("no checkpoint\n", name=ORIGIN, key=log.key)
    assert refusal_of(lambda: cosign(text, name="node-1", key=witness_key(1), at=1)) == "bad_log_document"
    for at in (-1, 2**63):
        with pytest.raises(ValueError, match="POSIX"):
            cosign(log.note(), name="node-1", key=witness_key(1), at=at)


def test_the_first_and_the_last_moment_of_a_cosignature(log):
    """P-108: POSIX seconds from 0 to 2^63-1, eight bytes in front of the signature."""
    for at in (0, 1, 2**63 - 1):
        line = cosign(log.note(), name="node-1", key=witness_key(1), at=at)
        assert (time_of(line), line.signature[:8]) == (at, at.to_bytes(8, "big"))
        assert cosigners(log.note().with_signatures([line]), [witness(1)]) == (witness(1),)
    late = NoteSignature("node-1", witness(1).key_id, (2**63).to_bytes(8, "big") + bytes(64))
    assert refusal_of(lambda: time_of(late)) == "signature_invalid"


def test_a_quorum_counts_holders_of_keys():
    twice = Witness("node-9", witness(1).key)
    assert Quorum(2).met_by([witness(1), witness(2)])
    assert not Quorum(2).met_by([witness(1), twice])
    assert not Quorum(2).met_by([witness(1), Witness("node-1", witness(2).key)])
    assert not Quorum(2).met_by([witness(1), witness(2)], subject="node-2")
    assert not Quorum(1, outside=1).met_by([witness(1), witness(2)])
    assert Quorum(1, outside=1).met_by([witness(1), witness(2, outside=True)])
    assert not Quorum(2).met_by([witness(1), witness(2, outside=True)])
    assert Quorum(0).met_by([])
    with pytest.raises(ValueError, match="negative"):
        Quorum(-1)


def test_a_node_is_no_witness_of_its_own_receipt_under_another_name():
    """Whether it stands as a node or as somebody from outside, and in whatever order they are named."""
    own = witness(1)
    for other in (replace(own, name="node-9"), replace(own, name="w.example", outside=True)):
        for known in permutations([own, other, witness(2)]):
            assert Quorum(1).met_by(known, subject="node-1")
            assert not Quorum(2).met_by(known, subject="node-1")
            assert not Quorum(1, outside=1).met_by(known, subject="node-1")


def test_a_receipt_proves_itself(log):
    note = cosigned(log.note(), 1, 2, 3, 4)
    receipt = log.receipt(4, note=note)
    data = receipt.to_bytes()
    assert parse_receipt(data) == receipt
    found = verify_receipt(
        parse_receipt(data),
        log=log.verifier_key,
        witnesses=[witness(n) for n in range(1, 6)],
        quorum=Quorum(3),
    )
    assert (found.event.id, found.index, found.checkpoint.size) == (f"{4:064x}", 4, 9)
    assert [item.name for item in found.cosigners] == ["node-1", "node-2", "node-3", "node-4"]
    assert Quorum(3).met_by(found.cosigners, subject=found.event.node)
    assert not Quorum(4).met_by(found.cosigners, subject=found.event.node)  # node-1 is the one concerned


def test_a_receipt_has_the_lines_of_the_specification(log):
    lines = log.receipt(8).to_bytes().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 8"
    assert lines[3:8] == [lines[3], "", ORIGIN, "9", lines[7]]


def test_too_few_witnesses(log):
    receipt = log.receipt(4, note=cosigned(log.note(), 1, 2, 3))
    known = [witness(n) for n in (1, 2, 3)]
    for quorum in (Quorum(3), Quorum(2, outside=1)):
        check = partial(verify_receipt, receipt, log=log.verifier_key, witnesses=known, quorum=quorum)
        assert refusal_of(check) == "quorum_missing"
    assert verify_receipt(receipt, log=log.verifier_key, witnesses=known, quorum=Quorum(2)).index == 4


def test_a_receipt_of_another_leaf_index_or_log(log):
    receipt = log.receipt(4)
    for wrong in (
        replace(receipt, leaf=log.entries[5]),
        replace(receipt, index=5),
        replace(receipt, index=9),
        replace(receipt, proof=receipt.proof[:-1]),
        replace(receipt, note=log.note(8)),
    ):
        assert refusal_of(lambda wrong=wrong: verify_receipt(wrong, log=log.verifier_key)) == "proof_invalid"
    other = MemoryLog(log.entries)
    assert refusal_of(lambda: verify_receipt(receipt, log=other.verifier_key)) == "signature_invalid"


def test_a_leaf_that_is_no_event():
    log = MemoryLog([b"something else"])
    assert refusal_of(lambda: verify_receipt(log.receipt(0), log=log.verifier_key)) == "bad_log_document"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_bit_of_a_receipt_is_free(log, data):
    """One flipped bit: refused, or a line of somebody unknown. What is proven never changes."""
    original = log.receipt(4, note=cosigned(log.note(), 1, 2, 3)).to_bytes()
    place = data.draw(st.integers(0, len(original) * 8 - 1))
    changed = bytearray(original)
    changed[place // 8] ^= 1 << place % 8
    known = [witness(n) for n in (1, 2, 3)]

    def verified():
        return verify_receipt(
            parse_receipt(bytes(changed)), log=log.verifier_key, witnesses=known, quorum=Quorum(2)
        )

    code = refusal_of(verified)
    assert code in (None, "bad_log_document", "signature_invalid", "proof_invalid", "quorum_missing")
    if code is None:
        found = verified()
        assert (found.index, found.event.id, found.checkpoint) == (4, f"{4:064x}", log.checkpoint())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tlog-proof@v1", b"tlog-proof@v2"),
        (b"extra ", b"Extra "),
        (b"index 4", b"index 04"),
        (b"index 4", b"index -4"),
        (b"index 4\n", b""),
        (b"index 4\n", b"index 4\n" + b"A" * 43 + b"=\n" * 1 + b"AAAA\n"),
        (b"c2sp", b"\nc2sp"),
        (b"\n\n", b"\n"),
        (b"index", "ındex".encode()),
        (b"extra ", b""),
        (b"index ", b""),
    ],
    ids=range(11),
)
def test_what_is_no_receipt(log, old, new):
    data = log.receipt(4).to_bytes()
    assert refusal_of(lambda: parse_receipt(data.replace(old, new, 1))) == "bad_log_document"


def test_a_receipt_that_is_too_long(log):
    assert refusal_of(lambda: parse_receipt(log.receipt(4).to_bytes() + b"x" * 90_000)) == "bad_log_document"
    long = Receipt(log.entries[0], 0, (bytes(32),) * 64, log.note())
    assert refusal_of(lambda: parse_receipt(long.to_bytes())) == "bad_log_document"


def _of_length(wanted: int, log: MemoryLog) -> bytes:
    """A receipt of so many bytes, most of them in its leaf; it is not asked to be true."""
    for filling in range(4):  # base64 grows by four
        note = sign_note("x" * filling + "\n", name=ORIGIN, key=log.key)
        rest = len(Receipt(b"", 0, (), note).to_bytes())
        if (wanted - rest) % 4 == 0:
            return Receipt(bytes((wanted - rest) // 4 * 3), 0, (), note).to_bytes()
    raise AssertionError(wanted)


def test_how_long_a_receipt_may_be(log):
    """As long as the longest event, proof and note make it, and no more is read of what a stranger sends."""
    assert MAX_RECEIPT_BYTES == 77_760
    assert len(_of_length(MAX_RECEIPT_BYTES, log)) == MAX_RECEIPT_BYTES
    assert len(parse_receipt(_of_length(MAX_RECEIPT_BYTES, log)).leaf) > MAX_EVENT_BYTES
    assert refusal_of(lambda: parse_receipt(_of_length(MAX_RECEIPT_BYTES + 1, log))) == "bad_log_document"
    short = sign_note("\n", name=ORIGIN, key=log.key)
    text = "x" * (MAX_NOTE_BYTES - len(short.to_bytes())) + "\n"
    note = sign_note(text, name=ORIGIN, key=log.key)
    assert len(note.to_bytes()) == MAX_NOTE_BYTES
    longest = Receipt(bytes(MAX_EVENT_BYTES), 2**63 - 1, (bytes(32),) * MAX_PROOF_HASHES, note)
    assert parse_receipt(longest.to_bytes()) == longest


def test_how_receipts_are_served_and_named():
    """Nodes and auditors keep them for ever under this name; C2SP says no type, so it is plain text."""
    assert (MEDIA_TYPE, SUFFIX) == ("text/plain; charset=utf-8", ".tlog-proof")


# ------------------------------------------------------------------------------------------- events


def test_an_event_has_one_spelling():
    full = event(
        keyid="cd" * 32,
        area="NW05111",
        dataset="CASES",
        period="2026-Q3",
        prev="ef" * 32,
        code="value_rule",
        payload_sha256="12" * 32,
        out_sha256="34" * 32,
    )
    assert parse_event(full.to_bytes()) == full
    assert json.loads(full.to_bytes()) == {
        "v": 1,
        "t": "2026-10-05T12:00:00Z",
        "kind": "received",
        "id": "ab" * 32,
        "node": "node-1",
        "keyid": "cd" * 32,
        "area": "NW05111",
        "dataset": "CASES",
        "period": "2026-Q3",
        "revision": 1,
        "prev": "ef" * 32,
        "code": "value_rule",
        "payload_sha256": "12" * 32,
        "out_sha256": "34" * 32,
    }


def test_members_that_do_not_apply_are_not_there():
    small = LogEvent(at=NOON, kind="heartbeat", id="log")
    assert small.to_bytes() == b'{"id":"log","kind":"heartbeat","t":"2026-10-05T12:00:00Z","v":1}'


def test_moments_are_whole_seconds_utc():
    berlin = dt.timezone(dt.timedelta(hours=2))
    late = event(at=dt.datetime(2026, 10, 5, 14, 0, 0, 999_999, tzinfo=berlin))
    assert (late.at, late) == (NOON, event())
    assert late.at.tzinfo is dt.UTC
    with pytest.raises(ValueError, match="offset"):
        event(at=dt.datetime(2026, 10, 5))


def test_the_largest_revision_and_the_hash_of_a_leaf():
    largest = event(revision=2**53 - 1)
    assert parse_event(largest.to_bytes()) == largest
    assert largest.leaf_hash == hashlib.sha256(b"\x00" + largest.to_bytes()).digest()


def test_a_hidden_digest_is_one_of_salt_and_digest():
    """P-101, from the parts that the specification names; without the salt nobody can try what fits."""
    data, salt = b"REF_AREA,OBS_VALUE\n", bytes(range(32))
    sha256 = hashlib.sha256(data)
    expected = hashlib.sha256(b"kim/1 hidden digest" + b"\x00" + salt + sha256.digest()).hexdigest()
    assert hidden_digest(sha256.hexdigest(), salt=salt) == expected
    assert hidden_digest(sha256.hexdigest(), salt=bytes(32)) != expected


def test_kinds_of_later_versions_are_read():
    assert parse_event(event(kind="checkpoint-tsa").to_bytes()).kind == "checkpoint-tsa"


@pytest.mark.parametrize(
    "member",
    [
        {"kind": "Received"},
        {"kind": ""},
        {"kind": "a" * 17},
        {"id": ""},
        {"id": "a b"},
        {"id": "a" * 129},
        {"id": "ä"},
        {"node": "Node-1"},
        {"area": "05111"},
        {"dataset": "cases"},
        {"period": "2026-Q5"},
        {"prev": "AB" * 32},
        {"code": "a b"},
        {"revision": 0},
        {"revision": True},
        {"revision": 2**53},
        {"payload_sha256": "12" * 31},
        {"out_sha256": 5},
    ],
    ids="-".join,
)
def test_members_have_a_form(member):
    assert refusal_of(partial(event, **member)) == "bad_log_document"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":true'),
        (b',"v":1', b""),
        (b'"kind":"received",', b""),
        (b'"t":"2026-10-05T12:00:00Z",', b""),
        (b'"v":1', b'"at":"2026-10-05T12:00:00Z","v":1'),
        (b'"t":"2026-10-05T12:00:00Z"', b'"t":"2026-10-05T12:00:00+00:00"'),
        (b'"t":"2026-10-05T12:00:00Z"', b'"t":"2026-10-5T12:00:00Z"'),
        (b'"t":"2026-10-05T12:00:00Z"', b'"t":5'),
        (b"{", b"{ "),
        (b'"node":"node-1"', b'"node":null'),
        (b'"node":"node-1"', b'"node":"node-1","other":1'),
        (b'"node":"node-1"', b'"node":"node-1","node":"node-1"'),
        (b"}", b"}\n"),
        (b'"revision":1', b'"revision":[1]'),
        (b'"received"', b'"rec\\u0065ived"'),
    ],
    ids=range(16),
)
def test_any_other_spelling_is_refusal_of(old, new):
    data = event().to_bytes()
    assert old in data
    assert refusal_of(lambda: parse_event(data.replace(old, new, 1))) == "bad_log_document"


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refusal_of(data):
    code = refusal_of(lambda: parse_event(data))
    assert code in (None, "bad_log_document")
    assert code or parse_event(data).to_bytes() == data
