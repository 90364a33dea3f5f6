"""Bad input of `kim-protect`: each has a stable code, a place, and a remedy in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregation.protect.faults import Fault
from protocol.problems import PROBLEMS
from tests.factories.protect_files import LEAVES, REGION, SEX, STRUCTURE, OfficeInside

#: Files that differ from the usual ones, and what is said of them: code of the fault, and its place.
BAD: list[tuple[str, str, str, str]] = [
    # hierarchies
    ("region.csv", REGION + "N2,Nord\n", "hierarchy_two_parents", "region.csv:8"),
    ("region.csv", "parent,child\nLand,Nord\nA,B\nB,A\n", "hierarchy_cycle", "region.csv:4"),
    ("region.csv", REGION + "Süd,N1\n", "hierarchy_two_parents", "region.csv:8"),
    ("region.csv", REGION + "Nord,N1\n", "hierarchy_code_twice", "region.csv:8"),
    ("region.csv", ",Land\n".join(REGION.partition("\n")[::2]).replace("child", "child\n", 1) + "West,W1\n",
     "hierarchy_orphan", "region.csv:9"),
    ("region.csv", "\n" + REGION.replace("parent,child", "Ober,Unter"), "hierarchy_header", "region.csv:2"),
    ("region.csv", "parent,child\n", "empty_table", "region.csv"),
    ("region.csv", "parent,child\nLand\n", "wrong_length", "region.csv:2"),
    # CELLS.csv
    ("cells.csv", "", "empty_table", "cells.csv"),
    ("cells.csv", "region,sex,freq\n", "empty_table", "cells.csv"),
    ("cells.csv", "region,sex,freq,sex\nN1,f,1,f\n", "double_column", "cells.csv:1:sex"),
    ("cells.csv", LEAVES.replace("freq", "frequ"), "unknown_column", "cells.csv:1"),
    ("cells.csv", LEAVES.replace("region,", "Region,"), "unknown_column", "cells.csv:1"),
    ("cells.csv", LEAVES.replace("N2,m", "N3,m"), "unknown_code", "cells.csv:5:region"),
    ("cells.csv", LEAVES.replace("N2,m", ",m"), "unknown_code", "cells.csv:5:region"),
    ("cells.csv", LEAVES.replace("N2,m", "N2,m "), "unknown_code", "cells.csv:5:sex"),
    ("cells.csv", LEAVES + "N1,f,2\n", "duplicate_cell", "cells.csv:10"),
    ("cells.csv", LEAVES.replace(",28", ",-28"), "negative", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ",28.5"), "fraction", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ","), "no_value", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ",NA"), "no_value", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ",x"), "not_a_number", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ",1 028"), "not_a_number", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ",28,3"), "wrong_length", "cells.csv:5"),
    ("cells.csv", LEAVES.replace(",28", ",1e99"), "too_large", "cells.csv:5:freq"),
    ("cells.csv", LEAVES.replace(",28", ",9999999999999"), "too_large", "cells.csv:2:freq"),  # the sum is
    ("cells.csv", LEAVES.replace("N2,m,28", '"N2,m,28'), "wrong_length", "cells.csv:5"),
    ("cells.csv", LEAVES + "Nord,Total,100\n", "margin", "cells.csv:10:freq"),
    ("cells.csv", "region,sex,freq\nLand,Total,100\n", "incomplete_parts", "cells.csv:2"),
    # STRUCTURE.yaml
    ("structure.yaml", "", "missing_key", "structure.yaml"),
    ("structure.yaml", "[1, 2]", "wrong_value", "structure.yaml:1:STRUCTURE.yaml"),
    ("structure.yaml", "dimensions: {a: [\n", "yaml", "structure.yaml:2"),
    ("structure.yaml", "a: &x [*x]\n", "yaml", "structure.yaml:1"),
    ("structure.yaml", "[" * 5000, "yaml", "structure.yaml"),
    ("structure.yaml", STRUCTURE.replace("dimensions", "dimension"), "unknown_key", "structure.yaml:1"),
    ("structure.yaml", STRUCTURE.replace("min_contributors", "min_contributers"), "unknown_key",
     "structure.yaml:5:rules"),
    ("structure.yaml", STRUCTURE + "cost: unit\n", "double_key", "structure.yaml:7:cost"),
    ("structure.yaml", STRUCTURE.replace("tables: [[region, sex]]", "tables: [[region, sexx]]"),
     "unknown_dimension", "structure.yaml:2:tables"),
    ("structure.yaml", STRUCTURE.replace("frequency", "count"), "wrong_value", "structure.yaml:4"),
    ("structure.yaml", STRUCTURE.replace(": 5", ": five"), "wrong_value",
     "structure.yaml:5:min_contributors"),
    ("structure.yaml", STRUCTURE.replace(": 5", ": 0"), "wrong_value",
     "structure.yaml:5:min_contributors"),
    ("structure.yaml", STRUCTURE.replace(": 5", ": 2.5"), "wrong_value",
     "structure.yaml:5:min_contributors"),
    ("structure.yaml", STRUCTURE.replace("min_contributors: 5, ", ""), "wrong_value",
     "structure.yaml:5:rules"),
    ("structure.yaml", STRUCTURE.replace("rules", "# rules"), "missing_key", "structure.yaml:1"),
    ("structure.yaml", STRUCTURE.replace("min_contributors: 5", "min_protection_percent: 10"), "wrong_rule",
     "structure.yaml:5:min_protection_percent"),
    ("structure.yaml", STRUCTURE.replace("frequency", "magnitude"), "wrong_rule",
     "structure.yaml:5:zero_publishable"),
    ("structure.yaml", STRUCTURE + "keep: [{region: Ost}]\n", "wrong_value", "structure.yaml:7:keep"),
    ("structure.yaml", STRUCTURE.replace("cost: unit", "cost: weight"), "unknown_column", "cells.csv:1"),
    ("structure.yaml", STRUCTURE.replace("sex: sex.csv", "sex: [f, m]").replace("[region, sex]", "[region]"),
     "no_total", "structure.yaml:2"),
    ("structure.yaml", STRUCTURE.replace("sex: sex.csv", "value: sex.csv"), "wrong_value",
     "structure.yaml:1:dimensions"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "code", "place"), BAD)
def test_each_has_its_code_its_place_and_its_remedy(
    tmp_path: Path, file: str, text: str, code: str, place: str
) -> None:
    office = OfficeInside.at(tmp_path)
    office.write(file, text)
    done = office.suppress("--json")
    document = done.document
    assert document["errors"][0]["code"] == code, done.err
    assert document["errors"][0]["pointer"] == place
    assert done.code == PROBLEMS[document["code"]].exit_code
    assert document["code"] == Fault[code.upper()].problem
    remedy = Fault[code.upper()].remedy
    assert remedy.de in done.err
    assert place in done.err
    assert not (tmp_path / "out.csv").exists()


def test_linked_tables_that_disagree_are_told_to_look_for_missing_lines(tmp_path: Path) -> None:
    office = OfficeInside.at(
        tmp_path,
        age__csv="parent,child\nall,young\nall,old\n",
        structure__yaml="dimensions: {region: region.csv, sex: sex.csv, age: age.csv}\n"
        "tables: [[sex], [age]]\nvalue: freq\nrules: {min_contributors: 5}\n",
        cells__csv="region,sex,age,freq\nLand,f,all,20\nLand,m,all,30\nLand,Total,young,20\n",
    )
    done = office.suppress("--json")
    assert done.document["errors"][0]["code"] == "shared_totals", done.err
    assert Fault.SHARED_TOTALS.remedy.de in done.err


def test_magnitudes_without_contributors_are_told_both_ways(tmp_path: Path) -> None:
    magnitudes = STRUCTURE.replace("frequency", "magnitude").replace(", zero_publishable: true", "")
    done = OfficeInside.at(tmp_path, structure__yaml=magnitudes).suppress("--json")
    assert done.document["errors"][0]["code"] == "contributor_column", done.err
    assert done.document["errors"][0]["pointer"] == "cells.csv:1"
    assert "„contributor“" in done.err


def test_keys_that_are_near_to_none_are_told_which_there_are(tmp_path: Path) -> None:
    done = OfficeInside.at(tmp_path, structure__yaml=STRUCTURE.replace("rules:", "regeln:")).suppress()
    assert "dimensions, tables, value" in done.err


def test_a_workbook_is_named_as_one(tmp_path: Path) -> None:
    office = OfficeInside.at(tmp_path)
    (tmp_path / "cells.csv").write_bytes(b"PK\x03\x04\x14\x00\x81")
    assert "CSV UTF-8" in office.suppress().err


def test_two_outputs_of_one_name_are_no_input(tmp_path: Path) -> None:
    done = OfficeInside.at(tmp_path).suppress("--report", str(tmp_path / "out.csv"))
    assert "andere Ausgabe" in done.err


def test_remedies_come_in_the_language_asked_for(tmp_path: Path) -> None:
    office = OfficeInside.at(tmp_path, cells__csv=LEAVES.replace("N2,m", "n2,m"))
    english = office.suppress("--lang", "en").err
    assert "Did you mean 'N2'?" in english
    assert Fault.UNKNOWN_CODE.remedy.en in english
    assert "Gemeint" in office.suppress().err


def test_near_words_are_suggested(tmp_path: Path) -> None:
    office = OfficeInside.at(
        tmp_path, structure__yaml=STRUCTURE.replace("min_contributors", "min_contributers")
    )
    assert "„min_contributors“" in office.suppress().err
    office.write("structure.yaml", STRUCTURE.replace("value: freq", "value: freqs"))
    assert "„freq“" in office.suppress().err


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    office = OfficeInside.at(tmp_path, cells__csv=LEAVES.replace("N1,", "X1,").replace("S2,", "Y,"))
    errors = office.suppress("--json").document["errors"]
    assert [error["pointer"] for error in errors] == [f"cells.csv:{line}:region" for line in (2, 3, 8, 9)]
    many = "region,sex,freq\n" + "".join(f"?{number},f,1\n" for number in range(100))
    office.write("cells.csv", many)
    done = office.suppress("--json")
    assert len(done.document["errors"]) == 20
    assert "80" in str(done.document["detail"])


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    office = OfficeInside.at(tmp_path)
    (tmp_path / "sex.csv").unlink()
    done = office.suppress()
    assert done.code == PROBLEMS["file_missing"].exit_code
    assert "sex.csv" in done.err
    assert "STRUCTURE.yaml" in done.err
    office.write("sex.csv", SEX)
    (tmp_path / "cells.csv").unlink()
    assert "STRUCTURE.yaml" not in office.suppress().err
    office.write("cells.csv", b"PK\x03\x04\x00\x00\x81")
    assert office.suppress().code == PROBLEMS["file_unreadable"].exit_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("region,sex,value\nLand,Total,1\n", "missing_cell"),
        ("region,sex,value,conf_status\nLand,Total,1,C\n", "status"),
        ("region,sex,value,conf_status\nLand,Total,,F\n", "status"),
        ("region,sex,value\nLand,Total,x\n", "status"),
        ("region,sex,value\nLand,Total,1\nLand,Total,1\n", "duplicate_cell"),
        ("region,sex,value\nLand,Total,-1\n", "negative"),
        ("region,sex,value\nLand,Total,1.5\n", "fraction"),
        ("region,sex,number\nLand,Total,1\n", "unknown_column"),
    ],
)
def test_publications_that_cannot_be_read(tmp_path: Path, text: str, code: str) -> None:
    office = OfficeInside.at(tmp_path, out__csv=text)
    done = office.audit("--json")
    assert done.document["errors"][0]["code"] == code
    assert done.code == PROBLEMS["cells_invalid"].exit_code


def test_every_fault_has_its_remedy_and_a_test() -> None:
    tried = {code for _, _, code, _ in BAD}
    tried |= {"missing_cell", "status", "other_value"}  # above, and in test_protect_commands
    tried |= {"hierarchy_empty", "hierarchy_level", "hierarchy_line", "not_expressible"}  # test_hierarchies
    tried |= {"contributors", "cost", "no_such_cell", "too_many_cells"}  # test_figures
    tried |= {"shared_totals", "contributor_column"}  # above
    tried |= {"jj", "unknown_format"}  # test_protect_convert
    assert {fault.code for fault in Fault} == tried
    for fault in Fault:
        assert fault.problem in PROBLEMS
        assert fault.remedy.de != fault.remedy.en
