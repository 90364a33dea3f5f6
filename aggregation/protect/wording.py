"""Cells and derivations in words, German and English: places and relations, never a figure.

The argument itself is worded by the audit; here a cell gets the name that a statistician knows it by. Nothing
is said about why a cell is sensitive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aggregation.protect.auditing import Finding
from aggregation.sdc.audit.derivation import derive
from aggregation.sdc.tables import LinkedTables
from protocol.texts import Text

_INSIDER: Final = Text(
    " (für Beteiligte, die ihren eigenen Beitrag kennen)", " (for contributors who know their own share)"
)


def cell_label(tables: LinkedTables, cell: int) -> Text:
    """Return the name of a cell: the codes by dimension, without those that stand for everything."""
    codes = tables.cells[cell].tolist()
    parts = [
        f"{hierarchy.dimension} {hierarchy.codes[code]}"
        for hierarchy, code in zip(tables.hierarchies, codes, strict=True)
        if hierarchy.tops != (code,)
    ]
    named = " · ".join(parts)
    return Text(f"[{named or 'insgesamt'}]", f"[{named or 'total'}]")


def derivation(tables: LinkedTables, finding: Finding, *, steps: int | None = None) -> Text:
    """Return how an attacker gets to a cell: one sentence, the relations in the order of their use.

    Args:
        tables: the tables.
        finding: the cell and the argument.
        steps: how many steps of the argument are spelled out at most; all if omitted.
    """
    found = derive(finding.publication, finding.exposed, lambda cell: cell_label(tables, cell))
    cell = found.cell
    if finding.attacker:
        cell = Text(cell.de + _INSIDER.de, cell.en + _INSIDER.en)
    shown = found.steps
    if steps is not None and len(shown) > steps:
        rest = len(shown) - steps
        shown = (*shown[:steps], Text(f"… ({rest} weitere Schritte)", f"… ({rest} further steps)"))
    return replace(found, cell=cell, steps=shown).text
