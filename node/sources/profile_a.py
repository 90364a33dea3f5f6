"""Layout of profile A, the export of a case-management program: columns, other names for them, header line.

Invariants: columns are found by name, never by place; a name counts whatever its case, blanks and hyphens.
It deliberately reads no file: it only judges lines that somebody else has cut into cells.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from node.sources.wording import fold, repaired
from protocol.errors import ErrorItem, kim_error
from protocol.texts import Text

COLUMNS: Final = (
    "Fallnummer",
    "Mandant",
    "AGS",
    "Gemeinde",
    "Träger",
    "Beratungsart",
    "Erstkontakt",
    "Fallbeginn",
    "Fallende",
    "Fallstatus",
    "Personen-ID",
    "Anz. Personen",
    "Geschlecht",
    "Geburtsdatum",
    "Staatsangehörigkeit",
    "Aufenthaltsstatus",
    "gültig bis",
    "Rechtskreis",
    "Zugang über",
    "Weitervermittlung an",
    "Handlungsfelder",
    "Abschlussgrund",
    "Stellenanteil",
    "Bemerkung",
)
OPTIONAL: Final = frozenset(
    {
        "Mandant",
        "Gemeinde",
        "Träger",
        "Anz. Personen",
        "gültig bis",
        "Weitervermittlung an",
        "Stellenanteil",
        "Bemerkung",
    }
)
REQUIRED: Final = tuple(name for name in COLUMNS if name not in OPTIONAL)
#: Columns in which nearly every row differs; all others repeat few distinct texts.
IDENTIFYING: Final = frozenset({"Fallnummer", "Personen-ID", "Bemerkung"})

_HEADER_MARKS: Final = ("Fallnummer", "Fallbeginn")
_ALIASES: Final = {
    "Fall-Nr.": "Fallnummer",
    "Fall-Nr": "Fallnummer",
    "Pers.-ID": "Personen-ID",
    "Beginn": "Fallbeginn",
    "Ende": "Fallende",
    "Nationalität": "Staatsangehörigkeit",
    "Status (Aufenthalt)": "Aufenthaltsstatus",
    "Handlungsfeld": "Handlungsfelder",
    "Geb.-Datum": "Geburtsdatum",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the profile's columns stand in one file.

    Attributes:
        header: names as the file has them, in file order.
        places: column of the profile -> index in the file.
        renamed: columns of the profile that the file calls otherwise.
        moved: columns of the profile that stand elsewhere in the order.
        extra: indexes of columns the profile does not know, unnamed ones left out.
    """

    header: tuple[str, ...]
    places: Mapping[str, int]
    renamed: tuple[str, ...]
    moved: tuple[str, ...]
    extra: tuple[int, ...]

    def is_repetition(self, cells: Sequence[str]) -> bool:
        """Whether a data row is the header line once more, as page breaks of reports leave it."""
        return all(
            _name_key(cells[self.places[name]]) == _name_key(self.header[self.places[name]])
            for name in _HEADER_MARKS
        )


class ProfileNames:
    """Names under which the profile's columns may appear."""

    def __init__(self, local_names: Mapping[str, str] | None = None) -> None:
        """Collect the profile's own names, known other names, and those of the configuration.

        Args:
            local_names: column of the profile -> its local name (``[columns]`` of ``node.toml``).

        Raises:
            KimError: ``config_invalid`` if the profile has no such column.
        """
        self._names = {_name_key(name): name for name in COLUMNS}
        self._names |= {_name_key(alias): name for alias, name in _ALIASES.items()}
        own = {_name_key(name): name for name in COLUMNS}
        for name, local in (local_names or {}).items():
            standard = own.get(_name_key(name))
            if standard is None:
                raise kim_error("config_invalid", _unknown_column(name), pointer=f"/columns/{name}")
            self._names[_name_key(local)] = standard

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
        places: dict[str, int] = {}
        extra: list[int] = []
        for index, cell in enumerate(header):
            name = self._names.get(_name_key(cell))
            if name is not None and name not in places:
                places[name] = index
            elif cell:
                extra.append(index)
        if not all(mark in places for mark in _HEADER_MARKS):
            return None
        found = sorted(places, key=places.__getitem__)
        return Layout(
            header=header,
            places=MappingProxyType(places),
            renamed=tuple(name for name in found if fold(header[places[name]]) != fold(name)),
            moved=_out_of_order(found),
            extra=tuple(extra),
        )


def require_columns(layout: Layout) -> None:
    """Refuse a header that lacks columns.

    Raises:
        KimError: ``missing_column``, naming every one.
    """
    missing = [name for name in REQUIRED if name not in layout.places]
    if not missing:
        return
    names = ", ".join(missing)
    raise kim_error(
        "missing_column",
        Text(
            f"Dem Export fehlen diese Spalten: {names}. Heißt eine davon im Export anders, gehört in "
            f'node.toml unter [columns] eine Zeile wie "{missing[0]}" = "Name im Export".',
            f"The export lacks these columns: {names}. If one has another name in the export, add a "
            f'line such as "{missing[0]}" = "name in the export" under [columns] in node.toml.',
        ),
        errors=[
            ErrorItem(
                f"/columns/{name}",
                "missing_column",
                Text(f"Spalte {name} fehlt.", f"Column {name} is missing."),
            )
            for name in missing
        ],
    )


def _name_key(name: str) -> str:
    # Blanks of any kind, hyphens and dots vary between versions of the same program.
    return "".join(sign for sign in fold(repaired(name)) if sign.isalnum() or sign in "()")


def _out_of_order(found: Sequence[str]) -> tuple[str, ...]:
    """Return the fewest columns whose removal leaves the order of the profile (patience sorting)."""
    order = [COLUMNS.index(name) for name in found]
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


def _unknown_column(name: str) -> Text:
    return Text(
        f"[columns] nennt „{name}“; diese Spalte hat das Profil A nicht.",
        f'[columns] names "{name}"; profile A has no such column.',
    )
