"""What the figures of a delivery may say: relations and disclosure, each rule broken once (SPEC 9 and 11)."""

import numpy as np
import pytest

from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.submission_rules import check_submission
from tests.factories.submissions import consistent_values, submission
from tests.unit.protocol.deliveries import (
    CASES,
    CATALOGUE,
    PERSONS,
    assert_accepted,
    assert_values_accepted,
    refusal,
    refused_values,
    row_of,
)

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
    assert_values_accepted(values, withheld=[row_of(CASES, "CASES_OPEN", FIELD="PROTECT")])
    values[fields[0]] += 1
    assert refused_values(values)[1:] == ("part", f"/rows/{fields[0]}/OBS_VALUE")
    values[fields] = 10
    assert unknown in fields
    assert refused_values(values)[1:] == ("cover", f"/rows/{total}/OBS_VALUE")
    # With one part withheld the others need not reach the total.
    assert_values_accepted(values, withheld=[fields[3]])


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
    assert_values_accepted(values, withheld=hidden)


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
    values, _, _ = tweak("CASES_OPEN", "RECHTSKREIS", "SGB8", count, other="NONE")
    assert_values_accepted(values)


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
    assert_values_accepted(values, min_contributors=5)
    values, row, _ = tweak("CONTACTS_ONEOFF", "FIELD", "PROTECT", 9, other="LANG")
    assert refused_values(values)[2] == f"/rows/{row}/OBS_VALUE"


def test_node_and_receiver_may_only_be_stricter():
    """P-58: the largest of catalogue, statement and receiver holds."""
    values, row, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", 7, other="DE")
    assert_values_accepted(values)
    table, statement = submission(values=values, min_contributors=8)
    assert refusal(table, statement)[2] == f"/rows/{row}/OBS_VALUE"
    assert refusal(table, statement, min_contributors=9) == (
        "k_anonymity",
        "node_minimum",
        "/min_contributors",
    )
    table, statement = submission(values=values, min_contributors=3)
    assert_accepted(table, statement)
    values, _, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", 4, other="DE")
    table, statement = submission(values=values, min_contributors=3)
    assert refusal(table, statement)[1] == "threshold"


def test_one_hidden_part_of_a_known_total_is_no_protection():
    """P-59: what follows by subtraction counts as published."""
    values, row, receiver = tweak("CASES_OPEN", "RESIDENCE", "FICT", 3, other="DE")
    assert refused_values(values, [row])[:2] == ("k_anonymity", "threshold")
    assert refused_values(values, [row])[2] == f"/rows/{row}/OBS_VALUE"
    assert_values_accepted(values, [row, receiver])


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
    assert_values_accepted(values, [*hidden, row, females])


def test_a_hidden_part_that_is_large_may_be_computable():
    """P-59: only what a rule protects must not be."""
    values = consistent_values(CASES)
    assert_values_accepted(values, [row_of(CASES, "CASES_OPEN", RESIDENCE="FICT")])


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


def test_a_zero_beside_a_protected_code_is_refused():
    """P-60: what the others are not says what the group is; how many they are does not matter."""
    values, row, _ = tweak("CASES_OPEN", "RESIDENCE", "FICT", 0, other="DE")
    assert refused_values(values) == ("k_anonymity", "zero", f"/rows/{row}/OBS_VALUE")
    assert_values_accepted(values, [row, row_of(CASES, "CASES_OPEN", RESIDENCE="DE")])


def test_a_computable_zero_about_a_group_is_refused():
    """P-59, P-60."""
    values, row, receiver = tweak("CASES_CLOSED", "OUTCOME", "OTHER", 0, other="GOAL")
    assert refused_values(values, [row]) == ("k_anonymity", "zero", f"/rows/{row}/OBS_VALUE")
    assert_values_accepted(values, [row, receiver])


@pytest.mark.parametrize("rest", [0, 1, 9])
def test_nearly_everybody_in_a_group_is_refused(rest):
    """P-60: the complement of a protected code needs the same minimum."""
    values = consistent_values(CASES)
    row, total = row_of(CASES, "CASES_OPEN", FIELD="PROTECT"), row_of(CASES, "CASES_OPEN")
    unknown = row_of(CASES, "CASES_OPEN", FIELD="_U")
    values[unknown] = 0  # it would leave less than the total to the others
    values[row] = values[total] - rest
    assert refused_values(values, [unknown]) == ("k_anonymity", "complement", f"/rows/{row}/OBS_VALUE")
    assert_values_accepted(values, [unknown, row])
    values[row] = values[total] - 10
    assert_values_accepted(values, [unknown])


def test_a_protected_count_without_a_known_group_says_nothing_about_it():
    """P-60: the group's total is withheld and does not follow from anything."""
    total = row_of(CASES, "CASES_OPEN")
    values = consistent_values(CASES)
    field = row_of(CASES, "CASES_OPEN", FIELD="PROTECT")
    # Every breakdown of the total would give it away, so all but this field are withheld.
    others = [row for row in CASES.rows_of("CASES_OPEN") if CASES.codes(row)["FIELD"] == "_T"]
    unknown = row_of(CASES, "CASES_OPEN", FIELD="_U")
    values[unknown] = 0
    values[field] = values[total] - 3
    assert refused_values(values, [unknown]) == ("k_anonymity", "complement", f"/rows/{field}/OBS_VALUE")
    assert_values_accepted(values, [unknown, *others])


