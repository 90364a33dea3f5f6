"""The page's state in its address: reading it back gives the same choices, refusals repeat nothing."""

from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.page_query import (
    AreaOrder,
    Measure,
    PageQuery,
    Scale,
    StatusOrder,
    cell_token,
    parse_page_query,
)
from protocol.errors import KimError
from protocol.periods import Period

CODES = st.dictionaries(
    st.sampled_from(["SEX", "AGE", "RECHTSKREIS"]), st.sampled_from(["F", "_U", "Y18T24", "SGB2"]), max_size=3
)
QUERIES = st.builds(
    PageQuery,
    language=st.sampled_from(["de", "en"]),
    path=st.sampled_from(["/", "/indikator/CASES_OPEN", "/gebiet/NW05111"]),
    codes=CODES,
    period=st.none() | st.builds(Period, st.integers(1990, 2199), st.none() | st.integers(1, 4)),
    measure=st.none() | st.sampled_from(Measure),
    area=st.none() | st.sampled_from(["NW05111", "NW05334X002", "NW051"]),
    order=st.sampled_from(AreaOrder),
    status=st.sampled_from(StatusOrder),
    scale=st.sampled_from(Scale),
    release=st.none() | st.integers(1, 999),
)


@given(QUERIES)
def test_an_address_holds_the_whole_state(query: PageQuery) -> None:
    address = query.url(anchor="gebiete")
    assert address.endswith("#gebiete")
    parts = urlsplit(address)
    read = parse_page_query(dict(parse_qsl(parts.query)), parts.path)
    assert read == query.changed(codes=read.codes)
    assert dict(read.codes) == dict(query.codes)


def test_defaults_are_left_out_of_addresses() -> None:
    assert PageQuery().url() == "/"
    assert PageQuery(language="en").url() == "/?lang=en"
    assert PageQuery(path="/indikator/CASES_OPEN").url(codes={"SEX": "F", "AGE": "Y18T24"}) == (
        "/indikator/CASES_OPEN?cell=SEX.F-AGE.Y18T24"
    )


def test_another_page_keeps_language_and_release_only() -> None:
    query = PageQuery(language="en", path="/indikator/X", codes={"SEX": "F"}, area="NW05111", release=3)
    assert query.to("/gebiet/NW05111").url() == "/gebiet/NW05111?release=3&lang=en"


def test_a_file_has_the_address_of_its_page_with_a_suffix() -> None:
    query = PageQuery(path="/indikator/CASES_OPEN", area="NW05111")
    assert query.export("xlsx") == "/indikator/CASES_OPEN.xlsx?area=NW05111"
    assert query.export("csv", "series") == "/indikator/CASES_OPEN.csv?area=NW05111&table=series"
    assert PageQuery().export("csv") == "/index.csv"


def test_empty_and_foreign_parameters_are_ignored() -> None:
    assert parse_page_query({"cell": "", "period": " ", "utm_source": "mail"}) == PageQuery(
        codes=MappingProxyType({})
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lang", "fr"),
        ("cell", "SEX"),
        ("cell", "SEX.F-SEX.M"),
        ("cell", "SEX.F;DROP"),
        ("cell", "-".join(f"D{n}.X" for n in range(9))),
        ("period", "2026Q1"),
        ("period", "1/2026"),
        ("measure", "median"),
        ("area", "NW05111'"),
        ("order", "rank"),
        ("status", "x"),
        ("scale", "jenks"),
        ("release", "0"),
        ("release", "-1"),
        ("release", "٣"),
        ("release", "9" * 40),
    ],
)
def test_a_bad_parameter_is_named_and_its_value_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(KimError) as caught:
        parse_page_query({name: value})
    assert caught.value.code == "bad_request"
    assert caught.value.pointer == name
    assert name in caught.value.detail.de
    assert name in caught.value.detail.en
    if len(value) > 3:
        assert value not in caught.value.detail.de


def test_a_cell_token_keeps_the_order_of_its_dimensions() -> None:
    assert cell_token({"SEX": "F", "CITIZEN": "EU_PL"}) == "SEX.F-CITIZEN.EU_PL"
