"""Strict JSON: what has one meaning is read, what could have two is refused (SPEC P-03 to P-06)."""

import pytest

from protocol import strict_json
from protocol.errors import KimError


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":1}', {"a": 1}),
        (b' { "a" : [ null , true , false , "x" ] } ', {"a": [None, True, False, "x"]}),
        (b"9007199254740991", 2**53 - 1),
        (b"-9007199254740991", -(2**53) + 1),
        (b"0", 0),
        ('"Köln"'.encode(), "Köln"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),  # a pair of surrogates is one character
        (b'{"\\u00e4":[1,null,"\\u00df"]}', {"ä": [1, None, "ß"]}),  # an escape is no surrogate by itself
        (b'"[[[[[[[[[[\\"{{{{{{{{{{"', '[[[[[[[[[["{{{{{{{{{{'),  # brackets in texts are no depth
        (b"[[[[[[[[1]]]]]]]]", [[[[[[[[1]]]]]]]]),  # depth 8
        (b"[[1],[[2],[3]]]", [[1], [[2], [3]]]),
        (b"[" + b"[]," * 19 + b"[]]", [[]] * 20),  # many beside each other are no depth
    ],
)
def test_what_has_one_meaning_is_read(data, value):
    """P-03, P-04, P-05."""
    assert strict_json.loads(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"nul",
        b'{"a":1,}',
        b'{"a":1} x',
        b'{"a":1}{"a":1}',
        b'"a',
        b'"\x01"',
        b"'a'",
        b"{a:1}",
        b"[1,2",
        b"01",
        b"+1",
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'"\xff"',
        b'"\xed\xa0\x80"',  # a surrogate written as UTF-8
        b'"\xc0\xaf"',  # overlong
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'[["\\ud800x"]]',
        b'{"a":1,"a":1}',
        b'{"x":{"a":1,"b":2,"a":3}}',
        b'{"a":1,"\\u0061":2}',  # the same name in two spellings
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1.0",
        b"1e3",
        b"1E-3",
        b"-0",
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        b"[" * 9 + b"]" * 9,
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b"[" * 8 + b"1]],[[[1]]]" + b"]" * 6,  # deep again after it was less deep
        b"[" * 60_000,
    ],
)
def test_what_could_have_two_meanings_is_refused(data):
    """P-03, P-04, P-05."""
    with pytest.raises(KimError) as caught:
        strict_json.loads(data)
    assert caught.value.code == "bad_envelope"
    assert caught.value.pointer == ""


def test_oversize_is_refused_before_it_is_read():
    """P-03."""
    with pytest.raises(KimError) as caught:
        strict_json.loads(b"\xff" * 65_537)
    assert caught.value.code == "too_large"
    assert strict_json.loads(b'"' + b"x" * 65_534 + b'"') == "x" * 65_534


def test_size_and_depth_are_parameters():
    with pytest.raises(KimError):
        strict_json.loads(b"[[1]]", max_depth=1)
    with pytest.raises(KimError):
        strict_json.loads(b"[1]", max_bytes=2)


def test_a_refusal_repeats_no_content():
    """P-02: neither member names nor values come back in a message."""
    for data in (b'{"geheim4711":1,"geheim4711":2}', b'{"geheim4711": 4711.5}', b'{"geheim4711": 4711 4711}'):
        with pytest.raises(KimError) as caught:
            strict_json.loads(data)
        said = f"{caught.value} {caught.value.detail} {caught.value.pointer}"
        assert "4711" not in said


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"b": 1, "a": [True, None, "ä"]}, '{"a":[true,null,"ä"],"b":1}'.encode()),
        ((1, 2), b"[1,2]"),
        ("", b'""'),
        (2**53 - 1, b"9007199254740991"),
    ],
)
def test_the_writer_is_compact_and_sorted(value, data):
    """P-04."""
    assert strict_json.dumps(value) == data


@pytest.mark.parametrize(
    "value", [1.0, 2**53, -(2**53), {1: 2}, b"x", float("nan"), "\ud800", {"\udfff": 1}, {1}]
)
def test_the_writer_refuses_what_the_reader_would_refuse(value):
    """P-05."""
    with pytest.raises(ValueError, match="strict JSON"):
        strict_json.dumps(value)


@pytest.mark.parametrize("data", [b"", b"x", b"xy", b"xyz", bytes(range(256))])
def test_base64_goes_there_and_back(data):
    """P-06."""
    assert strict_json.decode_base64(strict_json.encode_base64(data)) == data


@pytest.mark.parametrize(
    "text", ["eB==", "eA=", "eA", "eA==\n", " eA==", "e A==", "eA===", "eA==eA==", "_-8=", "ä"]
)
def test_base64_in_another_spelling_is_refused(text):
    """P-06: unused bits set, missing or surplus padding, blanks, the URL alphabet."""
    with pytest.raises(KimError) as caught:
        strict_json.decode_base64(text, pointer="/nonce")
    assert (caught.value.code, caught.value.pointer) == ("bad_envelope", "/nonce")
    with pytest.raises(KimError) as caught:
        strict_json.decode_base64(text)
    assert caught.value.pointer == ""
