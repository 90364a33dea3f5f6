"""What the layout of a source is: its columns, their names in files, and how a header line is recognised.

Invariants: columns are found by name, never by place; a name counts whatever its case, blanks and hyphens.
Whatever a file calls a column, the rest of the node knows it by one name, the canonical one.

It deliberately reads no file: it only judges lines that somebody else has cut into cells.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from node.wording import fold, repaired
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

#: A header that stands further down is not looked for.
HEADER_WITHIN_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a profile.

    Attributes:
        name: the canonical name.
        own: how files of the profile call it; the canonical name if empty.
        aliases: other names that are understood.
        optional: whether a file without it is read.
        identifying: whether nearly every row differs in it; all others repeat few distinct texts.
        free_text: whether people write into it what they like.
        several: whether one cell may hold several texts (a list in JSON lines, Parquet or a database).
    """

    name: str
    own: str = ""
    aliases: tuple[str, ...] = ()
    optional: bool = False
    identifying: bool = False
    free_text: bool = False
    several: bool = False

    @property
    def own_name(self) -> str:
        """How files of the profile call it."""
        return self.own or self.name


@dataclass(frozen=True, slots=True)
class Profile:
    """The layout of one kind of source.

    Attributes:
        id: ``A``, ``B``, ``C`` or the register.
        version: changes when columns do; part of a header's fingerprint.
        title: name for a person.
        columns: in the order of the profile.
        marks: canonical names that a header line must hold to be one.
        delimiter: separator of cells in a text file.
        encodings: how its text files usually are encoded; another one is worth a note.
        united: canonical column -> the columns of a file that are joined into it, one line each.
    """

    id: str
    version: str
    title: Text
    columns: tuple[Column, ...]
    marks: tuple[str, ...]
    delimiter: str = ";"
    encodings: frozenset[str] = frozenset()
    united: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def column(self, name: str) -> Column:
        """Return a column by its canonical name."""
        return next(column for column in self.columns if column.name == name)

    def own_name(self, name: str) -> str:
        """Return how files of the profile call a column."""
        return self.column(name).own_name

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names in files of the profile, in order: the header that such a file has."""
        return tuple(column.own_name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the profile's columns stand in one source.

    Attributes:
        profile: the profile.
        header: names as the source has them, in its order.
        places: canonical column -> index in the source; columns joined from others stand behind the header.
        renamed: columns that the source calls otherwise than the profile.
        moved: columns that stand elsewhere in the order.
        extra: indexes of columns the profile does not know, unnamed ones left out.
    """

    profile: Profile
    header: tuple[str, ...]
    places: Mapping[str, int]
    renamed: tuple[str, ...]
    moved: tuple[str, ...]
    extra: tuple[int, ...]

    @property
    def fingerprint(self) -> str:
        """Digest of the names of all columns and the version of the profile: 16 hexadecimal digits.

        It changes when a column is renamed, moved, added or removed.
        """
        content = "\n".join((self.profile.id, self.profile.version, *map(name_key, self.header)))
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def repeating(self) -> frozenset[int]:
        """Columns that repeat few distinct texts: those of the profile but identifying ones and free text."""
        differing = {c.name for c in self.profile.columns if c.identifying or c.free_text}
        return frozenset(place for name, place in self.places.items() if name not in differing)

    def is_repetition(self, cells: Sequence[str]) -> bool:
        """Whether a data row is the header line once more, as page breaks of reports leave it."""
        return all(
            name_key(cells[self.places[name]]) == name_key(self.header[self.places[name]])
            for name in self.profile.marks
        )


