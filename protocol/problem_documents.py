"""A refusal on its way from one program to another: problem details for HTTP APIs (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from protocol.errors import ErrorItem, KimError, kim_error
from protocol.problems import PROBLEMS
from protocol.texts import Text

MEDIA_TYPE: Final = "application/problem+json"


def problem_document(error: KimError, *, instance: str | None = None) -> dict[str, Any]:
    """Render an error as a problem document (RFC 9457 section 3).

    Args:
        error: the refusal.
        instance: URI reference of this occurrence, if the server has one.

    Returns:
        JSON-ready members; German under the standard names, English beside them with ``_en``.
    """
    spec = error.problem
    document: dict[str, Any] = {
        "type": spec.type_uri,
        "title": spec.title.de,
        "title_en": spec.title.en,
        "status": spec.status,
        "detail": error.detail.de,
        "detail_en": error.detail.en,
        "code": spec.code,
        "retry": spec.retry.value,
        "remedy": error.remedy.de,
        "remedy_en": error.remedy.en,
    }
    if instance is not None:
        document["instance"] = instance
    if error.pointer is not None:
        document["pointer"] = error.pointer
    if error.errors:
        document["errors"] = [
            {"pointer": item.pointer, "code": item.code, "detail": item.text.de, "detail_en": item.text.en}
            for item in error.errors
        ]
    return document


def parse_problem_document(document: Mapping[str, Any]) -> KimError:
    """Rebuild the error behind a problem document that another side sent.

    Args:
        document: the parsed JSON object.

    Returns:
        An error with the sender's code and detail, and the remedy of this side's catalogue. A code this
        version does not know becomes ``internal`` (a newer hub may know more); a document without a code
        becomes ``not_a_hub``. Members of another type than RFC 9457 and SPEC P-69 give them are left out.
    """
    code = document.get("code")
    if not isinstance(code, str):
        return kim_error("not_a_hub")
    detail = _text_of(document)
    listed = document.get("errors")
    items = [
        ErrorItem(pointer=str(item.get("pointer", "")), code=str(item.get("code", "")), text=text)
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, Mapping) and (text := _text_of(item)) is not None
    ]
    pointer = document.get("pointer")
    return kim_error(
        code if code in PROBLEMS else "internal",
        detail,
        pointer=pointer if isinstance(pointer, str) else None,
        errors=items,
    )


def _text_of(document: Mapping[str, Any]) -> Text | None:
    german, english = document.get("detail"), document.get("detail_en")
    if isinstance(german, str) and german:
        return Text(german, english if isinstance(english, str) and english else german)
    return None
