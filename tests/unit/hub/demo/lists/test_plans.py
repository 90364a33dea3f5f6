"""Which areas a smaller demo has."""

from __future__ import annotations

import pytest

from hub.demo.lists.plans import choose_areas, special_areas
from protocol.regions import AACHEN_CITY, AACHEN_REST, reporting_areas


@pytest.mark.parametrize("number", [1, 2, 3, 6, 20, 53, 54])
def test_a_smaller_demo_holds_aachen_the_example_of_the_readme_and_what_is_special(number: int) -> None:
    chosen = [area.id for area in choose_areas(number)]
    assert len(set(chosen)) == len(chosen) == number
    assert chosen == sorted(chosen)
    assert number < 2 or {AACHEN_CITY, AACHEN_REST} <= set(chosen)
    assert number < 3 or "NW05111" in chosen
    assert number < 1 + len(special_areas()) or set(special_areas()) <= set(chosen)


def test_all_areas() -> None:
    assert choose_areas(54) == reporting_areas()
