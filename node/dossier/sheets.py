"""The content of a dossier: tables read back from the protected bytes, and nothing but those bytes.

Invariants: every figure shown was decoded from the payload that would leave (or has left); true values never
reach this package. The reasons for withholding are the node's own knowledge and stay on its own paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from aggregation.disclosure import Reason
from protocol.canonical import assert_canonical
from protocol.catalogue import Catalogue, DimensionUse, Indicator
from protocol.codelists import TOTAL, Codelist
from protocol.columns import CONF_STATUS, OBS_STATUS, OBS_VALUE, arrow_schema
from protocol.grid import CellGrid, delivery_grid
from protocol.observations import CellState, state_of
from protocol.periods import Period
from protocol.texts import Text

#: A codelist may warn that its total is no sum; it is one where only one answer was possible.
_SUM: Final = Text("Insgesamt", "Total")
_UNITS: Final[Mapping[str, Text]] = {
    "FTE": Text("VZÄ", "FTE"),
    "EUR": Text("Euro", "euros"),
}


@dataclass(frozen=True, slots=True)
class ReasonNote:
    """Why a cell is withheld, as the dossier's legend says it."""

    letter: str
    text: Text


_GROUP: Final = ReasonNote(
    "b",
    Text(
        "besonders geschütztes Merkmal: auch „niemand“ oder „fast alle“ würde etwas über die Gruppe verraten",
        "specially protected attribute: even 'nobody' or 'nearly all' would tell something about the group",
    ),
)
_DOMINANT: Final = ReasonNote(
    "e",
    Text(
        "ein Träger überwiegt so, dass sein Betrag zu genau geschätzt werden könnte",
        "one carrier prevails so much that its amount could be estimated too closely",
    ),
)
REASON_NOTES: Final[Mapping[str, ReasonNote]] = {
    Reason.FREQUENCY.value: ReasonNote(
        "a", Text("zu wenige Fälle oder Personen", "too few cases or persons")
    ),
    Reason.ZERO.value: _GROUP,
    Reason.COMPLEMENT.value: _GROUP,
    Reason.FULL_CELL.value: _GROUP,
    Reason.SECONDARY.value: ReasonNote(
        "c",
        Text(
            "schützt eine andere gesperrte Zelle vor dem Zurückrechnen",
            "keeps another withheld cell from being computed",
        ),
    ),
    Reason.CONTRIBUTORS.value: ReasonNote(
        "d", Text("zu wenige Träger oder Stellen dahinter", "too few carriers or posts behind it")
    ),
    Reason.DOMINANCE.value: _DOMINANT,
    Reason.P_PERCENT.value: _DOMINANT,
    Reason.GROUP.value: ReasonNote(
        "h",
        Text(
            "als Teil einer Gruppe, die nur als Ganzes zu schützen war; auch ihre Nullen sind gesperrt",
            "part of a group that could only be protected as a whole; its zeros are withheld too",
        ),
    ),
    Reason.CORRECTION.value: ReasonNote(
        "g",
        Text(
            "nur um wenige anders als in der früheren Fassung; der Unterschied könnte Einzelne verraten",
            "differs from the earlier vintage by few only; the difference could reveal individuals",
        ),
    ),
    Reason.DISTRIBUTION.value: ReasonNote(
        "f",
        Text(
            "Verteilung, deren Summe zu klein oder selbst gesperrt ist; als Ganzes gesperrt",
            "distribution whose total is too small or withheld itself; withheld as a whole",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it stands in the bytes.

    Attributes:
        state: one of the six states.
        value: scaled by the indicator's decimals; None unless the state has a value.
        note: why it is withheld, where the node still knows.
    """

    state: CellState
    value: int | None
    note: ReasonNote | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table; ``depth`` is its level in the hierarchy, 0 for the total."""

    label: Text
    depth: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class SheetTable:
    """One marginal table of one indicator.

    Attributes:
        caption: its dimensions.
        head: heading of the first column.
        columns: headings of the others.
        lines: the rows, total first.
        multiple: whether one case may count in several lines.
    """

    caption: Text
    head: Text
    columns: tuple[Text, ...]
    lines: tuple[Line, ...]
    multiple: bool


@dataclass(frozen=True, slots=True)
class IndicatorSheet:
    """All tables of one indicator.

    Attributes:
        indicator: its definition.
        tables: its tables; none if the municipality has no source for it.
    """

    indicator: Indicator
    tables: tuple[SheetTable, ...]

    @property
    def collected(self) -> bool:
        """Whether the municipality collects it at all."""
        return bool(self.tables)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One delivery: exactly what the bytes say.

    Attributes:
        dataset: label of the dataset.
        dataset_id: its id.
        period: reporting period.
        payload_sha256: hex digest of the bytes.
        payload_bytes: their number.
        cells: number of cells by state.
        reasons: number of withheld cells by reason; empty where the node does not know any more.
        indicators: the tables.
    """

    dataset: Text
    dataset_id: str
    period: Period
    payload_sha256: str
    payload_bytes: int
    cells: Mapping[CellState, int]
    reasons: Mapping[ReasonNote, int]
    indicators: tuple[IndicatorSheet, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Number of cells."""
        return sum(self.cells.values())


def read_sheet(
    payload: bytes,
    *,
    payload_sha256: str,
    catalogue: Catalogue,
    dataset_id: str,
    period: Period,
    reasons: Mapping[int, str],
) -> Sheet:
    """Read a delivery back from its bytes.

    Args:
        payload: the bytes that would leave.
        payload_sha256: their digest.
        catalogue: labels and tables.
        dataset_id: dataflow.
        period: reporting period.
        reasons: why cells are withheld, by row; may be empty.

    Returns:
        The sheet.

    Raises:
        KimError: if the bytes are not canonical.
    """
    grid = delivery_grid(catalogue, dataset_id, period.freq)
    table = assert_canonical(payload, arrow_schema(grid.dataset))
    columns = [table[name].to_pylist() for name in (OBS_VALUE, OBS_STATUS, CONF_STATUS)]
    cells = tuple(
        Cell(state_of(value, status, confidentiality), value, REASON_NOTES.get(reasons.get(row, "")))
        for row, (value, status, confidentiality) in enumerate(zip(*columns, strict=True))
    )
    notes = Counter(cell.note for cell in cells if cell.note is not None)
    return Sheet(
        dataset=grid.dataset.name,
        dataset_id=dataset_id,
        period=period,
        payload_sha256=payload_sha256,
        payload_bytes=len(payload),
        cells=Counter(cell.state for cell in cells),
        reasons=dict(sorted(notes.items(), key=lambda item: item[0].letter)),
        indicators=tuple(
            _indicator(grid, cells, indicator)
            for indicator in grid.dataset.indicators
            if period.freq in indicator.frequencies
        ),
    )


def _indicator(grid: CellGrid, cells: tuple[Cell, ...], indicator: Indicator) -> IndicatorSheet:
    if all(cells[row].state is CellState.NOT_DELIVERED for row in grid.rows_of(indicator.id)):
        return IndicatorSheet(indicator, ())
    return IndicatorSheet(
        indicator, tuple(_table(grid, cells, indicator, dimensions) for dimensions in indicator.tables)
    )


def _table(
    grid: CellGrid, cells: tuple[Cell, ...], indicator: Indicator, dimensions: tuple[str, ...]
) -> SheetTable:
    uses = [use for dimension in dimensions if (use := indicator.dimension_use(dimension)) is not None]
    # The dimension with fewer codes goes across.
    across = min(uses, key=lambda use: len(use.codelist.published)) if len(uses) == 2 else None
    down = next(use for use in uses if use is not across)
    columns = list(_labelled(across)) if across is not None else []

    def cell(codes: Mapping[str, str]) -> Cell:
        return cells[grid.index[grid.key(indicator, codes)]]

    lines = [
        Line(
            label,
            depth,
            tuple(cell({down.id: code, across.id: column}) for column, _, _ in columns)
            if across is not None
            else (cell({down.id: code}),),
        )
        for code, label, depth in _labelled(down)
    ]
    return SheetTable(
        caption=_caption([use.codelist.name for use in uses]),
        head=down.codelist.name,
        columns=tuple(label for _, label, _ in columns) or (unit_label(indicator),),
        lines=tuple(lines),
        multiple=not all(use.additive for use in uses),
    )


def unit_label(indicator: Indicator) -> Text:
    """Name what the values of an indicator count."""
    return _UNITS.get(indicator.unit, Text("Anzahl", "Number"))


def _caption(names: list[Text]) -> Text:
    return Text(" × ".join(name.de for name in names), " × ".join(name.en for name in names))


def _labelled(use: DimensionUse) -> Iterator[tuple[str, Text, int]]:
    """Yield code, label and level; a total that is the sum of its lines here is called so."""
    for code, label, depth in _ordered(use.codelist):
        yield code, _SUM if code == TOTAL and use.additive else label, depth


def _ordered(codelist: Codelist) -> Iterator[tuple[str, Text, int]]:
    """Yield code, label and level, each code before the codes below it; only a total stands at level 0."""
    tops = [code.id for code in codelist.published if code.parent is None]
    tops.sort(key=lambda code_id: code_id != TOTAL)
    top_level = 0 if TOTAL in tops else 1
    pending = [(code_id, top_level) for code_id in reversed(tops)]
    while pending:
        code_id, depth = pending.pop()
        yield code_id, codelist[code_id].name, depth
        pending += [(child, depth + 1) for child in reversed(codelist.children(code_id))]
