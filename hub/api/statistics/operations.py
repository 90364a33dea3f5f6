"""The operations of the statistics API as one table: path, parameters, answer, handler.

`views` registers the routes from it, `openapi` describes it; nothing else knows a path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from hub.api.statistics import documents, schemas
from hub.api.statistics.parameters import (
    CURSOR_PATTERN,
    DEFAULT_PAGE,
    LARGEST_PAGE,
    PERIOD_PATTERN,
    Kind,
    Parameter,
    dimension_parameters,
)
from hub.services.statistics.deliveries import delivery_report
from hub.services.statistics.derived_listing import list_derived
from hub.services.statistics.listing import ListedFigure, list_figures
from hub.services.statistics.paging import Cursor, ListingPage, ListingQuery
from hub.services.statistics.reading import Reading
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.regions import region_tree, reporting_areas
from protocol.texts import Text

T = TypeVar("T")

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler found: the members of the document beside ``release`` and ``demo``.

    Attributes:
        data: the list.
        next: cursor of the next page, or None at the end.
        paged: whether the document has a ``next`` member.
    """

    data: list[documents.Document]
    next: str | None = None
    paged: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, always GET.

    Attributes:
        id: operation id; also the last part of the path.
        summary: one line.
        text: what the answer holds.
        parameters: what it takes.
        schema: JSON Schema of the answer.
        handler: reads the answer.
        problems: HTTP statuses of refusals.
        fixed: whether the answer follows from the release alone, so that one asked for by number can be
            kept for good.
        item: name of the component that describes an item of a list that is offered as CSV too, else None.
    """

    id: str
    summary: str
    text: Text
    parameters: tuple[Parameter, ...]
    schema: schemas.Schema
    handler: Callable[[Reading, Values], Answer]
    problems: tuple[int, ...] = (400, 404)
    fixed: bool = True
    item: str | None = None


RELEASE: Final = Parameter(
    "release",
    Text("Nummer einer früheren Veröffentlichung", "number of an earlier release"),
    Kind.INTEGER,
    least=1,
    most=999_999_999,
)
_LIMIT: Final = Parameter(
    "limit",
    Text("höchste Zahl von Einträgen", "most items on a page"),
    Kind.INTEGER,
    least=1,
    most=LARGEST_PAGE,
    default=DEFAULT_PAGE,
)
_CURSOR: Final = Parameter(
    "cursor",
    Text("Fortsetzung, aus `next` der vorigen Seite", "continuation, from `next` of the page before"),
    Kind.PATTERN,
    pattern=CURSOR_PATTERN,
)
_PERIODS: Final = Parameter(
    "period", Text("Zeiträume", "periods"), Kind.PATTERN, many=True, pattern=PERIOD_PATTERN
)
_PERIOD: Final = Parameter(
    "period", Text("Zeitraum; der letzte, wenn er fehlt", "period; the latest if missing"), Kind.PATTERN,
    pattern=PERIOD_PATTERN,
)  # fmt: skip


FORMAT: Final = Parameter(
    "format",
    Text("Form der Antwort; ohne Angabe nach `Accept`", "form of the answer; by `Accept` if missing"),
    Kind.CHOICE,
    choices=("json", "csv"),
)


def _areas_parameter(choices: tuple[str, ...], text: Text) -> Parameter:
    return Parameter("ref_area", text, Kind.CHOICE, many=True, choices=choices, refusal="unknown_area")


@cache
def operations() -> tuple[Operation, ...]:
    """Return all operations in the order of the description."""
    catalogue, tree = load_catalogue(), region_tree()
    indicator = Parameter(
        "indicator",
        Text("Indikatoren", "indicators"),
        Kind.CHOICE,
        many=True,
        choices=tuple(catalogue.indicators),
        refusal="unknown_indicator",
    )
    areas = _areas_parameter(tuple(area.id for area in reporting_areas()), Text("Gebiete", "reporting areas"))
    aggregates = _areas_parameter(tree.aggregates, Text("zusammengefasste Regionen", "aggregate regions"))
    everywhere = _areas_parameter(
        (*(area.id for area in reporting_areas()), *tree.aggregates), Text("Gebiete und Regionen", "regions")
    )
    derived = Parameter(
        "indicator",
        Text("abgeleitete Kennzahlen", "derived indicators"),
        Kind.CHOICE,
        many=True,
        choices=tuple(catalogue.derived),
        refusal="unknown_indicator",
    )
    cells = (*dimension_parameters(catalogue), _LIMIT, _CURSOR, FORMAT, RELEASE)
    return (
        Operation(
            "indicators",
            "Indicators, their dimensions and codes",
            Text("Indikatoren der Veröffentlichung mit Gliederungen.", "Indicators of the release."),
            (RELEASE,),
            schemas.envelope(schemas.ref("Indicator")),
            _indicators,
        ),
        Operation(
            "areas",
            "Reporting areas and aggregate regions",
            Text("54 Gebiete und ihre Zusammenfassungen.", "The 54 areas and their aggregates."),
            (),
            schemas.envelope(schemas.ref("Area")),
            _areas,
            problems=(400,),
            fixed=False,
        ),
        Operation(
            "periods",
            "Periods of the release",
            Text("Zeiträume der Veröffentlichung.", "Periods of the release."),
            (RELEASE,),
            schemas.envelope(schemas.ref("Period")),
            _periods,
        ),
        Operation(
            "releases",
            "All releases, newest first",
            Text("Alle Veröffentlichungen.", "All releases; figures that were cited stay readable."),
            (),
            schemas.envelope(schemas.ref("Release")),
            _releases,
            problems=(400,),
            fixed=False,
        ),
        Operation(
            "deliveries",
            "State of the 54 areas' deliveries",
            Text("Stand der Lieferungen in einem Zeitraum.", "State of deliveries in one period, as of now."),
            (_PERIOD, areas),
            schemas.envelope(schemas.ref("Delivery")),
            _deliveries,
            fixed=False,
        ),
        Operation(
            "observations",
            "Published values of reporting areas",
            Text(
                "Werte der 54 Gebiete.", "Values of the 54 areas; a withheld value is null with its status."
            ),
            (indicator, areas, _PERIODS, *cells),
            schemas.paged(schemas.ref("Observation")),
            _observations,
            item="Observation",
        ),
        Operation(
            "totals",
            "Totals of aggregate regions with guaranteed limits",
            Text(
                "Summen der Regionen mit sicheren Grenzen und Deckung.",
                "Totals of aggregate regions with guaranteed limits and coverage.",
            ),
            (indicator, aggregates, _PERIODS, *cells),
            schemas.paged(schemas.ref("Total")),
            _totals,
            item="Total",
        ),
        Operation(
            "derived_indicators",
            "Rates and medians that are computed from published figures",
            Text("Abgeleitete Kennzahlen und ihre Formeln.", "Derived indicators and how they are computed."),
            (RELEASE,),
            schemas.envelope(schemas.ref("DerivedIndicator")),
            _derived_indicators,
        ),
        Operation(
            "derived",
            "Rates and medians of areas and regions",
            Text(
                "Quoten und Mediane, aus veröffentlichten Zahlen errechnet.",
                "Rates and medians computed from published figures: an area's figure or its status, "
                "guaranteed limits of a region.",
            ),
            (
                derived,
                everywhere,
                _PERIODS,
                *_dimensions_of_derived(catalogue),
                _LIMIT,
                _CURSOR,
                FORMAT,
                RELEASE,
            ),
            schemas.paged(schemas.ref("DerivedFigure")),
            _derived,
            item="DerivedFigure",
        ),
    )


def _indicators(reading: Reading, _values: Values) -> Answer:
    return Answer([documents.indicator(reading, item) for item in reading.indicators])


def _areas(reading: Reading, _values: Values) -> Answer:
    ids = (*(area.id for area in reporting_areas()), *reading.tree.aggregates)
    return Answer([documents.region(reading, region) for region in ids])


def _periods(reading: Reading, _values: Values) -> Answer:
    release = reading.release
    if release is None:
        return Answer([])
    return Answer([documents.period(reading, release, item) for item in release.all_periods])


def _releases(reading: Reading, _values: Values) -> Answer:
    current = reading.release.number if reading.release else None
    return Answer([documents.release(row, current=current) for row in reading.store.releases()])


def _deliveries(reading: Reading, values: Values) -> Answer:
    wanted = Period.parse(values["period"]) if "period" in values else None
    report = delivery_report(reading, wanted)
    if report.period is None:
        return Answer([])
    areas = values.get("ref_area")
    return Answer(
        [
            documents.delivery(row, item, report.period)
            for row in report.rows
            if areas is None or row.area.id in areas
            for item in row.deliveries
        ]
    )


def _observations(reading: Reading, values: Values) -> Answer:
    everything = tuple(area.id for area in reporting_areas())
    marks = reading.marks

    def document(item: ListedFigure) -> documents.Document:
        place = (item.region, item.indicator.dataset, item.period)
        return documents.observation(item, series_break=place in marks.breaks)

    return _figures(reading, values, regions=everything, document=document)


def _totals(reading: Reading, values: Values) -> Answer:
    breaks = reading.marks.breaks

    def document(item: ListedFigure) -> documents.Document:
        leaves = reading.tree.leaves_of(item.region)
        places = ((leaf, item.indicator.dataset, item.period) for leaf in leaves)
        return documents.total(item, series_breaks=sum(place in breaks for place in places))

    return _figures(reading, values, regions=reading.tree.aggregates, document=document)


def _figures(
    reading: Reading,
    values: Values,
    *,
    regions: tuple[str, ...],
    document: Callable[[ListedFigure], documents.Document],
) -> Answer:
    dimensions = dimension_parameters(reading.catalogue)
    query = _query(reading, values, regions=regions, dimensions=dimensions)
    return _page(list_figures(reading, query), document)


def _dimensions_of_derived(catalogue: Catalogue) -> tuple[Parameter, ...]:
    broken_down = {dimension for item in catalogue.derived.values() for dimension in item.by}
    return tuple(p for p in dimension_parameters(catalogue) if p.name in broken_down)


def _derived_indicators(reading: Reading, _values: Values) -> Answer:
    offered = (subject.derived for subject in reading.subjects)
    return Answer([documents.derived_indicator(reading, item) for item in offered if item is not None])


def _derived(reading: Reading, values: Values) -> Answer:
    everywhere = (*(area.id for area in reporting_areas()), *reading.tree.aggregates)
    dimensions = _dimensions_of_derived(reading.catalogue)
    query = _query(reading, values, regions=everywhere, dimensions=dimensions)
    return _page(list_derived(reading, query), documents.derived)


def _query(
    reading: Reading, values: Values, *, regions: tuple[str, ...], dimensions: Sequence[Parameter]
) -> ListingQuery:
    """Return what to list; `regions` are those of a request that names none."""
    cursor = values.get("cursor")
    if cursor is not None and reading.release is None:
        raise kim_error("not_found", pointer="cursor")
    return ListingQuery(
        regions=tuple(dict.fromkeys(values.get("ref_area", regions))),
        indicators=values.get("indicator", ()),
        periods=tuple(Period.parse(text) for text in values.get("period", ())),
        codes={one.name: values[one.name] for one in dimensions if one.name in values},
        limit=values["limit"],
        after=Cursor.parse(cursor) if cursor is not None else None,
    )


def _page(page: ListingPage[T], document: Callable[[T], documents.Document]) -> Answer:
    token = page.next.token() if page.next else None
    return Answer([document(item) for item in page.items], next=token, paged=True)
