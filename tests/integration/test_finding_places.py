"""Where a finding is: the cells by name, what is published of them, and nothing of what is withheld or waits.

The pages are those of the real application on a built database (`published_hub`), with findings of every
kind.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from hub.cli import main
from hub.store.models import observation, submission, submission_finding
from protocol.catalogue import AUDIT_RULE
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from tests.factories.page_reading import tags_of, text_of
from tests.factories.published_hub import LAST, YEAR, BuiltHub, app_of, whole_hub

CATALOGUE = load_catalogue()
PAGE = "/arbeit/befunde"
AREA = "NW05315"
BEFORE = [LAST.previous()]
for _ in range(3):
    BEFORE.append(BEFORE[-1].previous())


@dataclass
class Copy:
    """A copy of the built hub that a test may change. Nobody has an account: every page is open."""

    home: Path

    @cached_property
    def engine(self) -> sa.Engine:
        return sa.create_engine(f"sqlite:///{self.home / 'hub.sqlite3'}")

    @cached_property
    def client(self) -> FlaskClient:
        return app_of(BuiltHub(self.home / "hub.sqlite3", {})).test_client()

    def id_of(self, dataset: str, period: Period, area: str = AREA) -> str:
        c = submission.c
        found = sa.select(c.id).where(
            c.dataset == dataset, c.period == str(period), c.area == area, c.state == "accepted"
        )
        with self.engine.connect() as connection:
            return str(connection.execute(found).scalar_one())

    def find(
        self, dataset: str, period: Period, rule: str, *rows: int, cells: int = 0, area: str = AREA
    ) -> str:
        identity = self.id_of(dataset, period, area)
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(submission_finding).values(
                    submission_id=identity, rule=rule, cells=cells or len(rows), rows=rows
                )
            )
        return identity

    def published(self, dataset: str, row: int, period: Period) -> int:
        """What readers get of a cell of the area, by the statistics API's own rows."""
        indicator, *codes = grid_of(CATALOGUE, dataset).keys[row]
        named = zip(grid_of(CATALOGUE, dataset).dims, codes, strict=True)
        cell = "-".join(f"{d}.{code}" for d, code in named if code not in {"_T", "_Z"})
        address = f"/indikator/{indicator}.csv?table=areas&measure=count&period={period}&lang=en"
        answer = self.client.get(address + (f"&cell={cell}" if cell else ""))
        assert answer.status_code == 200
        head, *lines = (line.split(",") for line in answer.text.splitlines())
        (found,) = (line[head.index("value")] for line in lines if AREA in line)
        return int(found)

    def status(self, *more: str) -> str:
        done = CliRunner().invoke(main, ["status", "--home", str(self.home), *more])
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    shutil.copy(whole_hub().path, tmp_path / "hub.sqlite3")
    made = Copy(tmp_path)
    with made.engine.begin() as connection:
        connection.execute(sa.delete(submission_finding))
    yield made
    made.engine.dispose()


def row_of(dataset: str, indicator: str, **codes: str) -> int:
    grid = grid_of(CATALOGUE, dataset)
    return grid.index[grid.key(CATALOGUE.indicator(indicator), codes)]


WOMEN = row_of("CASES", "CASES_OPEN", SEX="F")


