"""Accounts: the command, the page, two officers who are two people, and everything that happens at once."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from hub.cli import main
from hub.domain.rights import Role
from hub.services.people.accounts import (
    NewPerson,
    add_person,
    disable_person,
    reset_person,
)
from hub.services.people.passwords import Passwords
from hub.services.people.second_factor import give_code
from hub.services.people.signing_in import choose_password, sign_in
from hub.store.models import login_attempt
from protocol.errors import KimError
from tests.factories.office import OWN, PASSWORD, Office, code_of, office


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def _kim_hub(home: Path, *words: str, expect: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(main, ["people", *words, "--home", str(home), "--json"])
    assert done.exit_code == expect, done.output
    return json.loads(done.stdout.splitlines()[0])


# ------------------------------------------------------------------------------------- the command


def test_the_command_makes_lists_disables_and_resets(hub: Office) -> None:
    home = hub.desk.settings.home
    made = _kim_hub(home, "add", "Anna", "--name", "Anna Beispiel", "--role", "ministry")
    assert made["login"] == "anna"
    assert made["link"].startswith("http://127.0.0.1:8000/einladung/")
    assert (
        _kim_hub(home, "add", "anna", "--name", "A", "--role", "auditor", expect=73)["code"]
        == "already_exists"
    )
    own = ("--role", "municipality", "--area", OWN)
    assert _kim_hub(home, "add", "koeln", "--name", "Köln", *own)["areas"] == [OWN]
    for wrong in (("--role", "municipality"), ("--role", "auditor", "--area", OWN)):
        assert _kim_hub(home, "add", "x1", "--name", "X", *wrong, expect=64)["code"] == "bad_request"
    unknown = ("--role", "municipality", "--area", "NW99999")
    assert _kim_hub(home, "add", "x1", "--name", "X", *unknown, expect=66)["code"] == "unknown_area"
    listed = {person["login"]: person["active"] for person in _kim_hub(home, "list")["people"]}
    assert listed == {"anna": True, "koeln": True}
    browser = hub.browser()
    path = made["link"].removeprefix("http://127.0.0.1:8000")
    assert browser.accept(path).location == "/arbeit"
    assert _kim_hub(home, "disable", "anna")["active"] is False
    assert browser.get("/arbeit").status_code == 303
    link = _kim_hub(home, "reset", "anna", "--second-factor")["link"]
    assert hub.browser().accept(link.removeprefix("http://127.0.0.1:8000")).location == "/arbeit"
    assert _kim_hub(home, "reset", "nobody", expect=66)["code"] == "not_found"
    actions = [event for event in hub.events("person.") if event[0] == "operator"]
    assert [action for _, action, _ in actions] == [
        "person.added",
        "person.added",
        "person.disabled",
        "person.reset",
    ]


def test_the_command_speaks_to_people_and_shows_the_link_once(hub: Office) -> None:
    home = str(hub.desk.settings.home)
    words = ["people", "add", "anna", "--name", "Anna", "--role", "auditor", "--home", home, "--lang", "de"]
    done = CliRunner().invoke(main, words)
    assert "Nur der Person selbst geben:" in done.stdout
    token = done.stdout.rpartition("/")[2].strip()
    listed = CliRunner().invoke(main, ["people", "list", "--home", home, "--lang", "de"]).stdout
    assert "anna" in listed
    assert "eingeladen" in listed
    assert token not in listed


# ------------------------------------------------------------------------------ two people, two keys


def test_two_officers_are_two_people(hub: Office) -> None:
    hub.invite("otto", Role.OFFICER, name="Otto Muster")
    for name in ("Otto Muster", " otto  MUSTER"):
        with pytest.raises(KimError) as caught:
            hub.invite("otto2", Role.OFFICER, name=name)
        assert caught.value.code == "already_exists"
    hub.invite("otto3", Role.AUDITOR, name="Otto Muster")  # another task is another account
    disable_person(hub.desk, "otto", actor="ada")
    hub.invite("otto2", Role.OFFICER, name="Otto Muster")
    with pytest.raises(KimError) as caught:  # and the first does not come back beside the second
        reset_person(hub.desk, "otto", actor="ada", second_factor=False)
    assert caught.value.code == "already_exists"


def test_the_last_account_that_looks_after_accounts_stays(hub: Office) -> None:
    ada = hub.member(Role.ADMIN, "ada")
    answer = ada.post("/arbeit/konten/ada/sperren", form="/arbeit/konten")
    assert (answer.status_code, "letzte Konto" in answer.text) == (409, True)
    hub.invite("bea", Role.ADMIN, name="Bea")
    assert ada.post("/arbeit/konten/ada/sperren", form="/arbeit/konten").status_code in (200, 303)
    assert ada.get("/arbeit/konten").status_code == 303


def test_the_page_makes_an_account_and_shows_its_link_once(hub: Office) -> None:
    ada = hub.member(Role.ADMIN, "ada")
    fields = {"login": "koeln", "name": "<script>alert(1)</script>", "role": "municipality", "areas": OWN}
    answer = ada.post("/arbeit/konten", form="/arbeit/konten", **fields)
    link = answer.text.partition('<code class="secret">')[2].partition("</code>")[0]
    assert link.startswith("http://localhost/einladung/")
    assert "<script" not in answer.text
    assert link.rpartition("/")[2] not in ada.get("/arbeit/konten").text
    assert hub.browser().accept(link.removeprefix("http://localhost")).location == "/arbeit"
    again = ada.post("/arbeit/konten", form="/arbeit/konten", **fields)
    assert (again.status_code, 'value="koeln"' in again.text) == (409, True)
    for wrong in ({"role": "king"}, {"areas": "NW99999"}, {"login": "hub"}, {"name": ""}):
        changed = {**fields, "login": "other", **wrong}
        assert ada.post("/arbeit/konten", form="/arbeit/konten", **changed).status_code in (400, 404)
    assert hub.events("person.added")[-1] == ("ada", "person.added", "koeln")


# ---------------------------------------------------------------------------------------- at once


def _at_once(act: Callable[[int], object], times: int = 12) -> list[str]:
    def outcome(number: int) -> str:
        try:
            act(number)
        except KimError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(outcome, range(times)))


def test_many_guesses_at_once_are_no_cheaper_than_one_after_the_other(hub: Office) -> None:
    hub.member(Role.MINISTRY, "anna")

    def guess(number: int) -> None:
        sign_in(hub.desk, "anna", f"guess {number}", old=None, device=None, network="192.0.2.1")

    found = _at_once(guess, times=5)
    assert found == ["login_refused"] * 5
    assert _at_once(guess, times=5) == ["login_paused"] * 5


def test_a_flood_of_logins_is_told_to_come_again_and_counted_against_nobody(hub: Office) -> None:
    hub.member(Role.MINISTRY, "anna")
    hub.desk.passwords = Passwords()  # what they cost in earnest
    begun = threading.Barrier(12)

    def flood(number: int) -> None:
        begun.wait()
        sign_in(hub.desk, f"name{number}", "x", old=None, device=None, network=f"192.0.2.{number}")

    found = _at_once(flood)
    assert found.count("busy") >= 1
    assert found.count("login_refused") >= 5
    assert len(found) == found.count("busy") + found.count("login_refused")
    with hub.desk.database.read() as unit:
        counted = unit.connection.execute(sa.select(sa.func.count()).select_from(login_attempt)).scalar_one()
    assert counted == 2 * found.count("login_refused")  # by network and by name


def test_a_code_that_is_used_twice_at_once_is_good_once(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    hub.clock.advance(seconds=30)
    code = code_of(browser.secret, hub.clock)
    with hub.desk.database.read() as unit:
        person = unit.people.by_login("otto")
    assert person

    def use(number: int) -> None:
        give_code(hub.desk, person, code, old=None, device=None, network=f"192.0.2.{number}")

    assert _at_once(use).count("done") == 1


def test_a_one_time_link_that_is_used_twice_at_once_is_good_once(hub: Office) -> None:
    token = hub.invite("anna", Role.MINISTRY).rpartition("/")[2]

    def use(number: int) -> None:
        choose_password(hub.desk, token, f"{PASSWORD} {number}", old=None, device=None)

    assert _at_once(use, times=5) == ["done"] + ["link_expired"] * 4


def test_an_officer_who_is_made_twice_at_once_is_one(hub: Office) -> None:
    wanted = [NewPerson(f"otto{number}", "Otto Muster", Role.OFFICER) for number in range(12)]
    found = _at_once(lambda number: add_person(hub.desk, wanted[number], actor="operator"))
    assert found == ["already_exists"] * 11 + ["done"]


# --------------------------------------------------------------------------------- the audit trail


def test_the_trail_is_filtered_paged_and_exported_without_formulas(hub: Office) -> None:
    auditor = hub.member(Role.AUDITOR, "arif")
    with hub.desk.database.write() as unit:
        for number in range(150):
            unit.audit("test.counted", f"thing {number}", at=hub.clock.now(), actor="operator")
        unit.audit("test.formula", "=1+1", at=hub.clock.now(), actor="operator", detail={"a": "<b>"})
    page = auditor.get("/arbeit/protokoll?action=test.counted").text
    assert page.count('<tr><th scope="row"') == 100
    older = page.partition('<a href="/arbeit/protokoll?')[2].partition('"')[0].replace("&amp;", "&")
    assert "before=" in older
    assert auditor.get(f"/arbeit/protokoll?{older}").text.count('<tr><th scope="row"') == 50
    assert auditor.get("/arbeit/protokoll?actor=nobody").text.count('<tr><th scope="row"') == 0
    assert "<b>" not in auditor.get("/arbeit/protokoll?action=test.formula").text
    day = hub.clock.today().isoformat()
    assert auditor.get(f"/arbeit/protokoll?since={day}&until={day}").text.count('<tr><th scope="row"') == 100
    assert auditor.get("/arbeit/protokoll?since=2027-01-01").text.count('<tr><th scope="row"') == 0
    edges = ("until=9999-12-31", "since=0001-01-01")
    for wrong in ("since=yesterday", "before=x", "before=-1", *edges):
        answer = auditor.get(f"/arbeit/protokoll?{wrong}")
        assert (answer.status_code, "bad_request" in answer.text) == (400, True)
    export = auditor.get("/arbeit/protokoll.csv?action=test.")
    rows = list(csv.reader(io.StringIO(export.text)))
    assert rows[0] == ["id", "at", "actor", "action", "subject", "detail"]
    assert len(rows) == 152
    assert rows[1][4] == "'=1+1"
    assert hub.events("audit.exported") == [("arif", "audit.exported", "csv")]
    everything = list(csv.reader(io.StringIO(auditor.get("/arbeit/protokoll.csv").text)))
    assert len(everything) - 1 == len(hub.events())
