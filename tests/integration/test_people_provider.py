"""Logging in through a real OpenID Connect provider, and every token it should not be believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.test import TestResponse

from hub.domain.rights import Role
from hub.services.people.accounts import disable_person
from tests.factories.office import Browser, Office, office
from tests.factories.patience import PATIENCE_SECONDS
from tests.servers.provider import CLIENT_ID, CLIENT_SECRET, FAULTS, Provider, running_provider

PUBLIC = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider(f"{PUBLIC}/anmelden/zurueck") as running:
        yield running


@pytest.fixture
def hub(tmp_path: Path, provider: Provider) -> Iterator[Office]:
    secret = tmp_path / "provider.secret"
    secret.write_text(f"{CLIENT_SECRET}\n", encoding="utf-8")
    settings = {
        "public_url": PUBLIC,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_secret_file": str(secret),
    }
    home = tmp_path / "home"
    home.mkdir()
    with office(home, wall_clock=True, **settings) as made:
        yield made


def _through(browser: Browser, start: str) -> TestResponse:
    """Go to the provider and come back, as a browser is sent."""
    there = browser.get(start)
    assert there.status_code == 303, there.text
    answer = requests.get(there.location, allow_redirects=False, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 302, answer.text
    address = urlsplit(answer.headers["Location"])
    return browser.get(f"{address.path}?{address.query}")


def _bound(hub: Office, provider: Provider, login: str, role: Role, sub: str) -> Browser:
    """Bind an account to the provider's, with its one-time link."""
    provider.become(sub)
    browser = hub.browser()
    answer = _through(browser, hub.invite(login, role) + "/ministerium")
    assert answer.status_code == 200, answer.text
    return browser


def test_an_account_is_bound_with_its_link_and_logs_in_by_the_provider_alone(
    hub: Office, provider: Provider
) -> None:
    browser = _bound(hub, provider, "anna", Role.MINISTRY, "subject-1")
    assert browser.get("/arbeit").status_code == 200
    other = hub.browser()
    assert "Mit dem Konto des Ministeriums anmelden" in other.get("/anmelden").text
    answer = _through(other, "/anmelden/ministerium")
    # No redirect: the browser would not send the new Strict cookie along with one that began elsewhere.
    assert (answer.status_code, answer.headers["Refresh"]) == (200, "0; url=/arbeit")
    assert other.get("/arbeit").status_code == 200
    assert ("anna", "person.provider_bound", "anna") in hub.events()
    assert hub.browser().sign_in("anna", "").status_code == 401  # it has no password


def test_the_provider_does_not_replace_the_second_factor(hub: Office, provider: Provider) -> None:
    browser = _bound(hub, provider, "otto", Role.OFFICER, "subject-2")
    assert browser.get("/arbeit/protokoll").location == "/anmelden/faktor"
    browser.enrol()
    other = hub.browser()
    other.secret = browser.secret
    assert _through(other, "/anmelden/ministerium").headers["Refresh"] == "0; url=/anmelden/code"
    assert other.get("/arbeit").location == "/anmelden/code"


def test_a_subject_that_is_bound_to_no_account_does_not_get_in(hub: Office, provider: Provider) -> None:
    _bound(hub, provider, "anna", Role.MINISTRY, "subject-3")
    provider.become("somebody-else")
    stranger = hub.browser()
    assert _through(stranger, "/anmelden/ministerium").status_code == 401
    assert stranger.get("/arbeit").status_code == 303
    disable_person(hub.desk, "anna", actor="operator")
    provider.become("subject-3")
    assert _through(hub.browser(), "/anmelden/ministerium").status_code == 401


def test_one_person_at_the_provider_cannot_be_two_officers(hub: Office, provider: Provider) -> None:
    _bound(hub, provider, "otto", Role.OFFICER, "subject-4")
    link = hub.invite("otto-again", Role.OFFICER, name="Otto Zwei")
    provider.become("subject-4")
    answer = _through(hub.browser(), f"{link}/ministerium")
    assert (answer.status_code, "already_exists" in answer.text) == (409, True)
    assert hub.browser().get(link).status_code == 200  # the link was not used up


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_that_does_not_fit_is_not_believed(hub: Office, provider: Provider, fault: str) -> None:
    _bound(hub, provider, "anna", Role.MINISTRY, "subject-5")
    provider.become("subject-5", fault)
    browser = hub.browser()
    answer = _through(browser, "/anmelden/ministerium")
    assert (answer.status_code, "provider_failed" in answer.text) == (502, True)
    assert browser.get("/arbeit").status_code == 303


def test_an_answer_for_another_browser_or_a_second_time_is_not_taken(hub: Office, provider: Provider) -> None:
    _bound(hub, provider, "anna", Role.MINISTRY, "subject-6")
    victim, attacker = hub.browser(), hub.browser()
    there = attacker.get("/anmelden/ministerium")
    sent = requests.get(there.location, allow_redirects=False, timeout=PATIENCE_SECONDS)
    address = urlsplit(sent.headers["Location"])
    planted = f"{address.path}?{address.query}"
    assert victim.get(planted).status_code == 502  # login CSRF: no flow of its own
    victim.get("/anmelden/ministerium")
    assert victim.get(planted).status_code == 502  # another flow
    assert attacker.get(planted).status_code == 200
    assert attacker.get(planted).status_code == 502  # once
    query = parse_qs(urlsplit(there.location).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid"]


def test_a_flow_ends_after_ten_minutes_and_its_cookie_is_for_the_way_back_only(
    hub: Office, provider: Provider
) -> None:
    _bound(hub, provider, "anna", Role.MINISTRY, "subject-7")
    browser = hub.browser()
    there = browser.get("/anmelden/ministerium")
    (cookie,) = (c for c in there.headers.getlist("Set-Cookie") if c.startswith("kim-flow="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=600" in cookie
    hub.desk.wall.advance(minutes=11)
    sent = requests.get(there.location, allow_redirects=False, timeout=PATIENCE_SECONDS)
    address = urlsplit(sent.headers["Location"])
    assert browser.get(f"{address.path}?{address.query}").status_code == 502


def test_a_provider_that_is_away_is_said_so(hub: Office, provider: Provider, tmp_path: Path) -> None:
    hub.invite("anna", Role.MINISTRY)
    hub.app.extensions["kim.provider"]._issuer = "http://127.0.0.1:9"
    answer = hub.browser().get("/anmelden/ministerium")
    assert (answer.status_code, "provider_failed" in answer.text) == (502, True)


def test_what_the_provider_says_no_to_is_no_login(hub: Office, provider: Provider) -> None:
    browser = hub.browser()
    there = browser.get("/anmelden/ministerium")
    state = parse_qs(urlsplit(there.location).query)["state"][0]
    answer = browser.get(f"/anmelden/zurueck?error=access_denied&state={state}")
    assert answer.status_code == 502
    assert browser.get(f"/anmelden/zurueck?code=x&state={state}&iss=http://127.0.0.1:1").status_code == 502


@pytest.mark.parametrize("state", ["%C3%A4", "%F0%9F%90%87", "%FF%ED%A0%80", "", "%00"])
def test_a_state_that_no_provider_would_send_is_refused_like_any_other(
    hub: Office, provider: Provider, state: str
) -> None:
    browser = hub.browser()
    browser.get("/anmelden/ministerium")
    answer = browser.get(f"/anmelden/zurueck?code=x&state={state}")
    assert (answer.status_code, "provider_failed" in answer.text) == (502, True)
    assert "(state)" in answer.text
    assert browser.get("/arbeit").status_code == 303
