"""The form of a delivery: statement, rows, states; each rule broken once (SPEC P-50 to P-55).

What its figures may say is in `test_submission_figures`.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from protocol import columns
from protocol.cell_checks import checks_of
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.submission_rules import agreed_dataset
from tests.factories.submissions import AREA, consistent_values, states_of, submission
from tests.unit.protocol.deliveries import (
    CASES,
    CATALOGUE,
    PERSONS,
    assert_accepted,
    assert_values_accepted,
    put,
    refusal,
    row_of,
    with_column,
)

OTHER_DIGEST = "3b" * 32
PERIODS = {
    d.id: Period(2026, 1) if "Q" in d.frequencies else Period(2025) for d in CATALOGUE.datasets.values()
}


# ------------------------------------------------------------------------------------- what is accepted


@pytest.mark.parametrize("dataset_id", CATALOGUE.datasets)
def test_a_consistent_table_is_accepted(dataset_id):
    table, statement = submission(dataset_id, period=PERIODS[dataset_id])
    assert_accepted(table, statement)
    assert_accepted(table, statement, min_contributors=5)


def test_an_empty_quarter_is_accepted():
    """P-60: where nobody is counted at all, zeros disclose nothing."""
    assert_values_accepted(np.zeros(len(CASES), dtype=np.int64))


def test_a_table_withheld_altogether_is_accepted():
    """P-28: permitted, if useless."""
    assert_values_accepted(consistent_values(CASES), withheld=range(len(CASES)))


# -------------------------------------------------------------------------------- statement and catalogue


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"dataset": "KIMNRW:OTHER(1.0.0)"}, "schema_unknown", "/dataset"),
        ({"dataset": "KIMNRW:CASES(2.0.0)"}, "schema_unknown", "/dataset"),
        ({"schema": "CASES/2"}, "schema_unknown", "/schema"),
        ({"schema": "PERSONS/1"}, "schema_unknown", "/schema"),
        ({"period": "2026"}, "schema_unknown", "/period"),
        ({"schema_sha256": OTHER_DIGEST}, "schema_mismatch", "/schema_sha256"),
        ({"catalogue_sha256": OTHER_DIGEST}, "schema_unknown", "/catalogue_sha256"),
    ],
    ids=lambda item: str(item)[:40],
)
def test_statement_and_catalogue_must_mean_the_same_table(changes, code, pointer):
    """P-50, P-52."""
    table, statement = submission()
    changed = dataclasses.replace(statement, **changes)
    assert refusal(table, changed) == (code, None, pointer)
    # The same answer without a table.
    with pytest.raises(KimError) as caught:
        agreed_dataset(changed, CATALOGUE)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


@pytest.mark.parametrize("dataset_id", ["CASES", "PERSONS"])
def test_statement_and_catalogue_agree_without_a_table(dataset_id):
    """P-50."""
    assert agreed_dataset(submission(dataset_id)[1], CATALOGUE) is CATALOGUE.dataset(dataset_id)


YEAR = Period(2025)


@pytest.mark.parametrize(
    ("dataset_id", "period"),
    [("CASES", YEAR), ("PROCESSES", YEAR), ("STAFFING", YEAR), ("FUNDS", Period(2025, 4))],
)
def test_a_frequency_in_which_a_dataflow_is_not_delivered_is_refused(dataset_id, period):
    """P-52."""
    table, statement = submission(dataset_id, period=period)
    assert refusal(table, statement) == ("schema_unknown", None, "/period")
    with pytest.raises(KimError) as caught:
        checks_of(CATALOGUE, dataset_id, period.freq)
    assert caught.value.code == "schema_unknown"


def test_a_year_of_persons_holds_the_indicators_of_a_year_only():
    """P-27, P-52."""
    table, statement = submission("PERSONS", period=YEAR)
    assert set(table["INDICATOR"].to_pylist()) == {"PERSONS_SUPPORTED"}
    assert_accepted(table, statement)
    values = consistent_values(PERSONS)
    everything = columns.submission_table(
        PERSONS, ref_area=AREA, period=YEAR, values=values, states=states_of(values)
    )
    payload = dataclasses.replace(statement.payload, rows=everything.num_rows)
    assert refusal(everything, dataclasses.replace(statement, payload=payload))[1] == "unknown_indicator"


def test_another_schema_is_refused():
    """P-51."""
    table, statement = submission()
    for other in (
        table.drop_columns(["SEX"]),
        table.append_column("MORE", table["SEX"]),
        table.select(table.schema.names[::-1]),
        table.replace_schema_metadata({"a": "b"}),
        table.rename_columns([name.lower() for name in table.schema.names]),
        submission("PERSONS")[0],
    ):
        assert refusal(other, statement)[0] == "schema_mismatch"


# -------------------------------------------------------------------------------------------------- rows


def test_the_row_count_is_that_of_the_statement():
    """P-53."""
    table, statement = submission()
    for rows in (445, 0):
        assert refusal(table.slice(0, rows), statement) == ("value_rule", "row_count", "/payload/rows")


@pytest.mark.parametrize(
    ("column", "value"),
    [("REF_AREA", "NW05112"), ("FREQ", "A"), ("TIME_PERIOD", "2026-Q2"), ("REF_AREA", "")],
)
def test_every_row_is_about_the_area_and_period_of_the_statement(column, value):
    """P-53: also where only one row is about another."""
    table, statement = submission()
    changed = with_column(table, column, put(17, value))
    assert refusal(changed, statement) == ("value_rule", "frame", f"/rows/17/{column}")


def _permuted(table, first, second):
    order = list(range(table.num_rows))
    order[first], order[second] = order[second], order[first]
    return table.take(order)


def _repeated(table, row):
    return pa.concat_tables([table.slice(0, row + 1), table.slice(row, 1), table.slice(row + 1)])


def _without(table, row):
    return pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


def _with_code(column, row, code):
    return lambda table: with_column(table, column, put(row, code))


SEX_ROW = row_of(CASES, "CASES_CLOSED", SEX="F")


@pytest.mark.parametrize(
    ("spoil", "rule", "place"),
    [
        (lambda t: _permuted(t, 10, 300), "unsorted", "/rows/10"),
        (lambda t: _permuted(t, 10, 11), "unsorted", "/rows/10"),
        (lambda t: _repeated(t, 20), "duplicate_cell", "/rows/21"),
        (lambda t: _without(t, 20), "missing_cell", "/rows/20"),
        (lambda t: _without(t, 445), "missing_cell", "/rows/445"),
        (lambda t: _repeated(t, 445), "duplicate_cell", "/rows/446"),
        (_with_code("INDICATOR", 3, "CASES_LOST"), "unknown_indicator", "/rows/3/INDICATOR"),
        (_with_code("INDICATOR", 3, "PERSONS_NEW"), "unknown_indicator", "/rows/3/INDICATOR"),
        (_with_code("SEX", SEX_ROW, "W"), "unknown_code", f"/rows/{SEX_ROW}/SEX"),
        (_with_code("SEX", SEX_ROW, "_O"), "extra_cell", f"/rows/{SEX_ROW}"),  # merged: never published
        (_with_code("AGE", SEX_ROW, "_T"), "extra_cell", f"/rows/{SEX_ROW}"),  # a dimension it does not have
        (_with_code("OUTCOME", SEX_ROW, "GOAL"), "extra_cell", f"/rows/{SEX_ROW}"),  # a table not delivered
    ],
)
def test_the_rows_are_the_cells_of_the_grid(spoil, rule, place):
    """P-53."""
    table, statement = submission()
    changed = spoil(table)
    payload = dataclasses.replace(statement.payload, rows=changed.num_rows)
    assert refusal(changed, dataclasses.replace(statement, payload=payload)) == ("value_rule", rule, place)


# ------------------------------------------------------------------------------------------------ states


@pytest.mark.parametrize(
    ("value", "obs_status", "conf_status"),
    [
        (100, "Q", "C"),
        (100, "A", "C"),
        (100, "L", "F"),
        (0, "Q", "C"),
        (None, "A", "F"),
        (None, "Q", "F"),
        (None, "A", "C"),
        (None, "L", "C"),
        (None, "Q", "S"),  # what only the hub may say
        (None, "", ""),
        (100, "P", "F"),
        (100, "a", "f"),
    ],
)
def test_a_row_is_one_of_six_states(value, obs_status, conf_status):
    """P-54."""
    table, statement = submission()
    for name, item in (("OBS_VALUE", value), ("OBS_STATUS", obs_status), ("CONF_STATUS", conf_status)):
        table = with_column(table, name, put(5, item))
    assert refusal(table, statement) == ("value_rule", "state", "/rows/5/OBS_STATUS")


@pytest.mark.parametrize("value", [-1, -100, 2**53, 2**63 - 1, -(2**63)])
def test_a_count_is_not_negative_and_not_astronomic(value):
    """P-55."""
    table, statement = submission()
    changed = with_column(table, "OBS_VALUE", put(5, value))
    assert refusal(changed, statement) == ("value_rule", "range", "/rows/5/OBS_VALUE")


def test_checks_are_compiled_once():
    """Speed rests on it: compiling takes many times as long as checking one submission."""
    assert checks_of(CATALOGUE, "CASES", "Q") is checks_of(CATALOGUE, "CASES", "Q")
    other = dataclasses.replace(CATALOGUE)
    assert checks_of(other, "CASES", "Q") is not checks_of(CATALOGUE, "CASES", "Q")


# ------------------------------------------------------------------------- what is delivered, and for whom


PROCESSES = grid_of(CATALOGUE, "PROCESSES")
DECISIONS = PROCESSES.rows_of("B3_DECISIONS")


def _not_delivering(rows, **options):
    """A delivery of PROCESSES in which some rows are not delivered."""
    table, statement = submission("PROCESSES", **options)
    for name, item in (("OBS_VALUE", None), ("OBS_STATUS", "L"), ("CONF_STATUS", "F")):
        table = with_column(table, name, _put_all(rows, item))
    return table, statement


def _put_all(rows, item):
    def change(items):
        for row in rows:
            items[row] = item

    return change


def test_an_indicator_is_delivered_as_a_whole_or_not_at_all():
    """P-72."""
    assert_accepted(*_not_delivering(DECISIONS))
    place = f"/rows/{DECISIONS.start}/OBS_STATUS"
    assert refusal(*_not_delivering(DECISIONS[1:])) == ("value_rule", "partial_indicator", place)
    assert refusal(*_not_delivering([DECISIONS[-1]])) == ("value_rule", "partial_indicator", place)
    assert refusal(*_not_delivering(range(len(PROCESSES))))[1] == "nothing"


def test_for_a_joint_authority_only_its_own_indicators_are_delivered():
    """P-73."""
    others = [row for row in range(len(PROCESSES)) if row not in DECISIONS]
    assert_accepted(*_not_delivering(others, area="NW05334"))
    assert_accepted(*_not_delivering(others))  # a node that collects nothing else may say so for its own area
    kept = PROCESSES.rows_of("REFERRALS")
    more = _not_delivering([row for row in others if row not in kept], area="NW05334")
    assert refusal(*more) == ("value_rule", "authority", f"/rows/{kept.start}/OBS_STATUS")


@pytest.mark.parametrize("dataset_id", ["CASES", "PERSONS", "STAFFING", "FUNDS"])
def test_a_dataflow_without_figures_of_authorities_is_not_delivered_for_one(dataset_id):
    """P-73: known before a byte of the table is."""
    table, statement = submission(dataset_id, area="NW05334", period=PERIODS[dataset_id])
    assert refusal(table, statement) == ("area_not_registered", None, "/area")
    with pytest.raises(KimError):
        agreed_dataset(statement, CATALOGUE)
