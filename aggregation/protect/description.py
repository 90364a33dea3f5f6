"""STRUCTURE.yaml as a statistician writes it: read entry by entry, and every fault said at once.

What YAML is, is not known here: the text comes as :class:`Entry` trees with their lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from aggregation.protect.faults import Fault, Faults, Place, with_choice, with_hint
from aggregation.protect.model import USUAL_RANGE, Dominance, Kind, Rules
from aggregation.protect.structure import RESERVED, UNIT, Outline
from aggregation.sdc.levels import Level
from aggregation.sdc.tables import Hierarchy
from protocol.texts import Text

_KEYS: Final = ("dimensions", "tables", "value", "kind", "rules", "cost", "level", "keep", "contributor")
_RULES: Final = (
    "min_contributors",
    "zero_publishable",
    "dominance",
    "min_protection_percent",
    "protection_range_percent",
)
_DOMINANCE: Final = ("top_n", "max_share_percent")
_ONLY_COUNTS: Final = frozenset({"zero_publishable"})
_ONLY_MAGNITUDES: Final = frozenset(_RULES) - {"min_contributors", "zero_publishable"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A node of the description: a text, a list or a mapping.

    Attributes:
        line: line in the file, from 1.
        text: the text of a scalar, else None.
        items: the members of a list, else None.
        members: the values of a mapping by key, in their order, else None.
        repeated: keys that a mapping names more than once, with the line of the repetition.
    """

    line: int
    text: str | None = None
    items: tuple[Entry, ...] | None = None
    members: Mapping[str, Entry] | None = None
    repeated: tuple[tuple[str, int], ...] = ()


def outline_of(root: Entry, *, file: str) -> Outline:
    """Check a description.

    Args:
        root: the description.
        file: its name, for messages.

    Returns:
        The outline.

    Raises:
        KimError: ``structure_invalid`` with every place.
    """
    return _Reader(file).outline(root)


