"""The simulated casework: the same everywhere, of the size the programme has, and consistent in itself."""

from __future__ import annotations

import statistics

import pytest

from hub.demo.world.casework import EXPORT_DAY, FIRST_DAY, Casework, simulate
from protocol.regions import reporting_areas


@pytest.fixture(scope="module")
def casework() -> Casework:
    return simulate("NW05315", population=1_017_355)


def test_same_area_gives_the_same_world(casework: Casework) -> None:
    assert simulate("NW05315", population=1_017_355) == casework


def test_other_area_of_the_same_size_differs(casework: Casework) -> None:
    assert simulate("NW05111", population=1_017_355).cases != casework.cases


def test_stock_follows_the_number_of_posts() -> None:
    for area in reporting_areas()[::9]:
        cases = simulate(area.id, population=area.population).cases
        stock = sum(case.opened < FIRST_DAY for case in cases)
        posts = 8 + area.population / 60_000
        assert 0.80 * 20 * posts - 1 <= stock <= 0.97 * 45 * posts + 1


def test_dates_are_possible(casework: Casework) -> None:
    for case in casework.cases:
        assert case.first_contact <= case.opened <= EXPORT_DAY
        assert case.closed is None or case.opened < case.closed <= EXPORT_DAY
        assert case.closed is None or case.closed >= FIRST_DAY


def test_cases_are_ordered_and_members_distinct(casework: Casework) -> None:
    assert [case.opened for case in casework.cases] == sorted(case.opened for case in casework.cases)
    for case in casework.cases:
        assert 1 <= len({member.id for member in case.members}) == len(case.members) <= 7


def test_shape_of_the_distributions(casework: Casework) -> None:
    opened = [case for case in casework.cases if FIRST_DAY <= case.opened < FIRST_DAY.replace(year=2025)]
    women = [member.sex for case in casework.cases for member in case.members].count("F")
    members = sum(len(case.members) for case in casework.cases)
    assert 0.48 < women / members < 0.56
    single = sum(len(case.members) == 1 for case in opened) / len(opened)
    assert 0.38 < single < 0.55
    days = [(case.closed - case.opened).days for case in opened if case.closed]
    assert 130 < statistics.median(days) < 260


def test_ukrainians_mostly_have_temporary_protection(casework: Casework) -> None:
    status = [m.residence for case in casework.cases for m in case.members if m.country.group == "UA"]
    assert status.count("T_HUM_24") / len(status) > 0.8


def test_some_persons_come_again(casework: Casework) -> None:
    seen: dict[str, int] = {}
    for case in casework.cases:
        for member in case.members:
            seen[member.id] = seen.get(member.id, 0) + 1
    assert sum(count > 1 for count in seen.values()) > 20
