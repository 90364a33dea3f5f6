"""The pages for people who log in, in a real browser: without scripts, on a phone, for a screen reader."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2.profiles import CHEAPEST
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from hub.domain.rights import Role
from hub.services.people import EXTENSION, PeopleDesk
from hub.services.people.accounts import NewPerson, add_person
from hub.services.people.passwords import Passwords
from hub.serving import make_server
from hub.settings import HubSettings
from hub.store.models import submission, submission_finding
from protocol.catalogue import AUDIT_RULE
from tests.factories.office import OWN, PASSWORD, code_of
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.published_hub import LAST, BuiltHub, app_of, whole_hub
from tests.functional.test_page_browser import ARGUMENTS, CHROMIUM, CONTRAST

WORK = (
    "/arbeit",
    "/arbeit/befunde",
    "/arbeit/zeitraeume",
    "/arbeit/zeitraeume/CASES/2026-Q3?lang=en",
    f"/arbeit/gebiete/{OWN}",
    "/arbeit/knoten",
    "/konto",
)
OFFICE = ("/arbeit/protokoll?lang=en", "/arbeit/knoten")
ADMIN = ("/arbeit/konten", "/konto?lang=en")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="the system has no chromium"),
]


@dataclass
class Served:
    """A listening hub with figures and accounts."""

    address: str
    desk: PeopleDesk

    def invite(self, login: str, role: Role, name: str) -> str:
        areas = (OWN,) if role is Role.MUNICIPALITY else ()
        invitation = add_person(self.desk, NewPerson(login, name, role, areas), actor="operator")
        return f"{self.address}/einladung/{invitation.token}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("people")
    shutil.copy(whole_hub().path, home / "hub.sqlite3")
    _look_at(home / "hub.sqlite3")
    app = app_of(BuiltHub(home / "hub.sqlite3", {}))
    desk: PeopleDesk = app.extensions[EXTENSION]
    desk.passwords = Passwords(CHEAPEST)
    server = make_server(app, HubSettings(home=home, port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.effective_port}", desk)
    server.close()
    thread.join(timeout=PATIENCE_SECONDS)


def _look_at(path: Path) -> None:
    """Let a rule doubt the area's newest cases, and the audit hold back its newest delivery of persons."""
    engine, c = sa.create_engine(f"sqlite:///{path}"), submission.c
    with engine.begin() as connection:
        for dataset, rule in (("CASES", "V_JUMP"), ("PERSONS", AUDIT_RULE)):
            ours = (c.area == OWN, c.dataset == dataset, c.period == str(LAST))
            identity = connection.execute(sa.select(c.id).where(*ours)).scalar_one()
            connection.execute(
                sa.insert(submission_finding).values(
                    submission_id=identity, rule=rule, cells=20, rows=list(range(20))
                )
            )
            if rule == AUDIT_RULE:
                connection.execute(sa.update(submission).where(*ours).values(audit="open"))
    engine.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def members(browser: Browser, served: Served) -> Iterator[dict[Role, Page]]:
    """A page per role in which somebody has logged in, by the forms; no scripts are run."""
    pages = {}
    for role, name in (
        (Role.MINISTRY, "Anna Beispiel"),
        (Role.AUDITOR, "Arif Prüfer"),
        (Role.OFFICER, "Otto Muster"),
        (Role.ADMIN, "Ada Verwaltung"),
        (Role.MUNICIPALITY, "Köln, Stelle für Integration"),
        (Role.RESEARCHER, "<script>alert(1)</script>"),
    ):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="de-DE", java_script_enabled=False
        )
        page = context.new_page()
        page.goto(served.invite(role.value, role, name))
        page.get_by_label("Neues Kennwort", exact=True).fill(PASSWORD)
        page.get_by_label("Neues Kennwort wiederholen").fill(PASSWORD)
        page.get_by_role("button", name="Kennwort wählen").click()
        if role in (Role.OFFICER, Role.ADMIN):
            secret = page.locator("code.secret").inner_text().replace(" ", "")
            page.get_by_label("Code", exact=True).fill(code_of(secret, served.desk.wall))
            page.get_by_role("button", name="Einschalten").click()
            page.get_by_role("link", name="Gesichert, weiter").click()
        assert page.url == f"{served.address}/arbeit"
        pages[role] = page
    yield pages
    for page in pages.values():
        page.context.close()


