"""What a node counts, as a person names it."""

from __future__ import annotations

from typing import Final

from protocol.nouns import Noun
from protocol.texts import Text

CASE: Final = Noun(Text("Fall", "case"), Text("Fälle", "cases"))
PERSON: Final = Noun(Text("Person", "person"), Text("Personen", "persons"))
CONTACT: Final = Noun(
    Text("einmaliger Kontakt", "one-off contact"), Text("einmalige Kontakte", "one-off contacts")
)
COLUMN: Final = Noun(Text("Spalte", "column"), Text("Spalten", "columns"))
ENTRY: Final = Noun(Text("Angabe", "entry"), Text("Angaben", "entries"))
CORRECTION: Final = Noun(Text("Korrektur", "correction"), Text("Korrekturen", "corrections"))
RECEIPT: Final = Noun(Text("Quittung", "receipt"), Text("Quittungen", "receipts"))
DAY: Final = Noun(Text("Tag", "day"), Text("Tage", "days"))
DOUBT: Final = Noun(Text("Auffälligkeit", "unlikely figure"), Text("Auffälligkeiten", "unlikely figures"))
POST: Final = Noun(Text("Stelle", "post"), Text("Stellen", "posts"))
BOOKING: Final = Noun(Text("Buchung", "booking"), Text("Buchungen", "bookings"))
ISSUE: Final = Noun(Text("Strukturthema", "structural issue"), Text("Strukturthemen", "structural issues"))
DECISION: Final = Noun(Text("Entscheidung", "decision"), Text("Entscheidungen", "decisions"))
