"""What a decoding child answers is read as if an attacker had written it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sandbox import verdict
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.problems import PROBLEMS
from protocol.texts import Text

SENTENCE = Text("Nicht gut.", "Not good.")


def _refusal(answer: bytes) -> KimError:
    with pytest.raises(KimError) as caught:
        verdict.read(answer)
    return caught.value


def test_accepted_cells_come_through_whatever_they_hold() -> None:
    assert verdict.accepted(b"cells") == b'{"ok":true}\ncells'
    assert verdict.read(verdict.accepted(b"\n\x00{}\n")) == b"\n\x00{}\n"


def test_a_refusal_comes_through_with_its_places() -> None:
    items = [ErrorItem(f"/rows/{n}/OBS_VALUE", "sum", SENTENCE) for n in range(30)]
    error = _refusal(
        verdict.refused(kim_error("value_rule", SENTENCE, pointer="/rows/0/OBS_VALUE", errors=items))
    )
    assert (error.code, error.pointer, error.detail) == ("value_rule", "/rows/0/OBS_VALUE", SENTENCE)
    assert list(error.errors) == items[: verdict.MAX_ITEMS]


def _document(**changes: object) -> bytes:
    good = {"code": "value_rule", "pointer": None, "detail": ["a", "b"], "errors": []}
    return json.dumps(good | changes).encode() + b"\n"


CODES = {
    *("decode_failed", "k_anonymity", "nonzero_null_slots", "not_canonical", "schema_mismatch"),
    *("schema_unknown", "too_large", "unknown_code", "value_rule", "wrong_area"),
}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_child_refuses_for_what_it_can_see_alone(code: str) -> None:
    """It knows a payload and its statement: no key, no period, no state of the hub."""
    error = _refusal(_document(code=code))
    assert error.code == (code if code in CODES else "decode_failed")
    assert (error.detail == Text("a", "b")) is (code in CODES)


def _item(**changes: object) -> dict[str, object]:
    return {"pointer": "/a", "code": "x", "text": ["a", "b"]} | changes


def test_the_plain_document_is_read() -> None:
    error = _refusal(_document(errors=[_item()]))
    assert (error.code, error.pointer, error.detail) == ("value_rule", None, Text("a", "b"))
    assert error.errors == (ErrorItem("/a", "x", Text("a", "b")),)


@pytest.mark.parametrize(
    "answer",
    [
        _document(detail=["a" * 500, "b" * 500]),
        _document(pointer="/" + "a" * 64),
        _document(pointer="/a" * 8),
        _document(pointer=""),
        _document(errors=[_item(code="c" * 64)]),
        _document(errors=[_item()] * 20),
        _document()[:-1].ljust(65_536) + b"\n",
    ],
)
def test_what_is_just_within_the_form_is_read(answer: bytes) -> None:
    assert _refusal(answer).code == "value_rule"


def test_the_longest_refusal_fits_into_its_line() -> None:
    """Of umlauts alone; were they escaped, a long refusal would be read as none."""
    longest = Text("ä" * 500, "ü" * 500)
    items = [ErrorItem("/rows/395000/OBS_VALUE", "sum", longest)] * verdict.MAX_ITEMS
    error = _refusal(verdict.refused(kim_error("value_rule", longest, errors=items)))
    assert (error.code, error.detail, list(error.errors)) == ("value_rule", longest, items)


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
        _document()[:-1],
        _document()[:-1].ljust(65_537) + b"\n",
        _document(code="no_such_code"),
        _document(code=7),
        _document(code=["value_rule"]),
        _document(pointer="/rows/<script>"),
        _document(pointer="rows"),
        _document(pointer=3),
        _document(pointer="/" + "a" * 65),
        _document(pointer="/a" * 9),
        _document(pointer="/ä"),
        _document(detail=["a"]),
        _document(detail=["a", "b", "c"]),
        _document(detail="ab"),
        _document(detail=["a", 1]),
        _document(detail=["a", ""]),
        _document(detail=["a\x1b[2J", "b"]),
        _document(detail=["a" * 501, "b"]),
        b'{"code":"value_rule","pointer":null,"detail":["a","b"]}\n',
        _document(errors="none"),
        _document(errors=[{}]),
        _document(errors=[7]),
        _document(errors=[_item(), 7]),
        _document(errors=[_item(code="X Y")]),
        _document(errors=[_item(code="c" * 65)]),
        _document(errors=[_item(code=None)]),
        _document(errors=[_item(pointer=None)]),
        _document(errors=[_item(pointer="a")]),
        _document(errors=[_item(text=["a"])]),
        _document(errors=[_item(text=None)]),
        _document(errors=[_item()] * 21),
    ],
)
def test_an_odd_answer_is_decode_failed(answer: bytes) -> None:
    assert _refusal(answer).code == "decode_failed"


@given(st.binary(max_size=200))
def test_no_answer_makes_the_reader_fail_otherwise(answer: bytes) -> None:
    assert _refusal(b"{" + answer).code in verdict.CONTENT_CODES
