"""Logging in: passwords, second factors, sessions, guessing, and what of it is written down."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.domain.people import LONGEST_PAUSE, SESSION_IDLE, SESSION_LIFE
from hub.domain.rights import Role
from hub.services.people.accounts import disable_person, reset_person
from hub.web.people.gate import limiter
from tests.factories.office import PASSWORD, Office, code_of, office


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


@pytest.fixture
def dear_hub(tmp_path: Path) -> Iterator[Office]:
    """Passwords cost here what they cost in earnest."""
    with office(tmp_path, dear=True) as made:
        yield made


def test_somebody_chooses_a_password_logs_out_and_in_again(hub: Office) -> None:
    link = hub.invite("anna", Role.MINISTRY)
    browser = hub.browser()
    assert "Person anna" in browser.get(link).text
    assert browser.accept(link).location == "/arbeit"
    assert browser.get("/arbeit").status_code == 200
    assert browser.get(link).status_code == 404  # used
    assert browser.post("/abmelden", form="/daten").location == "/"
    answer = browser.get("/arbeit/befunde")
    assert (answer.status_code, answer.location) == (303, "/anmelden?weiter=%2Farbeit%2Fbefunde")
    assert browser.sign_in("  ANNA ").location == "/arbeit"
    assert browser.get("/arbeit/befunde").status_code == 200


def test_the_login_leads_to_where_somebody_wanted_to_go_and_never_to_another_host(hub: Office) -> None:
    hub.member(Role.MINISTRY, "anna")
    for wish, onward in (
        ("/arbeit/zeitraeume", "/arbeit/zeitraeume"),
        ("//example.org/arbeit", "/arbeit"),
        ("https://example.org/", "/arbeit"),
        ("/arbeit/../../x", "/arbeit"),
        ("/arbeit\\example.org", "/arbeit"),
        ("/arbeit/@example.org", "/arbeit"),
        ("/abmelden", "/arbeit"),
    ):
        browser = hub.browser()
        address = f"/anmelden?weiter={wish}"
        token = browser.token(address)
        answer = browser.client.post(
            address, data={"csrf_token": token, "login": "anna", "password": PASSWORD}
        )
        assert answer.location == onward, wish


def test_an_officer_cannot_do_anything_before_the_second_factor(hub: Office) -> None:
    browser = hub.browser()
    link = hub.invite("otto", Role.OFFICER)
    answer = browser.post(link, form=link, password=PASSWORD, repeated=PASSWORD)
    assert answer.location == "/anmelden/faktor"
    for address in ("/arbeit", "/arbeit/protokoll", "/arbeit/knoten", "/konto"):
        assert browser.get(address).location == "/anmelden/faktor", address
    assert browser.post("/konto/sitzungen", form="/anmelden/faktor").status_code == 401
    assert browser.enrol().status_code == 200
    assert len(browser.codes) == 10
    assert browser.get("/arbeit/protokoll").status_code == 200
    browser.post("/abmelden", form="/daten")
    assert browser.sign_in("otto").location == "/anmelden/code"
    assert browser.get("/arbeit").location == "/anmelden/code"
    assert browser.give_code().location == "/arbeit"
    assert browser.get("/arbeit").status_code == 200


def test_a_code_is_good_once_and_not_before_or_long_after_its_time(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    used = code_of(browser.secret, hub.clock)
    other = hub.browser()
    other.secret = browser.secret
    other.sign_in("otto")
    assert other.give_code(used).status_code == 401  # the code that set it up
    hub.clock.advance(seconds=60)
    stale = code_of(browser.secret, hub.clock)
    hub.clock.advance(seconds=60)
    assert other.give_code(stale).status_code == 401
    fresh = code_of(browser.secret, hub.clock)
    assert other.give_code(fresh).location == "/arbeit"
    third = hub.browser()
    third.sign_in("otto")
    assert third.give_code(fresh).status_code == 401  # replayed within its time
    assert third.give_code("12345").status_code == 401
    assert "code_refused" not in third.get("/anmelden/code").text


def test_a_recovery_code_is_good_once_however_it_is_typed(hub: Office) -> None:
    browser = hub.member(Role.ADMIN, "ada")
    first, second = browser.codes[:2]
    for code, right in ((f" {first.lower()} ", True), (first, False), (second.replace("-", ""), True)):
        other = hub.browser()
        other.sign_in("ada")
        assert (other.give_code(code).location == "/arbeit") is right
    assert "8 Wiederherstellungscodes übrig" in browser.get("/konto").text


def test_new_recovery_codes_need_a_fresh_code_and_end_the_old_ones(hub: Office) -> None:
    browser = hub.member(Role.ADMIN, "ada")
    old = browser.codes[0]
    assert browser.post("/konto/codes", form="/konto", code=browser.codes[1]).status_code == 401
    hub.clock.advance(seconds=30)
    answer = browser.post("/konto/codes", form="/konto", code=code_of(browser.secret, hub.clock))
    assert answer.status_code == 200
    assert old not in answer.text
    other = hub.browser()
    other.sign_in("ada")
    assert other.give_code(old).status_code == 401


def test_a_second_factor_is_not_replaced_by_whoever_has_a_session(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    assert browser.get("/anmelden/faktor").location == "/anmelden"
    assert browser.post("/anmelden/faktor", form="/daten", code="123456").status_code == 403


def test_a_secret_that_somebody_else_has_seen_is_never_the_one_that_is_set_up(hub: Office) -> None:
    """Who has a stolen password sees the page before its owner does, and waits."""
    owner = hub.member(Role.MUNICIPALITY, "mia")
    thief = hub.browser()
    thief.sign_in("mia")
    seen = secret_on(thief.get("/anmelden/faktor").text)
    assert secret_on(thief.get("/anmelden/faktor").text) == seen
    assert owner.enrol().status_code == 200
    assert owner.secret != seen
    later = hub.browser()
    later.sign_in("mia")
    assert later.give_code(code_of(seen, hub.clock)).status_code == 401
    later.secret = owner.secret
    assert later.give_code().status_code == 303


def secret_on(page: str) -> str:
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)
    assert found
    return found[1].replace(" ", "")


def test_a_planted_session_is_worth_nothing_after_the_login(hub: Office) -> None:
    hub.invite("anna", Role.MINISTRY)
    hub.member(Role.MINISTRY, "berta")
    attacker = hub.browser()
    attacker.get("/anmelden")
    planted = attacker.cookie("kim-session")
    victim = hub.browser()
    victim.client.set_cookie("kim-session", planted)
    assert victim.sign_in("berta").location == "/arbeit"
    assert victim.cookie("kim-session") != planted
    assert attacker.get("/arbeit").status_code == 303


def test_the_session_changes_with_every_step_and_the_old_one_ends(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    browser.post("/abmelden", form="/daten")
    seen = [browser.cookie("kim-session")]
    browser.sign_in("otto")
    seen.append(browser.cookie("kim-session"))
    browser.give_code()
    seen.append(browser.cookie("kim-session"))
    assert len(set(seen)) == 3
    old = hub.browser()
    old.client.set_cookie("kim-session", seen[1])
    assert old.get("/arbeit").location == "/anmelden?weiter=%2Farbeit"


def test_the_database_holds_no_token_no_password_and_no_secret(dear_hub: Office) -> None:
    hub = dear_hub
    browser = hub.member(Role.OFFICER, "otto")
    link = hub.invite("anna", Role.MINISTRY)
    session, device = browser.cookie("kim-session"), browser.cookie("kim-device")
    assert session
    assert device
    raw = b"".join(
        path.read_bytes() for path in hub.desk.settings.home.iterdir() if path.name.startswith("hub.sqlite3")
    )
    for secret in (session, device, PASSWORD, browser.secret, link.rpartition("/")[2], *browser.codes):
        assert secret.encode() not in raw
    assert b"$argon2id$v=19$m=65536,t=3,p=4$" in raw
    key = hub.desk.settings.home / "people.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_bytes().strip() not in raw


def test_a_session_ends_without_use_and_in_any_case_in_the_evening(hub: Office) -> None:
    browser = hub.member(Role.MINISTRY)
    hub.clock.advance(seconds=SESSION_IDLE.total_seconds() - 1)
    assert browser.get("/arbeit").status_code == 200
    hub.clock.advance(seconds=SESSION_IDLE.total_seconds() + 1)
    assert browser.get("/arbeit").status_code == 303
    browser.sign_in("ministry")
    began = hub.clock.now()
    while hub.clock.now() - began < SESSION_LIFE:
        assert browser.get("/arbeit").status_code == 200
        hub.clock.advance(minutes=25)
    assert browser.get("/arbeit").status_code == 303


def test_a_login_without_its_second_factor_ends_soon(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    browser.post("/abmelden", form="/daten")
    browser.sign_in("otto")
    hub.clock.advance(minutes=16)
    assert browser.get("/anmelden/code").location == "/anmelden"


def test_a_disabled_account_is_out_at_once_and_looks_like_a_wrong_password(hub: Office) -> None:
    browser = hub.member(Role.MINISTRY, "anna")
    disable_person(hub.desk, "anna", actor="ada")
    assert browser.get("/arbeit").status_code == 303
    right, unknown = hub.browser().sign_in("anna"), hub.browser().sign_in("nobody")
    wrong = hub.browser().sign_in("anna", "something else entirely")
    assert {answer.status_code for answer in (right, wrong, unknown)} == {401}
    assert len({_sentence(answer.text) for answer in (right, wrong, unknown)}) == 1


def _sentence(text: str) -> str:
    return text.partition('role="alert"')[2].partition("</div>")[0]


def test_a_reset_ends_everything_and_the_old_password_too(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    invitation = reset_person(hub.desk, "otto", actor="ada", second_factor=True)
    assert browser.get("/arbeit").status_code == 303
    assert hub.browser().sign_in("otto").status_code == 401
    again = hub.browser()
    assert again.accept(f"/einladung/{invitation.token}", "ein ganz anderes Kennwort").status_code == 200
    assert again.secret != browser.secret
    assert again.get("/arbeit").status_code == 200


def test_a_one_time_link_ends_after_three_days_and_a_newer_one_replaces_it(hub: Office) -> None:
    first = hub.invite("anna", Role.MINISTRY)
    second = f"/einladung/{reset_person(hub.desk, 'anna', actor='ada', second_factor=False).token}"
    assert hub.browser().get(first).status_code == 404
    assert hub.browser().get(second).status_code == 200
    hub.clock.advance(hours=72, seconds=1)
    assert hub.browser().get(second).status_code == 404
    assert hub.browser().get(second + "x").status_code == 404


@pytest.mark.parametrize(
    "weak", ["short", "aaaaaaaaaaaaaaaa", "anna-anna-anna-1", "ANNA steht in der Tür", "xyzabc" * 50]
)
def test_a_weak_password_is_refused_and_the_link_stays_good(hub: Office, weak: str) -> None:
    link = hub.invite("anna", Role.MINISTRY)
    browser = hub.browser()
    answer = browser.post(link, form=link, password=weak, repeated=weak)
    assert answer.status_code == 400
    assert weak not in answer.text
    assert browser.post(link, form=link, password=PASSWORD, repeated=PASSWORD + "x").status_code == 400
    assert browser.accept(link).location == "/arbeit"


def test_a_changed_password_ends_all_other_sessions(hub: Office) -> None:
    browser = hub.member(Role.MINISTRY, "anna")
    other = hub.browser()
    other.sign_in("anna")
    new = "vier kluge Raben am Dach"
    fields = {"password": new, "repeated": new}
    assert browser.post("/konto/kennwort", form="/konto", current="wrong", **fields).status_code == 401
    assert browser.post("/konto/kennwort", form="/konto", current=PASSWORD, **fields).status_code == 200
    assert browser.get("/konto").status_code == 200
    assert other.get("/konto").status_code == 303
    assert hub.browser().sign_in("anna").status_code == 401
    assert hub.browser().sign_in("anna", new).location == "/arbeit"


def test_all_other_sessions_can_be_ended(hub: Office) -> None:
    browser, other = hub.member(Role.MINISTRY, "anna"), hub.browser()
    other.sign_in("anna")
    assert browser.get("/konto").text.count('<tr><th scope="row">') == 2
    assert browser.post("/konto/sitzungen", form="/konto").status_code == 200
    assert other.get("/konto").status_code == 303


# ----------------------------------------------------------------------------------------- guessing


def test_guessing_is_paused_for_known_and_unknown_names_alike(hub: Office) -> None:
    hub.member(Role.MINISTRY, "anna")
    for name in ("anna", "nobody"):
        attacker = hub.browser()
        found = [attacker.sign_in(name, f"guess number {number}").status_code for number in range(7)]
        assert found == [401] * 5 + [429] * 2, name


def test_the_right_password_does_not_help_during_a_pause_and_the_pause_ends_as_it_was_said(
    hub: Office,
) -> None:
    hub.member(Role.MINISTRY, "anna")
    attacker = hub.browser()
    for number in range(5):
        attacker.sign_in("anna", f"guess number {number}")
    assert attacker.sign_in("anna").status_code == 429
    hub.clock.advance(seconds=29)
    assert attacker.sign_in("anna").status_code == 429  # not judged, not counted: the pause does not grow
    hub.clock.advance(seconds=2)
    assert attacker.sign_in("anna").location == "/arbeit"


def test_pauses_grow_to_a_quarter_of_an_hour_and_no_further(hub: Office) -> None:
    hub.member(Role.MINISTRY, "anna")
    attacker, waits = hub.browser(), []
    for number in range(5):
        attacker.sign_in("anna", f"guess number {number}")
    for number in range(8):
        began = hub.clock.now()
        while attacker.sign_in("anna", f"another guess {number}").status_code == 429:
            hub.clock.advance(seconds=15)
            limiter.reset()
        waits.append((hub.clock.now() - began).total_seconds())
    assert waits == sorted(waits)
    assert waits[-1] <= LONGEST_PAUSE.total_seconds() + 15
    assert waits[0] == 30


def test_strangers_cannot_lock_somebody_out_of_the_own_browser(hub: Office) -> None:
    owner = hub.member(Role.MINISTRY, "anna")
    owner.post("/abmelden", form="/daten")
    for number in range(60):  # from many networks, until every stranger has to wait
        stranger = hub.app.test_client()
        page = stranger.get("/anmelden", environ_base={"REMOTE_ADDR": "127.0.0.1"})
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        stranger.post(
            "/anmelden",
            data={"csrf_token": token, "login": "anna", "password": f"guess {number}"},
            environ_base={"REMOTE_ADDR": f"127.0.{number}.1"},
        )
    assert hub.browser().sign_in("anna").status_code == 429
    assert owner.sign_in("anna").location == "/arbeit"
    # and a new browser gets in with a one-time link
    invitation = reset_person(hub.desk, "anna", actor="ada", second_factor=False)
    assert hub.browser().accept(f"/einladung/{invitation.token}").location == "/arbeit"


def test_somebody_elses_browser_is_not_a_known_one(hub: Office) -> None:
    hub.member(Role.MINISTRY, "anna")
    attacker = hub.member(Role.RESEARCHER, "eve")
    attacker.post("/abmelden", form="/daten")
    found = [attacker.sign_in("anna", f"guess number {number}").status_code for number in range(6)]
    assert found[-1] == 429


def test_codes_cannot_be_guessed_either(hub: Office) -> None:
    owner = hub.member(Role.OFFICER, "otto")
    thief = hub.browser()
    thief.sign_in("otto")
    found = [thief.give_code(f"{number:06}").status_code for number in range(6)]
    assert found == [401] * 5 + [429]
    owner.post("/abmelden", form="/daten")
    owner.sign_in("otto")
    assert owner.give_code().location == "/arbeit"


def test_an_unknown_name_takes_as_long_as_a_known_one(dear_hub: Office) -> None:
    hub = dear_hub
    hub.member(Role.MINISTRY, "anna")
    hub.invite("invited", Role.MINISTRY)
    used: dict[str, list[float]] = {"anna": [], "nobody": [], "invited": []}
    hub.browser().sign_in("warm-up")
    for number in range(4):
        for name, times in used.items():
            browser = hub.browser()
            token = browser.token()
            began = time.process_time()
            browser.client.post(
                "/anmelden", data={"csrf_token": token, "login": name, "password": f"guess {number}"}
            )
            times.append(time.process_time() - began)
    known, unknown, invited = (statistics.median(times) for times in used.values())
    assert 0.7 < unknown / known < 1.4
    assert 0.7 < invited / known < 1.4


def test_doors_are_limited_per_address(hub: Office) -> None:
    hub.invite("anna", Role.MINISTRY)
    browser = hub.browser()
    token = browser.token()
    answers = [
        browser.client.post("/anmelden", data={"csrf_token": token, "login": f"name{n}", "password": ""})
        for n in range(61)
    ]
    assert [answer.status_code for answer in answers[:60]] == [401] * 60
    assert answers[60].status_code == 429
    assert "rate_limited" in answers[60].text


# ------------------------------------------------------------------------------------- written down


def test_logins_are_written_down_with_their_actor_and_unknown_names_are_not(hub: Office) -> None:
    browser = hub.member(Role.OFFICER, "otto")
    browser.post("/abmelden", form="/daten")
    hub.browser().sign_in("otto", "a wrong password")
    hub.browser().sign_in("Passw0rd-in-the-wrong-field", "x")
    browser.sign_in("otto")
    browser.give_code("000000")
    browser.give_code()
    assert hub.events() == [
        ("operator", "person.added", "otto"),
        ("otto", "person.password_chosen", "otto"),
        ("otto", "person.second_factor_added", "otto"),
        ("otto", "login.succeeded", "otto"),
        ("anonymous", "login.refused", "otto"),
        ("anonymous", "login.refused", "otto"),
        ("otto", "login.succeeded", "otto"),
    ]


def test_whoever_opens_the_address_of_a_form_again_is_led_to_its_page(hub: Office) -> None:
    browser = hub.browser()
    for address, page in (
        (f"/arbeit/befunde/{'0' * 64}/jump", "/arbeit/befunde"),
        (f"/arbeit/befunde/{'0' * 64}/jump?lang=en", "/arbeit/befunde?lang=en"),
        ("/konto/kennwort", "/konto"),
    ):
        answer = browser.get(address)
        assert (answer.status_code, answer.location) == (303, page)
    # No page stands above this one.
    assert browser.get("/abmelden").status_code == 405
