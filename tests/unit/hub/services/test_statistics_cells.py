"""Choosing cells: only what the catalogue's tables hold, every breakdown with its fixed codes."""

import pytest

from hub.services.statistics.cells import cell_of, cells_of, crossings_of, main_cell, merged_into, strands_of
from hub.services.statistics.subjects import subject_of
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.grid import grid_of

CATALOGUE = load_catalogue()
OPEN = subject_of(CATALOGUE, "CASES_OPEN")
CLOSED = subject_of(CATALOGUE, "CASES_CLOSED")


def test_no_codes_is_the_grand_total() -> None:
    cell = cell_of(CATALOGUE, OPEN, {})
    assert cell.row(CATALOGUE) == grid_of(CATALOGUE, "CASES").total_row("CASES_OPEN")
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
    indicator = subject_of(CATALOGUE, name)
    rows = [cell.row(CATALOGUE) for group in cells_of(CATALOGUE, indicator) for cell in group.cells]
    assert len(rows) == len(set(rows))
    wanted = set(grid_of(CATALOGUE, indicator.dataset).rows_of(name))
    assert wanted - set(rows) == {main_cell(CATALOGUE, indicator).row(CATALOGUE)}
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
    use = next(use for use in OPEN.dimensions if use.id == "SEX")
    assert [name.de for name in merged_into(use, use.codelist["_U"])] == ["Divers / ohne Eintrag"]
    assert merged_into(use, use.codelist["F"]) == ()


def test_a_dimension_without_a_total_stands_at_its_first_code() -> None:
    decisions = main_cell(CATALOGUE, subject_of(CATALOGUE, "B3_DECISIONS"))
    assert decisions.codes == {"DECISION": "NAT"}
    strands = {strand.use.id: strand for strand in strands_of(CATALOGUE, decisions)}
    assert [code.de for _, code in strands["SEX"].within] == ["Einbürgerung"]
    assert "_T" not in [code.id for code, _, _ in strands["DECISION"].entries]


def test_every_delivered_cell_of_every_indicator_can_be_chosen() -> None:
    for name, indicator in CATALOGUE.indicators.items():
        subject = subject_of(CATALOGUE, name)
        chosen = {cell.row(CATALOGUE) for group in cells_of(CATALOGUE, subject) for cell in group.cells}
        chosen.add(main_cell(CATALOGUE, subject).row(CATALOGUE))
        assert chosen == set(grid_of(CATALOGUE, indicator.dataset).rows_of(name))


def test_two_way_tables_are_those_of_the_catalogue_with_the_longer_dimension_down() -> None:
    crossings = crossings_of(CATALOGUE, OPEN)
    assert [(item.rows.id, item.columns.id) for item in crossings] == [("AGE", "SEX"), ("CITIZEN", "SEX")]
    assert crossings[0].cells["_T", "F"].codes == {"SEX": "F"}
    assert crossings_of(CATALOGUE, subject_of(CATALOGUE, "FILL_RATE")) == ()


def test_a_derived_figure_is_broken_down_only_as_the_catalogue_says() -> None:
    fill = subject_of(CATALOGUE, "FILL_RATE")
    assert cell_of(CATALOGUE, fill, {"BAUSTEIN": "B2"}).labels[0][1].de == "Baustein 2: Case Management"
    for codes in ({"CARRIER": "OWN"}, {"BAUSTEIN": "NOPE"}):
        with pytest.raises(KimError):
            cell_of(CATALOGUE, fill, codes)
    with pytest.raises(ValueError, match="grid"):
        main_cell(CATALOGUE, fill).row(CATALOGUE)
