"""Cells and relations in words, for the data-protection officer: places and relations, never a value.

German and English side by side. It deliberately says nothing about why a cell is sensitive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aggregation.disclosure.history import History
from aggregation.disclosure.relations import Structure
from aggregation.sdc.audit.attack import ExposedCell, Route
from aggregation.sdc.linear_system import RelationKind
from protocol.codelists import TOTAL
from protocol.periods import Period
from protocol.texts import Text

_MANY: Final = 8  # relations spelled out; more are counted


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


def derivation(history: History, exposed: ExposedCell, *, inside: bool = False) -> Text:
    """Return how an attacker gets to a cell, in words and without values.

    Args:
        history: the joint system.
        exposed: the cell.
        inside: whether it takes somebody who knows a contribution of his own.
    """
    cell = label_of(history, exposed.cell)
    if exposed.route is Route.PUBLISHED:
        return Text(f"{cell.de} steht offen in der Lieferung.", f"{cell.en} stands open in the delivery.")
    steps = [_relation(history, row) for row in exposed.rows[:_MANY]]
    rest = len(exposed.rows) - len(steps)
    german, english = [step.de for step in steps], [step.en for step in steps]
    if rest:
        german.append(f"und {rest} weitere Beziehungen")
        english.append(f"and {rest} further relations")
    how = _ROUTES[exposed.route]
    return Text(
        f"{cell.de}{_INSIDE.de if inside else ''}: {how.de} {'; '.join(german)}.",
        f"{cell.en}{_INSIDE.en if inside else ''}: {how.en} {'; '.join(english)}.",
    )


_INSIDE: Final = Text(
    " (für Beteiligte, die ihren eigenen Beitrag kennen)", " (for contributors who know their own share)"
)


_ROUTES: Final = {
    Route.SUBSTITUTION: Text(
        "folgt durch Einsetzen der veröffentlichten Werte aus:", "follows by putting published values into:"
    ),
    Route.BOUNDS: Text(
        "kleinster und größter möglicher Wert fallen zusammen (Nullen werden veröffentlicht, gesperrte Werte "
        "sind also mindestens 1):",
        "smallest and largest possible value coincide (zeros are published, so withheld values are at least "
        "1):",
    ),
    Route.INTERVAL: Text(
        "liegt enger fest, als das Schutzintervall erlaubt, nach:",
        "is known more closely than its protection interval allows, after:",
    ),
    Route.INTEGERS: Text(
        "nur ein ganzzahliger Wert ist möglich nach:", "only one whole number is possible after:"
    ),
}

_FORMS: Final = {
    RelationKind.SUM: Text("{first} ist die Summe aus {rest}", "{first} is the sum of {rest}"),
    RelationKind.PART: Text("{rest} ist höchstens {first}", "{rest} is at most {first}"),
    RelationKind.COVER: Text(
        "{first} ist höchstens die Summe aus {rest}", "{first} is at most the sum of {rest}"
    ),
    RelationKind.SUBSET: Text("{first} ist höchstens {rest}", "{first} is at most {rest}"),
    RelationKind.EQUAL: Text("{first} ist gleich {rest}", "{first} equals {rest}"),
    RelationKind.FLOW: Text(
        "Bestand = Bestand zuvor + Zugang − Abgang mit {first}, {rest}",
        "stock = stock before + came − went with {first}, {rest}",
    ),
    RelationKind.FLOW_FLOOR: Text(
        "der Bestand zuvor ist nicht negativ, mit {first}, {rest}",
        "the stock before is not negative, with {first}, {rest}",
    ),
    RelationKind.FLOW_HIDDEN: Text(
        "Abgänge sind nicht negativ, auch wo sie nicht geliefert werden, mit {first}, {rest}",
        "those who went are not fewer than nobody where they are not delivered either, with {first}, {rest}",
    ),
    RelationKind.YEAR: Text(
        "Personen eines Jahres sind mindestens die eines Quartals und höchstens die aller Quartale, mit "
        "{first}, {rest}",
        "persons of a year are at least those of a quarter and at most those of all quarters, with {first}, "
        "{rest}",
    ),
    RelationKind.VINTAGE: Text(
        "{first} wurde schon geliefert: {rest}", "{first} was delivered before: {rest}"
    ),
}

_TOGETHER: Final = Text(
    "{rest} sind zusammen höchstens {first} (sie schließen einander aus)",
    "{rest} are together at most {first} (they exclude each other)",
)


def _relation(history: History, row: int) -> Text:
    system = history.system
    labels = [label_of(history, int(cell)) for cell in system.columns[system.entries(row)]]
    kind = RelationKind(int(system.kinds[row]))
    form = _TOGETHER if kind is RelationKind.PART and len(labels) > 2 else _FORMS[kind]
    return Text(
        form.de.format(first=labels[0].de, rest=_listed([label.de for label in labels[1:]])),
        form.en.format(first=labels[0].en, rest=_listed([label.en for label in labels[1:]])),
    )


def label_of(history: History, cell: int) -> Text:
    """Return the name of a cell of the joint system."""
    block, row = history.place(cell)
    return cell_label(history.structures[block], row, history.deliveries[block].period)


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels)
