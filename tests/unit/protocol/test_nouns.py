"""Numbers with what they count: one of it is singular in both languages, none and many are plural."""

import pytest

from protocol.nouns import (
    CELL,
    DELIVERY,
    ENTRY,
    FILE,
    OTHER_NODE,
    OUTSIDE_WITNESS,
    ROW,
    TABLE,
    WITH_ENTRIES,
    Noun,
    whole,
)


@pytest.mark.parametrize(
    ("noun", "one", "many"),
    [
        (CELL, ("1 Zelle", "1 cell"), ("2 Zellen", "2 cells")),
        (DELIVERY, ("1 Lieferung", "1 delivery"), ("2 Lieferungen", "2 deliveries")),
        (ENTRY, ("1 Eintrag", "1 entry"), ("2 Einträge", "2 entries")),
        (WITH_ENTRIES, ("1 Eintrag", "1 entry"), ("2 Einträgen", "2 entries")),
        (OTHER_NODE, ("1 anderer Knoten", "1 other node"), ("2 andere Knoten", "2 other nodes")),
        (
            OUTSIDE_WITNESS,
            ("1 Zeuge von außen", "1 outside witness"),
            ("2 Zeugen von außen", "2 outside witnesses"),
        ),
        (FILE, ("1 Datei", "1 file"), ("2 Dateien", "2 files")),
        (ROW, ("1 Zeile", "1 row"), ("2 Zeilen", "2 rows")),
        (TABLE, ("1 Tabelle", "1 table"), ("2 Tabellen", "2 tables")),
    ],
)
def test_one_is_singular_and_two_are_plural(noun: Noun, one: tuple[str, str], many: tuple[str, str]) -> None:
    assert (noun.counted(1).de, noun.counted(1).en) == one
    assert (noun.counted(2).de, noun.counted(2).en) == many


def test_none_is_plural_and_thousands_are_separated_as_each_language_does() -> None:
    assert (CELL.counted(0).de, CELL.counted(0).en) == ("0 Zellen", "0 cells")
    assert (ROW.counted(1234).de, ROW.counted(1234).en) == ("1.234 Zeilen", "1,234 rows")
    assert (whole(1234567, "de"), whole(1234567, "en")) == ("1.234.567", "1,234,567")
