"""The statistics API through the real application: answers, filters, paging, caching, refusals."""

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.regions import region_tree, reporting_areas
from tests.factories.published_hub import (
    AUTHORITY,
    BREAK,
    GAP,
    LAST,
    LATE,
    REJECTED,
    YEAR,
    app_of,
    build_empty_hub,
    delivers,
    holds,
    whole_hub,
)

OPERATIONS = (
    "indicators",
    "areas",
    "periods",
    "releases",
    "deliveries",
    "observations",
    "totals",
    "derived_indicators",
    "derived",
)
TOTAL = "SEX=_T&AGE=_T&CITIZEN=_T&RESIDENCE=_T&RECHTSKREIS=_T&FIELD=_T"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return app_of(whole_hub()).test_client()


@pytest.fixture(scope="module")
def description(client: FlaskClient) -> dict[str, Any]:
    return client.get("/api/v1/openapi.json").get_json()


def every_page(client: FlaskClient, address: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        answer = client.get(address + cursor)
        assert answer.status_code == 200, answer.text
        document = answer.get_json()
        yield from document["data"]
        if document["next"] is None:
            return
        cursor = f"&cursor={document['next']}"


# --------------------------------------------------------------------------------------- description


def test_the_description_is_valid_openapi_3_1(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(description).validate()
    assert {path.strip("/") for path in description["paths"]} == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_has_the_shape_that_the_description_says(client, description, operation) -> None:
    document = client.get(f"/api/v1/{operation}").get_json()
    schema = description["paths"][f"/{operation}"]["get"]["responses"]["200"]["content"]["application/json"]
    Draft202012Validator({**schema["schema"], "components": description["components"]}).validate(document)
    assert document["data"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_names_its_release_and_can_be_revalidated(client, operation) -> None:
    answer = client.get(f"/api/v1/{operation}")
    assert answer.get_json()["release"]["number"] == 2
    assert answer.get_json()["release"]["catalogue_sha256"] == load_catalogue().sha256
    assert answer.get_json()["demo"] is True
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = client.get(f"/api/v1/{operation}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_an_answer_of_a_release_asked_for_by_number_may_be_kept_for_good(client) -> None:
    answer = client.get("/api/v1/totals?release=1&limit=1")
    assert answer.get_json()["release"]["number"] == 1
    assert "immutable" in answer.headers["Cache-Control"]
    # What is delivered changes between releases.
    assert "immutable" not in client.get("/api/v1/deliveries").headers["Cache-Control"]


# --------------------------------------------------------------------------------------- figures


def test_observations_are_the_published_values_and_nothing_else(client) -> None:
    grid = grid_of(load_catalogue(), "CASES")
    truth = whole_hub().truth["CASES", LAST]
    column = {area.id: n for n, area in enumerate(reporting_areas())}
    seen = 0
    for item in every_page(client, f"/api/v1/observations?indicator=CASES_OPEN&period={LAST}&limit=5000"):
        row = grid.index[grid.key(load_catalogue().indicators["CASES_OPEN"], item["dimensions"])]
        seen += 1
        if item["value"] is None:
            assert (item["obs_status"], item["conf_status"]) in {("Q", "C"), ("L", "F")}
            assert (item["obs_status"] == "L") == (not delivers("CASES", LAST, item["ref_area"]))
        else:
            assert item["value"] == truth[row, column[item["ref_area"]]]
            assert (item["obs_status"], item["conf_status"]) == ("A", "F")
    assert seen == len(grid.rows_of("CASES_OPEN")) * 54


@pytest.mark.parametrize(
    ("dataset", "period"),
    [("CASES", LAST), ("PERSONS", LAST), ("STAFFING", LAST), ("FUNDS", YEAR), ("PROCESSES", YEAR)],
)
def test_totals_contain_the_truth_and_say_what_they_rest_on(client, dataset, period) -> None:
    catalogue, tree = load_catalogue(), region_tree()
    grid = grid_of(catalogue, dataset)
    truth = whole_hub().truth[dataset, period]
    column = {area.id: n for n, area in enumerate(reporting_areas())}
    for indicator in grid.dataset.indicators:
        address = f"/api/v1/totals?indicator={indicator.id}&period={period}&limit=5000"
        for item in every_page(client, address):
            row = grid.index[grid.key(indicator, item["dimensions"])]
            leaves = tree.leaves_of(item["ref_area"])
            true = Decimal(int(truth[row, [column[leaf] for leaf in leaves]].sum()))
            true = float(true.scaleb(-indicator.decimals))
            there = holds(indicator.id, period, item["ref_area"])
            assert (item["expected"], item["delivered"]) == (len(leaves), len(there))
            assert item["freq"] == period.freq
            if item["lower"] is not None:
                assert item["lower"] <= true
            if len(there) < len(leaves):
                assert item["upper"] is None
                assert not item["exact"]
            elif indicator.may_be_negative and item["withheld"]:
                assert (item["lower"], item["upper"]) == (None, None)
            else:
                assert item["lower"] <= true <= item["upper"]
                assert item["exact"] == (item["lower"] == item["upper"])


def test_amounts_and_posts_have_decimals(client) -> None:  # SPEC P-29
    for name, period in (("FUNDS_SPENT", YEAR), ("FTE_FILLED", LAST)):
        indicator = load_catalogue().indicators[name]
        grid = grid_of(load_catalogue(), indicator.dataset)
        truth = whole_hub().truth[indicator.dataset, period]
        (item,) = client.get(
            f"/api/v1/observations?indicator={name}&period={period}&ref_area=NW05111&BAUSTEIN=_T&CARRIER=_T"
            + ("&COST=_T" if name == "FUNDS_SPENT" else "")
        ).get_json()["data"]
        assert item["value"] == truth[grid.total_row(name), 0] / 100


def test_a_break_of_a_series_stands_at_its_figures_and_totals(client) -> None:
    area, period, _ = BREAK
    address = f"indicator=CASES_OPEN&{TOTAL}"
    marked = {
        (item["ref_area"], item["time_period"])
        for item in every_page(client, f"/api/v1/observations?{address}")
        if item["series_break"]
    }
    assert marked == {(area, str(period)), (area, "2025")}
    totals = every_page(client, f"/api/v1/totals?{address}&ref_area=NW05,NW053&period=2025-Q2,2025-Q3")
    assert {(t["ref_area"], t["time_period"]): t["series_breaks"] for t in totals} == {
        ("NW05", "2025-Q2"): 0,
        ("NW053", "2025-Q2"): 0,
        ("NW05", "2025-Q3"): 1,
        ("NW053", "2025-Q3"): 0,
    }


# --------------------------------------------------------------------------------------- derived


def test_a_rate_of_an_area_is_that_of_its_published_figures(client) -> None:
    parts = {}
    for name in ("FTE_FILLED", "FTE_FUNDED"):
        address = f"/api/v1/observations?indicator={name}&period={LAST}&BAUSTEIN=B2&CARRIER=_T&limit=5000"
        parts[name] = {item["ref_area"]: item for item in every_page(client, address)}
    address = f"/api/v1/derived?indicator=FILL_RATE&period={LAST}&BAUSTEIN=B2"
    areas = {area.id for area in reporting_areas()}
    seen = 0
    for item in every_page(client, address):
        if item["ref_area"] not in areas:
            continue
        seen += 1
        filled, funded = (parts[name][item["ref_area"]] for name in ("FTE_FILLED", "FTE_FUNDED"))
        if filled["value"] is None or not funded["value"]:
            assert item["lower"] is item["upper"] is None
            assert item["obs_status"] != "A"
        else:
            assert item["exact"]
            assert item["lower"] == item["upper"]
            assert item["lower"] == pytest.approx(100 * filled["value"] / funded["value"], abs=0.051)
    assert seen == 54


def test_a_rate_of_a_region_is_limited_by_what_is_published(client) -> None:
    truth = whole_hub().truth
    grid = grid_of(load_catalogue(), "CASES")
    closed, opened = (grid.total_row(name) for name in ("CASES_CLOSED", "CASES_OPENED"))
    figures = truth["CASES", YEAR]
    column = {area.id: n for n, area in enumerate(reporting_areas())}
    leaves = [column[leaf] for leaf in region_tree().leaves_of("NW053")]
    (item,) = client.get("/api/v1/derived?indicator=TURNOVER&period=2025&ref_area=NW053").get_json()["data"]
    rate = 100 * figures[closed, leaves].sum() / figures[opened, leaves].sum()
    assert item["lower"] - 0.051 <= rate <= item["upper"] + 0.051
    assert (item["freq"], item["derived"], item["expected"]) == ("A", True, len(leaves))


def test_pages_of_derived_figures_add_up(client) -> None:
    address = "/api/v1/derived?ref_area=NW05111,NW05&period=2025,2025-Q4"
    whole = list(every_page(client, address + "&limit=5000"))
    assert list(every_page(client, address + "&limit=9")) == whole
    offered = {item["id"] for item in client.get("/api/v1/derived_indicators").get_json()["data"]}
    assert {item["indicator"] for item in whole} == offered == set(load_catalogue().derived)
    table = client.get(address + "&limit=5000&format=csv")
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == len(whole)


# --------------------------------------------------------------------------------------- CSV


@pytest.mark.parametrize("listed", ["observations", "totals"])
def test_a_list_is_csv_for_who_asks_for_it(client, listed) -> None:
    address = f"/api/v1/{listed}?indicator=FUNDS_SPENT,CASES_OPEN&period=2025&limit=40"
    document = client.get(address).get_json()
    by_accept = client.get(address, headers={"Accept": "text/csv"})
    by_format = client.get(address + "&format=csv")
    assert by_accept.data == by_format.data
    assert by_accept.mimetype == "text/csv"
    assert "Accept" in by_accept.headers["Vary"]
    assert by_accept.headers["Link"]
    assert by_accept.data.count(b"\r\n") == 41
    rows = list(csv.DictReader(io.StringIO(by_accept.text)))
    for row, item in zip(rows, document["data"], strict=True):
        assert row["RELEASE"] == "2"
        assert (row["INDICATOR"], row["REF_AREA"], row["TIME_PERIOD"], row["FREQ"]) == (
            item["indicator"], item["ref_area"], "2025", "A"
        )  # fmt: skip
        for dimension, code in item["dimensions"].items():
            assert row[dimension] == code
        number = "value" if listed == "observations" else "lower"
        assert row[number.upper()] == ("" if item[number] is None else str(item[number]))
    assert rows[0]["CARRIER"] == "_Z"  # cases have no carrier
    # who takes anything gets JSON
    assert client.get(address, headers={"Accept": "*/*"}).mimetype == "application/json"
    assert client.get(address + "&format=json", headers={"Accept": "text/csv"}).mimetype == "application/json"


def test_filters_select_cells(client) -> None:
    address = "/api/v1/observations?indicator=CASES_OPENED&ref_area=NW05111,NW05315&period=2026-Q1,2026-Q2"
    items = list(every_page(client, address + "&SEX=F&AGE=Y18T24&CITIZEN=_T"))
    assert len(items) == 4
    assert {item["dimensions"]["SEX"] for item in items} == {"F"}
    assert {(item["ref_area"], item["time_period"]) for item in items} == {
        (area, period) for area in ("NW05111", "NW05315") for period in ("2026-Q1", "2026-Q2")
    }


def test_an_indicator_without_the_dimension_is_not_in_a_filtered_list(client) -> None:
    items = every_page(client, "/api/v1/totals?period=2026-Q2&ref_area=NW05&OUTCOME=GOAL")
    assert {item["indicator"] for item in items} == {"CASES_CLOSED"}


def test_pages_add_up_to_the_whole_list(client) -> None:
    address = f"/api/v1/observations?indicator=PERSONS_NEW&ref_area=NW05111,NW05315,NW05978&{TOTAL[:6]}"
    whole = list(every_page(client, address + "&limit=5000"))
    parts = list(every_page(client, address + "&limit=7"))
    assert parts == whole
    assert len(whole) == 24 * 3 * 9
    first = client.get(address + "&limit=7")
    link = re.fullmatch(r'<([^>]+)>; rel="next"', first.headers["Link"])[1]
    assert client.get(link).get_json()["data"] == whole[7:14]
    assert "Link" not in client.get(address + "&limit=5000").headers


def test_a_list_is_read_to_its_end_in_the_release_it_began_in(client) -> None:
    first = client.get("/api/v1/totals?release=1&indicator=CASES_OPEN&limit=3").get_json()
    address = f"/api/v1/totals?indicator=CASES_OPEN&limit=3&cursor={first['next']}"
    assert client.get(address).get_json()["release"]["number"] == 1
    assert client.get(address + "&release=2").status_code == 404


def test_deliveries_tell_not_due_from_rejected_and_carry_no_place_in_the_data(client) -> None:
    rows = client.get(f"/api/v1/deliveries?period={LAST}").get_json()["data"]
    by_key = {(row["ref_area"], row["dataset"]): row for row in rows}
    areas = {area.id for area in reporting_areas()}
    assert {row["ref_area"] for row in rows} == {*areas, AUTHORITY}
    assert {row["dataset"] for row in rows if row["ref_area"] == AUTHORITY} == {"PROCESSES"}
    assert by_key[LATE, "CASES"]["state"] == "not_due"
    assert by_key[REJECTED, "PERSONS"]["state"] == "rejected"
    assert by_key[REJECTED, "PERSONS"]["problem"] == "value_rule"
    assert by_key[REJECTED, "CASES"]["state"] == "delivered"
    # one delivery has figures to confirm; those of another were confirmed
    assert [by_key[area, "CASES"]["to_confirm"] for area in ("NW05112", "NW05113")] == [1, 0]
    assert 0 < by_key["NW05111", "CASES"]["withheld"] < by_key["NW05111", "CASES"]["cells"]
    gap_area, gap_period = GAP
    one = client.get(f"/api/v1/deliveries?period={gap_period}&ref_area={gap_area}").get_json()["data"]
    assert {row["state"] for row in one} == {"missing"}


def test_periods_and_releases(client) -> None:
    periods = client.get("/api/v1/periods").get_json()["data"]
    assert [period["id"] for period in periods] == [
        "2024-Q4", "2025", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"
    ]  # fmt: skip
    assert periods[-1]["datasets"] == [
        {"dataset": "CASES", "delivered": 53, "expected": 54},
        {"dataset": "PERSONS", "delivered": 52, "expected": 54},
        {"dataset": "STAFFING", "delivered": 53, "expected": 54},
        {"dataset": "PROCESSES", "delivered": 53, "expected": 54},
    ]
    assert periods[1]["frequency"] == "A"
    assert {entry["dataset"] for entry in periods[1]["datasets"]} == set(load_catalogue().datasets)
    assert len(client.get("/api/v1/periods?release=1").get_json()["data"]) == 8
    releases = client.get("/api/v1/releases").get_json()["data"]
    assert [(row["number"], row["current"]) for row in releases] == [(2, True), (1, False)]


def test_areas_keep_aachen_apart_and_add_it_up_once(client) -> None:
    areas = {row["id"]: row for row in client.get("/api/v1/areas").get_json()["data"]}
    parts = [areas["NW05334002"], areas["NW05334X002"]]
    assert areas["NW05334"]["population"] == sum(part["population"] for part in parts)
    assert areas["NW05"]["population"] == sum(
        row["population"] for row in areas.values() if row["kind"] == "area"
    )


# --------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("address", "status", "code", "pointer"),
    [
        ("observations?indicator=NOPE", 404, "unknown_indicator", "indicator"),
        ("observations?ref_area=05111", 404, "unknown_area", "ref_area"),
        ("observations?ref_area=NW05", 404, "unknown_area", "ref_area"),
        ("totals?ref_area=NW05111", 404, "unknown_area", "ref_area"),
        ("observations?period=1999-Q1", 404, "unknown_period", "period"),
        ("deliveries?period=1999-Q1", 404, "unknown_period", "period"),
        ("observations?period=2026Q1", 400, "bad_request", "period"),
        ("observations?period=2026-Q1%0A", 400, "bad_request", "period"),
        ("observations?SEX=X", 400, "bad_request", "SEX"),
        ("observations?limit=0", 400, "bad_request", "limit"),
        ("observations?limit=5001", 400, "bad_request", "limit"),
        ("observations?limit=1e3", 400, "bad_request", "limit"),
        ("observations?limit=%D9%A3", 400, "bad_request", "limit"),
        ("observations?indicator=", 404, "unknown_indicator", "indicator"),
        ("observations?period=2026-Q1&period=2026-Q2", 400, "bad_request", "period"),
        ("observations?cursor=AAAA", 404, "not_found", "cursor"),
        ("observations?cursor=!", 400, "bad_request", "cursor"),
        ("totals?release=99", 404, "not_found", "release"),
        ("areas?x=1", 400, "bad_request", None),
        ("nothing", 404, "not_found", None),
    ],
)
def test_refusals_name_the_parameter_in_two_languages(client, address, status, code, pointer) -> None:
    answer = client.get(f"/api/v1/{address}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    document = answer.get_json()
    assert document["code"] == code
    assert document.get("pointer") == pointer
    assert document["detail"]
    assert document["detail_en"]
    if pointer:
        assert pointer in document["detail_en"] or code.startswith("unknown") or code == "not_found"


def test_refusals_never_repeat_what_was_sent(client) -> None:
    for address in ("observations?indicator=", "observations?SEX=", "observations?", "deliveries?period="):
        answer = client.get(f"/api/v1/{address}%3Cscript%3Ealert(1)%3C/script%3E")
        assert 400 <= answer.status_code < 500
        assert "alert" not in answer.text


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_written(client, method) -> None:
    answer = getattr(client, method)("/api/v1/observations")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


# --------------------------------------------------------------------------------------- empty hub


def test_an_empty_hub_answers_with_empty_lists(tmp_path: Path) -> None:
    client = app_of(build_empty_hub(tmp_path)).test_client()
    for operation in OPERATIONS:
        document = client.get(f"/api/v1/{operation}").get_json()
        assert document["release"] is None
        assert bool(document["data"]) == (operation == "areas")


def test_answers_are_utf_8_json_with_plain_numbers(client) -> None:
    body = client.get("/api/v1/areas").data.decode("utf-8")
    assert "Köln" in body
    assert json.loads(body)["data"][0]["population"] == 611258
