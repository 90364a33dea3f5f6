"""Cells and relations in words, for the data-protection officer: places and relations, never a value.

German and English side by side. It deliberately says nothing about why a cell is sensitive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aggregation.disclosure.history import History
from aggregation.disclosure.relations import Structure
from aggregation.sdc.audit import ExposedCell
from aggregation.sdc.audit.derivation import derive
from aggregation.sdc.publication import Publication
from protocol.codelists import TOTAL
from protocol.periods import Period
from protocol.texts import Text


def cell_label(structure: Structure, row: int, period: Period) -> Text:
    """Return the name of a cell: indicator, codes and period."""
    key = structure.grid.keys[row]
    indicator = structure.catalogue.indicators[key[0]]
    german, english = [], []
    for use in indicator.dimensions:
        code = key[1 + structure.grid.dims.index(use.id)]
        if code not in {TOTAL, use.codelist.total}:
            german.append(f"{use.id} {use.codelist[code].name.de}")
            english.append(f"{use.id} {use.codelist[code].name.en}")
    return Text(
        f"{indicator.name.de} {period} ({', '.join(german) or 'insgesamt'})",
        f"{indicator.name.en} {period} ({', '.join(english) or 'total'})",
    )


def derivation(
    history: History, publication: Publication, exposed: ExposedCell, *, who: Text | None = None
) -> Text:
    """Return how an attacker gets to a cell, in words and without values.

    Args:
        history: the joint system.
        publication: what is published to the attacker.
        exposed: the cell.
        who: whom it takes, if it takes somebody who knows more than everybody; see :data:`CONTRIBUTORS` and
            :data:`KNOWS_BEFORE`.
    """
    found = derive(publication, exposed, lambda cell: label_of(history, cell))
    if who is None:
        return found.text
    cell = Text(f"{found.cell.de} ({who.de})", f"{found.cell.en} ({who.en})")
    return replace(found, cell=cell).text


CONTRIBUTORS: Final = Text(
    "für Beteiligte, die ihren eigenen Beitrag kennen", "for contributors who know their own share"
)
LONE_PERSON: Final = Text(
    "für eine Person, die in einer anderen Zelle allein ist", "for a person who is alone in another cell"
)
KNOWS_BEFORE: Final = Text(
    "wie wenig sich geändert hat, für jemanden, der die frühere Fassung kennt",
    "how little has changed, for somebody who knows the earlier vintage",
)


def label_of(history: History, cell: int) -> Text:
    """Return the name of a cell of the joint system."""
    block, row = history.place(cell)
    return cell_label(history.structures[block], row, history.deliveries[block].period)
