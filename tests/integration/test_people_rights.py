"""The authorisation matrix: every route of the application, as everybody, for own, foreign and missing.

The routes come from the URL map, the expectation from the table of rights and from nowhere else, so a route
that is added is walked without being added here. What needs values in its address finds them in `_VALUES`; a
route with a value that is not there fails, and so does one whose rule is not in the table below.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from argon2.profiles import CHEAPEST
from flask import Flask
from werkzeug.routing import Rule

from hub.domain.rights import OPEN, RIGHTS, TWO_FACTORS, Permission, Role, needed_by
from hub.services.people import EXTENSION
from hub.services.people.passwords import Passwords
from hub.web.people.gate import limiter
from tests.factories.office import FOREIGN, OWN, Browser, Office
from tests.factories.published_hub import BuiltHub, app_of, whole_hub
from tests.factories.running_hub import FixedClock

#: What stands behind accounts: rule and method → the permission that this file knows of it.
PROTECTED = {
    ("GET", "/konto"): Permission.ACCOUNT,
    ("POST", "/konto/kennwort"): Permission.ACCOUNT,
    ("POST", "/konto/sitzungen"): Permission.ACCOUNT,
    ("POST", "/konto/codes"): Permission.ACCOUNT,
    ("GET", "/arbeit"): Permission.WORK,
    ("GET", "/arbeit/befunde"): Permission.DELIVERIES_READ,
    ("POST", "/arbeit/befunde/<submission>/<rule>"): Permission.FINDINGS_CONFIRM,
    ("GET", "/arbeit/zeitraeume"): Permission.DELIVERIES_READ,
    ("GET", "/arbeit/zeitraeume/<dataset>/<period>"): Permission.PERIODS_CLOSE,
    ("POST", "/arbeit/zeitraeume/<dataset>/<period>"): Permission.PERIODS_CLOSE,
    ("GET", "/arbeit/gebiete/<region>"): Permission.DELIVERIES_OWN,
    ("GET", "/arbeit/knoten"): Permission.NODES_READ,
    ("POST", "/arbeit/knoten/<node>/<any(sperren, freigeben):act>"): Permission.NODES_SUSPEND,
    ("GET", "/arbeit/protokoll"): Permission.AUDIT_READ,
    ("GET", "/arbeit/protokoll.csv"): Permission.AUDIT_READ,
    ("GET", "/arbeit/konten"): Permission.PEOPLE_MANAGE,
    ("POST", "/arbeit/konten"): Permission.PEOPLE_MANAGE,
    ("POST", "/arbeit/konten/<login>/sperren"): Permission.PEOPLE_MANAGE,
    ("POST", "/arbeit/konten/<login>/zuruecksetzen"): Permission.PEOPLE_MANAGE,
}
#: Everything else is open to everybody, or proven by a signature; what may stand there:
OPEN_PREFIXES = {
    Permission.NODE: ("/v1/",),
    Permission.SIGN_IN: ("/anmelden", "/abmelden", "/einladung/"),
    Permission.PUBLIC: (
        "/api/v1/", "/assets/", "/barrierefreiheit", "/daten", "/extracts/", "/gebiet", "/healthz", "/index.",
        "/indikator", "/lieferungen", "/log/", "/nachweis", "/readyz", "/suche", "/trust/",
    ),
}  # fmt: skip
_VALUES = {
    "submission": "0" * 64, "rule": "V_FLOW", "dataset": "CASES", "period": "2026-Q3", "region": OWN,
    "node": "node-nobody", "act": "sperren", "login": "nobody",
}  # fmt: skip
#: What a page says to somebody who may use it, where the thing itself does not exist or the form is empty.
_REACHED = {200, 303, 400, 404, 401}


@dataclass(frozen=True)
class Route:
    """One method at one address of the application."""

    method: str
    rule: Rule
    permission: Permission | None

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.rule.rule

    def address(self, **values: str) -> str:
        found = {name: {**_VALUES, **values}[name] for name in self.rule.arguments}
        return str(self.rule.build(found)[1])


def _routes(app: Flask) -> list[Route]:
    return [
        Route(method, rule, needed_by(app.view_functions[rule.endpoint]))
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A hub with figures, deliveries and nodes."""
    home = tmp_path_factory.mktemp("rights")
    shutil.copy(whole_hub().path, home / "hub.sqlite3")
    app = app_of(BuiltHub(home / "hub.sqlite3", {}))
    clock = FixedClock()
    app.extensions[EXTENSION].wall = clock
    app.extensions[EXTENSION].passwords = Passwords(CHEAPEST)
    return _Built(app, clock)


