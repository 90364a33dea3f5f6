"""The state of deliveries in words: it agrees with the number of areas, and what is urgent comes first."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from hub.services.statistics.deliveries import AreaStatus, DatasetDelivery, DeliveryReport, DeliveryState
from hub.store.tables.statistics_rows import Secrecy
from hub.web.page_query import parse_page_query
from hub.web.sections.status import finding_groups, open_list, status_summary
from hub.web.wording import Wording
from protocol.catalogue import Dataset
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from protocol.regions import reporting_areas
from protocol.texts import Language, Text

CATALOGUE = load_catalogue()
PERIOD = Period.parse("2026-Q2")
RULE = Text("Bestand = Bestand zuvor + neue", "open = open before + new")
QUERY = parse_page_query({}, "/lieferungen")


@pytest.mark.parametrize(
    ("language", "delivered", "start"),
    [
        ("de", 0, "0 von 54 Gebieten haben alles geliefert, "),
        ("de", 1, "1 von 54 Gebieten hat alles geliefert, "),
        ("de", 2, "2 von 54 Gebieten haben alles geliefert, "),
        ("en", 1, "1 of 54 areas has delivered everything, "),
        ("en", 2, "2 of 54 areas have delivered everything, "),
    ],
)
def test_one_area_has_and_others_have_delivered(language: Language, delivered: int, start: str) -> None:
    rows = tuple(AreaStatus(area, DeliveryState.MISSING, (), None, ()) for area in reporting_areas())
    report = DeliveryReport(None, (), (), (), rows, delivered, Decimal(0), Secrecy(0, 0))
    summary = status_summary(report, Wording(language))
    assert summary.sentence.startswith(start)


def test_what_is_late_comes_first_and_what_waits_for_the_ministry_is_counted() -> None:
    cases, persons = (CATALOGUE.dataset(name) for name in ("CASES", "PERSONS"))
    rows = [
        AreaStatus(
            area,
            DeliveryState.MISSING if late else DeliveryState.DELIVERED,
            (
                delivery(cases, DeliveryState.MISSING if late else DeliveryState.DELIVERED),
                delivery(persons, DeliveryState.MISSING)
                if late
                else delivery(persons, DeliveryState.ACCEPTED, findings=(RULE,)),
            ),
            None,
            (),
        )
        for area in reporting_areas()
        for late in [area.id.endswith("4")]
    ]
    late = [row.area.name for row in rows if row.state is DeliveryState.MISSING]
    found = open_list(report_of(rows), Wording("de"), QUERY)
    assert [item.area for item in (*found.first, *found.more)] == late
    assert {item.flow for item in found.first} == {""}  # all dataflows of the area: not named one by one
    elsewhere = f"{54 - len(late)} Gebiete"
    assert [(group.flow, group.what, group.count) for group in found.accepted] == [
        ("Personen", "angenommen, noch nicht veröffentlicht", elsewhere)
    ]
    confirm = finding_groups(report_of(rows), Wording("de"), QUERY)
    assert [(group.flow, group.what, group.count) for group in confirm] == [("Personen", RULE.de, elsewhere)]


@pytest.mark.parametrize(("late", "first", "label"), [(11, 11, ""), (12, 10, "und 2 weitere")])
def test_a_long_list_is_folded(late: int, first: int, label: str) -> None:
    cases = CATALOGUE.dataset("CASES")
    rows = [
        AreaStatus(area, DeliveryState.MISSING, (delivery(cases, DeliveryState.MISSING),), None, ())
        for area in reporting_areas()[:late]
    ]
    found = open_list(report_of(rows), Wording("de"), QUERY)
    assert (len(found.first), found.more_label) == (first, label)


def report_of(rows: Sequence[AreaStatus]) -> DeliveryReport:
    return DeliveryReport(PERIOD, (), (), (), tuple(rows), 0, Decimal(0), Secrecy(0, 0))


def delivery(dataset: Dataset, state: DeliveryState, *, findings: tuple[Text, ...] = ()) -> DatasetDelivery:
    return DatasetDelivery(
        dataset=dataset, period=PERIOD, state=state, due=PERIOD.last_day, revision=1, since=None,
        problem=None, series_break=None, granted=False, findings=findings, audit=None, secrecy=None,
    )  # fmt: skip
