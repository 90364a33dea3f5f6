"""Words of registers: components, cost types, status of issues, decisions, kinds of carriers."""

from __future__ import annotations

import pytest

from node.mapping import NOT_COUNTED, CodeMapping
from node.mapping.carriers import carrier_code
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.regions import AACHEN_CITY, AACHEN_REST, reporting_area

MAPPING = CodeMapping(load_catalogue())
RHEIN_SIEG = reporting_area("NW05382")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("§ 25a", "T25A"),
        ("25b AufenthG", "T25B"),
        ("AE § 25b Abs. 1 AufenthG", "T25B"),
        ("Aufenthaltserlaubnis nach § 25a Abs. 2", "T25A"),
        ("Chancen-Aufenthaltsrecht", "T104C"),
        ("§104c", "T104C"),
        ("NE § 26 Abs. 3", "NE263"),
        ("§ 26 IV", "NE263"),
        ("Niederlassungserlaubnis § 26 Abs. 3/4", "NE263"),
        ("Einbürgerung", "NAT"),
        ("§ 10 StAG", "NAT"),
        ("§§ 8, 9 StAG", "NAT"),
        ("Einbürgerung (§ 10 Abs. 1 StAG)", "NAT"),
        ("NAT", "NAT"),
        ("Ablehnung", NOT_COUNTED),
        ("§ 25a abgelehnt", NOT_COUNTED),
    ],
)
def test_decisions_are_understood_by_their_paragraph(text: str, code: str) -> None:
    found = MAPPING.map("DECISION", text)
    assert (found.codes, found.unmapped) == ((code,), ())


@pytest.mark.parametrize(
    "text",
    [
        "NE",
        "Niederlassungserlaubnis",
        "§ 26",
        "§ 26 Abs. 1",
        "§ 18b",
        "§ 25a beantragt",
        "§ 25a / § 25b",
        "AE",
    ],
)
def test_decisions_that_may_mean_two_things_are_listed(text: str) -> None:
    assert MAPPING.map("DECISION", text).unmapped == (text,)


@pytest.mark.parametrize(
    ("dimension", "text", "code"),
    [
        ("BAUSTEIN", "Baustein 2", "B2"),
        ("BAUSTEIN", "2", "B2"),
        ("BAUSTEIN", "B1: Koordination", "B1K"),
        ("BAUSTEIN", "Verwaltungsassistenz", "B1V"),
        ("BAUSTEIN", "Baustein 3 – Ausländerbehörde", "B3A"),
        ("BAUSTEIN", "EBH", "B3E"),
        ("BAUSTEIN", "Baustein 1", "B1U"),
        ("BAUSTEIN", "B3", "B3U"),
        ("COST", "Personalkosten", "STAFF"),
        ("COST", "Sachausgaben", "WORKPL"),
        ("COST", "Arbeitsplatz / Sachausgaben", "WORKPL"),
        ("COST", "Qualifizierung", "TRAIN"),
        ("COST", "Maßnahme", "MEAS"),
        ("ISSUE", "erkannt", "IDENT"),
        ("ISSUE", "Projektgruppe", "GROUP"),
        ("ISSUE", "In der Lenkungsgruppe", "STEER"),
        ("ISSUE", "gelöst", "SOLVED"),
        ("ISSUE", "nicht weiterverfolgt", "DROPPED"),
    ],
)
def test_words_of_registers(dimension: str, text: str, code: str) -> None:
    assert MAPPING.map(dimension, text).codes == (code,)


@pytest.mark.parametrize(
    ("dimension", "text"),
    [
        ("BAUSTEIN", "Baustein"),
        ("BAUSTEIN", "Koordination oder Assistenz"),
        ("COST", "Kosten"),
        ("ISSUE", "offen"),
        ("ISSUE", "erledigt"),
    ],
)
def test_words_that_may_mean_two_things_are_listed(dimension: str, text: str) -> None:
    assert MAPPING.map(dimension, text).unmapped == (text,)


@pytest.mark.parametrize(
    ("area", "name", "code"),
    [
        ("NW05382", "Rhein-Sieg-Kreis", "OWN"),
        ("NW05382", "Kreisverwaltung Rhein-Sieg-Kreis", "OWN"),
        ("NW05382", "Stadt Troisdorf", "MUNI"),
        ("NW05382", "Gemeinde Much", "MUNI"),
        ("NW05382", "AWO-Kreisverband Bonn/Rhein-Sieg e.V.", "NGO"),
        ("NW05382", "Deutsches Rotes Kreuz", "NGO"),
        ("NW05382", "Der Paritätische", "NGO"),
        ("NW05314", "Stadt Bonn", "OWN"),
        ("NW05314", "Caritasverband für die Stadt Bonn", "NGO"),
        ("NW05314", "Diakonisches Werk Bonn", "NGO"),
        ("NW05166", "Kreis Viersen", "OWN"),
        ("NW05166", "Stadt Viersen", "MUNI"),
        (AACHEN_REST, "Städteregion Aachen", "OWN"),
        (AACHEN_REST, "Stadt Stolberg", "MUNI"),
        (AACHEN_CITY, "Stadt Aachen", "OWN"),
    ],
)
def test_carriers_by_name(area: str, name: str, code: str) -> None:
    assert carrier_code(name, reporting_area(area)) == code


@pytest.mark.parametrize(
    ("area", "name"),
    [
        ("NW05166", "Viersen"),
        ("NW05314", "Stadt Köln"),
        ("NW05382", "Begegnung e.V."),
        ("NW05382", "Stadtsportbund"),
        (AACHEN_REST, "Stadt Aachen"),
        ("NW05382", ""),
    ],
)
def test_names_that_do_not_say_the_kind_of_carrier(area: str, name: str) -> None:
    assert carrier_code(name, reporting_area(area)) is None


def test_the_configuration_decides_on_carriers_by_id_before_name() -> None:
    own = CodeMapping(load_catalogue(), {"CARRIER": {"T7": "NGO", "Begegnung e.V.": "NGO"}})
    assert own.map_carrier("T7", "Stadt Troisdorf", RHEIN_SIEG).codes == ("NGO",)
    assert own.map_carrier("T8", "Begegnung e.V.", RHEIN_SIEG).codes == ("NGO",)
    assert own.map_carrier("T8", "Stadt Troisdorf", RHEIN_SIEG).codes == ("MUNI",)
    assert own.map_carrier("T8", "Verein", RHEIN_SIEG).unmapped == ("Verein",)
    assert own.map_carrier("T9", "", RHEIN_SIEG).unmapped == ("T9",)
    assert own.map_carrier("", "-", RHEIN_SIEG).missing


def test_registers_have_no_code_for_unknown() -> None:
    with pytest.raises(KimError) as refused:
        CodeMapping(load_catalogue(), {"BAUSTEIN": {"alt": "_U"}})
    assert refused.value.code == "config_invalid"
    CodeMapping(load_catalogue(), {"DECISION": {"§ 18b": NOT_COUNTED}})