@dataclass(slots=True)
class _Reader:
    """Reads entries and collects what is wrong with them; what is wrong gets a harmless stand-in."""

    file: str
    faults: Faults = field(default_factory=Faults)

    def outline(self, root: Entry) -> Outline:
        entries = self._mapping(root, _KEYS, "STRUCTURE.yaml")
        self.faults.stop()
        dimensions = self._required(entries, "dimensions", root)
        files, codes = self._dimensions(dimensions)
        order = tuple(dimensions.members or ())
        kind = Kind(self._choice(entries.get("kind"), [kind.value for kind in Kind], Kind.FREQUENCY.value))
        rules = self._rules(self._required(entries, "rules", root), kind)
        tables = self._tables(entries.get("tables"), order)
        level = self._choice(entries.get("level"), [level.value for level in Level], Level.S1.value)
        outline = Outline(
            file=self.file,
            files=files,
            codes=codes,
            kind=kind,
            rules=rules,
            value=self._text(entries.get("value")),
            cost=self._text(entries.get("cost")) or UNIT,
            level=Level(level),
            contributor=self._contributor(entries.get("contributor"), kind),
            tables=tables,
            keep=self._keep(entries.get("keep"), order),
            lines={key: entries[key].line if key in entries else root.line for key in _KEYS},
            order=order,
        )
        self.faults.stop()
        return outline

    # ------------------------------------------------------------------------------------ single entries

    def _dimensions(self, entry: Entry) -> tuple[dict[str, str], dict[str, Hierarchy]]:
        files: dict[str, str] = {}
        codes: dict[str, Hierarchy] = {}
        members = self._mapping(entry, None, "dimensions")
        if not members:
            self._wrong(entry, "dimensions", "Name: Datei", "name: file")
        for name, member in members.items():
            if name in RESERVED or not name:
                self._wrong(
                    member,
                    "dimensions",
                    f"ein anderer Name als „{name}“, der eine Spalte bezeichnet",
                    f"another name than '{name}', which names a column",
                )
            elif member.items is not None:
                codes[name] = self._codelist(name, member)
            elif member.text:
                files[name] = member.text
            else:
                self._wrong(member, name, "eine Datei oder eine Liste von Codes", "a file or a list of codes")
        return files, codes

    def _codelist(self, name: str, entry: Entry) -> Hierarchy:
        try:
            return Hierarchy.flat(name, self._texts(entry))
        except ValueError:
            self._wrong(entry, name, "jeder Code einmal", "each code once")
            return Hierarchy.flat(name, ("?",))

    def _tables(self, entry: Entry | None, order: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        if entry is None:
            return (order,)
        if not entry.items:
            self._wrong(
                entry, "tables", "eine Liste von Listen von Dimensionen", "a list of lists of dimensions"
            )
            return (order,)
        lists = entry.items if all(item.items is not None for item in entry.items) else (entry,)
        tables = []
        for item in lists:
            names = self._texts(item)
            for name in names:
                self._known_dimension(name, item, order, "tables")
            if len(set(names)) < len(names):
                self._wrong(item, "tables", "jede Dimension einmal", "each dimension once")
            tables.append(tuple(names))
        return tuple(dict.fromkeys(tables))

    def _keep(self, entry: Entry | None, order: tuple[str, ...]) -> tuple[tuple[int, Mapping[str, str]], ...]:
        kept = []
        for item in () if entry is None else entry.items or (entry,):
            members = self._mapping(item, None, "keep")
            for name in members:
                self._known_dimension(name, item, order, "keep")
            codes = {name: self._text(member) or "" for name, member in members.items()}
            kept.append((item.line, {name: code for name, code in codes.items() if name in order}))
        return tuple(kept)

    def _known_dimension(self, name: str, entry: Entry, order: tuple[str, ...], column: str) -> None:
        if name not in order:
            text = Text(f"Die Dimension „{name}“ ist nicht beschrieben.", f"there is no dimension '{name}'.")
            self.faults.add(
                Fault.UNKNOWN_DIMENSION, Place(self.file, entry.line, column), with_hint(text, name, order)
            )

    def _contributor(self, entry: Entry | None, kind: Kind) -> str | None:
        name = self._text(entry)
        if name is not None and entry is not None and kind is Kind.FREQUENCY:
            self.faults.add(
                Fault.WRONG_RULE,
                Place(self.file, entry.line, "contributor"),
                Text("Einzelangaben gehören zu kind: magnitude.", "records belong to kind: magnitude."),
            )
        return name

    # ---------------------------------------------------------------------------------------------- rules

    def _rules(self, entry: Entry, kind: Kind) -> Rules:
        members = self._mapping(entry, _RULES, "rules")
        foreign = _ONLY_MAGNITUDES if kind is Kind.FREQUENCY else _ONLY_COUNTS
        for name in members:
            if name in foreign:
                self.faults.add(
                    Fault.WRONG_RULE,
                    Place(self.file, members[name].line, name),
                    Text(f"Diese Regel gilt nicht für kind: {kind}.", f"this rule is not for kind: {kind}."),
                )
        minimum = self._number(members.get("min_contributors"), "min_contributors", least=1) or Fraction(1)
        p = self._number(members.get("min_protection_percent"), "min_protection_percent", most=100)
        width = self._number(members.get("protection_range_percent"), "protection_range_percent", most=100)
        zeros = self._choice(members.get("zero_publishable"), ["true", "false"], "true")
        dominance = self._dominance(members.get("dominance"))
        if minimum.denominator != 1:
            self._wrong(entry, "min_contributors", "eine ganze Zahl", "a whole number")
        if minimum <= 1 and zeros == "true" and dominance is None and p is None and not self.faults.found:
            self._wrong(
                entry, "rules", "mindestens eine Regel, etwa min_contributors: 5",
                "at least one rule, such as min_contributors: 5",
            )  # fmt: skip
        return Rules(
            min_contributors=int(minimum),
            zero_publishable=zeros == "true",
            dominance=dominance,
            min_protection_percent=p,
            protection_range_percent=width or USUAL_RANGE,
        )

    def _dominance(self, entry: Entry | None) -> Dominance | None:
        if entry is None:
            return None
        members = self._mapping(entry, _DOMINANCE, "dominance")
        top = self._number(self._required(members, "top_n", entry), "top_n", least=1, most=9)
        share = self._number(
            self._required(members, "max_share_percent", entry), "max_share_percent", most=100
        )
        if top is None or share is None:
            return None
        return Dominance(int(top), share)

    # ------------------------------------------------------------------------------------------ primitives

    def _mapping(self, entry: Entry, known: Iterable[str] | None, column: str) -> Mapping[str, Entry]:
        if entry.members is None:
            self._wrong(entry, column, "eine Zuordnung „Name: Wert“", "a mapping 'name: value'")
            return {}
        for key, line in entry.repeated:
            self.faults.add(
                Fault.DOUBLE_KEY,
                Place(self.file, line, key),
                Text(f"„{key}“ steht zweimal da.", f"'{key}' is there twice."),
            )
        names = list(entry.members if known is None else known)
        for key, member in entry.members.items():
            if key not in names:
                text = Text(f"Den Schlüssel „{key}“ gibt es nicht.", f"there is no key '{key}'.")
                place = Place(self.file, member.line, column if column != "STRUCTURE.yaml" else "")
                self.faults.add(Fault.UNKNOWN_KEY, place, with_choice(text, key, names))
        return {key: member for key, member in entry.members.items() if key in names}

    def _required(self, members: Mapping[str, Entry], key: str, parent: Entry) -> Entry:
        if key in members:
            return members[key]
        self.faults.add(
            Fault.MISSING_KEY,
            Place(self.file, parent.line),
            Text(f"„{key}“ fehlt.", f"'{key}' is missing."),
        )
        self.faults.stop()
        return parent

    def _text(self, entry: Entry | None) -> str | None:
        if entry is None:
            return None
        if entry.text is None:
            self._wrong(entry, "", "ein einzelner Text", "a single text")
        return entry.text

    def _texts(self, entry: Entry) -> list[str]:
        return [text for item in entry.items or () if (text := self._text(item)) is not None]

    def _choice(self, entry: Entry | None, allowed: list[str], usual: str) -> str:
        if entry is None:
            return usual
        text = self._text(entry) or ""
        found = next((word for word in allowed if word.lower() == text.lower()), None)
        if found is None:
            self._wrong(entry, "", " oder ".join(allowed), " or ".join(allowed))
        return found or usual

    def _number(
        self, entry: Entry | None, name: str, *, least: int = 0, most: int | None = None
    ) -> Fraction | None:
        if entry is None:
            return None
        number = _parsed(self._text(entry) or "", Fraction)
        if number is None or number < least or (not least and not number) or (most and number > most):
            span = (f"eine Zahl ab {least}", f"a number from {least} on")
            if most:
                span = (
                    f"eine Zahl von {least or 'über 0'} bis {most}",
                    f"a number from {least or 'above 0'} to {most}",
                )
            self._wrong(entry, name, *span)
            return None
        return number

    def _wrong(self, entry: Entry, column: str, german: str, english: str) -> None:
        self.faults.add(
            Fault.WRONG_VALUE,
            Place(self.file, entry.line, column),
            Text(f"Erwartet wird {german}.", f"expected: {english}."),
        )


def _parsed(text: str, number: Callable[[str], Fraction]) -> Fraction | None:
    try:
        return number(text.replace(",", "."))
    except (ValueError, ZeroDivisionError):
        return None
