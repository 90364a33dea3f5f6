"""Whole areas: deterministic files, every trap somewhere, totals that agree."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from hub.demo.date_traps import TRAPS
from hub.demo.generate import ANSWER_KEY_FILE, EXPORT_FILE, generate_area
from hub.demo.plans import plan_of
from protocol.regions import AACHEN_CITY, reporting_area, reporting_areas

AREAS = ("NW05112", AACHEN_CITY, "NW05374", "NW05513", "NW05762")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, Path]]:
    home = tmp_path_factory.mktemp("areas")
    return {area: (generate_area(reporting_area(area), home / area), home / area) for area in AREAS}


def digest(folder: Path) -> str:
    names = (EXPORT_FILE, ANSWER_KEY_FILE)
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()


def test_another_process_with_another_hash_seed_writes_the_same_bytes(
    generated: dict[str, tuple[int, Path]], tmp_path: Path
) -> None:
    program = (
        "import sys, pathlib\n"
        "from hub.demo.generate import generate_area\n"
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
    data_rows, folder = generated["NW05112"]
    plan = plan_of(reporting_area("NW05112"))
    text = (folder / EXPORT_FILE).read_bytes().decode(plan.encoding)
    assert text.endswith("\r\n")
    lines = text.split("\r\n")
    assert lines[1] == "Export vom 05.10.2026 08:15"
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    width = len(plan.names) + len(plan.extra) + 1
    assert {len(row) for row in rows[2:]} == {width}
    assert all(row[-1] == "" for row in rows[2:])
    assert rows[-1][0] == "Summe"
    dropped = json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))["findings"]["T03"]["D"]
    assert len(rows) == 3 + data_rows + dropped


def test_flow_identity_holds_in_the_answer_key(generated: dict[str, tuple[int, Path]]) -> None:
    for _, folder in generated.values():
        answer = json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))
        totals = []
        for period in answer["periods"]:
            cells = answer["figures"][period]["CASES"]
            totals.append(
                tuple(
                    next(
                        v
                        for k, v in cells.items()
                        if k.startswith(f"{i}|") and set(k.split("|")[1:]) <= {"_T", "_Z"}
                    )
                    for i in ("CASES_OPEN", "CASES_OPENED", "CASES_CLOSED")
                )
            )
        for (before, _, _), (stock, opened, closed) in pairwise(totals):
            assert stock == before + opened - closed


def test_local_codes_stand_for_leaf_codes() -> None:
    plan = next(plan_of(area) for area in reporting_areas() if "SEX" in plan_of(area).local_codes)
    assert plan.local_codes == {"SEX": {"Frau": "F", "Mann": "M"}}


def test_an_area_that_joined_later_delivers_seven_quarters(
    generated: dict[str, tuple[int, Path]],
) -> None:
    _, folder = generated["NW05762"]
    periods = json.loads((folder / ANSWER_KEY_FILE).read_text(encoding="utf-8"))["periods"]
    assert (periods[0], periods[-1], len(periods)) == ("2025-Q1", "2026-Q3", 7)
