"""What a server says, made fit for a terminal and a log.

Invariants: only printable characters leave this module (no escape sequences, line breaks or characters that
turn the direction of writing), none of its texts is longer than :data:`MAX_SENTENCE`, no list longer than
:data:`MAX_ITEMS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from protocol.errors import ErrorItem, KimError, kim_error
from protocol.problem_documents import parse_problem_document
from protocol.strict_json import JsonValue
from protocol.texts import Text

MAX_SENTENCE: Final = 500
MAX_ITEMS: Final = 20
_POINTER: Final = re.compile(r"(/[A-Za-z0-9_.:-]{0,64}){0,8}", re.ASCII)
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)


def refusal_of(document: Mapping[str, JsonValue]) -> KimError:
    """Rebuild the refusal behind a problem document of a server, with nothing in it that does harm.

    Args:
        document: the parsed problem document.

    Returns:
        The refusal; a text of which nothing is left is replaced by the catalogue's own.
    """
    items = document.get("errors")
    short = items[:MAX_ITEMS] if isinstance(items, list) else []
    said = parse_problem_document({**document, "errors": short})
    pointer = said.pointer if said.pointer is not None and _POINTER.fullmatch(said.pointer) else None
    errors = [item for item in map(_item, said.errors) if item is not None]
    return kim_error(said.code, _text(said.detail), pointer=pointer, errors=errors)


def printable(text: str) -> str:
    """Keep the printable characters of a text, up to :data:`MAX_SENTENCE`."""
    kept = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * MAX_SENTENCE])
    words = " ".join(kept.split())
    return words if len(words) <= MAX_SENTENCE else words[: MAX_SENTENCE - 1] + "…"


def _text(text: Text) -> Text | None:
    german, english = printable(text.de), printable(text.en)
    return Text(german, english or german) if german else None


def _item(item: ErrorItem) -> ErrorItem | None:
    text = _text(item.text)
    if text is None:
        return None
    pointer = item.pointer if _POINTER.fullmatch(item.pointer) else ""
    return ErrorItem(pointer, item.code if _CODE.fullmatch(item.code) else "", text)
