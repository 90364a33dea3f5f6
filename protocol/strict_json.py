"""JSON that has exactly one meaning: the reader and writer of everything that is signed (SPEC P-03..P-06).

Two parsers that read one byte string differently are the classic way around a signature. What could be
read in two ways is therefore refused: duplicate members (Python's `json` silently keeps the last), floats,
numbers beyond 2^53-1 (JavaScript rounds them), lone surrogates, a byte-order mark. Refusals name the place
and never repeat the content.

It deliberately canonicalises nothing: the bytes that were verified are the bytes that are parsed and stored.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeAlias

from protocol.errors import KimError, kim_error
from protocol.texts import Text

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

#: Largest integer that every JSON implementation keeps exactly (RFC 8259 section 6).
MAX_INTEGER: Final = 2**53 - 1
MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 8

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A string literal, complete or cut off; what is left over holds only brackets, commas, colons and words.
_STRING_LITERAL: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.DOTALL)
# Sixteen digits always suffice for 2^53-1; longer ones are refused before they are converted.
_MAX_INTEGER_LENGTH: Final = len(str(-MAX_INTEGER))


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Parse bytes that have one meaning only.

    Args:
        data: UTF-8 text of one JSON value.
        max_bytes: larger input is refused before anything is read.
        max_depth: deepest nesting of objects and arrays; an outermost object has depth 1.

    Returns:
        None, bool, int, str, list or dict; never a float.

    Raises:
        KimError: ``too_large`` beyond ``max_bytes``; ``bad_envelope`` for everything else that SPEC P-03
            to P-05 refuse. The pointer is always the whole document: member names are content too.
    """
    if len(data) > max_bytes:
        raise kim_error(
            "too_large",
            Text(
                f"Das JSON-Dokument hat mehr als {max_bytes} Byte.",
                f"The JSON document has more than {max_bytes} bytes.",
            ),
        )
    text = _decode(data)
    _check_depth(text, max_depth)
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _refusal(
            f"Kein gültiges JSON ab Zeichen {error.pos}.", f"No valid JSON from character {error.pos} on."
        ) from None
    # A surrogate can only come from an escape: the UTF-8 decoder has refused raw ones (RFC 3629).
    if "\\u" in text:
        _check_strings(value)
    return value


def dumps(value: Any) -> bytes:  # noqa: ANN401  (any nesting of the JSON types; checked below)
    """Write a value that :func:`loads` accepts, compactly and with sorted members.

    Args:
        value: None, bool, int, str, or list, tuple and mapping of these.

    Returns:
        UTF-8 bytes without a byte-order mark and without blanks.

    Raises:
        ValueError: for a value that :func:`loads` would refuse whatever its size and depth (a float, an
            integer beyond 2^53-1, a member name that is no string, a lone surrogate, another type).
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8"
    )


def encode_base64(data: bytes) -> str:
    """Return the one base64 form that :func:`decode_base64` accepts (RFC 4648 section 4, padded)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, *, pointer: str = "") -> bytes:
    """Decode base64 that is in its only accepted form (SPEC P-06).

    Args:
        text: standard alphabet, padded, no blanks, unused bits zero.
        pointer: where the text stands, for the refusal.

    Returns:
        The bytes.

    Raises:
        KimError: ``bad_envelope`` if decoding and encoding again does not give the same text.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    # Unused bits of the last character would let one signature travel in several spellings.
    if data is None or encode_base64(data) != text:
        raise kim_error(
            "bad_envelope",
            Text("Kein Base64 in der vereinbarten Form.", "No base64 in the agreed form."),
            pointer=pointer,
        )
    return data


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise _refusal("Am Anfang steht eine Bytereihenfolge-Marke.", "A byte-order mark stands in front.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(
            f"Kein UTF-8 ab Byte {error.start}.", f"No UTF-8 from byte {error.start} on."
        ) from None


def _check_depth(text: str, max_depth: int) -> None:
    # Before parsing: the parser itself recurses, so depth must be known before it is entered.
    depth = 0
    for character in _STRING_LITERAL.sub("", text):
        if character in "[{":
            depth += 1
            if depth > max_depth:
                raise _refusal(
                    f"Tiefer als {max_depth} Ebenen verschachtelt.", f"Nested deeper than {max_depth} levels."
                )
        elif character in "]}":
            depth -= 1


def _object_without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refusal("Ein Name steht in einem Objekt zweimal.", "A name stands twice in one object.")
    return members


def _exact_integer(digits: str) -> int:
    if digits != "-0" and len(digits) <= _MAX_INTEGER_LENGTH and abs(value := int(digits)) <= MAX_INTEGER:
        return value
    raise _refusal(
        "Eine ganze Zahl liegt außerhalb von ±(2^53−1) oder ist „-0“.",
        "An integer lies outside ±(2^53−1) or is '-0'.",
    )


def _refuse_float(_: str) -> NoReturn:
    raise _refusal("Kommazahlen sind nicht erlaubt.", "Floating-point numbers are not allowed.")


def _refuse_constant(_: str) -> NoReturn:
    raise _refusal("NaN und Infinity sind nicht erlaubt.", "NaN and Infinity are not allowed.")


# Built once: `json.loads` would put one together for each document.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object_without_duplicates,
    parse_int=_exact_integer,
    parse_float=_refuse_float,
    parse_constant=_refuse_constant,
)


def _check_strings(value: JsonValue) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise _refusal("Ein Text enthält halbe Zeichen (Surrogate).", "A text holds lone surrogates.")
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_strings(name)
            _check_strings(item)


def _plain(value: object) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= MAX_INTEGER:
        return int(value)
    if isinstance(value, str) and not _SURROGATE.search(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        members = {str(_plain(name)): _plain(item) for name, item in value.items() if isinstance(name, str)}
        if len(members) == len(value):
            return members
    raise ValueError(f"strict JSON has no form for a value of type {type(value).__name__}")


def _refusal(german: str, english: str) -> KimError:
    return kim_error("bad_envelope", Text(german, english), pointer="")
