"""From rows to figures: margins, contributors, holdings, costs; and which rules they break."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from aggregation.protect import Counts, Dominance, Kind, Magnitudes, Rules
from aggregation.protect.attackers import views_of
from aggregation.protect.formats.cells import Cells, kept_cells, read_cells
from aggregation.protect.formats.delimited import read_delimited
from aggregation.protect.formats.published import read_published, write_published
from aggregation.protect.model import Reason
from aggregation.protect.primary import levels_of, primary_reasons
from aggregation.protect.structure import Structure
from aggregation.sdc.levels import Level
from aggregation.sdc.tables import Hierarchy, LinkedTables
from protocol.errors import KimError

VECTORS = Path(__file__).parents[3] / "vectors" / "sdc"
LINE = Hierarchy.of_edges("place", [("T", "a"), ("T", "b"), ("T", "c")])


def structure(
    *hierarchies: Hierarchy,
    rules: Rules,
    kind: Kind = Kind.MAGNITUDE,
    cost: str = "unit",
    contributor: str | None = None,
    keep: tuple[dict[str, str], ...] = (),
) -> Structure:
    tables = LinkedTables(hierarchies, (tuple(range(len(hierarchies))),))
    return Structure(
        file="structure.yaml", files=(), tables=tables, kind=kind, value=None, rules=rules, cost=cost,
        level=Level.S1, keep=keep, contributor=contributor,
    )  # fmt: skip


def read(text: str, described: Structure) -> Cells:
    return read_cells(read_delimited(text, file="cells.csv"), described)


def by_code(described: Structure, values: np.ndarray) -> dict[str, int]:
    codes = described.tables.hierarchies[0].codes
    return {
        codes[code]: value
        for (code,), value in zip(described.tables.cells.tolist(), values.tolist(), strict=True)
    }


def test_holdings_count_as_one() -> None:
    """Three records, one holding: two contributors; and across cells it is one in the total."""
    described = structure(LINE, rules=Rules(min_contributors=3), contributor="unit")
    figures = read(
        "place,unit,value\na,x,10\na,x,20\na,y,5\nb,x,70\nb,z,5\nb,w,5\nc,v,3\nc,u,-3\nc,t,1\n", described
    ).figures
    assert isinstance(figures, Magnitudes)
    assert by_code(described, figures.behind.contributors) == {"T": 7, "a": 2, "b": 3, "c": 3}
    assert by_code(described, figures.behind.largest[0]) == {"T": 100, "a": 30, "b": 70, "c": 3}
    assert by_code(described, figures.values) == {"T": 116, "a": 35, "b": 80, "c": 1}
    assert by_code(described, figures.behind.gross) == {"T": 122, "a": 35, "b": 80, "c": 7}
    assert figures.shares.complete


def test_leaves_with_their_largest_give_those_of_the_margins() -> None:
    described = structure(LINE, rules=Rules(min_contributors=3, min_protection_percent=Fraction(10)))
    text = "place,value,contributors,top1,top2\na,100.5,4,60,20\nb,50,3,30,10\nc,0,0,0,0\n"
    figures = read(text, described).figures
    assert isinstance(figures, Magnitudes)
    assert figures.decimals == 1
    assert by_code(described, figures.values) == {"T": 1505, "a": 1005, "b": 500, "c": 0}
    assert by_code(described, figures.behind.contributors) == {"T": 7, "a": 4, "b": 3, "c": 0}
    assert by_code(described, figures.behind.largest[0])["T"] == 600
    assert by_code(described, figures.behind.largest[1])["T"] == 300
    # A margin that knows of a holding with records in a and b says so.
    told = read(text + "T,150.5,6,90,20\n", described).figures
    assert isinstance(told, Magnitudes)
    assert by_code(described, told.behind.largest[0])["T"] == 900
    assert by_code(described, told.behind.contributors)["T"] == 6


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a,100,4,20,60", "contributors"),  # top2 above top1
        ("a,100,4,90,20", "contributors"),  # more than the value
        ("a,100,0,0,0", "contributors"),  # a value of nobody
        ("a,100,1,80,20", "contributors"),  # one contributor and a second largest
        ("a,100,3,40,20", "contributors"),  # a third one of 40 would be the largest
        ("a,100,1,80,0", "contributors"),  # one contributor, who does not have it all
        ("a,100,,60,20", "contributors"),
        ("a,100,x,60,20", "not_a_number"),
        ("a,-100,4,60,20", "negative"),
        ("a,100.1234567,4,60,20", "fraction"),
    ],
)
def test_contributions_that_do_not_fit(row: str, fault: str) -> None:
    described = structure(LINE, rules=Rules(min_contributors=3, min_protection_percent=Fraction(10)))
    with pytest.raises(KimError) as refused:
        read(f"place,value,contributors,top1,top2\nb,50,3,30,10\n{row}\n", described)
    assert refused.value.errors[0].code == fault
    assert refused.value.errors[0].pointer.startswith("cells.csv:3")


def test_records_stand_on_the_lowest_level() -> None:
    described = structure(LINE, rules=Rules(min_contributors=3), contributor="unit")
    with pytest.raises(KimError) as refused:
        read("place,unit,value\na,x,1\nT,x,1\n", described)
    assert refused.value.errors[0].code == "no_such_cell"


def test_a_record_without_a_contributor_is_refused() -> None:
    """It might belong to the largest one, whose share would look smaller than it is."""
    described = structure(LINE, rules=Rules(min_contributors=3), contributor="unit")
    with pytest.raises(KimError) as refused:
        read("place,unit,value\na,x,1\na, ,1\n", described)
    assert [error.code for error in refused.value.errors] == ["contributors"]


def test_a_point_beside_decimal_commas_is_no_decimal_point() -> None:
    """1.234 stands for 1234 there, and must not be read as a little more than 1."""
    described = structure(LINE, rules=Rules(min_contributors=3), contributor="unit")
    with pytest.raises(KimError) as refused:
        read("place;unit;value\na;x;12,50\na;y;1.234\n", described)
    assert [error.pointer for error in refused.value.errors] == ["cells.csv:3:value"]
    assert read("place;unit;value\na;x;12,50\na;y;1234\n", described).figures.values.max() == 12465


def test_records_that_add_up_to_too_much_are_refused() -> None:
    described = structure(LINE, rules=Rules(min_contributors=3), contributor="unit")
    with pytest.raises(KimError) as refused:
        read("place,unit,value\na,x,9999999999999\nb,y,9999999999999\n", described)
    assert refused.value.errors[0].code == "too_large"


def test_costs_by_column_add_up_and_may_be_given_for_margins() -> None:
    described = structure(LINE, rules=Rules(min_contributors=3), kind=Kind.FREQUENCY, cost="weight")
    cells = read("place,freq,weight\na,1,2\nb,1,0.5\nc,1,4\n", described)
    assert by_code(described, cells.costs) == {"T": 6.5, "a": 2.0, "b": 0.5, "c": 4.0}
    cells = read("place,freq,weight\na,1,2\nb,1,0.5\nc,1,4\nT,3,1000\n", described)
    assert by_code(described, cells.costs)["T"] == 1000
    with pytest.raises(KimError) as refused:
        read("place,freq,weight\na,1,-2\n", described)
    assert refused.value.errors[0].code == "cost"


def test_absent_leaves_are_zeros_and_are_counted() -> None:
    described = structure(LINE, rules=Rules(min_contributors=3), kind=Kind.FREQUENCY)
    cells = read("place,freq\na,7\n", described)
    assert by_code(described, cells.figures.values) == {"T": 7, "a": 7, "b": 0, "c": 0}
    assert cells.absent == 2


def test_too_many_cells_are_refused() -> None:
    many = tuple(Hierarchy.flat(f"d{number}", map(str, range(1000))) for number in range(5))
    with pytest.raises(ValueError, match="too many"):
        LinkedTables(many, (tuple(range(5)),))


def test_kept_cells_match_all_codes_named() -> None:
    other = Hierarchy.of_edges("sex", [("all", "f"), ("all", "m")])
    described = structure(
        LINE, other, rules=Rules(min_contributors=3), keep=({"place": "T"}, {"sex": "all", "place": "a"})
    )
    assert kept_cells(described).sum() == 4


# --------------------------------------------------------------------------------------------------- rules


def magnitudes(values: list[int], *, contributors: list[int], largest: list[list[int]]) -> str:
    rows = zip("abc", values, contributors, *largest, strict=True)
    tops = ",".join(f"top{rank + 1}" for rank in range(len(largest)))
    return f"place,value,contributors,{tops}\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_all_rules_that_are_set_are_evaluated() -> None:
    """A peer drops dominance where p % is given: each rule finds a cell here that the other one misses."""
    rules = Rules(
        min_contributors=3, dominance=Dominance(2, Fraction(85)), min_protection_percent=Fraction(10)
    )
    text = magnitudes([1000, 1000, 1000], contributors=[5, 40, 2], largest=[[500, 860, 600], [400, 10, 400]])
    described = structure(LINE, rules=rules)
    figures = read(text, described).figures
    assert isinstance(figures, Magnitudes)
    reasons = by_code(described, primary_reasons(described.tables, figures, rules))
    assert reasons == {
        "T": Reason.NONE,
        "a": Reason.DOMINANCE,
        "b": Reason.DOMINANCE,
        "c": Reason.CONTRIBUTORS,
    }
    only_p = Rules(min_contributors=3, min_protection_percent=Fraction(25))
    reasons = by_code(described, primary_reasons(described.tables, figures, only_p))
    assert (reasons["a"], reasons["b"]) == (Reason.P_PERCENT, Reason.P_PERCENT)


@pytest.mark.parametrize(("percent", "level"), [("10", 10), ("12.5", 13), ("0.1", 1)])
def test_levels_are_rounded_up_to_the_smallest_unit(percent: str, level: int) -> None:
    """One contributor of 100: p % of it, in whole units and never less than one."""
    rules = Rules(
        min_contributors=3,
        min_protection_percent=Fraction(percent),
        protection_range_percent=Fraction(percent),
    )
    described = structure(LINE, rules=rules)
    figures = read(
        magnitudes([100, 1000, 1000], contributors=[1, 9, 9], largest=[[100, 200, 200], [0, 200, 200]]),
        described,
    ).figures
    assert isinstance(figures, Magnitudes)
    sensitive = primary_reasons(described.tables, figures, rules) != ""
    assert by_code(described, levels_of(figures, rules, sensitive))["a"] == level


@pytest.mark.parametrize("name", ["e_pct", "e_dom"])
def test_sensitive_cells_of_the_shared_magnitudes(name: str) -> None:
    folder = VECTORS / name
    meta = json.loads((folder / "meta.json").read_text())
    hierarchies = []
    for dim in meta["dims"]:
        with (folder / f"hier_{dim}.csv").open(newline="") as file:
            hierarchies.append(
                Hierarchy.of_edges(dim, [(r["parent"], r["child"]) for r in csv.DictReader(file)])
            )
    rules = Rules(
        min_contributors=meta["k"],
        min_protection_percent=Fraction(10) if meta["rule"] == "pct" else None,
        dominance=Dominance(2, Fraction(85)) if meta["rule"] == "dom" else None,
    )
    described = structure(*hierarchies, rules=rules, contributor="unit")
    cells = read_cells(read_delimited((folder / "contrib.csv").read_text(), file="contrib.csv"), described)
    assert len(described.tables) == meta["cells"]
    assert int((primary_reasons(described.tables, cells.figures, rules) != "").sum()) == meta["primary"]


def test_what_is_written_is_read_back() -> None:
    rules = Rules(min_contributors=3)
    described = structure(LINE, rules=rules, kind=Kind.FREQUENCY)
    figures = Counts(np.array([60, 10, 20, 30]))
    withheld = np.array([False, True, True, False])
    text = write_published(described, figures, withheld)
    assert text.splitlines()[2] == "a,,C"
    found = read_published(read_delimited(text, file="out.csv"), described)
    assert np.array_equal(found.withheld, withheld)
    assert np.array_equal(found.values[~withheld], figures.values[~withheld])


def test_who_is_alone_is_known_across_tables_that_share_no_more_than_a_total() -> None:
    """One person is the only one in a, and the only old one: an insider who knows both cells."""
    age = Hierarchy.of_edges("age", [("all", "young"), ("all", "old"), ("all", "older")])
    rules = Rules(min_contributors=3)
    described = structure(LINE, age, rules=rules, kind=Kind.FREQUENCY)
    described = replace(described, tables=LinkedTables(described.tables.hierarchies, ((0,), (1,))))
    text = "place,age,freq\na,old,1\nb,young,5\nb,older,1\nc,young,6\n"
    figures = read(text, described).figures
    tables = described.tables
    sensitive = primary_reasons(tables, figures, rules) != ""
    views = views_of(tables, figures, rules, level=Level.S2, sensitive=sensitive)
    known = [view.known.nonzero()[0].tolist() for view in views if view.known is not None]
    names = [
        [
            tuple(h.codes[c] for h, c in zip(tables.hierarchies, tables.cells[cell], strict=True))
            for cell in cells
        ]
        for cells in known
    ]
    assert [("T", "old"), ("a", "all")] in names
    assert [("T", "older")] in names
    alone = replace(figures, persons=None)
    assert len(views_of(tables, alone, rules, level=Level.S2, sensitive=sensitive)) > len(views)
