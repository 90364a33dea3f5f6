"""The hub's own audit of what arrives: what gives a sensitive cell away does not count, and is not lost.

The nodes here are manipulated or outdated: their signatures are valid, their tables keep every pattern rule,
and a withheld cell can be computed all the same.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from aggregation.disclosure import Delivered, protect_delivery
from aggregation.tabulation import Tabulation
from hub.domain.ids import SubmissionId
from hub.domain.states import AuditVerdict
from hub.sandbox.client import Sandbox
from hub.services.intake.verification import verify
from hub.services.merging.bounding import MAX_ATTEMPTS, bound
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, publish
from hub.services.operation.sweeping import find_uncompared
from hub.services.registry.registration import Registration, register
from hub.services.review.confirming import confirm
from hub.services.review.validation import validate
from hub.store import models
from hub.store.records import Submission
from node.clock import SystemClock
from node.journal import DeliveryState, Journal
from node.keystore import load_key
from protocol.catalogue import AUDIT_RULE
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from protocol.transparency.events import EventKind
from tests.factories.areas import deliveries
from tests.factories.log_checks import logged
from tests.factories.node_home import node_home
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.spooled import spooled
from tests.factories.submissions import consistent_values
from tests.fakes.served import served
from tests.integration.test_hub_processes import hub

CATALOGUE = load_catalogue()
GRID = delivery_grid(CATALOGUE, "CASES", "Q")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose jobs are done by the test, in the order it chooses."""
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        yield running


def _row(indicator: str, **codes: str) -> int:
    found = CATALOGUE.indicator(indicator)
    every = {use.id: use.codelist.total for use in found.dimensions} | codes
    return GRID.index[GRID.key(found, every)]


def _received(running: RunningHub, sender: Sender, **changes: object) -> Parcel:
    running.clock.advance(seconds=1)  # what arrived last is held back: an order, not chance, must tell
    parcel = sender.parcel(**changes)
    assert sender.send(parcel).status_code == 202
    verify(running.hub.context, SubmissionId(parcel.id))
    return parcel


def _stored(running: RunningHub, parcel: Parcel) -> Submission:
    with running.hub.context.database.read() as unit:
        found = unit.submissions.get(SubmissionId(parcel.id))
    assert found is not None
    return found


# --------------------------------------------------------------------------------- one delivery by itself


def _two_ones() -> tuple[list[int], list[int], int]:
    """Two withheld ones beside a published rest: 2 are left over, and a withheld count is at least 1."""
    values = consistent_values(GRID)
    female, male, unknown = (_row("CASES_CLOSED", SEX=code) for code in ("F", "M", "_U"))
    values[[female, male, unknown]] = [1, values[_row("CASES_CLOSED")] - 2, 1]
    return values.tolist(), [female, unknown], male


def test_two_ones_in_a_row_are_refused_although_no_subtraction_gives_them(running: RunningHub) -> None:
    # SPEC P-75
    values, hidden, large = _two_ones()
    sender = running.sender()
    parcel = _received(running, sender, values=values, withheld=hidden)
    problem = sender.look(parcel)["problem"]
    assert running.state(parcel) == "rejected"
    assert problem["code"] == "k_anonymity"
    places = [f"/rows/{row}/OBS_VALUE" for row in hidden]
    assert ([item["pointer"] for item in problem["errors"]], problem["pointer"]) == (places, places[0])
    assert {item["code"] for item in problem["errors"]} == {"interval"}
    # Nothing is lost: the bytes are there, and the same revision may come again, protected.
    assert running.hub.context.blobs.intact(_stored(running, parcel).payload_sha256)
    again = _received(running, sender, values=values, withheld=[*hidden, large])
    assert running.state(again) == "accepted"


def test_a_wasted_suppression_is_no_failure(running: RunningHub) -> None:
    """A large figure that follows from the others: withheld in vain, but nobody's secret."""
    sender = running.sender()
    hidden = [_row("CASES_CLOSED", SEX="M")]
    assert running.state(_received(running, sender, withheld=hidden)) == "accepted"


# ------------------------------------------------------------------------------- with the others of the area


@cache
def _persons(*, jointly: bool) -> tuple[tuple[Period, Tabulation, np.ndarray], ...]:
    """Four quarters of persons and their year, protected side by side or one by one."""
    found: list[Delivered] = []
    for dataset, period, table in deliveries(7, open_cases=60):
        if dataset == "PERSONS" and period.year == 2025:
            linked = found if jointly else []
            protection = protect_delivery(CATALOGUE, dataset, period, table, linked=linked)
            found.append(Delivered(dataset, period, table, protection.withheld))
    return tuple((one.period, one.table, one.withheld) for one in found)