def said(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def test_a_jump_shows_the_published_figure_and_the_four_before(copy: Copy) -> None:
    copy.find("CASES", LAST, "V_JUMP", WOMEN)
    values = [said(copy.published("CASES", WOMEN, period)) for period in (LAST, *BEFORE)]
    text = text_of(copy.client, PAGE)
    shown = re.search(r"Laufende Fälle am Stichtag, Geschlecht: Weiblich (.*) Warum die Zahlen stimmen", text)
    assert shown
    assert re.findall(r"(\d\.\s*Quartal\s*\d{4}) ([\d.]+)", shown[1]) == [
        (f"{period.quarter}.\xa0Quartal {period.year}", value)
        for period, value in zip((LAST, *BEFORE), values, strict=True)
    ]
    links = [a["href"] for tag, a in tags_of(copy.client, PAGE) if tag == "a"]
    (link,) = (link for link in links if link and link.startswith("/indikator/CASES_OPEN"))
    assert f"cell=SEX.F&period={LAST}&area={AREA}" in link.replace("&amp;", "&")
    assert copy.client.get(link).status_code == 200


def test_in_english_the_labels_are_english(copy: Copy) -> None:
    copy.find("CASES", LAST, "V_FLOW", WOMEN)
    text = text_of(copy.client, f"{PAGE}?lang=en")
    assert "Open cases at reference date, Sex: Female" in text
    assert re.search(r"Cases opened \d+ Cases closed \d+", text)


def test_what_a_newer_delivery_replaced_stands_without_its_value(copy: Copy) -> None:
    """The release still holds the figures of the first revision; the finding is about the second."""
    first = copy.id_of("CASES", LAST)
    old = said(copy.published("CASES", WOMEN, LAST))
    with copy.engine.begin() as connection:
        row = dict(connection.execute(sa.select(submission).where(submission.c.id == first)).mappings().one())
        connection.execute(sa.update(submission).where(submission.c.id == first).values(state="superseded"))
        connection.execute(
            sa.insert(submission).values({**row, "id": "f" * 64, "revision": 2, "supersedes": first})
        )
    copy.find("CASES", LAST, "V_FLOW", WOMEN)
    text = text_of(copy.client, PAGE)
    assert "nicht veröffentlicht" in text
    assert old not in text
    assert said(copy.published("CASES", WOMEN, BEFORE[0])) in text
    assert not any(
        str(a.get("href")).startswith("/indikator/CASES_OPEN?cell")
        for tag, a in tags_of(copy.client, PAGE)
        if tag == "a"
    )


def test_a_cell_that_is_withheld_meanwhile_shows_no_value(copy: Copy) -> None:
    copy.find("CASES", LAST, "V_JUMP", WOMEN)
    old = said(copy.published("CASES", WOMEN, LAST))
    assert old in text_of(copy.client, PAGE)
    with copy.engine.begin() as connection:
        connection.execute(
            sa.update(observation)
            .where(observation.c.cell == WOMEN)
            .values(state=STATE_NUMBER[CellState.SUPPRESSED], value=None)
        )
    text = text_of(copy.client, PAGE)
    assert "nicht veröffentlicht" in text
    assert old not in text


def test_many_cells_are_folded_and_those_that_are_not_stored_are_counted(copy: Copy) -> None:
    rows = grid_of(CATALOGUE, "CASES").rows_of("CASES_OPENED")[:20]
    copy.find("CASES", LAST, "V_JUMP", *rows, cells=21)
    answer = copy.client.get(PAGE).text
    seen, _, folded = answer.partition("<details><summary>17 weitere Zellen")
    assert (seen.count('class="compared-values"'), folded.count('class="compared-values"')) == (3, 17)
    assert "1 weitere Zelle ist nicht aufgeführt." in folded


def test_amounts_and_posts_keep_their_decimals(copy: Copy) -> None:
    row = row_of("STAFFING", "FTE_FILLED")
    copy.find("STAFFING", LAST, "V_FTE", row)
    text = text_of(copy.client, PAGE)
    assert re.search(r"Besetzte Stellen \(VZÄ\) 3\.\xa0Quartal 2026 \d+,\d\d ", text)
    assert re.search(r"Bewilligte Stellen \(VZÄ\) \d+,\d\d ", text)


def test_what_the_audit_found_is_named_by_indicator_only(copy: Copy) -> None:
    age = CATALOGUE.indicator("PERSONS_SUPPORTED").dimension_use("AGE")
    assert age
    secret = age.codelist.published[3]
    rows = [row_of("PERSONS", "PERSONS_SUPPORTED", AGE=secret.id), row_of("PERSONS", "PERSONS_NEW", SEX="F")]
    identity = copy.find("PERSONS", YEAR, AUDIT_RULE, *rows, cells=3)
    with copy.engine.begin() as connection:
        connection.execute(sa.update(submission).where(submission.c.id == identity).values(audit="open"))
    text = text_of(copy.client, PAGE)
    assert "Es geht um 3 gesperrte Zellen: Begleitete Personen, Erstmals begleitete Personen." in text
    pages = (text, text_of(copy.client, f"/arbeit/gebiete/{AREA}"), copy.status())
    for page in pages:
        assert secret.name.de not in page
        assert "Weiblich" not in page
    (named,) = json.loads(copy.status("--json"))["confirm"]
    assert named["where"] == [
        {"indicator": "PERSONS_SUPPORTED", "codes": None},
        {"indicator": "PERSONS_NEW", "codes": None},
    ]


def test_the_area_reads_where_it_is_beside_its_delivery(copy: Copy) -> None:
    rows = [WOMEN, *(row_of("CASES", "CASES_OPENED", SEX=sex) for sex in ("F", "M")), 0]
    copy.find("CASES", LAST, "V_JUMP", *rows, cells=24)
    text = text_of(copy.client, f"/arbeit/gebiete/{AREA}")
    assert (
        "(ab 20): Laufende Fälle am Stichtag, Geschlecht: Weiblich; Neue Fälle, Geschlecht: Weiblich; "
        "Neue Fälle, Geschlecht: Männlich; und 21 weitere" in text
    )


def test_the_terminal_names_cells_and_no_value(copy: Copy) -> None:
    rows = grid_of(CATALOGUE, "CASES").rows_of("CASES_OPENED")[:5]
    copy.find("CASES", LAST, "V_FLOW", WOMEN)
    copy.find("CASES", LAST, "V_JUMP", *rows, cells=5)
    told = copy.status("--lang", "de")
    assert "    · Laufende Fälle am Stichtag, Geschlecht: Weiblich\n" in told
    assert "    und 2 weitere\n" in told
    assert said(copy.published("CASES", WOMEN, LAST)) not in told
    assert "· Laufende Fälle am Stichtag, Geschlecht: Weiblich / Open cases" in copy.status()
    found = json.loads(copy.status("--json"))["confirm"]
    assert found[0]["where"] == [{"indicator": "CASES_OPEN", "codes": {"SEX": "F"}}]
    assert len(found[1]["where"]) == 5
    assert not {"rows", "values"} & {key for one in found for key in one}


def test_without_a_release_the_cells_are_named_all_the_same(copy: Copy) -> None:
    copy.find("CASES", LAST, "V_FLOW", WOMEN)
    with copy.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM published"))
    text = text_of(copy.client, PAGE)
    assert "Laufende Fälle am Stichtag, Geschlecht: Weiblich" in text
    assert "nicht veröffentlicht" in text