def test_the_ministry_confirms_a_finding_and_the_auditor_finds_who_did(
    served: Served, members: dict[Role, Page]
) -> None:
    page = members[Role.MINISTRY]
    page.get_by_role("link", name=re.compile("zu bestätigen")).click()
    before = page.get_by_role("button", name="Bestätigen", exact=True).count()
    first = page.get_by_label("Warum die Zahlen stimmen").first
    first.fill("Nachmeldung eines Trägers")
    page.get_by_role("button", name="Bestätigen", exact=True).first.click()
    assert page.get_by_role("status").inner_text().startswith("Erledigt:")
    assert page.get_by_role("button", name="Bestätigen", exact=True).count() == before - 1
    auditor = members[Role.AUDITOR]
    auditor.goto(f"{served.address}/arbeit/protokoll")
    auditor.get_by_label("Wer", exact=True).fill("ministry")
    auditor.get_by_label("Was", exact=True).select_option("finding.confirmed")
    auditor.get_by_role("button", name="Anzeigen").click()
    row = auditor.locator("tbody tr").first
    assert "Nachmeldung eines Trägers" in row.inner_text()
    with auditor.expect_download() as download:
        auditor.get_by_role("link", name=re.compile("als CSV")).click()
    assert "Nachmeldung eines Trägers" in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_municipality_sees_its_own_deliveries_and_nobody_elses(
    served: Served, members: dict[Role, Page]
) -> None:
    page = members[Role.MUNICIPALITY]
    page.goto(f"{served.address}/arbeit")
    page.get_by_role("link", name=re.compile("Köln.*NW05315")).click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Lieferungen: Köln")
    assert page.get_by_role("row").count() > 10
    answer = page.goto(f"{served.address}/arbeit/gebiete/NW05111")
    assert answer.status == 404


def test_a_name_with_a_tag_in_it_is_only_a_name(served: Served, members: dict[Role, Page]) -> None:
    page = members[Role.RESEARCHER]
    page.goto(f"{served.address}/konto")
    assert page.get_by_role("heading", level=1).inner_text() == "<script>alert(1)</script>"
    assert page.locator("script").count() == 0
    members[Role.ADMIN].goto(f"{served.address}/arbeit/konten")
    assert members[Role.ADMIN].locator("script").count() == 0


def _pages(served: Served, members: dict[Role, Page]) -> Iterator[tuple[str, Page]]:
    for role, addresses in ((Role.MINISTRY, WORK), (Role.OFFICER, OFFICE), (Role.ADMIN, ADMIN)):
        for address in addresses:
            yield served.address + address, members[role]


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_scrolls_sideways_or_has_faint_text(
    served: Served, browser: Browser, members: dict[Role, Page], width: int
) -> None:
    for address, member in _pages(served, members):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, storage_state=member.context.storage_state()
        )
        page = context.new_page()
        answer = page.goto(address)
        assert answer.status == 200, address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate(CONTRAST) == [], address
        context.close()


def test_axe_finds_nothing_on_any_page(served: Served, browser: Browser, members: dict[Role, Page]) -> None:
    link = served.invite("neu", Role.OFFICER, "Neue Person")
    found = []
    for address, state in [
        (f"{served.address}/anmelden", None),
        (link, None),
        *((address, member.context.storage_state()) for address, member in _pages(served, members)),
    ]:
        context = browser.new_context(
            viewport={"width": 390, "height": 900}, bypass_csp=True, storage_state=state
        )
        page = context.new_page()
        page.goto(address)
        found += _violations(page)
        context.close()
    assert found == []


def test_axe_finds_nothing_where_a_second_factor_is_set_up_or_something_is_refused(
    served: Served, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(served.invite("zweite", Role.OFFICER, "Zweite Person"))
    page.get_by_label("Neues Kennwort", exact=True).fill(PASSWORD)
    page.get_by_label("Neues Kennwort wiederholen").fill(PASSWORD)
    page.get_by_role("button", name="Kennwort wählen").click()
    assert page.get_by_role("img", name="QR-Code mit dem Schlüssel für die App").is_visible()
    assert _violations(page) == []
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Einschalten").click()
    assert page.get_by_role("alert").is_visible()
    assert _violations(page) == []
    context.close()


def test_what_is_held_back_stands_first_and_asks_for_two_people(
    served: Served, members: dict[Role, Page]
) -> None:
    page = members[Role.MINISTRY]
    page.goto(f"{served.address}/arbeit/befunde")
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings == ["Zurückgestellte Lieferungen", "Zahlen, die nicht passen"]
    page.get_by_label("Was die Rückfrage ergeben hat").fill("Personen wechselten zwischen Gruppen")
    page.get_by_role("button", name="Als erste Person bestätigen").click()
    assert "eine zweite Person muss ebenfalls bestätigen" in page.get_by_role("status").inner_text()
    assert page.get_by_label("Was die Rückfrage ergeben hat").count() == 0
    auditor = members[Role.AUDITOR]
    auditor.goto(f"{served.address}/arbeit/befunde?lang=en")
    assert "1 of 2: Anna Beispiel (ministry) has confirmed" in auditor.locator(".voice").inner_text()
    assert auditor.get_by_role("button", name=re.compile("onfirm")).count() == 0


def _violations(page: Page) -> list[tuple[str, str, str]]:
    found = Axe().run(page, options={"runOnly": TAGS})
    return [(page.url, rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]]
