"""Grants from the granting authority: protected here, used where an area does not deliver its funds."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.domain.states import SubmissionState
from hub.services.extracts.figures import dataflow_table
from hub.services.grants.granting import import_grants
from hub.services.intake.uploading import reject
from hub.services.intake.verification import verify
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, publish
from hub.services.statistics import Statistics
from hub.services.transparency.rounds import run_round, signer_of
from hub.store import models
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError, kim_error
from protocol.evidence import parse_evidence
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.transparency.cosignatures import Quorum
from protocol.transparency.events import EventKind, hidden_digest
from protocol.trust import Directory
from protocol.verify.anchors import Anchors
from protocol.verify.releases import check_release
from protocol.verify.trail import Trail, verdict_of
from tests.factories.log_checks import logged
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.factories.submissions import consistent_values
from tests.integration.test_hub_processes import hub

YEAR = Period(2025)
GRID = grid_of(load_catalogue(), "FUNDS")
HEADER = "Träger-ID;Gebiet;Baustein;Kostenart;bewilligt;Bemerkung"


def _rows(area: str, carriers: int) -> list[str]:
    """Staff of component 2 by some carriers, and one lonely carrier's training."""
    staff = [f"T{n};{area};B2;Personal;{40 + n}.000,00 €;x" for n in range(carriers)]
    return [*staff, f"T0;{area};B2;TRAIN;1500,5;"]


def _list(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *rows, "", ";;;;;"]).encode("cp1252")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        yield running


def _publish(running: RunningHub) -> None:
    close(running.hub.context, [YEAR])
    assert compile_cube(running.hub.context, "FUNDS", "2025") is not None
    assert publish(running.hub.context) == 1


def _observations(running: RunningHub, area: str, indicator: str) -> dict[tuple[str, ...], dict]:
    address = f"/api/v1/observations?ref_area={area}&indicator={indicator}&limit=5000"
    items = running.client.get(address).get_json()["data"]
    return {tuple(item["dimensions"][d] for d in ("BAUSTEIN", "COST")): item for item in items}


def test_grants_stand_in_for_an_area_that_does_not_deliver(running: RunningHub) -> None:
    imported = import_grants(running.hub.context, _list(*_rows("NW05112", 6), *_rows("05113", 6)), YEAR)
    assert imported.areas == ("NW05112", "NW05113")
    assert imported.rows == 14
    _publish(running)
    granted = _observations(running, "NW05112", "FUNDS_GRANTED")
    # what an area gets in all is public, and so is what many carriers share
    assert granted["_T", "_T"]["value"] == sum(40_000 + 1000 * n for n in range(6)) + 1500.5
    assert granted["B1", "_T"]["value"] == 0
    # one carrier's amount is withheld, and by the hub
    lonely = granted["B2", "TRAIN"]
    assert (lonely["value"], lonely["obs_status"], lonely["conf_status"]) == (None, "Q", "S")
    assert sum(item["value"] is None for item in granted.values()) >= 4
    spent = running.client.get("/api/v1/observations?ref_area=NW05112&indicator=FUNDS_SPENT").get_json()
    assert {item["obs_status"] for item in spent["data"]} == {"L"}
    with running.hub.context.database.read() as unit:
        cube = unit.connection.execute(sa.select(models.cube)).one()
        detail = unit.connection.execute(
            sa.select(models.audit_event.c.detail).where(models.audit_event.c.action == "grants.imported")
        ).scalar_one()
    assert cube.areas == []  # nobody has delivered
    assert {area: given.partition(":")[0] for area, given in cube.inputs.items()} == {
        "NW05112": "grants",
        "NW05113": "grants",
    }
    assert detail == {"listed": imported.listed, "areas": ["NW05112", "NW05113"], "rows": 14}
    # SPEC P-100: so does the log, with what the release cites.
    listed, *tables = (event for event in logged(running.hub.context) if event.id.startswith("grants/"))
    assert (listed.kind, listed.id, listed.payload_sha256) == (
        EventKind.GRANTS_IMPORTED,
        "grants/2025",
        imported.listed,
    )
    assert {event.area for event in tables} == {*cube.inputs}
    assert {(event.kind, event.payload_sha256) for event in tables} == {
        (EventKind.GRANTS_TABLE, imported.listed)
    }


