"""Hierarchies: what they refuse and where, and that every format gives back what was put in."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aggregation.protect.formats.hierarchies import HierarchyFormat, read_hierarchy, write_hierarchy
from aggregation.sdc.tables import Hierarchy, HierarchyError, HierarchyProblem, LinkedTables
from protocol.errors import KimError

CODES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=6
)


@st.composite
def hierarchies(draw: st.DrawFn, *, single: bool = False) -> Hierarchy:
    """Any hierarchy: unequal depth, several top codes, strange codes."""
    codes = draw(st.lists(CODES, min_size=2, max_size=12, unique=True))
    edges: list[tuple[str | None, str]] = []
    for number, code in enumerate(codes):
        lowest = 1 if single and number else 0
        above = draw(st.integers(0, number)) if number else 0
        parent = codes[above - 1] if above else (codes[0] if lowest else None)
        edges.append((parent, code))
    return Hierarchy.of_edges("d", edges)


@given(hierarchies())
def test_edges_give_the_same_hierarchy(hierarchy: Hierarchy) -> None:
    assert Hierarchy.of_edges("d", hierarchy.edges) == hierarchy


@given(hierarchies())
def test_csv_gives_back_any_hierarchy(hierarchy: Hierarchy) -> None:
    text = write_hierarchy(hierarchy, HierarchyFormat.CSV)
    assert read_hierarchy(text, dimension="d", file="h.csv", form=HierarchyFormat.CSV) == hierarchy


@pytest.mark.parametrize(
    "form", [HierarchyFormat.HRC, HierarchyFormat.LEVELS, HierarchyFormat.JSON, HierarchyFormat.CODE]
)
@given(hierarchy=hierarchies(single=True))
def test_formats_give_back_what_they_can_express(form: HierarchyFormat, hierarchy: Hierarchy) -> None:
    if any(code != code.strip() or code[0] == "@" or '"' in code for code in hierarchy.codes):
        assume(form not in {HierarchyFormat.HRC, HierarchyFormat.LEVELS})
    text = write_hierarchy(hierarchy, form)
    total = hierarchy.codes[0]
    assert read_hierarchy(text, dimension="d", file="h", form=form, total=total) == hierarchy


@pytest.mark.parametrize(
    ("edges", "problem", "codes", "edge"),
    [
        ([("T", "a"), ("T", "b"), ("b", "a")], HierarchyProblem.TWO_PARENTS, ("a",), 2),
        ([("T", "a"), ("T", "a")], HierarchyProblem.TWICE, ("a",), 1),
        ([("T", "a"), ("b", "c"), ("c", "d"), ("d", "b")], HierarchyProblem.CYCLE, ("b", "c", "d"), 3),
        ([("a", "a")], HierarchyProblem.CYCLE, ("a",), 0),
        ([(None, "T"), ("T", "a"), ("X", "b")], HierarchyProblem.ORPHAN, ("X",), 2),
        ([], HierarchyProblem.EMPTY, (), 0),
    ],
)
def test_what_is_no_hierarchy(
    edges: list[tuple[str | None, str]], problem: HierarchyProblem, codes: tuple[str, ...], edge: int
) -> None:
    with pytest.raises(HierarchyError) as refused:
        Hierarchy.of_edges("d", edges)
    error = refused.value
    assert (error.problem, set(error.codes), error.edge) == (problem, set(codes), edge)


def test_several_top_codes_and_unequal_depth_are_normal() -> None:
    hierarchy = Hierarchy.of_edges("d", [("T", "a"), ("T", "b"), ("b", "b1"), ("b1", "b11"), ("U", "c")])
    assert [hierarchy.codes[top] for top in hierarchy.tops] == ["T", "U"]
    assert hierarchy.depths == (0, 1, 1, 2, 3, 0, 1)


def test_a_table_may_not_leave_out_a_dimension_without_a_total() -> None:
    two = (Hierarchy.flat("sex", ["f", "m"]), Hierarchy.of_edges("region", [("T", "a"), ("T", "b")]))
    assert len(LinkedTables(two, ((0, 1),))) == 6
    with pytest.raises(ValueError, match="sex"):
        LinkedTables(two, ((1,),))


HRC = "A\n@a1\n@@a11\n@a2\nB\n@ b1\n"
LEVELS = '"level";"name"\n"@";"Total"\n"@@";"A"\n"@@@";"a1"\n"@@@@";"a11"\n"@@@";"a2"\n"@@";"B"\n"@@@";"b1"\n'
JSON = (
    '[{"id":"A","parent":"#","text":"A"},{"id":"a1","parent":"A"},{"id":"a11","parent":"a1"},'
    '{"id":"a2","parent":"A"},{"id":"B","parent":"#"},{"id":"b1","parent":"B"}]'
)
CODE = """library(sdcHierarchies)
tree <- hier_create(rootnode = 'Total', leaves = c('A', 'B'))
tree <- hier_add(tree = tree, node = "A", leaves = c("a1", "a2"))
tree <- hier_add(tree, root = 'a1', nodes = 'a11')
tree <- hier_add(tree = tree, node = 'B', leaves = 'b1')
print(tree)
"""


@pytest.mark.parametrize(
    ("file", "text"), [("h.hrc", HRC), ("h.txt", LEVELS), ("h.json", JSON), ("h.R", CODE)]
)
def test_what_other_programs_write_is_read_without_naming_the_format(file: str, text: str) -> None:
    hierarchy = read_hierarchy(text, dimension="d", file=file)
    assert hierarchy.codes == ("Total", "A", "a1", "a11", "a2", "B", "b1")
    assert hierarchy.depths == (0, 1, 2, 3, 2, 1, 2)


@pytest.mark.parametrize(
    ("file", "text", "code", "place"),
    [
        ("h.hrc", "A\n@@a1\n", "hierarchy_level", "h.hrc:2"),
        ("h.hrc", "A\n@a1\nB\n@a1\n", "hierarchy_two_parents", "h.hrc:4"),
        ("h.json", "[{]", "hierarchy_line", "h.json:1"),
        ("h.json", '[{"id":"a","parent":"x"}]', "hierarchy_orphan", "h.json"),
        ("h.R", "tree <- hier_create(rootnode = total)\n", "hierarchy_line", "h.R:1"),
        ("h.csv", "parent,child\nT,a\nT,\n", "hierarchy_line", "h.csv:3:child"),
        ("h.csv", "von,nach\nT,a\n", "hierarchy_header", "h.csv:1"),
        ("h.csv", "parent;child\nT;a\n;b\n", "hierarchy_orphan", "h.csv:2"),
    ],
)
def test_the_place_of_what_is_wrong(file: str, text: str, code: str, place: str) -> None:
    with pytest.raises(KimError) as refused:
        read_hierarchy(text, dimension="d", file=file)
    item = refused.value.errors[0]
    assert (item.code, item.pointer) == (code, place)
    assert refused.value.remedy.de
    assert refused.value.remedy.en


@pytest.mark.parametrize(
    ("form", "codes"),
    [
        (HierarchyFormat.HRC, ["@a"]),
        (HierarchyFormat.HRC, [" "]),
        (HierarchyFormat.HRC, ["a "]),
        (HierarchyFormat.LEVELS, ['a"b']),
    ],
)
def test_a_code_that_a_format_would_change_is_refused(form: HierarchyFormat, codes: list[str]) -> None:
    hierarchy = Hierarchy.of_edges("d", [("Total", code) for code in codes])
    with pytest.raises(KimError) as refused:
        write_hierarchy(hierarchy, form, file="h")
    assert refused.value.errors[0].code == "not_expressible"