def _deliver_persons(
    running: RunningHub, *, jointly: bool, sender: Sender | None = None
) -> tuple[Sender, Mapping[Period, Parcel]]:
    sender = sender or running.sender()
    return sender, {
        period: _received(
            running,
            sender,
            dataset="PERSONS",
            period=period,
            values=table.values.tolist(),
            withheld=np.flatnonzero(withheld).tolist(),
        )
        for period, table, withheld in _persons(jointly=jointly)
    }


def _compile_all(running: RunningHub, parcels: Mapping[Period, Parcel]) -> int | None:
    context = running.hub.context
    close(context, list(parcels))
    for period in sorted(parcels, key=lambda period: period.freq == "A"):
        compile_cube(context, "PERSONS", str(period))
    return publish(context)


def test_what_was_protected_with_its_history_passes(running: RunningHub) -> None:
    _, parcels = _deliver_persons(running, jointly=True)
    validate(running.hub.context, "NW05111")
    assert {_stored(running, parcel).audit for parcel in parcels.values()} == {AuditVerdict.SAFE}
    assert _compile_all(running, parcels) == 1


def test_a_year_that_opens_its_quarters_is_held_back_until_somebody_has_looked(running: RunningHub) -> None:
    context, year = running.hub.context, Period(2025)
    sender, parcels = _deliver_persons(running, jointly=False)
    assert {running.state(parcel) for parcel in parcels.values()} == {"accepted"}  # each is safe by itself
    assert _compile_all(running, parcels) is None  # nothing is published before they were judged together
    assert [job.args for job in find_uncompared(context)] == [("NW05111",)]
    validate(context, "NW05111")
    audits = {period: _stored(running, parcel).audit for period, parcel in parcels.items()}
    assert audits.pop(year) is AuditVerdict.OPEN  # it came last, and with it cells became known
    assert set(audits.values()) == {AuditVerdict.SAFE}
    # The node is told, and so is the ministry; the others are published without it.
    confirm_list = sender.look(parcels[year])["confirm"]
    assert [item["rule"] for item in confirm_list] == [AUDIT_RULE]
    assert _compile_all(running, parcels) == 1
    assert _published_areas(running, year) == set()
    page = running.client.get("/lieferungen?period=2025").get_data(as_text=True)
    assert "zurückgestellt" in page
    # Looking again changes nothing; somebody confirms, with a reason, and it counts.
    validate(context, "NW05111")
    about = f"finding/{parcels[year].id}"
    assert [event.kind for event in logged(running.hub.context) if event.id == about] == [
        EventKind.FINDING_HELD
    ]
    assert _stored(running, parcels[year]).audit is AuditVerdict.OPEN
    confirm(context, parcels[year].id, AUDIT_RULE, reason="Rückfrage beim Gebiet: Personen wechselten")
    assert _stored(running, parcels[year]).audit is AuditVerdict.CONFIRMED
    held, confirmed = (event for event in logged(running.hub.context) if event.id == about)
    assert (confirmed.kind, held.code, confirmed.code) == (EventKind.FINDING_CONFIRMED, "audit", "audit")
    assert _compile_all(running, parcels) == 2
    assert _published_areas(running, year) == {"NW05111"}


def test_a_corrected_delivery_takes_the_place_of_one_that_is_held_back(running: RunningHub) -> None:
    context, year = running.hub.context, Period(2025)
    sender, parcels = _deliver_persons(running, jointly=False)
    validate(context, "NW05111")
    *quarters, (_, table, _) = _persons(jointly=False)
    linked = [Delivered("PERSONS", *quarter) for quarter in quarters]
    pattern = protect_delivery(CATALOGUE, "PERSONS", year, table, linked=linked).withheld
    safe = _received(
        running,
        sender,
        dataset="PERSONS",
        period=year,
        revision=2,
        supersedes=parcels[year].id,
        values=table.values.tolist(),
        withheld=np.flatnonzero(pattern).tolist(),
    )
    validate(context, "NW05111")
    assert running.state(parcels[year]) == "superseded"
    assert _stored(running, safe).audit is AuditVerdict.SAFE


def _published_areas(running: RunningHub, period: Period) -> set[str]:
    """Areas whose delivery is in the published cube."""
    with running.hub.context.database.read() as unit:
        release = unit.cubes.published()
        assert release is not None
        cube = release.cubes["PERSONS", str(period)]
        inputs = unit.connection.execute(sa.select(models.cube.c.inputs).where(models.cube.c.id == cube))
        return {area for area in inputs.scalar_one() if area.startswith("NW")}


