"""Citizenship (T12): the list of states against the catalogue, and every form of a cell typed by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from node.mapping import CodeMapping
from node.mapping.citizenship import countries, country_of
from protocol.catalogue_file import load_catalogue

CITIZEN = load_catalogue().codelists["CL_KIM_CITIZEN"]


def test_every_key_of_the_catalogue_has_the_catalogues_group() -> None:
    expected = {bev: code.id for code in CITIZEN.codes for bev in code.attributes.get("bev", ())}
    listed = {country.bev: country.group for country in countries()}
    assert {bev: listed.get(bev) for bev in expected} == expected


def test_keys_the_catalogue_does_not_name_follow_its_note_by_continent() -> None:
    named = {bev for code in CITIZEN.codes for bev in code.attributes.get("bev", ())}
    by_continent = {"1": "OEUR", "2": "OAFR", "3": "AMEO", "4": "OASI", "5": "AMEO"}
    others = [country for country in countries() if country.bev not in named]
    # The former Yugoslavia is the one decided otherwise: all its successors outside the EU are in one group.
    assert {c.bev: c.group for c in others if c.group != by_continent[c.bev[0]]} == {"120": "WBALK"}


def test_groups_are_leaves_and_keys_are_unique() -> None:
    assert {country.group for country in countries()} <= set(CITIZEN.leaves)
    for attribute in ("bev", "iso2", "iso3", "name"):
        times = Counter(value for country in countries() if (value := getattr(country, attribute)))
        assert [value for value, count in times.items() if count > 1] == []


def test_iso_codes_have_their_form_and_come_in_pairs() -> None:
    for country in countries():
        assert len(country.iso2) in (0, 2)
        assert len(country.iso3) == (3 if country.iso2 else 0)
        assert (country.iso2 + country.iso3).isupper() or not country.iso2
        assert len(country.bev) == 3


def test_all_members_of_the_united_nations_are_there() -> None:
    assert len([country for country in countries() if country.iso2]) >= 193 + 2


def test_no_word_means_two_groups() -> None:
    for country in countries():
        for word in (
            country.name,
            country.adjective,
            country.iso2,
            country.iso3,
            country.bev,
            *country.aliases,
        ):
            found = country_of(word) if word else country
            assert found is not None
            assert found.group == country.group, word


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Türkei", "TR"),
        ("türkisch", "TR"),
        ("Türkisch", "TR"),
        ("türkische", "TR"),
        ("tuerkisch", "TR"),
        ("TUR", "TR"),
        ("TR", "TR"),
        ("163", "TR"),
        ("Jugoslawien", "WBALK"),
        ("ehem. Jugoslawien", "WBALK"),
        ("XK", "WBALK"),
        ("Kosovo", "WBALK"),
        ("serbisch-montenegrinisch", "WBALK"),
        ("Bosnien und Herzegowina", "WBALK"),
        ("deutsch", "DE"),
        ("000", "DE"),
        ("deutsch/türkisch", "DE"),
        ("türkisch, deutsch", "DE"),
        ("Deutsch-Türkisch", "DE"),
        ("deutsch / kurdisch", "DE"),
        ("syrisch/polnisch", "EU_PL"),
        ("syrisch und türkisch", "TR"),
        ("irakisch/syrisch", "IQ"),
        ("griechisch + italienisch", "EU_OTH"),
        ("staatenlos/syrisch", "SY"),
        ("unbekannt/syrisch", "_U"),
        ("staatenlos", "STLS"),
        ("ungeklärt", "STLS"),
        ("Staatsangehörigkeit ungeklärt", "STLS"),
        ("997", "STLS"),
        ("999", "_U"),
        ("Syrien, Arabische Republik", "SY"),
        ("Iran, Islamische Republik", "IR"),
        ("Nigeria", "ASYL8_OTH"),
        ("Niger", "OAFR"),
        ("Guinea-Bissau", "OAFR"),
        ("Vereinigtes Königreich", "EFTA_GB"),
        ("Russische Föderation", "OEUR"),
        ("Sri Lanka", "OASI"),
        ("USA", "AMEO"),
        ("Australien", "AMEO"),
        ("EU_PL", "EU_PL"),
        ("Übrige EU", "EU_OTH"),
    ],
)
def test_what_is_understood(text: str, code: str) -> None:
    mapped = CodeMapping(load_catalogue()).map("CITIZEN", text)
    expected = () if code != "_U" or text == "999" else (text,)
    assert (mapped.codes, mapped.unmapped) == ((code,), expected)


@pytest.mark.parametrize(
    "text", ["kurdisch", "EU", "Ausländisch", "222", "syrisch/kurdisch", "Afrika", "türkiyem"]
)
def test_what_is_not_understood(text: str) -> None:
    mapped = CodeMapping(load_catalogue()).map("CITIZEN", text)
    assert (mapped.codes, mapped.unmapped) == (("_U",), (text,))


def test_the_table_of_the_municipality_wins_and_helps_in_combinations() -> None:
    mapping = CodeMapping(load_catalogue(), {"CITIZEN": {"kurdisch": "STLS", "Türkei": "OASI"}})
    assert mapping.map("CITIZEN", "Kurdisch").codes == ("STLS",)
    assert mapping.map("CITIZEN", "Türkei").codes == ("OASI",)
    assert mapping.map("CITIZEN", "kurdisch/syrisch").codes == ("SY",)
