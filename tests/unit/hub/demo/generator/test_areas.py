"""Whole areas: deterministic files, every trap somewhere, totals that agree."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hub.demo.generator.areas import generate_area
from hub.demo.generator.entries import Version
from hub.demo.lists.local_lists import file_for_init
from hub.demo.lists.node_config import configured
from hub.demo.lists.plans import (
    FIRST_QUARTER,
    LAST_QUARTER,
    Medium,
    Profile,
    Special,
    plan_of,
    special_areas,
)
from hub.demo.traps.by_list import TRAPS
from hub.demo.truth.answer_key import ANSWER_KEY_FILE
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_REST, AACHEN_WHOLE, reporting_area, reporting_areas

#: Between them: every layout and medium, registers in both forms, and what is special.
AREAS = (
    "NW05112",
    AACHEN_CITY,
    AACHEN_REST,
    "NW05117",
    "NW05120",
    "NW05122",
    "NW05512",
    "NW05762",
    "NW05916",
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, Path]]:
    home = tmp_path_factory.mktemp("areas")
    return {area: (generate_area(reporting_area(area), home / area), home / area) for area in AREAS}


def digest(folder: Path) -> str:
    # A spreadsheet is an archive with the time of its making, and a database counts its changes.
    texts = (path for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".jsonl", ".json"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in texts)).hexdigest()


def test_another_process_with_another_hash_seed_writes_the_same_bytes(
    generated: dict[str, tuple[int, Path]], tmp_path: Path
) -> None:
    program = (
        "import sys, pathlib\n"
        "from hub.demo.generator.areas import generate_area\n"
        "from protocol.regions import reporting_area\n"
        f"generate_area(reporting_area({AACHEN_CITY!r}), pathlib.Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, env=environment)
    assert digest(tmp_path) == digest(generated[AACHEN_CITY][1])


def test_every_trap_of_rows_occurs(generated: dict[str, tuple[int, Path]]) -> None:
    found = {
        trap
        for _, folder in generated.values()
        for trap in json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))["findings"]
    }
    # T16 and T18 may have no finding of their own.
    assert {trap.id for trap in TRAPS} - {"T18"} <= found
    assert {"T03", "T17", "T22"} <= found


def test_file_traps_are_spread_over_the_areas() -> None:
    plans = [plan_of(area) for area in reporting_areas()]
    assert {plan.encoding for plan in plans} == {"cp1252", "utf-8", "utf-8-sig"}
    assert sum(plan.separator_line for plan in plans) >= 5
    assert sum(bool(plan.extra) for plan in plans) >= 5
    assert sum(plan.columns != tuple(sorted(plan.columns)) for plan in plans) >= 5
    assert sum("Fall-Nr." in plan.names for plan in plans) >= 5
    assert sum(bool(plan.local_codes) for plan in plans) == 4


def test_the_file_is_profile_a(generated: dict[str, tuple[int, Path]]) -> None:
    _, folder = generated["NW05112"]
    plan = plan_of(reporting_area("NW05112"))
    text = (folder / "export.csv").read_bytes().decode(plan.encoding)
    assert text.endswith("\r\n")
    lines = text.split("\r\n")
    assert lines[1] == "Export vom 05.10.2026 08:15"
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    width = len(plan.names) + len(plan.extra) + 1
    assert {len(row) for row in rows[2:]} == {width}
    assert all(row[-1] == "" for row in rows[2:])
    assert rows[-1][0] == "Summe"
    assert len(rows) > 4000


def answer_of(folder: Path) -> Any:
    return json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))


def total(answer: Any, period: str, indicator: str) -> int:
    """The total of an indicator, from any cell whose codes are all totals."""
    catalogue = load_catalogue()
    dataset = catalogue.indicator(indicator).dataset
    key = "|".join(grid_of(catalogue, dataset).key(catalogue.indicator(indicator), {}))
    return int(answer["figures"][period][dataset].get(key, 0))


QUARTERS = [str(quarter) for quarter in Period.span(FIRST_QUARTER, LAST_QUARTER)]


def test_identities_hold_in_the_answer_key(generated: dict[str, tuple[int, Path]]) -> None:
    for _, folder in generated.values():
        answer = answer_of(folder)
        for before, quarter in pairwise(QUARTERS):
            opened, closed = (total(answer, quarter, i) for i in ("CASES_OPENED", "CASES_CLOSED"))
            stock = total(answer, before, "CASES_OPEN") + opened - closed
            assert total(answer, quarter, "CASES_OPEN") == stock
            assert total(answer, quarter, "CASES_BY_WAIT") == opened
            assert total(answer, quarter, "CASES_BY_DURATION") == closed
        persons = [total(answer, f"2025-Q{quarter}", "PERSONS_SUPPORTED") for quarter in (1, 2, 3, 4)]
        assert max(persons) < total(answer, "2025", "PERSONS_SUPPORTED") < sum(persons)


def test_figures_are_plausible_in_the_answer_key(generated: dict[str, tuple[int, Path]]) -> None:
    for _, folder in generated.values():
        answer = answer_of(folder)
        if "FUNDS" not in answer["collected"]:
            continue
        assert total(answer, "2025", "FUNDS_SPENT") < total(answer, "2025", "FUNDS_GRANTED")
        staff = next(
            v for k, v in answer["figures"]["2025"]["FUNDS"].items() if re.search(r"GRANTED\|_T\|STAFF", k)
        )
        posts = total(answer, "2025-Q4", "FTE_FUNDED")
        assert 30_000 < staff / posts < 75_000
        assert 0.7 < total(answer, "2025-Q4", "FTE_FILLED") / posts <= 1
        assert any(
            v < 0 for k, v in answer["figures"]["2025"]["FUNDS"].items() if k.startswith("FUNDS_SPENT")
        )


def test_every_layout_and_medium_occurs() -> None:
    plans = [plan_of(area) for area in reporting_areas()]
    assert {plan.profile for plan in plans} == set(Profile)
    assert {plan.medium for plan in plans} == set(Medium)
    assert sum(plan.medium is Medium.SQLITE for plan in plans) == 2
    assert {plan.registers for plan in plans} == {None, Medium.CSV, Medium.XLSX}
    assert {plan.special for plan in plans} == {None, *Special}
    small = [plan_of(reporting_area(area)) for area in special_areas()]
    assert {plan.profile for plan in small} == set(Profile)
    assert {plan.medium for plan in small} == set(Medium)
    assert any(plan.wrong_total for plan in small)


def test_lists_lie_where_the_configuration_says(generated: dict[str, tuple[int, Path]]) -> None:
    for area, (_, folder) in generated.items():
        plan = plan_of(reporting_area(area))
        template = f'[sources.cases]\nholds = "cases"\npath = "{folder / file_for_init(plan)}"\n'
        configuration = tomllib.loads(configured(template, plan, folder))
        for source in configuration["sources"].values():
            assert Path(source.get("path") or source["url"].removeprefix("sqlite:///")).is_file()
        assert ("breaks" in configuration) == (plan.special is Special.BREAK)
        carriers = configuration.get("mapping", {}).get("CARRIER", {})
        assert bool(carriers) == (plan.registers is not None)


def test_a_configuration_that_names_another_source_is_not_touched(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not name"):
        configured('path = "/elsewhere.csv"\n', plan_of(reporting_area("NW05112")), tmp_path)


def test_what_is_special_shows_in_periods_and_sources(generated: dict[str, tuple[int, Path]]) -> None:
    answers = {area: answer_of(folder) for area, (_, folder) in generated.items()}
    joined = answers["NW05762"]["periods"]
    assert (joined[0], joined[-2], joined[-1], len(joined)) == ("2025-Q1", "2026-Q3", "2025", 8)
    assert "2026-Q3" not in answers["NW05916"]["periods"]
    assert {"2025-Q2", "2025"}.isdisjoint(answers["NW05120"]["periods"])
    assert set(answers["NW05122"]["collected"]) == {"CASES", "PERSONS", "PROCESSES"}
    assert "B3_DECISIONS" not in answers[AACHEN_CITY]["collected"]["PROCESSES"]
    assert "B3_DECISIONS" not in answers[AACHEN_REST]["collected"]["PROCESSES"]
    authority = answers[AACHEN_REST]["authority"]
    assert (authority["area"], authority["collected"]) == (AACHEN_WHOLE, {"PROCESSES": ["B3_DECISIONS"]})
    before, after = (total(answers["NW05512"], quarter, "CASES_OPENED") for quarter in ("2025-Q2", "2025-Q3"))
    assert after > 1.3 * before


def test_only_the_export_of_a_version_differs(tmp_path: Path) -> None:
    region = reporting_area("NW05966")
    rows = {version: generate_area(region, tmp_path / version.name, version=version) for version in Version}
    assert len(set(rows.values())) == 1
    files = {path.name for path in (tmp_path / "RIGHT").iterdir()}
    for name in files:
        contents = {(tmp_path / version.name / name).read_bytes() for version in Version}
        assert len(contents) == (3 if name == "export.csv" else 1)


def test_local_codes_stand_for_leaf_codes() -> None:
    plan = next(plan_of(area) for area in reporting_areas() if "SEX" in plan_of(area).local_codes)
    assert plan.local_codes == {"SEX": {"Frau": "F", "Mann": "M"}}
