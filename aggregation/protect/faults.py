"""What can be wrong with a statistician's files: stable codes, each with its remedy.

A file is read to its end and everything found is reported together, in the order of the file. A place is
``file:line:column``; a text may name a code of a hierarchy, never a figure.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

_MANY: Final = 20


class Fault(Enum):
    """A rule that a file breaks: the problem it belongs to, and what helps."""

    # STRUCTURE.yaml
    YAML = ("structure_invalid", Text("Die YAML-Schreibweise berichtigen.", "Correct the YAML notation."))
    UNKNOWN_KEY = (
        "structure_invalid",
        Text(
            "Den Schlüssel berichtigen oder streichen.",
            "Correct or remove the key.",
        ),
    )
    DOUBLE_KEY = ("structure_invalid", Text("Jeden Schlüssel einmal nennen.", "Name each key once."))
    MISSING_KEY = ("structure_invalid", Text("Die fehlende Angabe ergänzen.", "Add what is missing."))
    WRONG_VALUE = (
        "structure_invalid",
        Text(
            "Einsetzen, was dort erwartet wird.",
            "Put in what is expected there.",
        ),
    )
    UNKNOWN_DIMENSION = (
        "structure_invalid",
        Text(
            "Nur Dimensionen verwenden, die unter „dimensions“ stehen.",
            "Use only dimensions that stand under 'dimensions'.",
        ),
    )
    NO_TOTAL = (
        "structure_invalid",
        Text(
            "Die Dimension in jeder Tabelle nennen oder ihrer Hierarchie einen Gesamtcode geben.",
            "Name the dimension in every table, or give its hierarchy a total.",
        ),
    )
    WRONG_RULE = (
        "structure_invalid",
        Text(
            "Zahlen: min_contributors und zero_publishable. Werte: min_contributors, dominance, "
            "min_protection_percent.",
            "Frequencies: min_contributors and zero_publishable. Magnitudes: min_contributors, "
            "dominance, min_protection_percent.",
        ),
    )
    TOO_MANY_CELLS = ("structure_invalid", Text("Die Tabellen gröber gliedern.", "Publish coarser tables."))
    # hierarchies
    HIERARCHY_EMPTY = ("hierarchy_invalid", Text("Mindestens einen Code nennen.", "Name at least one code."))
    HIERARCHY_TWO_PARENTS = (
        "hierarchy_invalid",
        Text(
            "Den Code nur unter einem anderen führen; eine zweite Gliederung ist eine eigene Dimension.",
            "Put the code below one other only; a second classification is a dimension of its own.",
        ),
    )
    HIERARCHY_CODE_TWICE = (
        "hierarchy_invalid",
        Text(
            "Die doppelte Zeile streichen.",
            "Remove the line that repeats.",
        ),
    )
    HIERARCHY_CYCLE = (
        "hierarchy_invalid",
        Text(
            "Eine der Zeilen des Kreises streichen oder berichtigen.",
            "Remove or correct one of the lines of the cycle.",
        ),
    )
    HIERARCHY_ORPHAN = (
        "hierarchy_invalid",
        Text(
            "Den Code selbst unter einen anderen stellen, oder als obersten Code nennen (parent leer).",
            "Put the code itself below another one, or name it as a top code (empty parent).",
        ),
    )
    HIERARCHY_LEVEL = (
        "hierarchy_invalid",
        Text(
            "Jede Zeile höchstens eine Ebene tiefer einrücken als die Zeile davor.",
            "Put each line at most one level deeper than the line before.",
        ),
    )
    HIERARCHY_HEADER = (
        "hierarchy_invalid",
        Text(
            "Als erste Zeile parent,child schreiben; dann je Zeile den oberen und den unteren Code.",
            "Make parent,child the first line; then, line by line, the code above and the code below it.",
        ),
    )
    HIERARCHY_LINE = (
        "hierarchy_invalid",
        Text(
            "Die Zeile in die Form des Formats bringen.",
            "Bring the line into the form of the format.",
        ),
    )
    # CELLS.csv, OUT.csv
    EMPTY_TABLE = (
        "cells_invalid",
        Text(
            "Die Datei braucht eine Kopfzeile und mindestens eine Zeile mit Werten.",
            "The file needs a header and at least one line with figures.",
        ),
    )
    UNKNOWN_COLUMN = (
        "cells_invalid",
        Text(
            "Die Spalte so nennen wie in STRUCTURE.yaml, oder die Angabe dort ändern.",
            "Name the column as in STRUCTURE.yaml, or change the entry there.",
        ),
    )
    DOUBLE_COLUMN = (
        "cells_invalid",
        Text(
            "Jeden Spaltennamen einmal verwenden.",
            "Use each column name once.",
        ),
    )
    WRONG_LENGTH = (
        "cells_invalid",
        Text(
            "Texte mit Trennzeichen in Anführungszeichen setzen; jede Zeile hat so viele Felder wie die "
            "Kopfzeile.",
            "Quote texts that hold the separator; every line has as many fields as the header.",
        ),
    )
    UNKNOWN_CODE = (
        "cells_invalid",
        Text(
            "Den Code berichtigen oder in die Hierarchie aufnehmen; Groß- und Kleinschreibung und "
            "Leerzeichen zählen.",
            "Correct the code or add it to the hierarchy; case and blanks count.",
        ),
    )
    NO_SUCH_CELL = (
        "cells_invalid",
        Text(
            "Die Zeile streichen oder unter „tables“ eine Tabelle aufnehmen, die sie zeigt.",
            "Remove the line, or add a table that shows it under 'tables'.",
        ),
    )
    DUPLICATE_CELL = (
        "cells_invalid",
        Text(
            "Die Zellen zusammenzählen oder die doppelte Zeile streichen; Einzelangaben brauchen "
            "„contributor“.",
            "Add the cells up or remove the line that repeats; records of contributors need 'contributor'.",
        ),
    )
    NOT_A_NUMBER = (
        "cells_invalid",
        Text(
            "Eine Zahl ohne Tausendertrennzeichen einsetzen.",
            "Put in a number without thousands separators.",
        ),
    )
    NO_VALUE = (
        "cells_invalid",
        Text(
            "Den Wert einsetzen; wo niemand gezählt wurde, eine 0. Gesperrte Werte gehören nicht in "
            "CELLS.csv.",
            "Put in the value, and 0 where nobody was counted. Withheld values do not belong into CELLS.csv.",
        ),
    )
    NEGATIVE = (
        "cells_invalid",
        Text(
            "Anzahlen sind nie negativ; negative Werte brauchen Einzelangaben der Beitragenden "
            "(„contributor“).",
            "Counts are never negative; negative magnitudes need the records of contributors "
            "('contributor').",
        ),
    )
    FRACTION = (
        "cells_invalid",
        Text(
            "Anzahlen sind ganze Zahlen; sonst kind: magnitude.",
            "Counts are whole numbers; otherwise set kind: magnitude.",
        ),
    )
    TOO_LARGE = ("cells_invalid", Text("In größeren Einheiten rechnen.", "Use larger units."))
    MARGIN = (
        "cells_invalid",
        Text(
            "Die Summe berichtigen oder weglassen: fehlende Summen werden berechnet.",
            "Correct the total or leave it out: missing totals are computed.",
        ),
    )
    SHARED_TOTALS = (
        "cells_invalid",
        Text(
            "Fehlen Zeilen? Jede Tabelle braucht alle ihre untersten Zellen (eine ohne Zeile zählt als 0), "
            "und alle müssen vom selben Stand sein.",
            "Are lines missing? Every table needs all its lowest cells (one without a line counts as 0), and "
            "all have to be of the same vintage.",
        ),
    )
    INCOMPLETE_PARTS = (
        "cells_invalid",
        Text(
            "Alle Zellen der untersten Ebene liefern; Summen allein genügen nicht.",
            "Give all cells of the lowest level; totals alone do not suffice.",
        ),
    )
    CONTRIBUTOR_COLUMN = (
        "cells_invalid",
        Text(
            "Bei Einzelangaben in STRUCTURE.yaml unter „contributor“ die Spalte der Beitragenden nennen; "
            "sonst braucht die Tabelle die Spalten contributors, top1 und top2.",
            "With records, name the column of the contributors under 'contributor' in STRUCTURE.yaml; "
            "otherwise the table needs the columns contributors, top1 and top2.",
        ),
    )
    CONTRIBUTORS = (
        "cells_invalid",
        Text(
            "Anzahl und größte Beiträge so angeben, dass sie zum Wert passen: top1 ist nie kleiner als top2.",
            "Give number and largest contributions so that they fit the value: top1 is never less than top2.",
        ),
    )
    COST = ("cells_invalid", Text("Kosten sind Zahlen ab 0.", "Costs are numbers from 0 on."))
    STATUS = (
        "cells_invalid",
        Text(
            "conf_status F mit Wert, C ohne Wert; andere Zeichen für gesperrte Werte durch leere Felder "
            "ersetzen.",
            "conf_status F with a value, C without; replace other marks of withheld values by empty fields.",
        ),
    )
    MISSING_CELL = (
        "cells_invalid",
        Text(
            "Jede Zelle nennen: mit ihrem Wert, oder leer und mit conf_status C.",
            "Name every cell: with its value, or empty and with conf_status C.",
        ),
    )
    OTHER_VALUE = (
        "cells_invalid",
        Text(
            "Prüfen, ob beide Dateien zum selben Stand gehören.",
            "Check that both files belong to the same vintage.",
        ),
    )
    # convert
    UNKNOWN_FORMAT = (
        "file_unreadable",
        Text(
            "Das Format mit --from oder --to nennen.",
            "Name the format with --from or --to.",
        ),
    )
    JJ = (
        "file_unreadable",
        Text(
            "Die Datei neu aus tau-ARGUS oder sdcTable schreiben.",
            "Write the file anew with tau-ARGUS or sdcTable.",
        ),
    )
    NOT_EXPRESSIBLE = (
        "file_unreadable",
        Text(
            "Ein Format wählen, das es ausdrücken kann (csv).",
            "Choose a format that can express it (csv).",
        ),
    )

    @property
    def problem(self) -> str:
        """The code of the problem it belongs to."""
        return str(self.value[0])

    @property
    def code(self) -> str:
        """Its own stable code."""
        return self.name.lower()

    @property
    def remedy(self) -> Text:
        """What helps."""
        remedy: Text = self.value[1]
        return remedy


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file.

    Attributes:
        file: its name, as it was given.
        line: line, from 1; 0 if it is about the whole file.
        column: name or number of the column; empty if it is about the whole line.
    """

    file: str
    line: int = 0
    column: str = ""

    def __str__(self) -> str:
        """Return the place the way compilers write it."""
        return ":".join(part for part in (self.file, str(self.line or ""), self.column) if part)


