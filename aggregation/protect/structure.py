"""What a table is and how it is protected: dimensions, linked tables, rules, costs.

Two steps, because hierarchies lie in files of their own: an :class:`Outline` says which files it needs
(:mod:`aggregation.protect.description` reads it), :meth:`Outline.with_hierarchies` puts them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aggregation.protect.faults import Fault, Faults, Place, with_hint
from aggregation.protect.model import Kind, Rules
from aggregation.sdc.levels import Level
from aggregation.sdc.tables import Hierarchy, LinkedTables
from protocol.texts import Text

VALUE_COLUMNS: Final = ("value", "freq")
PUBLISHED_VALUE: Final = "value"
RESERVED: Final = frozenset({PUBLISHED_VALUE, "conf_status", "contributors"})
UNIT: Final = "unit"
BY_VALUE: Final = "value"


@dataclass(frozen=True, eq=False)
class Structure:
    """What a table is and how it is protected.

    Attributes:
        file: name of the description, for messages.
        files: names of the hierarchies' files, as read.
        tables: the linked tables.
        kind: counts or magnitudes.
        value: column of the figures, or None for the usual names.
        rules: what makes a cell sensitive.
        cost: ``unit``, ``value`` or the name of a column.
        level: how much must stay uncertain about counts.
        keep: cells that must stay published: per entry, codes by dimension; a dimension that is not named
            stands for all its codes.
        contributor: column that names the contributor of each record, or None if rows are cells.
    """

    file: str
    files: tuple[str, ...]
    tables: LinkedTables
    kind: Kind
    value: str | None
    rules: Rules
    cost: str
    level: Level
    keep: tuple[Mapping[str, str], ...]
    contributor: str | None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return tuple(hierarchy.dimension for hierarchy in self.tables.hierarchies)


@dataclass(frozen=True, eq=False)
class Outline:
    """A description without its hierarchies.

    Attributes:
        file: its name.
        files: file of the hierarchy of each dimension that has one.
        codes: codes of each dimension that is a codelist without a total.
    """

    file: str
    files: Mapping[str, str]
    codes: Mapping[str, Hierarchy]
    kind: Kind
    rules: Rules
    value: str | None
    cost: str
    level: Level
    contributor: str | None
    tables: tuple[tuple[str, ...], ...]
    keep: tuple[tuple[int, Mapping[str, str]], ...]
    lines: Mapping[str, int]
    order: tuple[str, ...]

    def with_hierarchies(self, hierarchies: Mapping[str, Hierarchy]) -> Structure:
        """Put the hierarchies in.

        Args:
            hierarchies: one per entry of ``files``.

        Raises:
            KimError: ``structure_invalid``.
        """
        faults = Faults()
        found = {**self.codes, **hierarchies}
        ordered = tuple(found[dimension] for dimension in self.order)
        place = Place(self.file, self.lines["tables"])
        for table in self.tables:
            for name in self.order:
                if name not in table and len(found[name].tops) != 1:
                    faults.add(
                        Fault.NO_TOTAL,
                        place,
                        Text(
                            f"Die Tabelle lässt „{name}“ weg, das keinen einzelnen Gesamtcode hat.",
                            f"the table leaves out '{name}', which has no single total.",
                        ),
                    )
        self._check_kept(found, faults)
        faults.stop()
        try:
            tables = LinkedTables(
                ordered,
                tuple(tuple(sorted(self.order.index(name) for name in table)) for table in self.tables),
            )
        except ValueError:
            faults.add(
                Fault.TOO_MANY_CELLS,
                Place(self.file, self.lines["dimensions"]),
                Text("Die Dimensionen ergeben zu viele Zellen.", "the dimensions make too many cells."),
            )
            raise faults.refusal() from None
        return Structure(
            file=self.file,
            files=tuple(self.files.values()),
            tables=tables,
            kind=self.kind,
            value=self.value,
            rules=self.rules,
            cost=self.cost,
            level=self.level,
            keep=tuple(codes for _, codes in self.keep),
            contributor=self.contributor,
        )

    def _check_kept(self, found: Mapping[str, Hierarchy], faults: Faults) -> None:
        for line, codes in self.keep:
            for name, code in codes.items():
                if code not in found[name].position:
                    text = Text(
                        f"Den Code „{code}“ gibt es in „{name}“ nicht.",
                        f"there is no code '{code}' in '{name}'.",
                    )
                    hint = with_hint(text, code, found[name].codes)
                    faults.add(Fault.WRONG_VALUE, Place(self.file, line, "keep"), hint)
