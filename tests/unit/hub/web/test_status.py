"""The sentence on the state of deliveries agrees with the number of areas."""

from decimal import Decimal

import pytest

from hub.services.statistics.deliveries import AreaStatus, DeliveryReport, DeliveryState
from hub.store.statistics_rows import Secrecy
from hub.web.sections.status import status_summary
from hub.web.wording import Wording
from protocol.regions import reporting_areas
from protocol.texts import Language


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
