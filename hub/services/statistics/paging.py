"""Lists page by page, for programmes that read everything: what is asked for, the cursor, the page.

A cursor names the last item of a page and the release it belongs to, so a reader who pages through while a
new release is published still reads one release, whole. What the items are and how they are ordered is the
affair of each list (`listing`, `derived_listing`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hub.services.statistics.releases import Release
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Text

T = TypeVar("T")

_NUMBERS: Final = 4


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: release number, cube, cell, region number."""

    release: int
    cube: int
    cell: int
    area: int

    def token(self) -> str:
        """Return the opaque form for addresses."""
        text = f"{self.release}.{self.cube}.{self.cell}.{self.area}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> Cursor:
        """Read the opaque form.

        Raises:
            KimError: ``not_found`` if this hub never issued such a token.
        """
        try:
            text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode(
                "ascii"
            )
            numbers = [int(part) for part in text.split(".") if part.isdigit()]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise no_such_page() from None
        if len(numbers) != _NUMBERS or max(numbers) >= 2**31:
            raise no_such_page()
        cursor = cls(*numbers)
        if cursor.token() != token:
            raise no_such_page()
        return cursor


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """What to list.

    Attributes:
        regions: reporting areas or aggregates.
        indicators: indicator ids; all of the release when empty.
        periods: all of the release when empty.
        codes: permitted codes per dimension; dimensions not named are not restricted.
        limit: most items on a page.
        after: the last row of the page before, or None.
    """

    regions: tuple[str, ...]
    indicators: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    codes: Mapping[str, tuple[str, ...]] | None = None
    limit: int = 1000
    after: Cursor | None = None

    def wants(self, indicator: str) -> bool:
        """Whether an indicator is asked for."""
        return not self.indicators or indicator in self.indicators

    def permits(self, codes: Mapping[str, str]) -> bool:
        """Whether a cell is asked for; a dimension that it does not have is at no code."""
        return all(codes.get(dimension) in permitted for dimension, permitted in (self.codes or {}).items())


@dataclass(frozen=True, slots=True)
class ListingPage(Generic[T]):
    """Items of one page, and the cursor of the next, or None at the end."""

    items: tuple[T, ...]
    next: Cursor | None


def require_listed(release: Release, query: ListingQuery) -> None:
    """Make sure that a release can answer a query.

    Raises:
        KimError: ``not_found`` for a cursor of another release, ``unknown_period`` for a period that the
            release does not hold.
    """
    if query.after is not None and query.after.release != release.number:
        raise no_such_page()
    if any(period not in release.all_periods for period in query.periods):
        raise kim_error("unknown_period", pointer="period")


def no_such_page() -> KimError:
    """Return the refusal of a cursor that belongs to nothing."""
    return kim_error(
        "not_found",
        Text(
            "Parameter cursor: Diese Seite der Liste gibt es nicht.",
            "Parameter cursor: there is no such page of the list.",
        ),
        pointer="cursor",
    )
