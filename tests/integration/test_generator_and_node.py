"""The demo's lists through the node's reading, quality and tabulation: the same figures in every cell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aggregation.facts import Facts
from aggregation.tabulate import is_collected, tabulate
from hub.demo.generator.areas import generate_area
from hub.demo.lists.local_lists import file_for_init
from hub.demo.lists.node_config import configured
from hub.demo.lists.plans import FIRST_QUARTER, LAST_QUARTER, plan_of, special_areas
from hub.demo.result.summary import is_counted_exactly
from hub.demo.truth.answer_key import ANSWER_KEY_FILE
from node.mapping import CodeMapping
from node.quality import Prepared, prepare
from node.settings import Settings, parse_settings
from node.sources import read_source
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from protocol.regions import AACHEN_REST, AACHEN_WHOLE, reporting_area, reporting_areas

#: What is special (between them every layout and medium, and a total that does not add up), and local codes
#: in moved columns.
AREAS = (
    *special_areas(),
    next(
        a.id
        for a in reporting_areas()
        if plan_of(a).local_codes and plan_of(a).columns != tuple(sorted(plan_of(a).columns))
    ),
)
CATALOGUE = load_catalogue()


def settings_of(area: str, folder: Path) -> Settings:
    """The configuration that the demo writes around its lists."""
    plan = plan_of(reporting_area(area))
    template = f"""
        [node]
        id = "node-00000000000000000000000000"
        area = "{area}"
        instance = "00000000-0000-0000-0000-000000000000"
        [hub]
        url = "http://127.0.0.1:1"
        [periods]
        first = "2024-Q4"
        last = "2026-Q3"
        [sources.cases]
        holds = "cases"
        path = "{folder / file_for_init(plan)}"
        """
    lines = "\n".join(line.strip() for line in template.splitlines())
    return parse_settings(configured(lines, plan, folder).encode(), path=folder / "node.toml")


def prepared_from(settings: Settings, *, mapping: Mapping[str, Mapping[str, str]] | None = None) -> Prepared:
    return prepare(
        [(spec, read_source(spec)) for spec in settings.sources],
        area=settings.area,
        mapping=CodeMapping(CATALOGUE, settings.mapping if mapping is None else mapping),
        catalogue=CATALOGUE,
    )


@pytest.mark.parametrize("area", AREAS)
def test_node_and_answer_key_agree(area: str, tmp_path: Path) -> None:
    generate_area(reporting_area(area), tmp_path)
    answer = json.loads((tmp_path / ANSWER_KEY_FILE).read_text(encoding="utf-8"))
    prepared = prepared_from(settings_of(area, tmp_path))
    assert prepared.unmapped == ()
    found: Counter[tuple[str, str]] = Counter()
    for finding in prepared.findings:
        found[finding.trap, str(finding.handling)] += finding.rows
    due = Counter({(t, h): rows for t, by in answer["findings"].items() for h, rows in by.items()})
    exact = [key for key in found | due if is_counted_exactly(*key)]
    assert {key: found[key] for key in exact} == {key: due[key] for key in exact}
    assert due <= found
    require_the_same(prepared.facts, answer)
    assert prepared.joint.keys() == ({AACHEN_WHOLE} if area == AACHEN_REST else set())
    if area == AACHEN_REST:
        require_the_same(prepared.joint[AACHEN_WHOLE], answer["authority"])


def require_the_same(facts: Facts, answer: Mapping[str, Any]) -> None:
    for dataset in CATALOGUE.datasets.values():
        collected = [indicator.id for indicator in dataset.indicators if is_collected(facts, indicator)]
        assert collected == answer["collected"].get(dataset.id, [])
        quarters = Period.span(FIRST_QUARTER, LAST_QUARTER) if "Q" in dataset.frequencies else ()
        periods = (*quarters, Period(2025)) if "A" in dataset.frequencies else quarters
        tabulated = tabulate(facts, catalogue=CATALOGUE, dataset_id=dataset.id, periods=periods)
        for period in periods:
            keys = ["|".join(key) for key in delivery_grid(CATALOGUE, dataset.id, period.freq).keys]
            truth = answer["figures"][str(period)].get(dataset.id, {})
            values = dict(zip(keys, tabulated[period].values.tolist(), strict=True))
            assert values == {key: truth.get(key, 0) for key in keys}


def test_local_codes_stop_a_node_that_does_not_know_them(tmp_path: Path) -> None:
    area = next(a.id for a in reporting_areas() if "SEX" in plan_of(a).local_codes)
    generate_area(reporting_area(area), tmp_path)
    prepared = prepared_from(settings_of(area, tmp_path), mapping={})
    assert "SEX" in {entry.dimension for entry in prepared.unmapped}
