"""Figures that do not fit are named, never refused; somebody confirms them, or the node corrects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.services.intake.verification import verify
from hub.services.operation.sweeping import find_uncompared
from hub.services.review.confirming import confirm
from hub.services.review.validation import validate
from hub.store import models
from hub.store.tables.statistics import StatisticsStore
from hub.store.tables.statistics_rows import FindingRow
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.problems import PROBLEMS
from protocol.transparency.events import EventKind, parse_event
from tests.factories.log_checks import logged
from tests.factories.patience import assert_soon
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.submissions import consistent_values
from tests.integration.test_hub_processes import hub

GRID = grid_of(load_catalogue(), "CASES")
Q1, Q2, Q3 = Period.span(Period(2026, 1), Period(2026, 3))
#: The total is that of every quarter, but women and men are others: open cases do not follow from flows.
SHIFTED = consistent_values(GRID, seed=2).tolist()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose jobs are done by the test, in the order it chooses."""
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        yield running


def _accept(running: RunningHub, sender: Sender, **changes: object) -> Parcel:
    parcel = sender.parcel(**changes)
    assert sender.send(parcel).status_code == 202
    verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "accepted"
    return parcel


def _findings(running: RunningHub, **wanted: str) -> tuple[FindingRow, ...]:
    with running.hub.context.database.read() as unit:
        return StatisticsStore(unit.connection).findings(**wanted)


def test_what_does_not_fit_is_named_without_a_value(running: RunningHub) -> None:
    sender = running.sender()
    first = _accept(running, sender, period=Q1)
    second = _accept(running, sender, period=Q2, values=SHIFTED)
    validate(running.hub.context, "NW05111")
    assert sender.look(first)["confirm"] == []
    named = {item["rule"]: item["cells"] for item in sender.look(second)["confirm"]}
    assert named == {"V_FLOW": 3}
    (found,) = _findings(running, dataset="CASES", period="2026-Q2", area="NW05111")
    assert found.cells == 3
    assert {GRID.codes(row)["SEX"] for row in found.rows} == {"F", "M", "_U"}
    assert _findings(running, period="2026-Q1") == _findings(running, area="NW05112") == ()


def test_a_later_delivery_can_put_an_earlier_one_in_question(running: RunningHub) -> None:
    sender = running.sender()
    second = _accept(running, sender, period=Q2, values=SHIFTED)
    validate(running.hub.context, "NW05111")
    assert sender.look(second)["confirm"] == []
    _accept(running, sender, period=Q1)
    validate(running.hub.context, "NW05111")
    assert [item["rule"] for item in sender.look(second)["confirm"]] == ["V_FLOW"]


def test_nothing_is_compared_across_a_break(running: RunningHub) -> None:
    sender = running.sender()
    _accept(running, sender, period=Q1)
    second = _accept(running, sender, period=Q2, values=SHIFTED, ext={"series_break": "Neue Software"})
    validate(running.hub.context, "NW05111")
    assert sender.look(second)["confirm"] == []
    with running.hub.context.database.read() as unit:
        breaks = StatisticsStore(unit.connection).series_breaks()
    assert breaks == {("NW05111", "CASES", "2026-Q2"): "Neue Software"}


def test_a_confirmation_holds_until_other_cells_do_not_fit(running: RunningHub) -> None:
    context, sender = running.hub.context, running.sender()
    _accept(running, sender, period=Q1)
    second = _accept(running, sender, period=Q2, values=SHIFTED)
    validate(context, "NW05111")
    confirm(context, second.id, "V_FLOW", reason="Nachmeldung")
    assert sender.look(second)["confirm"] == []
    third = _accept(running, sender, period=Q3, values=SHIFTED)
    validate(context, "NW05111")
    assert sender.look(second)["confirm"] == sender.look(third)["confirm"] == []
    assert [found.reason for found in _findings(running)] == ["Nachmeldung"]
    # a correction is another delivery: what does not fit in it is asked for again
    fourth = _accept(
        running, sender, period=Q2, values=SHIFTED, revision=2, supersedes=second.id, reason="Nachtrag"
    )
    validate(context, "NW05111")
    assert [item["rule"] for item in sender.look(fourth)["confirm"]] == ["V_FLOW"]
    with context.database.read() as unit:
        audits = unit.connection.execute(
            sa.select(models.audit_event.c.detail).where(models.audit_event.c.action == "finding.confirmed")
        ).scalars()
        assert list(audits) == [{"rule": "V_FLOW", "reason": "Nachmeldung"}]
    # SPEC P-100: in the log too, and not as the newest event of the submission, which its receipt is about.
    (event,) = (one for one in logged(running.hub.context) if one.kind == EventKind.FINDING_CONFIRMED)
    assert (event.id, event.node, event.code) == (f"finding/{second.id}", sender.node, "v_flow")
    with context.database.read() as unit:
        newest = unit.leaves.newest_of(second.id)
    assert newest is not None
    assert parse_event(newest.entry).kind == EventKind.SUPERSEDED


