"""What stands on every page, in both languages.

The pages are those of the real application on a database built with the real tables (`published_hub`).
"""

import html
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from protocol.catalogue_file import load_catalogue
from protocol.regions import SOURCE_NOTE, SOURCE_URL, region_tree, reporting_areas
from tests.factories.page_reading import OPEN, PAGES, SUBJECTS, tags_of, text_of
from tests.factories.published_hub import LAST, LATE, app_of, build_empty_hub, whole_hub


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return app_of(whole_hub()).test_client()


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_exists_in_both_languages(client, address, language) -> None:
    answer = client.get(f"{address}{'&' if '?' in address else '?'}lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in answer.text
    assert answer.text.count("<h1") == 1


def test_every_page_says_release_catalogue_and_that_the_data_are_generated(client) -> None:
    for address in PAGES[:9]:
        text = text_of(client, address)
        assert "Veröffentlichung 2 vom 6. Oktober 2026" in text
        assert f"Katalog {load_catalogue().version}" in text
        assert "Vorführung mit erzeugten Daten" in text


def test_the_overview_shows_every_indicator_and_leads_to_every_area(client) -> None:
    links = {a["href"] for tag, a in tags_of(client) if tag == "a"}
    for name in SUBJECTS:
        assert any(link.startswith(f"/indikator/{name}") for link in links), name
    for region in (*(area.id for area in reporting_areas()), *region_tree().aggregates):
        assert f"/gebiet/{region}" in links
    text = text_of(client)
    for dataset in load_catalogue().datasets.values():
        assert dataset.name.de in text
    assert re.search(r"76\.\d{3}\.\d{3} Euro", text)
    assert "Veröffentlichung 1 7. Juli 2026" in text


def test_a_share_of_the_land_speaks_only_of_who_delivered_and_says_so(client) -> None:
    address = f"/indikator/FILL_RATE?period={LAST}"
    text = text_of(client, address)
    assert "nur 53 von 54 Gebieten" in text
    assert "Nur aus den Gebieten, die geliefert haben; fürs ganze Land" in text
    assert "Es fehlen: Kreis Lippe." in text
    series = re.search(
        r"<caption>Zeitreihe Nordrhein-Westfalen</caption>.*?</table>", client.get(address).text, re.DOTALL
    )
    assert re.search(r'aria-hidden="true">\(\d+,\d\)</span>', series[0])
    assert "nur aus den Gebieten, die geliefert haben" in series[0]
    complete = text_of(client, "/indikator/FILL_RATE?period=2026-Q2")
    assert "Nur aus den Gebieten" not in complete


def test_the_state_of_deliveries_counts_areas_and_people(client) -> None:
    for address in ("/", "/lieferungen"):
        text = text_of(client, address)
        assert "52 von 54 Gebieten haben alles geliefert, Deckung 97,2\u00a0% der Bevölkerung" in text
        assert "1 noch nicht fällig: Kreis Lippe" in text
        assert "1 abgelehnt: Herne" in text
    matrix = text_of(client, "/lieferungen")
    for area in reporting_areas():
        assert area.name in matrix
    assert "Städteregion Aachen (einschl. Stadt Aachen)" in matrix
    assert "Fällig: Fälle, Personen, Personal, Prozesse 30. Oktober 2026" in matrix


def test_what_needs_attention_is_listed_with_its_reason(client) -> None:
    text = text_of(client, "/lieferungen")
    assert re.search(r"Herne , Personen: abgelehnt \([^)]+\)", text)
    assert "Zu bestätigen" in text
    assert re.search(r"Fälle, 1 Gebiet: .+ Duisburg", text)
    broken = text_of(client, "/lieferungen?period=2025-Q3")
    assert "Zeitreihenbruch: Umstellung der Fachsoftware" in broken
    late = text_of(client, "/lieferungen?period=2025-Q2")
    assert "Kreis Olpe : fehlt (war fällig bis 30. Juli 2025)" in late


def test_a_year_shows_only_what_is_delivered_by_the_year(client) -> None:
    text = text_of(client, "/lieferungen?period=2025")
    assert "Fällig: Personen 30. Januar 2026; Fördermittel 31. März 2026" in text
    assert "Prozesse" not in text.partition("Alle 54 Gebiete")[2].partition("Diese Ansicht")[0]


def test_a_total_stands_with_its_bounds_and_coverage(client) -> None:
    closed = text_of(client, f"{OPEN}?cell=RESIDENCE.DULD&period=2026-Q2")
    assert re.search(r"zwischen \d+ und \d+ Fälle am 30\. Juni 2026", closed)
    assert re.search(r"54 von 54 Gebieten; in \d+ Gebieten geheim", closed)
    still_open = text_of(client, f"{OPEN}?period={LAST}")
    assert re.search(r"mindestens [\d.]+ Fälle am 30\. September 2026", still_open)
    assert "53 von 54 Gebieten. In den liefernden Gebieten leben 98,1\u00a0% der Bevölkerung" in still_open
    assert "Nach oben offen, weil Angaben fehlen: Kreis Lippe." in still_open


def test_distinct_persons_are_explained_where_they_do_not_add_up(client) -> None:
    text = text_of(client, "/indikator/PERSONS_SUPPORTED?period=2026-Q2")
    assert re.search(r"zwischen [\d.]+ und [\d.]+ Personen im 2\.\u00a0Quartal 2026", text)
    assert "Wer in zwei Gebieten begleitet wurde, zählt in beiden." in text
    year = text_of(client, "/indikator/PERSONS_SUPPORTED?period=2025")
    assert "Personen im Jahr\u00a02025" in year
    assert "Personen eines Jahres werden eigens geliefert" in year


def test_years_say_how_they_come_about(client) -> None:
    assert "Summe der vier Quartale" in text_of(client, "/indikator/CASES_OPENED?period=2025")
    assert "Wert am Ende des vierten Quartals" in text_of(client, f"{OPEN}?period=2025")
    assert "Fälle am 31. Dezember 2025" in text_of(client, f"{OPEN}?period=2025")


def test_a_withheld_cell_shows_its_sign_and_no_rate(client) -> None:
    source = client.get(f"{OPEN}?cell=RESIDENCE.DULD&period=2026-Q2").text
    row = re.search(
        r'<a href="[^"]*area=NW05766[^"]*"[^>]*>Kreis Lippe</a></th>(.*?)</tr>', source, re.DOTALL
    )
    signs = re.findall(r'aria-hidden="true">([^<]+)</span><span class="unseen">([^<]+)', row[1])
    assert signs == [(".", "geheim zu halten")] * 2
    assert "<svg" not in row[1]


def test_rates_name_their_population_its_source_and_date(client) -> None:
    text = text_of(client, OPEN)
    assert "je 1.000 Ausländerinnen und Ausländer" in text
    for denominator in load_catalogue().denominators.values():
        source = f"{denominator.name.de}. {denominator.source.de}."
        assert (source in text) == (denominator.id == "POP_FOREIGN")
    assert 'value="rate"' in client.get(OPEN).text
    assert 'value="rate"' not in client.get("/indikator/CASES_CLOSED").text


def test_a_rate_over_missing_deliveries_is_a_remark_not_a_headline(client) -> None:
    rate = r"\d+,\d\d je 1\.000 Ausländerinnen und Ausländer"
    headlines = {
        period: re.findall(
            r'<p class="headline-rate">([^<]*)</p>', client.get(f"{OPEN}?period={period}").text
        )
        for period in ("2026-Q2", LAST)
    }
    assert headlines[LAST] == []
    assert [bool(re.fullmatch(rate, found)) for found in headlines["2026-Q2"]] == [True]
    assert re.search(
        f"Als Rate mindestens {rate}: .* auch der fehlenden", text_of(client, f"{OPEN}?period={LAST}")
    )
    assert "Als Rate" not in text_of(client, f"{OPEN}?period=2026-Q2")


def test_derived_figures_say_what_they_are_computed_from(client) -> None:
    text = text_of(client, "/indikator/CASELOAD_FTE?period=2026-Q2")
    assert (
        "Berechnet aus veröffentlichten Werten von: Laufende Fälle am Stichtag; Besetzte Stellen (VZÄ)."
        in text
    )
    assert re.search(r"\d+,\d Fälle je Vollzeitstelle am 30\. Juni 2026", text)
    median = text_of(client, "/indikator/MEDIAN_WAIT?period=2026-Q2")
    assert re.search(r"\d+ Tage im 2\.\u00a0Quartal 2026", median)


def test_money_and_posts_have_their_units_and_decimals(client) -> None:
    assert re.search(r"\d{2}\.\d{3}\.\d{3} Euro im Jahr\u00a02025", text_of(client, "/indikator/FUNDS_SPENT"))
    posts = text_of(client, "/indikator/FTE_FILLED?period=2026-Q2")
    assert re.search(r"\d\.\d{3},\d{2} Vollzeitstellen am 30\. Juni 2026", posts)


def test_a_joint_authority_stands_in_place_of_its_areas(client) -> None:
    source = client.get("/indikator/B3_DECISIONS").text
    table = re.search(r'<table class="areas-table">(.*?)</table>', source, re.DOTALL)[1]
    names = [html.unescape(n) for n in re.findall(r'<th scope="row"><a [^>]*>([^<]+)', table)]
    assert "Städteregion Aachen (einschl. Stadt Aachen)" in names
    assert "Aachen" not in names
    assert len(names) == 53
    assert "gemeinsame Behörde" in text_of(client, "/indikator/B3_DECISIONS")


def test_what_an_area_does_not_collect_is_no_zero(client) -> None:
    source = client.get("/indikator/STRUCT_ISSUES").text
    row = re.search(r">Kreis Mettmann</a></th>(.*?)</tr>", source, re.DOTALL)[1]
    assert "liegt noch nicht vor" in row
    text = text_of(client, "/indikator/STRUCT_ISSUES?period=2026-Q2")
    assert "weil Angaben fehlen: Kreis Mettmann." in text


def test_the_series_explains_what_stands_in_it(client) -> None:
    def key_of(address: str, region: str) -> str:
        source = client.get(address).text
        figure = re.search(rf'id="reihe-{region}".*?<ul class="key-list">(.*?)</ul>', source, re.DOTALL)[1]
        return html.unescape(re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", figure)))

    address = f"{OPEN}?period={LAST}&area={LATE}"
    assert "genauer Wert" in key_of(address, "NW05")
    assert "weil Lieferungen fehlen" in key_of(address, "NW05")
    assert "… liegt noch nicht vor" in key_of(address, LATE)
    assert "Lieferungen fehlen" not in key_of(address, LATE)


def test_a_break_is_marked_in_the_area_s_series_and_counted_in_the_land_s(client) -> None:
    source = client.get(f"{OPEN}?period=2025-Q3&area=NW05170").text
    assert source.count('class="break"') == 2  # the area's chart and its key
    text = text_of(client, f"{OPEN}?period=2025-Q3&area=NW05170")
    assert "Zeitreihenbruch: Umstellung der Fachsoftware" in text
    assert "Zeitreihenbruch in 1 Gebiet: Umstellung der Fachsoftware" in text
    rows = client.get(f"{OPEN}.csv?period=2025-Q3").text.splitlines()
    assert [row.split(",")[4] for row in rows if "Zeitreihenbruch" in row] == ["NW05170"]


def test_the_area_stands_beside_the_land(client) -> None:
    text = text_of(client, "/gebiet/NW05315")
    assert "Köln" in text
    assert "1.017.355 Einwohnerinnen und Einwohner" in text
    for name in SUBJECTS:
        assert f"/indikator/{name}?" in client.get("/gebiet/NW05315").text, name
    region = text_of(client, "/gebiet/NW051?period=2026-Q2")
    assert "Werte dieser Region werden aus den Lieferungen ihrer Gebiete berechnet" in region
    assert re.search(r"\d+ bis \d+", region)


def test_the_distribution_marks_the_chosen_area_and_counts_who_has_no_dot(client) -> None:
    source = client.get(f"{OPEN}?cell=RESIDENCE.DULD&period=2026-Q2&area=NW05315").text
    figure = re.search(r'<figure class="distribution">(.*?)</figure>', source, re.DOTALL)[1]
    dots = figure.count('class="area-dot"') + figure.count('r="8"><title>')
    hidden = re.search(r"Ohne Punkt, weil geheim: (\d+)\.", figure)[1]
    assert dots + int(hidden) == 54
    assert re.search(r'class="chosen-label">.*Köln: \d+,\d\d', figure, re.DOTALL)


def test_the_source_note_stands_beside_every_map_and_leads_to_its_owner(client) -> None:
    for address, kind in ((OPEN, "map"), ("/", "choice-map"), ("/gebiet/NW05315", "locator")):
        source = client.get(address).text
        figure = re.search(rf'<figure class="{kind}">(.*?)</figure>', source, re.DOTALL)[1]
        assert SOURCE_NOTE.de in html.unescape(figure)
        assert f'href="{SOURCE_URL}"' in figure
    figure = re.search(r'<figure class="map">(.*?)</figure>', client.get(OPEN).text, re.DOTALL)[1]
    assert figure.count('<path id="flaeche-') == 54


def test_counts_are_circles_and_rates_are_colours(client) -> None:
    counts, rates = (client.get(f"{OPEN}?measure={m}").text for m in ("count", "rate"))
    assert counts.count('class="plain"') == 53
    assert 'class="class-4"' not in counts
    assert 'class="class-4"' in rates
    assert 'fill="url(#muster-fehlt)"' in rates
    assert 'class="class-4"' in client.get("/indikator/FILL_RATE").text


def test_two_way_tables_hold_every_cell(client) -> None:
    source = client.get(f"{OPEN}?period=2026-Q2").text
    table = re.search(
        r"<caption>Altersgruppe und Geschlecht, Nordrhein-Westfalen.*?</table>", source, re.DOTALL
    )[0]
    ages = load_catalogue().codelists["CL_KIM_AGE"].published
    assert table.count("<tr") == 1 + len(ages)
    assert table.count("<td") == 4 * len(ages)


def test_there_is_no_ranking(client) -> None:
    by_value = text_of(client, f"{OPEN}?order=value&measure=count")
    assert "Keine Rangliste" in by_value
    assert not re.search(r"\b(Rang|Platz|rank)\b", by_value)


def test_orders_of_the_tables(client) -> None:
    def names(address: str, table: str) -> list[str]:
        source = client.get(address).text
        body = re.search(rf'<table class="{table}">(.*?)</table>', source, re.DOTALL)[1]
        rows = re.findall(r'<th scope="row">(?:<a [^>]*>)?([^<]+)', body)
        return [html.unescape(row) for row in rows]

    keys = [area.name for area in reporting_areas()]
    assert names(OPEN, "areas-table") == keys
    assert names("/lieferungen", "status-table")[:54] == keys
    by_name = names(f"{OPEN}?order=name", "areas-table")
    assert sorted(by_name) == sorted(keys)
    assert by_name.index("Köln") < by_name.index("Krefeld")  # ö sorts as o
    assert names(f"{OPEN}?order=value&measure=count", "areas-table")[0] == "Köln"
    assert names(f"{OPEN}?order=value", "areas-table")[-1] == "Kreis Lippe"
    assert names("/lieferungen?status=state", "status-table")[0] == "Herne"


def test_an_earlier_release_stays_readable_and_says_so(client) -> None:
    text = text_of(client, f"{OPEN}?release=1")
    assert "Sie lesen eine frühere Veröffentlichung. Veröffentlichung 1 vom" in text
    assert "Laufende Fälle am Stichtag, 2.\u00a0Quartal 2026" in text
    links = {a["href"] for tag, a in tags_of(client, f"{OPEN}?release=1") if tag == "a"}
    assert "/lieferungen?release=1" in links


def test_an_empty_hub_shows_that_nothing_was_released(tmp_path: Path) -> None:
    client = app_of(build_empty_hub(tmp_path)).test_client()
    assert "Noch keine Veröffentlichung" in text_of(client)
    assert "Noch keine Veröffentlichung" in text_of(client, "/gebiet/NW05315")
    for address in ("/lieferungen", "/daten", "/barrierefreiheit"):
        assert client.get(address).status_code == 200
    assert client.get(OPEN).status_code == 404
