"""The sentence on the state of deliveries agrees with the number of areas."""

from decimal import Decimal

import pytest

from hub.services.statistics.deliveries import AreaStatus, DeliveryReport, DeliveryState, Secrecy
from hub.web.page_query import PageQuery
from hub.web.sections.status import status_section
from hub.web.wording import Wording
from protocol.regions import reporting_areas
from protocol.texts import Language


@pytest.mark.parametrize(
    ("language", "delivered", "start"),
    [
        ("de", 0, "0 von 54 Gebieten haben geliefert, "),
        ("de", 1, "1 von 54 Gebieten hat geliefert, "),
        ("de", 2, "2 von 54 Gebieten haben geliefert, "),
        ("en", 1, "1 of 54 areas has delivered, "),
        ("en", 2, "2 of 54 areas have delivered, "),
    ],
)
def test_one_area_has_and_others_have_delivered(language: Language, delivered: int, start: str) -> None:
    rows = tuple(AreaStatus(area, DeliveryState.MISSING, (), None, ()) for area in reporting_areas())
    report = DeliveryReport(None, (), rows, delivered, Decimal(0), Secrecy(0, 0))
    section = status_section(report, Wording(language), PageQuery(language=language))
    assert section.sentence.startswith(start)