@dataclass(slots=True)
class Faults:
    """Collects what is wrong with some files."""

    found: list[tuple[Fault, ErrorItem]] = field(default_factory=list)

    def add(self, fault: Fault, place: Place, text: Text) -> None:
        """Note something; what comes first decides code and remedy of the refusal."""
        self.found.append((fault, ErrorItem(str(place), fault.code, text)))

    def stop(self) -> None:
        """Refuse if anything was noted.

        Raises:
            KimError: the problem of the first one, with all places.
        """
        if self.found:
            raise self.refusal()

    def refusal(self) -> KimError:
        """Return the refusal of what was noted."""
        first, item = self.found[0]
        more = len(self.found) - _MANY
        detail = Text(f"{item.pointer}: {item.text.de}", f"{item.pointer}: {item.text.en}")
        if more > 0:
            detail = Text(
                f"{detail.de} Und {more} weitere Stellen, die hier nicht gezeigt werden.",
                f"{detail.en} And {more} further places that are not shown here.",
            )
        items = [item for _, item in self.found[:_MANY]]
        return kim_error(first.problem, detail, pointer=item.pointer, errors=items, remedy=first.remedy)


def refusal(fault: Fault, place: Place, text: Text) -> KimError:
    """Return the refusal of one fault."""
    faults = Faults()
    faults.add(fault, place, text)
    return faults.refusal()


def meant(word: str, known: Iterable[str]) -> Text | None:
    """Return a hint at the nearest known word, if one is near."""
    words = list(known)
    same = [other for other in words if other.strip().casefold() == word.strip().casefold()]
    near = same or difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return Text(f" Gemeint „{near[0]}“?", f" Did you mean '{near[0]}'?") if near else None


def with_choice(text: Text, word: str, known: Iterable[str]) -> Text:
    """Return a text with a hint at the nearest known word behind it, or at all of them if none is near."""
    words = list(known)
    listed = ", ".join(words)
    hint = meant(word, words) or Text(f" Möglich: {listed}.", f" Possible: {listed}.")
    return Text(text.de + hint.de, text.en + hint.en)


def with_hint(text: Text, word: str, known: Iterable[str]) -> Text:
    """Return a text with that hint behind it."""
    hint = meant(word, known)
    return text if hint is None else Text(text.de + hint.de, text.en + hint.en)
