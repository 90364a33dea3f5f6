"""The sentences of a dossier, and how it writes numbers, dates and periods, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final

from node.dossier.document import Dossier, Entry
from node.dossier.sheets import Cell, Sheet
from protocol import nouns
from protocol.catalogue import Indicator
from protocol.errors import KimError
from protocol.nouns import CELL, ROW, Noun, whole
from protocol.observations import CellState
from protocol.periods import Period
from protocol.texts import Text

TITLE: Final = Text("Was verlässt das Haus", "What leaves the house")
STAYS_HERE: Final = Text(
    "Dieser Bogen bleibt im Haus, denn er nennt die Gründe der Sperrung. Geliefert wird für jede gesperrte "
    "Zelle dasselbe Zeichen ohne Wert.",
    "This paper stays in the house, for it gives the reasons for withholding. What is delivered is the same "
    "sign without a value for every withheld cell.",
)
AT_A_GLANCE: Final = Text("Auf einen Blick", "At a glance")
AREA: Final = Text("Berichtsraum", "Reporting area")
RECIPIENT: Final = Text("Empfänger", "Recipient")
SENDER: Final = Text("Absender", "Sender")
CATALOGUE: Final = Text("Katalog", "Catalogue")
OUTCOME: Final = Text("Ergebnis der Prüfung", "Outcome of the audit")
SKIP: Final = Text("Zum Inhalt", "Skip to content")
DELIVERY: Final = Text("Lieferung", "Delivery")
ANNEX: Final = Text("Anhang: Prüfung der Quelldaten", "Annex: quality of the source")
MADE: Final = Text("Erstellt", "Made")
DELIVERIES: Final = Text("Lieferungen", "Deliveries")
PERIOD: Final = Text("Zeitraum", "Period")
CELLS: Final = Text("Zellen", "Cells")
SHOWN: Final = Text("gezeigt", "shown")
ZEROS: Final = Text("davon null", "of which zero")
WITHHELD: Final = Text("gesperrt", "withheld")
WHY: Final = Text("Gesperrt, weil", "Withheld because")
SENSITIVE: Final = Text("davon schutzbedürftig", "of which sensitive")
AUDIT: Final = Text("Prüfung", "Audit")
STANDING: Final = Text("Stand", "Standing")
NOT_ENDED: Final = Text("Noch nicht zu Ende", "Not ended yet")
DIGEST: Final = Text("SHA-256 der gelieferten Bytes", "SHA-256 of the delivered bytes")
SIZE: Final = Text("Umfang", "Size")
METHOD: Final = Text("Schutz und Prüfung", "Protection and audit")
NOT_INCLUDED: Final = Text("Was das Haus nicht verlässt", "What does not leave the house")
NOT_INCLUDED_TEXT: Final = Text(
    "Einzelfälle, Namen, Fallnummern, Personen-IDs, Geburtsdaten, Bemerkungen und die in der Quarantäne "
    "liegenden Zeilen. Geliefert werden nur die unten stehenden Tabellen.",
    "Single cases, names, case numbers, person ids, dates of birth, remarks, and the rows in quarantine. "
    "Only the tables below are delivered.",
)
SOURCE: Final = Text("Woraus gezählt wurde", "What was counted")
FINDINGS: Final = Text("Befunde der Datenprüfung", "Findings of the quality check")
FINDING: Final = Text("Befund", "Finding")
TRAP: Final = Text("Regel", "Rule")
LOCAL_SOURCE: Final = Text("Quelle", "Source")
HANDLING: Final = Text("Behandlung", "Handling")
ROWS: Final = Text("Zeilen", "Rows")
LEGEND: Final = Text("Zeichenerklärung", "Legend")
MULTIPLE: Final = Text(
    "Mehrfachnennungen möglich: Die Zeilen ergeben zusammen mehr als die Gesamtzahl.",
    "Multiple answers: the lines together give more than the total.",
)
SIGNATURE: Final = Text("Zur Kenntnis genommen (Datenschutz)", "Noted (data protection)")
SIGNATURE_FIELDS: Final = (
    Text("Ort, Datum", "Place, date"),
    Text("Name", "Name"),
    Text("Unterschrift", "Signature"),
)
HIDDEN_SIGN: Final = Text("gesperrt", "withheld")
REASONS_ELSEWHERE: Final = Text(
    "Die Gründe stehen im Bogen dieser Lieferung", "The reasons stand in the paper of this delivery"
)
REASONS_LOST: Final = Text(
    "Die Gründe sind nicht mehr bekannt: Der Bogen dieser Lieferung fehlt.",
    "The reasons are not known any more: the paper of this delivery is missing.",
)

OVERVIEW: Final = Text("Übersicht nach Beständen", "Overview by dataset")
PERIODS: Final = Text("Zeitraum", "Period")
CONTENTS: Final = Text("Inhalt: die einzelnen Lieferungen", "Contents: the single deliveries")
REVISION: Final = Text("Fassung", "Revision")
CHANGED: Final = Text("Gegenüber der Fassung davor geändert", "Changed against the revision before")
SERIES_BREAK: Final = Text("Bruch in der Zeitreihe", "Break in the series")
NOT_COLLECTED: Final = Text("Nicht erhoben", "Not collected")
NOT_COLLECTED_HERE: Final = Text(
    "Nicht erhoben: Dafür hat die Kommune keine Quelle eingerichtet. In jeder Zelle steht „…“ (nicht "
    "geliefert), keine Zahl und keine Null.",
    "Not collected: the municipality has set up no source for it. Every cell says '…' (not delivered), no "
    "number and no zero.",
)
COLLECTED_ELSEWHERE: Final = Text(
    "Nicht hier: Das zählt die gemeinsame Behörde, für deren Gebiet eigens geliefert wird.",
    "Not here: the joint authority counts this, and its area has a delivery of its own.",
)
UNIT: Final = Text("Einheit", "Unit")
DOUBTS: Final = Text("Auffällig, bitte bestätigen", "Unlikely, please confirm")
DOUBTS_TEXT: Final = Text(
    "Diese Zahlen passen nicht zueinander oder weichen stark ab. Das kann richtig sein und hält keine "
    "Lieferung auf; der Hub fragt nach denselben Stellen.",
    "These figures do not fit together or differ much. That may be right and stops no delivery; the hub asks "
    "about the same places.",
)
EXPECTED: Final = Text("Erwartet", "Expected")
FIRST_CELL: Final = Text("Erste Stelle", "First place")
TABLES_ELSEWHERE: Final = Text(
    "Die Tabellen dieser Lieferungen stehen im Bogen: kim-node preview --html DATEI, oder für einen Zeitraum "
    "mit --period.",
    "The tables of these deliveries stand in the paper: kim-node preview --html FILE, or for one period with "
    "--period.",
)

BYTES: Final = Text("Byte", "bytes")
_NOT_DELIVERED: Final = Text("nicht erhoben, nicht geliefert", "not collected, not delivered")
_STAYING: Final = Noun(
    Text("verlässt das Haus nicht", "does not leave the house"),
    Text("verlassen das Haus nicht", "do not leave the house"),
)
VERDICTS: Final[Mapping[str, Text]] = {
    "safe": Text("sicher", "safe"),
    "unsafe": Text("nicht sicher", "not safe"),
    "unknown": Text("ohne Ergebnis", "undecided"),
}


def method(dossier: Dossier) -> Text:
    """Say in a few sentences how the figures are protected and how that was proven."""
    low, high = dossier.minima[0], dossier.minima[-1]
    more_de = f" (bei besonders geschützten Merkmalen {high})" if high != low else ""
    more_en = f" ({high} for specially protected attributes)" if high != low else ""
    amounts_de = amounts_en = ""
    if dossier.holds_amounts:
        amounts_de = (
            " Gesperrt sind auch Stellen und Geldbeträge, hinter denen zu wenige Träger stehen oder an denen "
            "einer von ihnen so überwiegt, dass sein Anteil zu genau zu schätzen wäre."
        )
        amounts_en = (
            " Posts and amounts of money are withheld too if too few carriers stand behind them, or if one "
            "of them prevails so much that its share could be estimated too closely."
        )
    return Text(
        f"Gesperrt ist jede Zahl, hinter der weniger als {low} Fälle oder Personen stehen{more_de}, und dazu "
        "so viele weitere Zellen, dass sich keine davon aus Summen, verwandten Tabellen oder früheren "
        f"Lieferungen errechnen lässt.{amounts_de} Ein zweites, unabhängiges Verfahren prüft das an genau "
        "den Bytes, die das Haus verlassen sollen, und nur was es als sicher bestätigt, wird unterschrieben: "
        "Auch wer alle veröffentlichten Zahlen und die Regeln kennt, kann dann keine schutzbedürftige Zahl "
        "genau bestimmen (Stufe S1).",
        f"Every number behind which fewer than {low} cases or persons stand{more_en} is withheld, and as "
        "many further cells as it takes to keep any of them from being computed from totals, related tables "
        f"or earlier deliveries.{amounts_en} A second, independent method checks this on the very bytes that "
        "are to leave the house, and only what it confirms as safe is signed: then even who knows all "
        "published numbers and the rules cannot determine any sensitive number exactly (level S1).",
    )


def label(entry: Entry, language: str) -> str:
    """Name a delivery: dataflow, period, and the area if it is not the node's own."""
    parts = [entry.dataset.in_(language), period_label(entry.period, language)]
    parts += [entry.area.in_(language)] if entry.area is not None else []
    return ", ".join(parts)