def test_a_release_proves_which_table_was_made_of_the_list(running: RunningHub) -> None:
    """SPEC P-118: under the log's key alone; and the hub cannot exchange the table afterwards."""
    context = running.hub.context
    import_grants(context, _list(*_rows("NW05112", 7)), YEAR)  # replaced by the next
    imported = import_grants(context, _list(*_rows("NW05112", 6), *_rows("NW05113", 6)), YEAR)
    _publish(running)
    run_round(context)
    data = running.client.get("/extracts/1/evidence.json").data
    anchors = Anchors(
        log=signer_of(context).verifier_key,
        quorum=Quorum(nodes=0),
        directory=Directory(context.settings.audience, ()),
    )
    found = check_release(Trail(), data, anchors)
    assert [item.area for item in found.granted] == ["NW05112", "NW05113"]
    assert {item.listed for item in found.granted} == {imported.listed}
    part = running.client.get("/extracts/1/evidence.json?dataset=FUNDS&area=NW05113").data
    assert [*parse_evidence(part).grants] == ["grants/2025/NW05113"]
    with context.database.write() as unit:
        unit.connection.execute(
            sa.update(models.grant_table).where(models.grant_table.c.area == "NW05113").values(salt="00" * 32)
        )
    part = running.client.get("/extracts/1/evidence.json?dataset=FUNDS&area=NW05113").data
    verdict = verdict_of(
        lambda trail: (
            check_release(trail, part, anchors, wanted=lambda table, area: area == "NW05113") and None
        )
    )
    assert verdict.problem is not None
    assert verdict.problem.detail.en == "FUNDS 2025 NW05113: The log names another table of grants."
    # What was imported by a version that knew no salt has no evidence, and the hub says so.
    with context.database.write() as unit:
        unit.connection.execute(sa.update(models.grant_table).values(salt=None))
    answer = running.client.get("/extracts/1/evidence.json?dataset=FUNDS&area=NW05113")
    assert answer.get_json()["code"] == "evidence_invalid"


def test_nothing_that_is_kept_lets_anybody_try_amounts(running: RunningHub) -> None:
    """A carrier knows the other rows: with a plain digest it could try the lonely one's amount."""
    data = _list(*_rows("NW05112", 6))
    imported = import_grants(running.hub.context, data, YEAR)
    digest = hashlib.sha256(data).hexdigest()
    assert imported.listed == hidden_digest(digest, salt=bytes.fromhex(imported.salt))
    again = import_grants(running.hub.context, data, YEAR)
    assert (again.listed == imported.listed, again.salt == imported.salt) == (False, False)
    with running.hub.context.database.read() as unit:
        (table,) = unit.grants.all()
    cells = table.cells_sha256
    said = b"".join(event.to_bytes() for event in logged(running.hub.context)).decode()
    assert again.listed in said
    assert not any(secret in said for secret in (digest, cells, imported.salt, again.salt))
    kept = b"".join(path.read_bytes() for path in _files(running))
    assert not any(secret.encode() in kept for secret in (digest, imported.salt, again.salt))


def _files(running: RunningHub) -> Iterator[Path]:
    """All that lies in the hub's folder."""
    return (path for path in running.hub.settings.home.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("page", "tables"),
    [
        ("indikator/FUNDS_GRANTED", ("areas", "series", "breakdowns", "crossings")),
        ("gebiet/NW05112", ("figures", "series")),
    ],
)
def test_pages_files_and_api_say_alike_who_withholds(
    running: RunningHub, page: str, tables: tuple[str, ...]
) -> None:
    import_grants(running.hub.context, _list(*_rows("NW05112", 1)), YEAR)
    _publish(running)
    signs: set[tuple[str, str]] = set()
    for table in tables:
        address = f"/{page}.csv?table={table}&area=NW05112&cell=BAUSTEIN.B2-COST.TRAIN"
        answer = running.client.get(address if page.startswith("i") else f"/{page}.csv?table={table}")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        own = [row for row in rows if row["ref_area"] == "NW05112" and row["obs_status"] == "Q"]
        signs |= {(table, row["conf_status"]) for row in own}
    listed = _observations(running, "NW05112", "FUNDS_GRANTED").values()
    assert {item["conf_status"] for item in listed if item["obs_status"] == "Q"} == {"S"}
    assert {sign for _, sign in signs} == {"S"}
    assert {table for table, _ in signs} >= set(tables) - {"series"}


def test_what_an_area_delivers_goes_before_what_was_imported(running: RunningHub) -> None:
    import_grants(running.hub.context, _list(*_rows("NW05111", 6), *_rows("NW05112", 6)), YEAR)
    sender = running.sender("NW05111")
    parcel = sender.parcel("FUNDS", period=YEAR)
    assert sender.send(parcel).status_code == 202
    verify(running.hub.context, SubmissionId(parcel.id))
    _publish(running)
    own = _observations(running, "NW05111", "FUNDS_GRANTED")
    assert own["_T", "_T"]["value"] == consistent_values(GRID)[GRID.total_row("FUNDS_GRANTED")] / 100
    assert _observations(running, "NW05112", "FUNDS_GRANTED")["_T", "_T"]["value"] > 0


def test_until_the_year_is_closed_a_new_list_replaces_the_old(running: RunningHub) -> None:
    context = running.hub.context
    import_grants(context, _list(*_rows("NW05112", 6), *_rows("NW05113", 6)), YEAR)
    import_grants(context, _list(*_rows("NW05112", 7)), YEAR)
    _publish(running)
    assert _observations(running, "NW05113", "FUNDS_GRANTED")["_T", "_T"]["value"] is None
    with pytest.raises(KimError) as caught:
        import_grants(context, _list(*_rows("NW05112", 6)), YEAR)
    assert caught.value.code == "period_closed"


