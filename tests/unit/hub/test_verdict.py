"""What a decoding child answers is read as if an attacker had written it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sandbox import verdict
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

SENTENCE = Text("Nicht gut.", "Not good.")


def _refusal(answer: bytes) -> KimError:
    with pytest.raises(KimError) as caught:
        verdict.read(answer)
    return caught.value


def test_accepted_cells_come_through_whatever_they_hold() -> None:
    assert verdict.read(verdict.accepted(b"\n\x00{}\n")) == b"\n\x00{}\n"


def test_a_refusal_comes_through_with_its_places() -> None:
    items = [ErrorItem(f"/rows/{n}/OBS_VALUE", "sum", SENTENCE) for n in range(30)]
    error = _refusal(
        verdict.refused(kim_error("value_rule", SENTENCE, pointer="/rows/0/OBS_VALUE", errors=items))
    )
    assert (error.code, error.pointer, error.detail) == ("value_rule", "/rows/0/OBS_VALUE", SENTENCE)
    assert list(error.errors) == items[: verdict.MAX_ITEMS]


def _document(**changes: object) -> bytes:
    good = {"ok": False, "code": "value_rule", "pointer": None, "detail": ["a", "b"], "errors": []}
    return json.dumps(good | changes).encode() + b"\n"


def test_the_plain_document_is_read() -> None:
    assert _refusal(_document()).code == "value_rule"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"no newline",
        b'{"ok":true}',
        b'{"ok":1}\ncells',
        b'{"ok":true,"x":1}\ncells',
        b"[]\n",
        b"[" * 60_000 + b"\n",
        b"x" * 70_000 + b"\n",
        _document(code="period_closed"),
        _document(code="internal"),
        _document(code=7),
        _document(code=["value_rule"]),
        _document(pointer="/rows/<script>"),
        _document(pointer="rows"),
        _document(pointer=3),
        _document(detail=["a"]),
        _document(detail="a"),
        _document(detail=["a", ""]),
        _document(detail=["a\x1b[2J", "b"]),
        _document(detail=["a" * 501, "b"]),
        _document(errors="none"),
        _document(errors=[{}]),
        _document(errors=[7]),
        _document(errors=[{"pointer": "/a", "code": "X Y", "text": ["a", "b"]}]),
        _document(errors=[{"pointer": "/a", "code": "x", "text": ["a", "b"]}] * 21),
    ],
)
def test_an_odd_answer_is_decode_failed(answer: bytes) -> None:
    assert _refusal(answer).code == "decode_failed"


@given(st.binary(max_size=200))
def test_no_answer_makes_the_reader_fail_otherwise(answer: bytes) -> None:
    assert _refusal(b"{" + answer).code in verdict.CONTENT_CODES
