"""The state of a page, which lives in its address and nowhere else.

What a page is about stands in its path; every choice is a query parameter, and every link on a page is built
from a changed copy, so a page can be cited, bookmarked and shared as it stands. Parameters at their default
are left out of links. Going to another page keeps language and release.

Refusals name the parameter and never repeat its value. Parameters that are not listed are ignored: mail
programmes and intranet portals add their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import LANGUAGES, Language, Text

_CELL: Final = re.compile(r"[A-Z0-9_]{1,32}\.[A-Z0-9_]{1,32}", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[A-Z0-9_]{1,64}", re.ASCII)

_T = TypeVar("_T")


class Measure(StrEnum):
    """What map, bars and series show."""

    COUNT = "count"
    RATE = "rate"


class AreaOrder(StrEnum):
    """Order of the table of areas; the official key is the default, there are no rank numbers."""

    KEY = "key"
    NAME = "name"
    VALUE = "value"


class StatusOrder(StrEnum):
    """Order of the table of deliveries."""

    KEY = "key"
    NAME = "name"
    STATE = "state"
    WITHHELD = "withheld"


class Scale(StrEnum):
    """How the map's classes are cut."""

    QUANTILE = "quantile"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A page and all choices of its reader.

    Attributes:
        language: ``de`` unless ``lang=en``.
        path: address of the page without its query.
        codes: code per dimension; in the address ``cell=SEX.F-AGE.Y18T24``.
        period: or None for the latest.
        measure: or None for the rate where there is one.
        area: region that is shown beside the Land, or None.
        order: order of the table of areas.
        status: order of the table of deliveries.
        scale: classes of the map.
        release: number of an earlier release, or None for the published one.
    """

    language: Language = "de"
    path: str = "/"
    codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    period: Period | None = None
    measure: Measure | None = None
    area: str | None = None
    order: AreaOrder = AreaOrder.KEY
    status: StatusOrder = StatusOrder.KEY
    scale: Scale = Scale.QUANTILE
    release: int | None = None

    def changed(self, **choices: Any) -> PageQuery:  # noqa: ANN401 -- any of the fields above
        """Return a copy with other choices."""
        return replace(self, **choices)

    def to(self, path: str, **choices: Any) -> PageQuery:  # noqa: ANN401 -- any of the fields above
        """Return the query of another page: language and release go along, other choices do not."""
        return PageQuery(language=self.language, path=path, release=self.release).changed(**choices)

    def parameters(self) -> dict[str, str]:
        """Return the query parameters that differ from their defaults, in a fixed order."""
        found: dict[str, str | None] = {
            "cell": cell_token(self.codes) or None,
            "period": str(self.period) if self.period else None,
            "measure": self.measure,
            "area": self.area,
            "order": None if self.order is AreaOrder.KEY else self.order,
            "status": None if self.status is StatusOrder.KEY else self.status,
            "scale": None if self.scale is Scale.QUANTILE else self.scale,
            "release": str(self.release) if self.release else None,
            "lang": None if self.language == "de" else self.language,
        }
        return {name: str(value) for name, value in found.items() if value is not None}

    def url(self, anchor: str = "", **choices: Any) -> str:  # noqa: ANN401 -- any of the fields above
        """Return the address of the page with some choices changed.

        Args:
            anchor: id of the section to jump to, or empty.
            choices: fields to change.
        """
        return _address(self.path, self.changed(**choices).parameters(), anchor)

    def export(self, suffix: str, table: str = "") -> str:
        """Return the address of what the page shows as a file.

        Args:
            suffix: ``csv`` or ``xlsx``.
            table: which of its tables, for formats that hold one; empty for all of them.
        """
        path = "/index" if self.path == "/" else self.path
        return _address(f"{path}.{suffix}", self.parameters() | ({"table": table} if table else {}), "")


def _address(path: str, parameters: Mapping[str, str], anchor: str) -> str:
    return path + (f"?{urlencode(parameters)}" if parameters else "") + (f"#{anchor}" if anchor else "")


def cell_token(codes: Mapping[str, str]) -> str:
    """Write codes as one parameter: ``SEX.F-AGE.Y18T24``; empty for the total."""
    return "-".join(f"{dimension}.{code}" for dimension, code in codes.items())


def parse_page_query(arguments: Mapping[str, str], path: str = "/") -> PageQuery:
    """Read the choices from query parameters; empty ones count as not given.

    Args:
        arguments: parameter by name (the first, if one is repeated).
        path: address of the page.

    Raises:
        KimError: ``bad_request`` with the parameter's name as pointer.
    """

    def read(name: str, parse: Callable[[str], _T]) -> _T | None:
        text = arguments.get(name, "").strip()
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, KimError):
            raise refused_parameter(name) from None

    return PageQuery(
        language=read("lang", _language) or "de",
        path=path,
        codes=read("cell", _codes) or MappingProxyType({}),
        period=read("period", Period.parse),
        measure=read("measure", Measure),
        area=read("area", identifier),
        order=read("order", AreaOrder) or AreaOrder.KEY,
        status=read("status", StatusOrder) or StatusOrder.KEY,
        scale=read("scale", Scale) or Scale.QUANTILE,
        release=read("release", _number),
    )


def _language(text: str) -> Language:
    for language in LANGUAGES:
        if text == language:
            return language
    raise ValueError


def identifier(text: str) -> str:
    """Return an id as the catalogue has them.

    Raises:
        ValueError: if the text cannot be one.
    """
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError
    return text


def _codes(text: str) -> Mapping[str, str]:
    parts = text.split("-")
    if not all(_CELL.fullmatch(part) for part in parts) or len(parts) > 8:
        raise ValueError
    codes = dict(part.split(".", 1) for part in parts)
    if len(codes) != len(parts):
        raise ValueError
    return MappingProxyType(codes)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) == 0:
        raise ValueError
    return int(text)


def refused_parameter(name: str) -> KimError:
    """Return the refusal of a parameter; its value is not repeated."""
    return kim_error(
        "bad_request",
        Text(f"Der Parameter {name} hat keinen gültigen Wert.", f"The parameter {name} has no valid value."),
        pointer=name,
    )
