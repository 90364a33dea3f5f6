"""Answers of the hub are checked before anything acts on them."""

import pytest

from node.hub_client.answers import Head, heads, submission_view
from protocol.errors import KimError, kim_error
from protocol.problem_documents import problem_document
from protocol.strict_json import JsonValue

NAME = "a" * 64


def test_a_full_answer() -> None:
    view = submission_view(
        {
            "id": NAME,
            "state": "rejected",
            "missing": [[0, 1], [3, 3]],
            "chunk": 1024,
            "problem": problem_document(kim_error("k_anonymity", pointer="/rows/3/OBS_VALUE")),
            "events": [],
            "later": "members of a newer hub are no concern",
        },
        expected_id=NAME,
    )

    assert view.missing == ((0, 1), (3, 3))
    assert view.chunk_bytes == 1024
    assert view.problem is not None
    assert view.problem.code == "k_anonymity"
    assert view.problem.pointer == "/rows/3/OBS_VALUE"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ([[0, 0]] * 10_000, ((0, 0),)),
        ([[3, 5], [0, 1], [1, 3], [7, 7]], ((0, 5), (7, 7))),
        ([[0, 10**18], [4, 5]], ((0, 10**18),)),
    ],
)
def test_missing_ranges_are_a_set_of_numbers(said: JsonValue, meant: tuple[tuple[int, int], ...]) -> None:
    view = submission_view({"id": NAME, "state": "announced", "missing": said}, expected_id=NAME)

    assert view.missing == meant


def test_a_hostile_problem_is_made_printable_and_short() -> None:
    problem: dict[str, JsonValue] = {
        "code": "value_rule",
        "detail": "\x1b]0;owned\x07Zeile\u2028zwei" + "x" * 5_000,
        "detail_en": "\x00\x9b",
        "pointer": "/rows/\x1b[2J",
        "errors": [{"pointer": "/rows/1", "code": "\x1b", "detail": "eins\r\nzwei"}, {"detail": "\x07"}, 5],
    }
    view = submission_view({"id": NAME, "state": "rejected", "problem": problem}, expected_id=NAME)

    assert view.problem is not None
    detail = view.problem.detail
    assert detail.de.startswith("]0;owned Zeile zwei")
    assert len(detail.de) == len(detail.en) == 500
    assert detail.de.isprintable()
    assert detail.en == detail.de
    assert view.problem.pointer is None
    assert [(e.pointer, e.code, e.text.de) for e in view.problem.errors] == [("/rows/1", "", "eins zwei")]


@pytest.mark.parametrize("errors", [5, "x", {"a": 1}, None, [[]] * 9])
def test_a_problem_with_odd_errors_or_no_text_left_is_the_catalogues_own(errors: JsonValue) -> None:
    said: JsonValue = {"code": "value_rule", "detail": "\x07\n", "errors": errors}
    view = submission_view({"id": NAME, "state": "rejected", "problem": said}, expected_id=NAME)

    assert view.problem is not None
    assert view.problem.detail == view.problem.problem.title
    assert view.problem.errors == ()


def test_the_shortest_answer() -> None:
    view = submission_view({"id": NAME, "state": "received"}, expected_id=NAME)

    assert (view.missing, view.chunk_bytes, view.problem) == ((), None, None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "accepted",
        {"state": "accepted"},
        {"id": "b" * 64, "state": "accepted"},
        {"id": NAME},
        {"id": NAME, "state": "glad"},
        {"id": NAME, "state": 1},
        {"id": NAME, "state": "announced", "chunk": 0},
        {"id": NAME, "state": "announced", "chunk": (1 << 20) + 1},
        {"id": NAME, "state": "announced", "chunk": "1"},
        {"id": NAME, "state": "announced", "missing": {}},
        {"id": NAME, "state": "announced", "missing": [0]},
        {"id": NAME, "state": "announced", "missing": [[0]]},
        {"id": NAME, "state": "announced", "missing": [[1, 0]]},
        {"id": NAME, "state": "announced", "missing": [[-1, 0]]},
        {"id": NAME, "state": "announced", "missing": [["0", 0]]},
        {"id": NAME, "state": "rejected", "problem": "because"},
    ],
)
def test_other_forms_are_not_understood(value: JsonValue) -> None:
    with pytest.raises(KimError) as caught:
        submission_view(value, expected_id=NAME)

    assert caught.value.code == "unsupported_version"


ODD_HEADS: list[JsonValue] = [
    [{"area": area, "dataset": dataset, "period": period, "revision": 1, "id": NAME, "state": state}]
    for area, dataset, period, state in [
        ("NW05382", "CASES\x1b", "2026-Q1", "accepted"),
        ("NW05382", "CASES", "\x1b[2J", "accepted"),
        ("NW05382", "CASES", "2026-Q1", "\x07"),
        ("NW\x1b5382", "CASES", "2026-Q1", "accepted"),
        (None, "CASES", "2026-Q1", "accepted"),
    ]
]
ODD_HEADS += [
    [
        {
            "area": "NW05382",
            "dataset": "CASES",
            "period": "2026-Q1",
            "revision": 1,
            "id": NAME,
            "state": "accepted",
            "confirm": confirm,
        }
    ]
    for confirm in ({}, "AUDIT", ["AUDIT"], [{"cells": 1}], [{"rule": "\x1b[2J"}])
]


def test_heads() -> None:
    item: JsonValue = {
        "area": "NW05382",
        "dataset": "CASES",
        "period": "2026-Q1",
        "revision": 1,
        "id": NAME,
        "state": "accepted",
    }

    assert heads([item]) == (Head("NW05382", "CASES", "2026-Q1", 1, NAME, "accepted"),)
    asked: JsonValue = [{"rule": "AUDIT", "cells": 2}, {"rule": "V_FLOW", "cells": 1}]
    (head,) = heads([{**item, "confirm": asked}])
    assert (head.confirm, head.held_back) == (("AUDIT", "V_FLOW"), True)
    (head,) = heads([{**item, "confirm": [{"rule": "V_FLOW", "cells": 1}]}])
    assert not head.held_back


@pytest.mark.parametrize("value", [None, {}, [1], [{"dataset": "CASES"}], [{"id": "x"}], *ODD_HEADS])
def test_other_lists_are_not_understood(value: JsonValue) -> None:
    with pytest.raises(KimError) as caught:
        heads(value)

    assert caught.value.code == "unsupported_version"
