"""What the demo says about the audit of every delivery."""

from __future__ import annotations

import csv
from pathlib import Path

from hub.demo.course.verdicts import told, worst_verdict, write_verdicts


def delivery(audit: str, period: str = "2026-Q1", **changes: object) -> dict[str, object]:
    numbers = {"revision": 1, "cells": 80, "sensitive": 7, "withheld": 12}
    return {"area": "NW05111", "dataset": "CASES", "period": period, "audit": audit, **numbers, **changes}


def test_one_verdict_that_is_not_safe_is_the_verdict() -> None:
    assert worst_verdict([]) == "none"
    assert worst_verdict([delivery("safe"), delivery("safe")]) == "safe"
    assert worst_verdict([delivery("safe"), delivery("unknown")]) == "unknown"
    assert worst_verdict([delivery("safe"), delivery("None")]) == "unknown"
    assert worst_verdict([delivery("unknown"), delivery("unsafe")]) == "unsafe"


def test_every_delivery_is_counted() -> None:
    several = [delivery("safe")] * 33 + [delivery("unsafe")]
    assert told(several).de == "Prüfung: 33 sicher, 1 UNSICHER"
    assert told(several).en == "audit: 33 safe, 1 UNSAFE"
    assert told([]).de == "Prüfung: –"


def test_every_delivery_is_listed(tmp_path: Path) -> None:
    write_verdicts(tmp_path / "audits.csv", [delivery("safe", "2026-Q2"), delivery("safe", revision=2)])
    with (tmp_path / "audits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["period"] for row in rows] == ["2026-Q1", "2026-Q2"]
    assert rows[0]["audit"] == "safe"
    assert rows[0]["revision"] == "2"
