"""Signs beside a figure: the series begins anew with it, or the delivery behind it was revised."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics.marks import FigureMarks
from hub.web.texts import deliveries as texts
from hub.web.wording import Wording


@dataclass(frozen=True, slots=True)
class Flag:
    """One sign and what it means, with the reason where there is one."""

    symbol: str
    label: str


def flags_of(marks: FigureMarks, wording: Wording) -> tuple[Flag, ...]:
    """Word what must be known beside a figure."""
    say = wording.say
    found: list[Flag] = []
    if marks.breaks:
        found.append(Flag(texts.MARK_BREAK[0], break_words(marks, wording)))
    if marks.revision > 1:
        symbol, label = texts.MARK_REVISED
        found.append(Flag(symbol, say(label).format(marks.revision)))
    if marks.granted:
        symbol, label = texts.MARK_GRANTED
        found.append(Flag(symbol, say(label)))
    return tuple(found)


def break_words(marks: FigureMarks, wording: Wording) -> str:
    """Say that a series begins anew, in how many areas of a total, and why."""
    reasons = "; ".join(dict.fromkeys(marks.breaks))
    if not marks.broken_areas:
        return wording.say(texts.MARK_BREAK[1]).format(reasons)
    label = texts.BREAK_IN_AREA if marks.broken_areas == 1 else texts.BREAK_IN_AREAS
    return wording.say(label).format(marks.broken_areas, reasons)
