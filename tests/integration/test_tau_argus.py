"""tau-ARGUS runs as the benchmark runs it, and does on the shared tables what was recorded of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench import tau_argus
from tests.bench.recorded_peers import as_recorded
from tests.bench.tau_argus import Method
from tests.factories.sdc_tables import AMOUNTS, Measured, read_amounts, read_table


def measured(name: str) -> Measured:
    return read_amounts(name) if name in AMOUNTS else read_table(name)


@pytest.mark.parametrize(
    ("name", "method", "cost"),
    [
        ("a1_6x8", Method.OPT, "unit"),
        ("a2_6x8", Method.MOD, "value"),
        ("a3_6x8", Method.MODS, "value"),
        ("a3d2", Method.OPT, "value"),
        ("e_pct", Method.OPT, "unit"),
        ("e_dom", Method.MOD, "value"),
    ],
)
def test_it_withholds_as_many_cells_as_was_recorded(
    name: str, method: Method, cost: str, tmp_path: Path
) -> None:
    table = measured(name)
    run, withheld = tau_argus.protect(table, method, cost, folder=tmp_path, seconds=60)
    assert not run.ended
    assert withheld is not None
    assert withheld[table.sensitive].all()
    assert not withheld[table.values == 0].any()
    assert int((withheld & ~table.sensitive).sum()) == as_recorded(name, method, cost)
    assert run.processor_seconds > 0
    assert run.peak_mb > 10


def test_what_it_leaves_behind_goes_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    elsewhere.mkdir()
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    tau_argus.protect(measured("a2_6x8"), Method.MOD, "value", folder=folder, seconds=60)
    assert list(folder.glob("tmp*hitas*.txt"))
    assert list(elsewhere.iterdir()) == []


def test_as_one_system_it_does_the_same_as_by_its_tables(tmp_path: Path) -> None:
    table = measured("a3d1")
    patterns = []
    for method in (Method.OPT, Method.JJ):
        folder = tmp_path / method
        folder.mkdir()
        _, withheld = tau_argus.protect(table, method, "value", folder=folder, seconds=60)
        assert withheld is not None
        patterns.append(table.values[withheld].sum())
    assert patterns[0] == patterns[1]


@pytest.mark.parametrize(("name", "rules"), [("e_pct", "P(10,1)"), ("e_dom", "P(10,1)|NK(2,85)")])
def test_by_its_own_rules_it_finds_the_same_sensitive_cells(name: str, rules: str, tmp_path: Path) -> None:
    table = read_amounts(name)
    assert np.array_equal(tau_argus.sensitive_by_its_rules(table, rules, folder=tmp_path), table.sensitive)


def test_a_run_that_takes_too_long_is_ended_and_said_to_be_unfinished(tmp_path: Path) -> None:
    run, withheld = tau_argus.protect(measured("b_region"), Method.OPT, "unit", folder=tmp_path, seconds=0.3)
    assert run.ended == "not finished"
    assert withheld is None
