"""The page through the real application: what it says, what it refuses, what it forbids the browser."""

import html
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jinja2
import pytest
from flask.testing import FlaskClient

from hub.services.statistics.cells import cells_of
from hub.web import rendering
from hub.web.page_query import cell_token
from protocol.catalogue_file import load_catalogue
from protocol.regions import SOURCE_NOTE, SOURCE_URL, reporting_areas
from tests.factories.published_hub import LAST, LATE, app_of, build_empty_hub, shared_hub

INDICATORS = (
    "CASES_OPENED",
    "CASES_CLOSED",
    "CASES_OPEN",
    "CONTACTS_ONEOFF",
    "PERSONS_SUPPORTED",
    "PERSONS_NEW",
)


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return app_of(shared_hub()).test_client()


def text_of(client: FlaskClient, address: str = "/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


class Tags(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags_of(client: FlaskClient, address: str = "/") -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(client.get(address).text)
    return parser.found


# --------------------------------------------------------------------------------------- content


def test_the_page_says_release_catalogue_and_that_the_data_are_generated(client) -> None:
    text = text_of(client)
    assert "Veröffentlichung 2 vom 6. Oktober 2026" in text
    assert f"Katalog {load_catalogue().version}" in text
    assert "Vorführung mit erzeugten Daten" in text


def test_the_state_of_deliveries_counts_areas_and_people(client) -> None:
    text = text_of(client)
    assert "52 von 54 Gebieten haben geliefert, Deckung 97,2\u00a0% der Bevölkerung" in text
    assert "1 fehlt: Kreis Lippe" in text
    assert "1 abgelehnt: Herne" in text
    for area in reporting_areas():
        assert text.count(area.name) >= 2, area.name


def test_a_total_stands_with_its_bounds_and_coverage(client) -> None:
    closed = text_of(client, "/?indicator=CASES_OPEN&cell=RESIDENCE.DULD&period=2026-Q2")
    assert re.search(r"zwischen \d+ und \d+ Fälle am 30\. Juni 2026", closed)
    assert re.search(r"54 von 54 Gebieten; in \d+ Gebieten geheim", closed)
    still_open = text_of(client, f"/?indicator=CASES_OPEN&period={LAST}")
    assert re.search(r"mindestens [\d.]+ Fälle am 30\. September 2026", still_open)
    assert "53 von 54 Gebieten. In den liefernden Gebieten leben 98,1\u00a0% der Bevölkerung" in still_open
    assert "Nach oben offen, weil Lieferungen fehlen: Kreis Lippe." in still_open


def test_distinct_persons_are_explained_where_they_do_not_add_up(client) -> None:
    text = text_of(client, "/?indicator=PERSONS_SUPPORTED&period=2026-Q2")
    assert re.search(r"zwischen [\d.]+ und [\d.]+ Personen im 2\.\u00a0Quartal 2026", text)
    assert "Wer in zwei Gebieten begleitet wurde, zählt in beiden." in text


def test_a_withheld_cell_shows_its_sign_and_no_rate(client) -> None:
    source = client.get("/?indicator=CASES_OPEN&cell=RESIDENCE.DULD&period=2026-Q2").text
    row = re.search(
        r'<a href="[^"]*area=NW05766[^"]*"[^>]*>Kreis Lippe</a></th>(.*?)</tr>', source, re.DOTALL
    )
    signs = re.findall(r'aria-hidden="true">([^<]+)</span><span class="unseen">([^<]+)', row[1])
    assert signs == [(".", "geheim zu halten")] * 2
    assert "<svg" not in row[1]


def test_rates_name_their_population_its_source_and_date(client) -> None:
    text = text_of(client, "/?indicator=CASES_OPEN")
    assert "je 1.000 Ausländerinnen und Ausländer" in text
    for denominator in load_catalogue().denominators.values():
        source = f"{denominator.name.de}. {denominator.source.de}."
        assert (source in text) == (denominator.id == "POP_FOREIGN")
    assert 'value="rate"' in client.get("/?indicator=CASES_OPEN").text
    assert 'value="rate"' not in client.get("/?indicator=CASES_CLOSED").text


def test_a_rate_over_missing_deliveries_is_a_remark_not_a_headline(client) -> None:
    rate = r"\d+,\d\d je 1\.000 Ausländerinnen und Ausländer"
    headlines = {
        period: re.findall(r'<p class="headline-rate">([^<]*)</p>', client.get(f"/?period={period}").text)
        for period in ("2026-Q2", LAST)
    }
    assert headlines[LAST] == []
    assert [bool(re.fullmatch(rate, found)) for found in headlines["2026-Q2"]] == [True]
    assert re.search(
        f"Als Rate mindestens {rate}: .* auch der fehlenden", text_of(client, f"/?period={LAST}")
    )
    assert "Als Rate" not in text_of(client, "/?period=2026-Q2")


def test_the_series_explains_what_stands_in_it(client) -> None:
    def key_of(address: str, region: str) -> str:
        source = client.get(address).text
        figure = re.search(rf'id="reihe-{region}".*?<ul class="key-list">(.*?)</ul>', source, re.DOTALL)[1]
        return html.unescape(re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", figure)))

    address = f"/?indicator=CASES_OPEN&period={LAST}&area={LATE}"
    assert "genauer Wert" in key_of(address, "NW05")
    assert "weil Lieferungen fehlen" in key_of(address, "NW05")
    assert "… liegt noch nicht vor" in key_of(address, LATE)
    assert "Lieferungen fehlen" not in key_of(address, LATE)


def test_the_source_note_stands_beside_the_map_and_leads_to_its_owner(client) -> None:
    source = client.get("/").text
    figure = re.search(r'<figure class="map">(.*?)</figure>', source, re.DOTALL)[1]
    assert SOURCE_NOTE.de in html.unescape(figure)
    assert f'href="{SOURCE_URL}"' in figure
    assert figure.count("<path") == 54 + 1  # areas and the lines of the Regierungsbezirke


def test_counts_are_circles_and_rates_are_colours(client) -> None:
    counts, rates = client.get("/?measure=count").text, client.get("/?measure=rate").text
    assert counts.count('class="plain"') == 53
    assert 'class="class-4"' not in counts
    assert 'class="class-4"' in rates
    assert 'fill="url(#muster-fehlt)"' in rates


def test_there_is_no_ranking(client) -> None:
    by_value = text_of(client, "/?order=value&measure=count")
    assert "Keine Rangliste" in by_value
    assert not re.search(r"\b(Rang|Platz|rank)\b", by_value)


def test_orders_of_the_tables(client) -> None:
    def names(address: str, table: str) -> list[str]:
        source = client.get(address).text
        body = re.search(rf'<table class="{table}">(.*?)</table>', source, re.DOTALL)[1]
        rows = re.findall(r'<th scope="row">(?:<a [^>]*>)?([^<]+)', body)
        return [html.unescape(row) for row in rows]

    keys = [area.name for area in reporting_areas()]
    assert names("/", "areas-table") == keys
    assert names("/", "status-table") == keys
    by_name = names("/?order=name", "areas-table")
    assert sorted(by_name) == sorted(keys)
    assert by_name.index("Köln") < by_name.index("Krefeld")  # ö sorts as o
    assert names("/?order=value&measure=count", "areas-table")[0] == "Köln"
    assert names("/?order=value", "areas-table")[-1] == "Kreis Lippe"
    assert names("/?status=state", "status-table")[:2] == ["Herne", "Kreis Lippe"]


def test_english_is_a_switch_that_keeps_the_rest_of_the_state(client) -> None:
    german = client.get("/?indicator=PERSONS_NEW&cell=SEX.F")
    assert german.headers["Content-Language"] == "de"
    link = re.search(r'<a class="language" href="([^"]+)"', german.text)[1]
    query = dict(parse_qsl(urlsplit(html.unescape(link)).query))
    assert query == {"indicator": "PERSONS_NEW", "cell": "SEX.F", "lang": "en"}
    english = client.get("/" + html.unescape(link))
    assert english.headers["Content-Language"] == "en"
    assert '<html lang="en">' in english.text
    assert "Persons supported for the first time – Sex: Female" in html.unescape(english.text)


@pytest.mark.parametrize("address", ["/", "/?indicator=PERSONS_NEW&period=2026-Q2", "/no/such/page"])
@pytest.mark.parametrize(("language", "start"), [("de", "/"), ("en", "/?lang=en")])
def test_the_brand_leads_to_the_start(client, address, language, start) -> None:
    source = client.get(f"{address}{'&' if '?' in address else '?'}lang={language}").text
    assert re.search(r'<a class="brand" href="([^"]+)"', source)[1] == start


def test_english_pages_hold_no_german_interface_words(client) -> None:
    words = ("Gebiete", "Lieferung", "Zeitraum", "geheim", "mindestens", "Veröffentlichung", "Insgesamt")
    for address in (
        "/?lang=en",
        f"/?lang=en&indicator=PERSONS_SUPPORTED&period={LAST}",
        "/?lang=en&cell=NO.PE",
    ):
        found = html.unescape(re.sub(r"<[^>]+>", " ", client.get(address).text))
        assert not [word for word in words if re.search(rf"\b{word}\b", found)]


def test_every_cell_to_choose_from_can_be_shown(client) -> None:
    catalogue = load_catalogue()
    for name in INDICATORS:
        groups = cells_of(catalogue, catalogue.indicators[name])
        for group in groups:
            cell = group.cells[-1]
            answer = client.get(f"/?indicator={name}&cell={cell_token(cell.codes)}&measure=rate")
            assert answer.status_code == 200, (name, cell.codes)


def test_every_link_of_the_page_leads_to_a_page(client) -> None:
    addresses = {
        attributes["href"].partition("#")[0]
        for tag, attributes in tags_of(client, "/?indicator=CASES_OPEN&cell=SEX.F&area=NW05111&lang=en")
        if tag == "a" and attributes["href"].startswith(("?", "/"))
    }
    assert len(addresses) > 150
    for address in sorted(addresses)[::7] + [a for a in addresses if a.startswith("/")]:
        assert client.get(address if address.startswith("/") else "/" + address).status_code == 200, address


def test_an_earlier_release_stays_readable_and_says_so(client) -> None:
    text = text_of(client, "/?release=1")
    assert "Veröffentlichung 1 vom" in text
    assert "Sie lesen eine frühere Veröffentlichung." in text
    assert "Kennzahlen im Land, 2.\u00a0Quartal 2026" in text


def test_an_empty_hub_shows_that_nothing_was_released(tmp_path: Path) -> None:
    text = text_of(app_of(build_empty_hub(tmp_path)).test_client())
    assert "Noch keine Veröffentlichung" in text
    assert "0 von 54 Gebieten haben geliefert" in text


# --------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/?indicator=NOPE", 404, "unknown_indicator"),
        ("/?indicator=FTE_FUNDED", 404, "unknown_indicator"),
        ("/?period=2031-Q1", 404, "unknown_period"),
        ("/?area=NW05999", 404, "unknown_area"),
        ("/?release=77", 404, "not_found"),
        ("/?period=soon", 400, "bad_request"),
        ("/?cell=SEX.X", 400, "bad_request"),
        ("/?indicator=CASES_CLOSED&cell=AGE.Y18T24", 400, "bad_request"),
        ("/?lang=xx", 400, "bad_request"),
        ("/no/such/page", 404, "not_found"),
    ],
)
def test_refusals_are_pages_in_both_languages(client, address, status, code) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert code in answer.text
    assert "Was hilft:" in answer.text
    if "lang" not in address:
        english = client.get(address + ("&" if "?" in address else "?") + "lang=en")
        assert english.status_code == status
        assert "What helps:" in english.text


def test_refusals_never_repeat_what_was_sent(client) -> None:
    for name in (
        "indicator",
        "cell",
        "period",
        "measure",
        "area",
        "order",
        "status",
        "scale",
        "release",
        "lang",
    ):
        answer = client.get(f"/?{name}=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")
        assert answer.status_code == 400
        assert "onerror" not in answer.text
        assert name in answer.text


# --------------------------------------------------------------------------------------- the browser


@pytest.mark.parametrize("address", ["/", "/?period=soon", "/assets/kim.css"])
def test_nothing_may_run_frame_or_come_from_elsewhere(client, address) -> None:
    with client.get(address) as answer:  # a file stays open until its answer is closed
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_holds_no_script_no_inline_style_and_no_foreign_resource(client) -> None:
    for tag, attributes in tags_of(client, "/?area=NW05111"):
        assert tag not in {"script", "style", "iframe", "object", "embed", "base"}
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag in {"link", "img", "use", "image"}:
            assert (attributes.get("href") or attributes.get("src") or "/").startswith("/")


def test_assets_carry_their_digest_and_may_be_kept_for_good(client) -> None:
    sheet = re.search(r'href="(/assets/kim\.css\?v=\w+)"', client.get("/").text)[1]
    with client.get(sheet) as answer:
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
    with client.get("/assets/kim.css") as answer:
        assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_the_page_is_revalidated_not_sent_again(client) -> None:
    first = client.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_ids_are_unique_and_labels_lead_somewhere(client) -> None:
    tags = tags_of(client, "/?area=NW05111")
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            for target in (attributes.get(name) or "").split():
                assert target in ids
        if (attributes.get("href") or "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_no_reader_waits_for_templates_to_be_compiled(monkeypatch) -> None:
    rendering._environment.cache_clear()
    app = app_of(shared_hub())
    monkeypatch.setattr(jinja2.Environment, "compile", None)
    assert app.test_client().get("/").status_code == 200


def test_a_page_takes_a_fraction_of_a_second(client) -> None:
    client.get("/")  # the first answer reads the release and the map
    spent = []
    for period in ("2026-Q3", "2026-Q2", "2026-Q1", "2025-Q4", "2025-Q3"):
        start = time.perf_counter()
        client.get(f"/?indicator=CASES_OPEN&cell=SEX.F&period={period}&area=NW05111")
        spent.append(time.perf_counter() - start)
    # 0.07 s on an idle machine; the bound leaves room for a busy one and still catches a query per area.
    assert min(spent) < 0.4