class _Built(Office):
    """The same as an office, on a database that was built."""

    def __init__(self, app: Flask, clock: FixedClock) -> None:
        self.app = app
        self._clock = clock

    @property
    def clock(self) -> FixedClock:
        return self._clock


@pytest.fixture(scope="module")
def members(hub: Office) -> dict[Role, Browser]:
    return _signed_in(hub, "")


def _signed_in(hub: Office, suffix: str) -> dict[Role, Browser]:
    """One person of each role; who walks all routes logs out on the way."""
    limiter.reset()
    found = {}
    for role in Role:
        browser = hub.browser()
        browser.accept(hub.invite(role.value + suffix, role))
        found[role] = browser
    return found


def test_the_table_names_every_route_that_needs_an_account_and_no_other(hub: Office) -> None:
    routes = _routes(hub.app)
    protected = {
        route.key: route.permission
        for route in routes
        if route.permission not in OPEN and route.rule.endpoint != "web.static"
    }
    assert protected == PROTECTED
    for route in routes:
        if route.permission in OPEN:
            prefixes = OPEN_PREFIXES[route.permission]
            assert route.rule.rule == "/" or route.rule.rule.startswith(prefixes), route.key


@pytest.mark.parametrize("role", Role)
def test_every_role_reaches_what_the_table_gives_it_and_nothing_else(
    hub: Office, members: dict[Role, Browser], role: Role
) -> None:
    browser = members[role]
    token = browser.token("/konto")
    wrong = []
    for route in _routes(hub.app):
        if route.permission in OPEN or route.permission is None:
            continue
        limiter.reset()
        data = {"csrf_token": token} if route.method == "POST" else None
        answer = browser.client.open(route.address(), method=route.method, data=data)
        may = route.permission in RIGHTS[role]
        reached = answer.status_code in _REACHED and "form_expired" not in answer.text
        if reached != may or (not may and (answer.status_code, "forbidden" in answer.text) != (403, True)):
            wrong.append((role, *route.key, answer.status_code))
    assert wrong == []


