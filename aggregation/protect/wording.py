"""Cells, relations and derivations in words, German and English: places and relations, never a figure.

It deliberately says nothing about why a cell is sensitive.
"""

from __future__ import annotations

from typing import Final

from aggregation.protect.auditing import Finding
from aggregation.sdc.audit.attack import Route
from aggregation.sdc.tables import LinkedTables
from protocol.texts import Text

_MANY_ROWS: Final = 8
_MANY_PARTS: Final = 6

_ROUTES: Final = {
    Route.PUBLISHED: Text("steht offen da.", "stands open."),
    Route.SUBSTITUTION: Text(
        "folgt, indem man veröffentlichte Werte einsetzt:", "follows by putting in published values:"
    ),
    Route.BOUNDS: Text(
        "hat nur einen möglichen Wert, denn gesperrte Anzahlen sind mindestens so groß, wie es die Regeln "
        "sagen:",
        "has one possible value only, as withheld counts are at least what the rules say:",
    ),
    Route.INTERVAL: Text(
        "liegt enger fest, als das Schutzintervall erlaubt:",
        "is known more closely than its protection interval allows:",
    ),
    Route.INTEGERS: Text("hat nur einen ganzzahligen Wert:", "has one whole number only:"),
}
_INSIDER: Final = Text(" (für Beteiligte, die ihren eigenen Beitrag kennen)", " (for contributors who know "
                       "their own share)")  # fmt: skip


def cell_label(tables: LinkedTables, cell: int) -> Text:
    """Return the name of a cell: the codes by dimension, without those that stand for everything."""
    codes = tables.cells[cell].tolist()
    parts = [
        f"{hierarchy.dimension} {hierarchy.codes[code]}"
        for hierarchy, code in zip(tables.hierarchies, codes, strict=True)
        if hierarchy.tops != (code,)
    ]
    named = " · ".join(parts)
    return Text(named or "insgesamt", named or "total")


def derivation(tables: LinkedTables, finding: Finding) -> Text:
    """Return how an attacker gets to a cell: one sentence, the relations in the order of their use."""
    cell, how = cell_label(tables, finding.cell), _ROUTES[finding.route]
    steps = [relation(tables, row) for row in finding.rows[:_MANY_ROWS]]
    rest = len(finding.rows) - len(steps)
    german, english = [step.de for step in steps], [step.en for step in steps]
    if rest:
        german.append(f"und {rest} weitere Summen")
        english.append(f"and {rest} further sums")
    inside = _INSIDER if finding.attacker else None
    return Text(
        f"{cell.de}{inside.de if inside else ''} {how.de} {'; '.join(german)}".rstrip(),
        f"{cell.en}{inside.en if inside else ''} {how.en} {'; '.join(english)}".rstrip(),
    )


def relation(tables: LinkedTables, row: int) -> Text:
    """Return a sum: the total, and its parts by the dimension in which they differ."""
    system = tables.system
    cells = system.columns[system.entries(row)]
    below = system.coefficients[system.entries(row)] < 0
    total, parts = int(cells[below][0]), cells[~below]
    codes = tables.cells[parts]
    dimension = next(
        (number for number in range(codes.shape[1]) if codes[0, number] != tables.cells[total, number]), 0
    )
    hierarchy = tables.hierarchies[dimension]
    names = [hierarchy.codes[code] for code in codes[:, dimension].tolist()]
    shown = " + ".join(names[:_MANY_PARTS])
    more = len(names) - _MANY_PARTS
    label = cell_label(tables, total)
    upper = hierarchy.codes[int(tables.cells[total, dimension])]
    german = f"{shown} + {more} weitere" if more > 0 else shown
    english = f"{shown} + {more} more" if more > 0 else shown
    return Text(
        f"[{label.de}] ist die Summe über {hierarchy.dimension}: {upper} = {german}",
        f"[{label.en}] is the sum over {hierarchy.dimension}: {upper} = {english}",
    )
