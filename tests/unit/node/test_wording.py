"""Undoing the damage of exporting, one text at a time."""

from __future__ import annotations

import pytest

from node.wording import fold, key, repaired


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MÃ¤nnlich", "Männlich"),
        ("TÃ¼rkei", "Türkei"),
        ("Â§ 24", "§ 24"),
        ("Abschluss â€“ offen", "Abschluss – offen"),
        ("Männlich", "Männlich"),
        ("Âge", "Âge"),  # no UTF-8 behind it: typed like that
        ("", ""),
    ],
)
def test_double_encoding_is_undone_only_where_it_happened(text: str, expected: str) -> None:
    assert repaired(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  W\u00a0", "w"),
        ("k.\u00a0 A.", "k. a."),
        ("Ma\u0308nnlich", "männlich"),
        ("weib\u00adlich", "weiblich"),
        ("GROSS Straße", "gross strasse"),
        ("-", "-"),
    ],
)
def test_fold_keeps_punctuation(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("SGB II", "sgbii"), ("sgb-ii", "sgbii"), ("Türkei", "tuerkei"), ("§ 25,2", "252")]
)
def test_key_keeps_letters_and_digits_only(text: str, expected: str) -> None:
    assert key(text) == expected
