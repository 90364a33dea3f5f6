"""Checks what a release took from the granting authority's list instead of a delivery (SPEC P-115, P-118).

No node has signed it. What the log proves is that the table was made when a list was imported, before the
release, and that it has not been exchanged since; of which list, its digest says to whoever keeps it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from protocol.errors import KimError, kim_error
from protocol.evidence import TableRecord, grants_name
from protocol.strict_json import JsonValue
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent, hidden_digest


@dataclass(frozen=True, slots=True)
class GrantedTable:
    """A table made of the granting authority's list, verified.

    Attributes:
        table: the table of the release it went into.
        area: region it is about.
        listed: hidden digest of the list, as the log has it.
        index: where the log says that the table was made.
        imported: when.
    """

    table: TableRecord
    area: str
    listed: str
    index: int
    imported: datetime

    @property
    def members(self) -> dict[str, JsonValue]:
        """The same for machines."""
        return {
            "dataset": self.table.dataset,
            "period": self.table.period,
            "area": self.area,
            "list": self.listed,
            "log_index": self.index,
            "imported": f"{self.imported:%Y-%m-%dT%H:%M:%SZ}",
        }


def check_granted(
    table: TableRecord, area: str, event: LogEvent, *, index: int, salt: bytes, published: int
) -> GrantedTable:
    """Check that a table which a release cites is the one that the log names.

    Args:
        table: of the release; it cites a granted table for the area.
        area: which.
        event: of the log, proven to stand there.
        index: where.
        salt: that hides the digest in the event.
        published: where the release stands in the log.

    Raises:
        KimError: ``evidence_invalid``.
    """
    expected = (EventKind.GRANTS_TABLE, grants_name(table.period, area), table.dataset, table.period, area)
    if (event.kind, event.id, event.dataset, event.period, event.area) != expected:
        raise _fault(
            "Der Eintrag gehört zu einer anderen Tabelle von Bewilligungen.",
            "The entry is of another table of grants.",
        )
    hidden = hidden_digest(table.granted[area], salt=salt)
    if event.payload_sha256 is None or not hmac.compare_digest(event.out_sha256 or "", hidden):
        raise _fault(
            "Das Protokoll nennt eine andere Tabelle von Bewilligungen.",
            "The log names another table of grants.",
        )
    if index >= published:
        raise _fault(
            "Die Bewilligungen wurden erst nach der Veröffentlichung eingelesen.",
            "The grants were imported after publication only.",
        )
    return GrantedTable(table, area, event.payload_sha256, index, event.at)


def require_one_list(granted: Iterable[GrantedTable]) -> None:
    """Check that all tables of a year come from one list: a later import replaces every table of it.

    Raises:
        KimError: ``evidence_invalid``.
    """
    lists: dict[str, str] = {}
    for item in granted:
        if not hmac.compare_digest(lists.setdefault(item.table.period, item.listed), item.listed):
            raise _fault(
                f"Die Bewilligungen für {item.table.period} stammen aus zwei Listen.",
                f"The grants of {item.table.period} come from two lists.",
            )


def _fault(german: str, english: str) -> KimError:
    return kim_error("evidence_invalid", Text(german, english))
