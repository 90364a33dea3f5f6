"""What a child answers: one line of JSON, then the accepted cells. Read as if an attacker had written it.

The line is `{"ok": true}` or a refusal: code, pointers, sentences. Only codes that a content check can have
are taken; anything else, too long or malformed, is `decode_failed`.
"""

import json
import re
from typing import Any, Final

from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

#: Refusals that are about the content of a payload.
CONTENT_CODES: Final = frozenset(
    {
        "too_large",
        "decode_failed",
        "schema_unknown",
        "schema_mismatch",
        "not_canonical",
        "nonzero_null_slots",
        "value_rule",
        "k_anonymity",
        "wrong_area",
        "unknown_code",
    }
)
MAX_ITEMS: Final = 20
_OK: Final = b'{"ok":true}'
_MAX_LINE: Final = 64 * 1024
_MAX_SENTENCE: Final = 500
_POINTER: Final = re.compile(r"(/[A-Za-z0-9_.:-]{0,64}){0,8}")
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")


def accepted(cells: bytes) -> bytes:
    """Return the answer of a child that found nothing wrong."""
    return _OK + b"\n" + cells


def refused(error: KimError) -> bytes:
    """Return the answer of a child that refuses, without any value of a row."""
    document = {
        "code": error.code,
        "pointer": error.pointer,
        "detail": [error.detail.de, error.detail.en],
        "errors": [
            {"pointer": item.pointer, "code": item.code, "text": [item.text.de, item.text.en]}
            for item in error.errors[:MAX_ITEMS]
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def read(answer: bytes) -> bytes:
    """Return the accepted cells.

    Raises:
        KimError: the refusal that the child found, or `decode_failed` for any answer out of form.
    """
    line, newline, rest = answer.partition(b"\n")
    if newline and line == _OK:
        return rest
    try:
        document = json.loads(line) if newline and len(line) <= _MAX_LINE else None
    except (ValueError, RecursionError):
        raise kim_error("decode_failed") from None
    raise _refusal(document) if isinstance(document, dict) else kim_error("decode_failed")


def _refusal(document: dict[str, Any]) -> KimError:
    code, pointer, items = document.get("code"), document.get("pointer"), document.get("errors")
    detail = _sentence(document.get("detail"))
    if not isinstance(code, str) or code not in CONTENT_CODES or detail is None:
        return kim_error("decode_failed")
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        return kim_error("decode_failed")
    if not (pointer is None or _is(_POINTER, pointer)):
        return kim_error("decode_failed")
    errors = [found for found in map(_item, items) if found is not None]
    if len(errors) != len(items):
        return kim_error("decode_failed")
    return kim_error(code, detail, pointer=pointer, errors=errors)


def _item(item: object) -> ErrorItem | None:
    if not isinstance(item, dict):
        return None
    pointer, code, text = item.get("pointer"), item.get("code"), _sentence(item.get("text"))
    if text is None or not _is(_POINTER, pointer) or not _is(_CODE, code):
        return None
    return ErrorItem(pointer=str(pointer), code=str(code), text=text)


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _sentence(pair: object) -> Text | None:
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    if not all(
        isinstance(side, str) and 0 < len(side) <= _MAX_SENTENCE and side.isprintable() for side in pair
    ):
        return None
    return Text(pair[0], pair[1])
