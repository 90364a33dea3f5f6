"""What the hub's own audit holds back is let go by two people, once there are accounts (ADR 0024)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.domain.ids import SubmissionId
from hub.domain.rights import Role
from hub.domain.states import AuditVerdict
from hub.services.intake.verification import verify
from hub.services.people.accounts import disable_person
from hub.services.review.confirming import confirm
from hub.store.records import Finding, Voice
from protocol.catalogue import AUDIT_RULE
from protocol.errors import KimError
from protocol.problems import PROBLEMS
from protocol.transparency.events import EventKind
from tests.factories.log_checks import logged
from tests.factories.office import Browser, Office, office
from tests.factories.running_hub import lasting_sandbox

REASON, OTHER_REASON = "Rückfrage: Personen wechselten", "Mit dem Gebiet <durchgesehen>"
PAGE = "/arbeit/befunde"


@dataclass
class Held:
    """A hub with accounts and one delivery that its audit holds back."""

    office: Office
    id: SubmissionId

    @property
    def address(self) -> str:
        return f"{PAGE}/{self.id}/{AUDIT_RULE}"

    def is_asked_on(self, page: str) -> bool:
        """Whether a page has a form for it."""
        return f'action="{self.address}' in page

    @property
    def audit(self) -> AuditVerdict | None:
        with self.office.desk.database.read() as unit:
            found = unit.submissions.get(self.id)
        assert found is not None
        return found.audit

    @property
    def voice(self) -> Voice | None:
        with self.office.desk.database.read() as unit:
            return unit.findings.voice(self.id, AUDIT_RULE)

    def in_the_log(self) -> list[EventKind]:
        events = logged(self.office.running.hub.context)
        return [event.kind for event in events if event.id == f"finding/{self.id}"]

    def confirm(self, actor: str, reason: str = REASON) -> bool:
        """Confirm; whether it waits for a second person."""
        return confirm(self.office.running.hub.context, self.id, AUDIT_RULE, reason=reason, actor=actor).waits

    def refused(self, actor: str) -> str:
        with pytest.raises(KimError) as caught:
            self.confirm(actor)
        return caught.value.code

    def command(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        home = str(self.office.running.hub.settings.home)
        name, *rest = arguments
        done = CliRunner().invoke(main, [name, "--home", home, *rest, "--json"])
        assert done.exit_code == expect, done.output
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    with office(tmp_path, sandbox=lasting_sandbox()) as made:
        context = made.running.hub.context
        # One clock for hub and commands: times in the log never go back.
        monkeypatch.setattr("hub.wiring.clock_on", lambda *_: made.clock)
        sender = made.running.sender()
        parcel = sender.parcel()
        assert sender.send(parcel).status_code == 202
        identity = SubmissionId(parcel.id)
        verify(context, identity)
        _hold(made, identity, Finding(AUDIT_RULE, 2, (3, 4)))
        yield Held(made, identity)


def _hold(made: Office, identity: SubmissionId, *findings: Finding) -> None:
    """Let the audit have found something: what it finds, and when, is the matter of `test_hub_audit`."""
    with made.desk.database.write() as unit:
        unit.findings.replace(identity, findings, at=made.clock.now())
        unit.submissions.set_audit(identity, AuditVerdict.OPEN)


def _confirm(browser: Browser, held: Held, reason: str) -> tuple[int, str]:
    answer = browser.post(held.address, form=PAGE, reason=reason)
    return answer.status_code, html.unescape(answer.text)


def test_two_people_of_the_ministry_let_a_delivery_go(held: Held) -> None:
    anna, bela = held.office.member(Role.MINISTRY, "anna"), held.office.member(Role.MINISTRY, "bela")

    before = html.unescape(anna.get(PAGE).text)
    assert "Noch hat niemand bestätigt." in before
    assert "Als erste Person bestätigen" in before
    status, text = _confirm(anna, held, REASON)

    # Noted, and nothing has changed; who was first is shown to others and asked no more.
    assert (status, "eine zweite Person muss ebenfalls bestätigen." in text) == (200, True)
    assert (held.audit, held.voice, held.in_the_log()) == (AuditVerdict.OPEN, Voice("anna", REASON), [])
    assert not held.is_asked_on(anna.get(PAGE).text)
    shown = html.unescape(bela.get(PAGE).text)
    assert f"1 von 2: Person anna (anna) hat bestätigt: „{REASON}“. Es fehlt eine zweite Person." in shown
    assert f"1 von 2: Sie haben bestätigt: „{REASON}“." in html.unescape(anna.get(PAGE).text)
    assert held.is_asked_on(shown)
    assert "Als zweite Person bestätigen und freigeben" in shown
    assert "Person anna (anna) has confirmed" in bela.get(f"{PAGE}?lang=en").text

    status, text = _confirm(bela, held, OTHER_REASON)

    assert (status, "ist bestätigt. Die Lieferung zählt jetzt." in text, held.is_asked_on(text)) == (
        200,
        True,
        False,
    )
    assert (held.audit, held.in_the_log()) == (AuditVerdict.CONFIRMED, [EventKind.FINDING_CONFIRMED])
    assert held.office.events("finding.") == [
        ("anna", "finding.first_confirmed", held.id),
        ("bela", "finding.confirmed", held.id),
    ]


def test_the_page_that_answers_a_form_leads_on_as_a_page_does(held: Held) -> None:
    anna = held.office.member(Role.MINISTRY, "anna")
    _, text = _confirm(anna, held, REASON)
    assert re.findall(r'<a class="language" href="([^"]+)"', text) == [f"{PAGE}?lang=en"]
    assert f'href="{PAGE}" aria-current="page"' in text


def test_a_reason_of_the_first_person_cannot_write_into_the_page(held: Held) -> None:
    anna, bela = held.office.member(Role.MINISTRY, "anna"), held.office.member(Role.MINISTRY, "bela")
    _confirm(anna, held, OTHER_REASON)
    assert "<durchgesehen>" not in bela.get(PAGE).text
    assert "&lt;durchgesehen&gt;" in bela.get(PAGE).text


def test_one_person_is_not_two(held: Held) -> None:
    anna = held.office.member(Role.MINISTRY, "anna")
    again = held.office.browser()
    again.accept(held.office.invite("anna-2", Role.MINISTRY, name="person  ANNA"))
    _confirm(anna, held, REASON)
    for browser in (anna, again):
        status, text = _confirm(browser, held, OTHER_REASON)
        assert (status, "Diese Person hat schon bestätigt; es fehlt eine zweite." in text) == (403, True)
    assert (held.audit, held.voice) == (AuditVerdict.OPEN, Voice("anna", REASON))


def test_a_voice_of_who_may_no_longer_confirm_is_none(held: Held) -> None:
    for login in ("anna", "bela", "cora"):
        held.office.invite(login, Role.MINISTRY)
    assert held.confirm("anna")
    disable_person(held.office.desk, "anna", actor="operator")
    assert held.confirm("bela")
    assert (held.audit, held.voice) == (AuditVerdict.OPEN, Voice("bela", REASON))
    assert not held.confirm("cora")
    assert held.audit is AuditVerdict.CONFIRMED


def test_the_page_shows_no_voice_that_does_not_count(held: Held) -> None:
    bela = held.office.member(Role.MINISTRY, "bela")
    held.office.invite("anna", Role.MINISTRY)
    assert held.confirm("anna")
    disable_person(held.office.desk, "anna", actor="operator")
    shown = html.unescape(bela.get(PAGE).text)
    assert "Noch hat niemand bestätigt." in shown
    assert "Als erste Person bestätigen" in shown
    (listed,) = held.command("status")["confirm"]
    assert listed["first"] is None


def test_who_reads_only_sees_who_has_confirmed_and_no_form(held: Held) -> None:
    held.office.invite("anna", Role.MINISTRY)
    assert held.confirm("anna")
    shown = html.unescape(held.office.member(Role.AUDITOR).get(PAGE).text)
    assert "bestätigen kann nur das Ministerium." in shown
    assert "1 von 2: Person anna (anna) hat bestätigt" in shown
    assert not held.is_asked_on(shown)
    assert (
        "bestätigen kann nur das Ministerium." not in held.office.member(Role.MINISTRY, "bela").get(PAGE).text
    )


def test_on_a_test_bench_one_button_lets_it_go(held: Held) -> None:
    page = html.unescape(held.office.browser().get(PAGE).text)
    assert "Bestätigen und freigeben" in page
    assert "Noch hat niemand bestätigt." not in page


def test_what_is_held_back_is_counted_apart_from_what_counts(held: Held) -> None:
    (place,) = (one for one in held.command("status")["deliveries"] if one["accepted"] or one["held"])
    assert (place["accepted"], place["held"], place["missing"]) == (0, ["NW05111"], [])
    home = str(held.office.running.hub.settings.home)
    for language, words in (
        ("de", "0 angenommen, 1 zurückgestellt\n"),
        ("en", "0 accepted, 1 held back\n"),
    ):
        told = CliRunner().invoke(main, ["status", "--home", home, "--lang", language]).stdout
        assert f"{place['period']:8}{place['dataset']:10} {words}" in told
        assert f"{words.split(' ', 3)[3].strip()}: NW05111" in told
    anna = held.office.member(Role.MINISTRY, "anna")
    assert "offen, 1 zurückgestellt" in html.unescape(anna.get("/arbeit/zeitraeume").text)
    asked = html.unescape(anna.get(f"/arbeit/zeitraeume/{place['dataset']}/{place['period']}").text)
    assert "Zurückgestellt: Düsseldorf (NW05111)." in asked
    state = html.unescape(anna.get("/arbeit/gebiete/NW05111").text)
    assert "angenommen, zurückgestellt" in state
    assert held.confirm("anna")
    held.office.invite("bela", Role.MINISTRY)
    assert not held.confirm("bela")
    (place,) = (one for one in held.command("status")["deliveries"] if one["accepted"])
    assert (place["accepted"], place["held"]) == (1, [])


def test_closing_asks_about_what_is_held_back(held: Held) -> None:
    (place,) = (one for one in held.command("status")["deliveries"] if one["held"])
    refused = held.command("close", place["period"], expect=PROBLEMS["deliveries_missing"].exit_code)
    assert "NW05111 (zurückgestellt)" in json.dumps(refused, ensure_ascii=False)
    assert "NW05111 (held back)" in json.dumps(refused, ensure_ascii=False)


def test_whoever_may_not_confirm_is_no_second_person(held: Held) -> None:
    for role in Role:
        held.office.invite(role.value, role)
    assert held.confirm("ministry")
    for other in (*(role.value for role in Role if role is not Role.MINISTRY), "operator", "nobody"):
        assert held.refused(other) == "forbidden", other
    assert held.audit is AuditVerdict.OPEN


def test_a_voice_is_about_these_cells_only(held: Held) -> None:
    for login in ("anna", "bela"):
        held.office.invite(login, Role.MINISTRY)
    assert held.confirm("anna")
    _hold(held.office, held.id, Finding(AUDIT_RULE, 2, (3, 4)))
    assert held.voice == Voice("anna", REASON)
    _hold(held.office, held.id, Finding(AUDIT_RULE, 3, (3, 4, 5)))
    assert held.voice is None
    assert held.confirm("bela")


def test_what_merely_does_not_fit_is_confirmed_by_one(held: Held) -> None:
    _hold(held.office, held.id, Finding("V_FLOW", 1, (7,)))
    anna = held.office.member(Role.MINISTRY, "anna")
    answer = anna.post(f"{PAGE}/{held.id}/V_FLOW", form=PAGE, reason=REASON)
    assert "ist bestätigt." in answer.text
    assert held.office.events("finding.") == [("anna", "finding.confirmed", held.id)]


def test_without_accounts_whoever_sits_at_the_machine_is_enough(held: Held) -> None:
    done = held.command("confirm", held.id, AUDIT_RULE, "--reason", REASON)
    assert (done["waits"], held.audit) == (False, AuditVerdict.CONFIRMED)


def test_on_the_command_line_two_accounts_are_named(held: Held) -> None:
    for login in ("anna", "bela"):
        held.office.invite(login, Role.MINISTRY)
    command = ("confirm", held.id, AUDIT_RULE, "--reason", REASON)
    refused = held.command(*command, expect=PROBLEMS["forbidden"].exit_code)
    assert "--by" in refused["remedy"]
    assert held.command(*command, "--by", "Anna")["waits"] is True
    (shown,) = held.command("status")["confirm"]
    assert shown["first"] == {"login": "anna", "reason": REASON}
    said = CliRunner().invoke(main, ["status", "--home", str(held.office.running.hub.settings.home)]).stdout
    assert f"anna bestätigt: {REASON}" in said
    assert f"kim-hub confirm {held.id} {AUDIT_RULE} --reason … --by LOGIN" in said
    held.command(*command, "--by", "anna", expect=PROBLEMS["second_person_required"].exit_code)
    assert held.command(*command, "--by", "bela")["waits"] is False
    assert held.command("status")["confirm"] == []
