"""Texts, numbers and JJ files come back as they went out."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from aggregation.protect.formats.delimited import decoded, read_delimited, write_delimited
from aggregation.protect.formats.jj import JJCell, JJTable, read_jj, write_jj
from aggregation.protect.formats.numbers import decimals_of, read_number, write_number

FIELDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=8
)
NUMBERS = st.decimals(0, 10**9, places=2)


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_delimited_texts_come_back_with_every_blank_and_quote(
    rows: list[list[str]], separator: str, encoding: str
) -> None:
    header = [f"c{number}" for number in range(len(rows[0]))]
    text = write_delimited(header, rows, separator=separator)
    found = read_delimited(decoded(text.encode(encoding), file="f")[0], file="f")
    assert found.separator == separator
    assert [list(row) for row in found.rows] == rows


@given(st.integers(-(10**13), 10**13), st.integers(0, 6))
def test_numbers_come_back_to_the_smallest_unit(units: int, decimals: int) -> None:
    number = read_number(write_number(units, decimals=decimals))
    assert number is not None
    assert number * 10**decimals == units
    assert decimals_of(number) <= decimals


@given(st.text(max_size=8))
def test_what_is_no_number_is_none_and_nothing_else_happens(text: str) -> None:
    number = read_number(text, decimal_comma=True)
    assert number is None or number.is_finite()


@st.composite
def tables(draw: st.DrawFn) -> JJTable:
    """Any JJ table."""
    cells = draw(
        st.lists(
            st.builds(
                JJCell, NUMBERS, NUMBERS, st.sampled_from("umsz"), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS
            ),
            min_size=1,
            max_size=6,
        )
    )
    entry = st.tuples(st.integers(0, len(cells) - 1), st.integers(-3, 3))
    relations = draw(st.lists(st.lists(entry, min_size=1, max_size=4).map(tuple), max_size=4))
    return JJTable(tuple(cells), tuple(relations))


@given(tables())
def test_jj_files_come_back(table: JJTable) -> None:
    assert read_jj(write_jj(table), file="t.jj") == table


def test_what_r_writes_is_a_number() -> None:
    assert read_number("1e+05") == 100000
    assert read_number(" 12.0 ") == 12
    assert read_number("12,5", decimal_comma=True) == Decimal("12.5")
    assert read_number("1.234,5", decimal_comma=True) is None
    assert read_number("١٢") is None
