"""Files of pages: the same figures as the page, never cut short, withheld without a value, no formulas."""

import csv
import io

import openpyxl
import pytest
from flask.testing import FlaskClient

from hub.web.exports.csv_file import write_csv
from hub.web.exports.table import Column, ExportFile, ExportTable
from hub.web.exports.xlsx_file import write_xlsx
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import reporting_areas
from protocol.texts import Text
from tests.factories.published_hub import PUBLISHED_AT, app_of, whole_hub

FILES = (
    "/index",
    "/lieferungen",
    "/gebiet/NW05315",
    "/gebiet/NW05",
    "/indikator/CASES_OPEN",
    "/indikator/FILL_RATE",
)
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return app_of(whole_hub()).test_client()


def rows_of(client: FlaskClient, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8"), newline="")))


def test_the_areas_are_all_there_with_the_values_of_the_deliveries(client) -> None:
    period = Period.parse("2026-Q2")
    rows = rows_of(client, f"/indikator/CASES_OPEN.csv?period={period}")
    by_area = {row["ref_area"]: row for row in rows}
    assert len(rows) == len(by_area) == 54 + 6
    row = grid_of(load_catalogue(), "CASES").total_row("CASES_OPEN")
    truth = whole_hub().truth["CASES", period][row]
    for region, value in zip(reporting_areas(), truth, strict=True):
        found = by_area[region.id]
        assert (found["value"], found["obs_status"], found["conf_status"]) == (str(value), "A", "F")
        assert (found["lower"], found["upper"]) == (str(value), str(value))
    assert by_area["NW05"]["value"] == str(truth.sum())


def test_a_withheld_cell_has_a_status_and_nothing_else(client) -> None:
    rows = rows_of(client, "/indikator/CASES_OPEN.csv?cell=RESIDENCE.DULD&period=2026-Q2")
    withheld = [row for row in rows if row["obs_status"] == "Q" and row["areas_expected"] == "1"]
    assert withheld
    for row in withheld:
        assert (row["obs_status"], row["conf_status"]) == CellState.SUPPRESSED.wire
        assert [row[name] for name in ("value", "lower", "upper", "rate", "rate_lower", "rate_upper")] == [
            ""
        ] * 6
    land = rows[0]
    assert land["value"] == ""
    assert int(land["lower"]) < int(land["upper"])


def test_numbers_and_names_of_columns_do_not_depend_on_the_language(client) -> None:
    german, english = (
        client.get(f"/indikator/FTE_FILLED.csv?period=2026-Q2&lang={lang}").text.splitlines()
        for lang in ("de", "en")
    )
    assert german[0] == english[0]
    assert german[1].split(",")[8:14] == english[1].split(",")[8:14]
    assert "." in german[1].split(",")[8]


@pytest.mark.parametrize("address", FILES)
def test_every_page_is_a_workbook_with_notes(client, address) -> None:
    answer = client.get(f"{address}.xlsx?release=2")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    assert book.sheetnames[-1] == "Hinweise"
    notes = {str(row[0]): str(row[1]) for row in book["Hinweise"].iter_rows(values_only=True)}
    assert "Veröffentlichung 2 vom 6. Oktober 2026" in notes["Veröffentlichung"]
    assert notes["Zitierfähige Adresse dieser Ansicht"].endswith("release=2")
    assert "geheim" in notes["."]
    for name in book.sheetnames[:-1]:
        assert book[name].max_row > 1
        for row in book[name].iter_rows():
            assert all(cell.data_type != "f" for cell in row)


@pytest.mark.parametrize("address", FILES)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_files_say_what_they_are(client, address, suffix) -> None:
    answer = client.get(f"{address}.{suffix}")
    assert (
        answer.mimetype
        == {
            "csv": "text/csv",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }[suffix]
    )
    name = answer.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
    assert name.startswith("kim-nrw-demo-r2-")
    assert name.endswith(f".{suffix}")


def test_equal_figures_give_equal_files(client) -> None:
    first, second = (client.get("/indikator/CASES_OPEN.csv").data for _ in range(2))
    assert first == second


def test_no_text_acts_as_a_formula() -> None:
    columns = (Column("text", Text("Text", "Text")), Column("number", Text("Zahl", "Number")))
    table = ExportTable("t", "T", columns, tuple((text, -5) for text in HOSTILE))
    read = list(csv.reader(io.StringIO(write_csv(table).decode("utf-8"), newline="")))
    for (text, number), hostile in zip(read[1:], HOSTILE, strict=True):
        assert text == f"'{hostile}"
        assert number == "-5"
    data = write_xlsx(ExportFile("t", (table,), (("=1", "=2"),)), language="de", created_at=PUBLISHED_AT)
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    assert book["T"]["A2"].value == "=1+1"


def test_deliveries_of_a_quarter_name_every_area_and_dataflow(client) -> None:
    rows = rows_of(client, "/lieferungen.csv?period=2026-Q3")
    places = {(row["ref_area"], row["dataset"]) for row in rows}
    assert len(rows) == len(places) == 54 * 4 + 1  # and the joint authority's
    rejected = next(row for row in rows if row["state"] == "rejected")
    assert (rejected["area_name"], rejected["dataset"], rejected["problem"]) == (
        "Herne",
        "PERSONS",
        "value_rule",
    )
