"""The rules of a delivery: each broken once, refused with code, rule and place (SPEC P-50 to P-60)."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from protocol.catalogue_file import load_catalogue
from protocol.cell_checks import checks_of
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.submission_rules import check_submission
from tests.factories.submissions import consistent_values, statement_for, submission

CATALOGUE = load_catalogue()
CASES = grid_of(CATALOGUE, "CASES")
PERSONS = grid_of(CATALOGUE, "PERSONS")
LATER = "3b" * 32


def row_of(grid, indicator, **codes):
    found = next(i for i in grid.dataset.indicators if i.id == indicator)
    return grid.index[grid.key(found, codes)]


def refusal(table, statement, **options):
    with pytest.raises(KimError) as caught:
        check_submission(table, statement, CATALOGUE, **options)
    error = caught.value
    return error.code, error.errors[0].code if error.errors else None, error.pointer


def check_values(values, withheld=(), dataset_id="CASES", **options):
    check_submission(*submission(dataset_id, values=values, withheld=withheld), CATALOGUE, **options)


def refused_values(values, withheld=(), dataset_id="CASES", **options):
    return refusal(*submission(dataset_id, values=values, withheld=withheld), **options)


def with_column(table, name, change):
    """Change a column's Python list; the schema stays."""
    number = table.schema.get_field_index(name)
    items = table[name].to_pylist()
    change(items)
    return table.set_column(
        number, table.schema.field(number), pa.array(items, table.schema.field(number).type)
    )


def put(row, value):
    return lambda items: items.__setitem__(row, value)


# ------------------------------------------------------------------------------------- what is accepted


@pytest.mark.parametrize("dataset_id", ["CASES", "PERSONS"])
def test_a_consistent_table_is_accepted(dataset_id):
    table, statement = submission(dataset_id)
    check_submission(table, statement, CATALOGUE)
    check_submission(table, statement, CATALOGUE, min_contributors=5)


def test_an_empty_quarter_is_accepted():
    """P-60: where nobody is counted at all, zeros disclose nothing."""
    check_values(np.zeros(len(CASES), dtype=np.int64))


def test_a_table_withheld_altogether_is_accepted():
    """P-28: permitted, if useless."""
    check_values(consistent_values(CASES), withheld=range(len(CASES)))


# -------------------------------------------------------------------------------- statement and catalogue


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"dataset": "KIMNRW:OTHER(1.0.0)"}, "schema_unknown", None),
        ({"dataset": "KIMNRW:CASES(2.0.0)"}, "schema_unknown", "/schema"),
        ({"schema": "CASES/2"}, "schema_unknown", "/schema"),
        ({"schema": "PERSONS/1"}, "schema_unknown", "/schema"),
        ({"period": "2026"}, "schema_unknown", "/period"),
        ({"schema_sha256": LATER}, "schema_mismatch", "/schema_sha256"),
        ({"catalogue_sha256": LATER}, "schema_unknown", "/catalogue_sha256"),
    ],
    ids=lambda item: str(item)[:40],
)
def test_statement_and_catalogue_must_mean_the_same_table(changes, code, pointer):
    """P-50, P-52."""
    table, statement = submission()
    error = refusal(table, dataclasses.replace(statement, **changes))
    assert (error[0], error[2]) == (code, pointer)


@pytest.mark.parametrize("dataset_id", ["STAFFING", "FUNDS", "PROCESSES"])
def test_a_dataflow_whose_rules_cannot_be_checked_is_refused(dataset_id):
    """P-52: an unknown kind of rule never passes as none."""
    table, _ = submission()
    statement = statement_for(table, dataset_id)
    assert refusal(table, statement)[0] == "schema_unknown"
    with pytest.raises(KimError) as caught:
        checks_of(CATALOGUE, dataset_id)
    assert caught.value.code == "schema_unknown"


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
    assert refusal(table.slice(0, 445), statement) == ("value_rule", "row_count", "/payload/rows")


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
        (lambda t: t.slice(0, 0), "missing_cell", "/rows/0"),
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
    payload = dataclasses.replace(statement.payload, rows=max(changed.num_rows, 1))
    if changed.num_rows:
        statement = dataclasses.replace(statement, payload=payload)
        assert refusal(changed, statement) == ("value_rule", rule, place)
    else:  # a statement about no rows cannot exist
        assert refusal(changed, statement)[1] == "row_count"


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


