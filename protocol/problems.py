"""The problem catalogue: every refusal of node and hub with code, HTTP status, remedy and exit code.

Codes are promises to the outside: they are never reused or renamed, and none stands here that nothing raises.
Titles and remedies are general; what happened this time is the error's detail, and how both travel stands in
`protocol.problem_documents`. The table itself is data (`data/problems.json`, SPEC P-02).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from protocol.texts import Text


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