def history(entry: Entry, language: str) -> list[tuple[Text, str]]:
    """Say what a delivery follows: its revision if it is a correction, and a break of the series."""
    facts: list[tuple[Text, str]] = []
    if entry.revision is not None and entry.revision > 1:
        facts.append((REVISION, str(entry.revision)))
    if entry.changed_cells and entry.problem is None:
        facts.append((CHANGED, CELL.counted(entry.changed_cells).in_(language)))
    if entry.series_break is not None:
        facts.append((SERIES_BREAK, entry.series_break))
    return facts


def outcome(dossier: Dossier) -> Text:
    """Say how many deliveries the audit found safe, and how many do not leave."""
    safe = sum(entry.sheet is not None and entry.verdict == "safe" for entry in dossier.entries)
    found, staying = nouns.DELIVERY.counted(safe), len(dossier.entries) - safe
    if not staying:
        return Text(f"{found.de} sicher", f"{found.en} safe")
    others = _STAYING.counted(staying)
    return Text(f"{found.de} sicher; {others.de}", f"{found.en} safe; {others.en}")


def cells(sheet: Sheet) -> Text:
    """Say how many cells a delivery has, shows and withholds."""
    withheld = sheet.cells.get(CellState.SUPPRESSED, 0)

    def sentence(language: str) -> str:
        size = sheet.size - sheet.cells.get(CellState.NOT_DELIVERED, 0)
        numbers = [whole(n, language) for n in (size, size - withheld, withheld)]
        return "{}: {} {shown}, {} {hidden}".format(
            *numbers, shown=SHOWN.in_(language), hidden=WITHHELD.in_(language)
        )

    return Text(sentence("de"), sentence("en"))


