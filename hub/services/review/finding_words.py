"""What a finding in a delivery says: a rule of the catalogue, or the hub's own audit; and which cells.

Of a rule the cells are named that do not fit it: they are delivered, and no rule looks at what is withheld.
Of the audit only the indicators are: it finds withheld cells whose value a rule keeps secret, so that to name
one would say that its value is among the smallest. Neither ever says a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aggregation.compared import cell_text, compared_cell
from aggregation.plausibility import rule_text
from protocol.catalogue import AUDIT_RULE, Catalogue
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.texts import Text

_GIVEN_AWAY: Final = Text(
    "Gesperrte Zellen lassen sich aus den Lieferungen des Gebiets zusammen errechnen; die Lieferung ist "
    "zurückgestellt",
    "Withheld cells can be computed from the area's deliveries together; the delivery is held back",
)


def finding_text(catalogue: Catalogue, rule: str) -> Text:
    """Say what a rule of a finding expects, or what the audit found.

    Raises:
        KeyError: there is no such rule.
    """
    return _GIVEN_AWAY if rule == AUDIT_RULE else rule_text(catalogue, rule)


@dataclass(frozen=True, slots=True)
class NamedCell:
    """Where a finding is, as machines and people read it.

    Attributes:
        indicator: id of the indicator.
        codes: code by dimension below its total; None where the cell itself is not named.
        text: the same in words.
    """

    indicator: str
    codes: Mapping[str, str] | None
    text: Text


def named_cells(
    catalogue: Catalogue, dataset: str, period: str, *, rule: str, rows: Sequence[int]
) -> tuple[NamedCell, ...]:
    """Return the cells of a finding in the order of its rows; of the audit each indicator once.

    Args:
        catalogue: the catalogue.
        dataset: short id of the delivery's dataflow.
        period: its period, wire form.
        rule: id of the rule.
        rows: cells as the finding stores them: rows in the grid of the dataflow.
    """
    grid, when = grid_of(catalogue, dataset), Period.parse(period)
    cells = [compared_cell(catalogue, grid, row, when) for row in rows]
    if rule == AUDIT_RULE:
        indicators = [catalogue.indicator(name) for name in dict.fromkeys(cell.indicator for cell in cells)]
        return tuple(NamedCell(indicator.id, None, indicator.name) for indicator in indicators)
    return tuple(NamedCell(cell.indicator, dict(cell.codes), cell_text(catalogue, cell)) for cell in cells)