def test_a_workbook_says_the_same_as_a_text(running: RunningHub) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["AGS", "bewilligt", "Kostenart", "Baustein", "Träger-ID"])
    for n in range(6):
        sheet.append(["05112", 40_000 + 1000 * n, "Personal", "Baustein 2: Case Management", f"T{n}"])
    sheet.append(["05112", 1500.5, "Fortbildung", "B2", "T0"])
    out = io.BytesIO()
    book.save(out)
    by_book = import_grants(running.hub.context, out.getvalue(), YEAR)
    tables = []
    for data in (out.getvalue(), _list(*_rows("NW05112", 6))):
        import_grants(running.hub.context, data, YEAR)
        with running.hub.context.database.read() as unit:
            tables.append([(t.area, t.cells_sha256, t.bounds_sha256) for t in unit.grants.all()])
    assert tables[0] == tables[1]
    assert by_book.rows == 7


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", None),
        (b"PK\x03\x04 no workbook", None),
        (_list(), None),
        (_list("T1;NW05111;B2;STAFF;1", header="Gebiet;Baustein"), None),
        (_list("T1;NW05;B2;STAFF;geheim"), "/rows/2/area"),
        (_list("T1;05334;B2;STAFF;1"), "/rows/2/area"),
        (_list("T1;05111;B1;STAFF;1"), "/rows/2/component"),  # not a leaf: which half of it?
        (_list("T1;05111;B2;_T;1"), "/rows/2/cost"),
        (_list("T1;05111;B2;STAFF;12,345"), "/rows/2/granted"),
        (_list("T1;05111;B2;STAFF;-5"), "/rows/2/granted"),
        (_list(*_rows("05111", 3), ";05111;B2;STAFF;1"), "/rows/6/carrier"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_as_a_whole(
    running: RunningHub, data: bytes, place: str | None
) -> None:
    with pytest.raises(KimError) as caught:
        import_grants(running.hub.context, data, YEAR)
    assert caught.value.code == "bad_request"
    assert [item.pointer for item in caught.value.errors] == ([place] if place else [])
    assert "geheim" not in caught.value.detail.de
    with running.hub.context.database.read() as unit:
        assert unit.grants.all() == []


def test_a_refused_list_names_the_codes_that_a_column_takes(running: RunningHub) -> None:
    with pytest.raises(KimError) as caught:
        import_grants(running.hub.context, _list("T1;05111;B1;STAFF;1"), YEAR)
    assert "möglich sind B1K, B1V, B1U, B2, B3A, B3E, B3U." in caught.value.detail.de


def test_a_quarter_has_no_grants(running: RunningHub) -> None:
    with pytest.raises(KimError) as caught:
        import_grants(running.hub.context, _list(*_rows("05111", 3)), Period(2025, 1))
    assert caught.value.code == "bad_request"


def test_the_command(tmp_path: Path) -> None:
    hub(tmp_path, "init")
    file = tmp_path / "bewilligungen.csv"
    file.write_bytes(_list(*_rows("NW05112", 6)))
    told = hub(tmp_path, "grants import", str(file), "--year", "2025")
    assert (told["areas"], told["rows"]) == (["NW05112"], 7)


def test_the_files_of_a_release_name_who_withholds(running: RunningHub) -> None:
    import_grants(running.hub.context, _list(*_rows("NW05112", 6)), YEAR)
    _publish(running)
    with Statistics(running.hub.context.database.engine).reading() as reading:
        table = dataflow_table(reading, reading.release, "FUNDS").to_pylist()
    of_area = [row for row in table if row["REF_AREA"] == "NW05112"]
    assert {row["CONF_STATUS"] for row in of_area if row["OBS_STATUS"] == "Q"} == {"S"}
    assert {row["CONF_STATUS"] for row in of_area if row["OBS_STATUS"] != "Q"} == {"F"}


def test_after_closing_a_lost_delivery_does_not_take_the_place_of_the_list(running: RunningHub) -> None:
    """Two tables of the same amounts, each with a pattern of its own, would give both away."""
    context = running.hub.context
    import_grants(context, _list(*_rows("NW05111", 6)), YEAR)
    sender = running.sender("NW05111")
    parcel = sender.parcel("FUNDS", period=YEAR)
    assert sender.send(parcel).status_code == 202
    with context.database.write() as unit:
        received = unit.submissions.get(SubmissionId(parcel.id))
        assert received is not None
        unit.submissions.move(received, SubmissionState.VERIFYING, at=context.clock.now())
        verifying = unit.submissions.get(SubmissionId(parcel.id))
        assert verifying is not None
        reject(unit, verifying, kim_error("internal"), at=context.clock.now())
    close(context, [YEAR])
    answer = sender.announce(sender.parcel("FUNDS", period=YEAR))
    assert answer.get_json()["code"] == "period_closed"
    assert "Bewilligungsbehörde" in answer.get_json()["detail"]
