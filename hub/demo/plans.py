"""How each area's export is peculiar: encoding, header, key of the area, local codes, quarters delivered.

Purpose: the file-level traps (encoding, banner, renamed, moved and extra columns) and the local codes that
no product can know. They are dealt out by the area's place in the list of areas, so that each occurs in
several of the 54.

Invariants: a plan depends on the area alone; local codes stand for exactly one leaf code each and are
values that the description of the profile does not declare as understood, so that only a configuration can
map them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.demo.columns import COLUMNS
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_REST, Region, reporting_areas

FIRST_QUARTER: Final = Period(2024, 4)
LAST_QUARTER: Final = Period(2026, 3)

#: Dimension → what the area writes → the leaf code it means there.
LocalCodes = Mapping[str, Mapping[str, str]]

_LOCAL_CODES: Final[tuple[LocalCodes, ...]] = (
    {"SEX": {"Frau": "F", "Mann": "M"}},
    {"RECHTSKREIS": {"AsylbLG": "ASYLBLG_3"}},
    {"RESIDENCE": {"Aufenthaltserlaubnis": "T_OTH"}, "FIELD": {"Mobilität": "OTHER"}},
    {"INST": {"Willkommenslotsen": "KI"}, "OUTCOME": {"Fall ruht dauerhaft": "DROPOUT"}},
)
_RENAMED: Final[Mapping[str, str]] = {
    "Fallnummer": "Fall-Nr.", "Personen-ID": "Pers.-ID", "Fallbeginn": "Beginn", "Fallende": "Ende",
    "Staatsangehörigkeit": "Nationalität", "Aufenthaltsstatus": "Status (Aufenthalt)",
    "Handlungsfelder": "Handlungsfeld", "Geburtsdatum": "Geb.-Datum",
}  # fmt: skip
_EXTRA_COLUMNS: Final = ("Sachbearbeitung", "Wiedervorlage")
#: An area that takes part from the second quarter on: in the first one, totals above it stay open.
_JOINED_LATER: Final = "NW05762"


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """The peculiarities of one area's export.

    Attributes:
        region: the area.
        encoding: Python's name of the file's encoding.
        separator_line: whether ``sep=;`` stands before everything else.
        columns: positions of the profile's columns in the order of this file.
        names: header names in that order.
        extra: names of further columns at the end.
        key_style: how the area writes its own key in ordinary rows.
        field_separator: between several values of one cell.
        local_codes: values that only this area uses, by dimension.
        first_period: first quarter it delivers.
        last_period: last quarter it delivers.
    """

    region: Region
    encoding: str
    separator_line: bool
    columns: tuple[int, ...]
    names: tuple[str, ...]
    extra: tuple[str, ...]
    key_style: str
    field_separator: str
    local_codes: LocalCodes
    first_period: Period
    last_period: Period

    @property
    def periods(self) -> tuple[Period, ...]:
        """The quarters it delivers, in order."""
        return Period.span(self.first_period, self.last_period)


def plan_of(region: Region) -> AreaPlan:
    """Return the peculiarities of one area."""
    place = [area.id for area in reporting_areas()].index(region.id)
    rng = random.Random(f"kim-demo/1/plan/{region.id}")
    columns = list(range(len(COLUMNS)))
    if place % 7 == 3:
        rng.shuffle(columns)
    names = [COLUMNS[column] for column in columns]
    if place % 9 in (2, 3):
        names = [_RENAMED.get(name, name) for name in names]
    aachen = region.id in (AACHEN_CITY, AACHEN_REST)
    styles = (
        ("municipality", "municipality", "ars")
        if aachen
        else ("plain", "plain", "stripped", "municipality", "float", "ars")
    )
    return AreaPlan(
        region=region,
        encoding=("cp1252", "cp1252", "utf-8", "cp1252", "utf-8-sig")[place % 5],
        separator_line=place % 8 == 5,
        columns=tuple(columns),
        names=tuple(names),
        extra=_EXTRA_COLUMNS if place % 6 == 4 else (),
        key_style=styles[place % len(styles)],
        field_separator=(";", ";", "|", "\n")[place % 4],
        local_codes=_LOCAL_CODES[place // 11] if place % 11 == 6 and place // 11 < len(_LOCAL_CODES) else {},
        first_period=FIRST_QUARTER.next() if region.id == _JOINED_LATER else FIRST_QUARTER,
        last_period=LAST_QUARTER,
    )
