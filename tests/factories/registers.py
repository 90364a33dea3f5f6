"""The registers of a municipality, typed small, and a node that collects everything.

The area is Rhein-Sieg-Kreis; a joint authority's decisions are Aachen's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from protocol.regions import AACHEN_REST, AACHEN_WHOLE
from tests.factories.node_home import NodeHome, node_home, some_cases

POSTS = "Stellen-ID;Baustein;Träger-ID;Träger;VZÄ bewilligt;VZÄ besetzt;gültig von;gültig bis"
FUNDS = "Beleg;Haushaltsjahr;Baustein;Kostenart;Träger-ID;bewilligt;verausgabt;Buchungsdatum"
ISSUES = "Thema-ID;Handlungsfeld;Stand;gemeldet am"
DECISIONS = "Vorgang;Entscheidung;Geschlecht;Datum;Wohnort-AGS;Behörde"

#: Carrier ids of the lists, as a municipality would map them.
CARRIERS = '[mapping.CARRIER]\nT1 = "OWN"\nT2 = "MUNI"\nT3 = "NGO"\nT4 = "NGO"\nT5 = "NGO"\n'
_FIELDS = ("Wohnen", "Arbeit", "Sprache")


def posts(*, filled: str = "0,8") -> list[str]:
    """Twelve posts of component 2 and three of component 3, all year round."""
    return [
        f"S{n};{'B2' if n < 12 else 'ABH'};T{1 + n % 5};Träger {1 + n % 5};1,0;{filled};01.01.2024;"
        for n in range(15)
    ]


def funds(year: int = 2025) -> list[str]:
    """Bookings of five carriers in the ledger of a year."""
    return [
        f"B{n};{year};B2;Personal;T{1 + n % 5};{40_000 + n * 500},00;{38_000 + n * 500},00;15.06.{year}"
        for n in range(20)
    ]


def issues(number: int = 30, *, solved: int = 4) -> list[str]:
    """Structural issues reported in 2025, some of them solved."""
    return [
        f"I{n};{_FIELDS[n % 3]};{'gelöst' if n < solved else 'erkannt'};{1 + n % 27:02d}.02.2025"
        for n in range(number)
    ]


def decisions(number: int = 60, *, municipality: str = "05382060") -> list[str]:
    """Decisions of two kinds in the quarters of 2025 and the first two of 2026."""
    months = ((2025, 2), (2025, 5), (2025, 8), (2025, 11), (2026, 2), (2026, 5))
    return [
        f"V{n};{'Einbürgerung' if n % 3 else '§ 25b'};{'weiblich' if n % 2 else 'männlich'};"
        f"{1 + n % 27:02d}.{months[n % 6][1]:02d}.{months[n % 6][0]};{municipality};ABH"
        for n in range(number)
    ]


def write_register(folder: Path, holds: str, lines: Sequence[str]) -> Path:
    """Write a register as a list of today."""
    header = {"posts": POSTS, "funds": FUNDS, "issues": ISSUES, "decisions": DECISIONS}[holds]
    path = folder / f"{holds}.csv"
    banner = ["Fachliste", "Export vom 05.10.2026 08:15"]
    path.write_text("\n".join([*banner, header, *lines]) + "\n", encoding="utf-8")
    return path


def whole_node(
    folder: Path,
    *,
    hub: str = "http://127.0.0.1:9",
    periods: str = "2025-Q1..2026-Q2",
) -> NodeHome:
    """Set up a node that collects everything."""
    return _with_registers(node_home(folder, hub=hub, periods=periods), decisions())


def aachen_node(folder: Path, *, hub: str, periods: str = "2025-Q4..2026-Q1") -> NodeHome:
    """Set up the node of the Städteregion Aachen that delivers the decisions of the joint authority."""
    cases = some_cases(90).replace(";05382;", ";05334004;")
    home = node_home(folder, hub=hub, periods=periods, cases=cases, area=AACHEN_REST)
    both = decisions(municipality="05334004") + [
        line.replace("V", "W", 1) for line in decisions(municipality="05334002")
    ]
    return _with_registers(home, both, authority=AACHEN_WHOLE)


def _with_registers(home: NodeHome, decided: Sequence[str], *, authority: str | None = None) -> NodeHome:
    tables = []
    for holds, lines in (
        ("posts", posts()),
        ("funds", funds()),
        ("issues", issues()),
        ("decisions", decided),
    ):
        path = write_register(home.folder.parent, holds, lines)
        tables.append(f'[sources.{holds}]\nholds = "{holds}"\npath = "{path}"\n')
    if authority is not None:
        tables[-1] += f'area = "{authority}"\n'
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text("\n".join([text, *tables, CARRIERS]), encoding="utf-8")
    return home
