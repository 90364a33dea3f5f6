"""The areas side by side: a dot per published value, none for a withheld one, nothing that ranks."""

from dataclasses import replace

import pytest

from hub.services.statistics import Statistics
from hub.services.statistics.report import ReportQuery, indicator_report
from hub.web.page_query import Measure
from hub.web.sections.distribution import WIDTH, distribution_view
from hub.web.wording import Wording
from protocol.periods import Period
from tests.factories.published_hub import whole_hub


def report_of(subject: str, *, area: str | None = None, **codes: str):
    with Statistics(whole_hub().engine()).reading() as reading:
        return indicator_report(reading, ReportQuery(subject, codes, Period.parse("2026-Q2"), area))


def view_of(report, measure: Measure = Measure.RATE):
    return distribution_view(report, Wording("de").about(report.subject, measure), unit="x")


def test_every_published_value_is_one_dot_and_the_chosen_area_stands_out() -> None:
    view = view_of(report_of("CASES_OPEN", area="NW05315"))
    assert len(view.dots) == 53
    assert view.chosen.title.startswith("Köln: ")
    assert view.chosen_label.startswith("Köln: ")
    places = {(dot.x, dot.y) for dot in (*view.dots, view.chosen)}
    assert len(places) == 54  # none lies on another
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= view.base for dot in view.dots)


def test_the_land_stands_beside_areas_only_where_sizes_do_not_matter() -> None:
    report = report_of("CASES_OPEN")
    assert view_of(report).land.label.startswith("Land: ")
    assert view_of(report, Measure.COUNT).land is None
    assert view_of(report_of("FILL_RATE")).land is not None


def test_withheld_areas_are_counted_and_have_no_dot() -> None:
    report = report_of("CASES_OPEN", area="NW05766", RESIDENCE="DULD")
    view = view_of(report)
    hidden = sum(1 for item in report.areas if item.figure.empty)
    assert len(view.dots) == 54 - hidden
    assert view.chosen is None
    assert view.chosen_label == "Kreis Lippe: geheim zu halten"
    assert f"weil geheim: {hidden}." in view.note


@pytest.mark.parametrize("kept", [0, 2])
def test_too_few_values_are_no_distribution(kept: int) -> None:
    report = report_of("CASES_OPEN")
    nothing = replace(report.areas[0].figure, count=None, rate=None)
    areas = tuple(
        item if number < kept else replace(item, figure=nothing) for number, item in enumerate(report.areas)
    )
    assert view_of(replace(report, areas=areas)) is None
