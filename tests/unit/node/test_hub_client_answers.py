"""Answers of the hub are checked before anything acts on them."""

import pytest

from node.hub_client.answers import Head, heads, submission_view
from protocol.errors import KimError, kim_error
from protocol.problems import problem_document
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


def test_heads() -> None:
    item: JsonValue = {
        "dataset": "CASES",
        "period": "2026-Q1",
        "revision": 1,
        "id": NAME,
        "state": "accepted",
    }

    assert heads([item]) == (Head("CASES", "2026-Q1", 1, NAME, "accepted"),)


@pytest.mark.parametrize("value", [None, {}, [1], [{"dataset": "CASES"}], [{"id": "x"}]])
def test_other_lists_are_not_understood(value: JsonValue) -> None:
    with pytest.raises(KimError) as caught:
        heads(value)

    assert caught.value.code == "unsupported_version"
