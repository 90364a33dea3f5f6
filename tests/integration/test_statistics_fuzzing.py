"""Requests generated from the API's own description, valid and broken ones, against the real application.

Every answer must have a described status, media type and shape; broken requests must be refused, valid
ones answered. The number of examples is small on purpose: the suite runs often, a longer search is a
command away (`schemathesis run` on a serving hub).

The strategies are drawn directly: the library's own pytest plugin does not know this pytest's node ids.
"""

from functools import cache

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from hub.api.statistics.operations import operations
from tests.factories.published_hub import app_of, whole_hub


@cache
def described() -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app_of(whole_hub()))


# Without parameters there is nothing that could be broken.
CASES = [
    (operation.id, mode)
    for operation in operations()
    for mode in GenerationMode
    if operation.parameters or mode is GenerationMode.POSITIVE
]


@pytest.mark.parametrize(("operation", "mode"), CASES, ids=lambda value: getattr(value, "value", value))
def test_requests_made_from_the_description(operation: str, mode: GenerationMode) -> None:
    found = described()[f"/{operation}"]["GET"]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def every_answer_is_as_described(data: st.DataObject) -> None:
        case = data.draw(found.as_strategy(generation_mode=mode))
        case.call_and_validate()

    every_answer_is_as_described()
