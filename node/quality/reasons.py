"""The traps as data: what each looks like, what becomes of the row, and what to do about it.

The order in which they are tried stands in `sorting`, `cases` and `registers`; the counts in `findings`.
"""

from __future__ import annotations

from typing import Final

from node.amounts import COLUMN
from node.quality.findings import Handling, Reason
from protocol.nouns import CELL, ROW, Noun
from protocol.texts import Text

_R, _D, _N, _W = Handling.QUARANTINE, Handling.DROP, Handling.NORMALISE, Handling.WARN

_CORRECT_SOURCE: Final = Text(
    "Im Fachverfahren berichtigen und neu exportieren.", "Correct it in the case system and export again."
)
_CHECK_SOURCE: Final = Text("Bitte im Fachverfahren prüfen.", "Please check in the case system.")
_CORRECT_REGISTER: Final = Text("In der Liste berichtigen.", "Correct it in the list.")
_CHECK_REGISTER: Final = Text("Bitte in der Liste prüfen.", "Please check in the list.")


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
NOT_UTF8 = _reason(
    "T01", _N, "Datei in Windows-1252 statt UTF-8 gelesen", "file read as Windows-1252 instead of UTF-8"
)
DOUBLE_ENCODED = _reason(
    "T01", _N, "doppelt kodierte Umlaute wiederhergestellt", "double-encoded umlauts restored"
)
PREAMBLE = _reason("T02", _N, "Zeilen vor der Kopfzeile übersprungen", "lines before the header skipped")
NO_RECORD = _reason(
    "T03", _D, "Summen-, Leer- und Kopfzeilen zwischen den Daten", "total, blank and header rows in the data"
)
AMOUNT_FORM = _reason("T04", _N, "Betrag in anderer Schreibweise gelesen", "amount read in another form")
AMOUNT_DOUBTFUL = _reason(
    "T04",
    _W,
    "Punkt vor drei Ziffern als Tausenderpunkt gelesen",
    "point before three digits read as thousands",
    _CHECK_REGISTER,
)
AMOUNT_UNREADABLE = _reason(
    "T04",
    _R,
    "Betrag fehlt, ist unlesbar oder mehrdeutig",
    "amount missing, unreadable or ambiguous",
    _CORRECT_REGISTER,
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
REFERRAL_DATE = _reason(
    "T05",
    _N,
    "unmögliches Datum einer Weitervermittlung, das Fallende zählt",
    "impossible date of a referral, the case end counts",
    _CHECK_SOURCE,
)
NO_REGISTER_DATE = _reason(
    "T05", _R, "Datum fehlt oder ist unmöglich", "date missing or impossible", _CORRECT_REGISTER
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
NO_IDENTIFIER = _reason("T08", _R, "Zeile ohne Kennung", "row without an identifier", _CORRECT_REGISTER)
SAME_ENTRY = _reason(
    "T08",
    _N,
    "gleiche Zeile noch einmal, einmal gezählt",
    "the same row once more, counted once",
    _CHECK_REGISTER,
)
SAME_ID_OTHER_ENTRY = _reason(
    "T08",
    _W,
    "Kennung mehrfach mit anderen Angaben, jede Zeile zählt",
    "identifier several times with other entries, every row counts",
    _CHECK_REGISTER,
)
LATER_ENTRY = _reason(
    "T08",
    _D,
    "Kennung mehrfach mit anderen Angaben, die letzte Zeile zählt",
    "identifier several times with other entries, the last row counts",
    _CHECK_REGISTER,
)
OVERLAPPING_SPANS = _reason(
    "T08",
    _W,
    "Zeiträume einer Stelle überschneiden sich, der spätere gilt",
    "spans of one post overlap, the later one holds",
    _CHECK_REGISTER,
)
SEVERAL_REFERRALS = _reason(
    "T09", _N, "mehrere Weitervermittlungen in einer Zelle", "several referrals in one cell"
)
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
SPAN_REVERSED = _reason(
    "T15", _R, "gültig bis vor gültig von", "valid to before valid from", _CORRECT_REGISTER
)
AFTER_EXPORT = _reason(
    "T15", _W, "Datum nach dem Stand der Liste", "date after the day of the list", _CHECK_REGISTER
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
PERHAPS_THE_SAME = _reason(
    "T18",
    _W,
    "zwei Kennungen, ein Fall, gleiches Geburtsdatum, Geschlecht und gleiche Staatsangehörigkeit: "
    "beide zählen",
    "two ids, one case, same date of birth, sex and citizenship: both count",
    Text(
        "Bitte im Fachverfahren prüfen: Zwillinge, oder eine Person unter zwei Kennungen?",
        "Please check in the case system: twins, or one person under two ids?",
    ),
)
BIRTH_PLACEHOLDER = _reason(
    "T19", _N, "Platzhalter oder Alter über 110 als unbekannt", "placeholder or age above 110 as unknown"
)
AGE_GIVEN = _reason(
    "T19",
    _N,
    "Alter bei Fallbeginn statt Geburtsdatum, die Mitte des möglichen Jahres gilt",
    "age at the case start instead of date of birth, the middle of the possible year holds",
)
AGE_UNREADABLE = _reason(
    "T19", _N, "unlesbares Alter als unbekannt", "unreadable age as unknown", _CHECK_SOURCE
)
NO_ENTRY = _reason("T20", _R, "Pflichtangabe fehlt", "a required entry is missing", _CORRECT_REGISTER)
DASH_AS_ZERO = _reason("T20", _N, "Strich als Null gelesen", "dash read as zero")
MISSING_MARKER = _reason("T20", _N, "Fehlzeichen als unbekannt gelesen", "missing marker read as unknown")
VOID_RECORD = _reason("T21", _D, "Test- oder stornierter Fall", "test or cancelled record")
OTHER_PROGRAMME = _reason("T22", _D, "Beratung eines anderen Programms", "counselling of another programme")
ONE_OFF_CONTACT = _reason(
    "T22", _N, "als einmaliger Kontakt statt als Fall gezählt", "counted as one-off contact instead of a case"
)
NOT_POSITIVE = _reason("T22", _D, "keine positive Entscheidung", "no positive decision")
KNOWN_ELSEWHERE = _reason(
    "T23",
    _N,
    "Fall steht auch in einer anderen Quelle, einmal gezählt",
    "case stands in another source too, counted once",
)
OTHER_DATES_ELSEWHERE = _reason(
    "T23",
    _W,
    "andere Quelle nennt für den Fall andere Daten, die erste Quelle zählt",
    "another source has other dates for the case, the first source counts",
    _CHECK_SOURCE,
)
SAME_NUMBER_OTHER_PERSONS = _reason(
    "T23",
    _R,
    "Fallnummer einer anderen Quelle, aber keine gemeinsame Person",
    "case number of another source, but no person in common",
    _CORRECT_SOURCE,
)
LOOKS_THE_SAME = _reason(
    "T23",
    _W,
    "Fallnummer, Person und Beginn wie in einer getrennten Quelle, beide zählen",
    "case number, person and start as in a disjoint source, both count",
    Text(
        'Überschneiden sich die Quellen doch, in node.toml overlap = "match" setzen.',
        'If the sources do overlap, set overlap = "match" in node.toml.',
    ),
)
COUNTED_ELSEWHERE = _reason(
    "T24",
    _D,
    "Gemeinde, die eine andere Quelle zählt",
    "municipality that another source counts",
)
NO_MUNICIPALITY = _reason(
    "T24",
    _W,
    "keine Gemeinde genannt, obwohl andere Quellen eigene Gemeinden zählen",
    "no municipality given although other sources count municipalities of their own",
    Text("Den achtstelligen Gemeindeschlüssel exportieren.", "Export the municipality key of eight digits."),
)
TOTAL_DIFFERS = _reason(
    "T25",
    _W,
    "Summenzeile weicht von den gezählten Zeilen ab, die Zeilen zählen",
    "total row differs from the rows that count, the rows hold",
    _CHECK_REGISTER,
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
NO_REFERRALS = _reason(
    "T26",
    _W,
    "Spalte Weitervermittlung an fehlt, andere Quellen haben sie: nichts davon wird gezählt",
    "column Weitervermittlung an is missing, other sources have it: none of it is counted",
    Text("Die Spalte mit exportieren.", "Export the column too."),
    noun=COLUMN,
)
MERGED_CELLS = _reason(
    "T26",
    _W,
    "Wert einer verbundenen Zelle für jede ihrer Zeilen gelesen",
    "value of a merged cell read for each of its rows",
    Text("Verbundene Zellen in der Tabelle aufheben.", "Unmerge the cells of the sheet."),
)
COMPUTED_CELLS = _reason(
    "T27",
    _N,
    "berechnete Zellen mit ihrem letzten Wert gelesen",
    "computed cells read by their last value",
    noun=CELL,
)
ACTIVE_CONTENT = _reason(
    "T27", _N, "Formeln oder HTML im Text nie ausgeführt", "formulas or HTML in text never interpreted"
)
DATE_WITH_TIME = _reason(
    "T28", _N, "Uhrzeit beim Datum, Tag in Berlin zählt", "time of day, the date in Berlin counts"
)
PERIOD_LABEL = _reason("T29", _N, "Zeitraum in anderer Schreibweise gelesen", "period read in another form")
NO_YEAR = _reason(
    "T29",
    _R,
    "Haushaltsjahr fehlt oder ist nicht eindeutig",
    "budget year missing or ambiguous",
    _CORRECT_REGISTER,
)
POSTS_FORM = _reason(
    "T30", _N, "Stellenanteil in anderer Schreibweise gelesen", "share of a post read in another form"
)
POSTS_FROM_HOURS = _reason(
    "T30",
    _W,
    "Stunden mit der Wochenarbeitszeit in Stellen umgerechnet",
    "hours converted to posts by the weekly hours",
    _CHECK_REGISTER,
)
POSTS_DOUBTFUL = _reason(
    "T30",
    _W,
    "Punkt vor drei Ziffern als Dezimalpunkt gelesen",
    "point before three digits read as decimals",
    _CHECK_REGISTER,
)
POSTS_UNREADABLE = _reason(
    "T30",
    _R,
    "Stellenanteil fehlt oder ist unlesbar",
    "share of a post missing or unreadable",
    _CORRECT_REGISTER,
)
MORE_FILLED = _reason("T30", _W, "mehr besetzt als bewilligt", "more filled than funded", _CHECK_REGISTER)