def jointly(linked: int) -> Text:
    """Say how many other deliveries an audit took into account."""
    return Text(
        f"gemeinsam mit {linked} anderen Lieferungen"
        if linked > 1
        else "gemeinsam mit einer anderen Lieferung",
        f"jointly with {linked} other deliveries" if linked > 1 else "jointly with one other delivery",
    )


def source(dossier: Dossier) -> Text:
    """Say what became of the rows of all sources."""
    counts, rows = dossier.counts, ROW.counted(dossier.counts.read)
    aside, dropped = ROW.counted(counts.quarantined), ROW.counted(counts.dropped)
    return Text(
        f"{rows.de} gelesen: {', '.join(text.de for text in dossier.counted)}. In der örtlichen Quarantäne: "
        f"{aside.de}. Nicht aus dem Programm oder kein Fall: {dropped.de}.",
        f"{rows.en} read: {', '.join(text.en for text in dossier.counted)}. In the local quarantine: "
        f"{aside.en}. Not of the programme or no case: {dropped.en}.",
    )


def waiting(dossier: Dossier, language: str) -> list[tuple[Text, str]]:
    """Name the first periods that had not ended: one fact, none if there is no such period."""
    if not dossier.not_ended:
        return []
    first_end = dossier.not_ended[0].last_day
    first = [period for period in dossier.not_ended if period.last_day == first_end]
    if len(first) == len(dossier.not_ended):
        return [(NOT_ENDED, ", ".join(period_label(period, language) for period in first))]
    name = period_label(first[0], language)
    return [(NOT_ENDED, Text(f"ab dem {name}", f"{name} and later").in_(language))]


