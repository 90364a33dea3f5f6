"""How each area is peculiar: files, encoding, header, key of the area, local codes, periods delivered.

Purpose: the file-level traps (encoding, banner, renamed, moved and extra columns), the local codes that
no product can know, and what lies in which kind of file. They are dealt out by the area's place in the list
of areas, so that each occurs in several of the 54; what only one area does is listed by its name.

Invariants: a plan depends on the area alone; local codes stand for exactly one leaf code each and are
values that the description of the profile does not declare as understood, so that only a configuration can
map them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from typing import Final

from hub.demo.words.columns import COLUMNS
from hub.demo.world.casework import EXPORT_DAY, Shift
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_REST, Region, reporting_area, reporting_areas

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


class Profile(StrEnum):
    """Layout of a source of cases: case software, Excel list, codes."""

    A = "A"
    B = "B"
    C = "C"


class Medium(StrEnum):
    """What a list lies in; the value is the ending of its file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON_LINES = "jsonl"
    SQLITE = "db"


class Special(Enum):
    """What is out of the ordinary about an area's deliveries."""

    JOINED_LATER = "takes part from the second quarter on: in the first one, totals above it stay open"
    LATE = "its export was made before the last quarter ended"
    GAP = "one quarter in the middle is missing"
    BREAK = "from one quarter on it counts in another way"
    REVISING = "corrects what no rule protects, and tries to correct what one does"
    BARE = "keeps no registers"
    TWO_SOURCES = "a welfare body keeps a list of its own, and some cases stand in both"
    JOINT_AUTHORITY = "delivers the decisions of the authority that serves all of Aachen"
    SERVED = "its decisions are taken by the joint authority next door"


_SPECIAL: Final[Mapping[str, Special]] = {
    AACHEN_CITY: Special.SERVED,
    AACHEN_REST: Special.JOINT_AUTHORITY,
    "NW05762": Special.JOINED_LATER,
    "NW05916": Special.LATE,
    "NW05120": Special.GAP,
    "NW05512": Special.BREAK,
    "NW05966": Special.REVISING,
    "NW05122": Special.BARE,
    "NW05117": Special.TWO_SOURCES,
}
#: The area of which examples in the documentation speak.
_EXAMPLE: Final = "NW05111"
#: Layout and medium of the cases where it is not a CSV file of the case software.
_CASES_IN: Final[Mapping[str, tuple[Profile, Medium]]] = {
    "NW05762": (Profile.B, Medium.XLSX),
    "NW05120": (Profile.C, Medium.SQLITE),
    "NW05512": (Profile.B, Medium.CSV),
    AACHEN_REST: (Profile.A, Medium.SQLITE),
    AACHEN_CITY: (Profile.C, Medium.JSON_LINES),
    "NW05374": (Profile.B, Medium.XLSX),
    "NW05754": (Profile.B, Medium.CSV),
    "NW05914": (Profile.C, Medium.CSV),
    "NW05970": (Profile.C, Medium.JSON_LINES),
}
#: Between several values of one cell, where a layout has a fixed one.
FIELD_SEPARATOR: Final = "|"
SKIPPED_QUARTER: Final = Period(2025, 2)
BREAK_QUARTER: Final = Period(2025, 3)
_BREAK_TEXT: Final = "Umstellung der Software"
_LATE_EXPORT: Final = date(2026, 9, 14)


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """The peculiarities of one area.

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
        last_period: last quarter it is asked for.
        special: what is out of the ordinary, or None.
        profile: layout of its cases.
        medium: what its cases lie in.
        registers: what its registers lie in, or None without any.
        wrong_total: whether the total row of its funds ledger is wrong.
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
    special: Special | None
    profile: Profile
    medium: Medium
    registers: Medium | None
    wrong_total: bool

    @property
    def export_day(self) -> date:
        """The day on which its lists were written."""
        return _LATE_EXPORT if self.special is Special.LATE else EXPORT_DAY

    @property
    def quarters(self) -> tuple[Period, ...]:
        """The quarters it delivers, in order."""
        return tuple(
            quarter
            for quarter in Period.span(self.first_period, self.last_period)
            if quarter.last_day < self.export_day
            and not (self.special is Special.GAP and quarter == SKIPPED_QUARTER)
        )

    @property
    def years(self) -> tuple[Period, ...]:
        """The years it delivers: those of which it delivers every quarter."""
        quarters = self.quarters
        years = sorted({quarter.year for quarter in quarters})
        return tuple(Period(y) for y in years if sum(quarter.year == y for quarter in quarters) == 4)

    @property
    def breaks(self) -> Mapping[str, str]:
        """What changed in which period, in words."""
        return {str(BREAK_QUARTER): _BREAK_TEXT} if self.special is Special.BREAK else {}

    @property
    def shift(self) -> Shift | None:
        """How its figures jump at the break."""
        return Shift(BREAK_QUARTER.first_day, 1.6) if self.special is Special.BREAK else None


def special_areas() -> tuple[str, ...]:
    """Return the areas that are out of the ordinary, in the order in which a smaller demo takes them."""
    return tuple(_SPECIAL)


def choose_areas(number: int) -> tuple[Region, ...]:
    """Return the areas of a smaller demo: both parts of Aachen, the special ones, then others."""
    aachen, special = special_areas()[:2], special_areas()[2:]
    first = [reporting_area(area) for area in (*aachen, _EXAMPLE, *special)]
    others = [area for area in reporting_areas() if area not in first]
    step = max(1, len(others) // max(1, number - len(first)))
    spread = [*others[::step], *(area for i, area in enumerate(others) if i % step)]
    return tuple(sorted([*first, *spread][:number], key=lambda area: area.id))


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
    special = _SPECIAL.get(region.id)
    profile, medium = _CASES_IN.get(region.id, (Profile.A, Medium.CSV))
    registers = None if special is Special.BARE else (Medium.XLSX if place % 2 else Medium.CSV)
    return AreaPlan(
        region=region,
        encoding=("cp1252", "cp1252", "utf-8", "cp1252", "utf-8-sig")[place % 5],
        separator_line=place % 8 == 5,
        columns=tuple(columns),
        names=tuple(names),
        extra=_EXTRA_COLUMNS if place % 6 == 4 else (),
        key_style=styles[place % len(styles)],
        field_separator=(";", ";", "|", "\n")[place % 4] if profile is Profile.A else FIELD_SEPARATOR,
        local_codes=_LOCAL_CODES[place // 11] if place % 11 == 6 and place // 11 < len(_LOCAL_CODES) else {},
        first_period=FIRST_QUARTER.next() if special is Special.JOINED_LATER else FIRST_QUARTER,
        last_period=LAST_QUARTER,
        special=special,
        profile=profile,
        medium=medium,
        registers=registers,
        wrong_total=place % 9 == 1,
    )
