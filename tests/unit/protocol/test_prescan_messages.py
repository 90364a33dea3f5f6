"""The pre-scan on messages that no writer makes: well formed but for one claim (SPEC P-40 to P-46)."""

from __future__ import annotations

import struct

import pytest
from pyarrow import ipc

from protocol.errors import KimError
from protocol.prescan import MAX_BATCH_ROWS, MAX_ROWS, MAX_TABLE_BYTES, Limits, prescan
from tests.factories.arrow_messages import (
    END,
    Again,
    Scalar,
    Structs,
    batch,
    column,
    framed,
    message,
    schema,
)

HONEST = schema(column("A")) + batch(2) + END


def refused(data: bytes, *, limits: Limits | None = None) -> KimError:
    with pytest.raises(KimError) as caught:
        prescan(data, limits=limits)
    return caught.value


def code_of(data: bytes) -> str:
    return refused(data).code


def test_without_its_claim_the_message_is_read() -> None:
    """What the others are refused for is the claim and nothing else; Arrow reads the same."""
    assert prescan(HONEST).batch_rows == (2,)
    assert ipc.open_stream(HONEST).read_all().to_pydict() == {"A": [0, 0]}


# ---------------------------------------------------------------------------------------- the schema


@pytest.mark.parametrize(
    "claims",
    [
        {0: Scalar("<h", 1)},
        {2: [{0: "key", 1: "value"}]},
        {3: Structs(((1,),))},
    ],
    ids=["big endian", "metadata", "features"],
)
def test_a_schema_makes_no_further_claims(claims: dict[int, object]) -> None:
    """P-42."""
    assert code_of(schema(column("A"), claims=claims) + END) == "not_canonical"


def test_a_schema_has_no_body() -> None:
    """P-42: eight bytes that no reader would ever show."""
    assert code_of(message(1, {1: [column("A")]}, body=b"a secret") + batch(2) + END) == "not_canonical"


@pytest.mark.parametrize("kind", [2, 5], ids=["number", "text"])
def test_a_flat_column_has_no_children(kind: int) -> None:
    """P-32: also where its type is one of the two; none of them is followed, however many there are."""
    for children in ([column("B")], Again({}, 200)):
        claims = {2: Scalar("<B", kind), 5: children}
        assert code_of(schema(column("A", claims=claims)) + END) == "not_canonical"


def test_columns_are_counted_before_they_are_followed() -> None:
    """P-41: two hundred references to one column in little more than eight hundred bytes."""
    found = refused(message(1, {1: Again({}, 200)}) + END)
    assert (found.code, "64" in found.detail.en) == ("too_large", True)


# ---------------------------------------------------------------------------------------- the frame


def test_metadata_are_a_multiple_of_eight_long() -> None:
    """P-43: four bytes more of them, and everything behind stands four bytes further on."""
    data = schema(column("A"))
    longer = framed(data[8:] + bytes(4))
    assert code_of(longer + batch(2) + END) == "decode_failed"
    assert prescan(framed(data[8:] + bytes(8)) + batch(2) + END).rows == 2


def test_a_body_is_a_multiple_of_eight_long() -> None:
    """P-43: it is there, and the next message stands right behind it."""
    header = {0: Scalar("<q", 2), 1: Structs(((2, 0),)), 2: Structs(((0, 0), (0, 16)))}
    longer, whole = (
        schema(column("A")) + message(3, header, body=bytes(size)) + END for size in (16 + 4, 16 + 8)
    )
    assert code_of(longer) == "decode_failed"
    assert prescan(whole).rows == 2


def test_no_message_leads_back() -> None:
    """P-40: a body of negative length would have the same message read again and again."""
    size = len(batch(0))
    back = schema(column("A")) + batch(0, claims={3: Scalar("<q", -size)}) + END
    assert code_of(back) == "decode_failed"


def test_what_is_cut_off_is_told_as_cut_off() -> None:
    """P-46: whatever else is wrong with it, here compression: what helps is to send it again."""
    header = {
        0: Scalar("<q", 2),
        3: {0: Scalar("<b", 1)},
        1: Structs(((2, 0),)),
        2: Structs(((0, 0), (0, 16))),
    }
    whole = schema(column("A")) + message(3, header, body=bytes(16)) + END
    assert code_of(whole) == "not_canonical"
    assert code_of(whole[: -len(END) - 8]) == "decode_failed"


# ---------------------------------------------------------------------------------------- the batch


def test_an_empty_batch_is_no_lie() -> None:
    """P-44; that it is not the form of an empty table is said by P-39."""
    assert prescan(schema(column("A")) + batch(0) + END).batch_rows == (0,)


def test_a_vector_may_end_the_metadata_and_not_go_beyond() -> None:
    """P-40: the buffers stand last, up to the last byte."""
    data = batch(2)
    metadata = data[8:-16]
    assert metadata.endswith(struct.pack("<4q", 0, 0, 0, 16))
    assert prescan(schema(column("A")) + data + END).rows == 2
    one_more = metadata[:-36] + struct.pack("<I4q", 3, 0, 0, 0, 16)
    assert code_of(schema(column("A")) + framed(one_more) + data[-16:] + END) == "decode_failed"


# ---------------------------------------------------------------------------------------- the caps


def test_the_caps_that_others_ask_for() -> None:
    """P-41."""
    assert (MAX_TABLE_BYTES, MAX_ROWS, MAX_BATCH_ROWS) == (67_108_864, 1_000_000, 65_536)


def test_metadata_may_be_as_long_as_their_cap() -> None:
    """P-41: to the byte."""
    longest = max(len(part) - 8 for part in (schema(column("A")), batch(0)))
    data = schema(column("A")) + batch(0) + END
    assert prescan(data, limits=Limits(max_metadata_bytes=longest)).rows == 0
    assert refused(data, limits=Limits(max_metadata_bytes=longest - 1)).code == "too_large"


def test_a_refusal_for_size_names_the_cap() -> None:
    """P-41: who cut a table into too many batches looks for another cause than who sent too much."""
    data = schema(column("A")) + batch(7) + END
    for limits, cap in (
        (Limits(max_bytes=40), "40 bytes"),
        (Limits(max_rows=6), "6 rows"),
        (Limits(max_batch_rows=5), "5 rows"),
        (Limits(max_metadata_bytes=16), "metadata"),
    ):
        assert cap in refused(data, limits=limits).detail.en