def test_what_cannot_be_confirmed(running: RunningHub) -> None:
    sender = running.sender()
    parcel = _accept(running, sender)
    for submission, rule, reason, code in (
        (parcel.id, "V_FLOW", "Nachmeldung", "not_found"),
        ("0" * 64, "V_FLOW", "Nachmeldung", "not_found"),
        ("../etc", "V_FLOW", "Nachmeldung", "not_found"),
        (parcel.id, "V_FLOW", "", "bad_request"),
        (parcel.id, "V_FLOW", "zwei\nZeilen", "bad_request"),
    ):
        with pytest.raises(KimError) as caught:
            confirm(running.hub.context, submission, rule, reason=reason)
        assert caught.value.code == code


def test_an_area_is_compared_once_it_is_quiet(running: RunningHub) -> None:
    sender = running.sender()
    _accept(running, sender, period=Q1)
    assert find_uncompared(running.hub.context) == []
    running.clock.advance(seconds=1)
    assert find_uncompared(running.hub.context) == [Job(JobName.VALIDATE, ("NW05111",))]
    validate(running.hub.context, "NW05111")
    assert find_uncompared(running.hub.context) == []


def test_worker_and_sweeper_compare_by_themselves(tmp_path: Path) -> None:
    with running_hub(tmp_path, sandbox=lasting_sandbox()) as running:
        sender = running.sender()
        sender.deliver(sender.parcel(period=Q1))
        parcel = sender.parcel(period=Q2, values=SHIFTED)
        sender.deliver(parcel)
        running.clock.advance(seconds=1)
        assert_soon(lambda: bool(sender.look(parcel)["confirm"]), "a finding")


def test_status_and_confirm_on_the_command_line(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        sender, _ = running.sender("NW05111"), running.sender("NW05112")
        _accept(running, sender, period=Q1)
        second = _accept(running, sender, period=Q2, values=SHIFTED)
        before = hub(tmp_path, "status")
        assert (before["uncompared"], before["confirm"], before["release"]) == (2, [], None)
        validate(running.hub.context, "NW05111")
    status = hub(tmp_path, "status", "--period", "2026-Q2")
    place = {"area": "NW05111", "dataset": "CASES", "period": "2026-Q2"}
    where = [{"indicator": "CASES_OPEN", "codes": {"SEX": sex}} for sex in ("F", "M", "_U")]
    assert status["confirm"] == [
        {**place, "submission": second.id, "rule": "V_FLOW", "cells": 3, "first": None, "where": where}
    ]
    by_dataset = {entry["dataset"]: entry for entry in status["deliveries"]}
    assert by_dataset.keys() == {"CASES", "PERSONS", "STAFFING", "PROCESSES"}
    assert (by_dataset["CASES"]["accepted"], by_dataset["CASES"]["missing"]) == (1, ["NW05112"])
    assert by_dataset["PERSONS"]["missing"] == ["NW05111", "NW05112"]
    told = hub(tmp_path, "confirm", second.id, "V_FLOW", "--reason", "Nachmeldung")
    assert told["area"] == "NW05111"
    assert hub(tmp_path, "status")["confirm"] == []
    again = hub(
        tmp_path, "confirm", second.id, "V_JUMP", "--reason", "x", expect=PROBLEMS["not_found"].exit_code
    )
    assert "kim-hub status" in again["remedy"]
