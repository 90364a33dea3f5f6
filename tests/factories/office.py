"""A hub with accounts, and the browsers of the people who have them: real forms, real cookies, real codes."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2.profiles import CHEAPEST
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.domain.rights import TWO_FACTORS, Role
from hub.doors import limiter
from hub.services.people import EXTENSION, PeopleDesk
from hub.services.people.accounts import NewPerson, add_person
from hub.services.people.passwords import Passwords
from tests.factories.running_hub import FixedClock, RunningHub, running_hub

PASSWORD = "drei zahme Hasen im Flur"
OWN, FOREIGN = "NW05315", "NW05111"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_SECRET = re.compile(r'<code class="secret">([A-Z2-7 ]+)</code>')


def code_of(secret: str, clock: FixedClock) -> str:
    """What an authenticator shows at this moment."""
    key = base64.b32decode(secret)
    return TOTP(key, 6, SHA1(), 30).generate(int(clock.now().timestamp())).decode()


@dataclass
class Browser:
    """Somebody's browser at a hub: follows the forms as a person would."""

    client: FlaskClient
    clock: FixedClock
    secret: str = ""
    codes: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, address: str, **more: object) -> TestResponse:
        return self.client.get(address, headers=self.headers, **more)

    def token(self, address: str = "/anmelden") -> str:
        """The token of a page's forms."""
        found = _TOKEN.search(self.get(address).text)
        assert found, address
        return found[1]

    def post(self, address: str, *, form: str = "", **fields: str) -> TestResponse:
        """Send a form with the token of the page it stands on (`form`, else a page for everybody)."""
        token = self.token(form or self._page())
        return self.client.post(address, data={"csrf_token": token, **fields}, headers=self.headers)

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/anmelden", form="/anmelden", login=login, password=password)

    def give_code(self, code: str = "") -> TestResponse:
        if not code:
            self.clock.advance(seconds=30)  # the next code: none is good twice
            code = code_of(self.secret, self.clock)
        return self.post("/anmelden/code", form="/anmelden/code", code=code)

    def accept(self, link: str, password: str = PASSWORD) -> TestResponse:
        """Choose a password with a one-time link, and set up a second factor where that is asked for."""
        answer = self.post(link, form=link, password=password, repeated=password)
        if answer.location and answer.location.startswith("/anmelden/faktor"):
            answer = self.enrol()
        return answer

    def enrol(self) -> TestResponse:
        """Set up a second factor."""
        found = _SECRET.search(self.get("/anmelden/faktor").text)
        assert found
        self.secret = found[1].replace(" ", "")
        code = code_of(self.secret, self.clock)
        answer = self.post("/anmelden/faktor", form="/anmelden/faktor", code=code)
        self.codes = re.findall(r"<li><code>([A-Z0-9-]+)</code>", answer.text)
        return answer

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return found.value if found else None

    def _page(self) -> str:
        # Who has logged in is led on from the login; every other page then has the form that logs out.
        return "/anmelden" if self.get("/anmelden").status_code == 200 else "/daten"


@dataclass
class Office:
    """A hub with accounts."""

    running: RunningHub
    app: Flask

    @property
    def desk(self) -> PeopleDesk:
        found: PeopleDesk = self.app.extensions[EXTENSION]
        return found

    @property
    def clock(self) -> FixedClock:
        return self.running.clock

    def invite(self, login: str, role: Role, *, name: str = "") -> str:
        """Make an account; gives the path of its one-time link."""
        areas = (OWN,) if role is Role.MUNICIPALITY else ()
        wanted = NewPerson(login, name or f"Person {login}", role, areas)
        return f"/einladung/{add_person(self.desk, wanted, actor='operator').token}"

    def browser(self, **headers: str) -> Browser:
        return Browser(self.app.test_client(), self.clock, headers=headers)

    def member(self, role: Role, login: str = "") -> Browser:
        """A browser in which somebody of this role has logged in."""
        browser = self.browser()
        answer = browser.accept(self.invite(login or role.value, role))
        assert answer.status_code == (200 if role in TWO_FACTORS else 303), answer.text
        return browser

    def events(self, action: str = "") -> list[tuple[str, str, str]]:
        """Actor, action and subject of what happened, oldest first."""
        from hub.store.tables.audit_trail import AuditFilter

        with self.desk.database.read() as unit:
            found = unit.trail.page(AuditFilter(action=action), before=None, limit=1000)
        return [(event.actor, event.action, event.subject) for event in reversed(found)]


@contextmanager
def office(home: Path, *, dear: bool = False, wall_clock: bool = False, **settings: Any) -> Iterator[Office]:
    """Run a hub for people: nothing but the database and the application is started.

    Args:
        home: its folder.
        dear: passwords cost what they cost in earnest; else they are cheap, and everything else is the same.
        wall_clock: begin at the moment it really is, as a provider in another process does.
        settings: of the hub.
    """
    with running_hub(home, start=False, **settings) as running:
        if wall_clock:
            running.clock.moment = dt.datetime.now(dt.UTC)
        made = Office(running, running.client.application)
        limiter.reset()
        if not dear:
            made.desk.passwords = Passwords(CHEAPEST)
        yield made
