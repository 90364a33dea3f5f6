"""The errors of registers, planted into clean rows together with what they must become.

Purpose: as `cases` does for those: each function changes the cells of one row and the facts of the same row
to what the expected handling gives, and expects the finding the node must report.

Invariants: a row gets at most one trap; `R` and `D` take the row out, `N` and `W` keep it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from hub.demo.lists.records import Finding
from hub.demo.lists.register_clerk import Cell, RegisterRow
from hub.demo.words.area_keys import HISTORIC_KEYS, AreaKeys
from hub.demo.words.dates import serial, short
from hub.demo.world.programme import Booking, Decision, Issue, PostSpan

_IMPOSSIBLE: Final = ("31.02.2025", "32.01.2025", "15.13.2025", "00.00.2025")
_TAKES_OUT: Final = ("R", "D")


@dataclass(frozen=True, slots=True)
class RegisterTrap:
    """One error: share of rows that have it, and the function that plants it or says that it does not fit.

    ``text_only``: it is one in a text file only, because cells of a spreadsheet have their own form.
    """

    share: float
    plant: Callable[[RegisterRow[Any], random.Random], bool]
    text_only: bool = False


def spoil(row: RegisterRow[Any], cells: Mapping[str, Cell], finding: Finding) -> bool:
    """Change cells of one row and expect a finding; return True: the trap is planted."""
    row.cells.update(cells)
    row.marks.append(finding)
    if finding[1] in _TAKES_OUT:
        row.facts = None
    return True


def plant_traps(rows: Sequence[RegisterRow[Any]], traps: Sequence[RegisterTrap], rng: random.Random) -> None:
    """Give each row at most one of the traps, by their shares."""
    for row in rows:
        draw = rng.random()
        for trap in traps:
            draw -= trap.share
            if draw < 0:
                trap.plant(row, rng)
                break


def _residence(
    choose: Callable[[random.Random], str], finding: Finding
) -> Callable[[RegisterRow[Any], random.Random], bool]:
    return lambda row, rng: spoil(row, {"Wohnort-AGS": choose(rng)}, finding)


def _impossible(column: str) -> Callable[[RegisterRow[Any], random.Random], bool]:
    return lambda row, rng: spoil(row, {column: rng.choice(_IMPOSSIBLE)}, ("T05", "R"))


def _other_notation(column: str) -> Callable[[RegisterRow[Any], random.Random], bool]:
    def plant(row: RegisterRow[Any], rng: random.Random) -> bool:
        day = row.cells[column]
        if not isinstance(day, date):
            return False
        return spoil(row, {column: str(rng.choice((short, date.isoformat, serial))(day))}, ("T05", "N"))

    return plant


# ------------------------------------------------------------------------------------------------- posts


def part_of_a_post(row: RegisterRow[PostSpan], rng: random.Random) -> bool:
    """T30 N: half a post as a fraction or in per cent."""
    span = row.facts
    if span is None or span.funded != 50:
        return False
    return spoil(row, {"VZÄ bewilligt": rng.choice(("½", "50 %", "50%"))}, ("T30", "N"))


def hours_of_a_post(row: RegisterRow[PostSpan], rng: random.Random) -> bool:
    """T30 W: weekly hours instead of a share; a full week has 39."""
    span = row.facts
    if span is None or span.filled != 50:
        return False
    return spoil(row, {"VZÄ besetzt": rng.choice(("19,5 Std", "19,5 Std."))}, ("T30", "W"))


# ------------------------------------------------------------------------------------------------- money


def amount_as_text(row: RegisterRow[Booking], rng: random.Random) -> bool:
    """T04 N: an amount with dots, a comma and the sign of the currency."""
    column, amount = _amount(row)
    text = f"{amount / 100:,.2f}".translate(str.maketrans(",.", ".,"))
    return spoil(row, {column: f"{text} {rng.choice(('€', 'EUR'))}"}, ("T04", "N"))


def ambiguous_amount(row: RegisterRow[Booking], rng: random.Random) -> bool:
    """T04 W: `1.234` is one thousand and more, in a German list; somebody should look."""
    del rng
    booking = row.facts
    column, amount = _amount(row)
    thousands = abs(amount) // 100
    if booking is None or amount < 0 or not 1_000 <= thousands <= 999_999:
        return False
    text = f"{thousands:,}".replace(",", ".")
    euros = 100 * thousands
    row.facts = replace(booking, granted=euros) if column == "bewilligt" else replace(booking, spent=euros)
    return spoil(row, {column: text}, ("T04", "W"))


def _amount(row: RegisterRow[Booking]) -> tuple[str, int]:
    """Return the side of a booking on which something stands."""
    booking = row.facts
    if booking is None:
        raise ValueError("a row has one trap at most")
    return ("bewilligt", booking.granted) if booking.granted else ("verausgabt", booking.spent)


# --------------------------------------------------------------------------------------------- decisions


def negative(row: RegisterRow[Decision], rng: random.Random) -> bool:
    """T22 D: a negative decision is none that is counted."""
    return spoil(row, {"Entscheidung": rng.choice(("abgelehnt", "Ablehnung"))}, ("T22", "D"))


def unknown_sex(row: RegisterRow[Decision], rng: random.Random) -> bool:
    """T20 N: the sex is a missing marker."""
    if row.facts is None:
        return False
    marker = rng.choice(("-", "k. A.", "unbekannt", "#NV"))
    row.facts = replace(row.facts, sex="_U")
    return spoil(row, {"Geschlecht": marker}, ("T20", "N"))


# ------------------------------------------------------------------------------------------------ issues


def field_not_recorded(row: RegisterRow[Issue], rng: random.Random) -> bool:
    """T20 N: the field is a missing marker."""
    if row.facts is None:
        return False
    marker = rng.choice(("-", "k. A.", "unbekannt", ""))
    row.facts = replace(row.facts, field="_U")
    return spoil(row, {"Handlungsfeld": marker}, ("T20", "N"))


POSTS: Final = (
    RegisterTrap(0.30, part_of_a_post),
    RegisterTrap(0.30, hours_of_a_post),
    RegisterTrap(0.05, _other_notation("gültig von"), text_only=True),
    RegisterTrap(0.01, _impossible("gültig von")),
)
FUNDS: Final = (
    RegisterTrap(0.02, amount_as_text),
    RegisterTrap(0.01, ambiguous_amount),
)
ISSUES: Final = (
    RegisterTrap(0.03, _impossible("gemeldet am")),
    RegisterTrap(0.05, _other_notation("gemeldet am"), text_only=True),
    RegisterTrap(0.05, field_not_recorded),
)


def decision_traps(keys: Sequence[AreaKeys]) -> tuple[RegisterTrap, ...]:
    """Return the errors of a register of decisions.

    Args:
        keys: of the areas whose people the register is about; a joint authority has several.
    """
    own = keys[0]

    def historic(rng: random.Random) -> str:
        # What does not tell the two parts of Aachen apart is the right key of an authority for both.
        return own.historic() if len(keys) == 1 else rng.choice(HISTORIC_KEYS)

    return (
        RegisterTrap(0.008, _residence(lambda _: own.foreign(), ("T06", "R"))),
        RegisterTrap(0.008, _residence(historic, ("T07", "R"))),
        RegisterTrap(0.03, _residence(lambda rng: rng.choice(keys).odd_own(), ("T06", "N"))),
        RegisterTrap(0.01, _impossible("Datum")),
        RegisterTrap(0.02, _other_notation("Datum"), text_only=True),
        RegisterTrap(0.06, negative),
        RegisterTrap(0.02, unknown_sex),
    )
