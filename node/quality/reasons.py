"""The traps of profile A as data: what each looks like, what becomes of the row, and what to do about it.

The order in which they are tried stands in `screening` and `coding`; the counts in `findings`.
"""

from __future__ import annotations

from typing import Final

from node.quality.amounts import COLUMN, ROW, Noun
from node.quality.findings import Handling, Reason
from protocol.texts import Text

_R, _D, _N, _W = Handling.QUARANTINE, Handling.DROP, Handling.NORMALISE, Handling.WARN

_CORRECT_SOURCE: Final = Text(
    "Im Fachverfahren berichtigen und neu exportieren.", "Correct it in the case system and export again."
)
_CHECK_SOURCE: Final = Text("Bitte im Fachverfahren prüfen.", "Please check in the case system.")


def _reason(
    trap: str,
    handling: Handling,
    german: str,
    english: str,
    remedy: Text | None = None,
    *,
    noun: Noun = ROW,
) -> Reason:
    return Reason(trap, handling, Text(german, english), remedy, noun)


OTHER_ENCODING = _reason(
    "T01", _N, "Datei in UTF-8 statt Windows-1252 gelesen", "file read as UTF-8 instead of Windows-1252"
)
DOUBLE_ENCODED = _reason(
    "T01", _N, "doppelt kodierte Umlaute wiederhergestellt", "double-encoded umlauts restored"
)
PREAMBLE = _reason("T02", _N, "Zeilen vor der Kopfzeile übersprungen", "lines before the header skipped")
NO_RECORD = _reason(
    "T03", _D, "Summen-, Leer- und Kopfzeilen zwischen den Daten", "total, blank and header rows in the data"
)
CASE_DATE_FORM = _reason("T05", _N, "Datum in anderer Schreibweise gelesen", "date read in another form")
BIRTH_IMPOSSIBLE = _reason(
    "T05", _N, "unmögliches Geburtsdatum als unbekannt", "impossible date of birth as unknown", _CHECK_SOURCE
)
NO_START = _reason(
    "T05", _R, "Fallbeginn fehlt oder ist unmöglich", "case start missing or impossible", _CORRECT_SOURCE
)
BAD_END = _reason("T05", _R, "Fallende ist unmöglich", "case end is impossible", _CORRECT_SOURCE)
NO_CONTACT_DATE = _reason(
    "T05", _R, "Kontakt ohne brauchbares Datum", "contact without a usable date", _CORRECT_SOURCE
)
KEY_FORM = _reason("T06", _N, "Gebietsschlüssel ergänzt oder leer", "area key completed or empty")
OTHER_AREA = _reason(
    "T06",
    _R,
    "Schlüssel eines anderen Gebiets oder unlesbar",
    "key of another area or unreadable",
    _CORRECT_SOURCE,
)
AACHEN_KEY = _reason(
    "T07",
    _R,
    "historischer Schlüssel oder Stadt und Städteregion Aachen nicht unterscheidbar",
    "historic key, or city and region of Aachen cannot be told apart",
    Text(
        "Den achtstelligen Gemeindeschlüssel exportieren (05334002 ist die Stadt Aachen).",
        "Export the municipality key of eight digits (05334002 is the city of Aachen).",
    ),
)
SAME_CASE = _reason(
    "T08", _N, "Mehrfachzeilen eines Falls zusammengeführt", "repeated rows of one case merged"
)
NO_CASE_NUMBER = _reason("T08", _R, "Fall ohne Fallnummer", "case without a case number", _CORRECT_SOURCE)
SEVERAL_FIELDS = _reason("T09", _N, "mehrere Handlungsfelder in einer Zelle", "several fields in one cell")
LINE_BREAK = _reason("T10", _N, "Zeilenumbruch in einer Zelle", "line break inside a cell")
OPEN_QUOTE = _reason(
    "T10",
    _N,
    "nicht geschlossenes Anführungszeichen wörtlich gelesen",
    "unclosed quotation mark read literally",
)
SHIFTED_CELLS = _reason(
    "T10",
    _R,
    "mehr Zellen als Spalten",
    "more cells than columns",
    Text(
        "Trennzeichen im Text müssen in Anführungszeichen stehen.",
        "Delimiters inside a text must stand in quotation marks.",
    ),
)
WORDING = {
    "SEX": _reason("T11", _N, "Geschlecht auf Schlüssel gebracht", "sex brought to a code"),
    "CITIZEN": _reason(
        "T12", _N, "Staatsangehörigkeit auf Gruppe gebracht", "citizenship brought to a group"
    ),
    "RESIDENCE": _reason(
        "T13", _N, "Aufenthaltsstatus auf Schlüssel gebracht", "residence status brought to a code"
    ),
    "RECHTSKREIS": _reason("T14", _N, "Rechtskreis auf Schlüssel gebracht", "legal regime brought to a code"),
}
TWO_REGIMES = _reason(
    "T14",
    _W,
    "mehrere Rechtskreise, der erste zählt",
    "several legal regimes, the first counts",
    _CHECK_SOURCE,
)
END_BEFORE_START = _reason(
    "T15", _R, "Fallende vor Fallbeginn", "case end before case start", _CORRECT_SOURCE
)
END_IN_FUTURE = _reason(
    "T15",
    _W,
    "Fallende nach dem Export, Fall zählt als laufend",
    "case end after the export, case counts as open",
    _CHECK_SOURCE,
)
RUNNING_WITH_END = _reason(
    "T15",
    _W,
    "Status laufend trotz Fallende, das Fallende zählt",
    "status running despite an end, the end counts",
    _CHECK_SOURCE,
)
FIRST_CONTACT = _reason(
    "T16", _N, "Erstkontakt fehlt oder liegt nach Fallbeginn", "first contact missing or after the case start"
)
HEAD_COUNT = _reason(
    "T17",
    _W,
    "Anzahl Personen weicht von den aufgeführten ab, diese zählen",
    "head count differs from the persons listed, those count",
    _CHECK_SOURCE,
)
BIRTH_PLACEHOLDER = _reason(
    "T19", _N, "Platzhalter oder Alter über 110 als unbekannt", "placeholder or age above 110 as unknown"
)
MISSING_MARKER = _reason("T20", _N, "Fehlzeichen als unbekannt gelesen", "missing marker read as unknown")
VOID_RECORD = _reason("T21", _D, "Test- oder stornierter Fall", "test or cancelled record")
OTHER_PROGRAMME = _reason("T22", _D, "Beratung eines anderen Programms", "counselling of another programme")
ONE_OFF_CONTACT = _reason(
    "T22", _N, "als einmaliger Kontakt statt als Fall gezählt", "counted as one-off contact instead of a case"
)
RENAMED_COLUMNS = _reason(
    "T26", _N, "Spalten unter anderem Namen gefunden", "columns found under another name", noun=COLUMN
)
MOVED_COLUMNS = _reason(
    "T26", _N, "Spalten an anderer Stelle gefunden", "columns found in another place", noun=COLUMN
)
EXTRA_COLUMNS = _reason(
    "T26",
    _W,
    "zusätzliche Spalten nicht gelesen",
    "additional columns not read",
    Text(
        "Beim Export nur die Spalten des Profils wählen.",
        "Choose only the columns of the profile when exporting.",
    ),
    noun=COLUMN,
)
ACTIVE_CONTENT = _reason(
    "T27", _N, "Formeln oder HTML im Text nie ausgeführt", "formulas or HTML in text never interpreted"
)
DATE_WITH_TIME = _reason(
    "T28", _N, "Uhrzeit beim Datum, Tag in Berlin zählt", "time of day, the date in Berlin counts"
)
