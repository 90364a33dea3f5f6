"""Edges of what verifies at which mutation testing found no other test (`make soak`)."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import ipc

from protocol import strict_json
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey, new_node_id
from protocol.prescan import prescan
from protocol.transparency.events import EventKind, LogEvent
from protocol.transparency.receipts import parse_receipt, verify_receipt
from tests.factories.logged_world import START, PaperLog

# ------------------------------------------------------------------------------------------------ keys


def test_a_key_under_a_passphrase_is_written_encrypted_and_opens_with_it_alone() -> None:
    key = PrivateKey.generate(purpose=KeyPurpose.WITNESS)
    pem = key.to_pem(passphrase=b"a long enough passphrase")
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    again = PrivateKey.from_pem(pem, passphrase=b"a long enough passphrase", purpose=KeyPurpose.WITNESS)
    assert again.public == key.public
    assert again.public.keyid != PrivateKey.from_pem(pem, passphrase=b"a long enough passphrase").public.keyid
    for wrong in (None, b"another passphrase", b""):
        with pytest.raises(KimError, match="key_unreadable"):
            PrivateKey.from_pem(pem, passphrase=wrong)


def test_a_node_id_has_one_length() -> None:
    assert len({len(new_node_id()) for _ in range(20)} | {len("node-") + 16}) == 1


# --------------------------------------------------------------------------------------------- surrogates


@pytest.mark.parametrize("half", ["\\ud800", "\\udbff", "\\udc00", "\\udfff"])
@pytest.mark.parametrize(
    "around", ['"{}"', '["{}"]', '[["a", "{}"]]', '{{"a": "{}"}}', '{{"{}": 1}}', '{{"a": [{{"b": "{}"}}]}}']
)
def test_half_a_character_is_found_at_any_place(half: str, around: str) -> None:
    with pytest.raises(KimError):
        strict_json.loads(around.format(half).encode())


# ----------------------------------------------------------------------------------------------- receipts


def _young_log() -> PaperLog:
    log = PaperLog()
    log.append(LogEvent(at=START, kind=EventKind.HEARTBEAT, id="log"))
    return log


def test_the_receipt_of_the_only_event_has_no_hashes_and_verifies() -> None:
    log = _young_log()
    receipt = parse_receipt(log.receipt(0).to_bytes())
    assert receipt.proof == ()
    assert verify_receipt(receipt, log=log.vkey).index == 0


def test_a_receipt_has_at_most_63_hashes() -> None:
    head, _, note = _young_log().receipt(0).to_bytes().partition(b"\n\n")
    line = b"\n" + strict_json.encode_base64(bytes(32)).encode()
    assert len(parse_receipt(head + line * 63 + b"\n\n" + note).proof) == 63
    with pytest.raises(KimError, match="bad_log_document"):
        parse_receipt(head + line * 64 + b"\n\n" + note)


# ------------------------------------------------------------------------------------------------ prescan


def _messages(table: pa.Table) -> list[bytes]:
    """The messages of a stream, each with its frame."""
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data, found, start = sink.getvalue().to_pybytes(), [], 0
    with pa.BufferReader(data) as reader:
        while True:
            try:
                ipc.read_message(reader)
            except EOFError:
                return [*found, data[start:]]
            found.append(data[start : reader.tell()])
            start = reader.tell()


def _spliced(declared: pa.Table, sent: pa.Table) -> bytes:
    """A stream that declares the columns of one table and holds the batch of another."""
    return b"".join([_messages(declared)[0], *_messages(sent)[1:]])


TEXT, NUMBER = pa.array(["a", "bc"]), pa.array([1, 2])
SPLICED = {
    "as many buffers in more nodes": ({"A": TEXT}, {"A": pa.StructArray.from_arrays([NUMBER], ["x"])}),
    "as many nodes with fewer buffers": ({"A": TEXT, "B": NUMBER}, {"A": NUMBER, "B": NUMBER}),
    "as many nodes with more buffers": ({"A": NUMBER, "B": NUMBER}, {"A": TEXT, "B": NUMBER}),
    "variadic buffers": (
        {"A": TEXT},
        {"A": pa.array(["a text that is too long to stand in its view", "b"], pa.string_view())},
    ),
}


@pytest.mark.parametrize("case", SPLICED)
def test_a_batch_of_other_columns_is_refused(case: str) -> None:
    declared, sent = (pa.table(columns) for columns in SPLICED[case])
    assert prescan(_spliced(declared, declared)).batch_rows == (2,)
    with pytest.raises(KimError) as caught:
        prescan(_spliced(declared, sent))
    assert caught.value.code in {"not_canonical", "decode_failed"}
    if case == "variadic buffers":
        assert caught.value.code == "not_canonical"


def test_a_dictionary_is_refused_where_it_is_declared() -> None:
    """Also if no batch makes use of it."""
    with pytest.raises(KimError, match="not_canonical"):
        prescan(_spliced(pa.table({"A": TEXT.dictionary_encode()}), pa.table({"A": TEXT})))


@pytest.mark.parametrize("nulls", [1, 2])
def test_a_column_without_nulls_has_none_in_any_batch(nulls: int) -> None:
    whole = pa.schema([pa.field("A", pa.int64(), nullable=False)])
    declared = pa.table({"A": NUMBER}, schema=whole)
    assert prescan(_spliced(declared, declared)).batch_rows == (2,)
    sent = pa.table({"A": pa.array([None] * nulls + [1] * (2 - nulls), pa.int64())})
    with pytest.raises(KimError, match="decode_failed"):
        prescan(_spliced(declared, sent))


def test_a_negative_number_of_rows_is_refused() -> None:
    rows = 77_777
    stream = b"".join(_messages(pa.table({"A": pa.array(range(rows))})))
    number, start = rows.to_bytes(8, "little"), 4096  # the metadata lies in front; a value may be this number
    assert stream[:start].count(number) >= 2
    with pytest.raises(KimError) as caught:
        prescan(stream[:start].replace(number, (2**64 - 1).to_bytes(8, "little")) + stream[start:])
    assert caught.value.code == "decode_failed"
