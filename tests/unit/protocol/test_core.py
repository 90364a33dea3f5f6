"""Texts, errors, problems, periods, codelists, observations: the small types everything is said in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codelists import Code, Codelist
from protocol.errors import ErrorItem, KimError, PermanentError, RetryableError, kim_error
from protocol.observations import STATES, CellState, state_of
from protocol.periods import Period
from protocol.problem_documents import parse_problem_document, problem_document
from protocol.problems import PROBLEMS, Retry
from protocol.texts import Text


def test_a_text_without_a_translation_is_refused() -> None:
    with pytest.raises(ValueError, match="German and an English"):
        Text("nur deutsch", "")


def test_anything_but_english_reads_german() -> None:
    assert [Text("ja", "yes").in_(lang) for lang in ("de", "en", "fr")] == ["ja", "yes", "ja"]


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_problem_survives_the_way_over_http(code: str) -> None:  # SPEC P-69
    error = kim_error(
        code,
        Text("Genaueres.", "Details."),
        pointer="/rows/3/OBS_VALUE",
        errors=[ErrorItem("/a", "b", Text("x", "y"))],
    )
    again = parse_problem_document(problem_document(error, instance="/v1/x"))
    assert (again.code, again.detail, again.pointer, again.errors) == (
        code,
        error.detail,
        error.pointer,
        error.errors,
    )
    assert again.exit_code != 0
    assert 400 <= again.problem.status <= 599
    assert again.problem.remedy.de != again.problem.title.de


def test_a_remedy_of_the_occasion_replaces_the_general_one() -> None:
    general, special = (
        kim_error("busy"),
        kim_error("busy", remedy=Text("Den anderen beenden.", "End the other.")),
    )
    assert (general.remedy, special.remedy.de) == (PROBLEMS["busy"].remedy, "Den anderen beenden.")
    document = problem_document(special)
    assert (document["remedy"], document["remedy_en"]) == ("Den anderen beenden.", "End the other.")
    assert problem_document(general)["remedy"] == PROBLEMS["busy"].remedy.de


def test_the_class_of_an_error_says_whether_repeating_helps() -> None:
    assert isinstance(kim_error("busy"), RetryableError)
    assert isinstance(kim_error("signature_invalid"), PermanentError)
    assert kim_error("busy").retryable
    assert not kim_error("signature_invalid").retryable
    assert kim_error("revision_conflict").problem.retry is Retry.RESYNC


def test_a_page_that_is_no_problem_document_is_not_a_hub() -> None:
    assert parse_problem_document({"title": "Proxy Error"}).code == "not_a_hub"
    assert parse_problem_document({"code": "from_the_future", "detail": "x"}).code == "internal"


@pytest.mark.parametrize("errors", [None, 5, "busy", {"pointer": "/a"}, [None, 5, "x", {}]])
def test_a_list_of_places_that_is_none_is_left_out(errors: object) -> None:
    error = parse_problem_document({"code": "busy", "detail": "x", "errors": errors})
    assert (error.code, error.errors) == ("busy", ())


def test_every_problem_is_one_that_somebody_names() -> None:
    sources = [
        source.read_text(encoding="utf-8")
        for package in ("aggregation", "hub", "node", "protocol")
        for source in (Path(__file__).parents[3] / package).rglob("*.py")
    ]
    assert [code for code in PROBLEMS if not any(f'"{code}"' in source for source in sources)] == []


def test_revoked_and_unknown_keys_look_alike() -> None:
    # protocol.md 2.9: an unauthenticated caller must not learn which keys existed.
    revoked, unknown = PROBLEMS["key_revoked"], PROBLEMS["unknown_key"]
    assert (revoked.status, revoked.title, revoked.remedy) == (unknown.status, unknown.title, unknown.remedy)


@pytest.mark.parametrize(
    ("text", "first", "last", "before", "after"),
    [
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "2025-Q4", "2026-Q2"),
        ("2024-Q4", date(2024, 10, 1), date(2024, 12, 31), "2024-Q3", "2025-Q1"),
        ("2024", date(2024, 1, 1), date(2024, 12, 31), "2023", "2025"),
        ("2024-Q3", date(2024, 7, 1), date(2024, 9, 30), "2024-Q2", "2024-Q4"),
    ],
)
def test_periods_by_hand(text: str, first: date, last: date, before: str, after: str) -> None:
    period = Period.parse(text)
    assert (period.first_day, period.last_day) == (first, last)
    assert (str(period.previous()), str(period.next()), str(period)) == (before, after, text)


@pytest.mark.parametrize(
    "text", ["2026-Q5", "2026-Q0", "1/2026", "26-Q1", "2026-q1", " 2026", "2026-Q1\n", "٢٠٢٦", "0001"]
)
def test_other_spellings_of_periods_are_refused(text: str) -> None:
    with pytest.raises(KimError) as caught:
        Period.parse(text)
    assert caught.value.code == "bad_request"


def test_the_last_period_ends() -> None:
    assert Period(2199, 4).last_day == Period(2199).last_day == date(2199, 12, 31)


def test_a_span_of_periods() -> None:
    eight = Period.span(Period.parse("2024-Q4"), Period.parse("2026-Q3"))
    assert [str(p) for p in eight] == [
        "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3",
    ]  # fmt: skip
    assert Period.span(Period(2199, 4), Period(2199, 4)) == (Period(2199, 4),)
    with pytest.raises(KimError):
        Period.span(eight[1], eight[0])
    with pytest.raises(KimError):
        Period.span(Period(2025), eight[1])


@given(st.dates(date(1990, 1, 1), date(2199, 12, 31)))
def test_every_day_lies_in_exactly_one_quarter(day: date) -> None:
    period = Period.containing(day)
    assert period.first_day <= day <= period.last_day
    assert Period.containing(period.first_day) == Period.containing(period.last_day) == period


def _codelist(*codes: Code) -> Codelist:
    return Codelist("CL", Text("x", "x"), codes, "_T")


def _code(code_id: str, parent: str | None = None, **more: str) -> Code:
    return Code(code_id, Text(code_id, code_id), parent, **more)


def test_unequal_depth_and_merging() -> None:
    codes = _codelist(
        _code("_T"), _code("A", "_T"), _code("B", "_T"), _code("B1", "B"), _code("B2", "B", merge_with="B1")
    )
    assert codes.leaves == ("A", "B1", "B2")
    assert codes.children("B") == ("B1",)
    assert codes.ancestors("B2") == ("B", "_T")
    assert (codes.recode("B2"), codes.recode("A")) == ("B1", "A")
    assert "B2" not in {code.id for code in codes.published}


@pytest.mark.parametrize(
    "codes",
    [
        (_code("A", "B"), _code("B", "A")),
        (_code("A", "A"),),
        (_code("A", "missing"),),
        (_code("A"), _code("A")),
        (_code("_T"), _code("A", "_T"), _code("A1", "A", merge_with="_T")),
        (_code("A", merge_with="B"), _code("B", merge_with="A")),
    ],
    ids=["cycle", "own parent", "orphan", "twice", "merge across parents", "merge into merged"],
)
def test_codelists_that_are_no_hierarchy_are_refused(codes: tuple[Code, ...]) -> None:
    with pytest.raises(ValueError, match="CL"):
        _codelist(*codes)


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_one_form_on_the_wire(state: CellState) -> None:
    value = {CellState.VALUE: 7, CellState.ZERO: 0}.get(state)
    assert state_of(value, *state.wire) is state


@pytest.mark.parametrize(
    ("value", "status", "conf"),
    [(3, "Q", "C"), (None, "A", "F"), (None, "Q", "F"), (0, "A", "C"), (None, "A", "D")],
)
def test_other_combinations_of_status_are_refused(value: int | None, status: str, conf: str) -> None:
    with pytest.raises(ValueError, match=r"value|state"):
        state_of(value, status, conf)