def test_without_an_account_nothing_of_it_is_reached(hub: Office, members: dict[Role, Browser]) -> None:
    wrong = []
    stranger = hub.browser()
    token = stranger.token("/anmelden")
    for route in _routes(hub.app):
        if route.permission in OPEN or route.permission is None:
            continue
        data = {"csrf_token": token} if route.method == "POST" else None
        answer = stranger.client.open(route.address(), method=route.method, data=data)
        refused = (
            answer.location.startswith("/anmelden?")
            if route.method == "GET" and answer.location
            else answer.status_code == 401 and "login_required" in answer.text
        )
        if not refused:
            wrong.append((*route.key, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_own_foreign_and_missing_areas(hub: Office, members: dict[Role, Browser], role: Role) -> None:
    expected = {
        Role.MINISTRY: (200, 200, 404),
        Role.AUDITOR: (200, 200, 404),
        Role.MUNICIPALITY: (200, 404, 404),
        Role.OFFICER: (403, 403, 403),
        Role.RESEARCHER: (403, 403, 403),
        Role.ADMIN: (403, 403, 403),
    }[role]
    answers = [members[role].get(f"/arbeit/gebiete/{area}") for area in (OWN, FOREIGN, "NW99999")]
    assert tuple(answer.status_code for answer in answers) == expected
    if role is Role.MUNICIPALITY:
        foreign, missing = (answer.text.replace(FOREIGN, "NW99999") for answer in answers[1:])
        assert _without_tokens(foreign) == _without_tokens(missing)


def _without_tokens(text: str) -> str:
    return "".join(line for line in text.splitlines() if "csrf_token" not in line)


@pytest.mark.parametrize("role", Role)
def test_the_public_pages_are_public_to_everybody(members: dict[Role, Browser], role: Role) -> None:
    for address in ("/", "/lieferungen", "/daten", "/api/v1/indicators", "/healthz", "/log/checkpoint"):
        assert (
            members[role].get(address).status_code
            == members[role].client.application.test_client().get(address).status_code
        )


def test_a_session_opens_nothing_of_the_node_protocol(hub: Office, members: dict[Role, Browser]) -> None:
    for route in _routes(hub.app):
        if route.permission is Permission.NODE and route.method == "GET":
            values = dict.fromkeys(route.rule.arguments, "0" * 64)
            address = str(route.rule.build(values)[1])
            for role in (Role.ADMIN, Role.MINISTRY):
                answer = members[role].get(address)
                assert answer.status_code in (400, 401, 403, 404), (route.key, answer.status_code)


@pytest.mark.parametrize("role", sorted(Role))
def test_an_act_without_the_forms_token_does_nothing(
    hub: Office, members: dict[Role, Browser], role: Role
) -> None:
    others = members[Role.MINISTRY if role is not Role.MINISTRY else Role.AUDITOR]
    foreign_token = others.token("/konto")
    before = hub.events()
    for route in _routes(hub.app):
        if route.method != "POST" or route.permission in (Permission.NODE, None):
            continue
        if route.permission not in OPEN and route.permission not in RIGHTS[role]:
            continue
        address = route.address(token="x" * 43)
        for data in ({}, {"csrf_token": "x"}, {"csrf_token": foreign_token}):
            answer = members[role].client.post(address, data=data)
            assert (answer.status_code, "form_expired" in answer.text) == (400, True), (route.key, data)
    assert hub.events() == before


def test_an_act_from_another_site_does_nothing_even_with_a_token(
    hub: Office, members: dict[Role, Browser]
) -> None:
    browser = members[Role.MINISTRY]
    token = browser.token("/konto")
    for site in ("cross-site", "same-site"):
        answer = browser.client.post(
            "/konto/sitzungen", data={"csrf_token": token}, headers={"Sec-Fetch-Site": site}
        )
        assert (answer.status_code, "form_expired" in answer.text) == (400, True)


def test_a_view_without_a_mark_is_served_to_nobody(hub: Office, members: dict[Role, Browser]) -> None:
    app = app_of(BuiltHub(hub.desk.settings.home / "hub.sqlite3", {}))
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert app.test_client().get("/forgotten").status_code == 403
    ada = app.test_client()
    ada.set_cookie("kim-session", members[Role.ADMIN].cookie("kim-session"))
    assert ada.get("/forgotten").status_code == 403


def test_officers_and_admins_have_two_factors_and_nobody_gets_by_without() -> None:
    assert {Role.OFFICER, Role.ADMIN} == TWO_FACTORS


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    limiter.reset()
    yield
    limiter.reset()


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_behind_an_account_speaks_both_languages_and_keeps_to_it(
    hub: Office, language: str
) -> None:
    members = _signed_in(hub, f"-{language}")
    for route in _routes(hub.app):
        if route.method != "GET" or route.permission in (*OPEN, None) or route.rule.rule.endswith(".csv"):
            continue
        role = next(role for role in Role if route.permission in RIGHTS[role])
        address = route.address() + ("?lang=en" if language == "en" else "")
        answer = members[role].get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Content-Language"] == language
        assert f'<html lang="{language}">' in answer.text
        assert answer.text.count("<h1") == 1
        for action in re.findall(r'<form method="post" action="([^"]+)"', answer.text):
            assert ("lang=en" in action) is (language == "en"), (address, action)
