"""The options of one source, the same for each ``[sources.<name>]``: a part of the table of options."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from node.settings.options import SOURCES_SECTION, Option
from protocol.texts import Text

#: Options of one source, the same for each ``[sources.<name>]``.
_SOURCE_OPTIONS: Final[tuple[Option, ...]] = (
    Option(
        SOURCES_SECTION,
        "holds",
        "choice",
        Text(
            de="Was darin steht. cases: Fälle; posts: Stellen; funds: Mittel (Haushaltsliste); issues: "
            "strukturelle Themen; decisions: Entscheidungen der Ausländer- und Einbürgerungsbehörden "
            "(Baustein "
            "3).",
            en="What it holds. cases: cases; posts: posts; funds: the funds ledger; issues: structural "
            "issues; "
            "decisions: decisions of immigration and naturalisation authorities (component 3).",
        ),
        required=True,
        choices=("cases", "posts", "funds", "issues", "decisions"),
    ),
    Option(
        SOURCES_SECTION,
        "profile",
        "choice",
        Text(
            de="Aufbau einer Fallquelle; ohne Angabe A. A: Fachverfahren (dd.mm.yyyy, Semikolon); B: "
            "Excel-Liste "
            "(Thema 1 bis 3, Alter statt Geburtsdatum); C: Schlüssel des Katalogs und ISO-Datum.",
            en="Layout of a source of cases; A if missing. A: case management software (dd.mm.yyyy, "
            "semicolon); "
            "B: Excel list (Thema 1 to 3, age instead of date of birth); C: codes of the catalogue, ISO "
            "dates.",
        ),
        choices=("A", "B", "C"),
        example="A",
    ),
    Option(
        SOURCES_SECTION,
        "path",
        "path",
        Text(
            de="Datei: .csv, .txt, .xlsx, .parquet oder .jsonl. Sie wird nur gelesen. Statt einer Datei kann "
            "eine Datenbank angegeben werden (url).",
            en="File: .csv, .txt, .xlsx, .parquet or .jsonl. It is only read. Instead of a file, a database "
            "can "
            "be given (url).",
        ),
        example="export.csv",
    ),
    Option(
        SOURCES_SECTION,
        "sheet",
        "text",
        Text(
            de="Tabellenblatt einer .xlsx-Datei; ohne Angabe das erste.",
            en="Sheet of an .xlsx file; the first if missing.",
        ),
        example="Liste",
    ),
    Option(
        SOURCES_SECTION,
        "url",
        "text",
        Text(
            de="Datenbank statt Datei: eine SQLAlchemy-Adresse ohne Kennwort (postgresql, mariadb, mssql, "
            "oracle, "
            "sqlite).",
            en="Database instead of a file: a SQLAlchemy URL without a password (postgresql, mariadb, mssql, "
            "oracle, sqlite).",
        ),
        pattern=r"[a-z][a-z0-9]*(\+[a-z][a-z0-9_]*)?://.*",
        example="postgresql://kim@db.example/faelle",
    ),
    Option(
        SOURCES_SECTION,
        "password_file",
        "path",
        Text(
            de="Datei mit dem Kennwort der Datenbank, nur für diesen Benutzer lesbar (chmod 600).",
            en="File with the password of the database, readable for this user only (chmod 600).",
        ),
        example="db-password",
    ),
    Option(
        SOURCES_SECTION,
        "table",
        "text",
        Text(
            de="Tabelle oder Sicht der Datenbank, bei Bedarf mit Schema: schema.tabelle.",
            en="Table or view of the database, with a schema if needed: schema.table.",
        ),
        pattern=r"[^.]+(\.[^.]+)?",
        example="kim_export",
    ),
    Option(
        SOURCES_SECTION,
        "owns",
        "texts",
        Text(
            de="Achtstellige Gemeindeschlüssel, deren Fälle nur diese Quelle zählt; für mehrere Fallquellen.",
            en="Municipality keys of eight digits whose cases only this source counts; for several sources "
            "of "
            "cases.",
        ),
        pattern=r"\d{8}",
        example=("05382060",),
    ),
    Option(
        SOURCES_SECTION,
        "overlap",
        "choice",
        Text(
            de="Für mehrere Fallquellen. match: dieselbe Fallnummer ist derselbe Fall; disjoint: die Fälle "
            "dieser "
            "Quelle stehen in keiner anderen.",
            en="For several sources of cases. match: the same case number is the same case; disjoint: the "
            "cases "
            "of this source stand in no other.",
        ),
        choices=("match", "disjoint"),
        example="match",
    ),
    Option(
        SOURCES_SECTION,
        "area",
        "text",
        Text(
            de="Nur für decisions: Gebiet einer gemeinsamen Behörde, für das getrennt geliefert wird "
            "(Aachen: "
            "NW05334).",
            en="For decisions only: area of a joint authority, delivered on its own (Aachen: NW05334).",
        ),
        example="NW05334",
    ),
)


def source_options(name: str) -> tuple[Option, ...]:
    """Return the options of ``[sources.<name>]``."""
    return tuple(replace(option, section=f"{SOURCES_SECTION}.{name}") for option in _SOURCE_OPTIONS)
