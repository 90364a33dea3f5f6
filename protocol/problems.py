"""The problem catalogue: every refusal of node and hub with code, HTTP status, remedy and exit code.

Source of the form: RFC 9457 (problem details for HTTP APIs). Codes are promises to the outside: they are
never reused or renamed, and none stands here that nothing raises. Titles and remedies are general; what
happened this time is the error's detail. The table itself is data (`data/problems.json`, SPEC P-02).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from protocol.texts import Text

if TYPE_CHECKING:
    from protocol.errors import KimError

MEDIA_TYPE: Final = "application/problem+json"


class Retry(StrEnum):
    """What a caller may do after a refusal."""

    NEVER = "never"
    SAME = "same"
    AFTER = "after"
    NEW_REVISION = "new-revision"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal.

    Attributes:
        code: stable identifier, lower case with underscores.
        status: HTTP status when the hub answers with it.
        retry: what the caller may do next.
        title: what is wrong, in general.
        remedy: what a person does about it, unless the error says better.
        exit_code: exit code of a command that ends with it.
    """

    code: str
    status: int
    retry: Retry
    title: Text
    remedy: Text
    exit_code: int

    @property
    def type_uri(self) -> str:
        """The ``type`` member of RFC 9457: a name, not a place on the web."""
        return f"urn:kim:problem:{self.code}"


@cache
def _table() -> Mapping[str, Problem]:
    raw = json.loads(resources.files("protocol").joinpath("data/problems.json").read_text(encoding="utf-8"))
    table: dict[str, Problem] = {}
    for row in raw["problems"]:
        table[row["code"]] = Problem(
            code=row["code"],
            status=row["status"],
            retry=Retry(row["retry"]),
            title=Text(**row["title"]),
            remedy=Text(**row["remedy"]),
            exit_code=row["exit_code"],
        )
    return MappingProxyType(table)


PROBLEMS: Final[Mapping[str, Problem]] = _table()


def problem(code: str) -> Problem:
    """Return the problem with this code.

    Raises:
        KeyError: if the catalogue has no such code.
    """
    return PROBLEMS[code]


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
    from protocol.errors import ErrorItem, kim_error  # noqa: PLC0415  (errors imports this module)

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
