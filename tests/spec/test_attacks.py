"""Attacks by name: each a table that a person can follow with a pencil.

Every example shows the same two things: what an attacker computes if only the small cells are withheld (or if
the cells are withheld carelessly), and that the product's own pattern leaves the attacker without an answer.
The audit names the relations that the attacker uses, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from aggregation.disclosure import (
    AuditReport,
    Delivered,
    Reason,
    Verdict,
    audit_delivery,
    cell_bounds,
    protect_delivery,
)
from aggregation.disclosure.relations import structure_of
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.grid import grid_of
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator, stocks_and_flows

SPRING, SUMMER = Period(2026, 1), Period(2026, 2)
Table = Mapping[str, int]
"""Values by name: codes joined by a blank, ``total`` for the total; other indicators as ``N:code``."""


def _row(catalogue: Catalogue, name: str) -> int:
    grid = grid_of(catalogue, "D")
    indicator_id, _, codes = name.rpartition(":")
    found = next(i for i in grid.dataset.indicators if i.id == (indicator_id or "N"))
    wanted = (
        {}
        if codes == "total"
        else {use.id: code for code in codes.split() for use in found.dimensions if code in use.codelist}
    )
    return grid.index[grid.key(found, wanted)]


def _values(catalogue: Catalogue, table: Table) -> np.ndarray:
    values = np.zeros(len(grid_of(catalogue, "D")), dtype=np.int64)
    for name, value in table.items():
        values[_row(catalogue, name)] = value
    assert structure_of(catalogue, "D").system.satisfied(values).all(), "the example does not add up"
    return values


def _true(catalogue: Catalogue, table: Table) -> Tabulation:
    return Tabulation.of_counts(_values(catalogue, table))


def _delivered(catalogue: Catalogue, table: Table, withheld: Sequence[str], period: Period) -> Delivered:
    hidden = np.zeros(len(grid_of(catalogue, "D")), dtype=np.bool_)
    hidden[[_row(catalogue, name) for name in withheld]] = True
    return Delivered("D", period, _true(catalogue, table), hidden)


def _audit(
    catalogue: Catalogue,
    table: Table,
    withheld: Sequence[str],
    *,
    period: Period = SPRING,
    linked: Sequence[Delivered] = (),
) -> AuditReport:
    new = _delivered(catalogue, table, withheld, period)
    shown = [None if h else int(v) for v, h in zip(new.values, new.withheld, strict=True)]
    return audit_delivery(catalogue, "D", period, shown, table=new.table, linked=linked)


def _names(catalogue: Catalogue, rows: Sequence[int]) -> set[str]:
    grid = grid_of(catalogue, "D")
    return {" ".join(c for c in grid.keys[row][1:] if c not in {"_T", "_Z"}) or "total" for row in rows}


def _exposed(catalogue: Catalogue, report: AuditReport) -> set[str]:
    return _names(catalogue, [grid_of(catalogue, "D").index[finding.key] for finding in report.exposed])


def _safe_pattern(
    catalogue: Catalogue, table: Table, *, period: Period = SPRING, linked: Sequence[Delivered] = ()
) -> set[str]:
    """The cells that the product withholds, after the audit has agreed."""
    true = _true(catalogue, table)
    protection = protect_delivery(catalogue, "D", period, true, linked=linked)
    shown = [None if h else int(v) for v, h in zip(true.values, protection.withheld, strict=True)]
    report = audit_delivery(catalogue, "D", period, shown, table=true, linked=linked)
    assert report.verdict is Verdict.SAFE
    return _names(catalogue, np.flatnonzero(protection.withheld).tolist())


def _one_table(**codes: str | None) -> Catalogue:
    """One indicator N by one dimension A; persons are counted from 5 on."""
    return catalogue_of(
        [codelist("CL_A", {"_T": None, **dict.fromkeys(codes, "_T")})], [indicator("N", [["A"]])]
    )


ABCD = _one_table(a=None, b=None, c=None, d=None)


def test_one_cell_missing_in_a_sum() -> None:
    """Whoever sees the total and all parts but one subtracts."""
    table = {"a": 3, "b": 6, "c": 7, "d": 9, "total": 25}
    report = _audit(ABCD, table, ["a"])
    assert report.verdict is Verdict.UNSAFE
    assert _exposed(ABCD, report) == {"a"}
    assert "ist die Summe aus" in report.exposed[0].text.de
    assert "is the sum of" in report.exposed[0].text.en
    assert _safe_pattern(ABCD, table) == {"a", "b"}  # the cheapest second cell


def test_zeros_are_known() -> None:
    """Zeros are published, so whatever is withheld is at least 1: three cells with the sum 3 are 1, 1, 1."""
    table = {"a": 1, "b": 1, "c": 1, "d": 9, "total": 12}
    report = _audit(ABCD, table, ["a", "b", "c"])
    assert _exposed(ABCD, report) == {"a", "b", "c"}
    assert "Nullen werden veröffentlicht" in report.exposed[0].text.de
    assert _safe_pattern(ABCD, table) == {"a", "b", "c", "d"}


def test_small_cells_may_protect_each_other() -> None:
    """The sum 3 of two cells may be 1 + 2 or 2 + 1: nothing more has to go."""
    table = {"a": 1, "b": 2, "c": 9, "d": 9, "total": 21}
    assert _audit(ABCD, table, ["a", "b"]).verdict is Verdict.SAFE
    assert _safe_pattern(ABCD, table) == {"a", "b"}


CROSSED = catalogue_of(
    [
        codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"}),
        codelist("CL_B", {"_T": None, "x": "_T", "y": "_T", "z": "_T"}),
    ],
    [indicator("N", [["A", "B"]])],
)


def test_two_ones_in_a_row() -> None:
    """Row a withholds x and y with the sum 2. Both must be 1, and with them the cells below."""
    table = {
        "a x": 1, "a y": 1, "a z": 8, "a": 10,
        "b x": 6, "b y": 7, "b z": 9, "b": 22,
        "x": 7, "y": 8, "z": 17, "total": 32,
    }  # fmt: skip
    report = _audit(CROSSED, table, ["a x", "a y", "b x", "b y"])
    assert _exposed(CROSSED, report) == {"a x", "a y"}
    pattern = _safe_pattern(CROSSED, table)
    assert {"a x", "a y", "a z"} <= pattern
    assert "total" not in pattern


LINKED = catalogue_of(
    [
        codelist("CL_A", {"_T": None, "a": "_T", "b": "_T"}),
        codelist("CL_B", {"_T": None, "x": "_T", "y": "_T"}),
    ],
    [indicator("N", [["A"], ["B"]])],
)


def test_linked_margin() -> None:
    """Table A withholds its total, but table B shows x and y of the same total."""
    table = {"a": 3, "b": 9, "x": 5, "y": 7, "total": 12}
    report = _audit(LINKED, table, ["a", "total"])
    assert _exposed(LINKED, report) == {"a"}
    assert report.exposed[0].text.en.count("is the sum of") == 2  # first the total from B, then a from A
    assert _safe_pattern(LINKED, table) == {"a", "b"}


STOCK = stocks_and_flows("a", "b")
BEFORE = {
    "OPEN:a": 30, "OPEN:b": 40, "OPEN:total": 70,
    "OPENED:a": 10, "OPENED:b": 10, "OPENED:total": 20,
    "CLOSED:a": 10, "CLOSED:b": 10, "CLOSED:total": 20,
}  # fmt: skip
AFTER = {
    "OPEN:a": 27, "OPEN:b": 42, "OPEN:total": 69,
    "OPENED:a": 3, "OPENED:b": 9, "OPENED:total": 12,
    "CLOSED:a": 6, "CLOSED:b": 7, "CLOSED:total": 13,
}  # fmt: skip


def test_flow_identity() -> None:
    """In the table of newcomers a and b protect each other, but 27 = 30 + came - 6."""
    spring = _delivered(STOCK, BEFORE, [], SPRING)
    alone = _audit(STOCK, AFTER, ["OPENED:a", "OPENED:b"], period=SUMMER)
    assert alone.verdict is Verdict.SAFE
    report = _audit(STOCK, AFTER, ["OPENED:a", "OPENED:b"], period=SUMMER, linked=[spring])
    assert _exposed(STOCK, report) == {"a"}
    assert "Bestand = Bestand zuvor" in report.exposed[0].text.de
    pattern = protect_delivery(STOCK, "D", SUMMER, _true(STOCK, AFTER), linked=[spring])
    assert pattern.withheld.sum() == 4  # newcomers a and b, and one more pair of stocks or leavers


def test_cases_that_ended_are_not_delivered_by_citizenship_but_they_are_not_negative() -> None:
    """Nobody went, so nobody of group a went either: 13 = 10 + came."""
    naive = stocks_and_flows("a", "b", leavers="in total, naive")
    aware = stocks_and_flows("a", "b", leavers="in total")
    before = {
        "OPEN:a": 10, "OPEN:b": 20, "OPEN:total": 30,
        "OPENED:a": 5, "OPENED:b": 5, "OPENED:total": 10, "CLOSED:total": 5,
    }  # fmt: skip
    after = {
        "OPEN:a": 13, "OPEN:b": 29, "OPEN:total": 42,
        "OPENED:a": 3, "OPENED:b": 9, "OPENED:total": 12, "CLOSED:total": 0,
    }  # fmt: skip
    newcomers = ["OPENED:a", "OPENED:b"]
    spring = _delivered(naive, before, [], SPRING)
    assert _audit(naive, after, newcomers, period=SUMMER, linked=[spring]).verdict is Verdict.SAFE
    spring = _delivered(aware, before, [], SPRING)
    report = _audit(aware, after, newcomers, period=SUMMER, linked=[spring])
    assert _exposed(aware, report) == {"a"}
    assert "Abgänge sind nicht negativ" in report.exposed[0].text.de
    hidden = protect_delivery(aware, "D", SUMMER, _true(aware, after), linked=[spring]).withheld
    assert set(np.flatnonzero(hidden)) == {_row(aware, name) for name in (*newcomers, "OPEN:a", "OPEN:b")}
    assert _safe_pattern(aware, after, period=SUMMER, linked=[spring]) == {"a", "b"}


def test_an_old_delivery_must_not_fall_with_a_new_one() -> None:
    """Spring withheld two of its stocks; summer, carelessly, shows everything that leads back to them."""
    small = {**BEFORE, "OPEN:a": 4, "OPEN:total": 44}
    spring = _delivered(STOCK, small, ["OPEN:a", "OPEN:b"], SPRING)
    after = {**AFTER, "OPEN:a": 6, "OPENED:a": 8, "OPENED:total": 17, "OPEN:total": 48}
    report = _audit(STOCK, after, [], period=SUMMER, linked=[spring])
    assert [finding.period for finding in report.exposed] == [SPRING]
    assert protect_delivery(STOCK, "D", SUMMER, _true(STOCK, after), linked=[spring]).withheld.any()


DELICATE = catalogue_of(
    [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "c": "_T"}, rule={"c": "R10"})],
    [indicator("N", [["A"]])],
)


def test_complement_of_a_sensitive_code() -> None:
    """17 of 20 have the delicate code c: no small count, but whoever is in the table probably has it."""
    table = {"a": 0, "b": 3, "c": 17, "total": 20}
    # The zero of a, published, would count towards "nearly everybody", so it hides too.
    assert _exposed(DELICATE, _audit(DELICATE, table, ["a", "b"])) == {"c"}
    assert _exposed(DELICATE, _audit(DELICATE, table, ["c"])) == {"a", "b", "c"}
    assert {"a", "b", "c"} <= _safe_pattern(DELICATE, table)


def test_nobody_and_everybody_disclose_a_group() -> None:
    """A published 0 of c would say that none of these 20 is concerned, 20 of 20 that everybody is."""
    nobody = {"a": 9, "b": 11, "c": 0, "total": 20}
    assert _exposed(DELICATE, _audit(DELICATE, nobody, [])) == {"c"}
    assert "c" in _safe_pattern(DELICATE, nobody)
    everybody = {"a": 0, "b": 0, "c": 20, "total": 20}
    # Published zeros of a and b would say it as well, so they are withheld with c; the total may be shown.
    assert _exposed(DELICATE, _audit(DELICATE, everybody, ["c", "total"])) == {"a", "b"}
    assert _safe_pattern(DELICATE, everybody) == {"a", "b", "c"}


def test_an_empty_group_discloses_nobody() -> None:
    """Where nobody is in the group at all, the zero of c says nothing and is published."""
    assert _safe_pattern(DELICATE, {"a": 0, "b": 0, "c": 0, "total": 0}) == set()


ANSWERS = catalogue_of(
    [codelist("CL_F", {"_T": None, "f": "_T", "g": "_T", "h": "_T"}, rule={"h": "R10"})],
    [indicator("N", [["F"]], multi_response=["F"])],
)


def test_several_answers_need_no_second_cell() -> None:
    """Parts do not add up to the total: f lies between 0 (all 9 may have answered h) and 9."""
    table = {"f": 3, "g": 8, "h": 0, "total": 9}
    lower, upper = cell_bounds(
        grid_of(ANSWERS, "D"),
        _values(ANSWERS, table),
        _delivered(ANSWERS, table, ["f", "h"], SPRING).withheld,
        ANSWERS,
    )
    row = _row(ANSWERS, "f")
    assert (lower[row], upper[row]) == (0, 9)
    assert _safe_pattern(ANSWERS, table) == {"f", "h"}


def test_several_answers_still_have_limits() -> None:
    """All 12 gave the delicate answer h and no other: total <= h because f and g are 0, and h <= total."""
    table = {"f": 0, "g": 0, "h": 12, "total": 12}
    report = _audit(ANSWERS, table, ["h"])
    assert _exposed(ANSWERS, report) == {"f", "g", "h"}
    reasoning = next(finding.text.en for finding in report.exposed if "h" in finding.key)
    assert "at most the sum of" in reasoning
    assert "is at most" in reasoning
    assert _safe_pattern(ANSWERS, table) == {"f", "g", "h"}


UNANSWERED = catalogue_of(
    [
        codelist(
            "CL_F",
            {"_T": None, "f": "_T", "g": "_T", "u": "_T"},
            attributes={"u": {"exclusive": True}},
        )
    ],
    [indicator("N", [["F"]], multi_response=["F"])],
)


def test_whoever_gave_no_answer_gave_no_other() -> None:
    """14 cases, f was named in 13: at most one can be "unknown", and a withheld count is at least one."""
    table = {"f": 13, "g": 6, "u": 1, "total": 14}
    assert _exposed(UNANSWERED, _audit(UNANSWERED, table, ["u"])) == {"u"}
    pattern = _safe_pattern(UNANSWERED, table)
    assert "u" in pattern
    assert pattern & {"f", "total"}


def test_changed_pattern() -> None:
    """One table published twice: first a and c were withheld, then a and d. Each is safe, both are not."""
    table = {"a": 3, "b": 6, "c": 7, "d": 9, "total": 25}
    first = _delivered(ABCD, table, ["a", "c"], SPRING)
    assert _audit(ABCD, table, ["a", "c"]).verdict is Verdict.SAFE
    assert _audit(ABCD, table, ["a", "d"]).verdict is Verdict.SAFE
    report = _audit(ABCD, table, ["a", "d"], linked=[first])
    assert report.verdict is Verdict.UNSAFE
    assert any("wurde schon geliefert" in finding.text.de for finding in report.exposed)
    assert _safe_pattern(ABCD, table, linked=[first]) == {"a", "c"}  # the pattern is remembered


@pytest.mark.parametrize("order", [["a", "b"], ["b", "a"]])
def test_what_everybody_quotes_is_kept(order: list[str]) -> None:
    """The total is the last thing to go, whatever the order of the codes."""
    table = {order[0]: 2, order[1]: 30, "total": 32}
    catalogue = _one_table(**dict.fromkeys(order))
    assert _safe_pattern(catalogue, table) == {"a", "b"}


def test_reasons_stay_in_the_house() -> None:
    """Outside there is one code for all withheld cells; the reason is known to the node only."""
    table = {"a": 3, "b": 6, "c": 7, "d": 9, "total": 25}
    protection = protect_delivery(ABCD, "D", SPRING, _true(ABCD, table))
    reasons = {name: protection.reasons[_row(ABCD, name)] for name in table}
    assert reasons == {"a": Reason.FREQUENCY, "b": Reason.SECONDARY, "c": "", "d": "", "total": ""}


def test_correction_by_one_person() -> None:
    """One record was entered late. The old figures are known; whatever the new ones say is about this person.

    With the pattern kept, the cells that changed say what the person is. So they are withheld, with the
    total: to somebody who knows the first vintage, nothing may have changed, or more than one person.
    """
    before = {"a": 3, "b": 6, "c": 7, "d": 9, "total": 25}
    after = {"a": 3, "b": 6, "c": 8, "d": 9, "total": 26}
    first = _delivered(ABCD, before, ["a", "b"], SPRING)
    report = _audit(ABCD, after, ["a", "b"], linked=[first])
    assert report.verdict is Verdict.UNSAFE
    assert _exposed(ABCD, report) == {"c", "total"}
    assert "frühere Fassung" in report.exposed[0].text.de
    assert "earlier vintage" in report.exposed[0].text.en
    assert _safe_pattern(ABCD, after, linked=[first]) == {"a", "b", "c", "total"}


def test_correction_by_many() -> None:
    """From the minimum on a difference is shown like any other count; its small parts are not."""
    before = {"a": 3, "b": 6, "c": 7, "d": 9, "total": 25}
    after = {"a": 3, "b": 8, "c": 14, "d": 9, "total": 34}
    first = _delivered(ABCD, before, ["a", "b"], SPRING)
    assert _safe_pattern(ABCD, after, linked=[first]) >= {"a", "b"}
    assert "total" not in _safe_pattern(ABCD, after, linked=[first])


def test_correction_of_what_nobody_sees() -> None:
    """Only withheld cells changed, and their sum did not: the second vintage says what the first said."""
    before = {"a": 3, "b": 6, "c": 7, "d": 9, "total": 25}
    after = {"a": 4, "b": 5, "c": 7, "d": 9, "total": 25}
    first = _delivered(ABCD, before, ["a", "b"], SPRING)
    assert _safe_pattern(ABCD, after, linked=[first]) == {"a", "b"}


ALONE = {"id": "R5L", "kind": "frequency", "min_contributors": 5, "lone_persons": True}
S2 = catalogue_of(
    [codelist("CL_A", {"_T": None, **dict.fromkeys("abcd", "_T")})],
    [indicator("N", [["A"]], rule="R5L")],
    rules=[ALONE],
)


def test_alone_in_a_cell() -> None:
    """Two small cells hide each other, but not from the one person who is alone in the first.

    That is level S2; a rule of the catalogue may demand it. Without it the pattern stays.
    """
    table = {"a": 1, "b": 2, "c": 7, "d": 9, "total": 19}
    assert _audit(ABCD, table, ["a", "b"]).verdict is Verdict.SAFE
    report = _audit(S2, table, ["a", "b"])
    assert report.verdict is Verdict.UNSAFE
    assert _exposed(S2, report) == {"b"}
    assert "allein" in report.exposed[0].text.de
    assert "alone" in report.exposed[0].text.en
    assert _safe_pattern(ABCD, table) == {"a", "b"}
    assert _safe_pattern(S2, table) == {"a", "b", "c"}
