"""Numbers and what they count, as a person writes them: `1.234 Zeilen`, `1 row`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocol.texts import Text


def whole(number: int, language: str) -> str:
    """Write a whole number with thousands separators: ``1.234``, English ``1,234``."""
    text = f"{number:,}"
    return text if language == "en" else text.replace(",", ".")


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted: one of it, and any other number of it."""

    one: Text
    many: Text

    def for_(self, number: int) -> Text:
        """Return the form that goes with ``number``."""
        return self.one if number == 1 else self.many

    def counted(self, number: int) -> Text:
        """Return number and noun."""
        noun = self.for_(number)
        return Text(f"{whole(number, 'de')} {noun.de}", f"{whole(number, 'en')} {noun.en}")


ROW: Final = Noun(Text("Zeile", "row"), Text("Zeilen", "rows"))
CASE: Final = Noun(Text("Fall", "case"), Text("Fälle", "cases"))
PERSON: Final = Noun(Text("Person", "person"), Text("Personen", "persons"))
CONTACT: Final = Noun(
    Text("einmaliger Kontakt", "one-off contact"), Text("einmalige Kontakte", "one-off contacts")
)
COLUMN: Final = Noun(Text("Spalte", "column"), Text("Spalten", "columns"))
CELL: Final = Noun(Text("Zelle", "cell"), Text("Zellen", "cells"))
ENTRY: Final = Noun(Text("Angabe", "entry"), Text("Angaben", "entries"))
DELIVERY: Final = Noun(Text("Lieferung", "delivery"), Text("Lieferungen", "deliveries"))
CORRECTION: Final = Noun(Text("Korrektur", "correction"), Text("Korrekturen", "corrections"))
RECEIPT: Final = Noun(Text("Quittung", "receipt"), Text("Quittungen", "receipts"))
DAY: Final = Noun(Text("Tag", "day"), Text("Tage", "days"))
DOUBT: Final = Noun(Text("Auffälligkeit", "unlikely figure"), Text("Auffälligkeiten", "unlikely figures"))
POST: Final = Noun(Text("Stelle", "post"), Text("Stellen", "posts"))
BOOKING: Final = Noun(Text("Buchung", "booking"), Text("Buchungen", "bookings"))
ISSUE: Final = Noun(Text("Strukturthema", "structural issue"), Text("Strukturthemen", "structural issues"))
DECISION: Final = Noun(Text("Entscheidung", "decision"), Text("Entscheidungen", "decisions"))
