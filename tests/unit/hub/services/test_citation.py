"""A release is cited by the day in Germany, as its pages say it."""

from __future__ import annotations

import datetime as dt

import pytest

from hub.services.extracts.codebook import citation_cff, citation_line
from hub.services.statistics.releases import Release


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (dt.datetime(2026, 10, 9, 21, 59, tzinfo=dt.UTC), "2026-10-09"),
        (dt.datetime(2026, 10, 9, 22, 0, tzinfo=dt.UTC), "2026-10-10"),
        (dt.datetime(2026, 12, 31, 23, 0, tzinfo=dt.UTC), "2027-01-01"),
    ],
)
def test_what_is_published_at_night_is_of_the_day_that_the_pages_name(moment: dt.datetime, day: str) -> None:
    release = Release(1, 3, moment, "1", {}, {})
    for language, word in (("de", "Veröffentlichung"), ("en", "Release")):
        line = citation_line(release, language)
        assert f"{word} 3, {day}," in line
        assert f"({day[:4]})" in line
    assert f"date-released: {day}\n" in citation_cff(release).decode()
