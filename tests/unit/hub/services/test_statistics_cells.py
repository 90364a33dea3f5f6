"""Choosing cells: only what the catalogue's tables hold, every breakdown with its fixed codes."""

import pytest

from hub.services.statistics.cells import cell_of, cells_of, merged_into, strands_of
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.grid import grid_of

CATALOGUE = load_catalogue()
OPEN = CATALOGUE.indicators["CASES_OPEN"]
CLOSED = CATALOGUE.indicators["CASES_CLOSED"]


def test_no_codes_is_the_grand_total() -> None:
    cell = cell_of(CATALOGUE, OPEN, {})
    assert cell.row == grid_of(CATALOGUE, "CASES").total_row("CASES_OPEN")
    assert cell.labels == ()
    assert cell_of(CATALOGUE, OPEN, {"SEX": "_T"}) == cell


def test_labels_follow_the_indicator_s_dimensions_not_the_order_asked_for() -> None:
    cell = cell_of(CATALOGUE, OPEN, {"AGE": "Y18T24", "SEX": "F"})
    assert list(cell.codes) == ["SEX", "AGE"]
    assert [code.de for _, code in cell.labels] == ["Weiblich", "18 bis 24"]


@pytest.mark.parametrize(
    ("indicator", "codes"),
    [
        (OPEN, {"SEX": "X"}),
        (OPEN, {"SEX": "_O"}),  # merged into unknown, never published
        (OPEN, {"SEX": "F", "RESIDENCE": "DULD"}),  # both exist, their cross table does not
        (CLOSED, {"AGE": "Y18T24"}),  # the indicator has no such dimension
        (OPEN, {"NOPE": "F"}),
    ],
)
def test_cells_outside_the_tables_are_refused_not_computed(indicator, codes) -> None:
    with pytest.raises(KimError) as caught:
        cell_of(CATALOGUE, indicator, codes)
    assert (caught.value.code, caught.value.pointer) == ("bad_request", "cell")


@pytest.mark.parametrize("name", ["CASES_OPENED", "CASES_CLOSED", "CASES_OPEN", "PERSONS_NEW"])
def test_the_list_to_choose_from_holds_every_cell_but_the_total_once(name: str) -> None:
    indicator = CATALOGUE.indicators[name]
    rows = [cell.row for group in cells_of(CATALOGUE, indicator) for cell in group.cells]
    assert len(rows) == len(set(rows))
    wanted = set(grid_of(CATALOGUE, indicator.dataset).rows_of(name))
    assert wanted - set(rows) == {cell_of(CATALOGUE, indicator, {}).row}
    sizes = [len(group.dimensions) for group in cells_of(CATALOGUE, indicator)]
    assert sizes == sorted(sizes)


def test_a_breakdown_keeps_the_chosen_code_where_the_tables_hold_it() -> None:
    strands = {
        strand.use.id: strand for strand in strands_of(CATALOGUE, cell_of(CATALOGUE, OPEN, {"SEX": "F"}))
    }
    assert [code.de for _, code in strands["AGE"].within] == ["Weiblich"]
    assert all(cell.codes["SEX"] == "F" for _, _, cell in strands["AGE"].entries)
    assert strands["RESIDENCE"].within == ()
    assert strands["SEX"].within == ()
    assert [code.id for code, _, _ in strands["SEX"].entries] == ["_T", "M", "F", "_U"]


def test_depths_follow_the_hierarchy_of_codes() -> None:
    strands = {strand.use.id: strand for strand in strands_of(CATALOGUE, cell_of(CATALOGUE, OPEN, {}))}
    depths = {code.id: depth for code, depth, _ in strands["RECHTSKREIS"].entries}
    assert (depths["_T"], depths["ASYLBLG"], depths["ASYLBLG_3"]) == (0, 1, 2)


def test_codes_say_what_is_published_under_them() -> None:
    use = OPEN.dimension_use("SEX")
    assert [name.de for name in merged_into(use, use.codelist["_U"])] == ["Divers / ohne Eintrag"]
    assert merged_into(use, use.codelist["F"]) == ()
