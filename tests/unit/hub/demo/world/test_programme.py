"""Registers of the simulated world: of the size that the programme has, and consistent in themselves."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from hub.demo.world.casework import EXPORT_DAY
from hub.demo.world.programme import Programme, funded_at, run_programme, up_to

DAY = date(2025, 12, 31)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return run_programme("NW05382", population=600_000, city=False)


def test_the_same_area_has_the_same_registers(programme: Programme) -> None:
    assert run_programme("NW05382", population=600_000, city=False) == programme
    assert run_programme("NW05374", population=600_000, city=False).posts != programme.posts


def test_posts_follow_the_key_of_distribution(programme: Programme) -> None:
    granted = funded_at(programme.posts, DAY)
    by_component = {
        code: sum(fte for (baustein, _), fte in granted.items() if baustein.startswith(code))
        for code in ("B1", "B2", "B3")
    }
    # Some posts begin later or are given up.
    assert 0.8 * 1800 <= by_component["B2"] <= 1800
    assert 0.5 * 342 <= by_component["B3"] <= 343
    assert by_component["B1"] >= 200
    assert {carrier.kind for _, carrier in granted} == {"OWN", "MUNI", "NGO"}


def test_no_town_employs_in_a_city() -> None:
    city = run_programme("NW05111", population=600_000, city=True)
    assert {carrier.kind for carrier in city.carriers} == {"OWN", "NGO"}


def test_spans_of_a_post_follow_each_other(programme: Programme) -> None:
    posts: dict[str, list[tuple[date, date | None]]] = {}
    for span in programme.posts:
        assert 0 <= span.filled <= span.funded
        assert span.last is None or span.first <= span.last
        posts.setdefault(span.post, []).append((span.first, span.last))
    assert any(len(spans) == 3 for spans in posts.values())
    for spans in posts.values():
        for (_, last), (first, _) in pairwise(spans):
            assert last == first - timedelta(days=1)


def test_most_posts_are_filled(programme: Programme) -> None:
    there = [s for s in programme.posts if s.first <= DAY and (s.last is None or s.last >= DAY)]
    assert 0.75 < sum(s.filled for s in there) / sum(s.funded for s in there) <= 1


def test_a_post_costs_what_the_land_grants(programme: Programme) -> None:
    for year in (2024, 2025):
        staff = sum(b.granted for b in programme.bookings if (b.year, b.cost) == (year, "STAFF"))
        posts = sum(funded_at(programme.posts, date(year, 12, 31)).values())
        assert 45_000 <= staff / posts <= 60_000
        spent = sum(b.spent for b in programme.bookings if b.year == year)
        assert 0.8 < spent / sum(b.granted for b in programme.bookings if b.year == year) < 1


def test_some_money_comes_back(programme: Programme) -> None:
    back = [b for b in programme.bookings if b.spent < 0]
    assert back
    assert {b.granted for b in back} == {0}


def test_a_list_knows_nothing_of_the_days_after_it(programme: Programme) -> None:
    day = date(2025, 6, 30)
    known = up_to(programme, day)
    assert 0 < len(known.decisions) < len(programme.decisions)
    for days in (
        [d.day for d in known.decisions],
        [i.reported for i in known.issues],
        [b.day for b in known.bookings],
        [s.first for s in known.posts],
    ):
        assert max(days) <= day < EXPORT_DAY
