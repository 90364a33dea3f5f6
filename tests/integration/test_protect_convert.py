"""`kim-protect convert`: hierarchies there and back, JJ files out and in, and tau-ARGUS reading them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aggregation.protect.formats.jj import read_jj, write_jj
from aggregation.sdc.audit import intervals
from protocol.problems import PROBLEMS
from tests.factories.protect_files import Office
from tests.factories.sdc_tables import read_table


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.at(tmp_path)


@pytest.mark.parametrize("form", ["hrc", "levels", "json", "code"])
def test_hierarchies_come_back(office: Office, form: str) -> None:
    there = office.run("convert", "region.csv", "--to", form, "--out", f"region.{form}")
    assert there.code == 0, there.err
    back = office.run(
        "convert", f"region.{form}", "--from", form, "--to", "csv", "--out", "back.csv", "--total", "Land"
    )
    assert back.code == 0, back.err
    assert sorted(office.read("back.csv").splitlines()) == sorted(office.read("region.csv").splitlines())


def test_a_structure_takes_any_of_these_files(office: Office) -> None:
    office.suppress()
    usual = office.read("out.csv")
    office.run("convert", "region.csv", "--to", "levels", "--out", "region.txt")
    office.write("structure.yaml", office.read("structure.yaml").replace("region.csv", "region.txt"))
    assert office.suppress().code == 0
    assert office.read("out.csv") == usual


def test_jj_files_go_out_and_come_back(office: Office) -> None:
    assert office.run("convert", "cells.csv", "--structure", "structure.yaml", "--out", "p.jj").code == 0
    table = read_jj(office.read("p.jj"), file="p.jj")
    assert len(table.cells) == 21
    assert [cell.status for cell in table.cells].count("u") == 2
    assert write_jj(table) == office.read("p.jj")
    cells = office.run("convert", "p.jj", "--structure", "structure.yaml", "--to", "cells", "--out", "c.csv")
    assert cells.code == 0, cells.err
    assert office.suppress("--json", cells="c.csv").document["sensitive"] == 2
    published = office.run(
        "convert", "p.jj", "--structure", "structure.yaml", "--to", "published", "--out", "p.csv"
    )
    assert published.code == 0, published.err
    assert office.audit(out="p.csv").code == 3


def test_a_solved_jj_file_becomes_a_publication_that_can_be_audited(office: Office) -> None:
    office.run("convert", "cells.csv", "--structure", "structure.yaml", "--out", "p.jj")
    office.suppress()
    table = read_jj(office.read("p.jj"), file="p.jj")
    withheld = [not row["value"] for row in office.rows("out.csv")]
    cells = tuple(
        replace(cell, status="m") if hidden and cell.status == "s" else cell
        for cell, hidden in zip(table.cells, withheld, strict=True)
    )
    office.write("solved.jj", write_jj(replace(table, cells=cells)))
    done = office.run(
        "convert", "solved.jj", "--structure", "structure.yaml", "--to", "published", "--out", "solved.csv"
    )
    assert done.code == 0, done.err
    assert office.read("solved.csv") == office.read("out.csv")
    assert office.audit(out="solved.csv").code == 0


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("0\n21\n", "0\n22\n", 24),
        (" u ", " q ", None),
        ("(-1)", "(x)", None),
        ("0\n21\n", "0\nmany\n", 2),
        ("0 3 : 0 (-1) 1 (1) 2 (1)\n", "", None),
    ],
)
def test_broken_jj_files(office: Office, old: str, new: str, line: int | None) -> None:
    office.run("convert", "cells.csv", "--structure", "structure.yaml", "--out", "p.jj")
    broken = office.read("p.jj").replace(old, new, 1)
    assert broken != office.read("p.jj")
    office.write("p.jj", broken)
    done = office.run(
        "convert", "p.jj", "--structure", "structure.yaml", "--to", "cells", "--out", "c.csv", "--json"
    )
    assert done.code == PROBLEMS["file_unreadable"].exit_code
    item = done.document["errors"][0]
    assert item["code"] == "jj"
    if line is not None:
        assert item["pointer"] == f"p.jj:{line}"
    assert not (office.folder / "c.csv").exists()


def test_a_jj_file_of_another_table_is_refused(office: Office) -> None:
    office.run("convert", "cells.csv", "--structure", "structure.yaml", "--out", "p.jj")
    office.write("region.csv", "parent,child\nLand,Nord\nLand,Süd\nNord,N1\nNord,N2\nNord,S1\nSüd,S2\n")
    done = office.run("convert", "p.jj", "--structure", "structure.yaml", "--to", "cells", "--out", "c.csv")
    assert done.code == PROBLEMS["file_unreadable"].exit_code


def test_what_convert_cannot_know(office: Office) -> None:
    done = office.run("convert", "region.csv", "--out", "region.xyz", "--json")
    assert done.document["errors"][0]["code"] == "unknown_format"
    office.write("p.jj", "0\n")
    assert (
        office.run("convert", "p.jj", "--to", "cells", "--out", "c.csv").code
        == PROBLEMS["bad_request"].exit_code
    )
    done = office.run("convert", "region.csv", "--to", "csv", "--out", "region.csv")
    assert done.code == PROBLEMS["input_overwritten"].exit_code
    office.write("two.csv", "parent,child\nA,a\nB,b\n")
    done = office.run("convert", "two.csv", "--out", "two.hrc", "--json")
    assert done.document["errors"][0]["code"] == "not_expressible"


# ------------------------------------------------------------------------------- read by tau-ARGUS itself


def test_tau_argus_reads_our_jj_files_and_finds_our_intervals(tmp_path: Path) -> None:
    """Its audit of a pattern that we wrote: the same cells, values and linear intervals as ours."""
    engine = pytest.importorskip("pytauargus._tauargus")
    table = read_table("a1_6x8")
    office = Office.at(tmp_path)
    for name in ("hier_row.csv", "hier_col.csv", "inner.csv"):
        source = Path(__file__).parents[1] / "vectors" / "sdc" / "a1_6x8" / name
        office.write(name, source.read_bytes())
    office.write(
        "structure.yaml",
        "dimensions: {row: hier_row.csv, col: hier_col.csv}\nvalue: freq\nrules: {min_contributors: 5}\n",
    )
    assert office.run("convert", "inner.csv", "--structure", "structure.yaml", "--out", "p.jj").code == 0
    found = engine.audit_jj(str(tmp_path / "p.jj"))
    assert {row["cell"] for row in found} == set(np.flatnonzero(table.sensitive).tolist())
    cells = np.array([row["cell"] for row in found])
    assert [row["value"] for row in found] == table.values[cells].tolist()
    ours = intervals(table.publication(table.sensitive), cells)
    for row, lower, upper in zip(found, ours.lower.tolist(), ours.upper.tolist(), strict=True):
        assert row["min"] <= lower + 1e-6
        assert row["max"] >= upper - 1e-6