class ProfileNames:
    """Names under which the columns of a profile may appear in one source."""

    def __init__(
        self,
        profile: Profile,
        local_names: Mapping[str, str] | None = None,
        *,
        source: str = "cases",
    ) -> None:
        """Collect the profile's own names, known other names, and those of the configuration.

        Args:
            profile: the profile.
            local_names: column of the profile -> its local name (``[sources.<name>.columns]``).
            source: name of the source in the configuration, for messages.

        Raises:
            KimError: ``config_invalid`` if the profile has no such column.
        """
        self.profile = profile
        self._source = source
        own = {
            name_key(name): column.name
            for column in profile.columns
            for name in (column.name, column.own_name)
        }
        aliases = {name_key(alias): column.name for column in profile.columns for alias in column.aliases}
        self._names = aliases | own
        for name, local in (local_names or {}).items():
            standard = own.get(name_key(name))
            if standard is None:
                pointer = f"/sources/{source}/columns/{name}"
                raise kim_error("config_invalid", self._unknown_column(name), pointer=pointer)
            self._names[name_key(local)] = standard

    def canonical(self, name: str) -> str | None:
        """Return the canonical name of a column, or None if the profile does not know it."""
        return self._names.get(name_key(name))

    def layout(self, cells: Sequence[str]) -> Layout | None:
        """Judge whether a line is the header.

        Args:
            cells: cells of one line.

        Returns:
            The layout, or None if the line does not hold the marks of a header.
        """
        header = tuple(repaired(cell).strip() for cell in cells)
        while header and not header[-1]:  # the delimiter at the end of every line opens no column
            header = header[:-1]
        layout = self.layout_of(header)
        return layout if all(mark in layout.places for mark in self.profile.marks) else None

    def layout_of(self, header: Sequence[str]) -> Layout:
        """Find the columns of the profile among the names of a source that says which they are."""
        places: dict[str, int] = {}
        extra: list[int] = []
        for index, cell in enumerate(header):
            name = self.canonical(cell)
            if name is not None and name not in places:
                places[name] = index
            elif cell:
                extra.append(index)
        found = sorted(places, key=places.__getitem__)
        return Layout(
            profile=self.profile,
            header=tuple(header),
            places=MappingProxyType(places),
            renamed=tuple(
                name for name in found if fold(header[places[name]]) != fold(self.profile.own_name(name))
            ),
            moved=_out_of_order(found, self.profile.names),
            extra=tuple(extra),
        )

    def require_columns(self, layout: Layout) -> None:
        """Refuse a header that lacks columns.

        Raises:
            KimError: ``missing_column``, naming every one.
        """
        columns = self.profile.columns
        missing = [c.own_name for c in columns if not c.optional and c.name not in layout.places]
        if not missing:
            return
        names, table = ", ".join(missing), f"[sources.{self._source}.columns]"
        raise kim_error(
            "missing_column",
            Text(
                f"[sources.{self._source}] fehlen diese Spalten: {names}. Heißt eine davon dort anders, "
                "gehört in "
                f'node.toml unter {table} eine Zeile wie "{missing[0]}" = "Name im Export".',
                f"[sources.{self._source}] lacks these columns: {names}. If one has another name there, add "
                "a "
                f'line such as "{missing[0]}" = "name in the export" under {table} in node.toml.',
            ),
            errors=[
                ErrorItem(
                    f"/sources/{self._source}/columns/{name}",
                    "missing_column",
                    Text(f"Spalte {name} fehlt.", f"Column {name} is missing."),
                )
                for name in missing
            ],
        )

    def no_header(self) -> KimError:
        """Build the refusal of a file in which no line or row is the header."""
        marks = " + ".join(self.profile.own_name(mark) for mark in self.profile.marks)
        title = self.profile.title
        return kim_error(
            "no_header",
            Text(
                f"In den ersten {HEADER_WITHIN_LINES} Zeilen steht keine Kopfzeile mit {marks} ({title.de}).",
                f"The first {HEADER_WITHIN_LINES} lines hold no header line with {marks} ({title.en}).",
            ),
        )

    def _unknown_column(self, name: str) -> Text:
        table, title = f"[sources.{self._source}.columns]", self.profile.title
        known = ", ".join(self.profile.own_names)
        return Text(
            f"{table} nennt „{name}“; diese Spalte hat {title.de} nicht. Es gibt: {known}.",
            f'{table} names "{name}"; {title.en} has no such column. There are: {known}.',
        )


def name_key(name: str) -> str:
    """Return what counts of a column's name."""
    # Blanks of any kind, hyphens and dots vary between versions of the same program.
    return "".join(sign for sign in fold(repaired(name)) if sign.isalnum() or sign in "()")


def _out_of_order(found: Sequence[str], profile: Sequence[str]) -> tuple[str, ...]:
    """Return the fewest columns whose removal leaves the order of the profile (patience sorting)."""
    order = [profile.index(name) for name in found]
    piles: list[int] = []  # for each length the smallest end of a run in order
    ends: list[int] = []  # for each length the position of that end
    before: list[int] = []  # for each position its predecessor in its run
    for position, place in enumerate(order):
        length = bisect_left(piles, place)
        piles[length : length + 1] = [place]
        ends[length : length + 1] = [position]
        before.append(ends[length - 1] if length else -1)
    in_order: set[int] = set()
    position = ends[-1] if ends else -1
    while position >= 0:
        in_order.add(position)
        position = before[position]
    return tuple(name for position, name in enumerate(found) if position not in in_order)
