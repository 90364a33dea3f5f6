"""The forms of names, digests and moments, by what just fits and what just does not (SPEC P-18)."""

from __future__ import annotations

import re

import pytest

from protocol import forms


def _holds(form: re.Pattern[str], *, fits: list[str], others: list[str]) -> None:
    assert [text for text in fits if not form.fullmatch(text)] == []
    # What stands around it is no part of it either.
    others = [*others, "", *(f"{text}\n" for text in fits[:1]), *(f" {text}" for text in fits[:1])]
    assert [text for text in others if form.fullmatch(text)] == []


def test_a_digest_is_64_small_hexadecimal_digits() -> None:
    fits = ["0123456789abcdef" * 4, "f" * 64]
    _holds(forms.SHA256_HEX, fits=fits, others=["f" * 63, "f" * 65, "F" * 64, "g" * 64, "٠" * 64])


def test_a_hub_is_named_by_small_letters_in_parts() -> None:
    fits = ["kim-nrw/local", "a", "0", "a.b-c", "a/b_c", "a/b/c.d", "a" * 128, "a/" * 63 + "aa"]
    others = ["a" * 129, "A", "a_b", "-a", ".a", "/a", "a/", "a//b", "a/-b", "a/_b", "ä", "a b"]
    _holds(forms.AUDIENCE, fits=fits, others=others)


def test_a_node_has_a_name_of_60_characters_at_most() -> None:
    fits = ["node-a", "node-0", "node-nw05111", "node-a-b-", "node-" + "z" * 59]
    others = ["node-", "node--a", "node-A", "node-ä", "node-a_b", "Node-a", "a", "node-" + "z" * 60]
    _holds(forms.NODE, fits=fits, others=others)


def test_an_instance_is_a_uuid_in_small_letters() -> None:
    fits = ["01234567-89ab-cdef-0123-456789abcdef"]
    others = [fits[0].upper(), fits[0].replace("-", ""), fits[0][1:], f"{{{fits[0]}}}", fits[0][:-1] + "g"]
    _holds(forms.INSTANCE, fits=fits, others=others)


def test_an_area_is_a_kreis_or_a_part_of_one() -> None:
    fits = ["NW05111", "NW05334002", "NW05334X002"]
    others = [
        "05111",
        "NW5111",
        "NW051111",
        "NW0533400",
        "NW05334X",
        "NW05334X02",
        "nw05111",
        "BE11000",
        "NW05334x002",
    ]
    _holds(forms.AREA, fits=fits, others=others)


def test_a_dataflow_has_a_short_id_of_32_characters_at_most() -> None:
    fits = ["CASES", "A", "A1_B", "A" * 32, "Z_"]
    _holds(forms.DATASET, fits=fits, others=["A" * 33, "1A", "_A", "cases", "A-B", "Ä", "A B"])


def test_a_period_is_a_quarter_or_a_year_from_1990_to_2199() -> None:
    fits = ["2026-Q1", "2026-Q4", "2026", "1990", "2199-Q2", "2000", "2100"]
    others = ["1989", "2200", "2026-Q0", "2026-Q5", "2026-q1", "2026Q1", "2026-1", "26", "2026-Q", "1899"]
    _holds(forms.PERIOD, fits=fits, others=others)


def test_a_moment_is_in_utc_and_whole_seconds() -> None:
    fits = ["2026-10-09T08:15:00Z", "2026-10-09T00:00:00Z", "2026-10-09T19:59:59Z", "2026-10-09T23:59:59Z"]
    others = [
        *("2026-10-09T24:00:00Z", "2026-10-09T08:60:00Z", "2026-10-09T08:15:60Z", "2026-10-09T30:00:00Z"),
        *(
            "2026-10-09T08:15:00",
            "2026-10-09T08:15:00+00:00",
            "2026-10-09T08:15:00.0Z",
            "2026-10-9T08:15:00Z",
        ),
        *("2026-10-09 08:15:00Z", "2026-10-09t08:15:00z", "20261009T081500Z"),
    ]
    _holds(forms.INSTANT, fits=fits, others=others)


@pytest.mark.parametrize(
    "mark",
    [*"\0\t\n\r\x1f\x7f\x80\x9f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\ufeff"],
)
def test_one_line_holds_no_mark_that_ends_it_or_turns_it_round(mark: str) -> None:
    assert not forms.one_line(10).fullmatch(f"a{mark}b")


def test_one_line_holds_whatever_else_people_write_up_to_its_length() -> None:
    form = forms.one_line(20)
    for text in ("Kreis Düren", "x", " ", "„Ja“ – 5 €", "Ж" * 20, "\u2027\u202f"):
        assert form.fullmatch(text)
    assert not form.fullmatch("")
    assert not form.fullmatch("x" * 21)