def test_a_small_group_with_its_protected_count_withheld_is_accepted():
    """P-60: eight cases, nobody learns how many of them concern violence."""
    values = np.zeros(len(CASES), dtype=np.int64)
    for row in CASES.rows_of("CASES_OPEN"):
        codes = CASES.codes(row)
        chosen = {"SEX": "F", "AGE": "Y18T64", "CITIZEN": "DE", "RESIDENCE": "DE", "RECHTSKREIS": "NONE"}
        leaf = {"AGE": "Y30T39", "FIELD": "LANG"}
        if all(code in {"_T", chosen.get(d), leaf.get(d)} for d, code in codes.items()):
            values[row] = 8
    by_status, by_field = (
        [row for row in CASES.rows_of("CASES_OPEN") if CASES.codes(row)[dimension] != "_T"]
        for dimension in ("RESIDENCE", "FIELD")
    )
    shown = [row for row in by_field if values[row]]
    protected = row_of(CASES, "CASES_OPEN", FIELD="PROTECT")
    others = [row for row in by_field if row not in (*shown, protected)]
    refused = refused_values(values, [*by_status, *others])
    assert refused[1:] == ("zero", f"/rows/{protected}/OBS_VALUE")
    assert_values_accepted(values, [*by_status, *others, protected])


# ------------------------------------------------------------------------------------------------ errors


def test_a_refusal_holds_places_but_no_values():
    """P-02."""
    values = consistent_values(CASES)
    secret = 4
    values[:] = secret
    with pytest.raises(KimError) as caught:
        check_submission(*submission(values=values), CATALOGUE)
    error = caught.value
    said = f"{error} {error.detail} {[str(item.text) for item in error.errors]}"
    assert str(secret) not in said
    assert 1 <= len(error.errors) <= 20
    assert error.pointer == error.errors[0].pointer


# ---------------------------------------------------------------------- distributions, and amounts of money


PROCESSES = grid_of(CATALOGUE, "PROCESSES")
DURATIONS = {
    code: row_of(PROCESSES, "CASES_BY_DURATION", DURATION=code)
    for code in ("M_LT3", "M3T6", "M6T12", "M12T24", "M_GE24", "_U")
}


def _durations(*counts):
    """Closed cases by duration, nothing else happened."""
    values = np.zeros(len(PROCESSES), dtype=np.int64)
    values[list(DURATIONS.values())] = counts
    values[row_of(PROCESSES, "CASES_BY_DURATION")] = sum(counts)
    return values


def test_a_distribution_of_few_is_withheld_as_a_whole():
    """P-71: its zeros too, so that they say nothing."""
    few = _durations(9, 0, 0, 0, 0, 0)
    whole = list(DURATIONS.values())
    assert_values_accepted(few, whole, dataset_id="PROCESSES", min_contributors=3)
    for shown in ("M_LT3", "_U"):
        hidden = [row for code, row in DURATIONS.items() if code != shown]
        assert refused_values(few, hidden, dataset_id="PROCESSES")[1:] == (
            "distribution",
            f"/rows/{DURATIONS[shown]}/OBS_VALUE",
        )
    enough = _durations(5, 5, 0, 0, 0, 0)
    assert_values_accepted(enough, dataset_id="PROCESSES")
    assert_values_accepted(_durations(0, 0, 0, 0, 0, 0), dataset_id="PROCESSES")


def test_figures_that_are_equal_keep_the_stricter_minimum():
    """P-58: closed cases by duration are the closed cases, of which fewer than 5 are never shown."""
    total = row_of(PROCESSES, "CASES_BY_DURATION")
    few = _durations(4, 0, 0, 0, 0, 0)
    code, rule, place = refused_values(few, DURATIONS.values(), dataset_id="PROCESSES", min_contributors=3)
    assert (code, rule, place) == ("k_anonymity", "threshold", f"/rows/{total}/OBS_VALUE")


@pytest.mark.parametrize("dataset_id", ["STAFFING", "FUNDS"])
def test_small_amounts_are_no_small_counts(dataset_id):
    """P-74: 0.01 posts or euros say nothing about how many stand behind them."""
    grid = grid_of(CATALOGUE, dataset_id)
    smallest = np.full(len(grid), 0, dtype=np.int64)
    indicator = grid.indicators[0]
    smallest[[row_of(grid, indicator.id), row_of(grid, indicator.id, BAUSTEIN="B2")]] = 1
    line = {"CARRIER": "OWN"} if dataset_id == "STAFFING" else {"COST": "MEAS"}
    smallest[[row_of(grid, indicator.id, **line), row_of(grid, indicator.id, BAUSTEIN="B2", **line)]] = 1
    period = Period(2026, 1) if dataset_id == "STAFFING" else Period(2025)
    assert_accepted(*submission(dataset_id, values=smallest, period=period))


def test_repayments_may_exceed_what_was_spent():
    """P-55, P-56: amounts below zero where the catalogue allows them, and sums over them."""
    grid = grid_of(CATALOGUE, "FUNDS")
    values = np.zeros(len(grid), dtype=np.int64)
    for codes in ({}, {"BAUSTEIN": "B2"}):
        values[row_of(grid, "FUNDS_SPENT", **codes)] = -500
        values[row_of(grid, "FUNDS_SPENT", **codes, COST="STAFF")] = 100
        values[row_of(grid, "FUNDS_SPENT", **codes, COST="MEAS")] = -600
    values[row_of(grid, "FUNDS_SPENT", CARRIER="NGO")] = -500
    assert_accepted(*submission("FUNDS", values=values, period=Period(2025)))
    wrong = values.copy()
    wrong[row_of(grid, "FUNDS_GRANTED")] = -1
    assert refusal(*submission("FUNDS", values=wrong, period=Period(2025)))[1] == "range"