# --------------------------------------------------------------------------------------------- relations


def test_published_parts_add_up_to_their_published_total():
    """P-56: at every level of the hierarchy and in every table."""
    totals = {
        row_of(CASES, "CASES_OPEN", RESIDENCE="SEC"),
        row_of(CASES, "CASES_OPEN", SEX="F", AGE="Y_LT18"),
        row_of(CASES, "CASES_OPENED", SEX="_T", CITIZEN="FOR"),
        row_of(CASES, "CONTACTS_ONEOFF", FIELD="_T"),
    }
    for row in totals:
        values = consistent_values(CASES)
        values[row] += 1
        code, rule, place = refused_values(values)
        assert (code, rule) == ("value_rule", "sum")
        assert place.startswith("/rows/")


def test_a_total_from_shown_cells_only_is_refused():
    """P-56: margins are computed before anything is withheld, so shown parts never exceed the total."""
    values = consistent_values(CASES)
    parent = row_of(CASES, "CASES_OPEN", RESIDENCE="TEMP")
    hidden = [row_of(CASES, "CASES_OPEN", RESIDENCE=code) for code in ("T_FAM", "T_WORK")]
    values[parent] -= values[hidden].sum() + 1
    total = row_of(CASES, "CASES_OPEN")
    assert refused_values(values, [*hidden, total])[:2] == ("value_rule", "sum")


def test_a_difference_below_zero_is_refused():
    """P-56: two withheld parts would have to be negative."""
    values = consistent_values(CASES)
    row = row_of(CASES, "CASES_CLOSED", OUTCOME="GOAL")
    values[row] = values[row_of(CASES, "CASES_CLOSED")] + 1
    hidden = [row_of(CASES, "CASES_CLOSED", OUTCOME=code) for code in ("PART", "MOVED")]
    assert refused_values(values, hidden)[:2] == ("value_rule", "sum")
    assert refused_values(values, hidden[:1])[:2] == ("value_rule", "sum")


def test_multiple_answers_cover_their_total():
    """P-57: max of the parts <= total <= sum of the parts; "unknown" leaves the others the rest."""
    total = row_of(CASES, "CASES_OPEN")
    unknown = row_of(CASES, "CASES_OPEN", FIELD="_U")
    fields = [
        row for row in CASES.rows_of("CASES_OPEN") if CASES.codes(row)["FIELD"] != "_T" and row != total
    ]
    values = consistent_values(CASES)
    values[fields] = values[total] - 20
    values[unknown] = 20
    check_values(values, withheld=[row_of(CASES, "CASES_OPEN", FIELD="PROTECT")])
    values[fields[0]] += 1
    assert refused_values(values)[1:] == ("part", f"/rows/{fields[0]}/OBS_VALUE")
    values[fields] = 10
    assert unknown in fields
    assert refused_values(values)[1:] == ("cover", f"/rows/{total}/OBS_VALUE")
    # With one part withheld the others need not reach the total.
    check_values(values, withheld=[fields[3]])


def test_persons_for_the_first_time_are_persons():
    """P-57: a subset declared by the catalogue, cell by cell."""
    values = consistent_values(PERSONS)
    new = np.array(list(PERSONS.rows_of("PERSONS_NEW")))
    values[new] *= 3
    code, rule, place = refused_values(values, dataset_id="PERSONS")
    assert (code, rule) == ("value_rule", "part")
    assert int(place.split("/")[2]) in new


def test_relations_hold_only_where_all_is_published():
    """P-56: a withheld total says nothing about its parts."""
    values = consistent_values(CASES)
    hidden = [row for row in CASES.rows_of("CASES_CLOSED") if CASES.codes(row)["SEX"] == "_T"]
    check_values(values, withheld=hidden)


# -------------------------------------------------------------------------------------------- disclosure


def tweak(indicator, dimension, code, count, *, other):
    """Move all but ``count`` cases of a code to another code of the same level."""
    values = consistent_values(CASES)
    row, receiver = (row_of(CASES, indicator, **{dimension: c}) for c in (code, other))
    values[receiver] += values[row] - count
    values[row] = count
    return values, row, receiver


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_count_below_the_minimum_is_refused(count):
    """P-58."""
    values, row, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", count, other="DE")
    assert refused_values(values) == ("k_anonymity", "threshold", f"/rows/{row}/OBS_VALUE")


