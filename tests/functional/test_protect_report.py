"""The report of `kim-protect` in a real browser: on a desktop, on a phone, on paper, for axe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from tests.factories.protect_files import Office
from tests.functional.test_page_browser import ARGUMENTS, CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="the system has no chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of a report of protection and of an audit that found something."""
    office = Office.at(tmp_path_factory.mktemp("office"))
    assert office.suppress("--report", "safe.html").code == 0
    rows = office.read("out.csv").replace("N2,f,,C", "N2,f,31,F").replace("Nord,f,,C", "Nord,f,33,F")
    office.write("out.csv", rows)
    assert office.audit("--report", "unsafe.html").code == 3
    return {name: (office.folder / f"{name}.html").as_uri() for name in ("safe", "unsafe")}


@pytest.mark.parametrize("name", ["safe", "unsafe"])
def test_axe_finds_nothing(browser: Browser, reports: dict[str, str], name: str) -> None:
    # axe is put into the page as a script, which the page's own policy forbids.
    context = browser.new_context(viewport={"width": 390, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(reports[name])
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": tags})
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["safe", "unsafe"])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, reports: dict[str, str], name: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(reports[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_on_paper_each_language_begins_a_page_and_nothing_is_cut(
    browser: Browser, reports: dict[str, str], tmp_path: Path
) -> None:
    page = browser.new_page()
    page.goto(reports["safe"])
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    breaks = page.evaluate("getComputedStyle(document.querySelector('#en')).breakBefore")
    assert breaks == "page"
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    path = tmp_path / "report.pdf"
    page.pdf(path=str(path), prefer_css_page_size=True)
    assert path.read_bytes().count(b"/Type /Page\n") <= 5
    page.close()
