"""The pages in a real browser: without scripts, on a phone, by keyboard, on paper, within contrast limits.

Chromium is the system's own (`/usr/bin/chromium`); nothing is downloaded. The server is the hub's own, on
loopback, with a built database.
"""

import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from hub.serving import make_server
from hub.settings import HubSettings
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.published_hub import app_of, whole_hub

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
FULL = "/indikator/CASES_OPEN?cell=SEX.F-CITIZEN.SY&period=2026-Q2&area=NW05954"
INDICATOR = "/indikator/CASES_OPEN"
EVERY_TEMPLATE = (
    "/",
    FULL,
    "/indikator/PERSONS_SUPPORTED?lang=en&measure=count&period=2025",
    "/indikator/MEDIAN_WAIT?period=2026-Q2&area=NW05315",
    "/indikator/B3_DECISIONS?order=value",
    "/indikator/FUNDS_SPENT",
    "/gebiet/NW05334X002",
    "/gebiet/NW051?lang=en",
    "/lieferungen",
    "/lieferungen?period=2025&lang=en&status=withheld",
    "/daten",
    "/nachweis/CASES_OPEN?period=2025&area=NW051",
    "/nachweis/MEDIAN_WAIT?lang=en&period=2026-Q2",
    "/suche?q=wartezeit",
    "/barrierefreiheit",
    "/lieferungen?period=soon",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="the system has no chromium"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    settings = HubSettings(home=whole_hub().path.parent, port=0)
    server = make_server(app_of(whole_hub()), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="de-DE")
    yield context.new_page()
    context.close()


def test_the_browser_loads_nothing_foreign_and_has_nothing_to_complain_about(
    page: Page, address: str
) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    for query in EVERY_TEMPLATE[:-1]:
        page.goto(address + query, wait_until="networkidle")
    assert complaints == []
    # The browser fetches the icon when it likes.
    loaded = {url.partition("?")[0] for url in requested} - {f"{address}/assets/icon.svg"}
    pages = {address + query.partition("?")[0] for query in EVERY_TEMPLATE}
    assert loaded == pages | {f"{address}/assets/kim.css"}


def test_a_reader_without_scripts_can_choose_a_figure(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name=re.compile("Erstmals begleitete Personen")).first.click()
    page.get_by_label("Gliederung", exact=True).select_option("SEX.F")
    page.get_by_label("Zeitraum").select_option("2026-Q1")
    page.get_by_label("Darstellung").select_option("count")
    page.get_by_label("Vergleichen mit").select_option("NW05315")
    page.get_by_role("button", name="Anzeigen").click()
    assert page.url.endswith("/indikator/PERSONS_NEW?cell=SEX.F&period=2026-Q1&measure=count&area=NW05315")
    assert page.get_by_role(
        "heading", name="Erstmals begleitete Personen – Geschlecht: Weiblich"
    ).is_visible()
    assert page.get_by_role("img", name=re.compile("Köln: Erstmals begleitete Personen")).is_visible()
    page.get_by_label("Kennzahl", exact=True).select_option("FILL_RATE")
    page.get_by_role("button", name="Anzeigen").click()
    assert page.get_by_role("heading", name="Besetzungsquote", level=1).is_visible()
    assert page.url.endswith("/indikator/FILL_RATE?period=2026-Q1&area=NW05315")
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", name="Fill rate", level=1).is_visible()
    context.close()


def test_a_reader_finds_an_area_by_name(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Kennzahl oder Gebiet suchen").fill("Rhein-Sieg-Kreis")
    page.get_by_role("button", name="Suchen").click()
    assert page.get_by_role("heading", name="Rhein-Sieg-Kreis", level=1).is_visible()
    page.get_by_role("link", name="Besetzungsquote").click()
    assert "area=NW05382" in page.url


def test_a_reader_follows_an_area_and_a_category(page: Page, address: str) -> None:
    page.goto(address + INDICATOR + "?period=2026-Q2")
    table = page.get_by_role("region", name=re.compile("Tabelle der 54 Gebiete"))
    assert table.get_by_role("row").count() == 1 + 5 + 54
    table.get_by_role("link", name="Kreis Lippe", exact=True).click()
    assert page.get_by_role("table", name="Zeitreihe Kreis Lippe").is_visible()
    page.get_by_role("table", name=re.compile("^Geschlecht")).get_by_role("link", name="Weiblich").click()
    assert page.get_by_role("heading", name="Laufende Fälle am Stichtag – Geschlecht: Weiblich").is_visible()
    assert "area=NW05766" in page.url


def test_a_click_on_the_map_chooses_an_area_and_the_keyboard_passes_it_by(page: Page, address: str) -> None:
    page.goto(address + INDICATOR + "?period=2026-Q2")
    links = page.locator(".map-links a")
    assert links.count() == 54
    assert all(link.get_attribute("tabindex") == "-1" for link in links.all())
    page.locator("#flaeche-NW05958").scroll_into_view_if_needed()
    shape = page.locator("#flaeche-NW05958").bounding_box()
    page.mouse.click(shape["x"] + shape["width"] / 2, shape["y"] + shape["height"] / 2)
    page.wait_for_url("**area=NW05958*")
    assert "area=NW05958" in page.url


def test_what_a_page_shows_can_be_taken_as_a_file(page: Page, address: str) -> None:
    page.goto(address + FULL)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Excel")).click()
    assert download.value.suggested_filename == "kim-nrw-demo-r2-CASES_OPEN-2026-Q2.xlsx"


def test_the_page_never_scrolls_sideways(page: Page, address: str) -> None:
    for query in EVERY_TEMPLATE:
        page.goto(address + query)
        for width in (1280, 768, 390, 360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (query, width)


def test_wide_tables_scroll_in_a_named_region_that_the_keyboard_reaches(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    for query in EVERY_TEMPLATE:
        page.goto(address + query)
        for region in page.locator(".scroll").all():
            assert region.get_attribute("tabindex") == "0"
            assert region.get_attribute("role") == "region"
            assert region.get_attribute("aria-label")
    page.goto(address + "/lieferungen")
    status = page.locator("#gebiete .scroll")
    assert status.evaluate("e => e.scrollWidth > e.clientWidth")


def test_a_phone_shows_count_and_rate_beside_the_name(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(address + INDICATOR)
    areas = page.locator("#gebiete .scroll")
    assert areas.evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("query", [INDICATOR, FULL])
def test_a_phone_shows_the_figure_on_its_first_screen_and_the_choices_after_it(
    page: Page, address: str, query: str
) -> None:
    page.goto(address + query)
    figure, form = page.locator(".headline-figure").first, page.locator("form.choices")
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        shown, choices = figure.bounding_box(), form.bounding_box()
        assert shown["y"] + shown["height"] <= 844, width
        assert choices["y"] >= shown["y"] + shown["height"], width
    # What is seen first is also reached and read first.
    focused = page.locator(".headline a, form.choices select")
    assert focused.first.get_attribute("href")
    page.set_viewport_size({"width": 390, "height": 844})
    fields = [field.bounding_box() for field in page.locator("form.choices select").all()]
    assert len({field["y"] for field in fields}) < len(fields), "two fields share a row"


def test_names_stay_in_view_while_a_wide_table_scrolls(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(address + "/lieferungen")
    name = page.locator("#gebiete").get_by_role("rowheader", name="Düsseldorf", exact=True)
    before = name.bounding_box()["x"]
    page.locator("#gebiete .scroll").evaluate("e => e.scrollLeft = 200")
    assert name.bounding_box()["x"] == before


def test_the_first_tab_stop_skips_to_the_content_and_shows_its_focus(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Zum Inhalt springen"
    assert skip.bounding_box()["y"] >= 0
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhalt"


@pytest.mark.parametrize("query", EVERY_TEMPLATE)
def test_landmarks_headings_and_tables_tell_the_structure(page: Page, address: str, query: str) -> None:
    page.goto(address + query)
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    levels = [
        int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => e.tagName)")
    ]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in page.locator("table").all():
        assert table.locator("caption").text_content().strip()
        assert table.locator("thead th:not([scope])").count() == 0
        assert table.locator("tbody th:not([scope=row])").count() == 0
    for drawing in page.locator("svg:not([aria-hidden]):not(td svg)").all():
        assert drawing.get_attribute("role") == "img"
        assert drawing.locator("> title").count() == 1
        assert drawing.locator("> desc").count() == 1


def test_withheld_and_missing_areas_differ_by_pattern_not_only_by_colour(page: Page, address: str) -> None:
    page.goto(address + INDICATOR + "?cell=RESIDENCE.DULD&period=2026-Q3")
    fills = {
        css: page.locator(f".shapes path.{css}").first.evaluate("e => getComputedStyle(e).fill")
        for css in ("withheld", "missing")
    }
    assert fills["withheld"].startswith('url("#muster-geheim")')
    assert fills["missing"].startswith('url("#muster-fehlt")')
    assert page.locator(".legend").get_by_text(re.compile("^geheim")).is_visible()
    assert page.locator(".legend").get_by_text(re.compile("^liegt noch nicht vor")).is_visible()


# WCAG 2.1, relative luminance and contrast; large text is 24 px, or 18.66 px and bold.
CONTRAST = """() => {
  const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const found = rgb(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const failures = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest('.unseen, .skip, option, title, desc')) continue;
    const style = getComputedStyle(element);
    const drawn = element.closest('svg') !== null;
    const [one, two] = [luminance(rgb(drawn ? style.fill : style.color)), luminance(ground(element))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) failures.push(text.slice(0, 40) + ' ' + contrast.toFixed(2));
  }
  return failures;
}"""


@pytest.mark.parametrize("query", EVERY_TEMPLATE)
def test_text_stands_out_from_its_ground(page: Page, address: str, query: str) -> None:
    page.goto(address + query)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("query", EVERY_TEMPLATE)
def test_axe_finds_nothing(browser: Browser, address: str, query: str) -> None:
    # axe is put into the page as a script, which the pages' own policy forbids.
    context = browser.new_context(viewport={"width": 390, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(address + query)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": tags})
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []
    context.close()


def test_targets_for_fingers_are_large_enough(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for query in ("/", INDICATOR, "/gebiet/NW05315"):
        page.goto(address + query)
        for control in page.locator("select, button, input[type=search], .pages a, .language, .card a").all():
            box = control.bounding_box()
            assert box["height"] >= 24  # WCAG 2.2, 2.5.8
            assert box["width"] >= 24


def test_on_paper_there_are_figures_and_no_controls(page: Page, address: str) -> None:
    page.goto(address + FULL)
    page.emulate_media(media="print")
    for hidden in (".choices", ".pages", ".language", ".skip"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator("svg[role=img]").first.is_visible()
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", printed)) < 20


def test_a_zoomed_page_keeps_its_text(page: Page, address: str) -> None:
    # 400 % of 1280 px is a viewport of 320 px (WCAG 1.4.10); spacing as in 1.4.12.
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(address + INDICATOR)
    page.evaluate(
        """() => { for (const e of document.querySelectorAll('p, li, a, h1, h2')) {
          e.style.setProperty('line-height', '1.5'); e.style.setProperty('letter-spacing', '.12em');
          e.style.setProperty('word-spacing', '.16em'); } }"""
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
