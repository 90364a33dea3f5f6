"""What changed after a delivery: delivered where no rule looks, held everywhere else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from aggregation.disclosure import cell_bounds
from node.clock import SystemClock, local
from node.journal import CorrectionChoice, CorrectionOption, DeliveryState, Journal
from node.pipeline import Decision, Prospect, Slot
from node.pipeline.ledger import to_bytes, to_mask, to_tabulation
from protocol.dsse import parse_envelope
from protocol.grid import delivery_grid
from protocol.periods import Period
from protocol.problems import PROBLEMS
from protocol.statement import parse_statement
from tests.factories.node_home import some_cases
from tests.factories.node_office import Office
from tests.factories.registers import issues, posts, whole_node, write_register
from tests.fakes.node_clock import SteppedClock
from tests.unit.node.commands import invoke
from tests.unit.node.exports import AREA

QUARTER = Period(2026, 1)
PROCESSES = Slot(AREA, "PROCESSES", QUARTER)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    home = whole_node(tmp_path, periods="2026-Q1..2026-Q1")
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        office = Office(home, journal)
        office.deliver_all(DeliveryState.ACCEPTED)
        yield office


def rewrite(office: Office, holds: str, lines: list[str]) -> None:
    write_register(office.home.folder.parent, holds, lines)


def prospect_of(office: Office, slot: Slot) -> Prospect:
    return next(prospect for prospect in office.prospects() if prospect.slot == slot)


def test_nothing_has_changed_to_begin_with(office: Office) -> None:
    assert {prospect.decision for prospect in office.prospects()} == {Decision.RESEND}


def test_what_no_rule_looks_at_is_corrected(office: Office) -> None:
    rewrite(office, "issues", issues(solved=9))

    prospect = prospect_of(office, PROCESSES)

    assert prospect.decision is Decision.SIGN
    assert prospect.changed_cells == 2  # IDENT and SOLVED; the total stays
    assert prospect.draft is not None
    assert prospect.record is not None
    statement = prospect.draft.statement
    assert (statement.revision, statement.supersedes) == (2, prospect.record.statement_id)
    assert statement.reason == "Berichtigung von 2 Zellen / correction of 2 cells"
    before = office.journal.true_figures(prospect.record)
    assert np.array_equal(prospect.draft.withheld, to_mask(before.withheld_mask))
    assert prospect.draft.report.linked >= 1


def test_a_second_vintage_tells_nothing_new_about_withheld_cells(office: Office) -> None:
    # One of the fields is withheld to cover the zeros beside a protected one: late issues there are held.
    decisions = {}
    for field in ("Wohnen", "Arbeit", "Sprache"):
        rewrite(office, "issues", [*issues(), f"I900;{field};erkannt;05.02.2025"])
        prospect = prospect_of(office, PROCESSES)
        decisions[field] = prospect.decision
        if prospect.decision is Decision.SIGN:
            break

    assert prospect.decision is Decision.SIGN, decisions
    assert prospect.draft is not None
    assert prospect.record is not None
    before = to_tabulation(office.journal.true_figures(prospect.record).figures)
    hidden = prospect.draft.withheld
    assert np.array_equal(before.values[hidden], prospect.draft.table.values[hidden])
    changed = np.flatnonzero(before.values != prospect.draft.table.values)
    grid = delivery_grid(office.workshop.catalogue, "PROCESSES", "Q")
    # What follows about the withheld cells from the second vintage is what followed from the first.
    bounds = [
        cell_bounds(grid, table.values, hidden, office.workshop.catalogue, missing=~table.collected)
        for table in (before, prospect.draft.table)
    ]
    for first, second in zip(*bounds, strict=True):
        assert np.array_equal(first[hidden], second[hidden])
    assert {grid.keys[row][0] for row in changed} == {"STRUCT_ISSUES"}


def test_a_correction_is_delivered_once_and_followed_by_the_next(office: Office) -> None:
    rewrite(office, "issues", issues(solved=9))
    second = office.journal.observe(office.spool(prospect_of(office, PROCESSES)), DeliveryState.ACCEPTED)

    again = prospect_of(office, PROCESSES)
    assert (again.decision, again.record) == (Decision.RESEND, second)
    rewrite(office, "issues", issues(solved=12))
    third = prospect_of(office, PROCESSES)

    assert third.draft is not None
    assert (third.draft.statement.revision, third.draft.statement.supersedes) == (3, second.statement_id)


@pytest.mark.parametrize("code", ["unknown_key", "value_rule"])
def test_a_correction_that_failed_is_not_signed_again(office: Office, code: str) -> None:
    rewrite(office, "issues", issues(solved=9))
    state = DeliveryState.REJECTED if code == "value_rule" else DeliveryState.REFUSED
    failed = office.journal.observe(office.spool(prospect_of(office, PROCESSES)), state, code=code)

    again = prospect_of(office, PROCESSES)

    assert (again.decision, again.record) == (Decision.RESEND, failed)


def test_a_correction_of_a_closed_period_is_held_until_it_is_asked_for(office: Office) -> None:
    rewrite(office, "issues", issues(solved=9))
    refused = office.spool(prospect_of(office, PROCESSES))
    office.journal.observe(refused, DeliveryState.REFUSED, code="period_closed")

    held = prospect_of(office, PROCESSES)
    asked = next(p for p in office.prospects(redeliver=True) if p.slot == PROCESSES)

    assert held.decision is Decision.HELD
    assert held.problem is not None
    assert "hat den Zeitraum geschlossen" in held.problem.detail.de
    assert (asked.decision, asked.record) == (
        Decision.RESEND,
        office.journal.delivery(refused.statement_id),
    )


def test_a_correction_waits_for_the_decision_about_what_it_corrects(office: Office) -> None:
    rewrite(office, "issues", issues(solved=9))
    office.spool(prospect_of(office, PROCESSES))
    rewrite(office, "issues", issues(solved=12))

    waiting = prospect_of(office, PROCESSES)

    assert waiting.decision is Decision.HELD
    assert waiting.problem is not None
    assert waiting.problem.code == "correction_held"
    assert "noch nicht entschieden" in waiting.problem.detail.de


def test_what_a_rule_looks_at_is_held(office: Office) -> None:
    rewrite(office, "issues", [*issues(), "I900;Gewaltschutz;erkannt;05.02.2025"])

    held = prospect_of(office, PROCESSES)

    assert held.decision is Decision.HELD
    assert held.problem is not None
    assert held.problem.code == "correction_held"
    assert "davon schützt die Geheimhaltung" in held.problem.detail.de


@pytest.mark.parametrize(
    ("slot", "change"),
    [
        (Slot(AREA, "STAFFING", QUARTER), "posts"),
        (Slot(AREA, "CASES", QUARTER), "cases"),
        (Slot(AREA, "PERSONS", QUARTER), "cases"),
    ],
)
def test_persons_and_posts_are_held_with_the_number_of_cells(office: Office, slot: Slot, change: str) -> None:
    if change == "posts":
        rewrite(office, "posts", posts(filled="0,9"))
    else:
        late = some_cases(90).splitlines()[1].replace("F1;", "F900;").replace("P1;", "P900;")
        office.home.write_cases(some_cases(90, extra=[late]))

    held = prospect_of(office, slot)

    assert held.decision is Decision.HELD
    assert held.problem is not None
    assert str(held.changed_cells) in held.problem.detail.de


def late_case(office: Office) -> None:
    late = some_cases(90).splitlines()[1].replace("F1;", "F900;").replace("P1;", "P900;")
    office.home.write_cases(some_cases(90, extra=[late]))


def decide(office: Office, option: CorrectionOption, prospect: Prospect, **changes: object) -> None:
    assert prospect.offer is not None
    choice = CorrectionChoice(
        area=AREA,
        dataset="CASES",
        period=str(QUARTER),
        option=option,
        until=None,
        figures=office.journal.fingerprint(to_bytes(office.figures().tables[prospect.slot])),
        further_cells=prospect.offer.further,
        decided_by="A. Muster",
        at="2026-10-09T08:15:00Z",
    )
    office.journal.choices.add(replace(choice, **changes))


CASES = Slot(AREA, "CASES", QUARTER)


def test_a_correction_by_one_case_is_offered_with_its_cost(office: Office) -> None:
    late_case(office)

    held = prospect_of(office, CASES)

    assert (held.decision, held.draft) == (Decision.HELD, None)
    assert held.offer is not None
    assert held.offer.further >= held.offer.totals > 0
    assert held.offer.revision_date == date(2027, 7, 1)
    assert held.problem is not None
    assert f"Dann würden {held.offer.further} veröffentlichte Zellen gesperrt" in held.problem.detail.de
    assert f"then {held.offer.further} published cells would be withheld" in held.problem.detail.en


def test_whoever_chooses_to_publish_coarser_gets_exactly_that(office: Office) -> None:
    late_case(office)
    held = prospect_of(office, CASES)
    decide(office, CorrectionOption.COARSER, held)

    chosen = prospect_of(office, CASES)

    assert chosen.decision is Decision.SIGN
    assert chosen.draft is not None
    assert chosen.record is not None
    assert held.offer is not None
    before = to_mask(office.journal.true_figures(chosen.record).withheld_mask)
    assert int((chosen.draft.withheld & ~before).sum()) == held.offer.further
    assert chosen.draft.report.verdict.value == "safe"
    assert "correction" in chosen.draft.reasons.values()
    office.journal.observe(office.spool(chosen), DeliveryState.ACCEPTED)
    assert prospect_of(office, CASES).decision is Decision.RESEND


def test_a_choice_is_about_these_figures_and_this_cost(office: Office) -> None:
    late_case(office)
    held = prospect_of(office, CASES)
    decide(office, CorrectionOption.COARSER, held, further_cells=0)
    assert prospect_of(office, CASES).decision is Decision.HELD
    decide(office, CorrectionOption.COARSER, held, figures="0" * 64)
    assert prospect_of(office, CASES).decision is Decision.HELD


def test_what_is_collected_waits_for_its_day(office: Office) -> None:
    late_case(office)
    held = prospect_of(office, CASES)
    decide(office, CorrectionOption.HOLD, held, figures=None, further_cells=0, until="2026-12-01")
    waiting = prospect_of(office, CASES)
    assert waiting.decision is Decision.HELD
    assert waiting.problem is not None
    assert "bis zum 01.12.2026 zu sammeln" in waiting.problem.detail.de
    decide(office, CorrectionOption.HOLD, held, figures=None, further_cells=0, until="2026-10-09")
    assert prospect_of(office, CASES).decision is Decision.SIGN


def test_decisions_are_history(office: Office) -> None:
    late_case(office)
    held = prospect_of(office, CASES)
    decide(office, CorrectionOption.HOLD, held, figures=None, until="2026-12-01")
    decide(office, CorrectionOption.COARSER, held)
    assert [choice.option.value for choice in office.journal.choices.all()] == ["coarser", "hold"]
    for statement in ("DELETE FROM correction_choice", "UPDATE correction_choice SET option = 'hold'"):
        with pytest.raises(sqlite3.IntegrityError):
            office.journal._connection.execute(statement)


def test_the_command_shows_costs_and_writes_decisions_down(office: Office) -> None:
    late_case(office)
    config = office.home.config

    shown = json.loads(invoke("corrections", "--config", config, "--json").output)["corrections"]
    nobody = invoke("corrections", "--config", config, "--hold", "CASES:2026-Q1")
    unknown = invoke("corrections", "--config", config, "--hold", "CASES:2024-Q1", "--by", "A. Muster")
    done = invoke("corrections", "--config", config, "--coarser", "CASES:2026-Q1", "--by", " A.  Muster ")

    cases = next(entry for entry in shown if entry["dataset"] == "CASES")
    assert cases["further_cells"] > 0
    assert cases["choice"] is None
    assert {entry["dataset"] for entry in shown} >= {"CASES", "PERSONS"}
    assert nobody.exit_code != 0
    assert "--by" in nobody.output
    assert unknown.exit_code != 0
    assert "CASES:2026-Q1" in unknown.output
    assert done.exit_code == 0, done.output
    assert "gröber mit dem nächsten submit (A. Muster)" in done.output
    again = json.loads(invoke("corrections", "--config", config, "--json").output)["corrections"]
    assert {entry["dataset"] for entry in again} == {entry["dataset"] for entry in shown} - {"CASES"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--coarser", "CASES:2026-Q1", "--hold", "CASES:2026-Q1"], "entweder --hold oder --coarser"),
        (["--coarser", "CASES:2026-Q1", "--until", "2099-07-01"], "--hold fehlt"),
        # A wrong year: it would be published with the next submit, and never taken back.
        (["--hold", "CASES:2026-Q1", "--until", "2025-07-01"], "Der 01.07.2025 ist vorbei"),
        (["--hold", "CASES:2026-Q1", "--until", "today"], "ist vorbei oder heute"),
    ],
)
def test_nobody_decides_what_nobody_can_mean(office: Office, words: list[str], said: str) -> None:
    late_case(office)
    today = local(SystemClock().now()).date().isoformat()
    words = [today if word == "today" else word for word in words]
    result = invoke("corrections", "--config", office.home.config, *words, "--by", "A. Muster")
    assert result.exit_code == PROBLEMS["bad_request"].exit_code
    assert said in result.output
    assert office.journal.choices.all() == ()


def without_issues(text: str) -> str:
    start, end = text.index("[sources.issues]"), text.index("[sources.decisions]")
    return text[:start] + text[end:]


def test_a_register_that_is_gone_takes_nothing_back(office: Office) -> None:
    text = office.home.config.read_text(encoding="utf-8")
    office.home.config.write_text(without_issues(text), encoding="utf-8")
    office = Office(office.home, office.journal)

    held = prospect_of(office, PROCESSES)

    assert held.decision is Decision.HELD
    assert held.problem is not None


def test_a_register_that_is_new_adds_to_what_was_delivered(tmp_path: Path) -> None:
    home = whole_node(tmp_path, periods="2026-Q1..2026-Q1")
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text(without_issues(text), encoding="utf-8")
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        Office(home, journal).deliver_all(DeliveryState.ACCEPTED)
        home.config.write_text(text, encoding="utf-8")

        added = prospect_of(Office(home, journal), PROCESSES)

        assert added.decision is Decision.SIGN
        assert added.draft is not None
        assert added.record is not None
        assert added.draft.statement.revision == 2
        assert (added.draft.statement.reason or "").startswith("Ergänzung von")
        entry = journal.true_figures(added.record)
        before, pattern = to_tabulation(entry.figures), to_mask(entry.withheld_mask)
        # What was published keeps its figures and its pattern; what is new is protected by its own rules.
        assert np.array_equal(added.draft.withheld[before.collected], pattern[before.collected])
        assert added.draft.table.collected.sum() > before.collected.sum()
        assert added.draft.report.linked >= 1


def test_breaks_of_series_are_signed_for_every_dataflow_of_the_period(tmp_path: Path) -> None:
    home = whole_node(tmp_path, periods="2025-Q1..2026-Q1")
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text(text + '\n[breaks]\n"2025-Q3" = "Umstellung der Software"\n', encoding="utf-8")
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        office = Office(home, journal)
        said = {}
        for prospect in office.prospects():
            record = office.spool(prospect)
            statement = parse_statement(parse_envelope(journal.envelope(record)).payload)
            said[str(prospect.period), prospect.dataset_id] = statement.series_break

    assert {key for key, text in said.items() if text == "Umstellung der Software"} == {
        ("2025-Q3", dataset) for dataset in ("CASES", "PERSONS", "STAFFING", "PROCESSES")
    }
    assert {key for key, text in said.items() if text == "2025-Q3: Umstellung der Software"} == {
        ("2025", "PERSONS"),
        ("2025", "FUNDS"),
    }
