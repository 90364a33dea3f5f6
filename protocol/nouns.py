"""Numbers and what they count, as a person writes them: `1.234 Zeilen`, `1 row`.

Nouns stand here that hub, node and kim-verify share; it deliberately knows none of one program alone.
"""

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


#: Entries of the log after "mit": "den Stand mit 3 Einträgen".
WITH_ENTRIES: Final = Noun(Text("Eintrag", "entry"), Text("Einträgen", "entries"))
ENTRY: Final = Noun(Text("Eintrag", "entry"), Text("Einträge", "entries"))
TABLE: Final = Noun(Text("Tabelle", "table"), Text("Tabellen", "tables"))
FILE: Final = Noun(Text("Datei", "file"), Text("Dateien", "files"))
DELIVERY: Final = Noun(Text("Lieferung", "delivery"), Text("Lieferungen", "deliveries"))
ROW: Final = Noun(Text("Zeile", "row"), Text("Zeilen", "rows"))
NODE: Final = Noun(Text("Knoten", "node"), Text("Knoten", "nodes"))
OTHER_NODE: Final = Noun(Text("anderer Knoten", "other node"), Text("andere Knoten", "other nodes"))
OUTSIDE_WITNESS: Final = Noun(
    Text("Zeuge von außen", "outside witness"), Text("Zeugen von außen", "outside witnesses")
)
CELL: Final = Noun(Text("Zelle", "cell"), Text("Zellen", "cells"))
