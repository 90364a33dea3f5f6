"""What the configuration says about one source: what it holds, where it lies, and how it goes with others.

Invariants: a source is a file or a table of a database, never both; no password is ever part of it. What
makes no sense together is refused with the way out, before anything is read.

It deliberately opens nothing: a source that is missing today may be there tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from protocol.texts import Text

Holds = Literal["cases", "posts", "funds", "issues", "decisions"]
CaseProfile = Literal["A", "B", "C"]
Overlap = Literal["match", "disjoint"]
Format = Literal["csv", "xlsx", "parquet", "jsonl", "sql"]
#: Takes the name of an option and what is wrong with it.
Complain = Callable[[str, Text], None]

SOURCE_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {".csv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".parquet": "parquet", ".jsonl": "jsonl"}
)

# SQLAlchemy's own reading of an address: whatever stands between the first colon behind :// and an @.
_URL_PASSWORD: Final = re.compile(r"[^:/]+://[^:/@]*:[^@]*@")
_SECRET_PARAMETERS: Final = frozenset({"password", "passwd", "pwd", "odbc_connect"})


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of a node.

    Attributes:
        name: name of its table in the configuration.
        holds: what its rows are.
        profile: layout of a source of cases; None for a register, which has one layout only.
        path: the file, absolute, or None.
        url: SQLAlchemy URL without a password, or None; exactly one of `path` and `url` is given.
        password_file: file with the database's password, absolute, or None.
        table: table or view of the database, ``schema.table`` if need be.
        sheet: sheet of a spreadsheet; the first if None.
        owns: municipality keys (8 digits) whose cases only this source counts.
        overlap: how the cases of this source go with those of others; None if there are no others.
        area: area of a joint authority whose decisions these are, or None for the node's own.
        columns: name of a column in the profile -> its local name.
    """

    name: str
    holds: Holds = "cases"
    profile: CaseProfile | None = None
    path: Path | None = None
    url: str | None = None
    password_file: Path | None = None
    table: str | None = None
    sheet: str | None = None
    owns: tuple[str, ...] = ()
    overlap: Overlap | None = None
    area: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def format(self) -> Format:
        """How it is read: by the ending of the file, or as a database.

        Raises:
            KeyError: if the ending is none of :data:`FORMATS`; the configuration is refused before.
        """
        return "sql" if self.path is None else FORMATS[self.path.suffix.lower()]


def check_source(spec: SourceSpec, complain: Complain) -> None:
    """Say what of one source makes no sense together, each with the option to blame."""
    if (spec.path is None) == (spec.url is None):
        complain(
            "path",
            Text(
                "Eine Quelle ist entweder eine Datei (path) oder eine Datenbank (url); genau eines angeben.",
                "A source is either a file (path) or a database (url); give exactly one of them.",
            ),
        )
    elif spec.path is not None:
        _check_file(spec, complain)
    else:
        _check_database(spec, complain)
    if spec.holds != "cases":
        for name, given in (("profile", spec.profile), ("owns", spec.owns), ("overlap", spec.overlap)):
            if given:
                complain(
                    name,
                    Text(
                        'Das gilt nur für Fälle (holds = "cases"); die Zeile löschen.',
                        'This is for cases only (holds = "cases"); delete the line.',
                    ),
                )
    if spec.area is not None and spec.holds != "decisions":
        complain(
            "area",
            Text(
                'Das gilt nur für Entscheidungen (holds = "decisions"); die Zeile löschen.',
                'This is for decisions only (holds = "decisions"); delete the line.',
            ),
        )


