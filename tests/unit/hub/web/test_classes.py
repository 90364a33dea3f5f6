"""Classes of the map: ties stay together, limits are values of the table, nobody is left out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.classes import CLASSES, classify
from hub.web.page_query import Scale

VALUES = st.lists(st.decimals(min_value=0, max_value=1000, places=3), min_size=1, max_size=60)


def test_quantiles_of_ten_distinct_values_are_five_pairs() -> None:
    found = classify([Decimal(n) for n in range(10)], Scale.QUANTILE, digits=0)
    assert [(c.lower, c.upper, c.areas) for c in found.classes] == [
        (0, 1, 2),
        (2, 3, 2),
        (4, 5, 2),
        (6, 7, 2),
        (8, 9, 2),
    ]


def test_equal_values_share_a_class_even_if_classes_get_uneven() -> None:
    found = classify([Decimal(1)] * 8 + [Decimal(2), Decimal(3)], Scale.QUANTILE, digits=0)
    assert [(c.lower, c.upper, c.areas) for c in found.classes] == [(1, 1, 8), (2, 3, 2)]


def test_equal_intervals_have_equal_widths() -> None:
    found = classify([Decimal(0), Decimal(10)], Scale.EQUAL, digits=0)
    assert [c.upper for c in found.classes] == [2, 4, 6, 8, 10]
    assert [c.areas for c in found.classes] == [1, 0, 0, 0, 1]


@pytest.mark.parametrize("scale", list(Scale))
def test_one_value_is_one_class_and_no_value_is_none(scale: Scale) -> None:
    assert [c.areas for c in classify([Decimal("2.5")], scale, digits=1).classes] == [1]
    assert classify([], scale, digits=1).classes == ()


@pytest.mark.parametrize("scale", list(Scale))
@given(values=VALUES, digits=st.integers(0, 2))
def test_every_area_is_in_the_class_whose_limits_hold_its_displayed_value(scale, values, digits) -> None:
    found = classify(values, scale, digits=digits)
    assert 1 <= len(found.classes) <= CLASSES
    assert sum(c.areas for c in found.classes) == len(values)
    counted = [0] * len(found.classes)
    for value in values:
        number = found.class_of(value)
        counted[number] += 1
        shown = value.quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")
        assert found.classes[number].lower <= shown <= found.classes[number].upper
    assert counted == [c.areas for c in found.classes]
    uppers = [c.upper for c in found.classes]
    assert uppers == sorted(set(uppers))
