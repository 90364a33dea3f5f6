"""Errors of registers: cells and facts change together, and what is refused does not count."""

from __future__ import annotations

import csv
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from hub.demo.lists.register_clerk import FUNDS, RegisterClerk, RegisterRow
from hub.demo.lists.register_file import write_register
from hub.demo.traps import registers as register_traps
from hub.demo.traps.registers import RegisterTrap
from hub.demo.words.area_keys import AreaKeys
from hub.demo.world.programme import Booking, Carrier, Decision, Issue, PostSpan
from protocol.regions import AACHEN_CITY, AACHEN_REST, reporting_area

CARRIER = Carrier("T01", "Kreisverwaltung", "OWN")
POST = PostSpan("S-001", "B2", CARRIER, 50, 50, date(2024, 1, 1), None)
BOOKING = Booking(2025, "B2", "STAFF", CARRIER, 57_123_45, 0, date(2025, 1, 15))
ISSUE = Issue("HOUS", "IDENT", date(2025, 2, 3))
DECISION = Decision("NAT", "F", date(2025, 2, 3))
KREIS = reporting_area("NW05382")


@pytest.fixture
def rng() -> random.Random:
    return random.Random(3)


@pytest.fixture
def clerk(rng: random.Random) -> RegisterClerk:
    return RegisterClerk(rng, {})


def row_of(fact: Any, clerk: RegisterClerk, rng: random.Random) -> RegisterRow[Any]:
    if isinstance(fact, PostSpan):
        return clerk.posts([fact])[0]
    if isinstance(fact, Booking):
        return clerk.bookings([fact])[0]
    if isinstance(fact, Issue):
        return clerk.issues([fact])[0]
    return clerk.decisions([fact], [AreaKeys(KREIS, rng)], authority="ABH")[0]


ALL = [
    *((POST, trap) for trap in register_traps.POSTS),
    *((BOOKING, trap) for trap in register_traps.FUNDS),
    *((ISSUE, trap) for trap in register_traps.ISSUES),
    *((DECISION, trap) for trap in register_traps.decision_traps([AreaKeys(KREIS, random.Random(1))])),
]


@pytest.mark.parametrize(("fact", "trap"), ALL)
def test_a_trap_changes_cells_and_says_what_must_be_found(
    fact: Any, trap: RegisterTrap, clerk: RegisterClerk, rng: random.Random
) -> None:
    row = row_of(fact, clerk, rng)
    before = dict(row.cells)
    assert trap.plant(row, rng)
    assert row.cells != before
    ((_, letter),) = row.marks
    assert (row.facts is None) == (letter in ("R", "D"))


def test_a_trap_that_does_not_fit_leaves_the_row_alone(clerk: RegisterClerk, rng: random.Random) -> None:
    row = row_of(PostSpan("S-1", "B2", CARRIER, 100, 100, date(2024, 1, 1), None), clerk, rng)
    before = dict(row.cells)
    assert not register_traps.part_of_a_post(row, rng)
    assert not register_traps.hours_of_a_post(row, rng)
    assert (row.cells, row.marks) == (before, [])


def test_thousands_that_may_be_decimals_are_whole_euros(clerk: RegisterClerk, rng: random.Random) -> None:
    row = row_of(BOOKING, clerk, rng)
    assert register_traps.ambiguous_amount(row, rng)
    assert (row.cells["bewilligt"], row.facts.granted) == ("57.123", 57_123_00)


def test_keys_that_cannot_tell_the_parts_of_aachen_apart_are_right_for_a_joint_authority() -> None:
    both = [AreaKeys(reporting_area(area), random.Random(5)) for area in (AACHEN_CITY, AACHEN_REST)]
    rng = random.Random(5)
    written = set()
    for trap in register_traps.decision_traps(both):
        for _ in range(20):
            row: RegisterRow[Any] = RegisterRow({"Wohnort-AGS": "05334002", "Datum": DECISION.day}, DECISION)
            trap.plant(row, rng)
            if ("T07", "R") in row.marks:
                written.add(row.cells["Wohnort-AGS"])
    assert written == {"05313", "05354"}


class TestFiles:
    def rows(self) -> list[RegisterRow[Booking]]:
        return RegisterClerk(random.Random(1), {}).bookings([BOOKING] * 400)

    def test_csv_is_what_a_spreadsheet_saves(self, tmp_path: Path) -> None:
        path = tmp_path / "mittel.csv"
        findings = write_register(
            path, FUNDS, self.rows(), random.Random(2), day=date(2026, 10, 5), total={"bewilligt": 12.5}
        )
        text = path.read_bytes().decode("utf-8-sig")
        lines = text.split("\r\n")
        assert lines[:2] == ["sep=;", '"Stand 05.10.2026"']
        table = list(csv.reader(lines[3:-1], delimiter=";"))
        assert table[0] == list(FUNDS)
        assert table[1][5:] == ["57123,45", "0,00", "15.01.2025"]
        assert table[-1][0] == "Summe"
        assert table[-1][5] == "12,50"
        assert findings == {("T02", "N"): 3, ("T03", "D"): len(table) - 401}

    def test_a_spreadsheet_holds_numbers_and_dates(self, tmp_path: Path) -> None:
        path = tmp_path / "mittel.xlsx"
        rows = self.rows()
        rows[0].cells["Beleg"] = "=1+1"
        write_register(path, FUNDS, rows, random.Random(2), day=date(2026, 10, 5), total={})
        sheet = load_workbook(path).active
        assert sheet is not None
        table = list(sheet.iter_rows(values_only=True))
        assert table[0][0] == "Stand 05.10.2026"
        assert table[2] == FUNDS
        assert table[3][0] == "=1+1"
        assert sheet["A4"].data_type == "s"
        assert table[4][5] == 57123.45
        assert table[4][7].date() == BOOKING.day  # type: ignore[union-attr]