def what_to_do(error: KimError) -> Text:
    """Say what happened this time, where that is more than the title, and what to do about it."""
    detail, remedy = error.detail, error.remedy
    if detail == error.problem.title:
        return remedy
    return Text(f"{detail.de} {remedy.de}", f"{detail.en} {remedy.en}")


def legend(dossier: Dossier) -> tuple[tuple[str, Text], ...]:
    """Signs of the tables with their meaning, and the letters of the reasons where there are any."""
    signs = [(state.sign, state.label) for state in (CellState.ZERO, CellState.SUPPRESSED)]
    missing = CellState.NOT_DELIVERED
    if any(entry.sheet is not None and missing in entry.sheet.cells for entry in dossier.entries):
        signs.append((missing.sign, _NOT_DELIVERED))
    notes = sorted(dossier.reasons, key=lambda note: note.letter)
    return (*signs, *((note.letter, note.text) for note in notes))


def missing(indicator: Indicator, entry: Entry, dossier: Dossier) -> Text | None:
    """Say why an indicator has no figures; None if that needs no word.

    A delivery for a joint authority holds what it decides, and nobody expects anything else there.
    """
    if entry.area is not None:
        return None
    return NOT_COLLECTED_HERE if indicator.name in dossier.not_collected else COLLECTED_ELSEWHERE


def reasons_elsewhere(entry: Entry) -> bool:
    """Whether cells are withheld for reasons that only the paper of this delivery has."""
    sheet = entry.sheet
    return (
        entry.paper is not None
        and sheet is not None
        and not sheet.reasons
        and CellState.SUPPRESSED in sheet.cells
    )


def why(entry: Entry, language: str) -> str:
    """Say how many cells are withheld for which reason, or where that stands; empty if none is withheld."""
    sheet = entry.sheet
    if sheet is None or CellState.SUPPRESSED not in sheet.cells:
        return ""
    if entry.paper is not None and reasons_elsewhere(entry):
        return f"{REASONS_ELSEWHERE.in_(language)}: {paper_name(entry.paper)}"
    counted = (
        f"{whole(number, language)} {note.letter} ({note.text.in_(language)})"
        for note, number in sheet.reasons.items()
    )
    return "; ".join(counted) or REASONS_LOST.in_(language)


def paper_name(paper: Path) -> str:
    """Name a paper as it is found in the node's folder."""
    return f"{paper.parent.name}/{paper.name}"


def figure(cell: Cell, *, decimals: int, language: str) -> str:
    """Write what stands in a cell: the value, or the sign of its state."""
    if cell.state is CellState.VALUE and cell.value is not None:
        return _scaled(cell.value, decimals, language)
    return cell.state.sign


def period_label(period: Period, language: str) -> str:
    """Write a period out: ``4. Quartal 2024``."""
    if period.quarter is None:
        return f"{period.year}" if language == "en" else f"Jahr {period.year}"
    quarter = period.quarter
    return f"Q{quarter} {period.year}" if language == "en" else f"{quarter}. Quartal {period.year}"


def short_period(period: Period) -> str:
    """Write a period as short as a table needs it, in both languages: ``Q4 2024``, ``2025``."""
    return str(period.year) if period.quarter is None else f"Q{period.quarter} {period.year}"


def days(period: Period, language: str) -> str:
    """Write the first and last day of a period."""
    return f"{day(period.first_day, language)} – {day(period.last_day, language)}"


def day(moment: date, language: str) -> str:
    """Write a date: ``05.10.2026``, English ``5 October 2026``-like ISO form."""
    return moment.isoformat() if language == "en" else f"{moment:%d.%m.%Y}"


def instant(moment: datetime, language: str) -> str:
    """Write a local date and time."""
    return f"{day(moment.date(), language)}, {moment:%H:%M}" + (" Uhr" if language != "en" else "")


def _scaled(value: int, decimals: int, language: str) -> str:
    sign = "−" if value < 0 else ""
    units, rest = divmod(abs(value), 10**decimals)
    point = "." if language == "en" else ","
    return f"{sign}{whole(units, language)}" + (f"{point}{rest:0{decimals}d}" if decimals else "")
