"""The columns of files: the same for every table of figures, so that files can be put together."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final

from hub.services.statistics.figures import Figure, Interval
from hub.services.statistics.marks import NO_MARKS, FigureMarks
from hub.services.statistics.subjects import Subject
from hub.web.exports.table import Column, Value
from hub.web.page_query import cell_token
from hub.web.sections.flags import flags_of
from hub.web.texts import figures as texts
from hub.web.wording import Wording
from protocol.codelists import TOTAL
from protocol.periods import Period
from protocol.texts import Text

#: Decimals of rates and derived figures in files: enough to compute on, too few to tell the parts.
_DECIMALS: Final = Decimal("0.0001")

FIGURE_COLUMNS: Final[tuple[Column, ...]] = (
    Column("indicator", Text("Kennzahl (Kennung)", "Indicator (id)")),
    Column("indicator_name", Text("Kennzahl", "Indicator")),
    Column("cell", Text("Gliederung (Codes)", "Breakdown (codes)")),
    Column("cell_name", Text("Gliederung", "Breakdown")),
    Column("ref_area", Text("Gebiet (Code)", "Area (code)")),
    Column("area_name", Text("Gebiet", "Area")),
    Column("time_period", Text("Zeitraum", "Period")),
    Column("unit", Text("Einheit", "Unit")),
    Column("value", Text("Wert", "Value")),
    Column("lower", Text("mindestens", "at least")),
    Column("upper", Text("höchstens", "at most")),
    Column("rate", Text("Rate je 1.000", "Rate per 1,000")),
    Column("rate_lower", Text("Rate mindestens", "Rate at least")),
    Column("rate_upper", Text("Rate höchstens", "Rate at most")),
    Column("obs_status", Text("Status (SDMX OBS_STATUS)", "Status (SDMX OBS_STATUS)")),
    Column("conf_status", Text("Geheimhaltung (SDMX CONF_STATUS)", "Confidentiality (SDMX CONF_STATUS)")),
    Column("status", Text("Status", "Status")),
    Column("marks", Text("Zeichen", "Signs")),
    Column("areas_expected", Text("Gebiete", "Areas")),
    Column("areas_delivered", Text("davon geliefert", "of which delivered")),
    Column("areas_withheld", Text("davon geheim", "of which withheld")),
)


def figure_row(
    subject: Subject,
    codes: Mapping[str, str],
    region: str,
    name: str,
    *,
    period: Period,
    figure: Figure,
    wording: Wording,
    marks: FigureMarks = NO_MARKS,
) -> tuple[Value, ...]:
    """Return one figure as a row of :data:`FIGURE_COLUMNS`."""
    say = wording.say
    uses = {use.id: use.codelist for use in subject.dimensions}
    labels = ", ".join(say(uses[dimension][code].name) for dimension, code in codes.items())
    empty = figure.empty
    rounded = subject.derived is not None
    count = _limits(None if empty else figure.count, rounded=rounded)
    rate = _limits(None if empty else figure.rate, rounded=True)
    coverage = figure.coverage
    return (
        subject.id,
        say(subject.name),
        cell_token(codes) or TOTAL,
        labels or say(texts.CHOICE_TOTAL),
        region,
        name,
        str(period),
        say(texts.UNIT[subject.unit]),
        *count,
        *rate,
        *figure.wire,
        say(texts.STATUS_PARTIAL if figure.partial else figure.state.label),
        "; ".join(flag.label for flag in flags_of(marks, wording)) or None,
        coverage.expected if coverage else 1,
        coverage.delivered if coverage else None,
        coverage.withheld if coverage else None,
    )


def _limits(
    interval: Interval | None, *, rounded: bool
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return value, lower and upper limit; the value only where it is known exactly."""
    if interval is None:
        return None, None, None
    lower, upper = interval.lower, interval.upper
    if not rounded:
        return (lower if interval.exact else None), lower, upper
    if interval.exact and lower is not None:
        value = lower.quantize(_DECIMALS, rounding=ROUND_HALF_UP)
        return value, value, value
    return (
        None,
        None if lower is None else lower.quantize(_DECIMALS, rounding=ROUND_FLOOR),
        None if upper is None else upper.quantize(_DECIMALS, rounding=ROUND_CEILING),
    )