@pytest.mark.parametrize("count", [0, 5, 6])
def test_zero_and_the_minimum_itself_are_accepted(count):
    """P-58."""
    values, _, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", count, other="DE")
    check_values(values)


@pytest.mark.parametrize("count", [5, 9])
def test_the_strictest_rule_of_a_cell_holds(count):
    """P-58: insecure residence status needs ten; also in a code that another was merged into."""
    values = consistent_values(CASES)
    parts = [row_of(CASES, "CASES_OPEN", RESIDENCE=code) for code in ("GEST", "DULD")]
    parent, receiver = (row_of(CASES, "CASES_OPEN", RESIDENCE=code) for code in ("INSEC", "DE"))
    for part in parts:
        moved = values[part] - count
        values[[part, parent]] -= moved
        values[receiver] += moved
    assert refused_values(values)[:2] == ("k_anonymity", "threshold")
    values, row, _ = tweak(
        "CASES_CLOSED", "OUTCOME", "OTHER", count, other="GOAL"
    )  # LEFT is merged into OTHER
    assert refused_values(values) == ("k_anonymity", "threshold", f"/rows/{row}/OBS_VALUE")


def test_contacts_have_no_minimum_but_for_protected_fields():
    """P-58: one-off contacts are anonymous; protection from violence is not."""
    values, _, _ = tweak("CONTACTS_ONEOFF", "FIELD", "HOUS", 1, other="LANG")
    check_values(values, min_contributors=5)
    values, row, _ = tweak("CONTACTS_ONEOFF", "FIELD", "PROTECT", 9, other="LANG")
    assert refused_values(values)[2] == f"/rows/{row}/OBS_VALUE"


def test_node_and_receiver_may_only_be_stricter():
    """P-58: the largest of catalogue, statement and receiver holds."""
    values, row, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", 7, other="DE")
    check_values(values)
    table, statement = submission(values=values, min_contributors=8)
    assert refusal(table, statement)[2] == f"/rows/{row}/OBS_VALUE"
    assert refusal(table, statement, min_contributors=9) == (
        "k_anonymity",
        "node_minimum",
        "/min_contributors",
    )
    table, statement = submission(values=values, min_contributors=3)
    check_submission(table, statement, CATALOGUE)
    values, _, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", 4, other="DE")
    table, statement = submission(values=values, min_contributors=3)
    assert refusal(table, statement)[1] == "threshold"


def test_one_hidden_part_of_a_known_total_is_no_protection():
    """P-59: what follows by subtraction counts as published."""
    values, row, receiver = tweak("CASES_OPEN", "RESIDENCE", "FICT", 3, other="DE")
    assert refused_values(values, [row])[:2] == ("k_anonymity", "threshold")
    assert refused_values(values, [row])[2] == f"/rows/{row}/OBS_VALUE"
    check_values(values, [row, receiver])


def test_subtraction_goes_on_through_linked_tables():
    """P-59: a hidden total is known from another table, and gives the next cell away."""
    values, row, _ = tweak("CASES_OPENED", "SEX", "_U", 3, other="F")
    # Rebuild SEX x AGE and SEX x CITIZEN below the changed margin: all of sex unknown is withheld there.
    below = [r for r in CASES.rows_of("CASES_OPENED") if CASES.codes(r)["SEX"] in {"_U", "F"} and r != row]
    females = row_of(CASES, "CASES_OPENED", SEX="F")
    total = row_of(CASES, "CASES_OPENED")
    hidden = [r for r in below if r != females]
    # _T - M - F gives _U although _U is withheld; hiding the total does not help: INST adds up to it.
    assert refused_values(values, [*hidden, row])[2] == f"/rows/{row}/OBS_VALUE"
    assert refused_values(values, [*hidden, row, total])[2] == f"/rows/{row}/OBS_VALUE"
    check_values(values, [*hidden, row, females])


def test_a_hidden_part_that_is_large_may_be_computable():
    """P-59: only what a rule protects must not be."""
    values = consistent_values(CASES)
    check_values(values, [row_of(CASES, "CASES_OPEN", RESIDENCE="FICT")])


