"""The demo's exports through the node's reading, quality and tabulation: the same figures in every cell."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from aggregation.tabulate import tabulate
from hub.demo.generate import ANSWER_KEY_FILE, EXPORT_FILE, generate_area
from hub.demo.plans import FIRST_QUARTER, LAST_QUARTER, plan_of
from hub.demo.summary import is_counted_exactly
from node.mapping import CodeMapping
from node.quality import prepare
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_REST, reporting_area, reporting_areas

#: Local codes, both parts of Aachen, another encoding with moved columns: between them they hold every trap.
AREAS = (
    AACHEN_CITY,
    AACHEN_REST,
    next(a.id for a in reporting_areas() if "SEX" in plan_of(a).local_codes),
    next(
        a.id
        for a in reporting_areas()
        if plan_of(a).encoding == "utf-8-sig" and plan_of(a).columns != tuple(sorted(plan_of(a).columns))
    ),
)


@pytest.mark.parametrize("area", AREAS)
def test_node_and_answer_key_agree(area: str, tmp_path: Path) -> None:
    catalogue = load_catalogue()
    region = reporting_area(area)
    generate_area(region, tmp_path)
    answer = json.loads((tmp_path / ANSWER_KEY_FILE).read_text(encoding="utf-8"))
    spec = SourceSpec("cases", path=tmp_path / EXPORT_FILE)
    prepared = prepare(
        [(spec, read_source(spec))],
        area=area,
        mapping=CodeMapping(catalogue, plan_of(region).local_codes),
        catalogue=catalogue,
    )
    assert prepared.unmapped == ()
    found = Counter({(f.trap, str(f.handling)): f.rows for f in prepared.findings})
    due = Counter({(t, h): rows for t, by in answer["findings"].items() for h, rows in by.items()})
    exact = [key for key in found | due if is_counted_exactly(*key)]
    assert {key: found[key] for key in exact} == {key: due[key] for key in exact}
    assert due <= found
    periods = Period.span(FIRST_QUARTER, LAST_QUARTER)
    for dataset in ("CASES", "PERSONS"):
        keys = ["|".join(key) for key in grid_of(catalogue, dataset).keys]
        tabulated = tabulate(prepared.facts, catalogue=catalogue, dataset_id=dataset, periods=periods)
        for period in periods:
            truth = answer["figures"][str(period)][dataset]
            assert dict(zip(keys, tabulated[period].values.tolist(), strict=True)) == {
                k: truth.get(k, 0) for k in keys
            }


def test_local_codes_stop_a_node_that_does_not_know_them(tmp_path: Path) -> None:
    region = reporting_area(AREAS[2])
    generate_area(region, tmp_path)
    catalogue = load_catalogue()
    spec = SourceSpec("cases", path=tmp_path / EXPORT_FILE)
    prepared = prepare(
        [(spec, read_source(spec))],
        area=region.id,
        mapping=CodeMapping(catalogue),
        catalogue=catalogue,
    )
    assert {entry.dimension for entry in prepared.unmapped} == {"SEX"}