def check_together(specs: Sequence[SourceSpec], complain: Callable[[SourceSpec, str, Text], None]) -> None:
    """Say what of several sources makes no sense together, each with the source and option to blame."""
    _check_registers(specs, complain)
    _check_same_place(specs, complain)
    cases = [spec for spec in specs if spec.holds == "cases"]
    owners: dict[str, str] = {}
    for spec in cases:
        if len(cases) > 1 and spec.overlap is None:
            complain(
                spec,
                "overlap",
                Text(
                    "Bei mehreren Fallquellen sagt jede, wie sie sich zu den anderen verhält: match "
                    "(dieselbe Fallnummer ist derselbe Fall) oder disjoint (kein Fall steht auch anderswo).",
                    "With several sources of cases each says how it goes with the others: match (the same "
                    "case "
                    "number is the same case) or disjoint (no case stands elsewhere too).",
                ),
            )
        for key in spec.owns:
            if owners.setdefault(key, spec.name) != spec.name:
                complain(
                    spec,
                    "owns",
                    Text(
                        f"{key} gehört schon zu [sources.{owners[key]}]; eine Gemeinde hat eine Quelle.",
                        f"{key} belongs to [sources.{owners[key]}] already; a municipality has one source.",
                    ),
                )


def _check_file(spec: SourceSpec, complain: Complain) -> None:
    suffix = spec.path.suffix.lower() if spec.path is not None else ""
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        complain(
            "path",
            Text(
                f"Gelesen werden Dateien mit den Endungen {known}; andere Tabellen als .xlsx oder .csv "
                "speichern.",
                f"Files ending in {known} are read; save other tables as .xlsx or .csv.",
            ),
        )
    elif spec.sheet is not None and suffix != ".xlsx":
        complain(
            "sheet",
            Text(
                "Tabellenblätter haben nur .xlsx-Dateien; die Zeile löschen.",
                "Only .xlsx files have sheets; delete the line.",
            ),
        )
    for name, given in (("table", spec.table), ("password_file", spec.password_file)):
        if given is not None:
            complain(
                name,
                Text(
                    "Das gilt nur für eine Datenbank (url); die Zeile löschen.",
                    "This is for a database (url) only; delete the line.",
                ),
            )


def _check_database(spec: SourceSpec, complain: Complain) -> None:
    url = spec.url or ""
    names = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
    if _URL_PASSWORD.match(url) or names & _SECRET_PARAMETERS:
        complain(
            "url",
            Text(
                "In der Adresse steht ein Kennwort. Es gehört in eine Datei, die nur dieser Benutzer lesen "
                "darf "
                "(chmod 600); deren Namen in password_file eintragen.",
                "The address holds a password. It belongs in a file that only this user may read (chmod "
                "600); "
                "enter its name as password_file.",
            ),
        )
    elif url.startswith("sqlite") and not url.partition("://")[2].strip("/").replace(":memory:", ""):
        complain(
            "url",
            Text(
                "Die Adresse nennt keine Datei, zum Beispiel sqlite:///faelle.db.",
                "The address names no file, such as sqlite:///faelle.db.",
            ),
        )
    if spec.table is None:
        complain(
            "table",
            Text(
                "Zu einer Datenbank gehört der Name der Tabelle oder Sicht.",
                "A database needs the name of the table or view.",
            ),
        )
    if spec.sheet is not None:
        complain(
            "sheet",
            Text(
                "Tabellenblätter haben nur .xlsx-Dateien; die Zeile löschen.",
                "Only .xlsx files have sheets; delete the line.",
            ),
        )


def _check_registers(specs: Sequence[SourceSpec], complain: Callable[[SourceSpec, str, Text], None]) -> None:
    first: dict[tuple[str, str | None], str] = {}
    for spec in specs:
        known = first.setdefault((spec.holds, spec.area), spec.name)
        if spec.holds != "cases" and known != spec.name:
            complain(
                spec,
                "holds",
                Text(
                    f"Dasselbe Register steht schon in [sources.{known}]; beide Listen zu einer vereinigen.",
                    f"[sources.{known}] is this register already; join both lists into one.",
                ),
            )


def _check_same_place(specs: Sequence[SourceSpec], complain: Callable[[SourceSpec, str, Text], None]) -> None:
    first: dict[tuple[object, ...], str] = {}
    for spec in specs:
        known = first.setdefault((spec.path, spec.url, spec.table, spec.sheet), spec.name)
        if known != spec.name:
            complain(
                spec,
                "path" if spec.path is not None else "table",
                Text(
                    f"Das liest schon [sources.{known}]; jede Quelle nur einmal angeben.",
                    f"[sources.{known}] reads this already; give each source once.",
                ),
            )