def test_a_zero_about_a_whole_group_is_refused():
    """P-60: nobody here has an insecure status, or: no case concerns violence."""
    for indicator, dimension, code, other in (
        ("CASES_OPEN", "FIELD", "PROTECT", "LANG"),
        ("CONTACTS_ONEOFF", "FIELD", "PROTECT", "LANG"),
        ("CASES_CLOSED", "OUTCOME", "OTHER", "GOAL"),
    ):
        values, row, _ = tweak(indicator, dimension, code, 0, other=other)
        if indicator == "CASES_OPEN":  # multiple answers: the other field keeps its own count
            values = consistent_values(CASES)
            values[row] = 0
        assert refused_values(values) == ("k_anonymity", "zero", f"/rows/{row}/OBS_VALUE")


def test_a_computable_zero_about_a_group_is_refused():
    """P-59, P-60."""
    values, row, receiver = tweak("CASES_CLOSED", "OUTCOME", "OTHER", 0, other="GOAL")
    assert refused_values(values, [row]) == ("k_anonymity", "zero", f"/rows/{row}/OBS_VALUE")
    check_values(values, [row, receiver])


@pytest.mark.parametrize("rest", [0, 1, 9])
def test_nearly_everybody_in_a_group_is_refused(rest):
    """P-60: the complement of a protected code needs the same minimum."""
    values = consistent_values(CASES)
    row, total = row_of(CASES, "CASES_OPEN", FIELD="PROTECT"), row_of(CASES, "CASES_OPEN")
    values[row_of(CASES, "CASES_OPEN", FIELD="_U")] = 0  # it would leave less than the total to the others
    values[row] = values[total] - rest
    assert refused_values(values) == ("k_anonymity", "complement", f"/rows/{row}/OBS_VALUE")
    check_values(values, [row])
    values[row] = values[total] - 10
    check_values(values)


def test_a_protected_count_without_a_known_group_says_nothing_about_it():
    """P-60: the group's total is withheld and does not follow from anything."""
    total = row_of(CASES, "CASES_OPEN")
    values = consistent_values(CASES)
    field = row_of(CASES, "CASES_OPEN", FIELD="PROTECT")
    # Every breakdown of the total would give it away, so all but this field are withheld.
    others = [row for row in CASES.rows_of("CASES_OPEN") if CASES.codes(row)["FIELD"] == "_T"]
    values[row_of(CASES, "CASES_OPEN", FIELD="_U")] = 0
    values[field] = values[total] - 3
    assert refused_values(values) == ("k_anonymity", "complement", f"/rows/{field}/OBS_VALUE")
    check_values(values, others)


def test_a_small_group_with_its_protected_count_withheld_is_accepted():
    """P-60: eight cases, nobody learns how many of them concern violence."""
    values = np.zeros(len(CASES), dtype=np.int64)
    for row in CASES.rows_of("CASES_OPEN"):
        codes = CASES.codes(row)
        chosen = {"SEX": "F", "AGE": "Y18T64", "CITIZEN": "DE", "RESIDENCE": "DE", "RECHTSKREIS": "NONE"}
        leaf = {"AGE": "Y30T39", "FIELD": "LANG"}
        if all(code in {"_T", chosen.get(d), leaf.get(d)} for d, code in codes.items()):
            values[row] = 8
    hidden = [row_of(CASES, "CASES_OPEN", RESIDENCE=code) for code in ("INSEC", "GEST", "DULD", "_U", "FICT")]
    protected = row_of(CASES, "CASES_OPEN", FIELD="PROTECT")
    assert refused_values(values, hidden)[1:] == ("zero", f"/rows/{protected}/OBS_VALUE")
    check_values(values, [*hidden, row_of(CASES, "CASES_OPEN", RESIDENCE="DE"), protected])


# ------------------------------------------------------------------------------------------------ errors


def test_a_refusal_holds_places_but_no_values():
    """P-02."""
    values = consistent_values(CASES)
    secret = 4
    values[:] = secret
    with pytest.raises(KimError) as caught:
        check_values(values)
    error = caught.value
    said = f"{error} {error.detail} {[str(item.text) for item in error.errors]}"
    assert str(secret) not in said
    assert 1 <= len(error.errors) <= 20
    assert error.pointer == error.errors[0].pointer


def test_checks_are_compiled_once():
    """Speed rests on it: some ten milliseconds once, about one per submission."""
    assert checks_of(CATALOGUE, "CASES") is checks_of(CATALOGUE, "CASES")
    other = dataclasses.replace(CATALOGUE)
    assert checks_of(other, "CASES") is not checks_of(CATALOGUE, "CASES")
