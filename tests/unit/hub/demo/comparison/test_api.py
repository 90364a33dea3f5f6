"""The API is held against the store cell by cell; silence, an error and a difference all fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from hub.demo.comparison import api
from hub.demo.comparison.cells import PublishedCell
from hub.demo.comparison.judgement import Check, Judgement
from hub.demo.comparison.published import PublishedRelease
from hub.store.tables.statistics_rows import CubeRow
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState

CATALOGUE = load_catalogue()
GRID = grid_of(CATALOGUE, "CASES")
ROW = GRID.total_row("CASES_OPENED") or 0
CUBE = CubeRow(
    id=1,
    dataset="CASES",
    period="2025-Q1",
    sha256="",
    catalogue_sha256=CATALOGUE.sha256,
    built_at=datetime(2026, 10, 5, tzinfo=UTC),
    areas=frozenset({"NW05111"}),
)
AREA = PublishedCell("NW05111", ROW, CellState.VALUE, 30, 30, 30, 1, 1, 0)
LAND = PublishedCell("NW05", ROW, CellState.NOT_DELIVERED, None, 30, None, 54, 1, 0)


@dataclass(frozen=True)
class Release:
    """A release of one cube with two cells."""

    published: tuple[CubeRow, ...] = (CUBE,)

    def cubes(self) -> tuple[CubeRow, ...]:
        return self.published

    def cells(self, cube: CubeRow) -> Iterator[PublishedCell]:
        yield from (AREA, LAND)


def page(path: str) -> dict[str, Any]:
    """What the API says of these two cells."""
    place = {"indicator": "CASES_OPENED", "dimensions": {}}
    if "/observations?" in path:
        state = dict(zip(("obs_status", "conf_status"), CellState.VALUE.wire, strict=True))
        return {"data": [place | state | {"ref_area": "NW05111", "value": 30}], "next": None}
    total = {"lower": 30, "upper": None, "expected": 54, "delivered": 1, "withheld": 0}
    return {"data": [place | total | {"ref_area": "NW05"}], "next": None}


def judged(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], dict[str, Any]], release: Release | None = None
) -> Judgement:
    monkeypatch.setattr(api, "get_json", lambda _port, path: answer(path))
    judgement = Judgement()
    api.check_api(0, cast("PublishedRelease", release or Release()), CATALOGUE, judgement)
    return judgement


def test_checks_made_elsewhere_are_taken_over() -> None:
    one, other = Judgement(), Judgement()
    for judgement in (one, other):
        judgement.check(Check.VALUE_TRUE, holds=True, where="")
    other.check(Check.API_AGREES, holds=False, where="NW05111")
    one.take_over(other)
    assert one.checks == {Check.VALUE_TRUE: 2}
    assert one.failures == {Check.API_AGREES: 1}
    assert [example.en for example in one.examples] == [f"{Check.API_AGREES.text.en}: NW05111"]


def test_the_same_cells_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    judgement = judged(monkeypatch, page)
    assert judgement.checks == {Check.API_AGREES: 3}
    assert not judgement.failures


@pytest.mark.parametrize("member", ["lower", "upper", "expected", "delivered", "withheld", "value"])
def test_another_figure_fails(member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(path: str) -> dict[str, Any]:
        document = page(path)
        for item in document["data"]:
            item.update({member: 29} if member in item else {})
        return document

    assert judged(monkeypatch, other).failures == {Check.API_AGREES: 1}


def test_an_api_that_shows_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, lambda _: {"data": [], "next": None}).failures == {Check.API_AGREES: 1}


@pytest.mark.parametrize("error", [OSError("refused"), ValueError("GET /api/v1/observations: 503")])
def test_an_api_that_does_not_answer_fails_in_words(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> dict[str, Any]:
        raise error

    judgement = judged(monkeypatch, broken)
    assert judgement.failures == {Check.API_AGREES: 2}
    assert str(error) in judgement.examples[0].en


def test_without_a_release_nothing_counts_as_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    judgement = judged(monkeypatch, page, Release(published=()))
    assert not judgement.checks
    judgement.require([Check.API_AGREES])
    assert judgement.failures == {Check.API_AGREES: 1}
