"""The summary for a person speaks one language, and says every check and every failure."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hub.demo.comparison.judgement import Check, Judgement
from hub.demo.course.area_runs import AreaRun
from hub.demo.course.costs import StepCost
from hub.demo.result.summary import HubCost, summarise
from hub.demo.result.tables import print_summary
from hub.demo.truth.answer_key import AreaTruth
from protocol.regions import reporting_area
from protocol.texts import LANGUAGES, Language

AREA = reporting_area("NW05374")


def printed(language: Language, judgement: Judgement) -> str:
    place = {"area": AREA.id, "dataset": "CASES", "period": "2025-Q1"}
    delivery = {**place, "cells": 9, "withheld": 0, "audit": "safe"}
    report = {"findings": [{"trap": "T05", "handling": "R", "rows": 1234}], "deliveries": [delivery] * 2}
    summary = summarise(
        [AreaRun(AREA, 10, report, "", 1.0, 2**20)],
        {AREA.id: AreaTruth(AREA.id, frozenset({"2025-Q1"}), {("T05", "R"): 1234}, {}, {}, {})},
        judgement,
        costs={"total": StepCost(61.54, 3.0, 20.25, 1.0)},
        hub=HubCost(),
        url="http://127.0.0.1",
    )
    page = io.StringIO()
    print_summary(summary, Console(file=page, width=120), language=language)
    return page.getvalue()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "de",
            (
                "Ergebnis der Demo",
                "1.234",
                "61,5 ",
                "T05 Datum",
                "zurückgestellt",
                "2 von 34",
                "sicher 2",
                "Lieferungen nach Datensatz",
                "Nicht bestanden: 2",
            ),
        ),
        (
            "en",
            (
                "Result of the demo",
                "1,234",
                "61.5 ",
                "T05 dates",
                "set aside",
                "2 of 34",
                "safe 2",
                "Deliveries by dataset",
                "Failed: 2",
            ),
        ),
    ],
)
def test_one_language_at_a_time(language: Language, words: tuple[str, ...]) -> None:
    judgement = Judgement()
    judgement.check(Check.VALUE_TRUE, holds=True, where="")
    judgement.check(Check.API_AGREES, holds=False, where="NW05374")
    page = printed(language, judgement)
    (other,) = set(LANGUAGES) - {language}
    for check in Check:
        assert check.text.in_(language) in page
        assert check.text.in_(other) not in page
    for word in words:
        assert word in page
    assert f"{Check.API_AGREES.text.in_(language)}: NW05374" in page


@pytest.mark.parametrize(
    ("language", "words"), [("de", "Alle Prüfungen bestanden."), ("en", "All checks passed.")]
)
def test_the_verdict(language: Language, words: str) -> None:
    judgement = Judgement()
    judgement.check(Check.VALUE_TRUE, holds=True, where="")
    assert words in printed(language, judgement)
