"""Small tables for the attacks by name: written down once, run by the tests and printed in the documents.

An example is a few tables that a person can follow with a pencil: all figures, what somebody withholds
carelessly, what an attacker then gets at, and a pattern that withstands. It speaks of places ("1 Nord": the
cell Nord of the first table) and is handed to the engine as cells and relations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import NO_LIMIT, LinearSystem, Relation, RelationKind
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View
from protocol.texts import Text

WITHHELD = "•"


def both(words: str) -> Text:
    """A text written as ``deutsch|english``, or one word for both."""
    german, _, english = words.partition("|")
    return Text(german, english or german)


@dataclass(frozen=True)
class Sheet:
    """A table as it is printed.

    Attributes:
        title: what it shows.
        columns: heads of its columns.
        rows: heads of its rows; one without a name for a table of one line.
        figures: true figures, line by line.
        column_total: whether the last column adds up the others.
        row_total: whether the last line adds up the others.
    """

    title: str
    columns: str
    figures: Sequence[Sequence[int]]
    rows: str = ""
    column_total: bool = True
    row_total: bool = False

    @property
    def heads(self) -> list[Text]:
        """Names of the columns."""
        return [both(word.replace("_", " ")) for word in self.columns.split()]

    @property
    def lines(self) -> list[Text | None]:
        """Names of the lines; None where there is one only."""
        return [both(word.replace("_", " ")) for word in self.rows.split()] or [None]


@dataclass(frozen=True)
class Tie:
    """What is known beyond sums within a table: ``low <= sum of factor * cell <= high``; None is no limit."""

    kind: RelationKind
    terms: Mapping[str, int]
    low: int | None = 0
    high: int | None = 0


@dataclass(frozen=True)
class Who:
    """Somebody who attacks.

    Attributes:
        name: who it is.
        own: cells that he knows, because he is alone in them.
        least: what he knows at least of other cells, because he is in them.
        rise: by how much a cell must be able to be larger, where it is an amount.
        fall: by how much it must be able to be smaller.
    """

    name: str = "von außen|from outside"
    own: Sequence[str] = ()
    least: Mapping[str, int] = field(default_factory=dict)
    rise: Mapping[str, int] = field(default_factory=dict)
    fall: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Attack:
    """One attack by its name.

    Attributes:
        name: how it is called.
        story: what happens, for a person.
        sheets: the tables.
        sensitive: cells that must stay uncertain.
        careless: what somebody withholds.
        learned: sensitive cells that an attacker then gets at.
        safe: a pattern that withstands him.
        ties: relations beyond the sums of the tables.
        who: the attackers.
        floor: what is known of a withheld cell: at least this.
        why_safe: why the pattern withstands.
        never_shown: position of a table that is published nowhere, and of which nothing is known; None if all
            are.
    """

    name: str
    story: Text
    sheets: Sequence[Sheet]
    sensitive: Sequence[str]
    careless: Sequence[str]
    learned: Sequence[str]
    safe: Sequence[str]
    why_safe: Text
    ties: Sequence[Tie] = ()
    who: Sequence[Who] = (Who(),)
    floor: int = 1
    never_shown: int | None = None

    @property
    def behind(self) -> list[str]:
        """Cells that are published nowhere."""
        if self.never_shown is None:
            return []
        return [name for line in self.named(self.never_shown) for name in line]

    @property
    def cells(self) -> list[str]:
        """Names of all cells, table by table."""
        return [name for number in range(len(self.sheets)) for line in self.named(number) for name in line]

    def named(self, number: int) -> list[list[str]]:
        """Names of a table's cells, line by line."""
        sheet = self.sheets[number]
        return [
            [" ".join(filter(None, (str(number + 1), line and line.de, head.de))) for head in sheet.heads]
            for line in sheet.lines
        ]

    def label(self, cell: int) -> Text:
        """The name of a cell for a person: its table only where there are several."""
        table, _, _ = self.cells[cell].partition(" ")
        number = int(table) - 1
        sheet = self.sheets[number]
        for line, names in zip(sheet.lines, self.named(number), strict=True):
            for head, name in zip(sheet.heads, names, strict=True):
                if name == self.cells[cell]:
                    german = "/".join(text.de for text in (line, head) if text)
                    english = "/".join(text.en for text in (line, head) if text)
                    if len(self.sheets) > 1:
                        title = both(sheet.title)
                        german, english = f"{german} ({title.de})", f"{english} ({title.en})"
                    return Text(german, english)
        raise KeyError(cell)

    @property
    def system(self) -> LinearSystem:
        """The relations, as the engine takes them."""
        number = {name: position for position, name in enumerate(self.cells)}
        relations = []
        for position, sheet in enumerate(self.sheets):
            names = self.named(position)
            lines = names if sheet.column_total else []
            columns = [list(column) for column in zip(*names, strict=True)] if sheet.row_total else []
            for *parts, total in (*lines, *columns):
                cells = (number[total], *(number[part] for part in parts))
                relations.append(Relation(RelationKind.SUM, cells, (-1, *(1 for _ in parts))))
        for tie in self.ties:
            limits = (-NO_LIMIT if tie.low is None else tie.low, NO_LIMIT if tie.high is None else tie.high)
            cells = tuple(number[name] for name in tie.terms)
            relations.append(Relation(tie.kind, cells, tuple(tie.terms.values()), *limits))
        return LinearSystem.of(len(number), relations)

    @property
    def values(self) -> np.ndarray:
        """True figures of all cells."""
        figures = [figure for sheet in self.sheets for line in sheet.figures for figure in line]
        return np.array(figures, dtype=np.int64)

    def mask(self, names: Sequence[str]) -> np.ndarray:
        """Cells by their names."""
        unknown = set(names) - set(self.cells)
        assert not unknown, f"no such cells: {unknown}"
        return np.array([name in set(names) for name in self.cells])

    def amounts(self, amounts: Mapping[str, int]) -> np.ndarray:
        """Amounts per cell, by their names."""
        self.mask(list(amounts))
        return np.array([amounts.get(name, 0) for name in self.cells], dtype=np.int64)

    def publication(self, withheld: Sequence[str]) -> Publication:
        """What is published under a pattern."""
        floors = np.where(self.mask(self.behind), 0, self.floor).astype(np.int64)
        return Publication(self.system, self.values, self.mask([*withheld, *self.behind]), floors)

    @property
    def views(self) -> tuple[View, ...]:
        """The attackers, as the engine takes them."""
        views = []
        for one in self.who:
            own = self.mask(one.own)
            exact = self.mask(self.sensitive) & ~own
            if one.rise or one.fall:
                exact = np.zeros_like(own)
            views.append(
                View(
                    Demands(exact, self.amounts(one.rise), self.amounts(one.fall)),
                    known=own if one.own else None,
                    least=self.amounts(one.least) if one.least else None,
                )
            )
        return tuple(views)

    def printed(self, withheld: Sequence[str], *, english: bool, without: Sequence[int] = ()) -> str:
        """The tables as they are published, in Markdown, some left out."""
        blocks = []
        for number, sheet in enumerate(self.sheets):
            if number == self.never_shown or number in without:
                continue
            heads = [head.en if english else head.de for head in sheet.heads]
            title = both(sheet.title).en if english else both(sheet.title).de
            lines = [f"| {title} | {' | '.join(heads)} |", "|---" + "|--:" * len(heads) + "|"]
            for line, names, figures in zip(sheet.lines, self.named(number), sheet.figures, strict=True):
                head = "" if line is None else line.en if english else line.de
                shown = [
                    WITHHELD if name in withheld else str(figure)
                    for name, figure in zip(names, figures, strict=True)
                ]
                lines.append(f"| {head} | {' | '.join(shown)} |")
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)
