"""What a person is told when a database refuses: by where it happened and by the codes of the driver.

Sources of the codes: SQLSTATE (ISO/IEC 9075; PostgreSQL appendix A), the error numbers of MariaDB, the result
codes of SQLite, ORA numbers. Nothing is ever recognised by the text of a message, and none is passed on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from protocol.errors import KimError, kim_error
from protocol.texts import Text

Place = Literal["connect", "table", "rows"]
Cause = Literal["unreachable", "denied", "missing", "other_format", "damaged", "interrupted"]

# PostgreSQL, and others that give a SQLSTATE: exact codes, then classes.
_STATES: Final[dict[str, Cause]] = {
    "28000": "denied", "28P01": "denied", "42501": "denied", "3D000": "missing", "42P01": "missing",
    "3F000": "missing",
}  # fmt: skip
_STATE_CLASSES: Final[dict[str, Cause]] = {"08": "unreachable", "57": "interrupted", "53": "unreachable"}
# MariaDB and MySQL.
_NUMBERS: Final[dict[int, Cause]] = {
    1044: "denied", 1045: "denied", 1142: "denied", 1143: "denied", 1698: "denied", 1356: "denied",
    1049: "missing", 1146: "missing", 1040: "unreachable", 2002: "unreachable", 2003: "unreachable",
    2005: "unreachable", 2006: "interrupted", 2013: "interrupted", 1053: "interrupted", 1317: "interrupted",
    1927: "interrupted",
}  # fmt: skip
# Oracle (oracledb gives the number as ``code``).
_ORACLE: Final[dict[int, Cause]] = {
    1017: "denied", 1031: "denied", 942: "missing", 12514: "missing", 3113: "interrupted",
    3135: "interrupted",
}  # fmt: skip
_SQLITE: Final[dict[int, Cause]] = {
    sqlite3.SQLITE_CANTOPEN: "missing", sqlite3.SQLITE_NOTADB: "other_format",
    sqlite3.SQLITE_CORRUPT: "damaged", sqlite3.SQLITE_PERM: "denied", sqlite3.SQLITE_AUTH: "denied",
    sqlite3.SQLITE_BUSY: "unreachable", sqlite3.SQLITE_LOCKED: "unreachable",
}  # fmt: skip


@dataclass(slots=True)
class Stage:
    """How far the reading of a source has come.

    Attributes:
        source: name of the source in the configuration.
        now: connecting, looking for the table, or reading its rows.
    """

    source: str
    now: Place = "connect"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what SQLAlchemy or a driver raises into a refusal of this stage."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        try:
            yield
        except SQLAlchemyError as error:
            raise refusal(self, getattr(error, "orig", None)) from None
        except (OSError, UnicodeError):
            raise refusal(self, None) from None

    def driver_missing(self, extra: str | None) -> KimError:
        """Build the refusal of an address whose driver is not installed."""
        name = f"kim-datenverbund[node,{extra}]" if extra else "kim-datenverbund[node]"
        return kim_error(
            "driver_missing",
            Text(
                f"Für [sources.{self.source}] fehlt der Treiber; ihn installiert {name}.",
                f"The driver for [sources.{self.source}] is missing; {name} installs it.",
            ),
        )


def refusal(stage: Stage, error: BaseException | None) -> KimError:
    """Build the refusal.

    Args:
        stage: where it happened.
        error: what the driver raised, if it did.

    Returns:
        ``source_denied``, ``source_missing``, ``source_unreachable``, ``source_interrupted``,
        ``wrong_format`` or ``source_damaged``.
    """
    cause, code = _cause(stage, error)
    where, german, english = f"[sources.{stage.source}]", "", ""
    if code:
        german, english = f" (Fehler {code})", f" (error {code})"
    what = _SENTENCES[cause]
    return kim_error(_CODES[cause], Text(f"{where}: {what.de}{german}.", f"{where}: {what.en}{english}."))


_CODES: Final[dict[Cause, str]] = {
    "unreachable": "source_unreachable",
    "denied": "source_denied",
    "missing": "source_missing",
    "other_format": "wrong_format",
    "damaged": "source_damaged",
    "interrupted": "source_interrupted",
}
_SENTENCES: Final[dict[Cause, Text]] = {
    "unreachable": Text("Die Datenbank antwortet nicht", "the database does not answer"),
    "denied": Text(
        "Die Datenbank lehnt Benutzer, Kennwort oder Zugriff ab",
        "the database refuses user, password or access",
    ),
    "missing": Text(
        "Datenbank, Tabelle oder Sicht gibt es nicht", "there is no such database, table or view"
    ),
    "other_format": Text("Die Datei ist keine SQLite-Datenbank", "the file is no SQLite database"),
    "damaged": Text("Die Datenbank ist beschädigt", "the database is damaged"),
    "interrupted": Text(
        "Das Lesen brach ab, oder die Sicht selbst schlug fehl",
        "reading broke off, or the view itself failed",
    ),
}


def _cause(stage: Stage, error: BaseException | None) -> tuple[Cause, str]:
    driver: Any = error
    state = str(getattr(driver, "sqlstate", None) or "")
    if isinstance(error, sqlite3.Error):
        result = int(getattr(driver, "sqlite_errorcode", None) or 0)
        return _SQLITE.get(result & 0xFF, _by_stage(stage)), str(result or "")
    first = driver.args[0] if driver is not None and driver.args else None
    if isinstance(first, int):  # MariaDB's number says more than its SQLSTATE
        return _NUMBERS.get(first, _by_stage(stage)), str(first)
    if state:
        return _STATES.get(state) or _STATE_CLASSES.get(state[:2]) or _by_stage(stage), state
    if isinstance(first, str) and len(first) == 5 and first.isalnum():  # pyodbc: the SQLSTATE
        return _STATES.get(first) or _STATE_CLASSES.get(first[:2]) or _by_stage(stage), first
    number: object = getattr(first, "code", None)  # oracledb
    if isinstance(number, int) and number > 0:
        return _ORACLE.get(number, _by_stage(stage)), f"ORA-{number:05}"
    # libpq gives no SQLSTATE for a connection that failed, but says whether a password was asked for.
    connection = getattr(driver, "pgconn", None)
    asked = connection is not None and (connection.used_password or connection.needs_password)
    if stage.now == "connect" and asked:
        return "denied", ""
    return _by_stage(stage), ""


def _by_stage(stage: Stage) -> Cause:
    return "unreachable" if stage.now == "connect" else "interrupted"
