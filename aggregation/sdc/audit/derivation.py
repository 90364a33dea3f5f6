"""The attacker's derivation in words, in German and English, for any tables.

A person can follow it with a pencil: which relations to put the published values into and in which order, or
which relations leave a cell no room, and which other cells are as small as they can be. It names places and
relations, never a value, and does not say why a cell is sensitive.

Who audits tables of his own gives a function that names a cell, and gets the rest::

    for exposed in examination.exposed:
        found = derive(publication, exposed, label)  # label: number of a cell -> Text
        print(found.text.de)                         # one sentence; found.steps for a list

The relations named are as few as the argument needs: none of them can be left out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.sdc.audit.examination import Argument, ExposedCell, Route
from aggregation.sdc.linear_system import RelationKind
from aggregation.sdc.publication import Publication
from protocol.texts import Text

Label = Callable[[int], Text]
"""Names a cell."""

_MANY: Final = 8
"""Relations, and cells of a relation, that are spelled out; more are counted."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How an attacker gets to a cell.

    Attributes:
        cell: its name.
        how: what kind of argument it is.
        steps: the argument, step by step; empty if the cell is simply published.
    """

    cell: Text
    how: Text
    steps: tuple[Text, ...]

    @property
    def text(self) -> Text:
        """All of it as one sentence."""
        if not self.steps:
            return Text(f"{self.cell.de} {self.how.de}.", f"{self.cell.en} {self.how.en}.")
        return Text(
            f"{self.cell.de}: {self.how.de}: {'; '.join(step.de for step in self.steps)}.",
            f"{self.cell.en}: {self.how.en}: {'; '.join(step.en for step in self.steps)}.",
        )


def derive(publication: Publication, exposed: ExposedCell, label: Label) -> Derivation:
    """Put an attacker's way to a cell into words.

    Args:
        publication: what is published to him (`View.of`).
        exposed: the cell, from an examination of it.
        label: names a cell.
    """
    words = _Words(publication, label)
    how = _ROUTES[exposed.route]
    granted = words.granted(exposed) if exposed.route is Route.BOUNDS else None
    if granted is not None:
        how = Text(f"{how.de} ({granted.de})", f"{how.en} ({granted.en})")
    return Derivation(label(exposed.cell), how, tuple(words.steps(exposed)))


class _Words:
    """Speaks about the cells and relations of one publication."""

    def __init__(self, publication: Publication, label: Label) -> None:
        self._publication = publication
        self._label = label

    def steps(self, exposed: ExposedCell) -> Iterator[Text]:
        """Yield the relations of an argument, and what stands in the way of the cell."""
        solved: set[int] = set()
        for row in exposed.rows[:_MANY]:
            found = self._unknown(row) - solved
            follows = exposed.route is Route.SUBSTITUTION and len(exposed.rows) > 1 and len(found) == 1
            yield self._step(row, found if follows else set())
            solved |= found
        rest = len(exposed.rows) - _MANY
        if rest > 0:
            yield Text(f"und {rest} weitere Beziehungen", f"and {rest} further relations")
        for argument in exposed.arguments:
            if argument.floors:
                yield self._no_room(exposed.cell, argument)

    def granted(self, exposed: ExposedCell) -> Text | None:
        """Say what the argument assumes of withheld cells, if anything."""
        used = [cell for argument in exposed.arguments for cell in argument.floors]
        if not used and exposed.arguments:
            return None
        at_least_one = not used or bool(np.any(self._publication.floors[used] >= 1))
        return _ZEROS_KNOWN if at_least_one else _NOT_NEGATIVE

    def _unknown(self, row: int) -> set[int]:
        system = self._publication.system
        cells = system.columns[system.entries(row)]
        return set(cells[self._publication.withheld[cells]].tolist())

    def _step(self, row: int, found: set[int]) -> Text:
        said = self._relation(row)
        if not found:
            return said
        cell = self._label(found.pop())
        return Text(f"{said.de} (ergibt {cell.de})", f"{said.en} (gives {cell.en})")

    def _relation(self, row: int) -> Text:
        system = self._publication.system
        kind = RelationKind(int(system.kinds[row]))
        first, *others = system.columns[system.entries(row)].tolist()
        head = self._label(first)
        if not others:
            return Text(_ALONE.de.format(first=head.de), _ALONE.en.format(first=head.en))
        form = _TOGETHER if kind is RelationKind.PART and len(others) > 1 else _FORMS[kind]
        rest = self._listed(others)
        return Text(
            form.de.format(first=head.de, rest=rest.de),
            form.en.format(first=head.en, rest=rest.en),
        )

    def _listed(self, cells: Sequence[int]) -> Text:
        """Name cells; of many only those that are withheld, the published ones are counted."""
        named, rest = cells, 0
        if len(cells) > _MANY:
            named = [cell for cell in cells if self._publication.withheld[cell]]
            rest = len(cells) - len(named)
        labels = [self._label(cell) for cell in named]
        german, english = [label.de for label in labels], [label.en for label in labels]
        if rest:
            german.append(f"{rest} veröffentlichten Werten")
            english.append(f"{rest} published values")
        return Text(", ".join(german), ", ".join(english))

    def _no_room(self, cell: int, argument: Argument) -> Text:
        """Say on which side the cell has no room, and why."""
        larger = argument.sign > 0
        if argument.floors == (cell,):
            return _AT_ITS_LEAST
        others = self._listed([other for other in argument.floors if other != cell])
        form = _NOT_LARGER if larger else _NOT_SMALLER
        return Text(form.de.format(others=others.de), form.en.format(others=others.en))


_ROUTES: Final = {
    Route.PUBLISHED: Text("steht offen in der Lieferung", "stands open in the delivery"),
    Route.SUBSTITUTION: Text(
        "folgt durch Einsetzen der veröffentlichten Werte aus", "follows by putting published values into"
    ),
    Route.BOUNDS: Text(
        "kleinster und größter möglicher Wert fallen zusammen", "smallest and largest possible value coincide"
    ),
    Route.INTERVAL: Text(
        "liegt enger fest, als das Schutzintervall erlaubt, nach",
        "is known more closely than its protection interval allows, after",
    ),
    Route.INTEGERS: Text(
        "nur ein ganzzahliger Wert ist möglich nach", "only one whole number is possible after"
    ),
}

_ZEROS_KNOWN: Final = Text(
    "Nullen werden veröffentlicht, gesperrte Werte sind also mindestens 1",
    "zeros are published, so withheld values are at least 1",
)
_NOT_NEGATIVE: Final = Text("kein Wert ist negativ", "no value is negative")
_AT_ITS_LEAST: Final = Text(
    "kleiner kann der Wert nicht sein, er ist schon der kleinste mögliche",
    "the value cannot be smaller, it is the smallest possible one",
)
_NOT_LARGER: Final = Text(
    "größer kann der Wert nicht sein, denn so klein wie möglich sind dann schon {others}",
    "the value cannot be larger, for as small as possible are then {others}",
)
_NOT_SMALLER: Final = Text(
    "kleiner kann der Wert nicht sein, denn so klein wie möglich sind dann schon {others}",
    "the value cannot be smaller, for as small as possible are then {others}",
)

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

_ALONE: Final = Text("für {first} ist eine Grenze bekannt", "a limit is known for {first}")
_TOGETHER: Final = Text(
    "{rest} sind zusammen höchstens {first} (sie schließen einander aus)",
    "{rest} are together at most {first} (they exclude each other)",
)
