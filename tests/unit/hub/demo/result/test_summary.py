"""Judging the whole: any disagreement fails the demo."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hub.demo.comparison.judgement import Cells, Check, Judgement
from hub.demo.course.area_runs import AreaRun
from hub.demo.course.verdicts import worst_verdict
from hub.demo.result.summary import HubCost, is_counted_exactly, summarise
from hub.demo.truth.answer_key import AreaTruth
from protocol.regions import reporting_area

AREA = reporting_area("NW05374")


def report(**changes: Any) -> dict[str, Any]:
    delivery = {"area": AREA.id, "dataset": "CASES", "period": "2025-Q1", "cells": 9, "withheld": 2}
    return {
        "findings": [{"trap": "T05", "handling": "R", "rows": 3}],
        "deliveries": [{**delivery, "audit": "safe", **changes}],
    }


def judgement() -> Judgement:
    return Judgement(
        checks=Counter({Check.VALUE_TRUE: 9}),
        deliveries={(AREA.id, "CASES", "2025-Q1"): Cells(9, 2)},
        land_exact=Counter(sum=4),
        land_widths={"sum": [1, 3, 8]},
    )


def summary_of(run: AreaRun, found: Judgement, *, due: int = 3) -> Any:
    findings = {("T05", "R"): due, ("T11", "N"): 0}
    truth = AreaTruth(AREA.id, frozenset({"2025-Q1"}), findings, {}, {}, {})
    return summarise(
        [run],
        {AREA.id: truth},
        found,
        costs={},
        hub=HubCost(),
        url="http://127.0.0.1",
    )


def test_a_demo_in_which_everything_holds() -> None:
    summary = summary_of(AreaRun(AREA, 10, report(), "", 1.0, 2**20), judgement())
    assert summary.ok
    document = summary.document()
    assert document["areas"] == {"expected": 1, "delivered": 1}
    assert (document["deliveries"], document["deliveries_expected"]) == (1, 34)
    cases = document["datasets"]["CASES"]
    assert cases["cells"] == {"delivered": 9, "withheld": 2, "withheld_share": 0.2222}
    assert (cases["deliveries"], cases["audit"]) == (1, {"safe": 1})
    assert document["datasets"]["FUNDS"]["deliveries"] == 0
    assert document["statewide"][0] | {"kind": "sum"} == document["statewide"][0]
    assert document["statewide"][0]["exact_share"] == 0.5714
    assert document["statewide"][0]["median_width"] == 3


@pytest.mark.parametrize(
    ("run", "due"),
    [
        (AreaRun(AREA, 10, None, "kim-node submit failed", 1.0, 0), 3),
        (AreaRun(AREA, 10, report(audit="unknown"), "", 1.0, 0), 3),
        (AreaRun(AREA, 10, report(audit="a word of a later version"), "", 1.0, 0), 3),
        (AreaRun(AREA, 10, report() | {"deliveries": []}, "", 1.0, 0), 3),
        (AreaRun(AREA, 10, report(withheld=1), "", 1.0, 0), 3),
        (AreaRun(AREA, 10, report(), "", 1.0, 0), 4),
        (AreaRun(AREA, 10, report(), "", 1.0, 0), 2),
    ],
)
def test_any_disagreement_fails_the_demo(run: AreaRun, due: int) -> None:
    assert not summary_of(run, judgement(), due=due).ok


def test_nothing_published_fails_the_demo() -> None:
    empty = Judgement(deliveries=judgement().deliveries)
    assert not summary_of(AreaRun(AREA, 10, report(), "", 1.0, 0), empty).ok


def test_a_delivery_that_the_node_does_not_report_fails_the_demo() -> None:
    found = judgement()
    found.count_delivery(AREA.id, "PERSONS", "2025-Q1", cells=5, withheld=1)
    failures = summary_of(AreaRun(AREA, 10, report(), "", 1.0, 0), found).failures
    assert [failure.en for failure in failures] == [
        f"{AREA.id} PERSONS 2025-Q1: 0 withheld says the node, 1 are shown so"
    ]


def test_the_worst_audit_counts() -> None:
    both = report()
    both["deliveries"].append({**both["deliveries"][0], "audit": "unsafe"})
    assert worst_verdict(AreaRun(AREA, 10, both, "", 1.0, 0).deliveries) == "unsafe"
    assert worst_verdict(AreaRun(AREA, 10, None, "x", 1.0, 0).deliveries) == "none"


def test_spellings_may_be_found_more_often_than_planted() -> None:
    assert not is_counted_exactly("T11", "N")
    assert is_counted_exactly("T08", "N")
    assert is_counted_exactly("T15", "W")