# -------------------------------------------------------------------------------------- no answer, no refusal


def test_without_an_answer_a_delivery_counts_and_is_marked(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox cannot examine: after some attempts the rules' limits stand, and publication goes on."""
    monkeypatch.setattr(Sandbox, "limits", lambda *_: None)
    context, sender = running.hub.context, running.sender()
    parcel = _received(running, sender, withheld=[3, 4])
    assert running.state(parcel) == "accepted"
    close(context, [Period(2026, 1)])
    for _ in range(MAX_ATTEMPTS):
        assert compile_cube(context, "CASES", "2026-Q1") is None
        bound(context, SubmissionId(parcel.id))
    stored = _stored(running, parcel)
    assert (stored.audit, stored.bounds_sha256 is not None) == (AuditVerdict.BY_RULE, True)
    assert compile_cube(context, "CASES", "2026-Q1") is not None
    assert publish(context) == 1


def test_a_judgement_that_does_not_come_is_not_decided(
    running: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sandbox, "judged", lambda *_: None)
    _, parcels = _deliver_persons(running, jointly=True)
    validate(running.hub.context, "NW05111")
    audits = [_stored(running, parcel).audit for parcel in parcels.values()]
    assert audits == [AuditVerdict.SAFE] + [AuditVerdict.UNKNOWN] * 4  # the first was alone
    assert _compile_all(running, parcels) == 1


def test_a_shortage_of_this_machine_is_waited_out(running: RunningHub) -> None:
    """What could not be looked at for want of files is looked at later, and held back then."""
    context = running.hub.context
    _, parcels = _deliver_persons(running, jointly=False)
    with _no_more_files():
        for _ in range(5):  # more often than an area is tried
            with pytest.raises(OSError, match="Too many open files"):
                validate(context, "NW05111")
    assert {_stored(running, parcel).audit for parcel in parcels.values()} <= {None, AuditVerdict.SAFE}
    validate(context, "NW05111")
    assert _stored(running, parcels[Period(2025)]).audit is AuditVerdict.OPEN


@contextmanager
def _no_more_files() -> Iterator[None]:
    """Let this process open no file that it has not open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_operator_sees_and_confirms_what_is_held_back(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        _, parcels = _deliver_persons(running, jointly=False)
        validate(running.hub.context, "NW05111")
        home = running.hub.context.settings.home
        held = parcels[Period(2025)].id
        shown = hub(home, "status")["confirm"]
        assert [(item["submission"], item["rule"]) for item in shown] == [(held, AUDIT_RULE)]
        assert hub(home, "confirm", held, AUDIT_RULE, "--reason", "Rückfrage")["submission"] == held
        assert hub(home, "status")["confirm"] == []


def test_a_node_sees_what_the_hub_holds_back_and_what_helps(running: RunningHub, tmp_path: Path) -> None:
    context, year = running.hub.context, Period(2025)
    with served(running.client.application) as url:
        (tmp_path / "house").mkdir()
        home = node_home(tmp_path / "house", hub=url, area="NW05111")
        settings = home.settings
        register(context, [Registration(settings.node, (settings.area,), home.public_key.hex, "Düsseldorf")])
        sender = Sender(settings.node, settings.area, load_key(settings.key), running.client)
        _, parcels = _deliver_persons(running, jointly=False, sender=sender)
        with Journal(settings.journal, clock=SystemClock()) as journal:
            for parcel in parcels.values():
                journal.observe(journal.spool(spooled(parcel)), DeliveryState.ACCEPTED)
        assert "AUDIT" not in home.run("status").stdout
        validate(context, "NW05111")
        code, document = home.json("status")
        confirm_lists = {entry["period"]: entry["confirm"] for entry in document["deliveries"]}
        assert code == 0
        assert {entry["at_hub"] for entry in document["deliveries"]} == {"accepted"}
        assert AUDIT_RULE in confirm_lists.pop("2025")
        assert not any(AUDIT_RULE in rules for rules in confirm_lists.values())
        for language, state, note, remedy in (
            (
                "de",
                "angenommen, zurückgestellt",
                "AUDIT: Der Hub hat 1 Lieferung zurückgestellt",
                "  → Läuft",
            ),
            ("en", "accepted, held back", "AUDIT: the hub holds 1 delivery back", "  → If this"),
        ):
            shown = home.run("--lang", language, "status").stdout
            assert shown.count(state) == 1
            assert note in shown
            assert f"\n{remedy}" in shown
        confirm(context, parcels[year].id, AUDIT_RULE, reason="Rückfrage beim Gebiet")
        assert "AUDIT" not in home.run("status").stdout
