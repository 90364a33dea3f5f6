"""Cells and derivations in words, German and English: places and relations, never a figure.

The argument itself is worded by the audit; here a cell gets the name that a statistician knows it by. Nothing
is said about why a cell is sensitive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aggregation.protect.auditing import Finding
from aggregation.sdc.audit.derivation import Derivation, derive
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


def derived(tables: LinkedTables, finding: Finding) -> Derivation:
    """Return how an attacker gets to a cell, step by step, in the order of their use."""
    found = derive(finding.publication, finding.exposed, lambda cell: cell_label(tables, cell))
    if not finding.attacker:
        return found
    cell = Text(found.cell.de + _INSIDER.de, found.cell.en + _INSIDER.en)
    return replace(found, cell=cell)


def derivation(tables: LinkedTables, finding: Finding, *, steps: int | None = None) -> Text:
    """Return the same as one sentence.

    Args:
        tables: the tables.
        finding: the cell and the argument.
        steps: how many steps of the argument are spelled out at most; all if omitted.
    """
    found = derived(tables, finding)
    shown = found.steps
    if steps is not None and len(shown) > steps:
        rest = len(shown) - steps
        shown = (*shown[:steps], Text(f"… ({rest} weitere Schritte)", f"… ({rest} further steps)"))
    return replace(found, steps=shown).text
