"""Codes of the other columns (T09, T11, T14, T20, T22) and the tables of the configuration."""

from __future__ import annotations

import pytest

from node.mapping import COLUMN_OF, DIMENSIONS, REGISTER_DIMENSIONS, CodeMapping
from node.mapping.labels import LABELS
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError

MAPPING = CodeMapping(load_catalogue())

UNDERSTOOD = {
    ("SEX", "F"): "w|W|weibl.|weiblich|Weiblich|f|F|\u00a0w|w ",
    ("SEX", "M"): "m|M|männl.|männlich|MÄNNLICH|maennlich",
    ("SEX", "_O"): "d|D|divers|x|ohne Eintrag|ohne\u00a0eintrag|Divers / ohne Eintrag|_O",
    ("RECHTSKREIS", "SGB2"): (
        "SGB II|SGB2|sgb-ii|Bürgergeld|ALG II|Hartz IV|Jobcenter|Grundsicherung für Arbeitsuchende"
    ),
    ("RECHTSKREIS", "SGB3"): "SGB III|ALG I|ALG 1|SGB3",
    ("RECHTSKREIS", "SGB8"): "SGB VIII|SGB8",
    ("RECHTSKREIS", "SGB9"): "SGB IX",
    ("RECHTSKREIS", "SGB12"): "SGB XII|Sozialhilfe|Grundsicherung im Alter",
    ("RECHTSKREIS", "ASYLBLG_3"): "AsylbLG § 3|§ 3 AsylbLG|Grundleistungen AsylbLG|ASYLBLG_3",
    ("RECHTSKREIS", "ASYLBLG_2"): "AsylbLG § 2|Analogleistungen|AsylbLG § 2 (Analogleistung)",
    ("RECHTSKREIS", "OTHER"): "BAföG|Wohngeld|Kinderzuschlag|Sonstige|Sonstige (BAföG, Wohngeld, ...)",
    ("RECHTSKREIS", "NONE"): "kein Leistungsbezug|keine|NONE",
    ("INST", "ABH"): "Ausländerbehörde|ABH",
    ("INST", "SCHUL"): "Schule|Schulamt|Schulamt / Schule",
    ("INST", "MBE_JMD"): "MBE|JMD|MBE / JMD",
    ("INST", "BAMF"): "BAMF|Sprachkursträger",
    ("INST", "HEALTH"): "Arzt|Gesundheitsamt|Gesundheitswesen",
    ("INST", "HOUS"): "Unterkunft|Wohnungsamt|Wohnungswirtschaft",
    ("INST", "ADV"): "Schuldnerberatung|Suchtberatung|Fachberatung (Schulden, Gewalt, Sucht)",
    ("INST", "CIVIL"): "Ehrenamt|MSO",
    ("INST", "SELF"): "selbst|Selbstmelder|Umfeld",
    ("INST", "RSB"): "Flüchtlingsberatung|Soziale Beratung von Geflüchteten (Land)",
    ("OUTCOME", "GOAL"): "Ziel erreicht|Ziele erreicht|erfolgreich",
    ("OUTCOME", "PART"): "teilweise erreicht|Ziele teilweise erreicht",
    ("OUTCOME", "HANDOVER"): "Übergabe|Regeldienst|Übergabe an Regeldienst",
    ("OUTCOME", "MOVED"): "Wegzug|Umzug",
    ("OUTCOME", "DROPOUT"): "Kontaktabbruch|Abbruch",
    ("OUTCOME", "WITHDRAWN"): "Widerruf|Einwilligung widerrufen",
    ("OUTCOME", "LEFT"): "Ausreise|Rückkehr",
    ("OUTCOME", "OTHER"): "Sonstige|Sonstiges",
    ("FIELD", "RESID"): "Aufenthalt|Asyl|Einbürgerung|Aufenthalt, Asyl, Einbürgerung",
    ("FIELD", "LANG"): "Sprache|Sprachkurs|Deutschkurs",
    ("FIELD", "EDU"): "Kita|Schule|Kita, Schule",
    ("FIELD", "SOCIAL"): "Soziale Teilhabe|Teilhabe|Soziale Teilhabe, Ehrenamt",
    ("FIELD", "PROTECT"): "Gewaltschutz|Diskriminierung",
    ("COUNSELLING", "CASE"): "Case Management|CM|KIM-CM|Fallmanagement",
    ("COUNSELLING", "CONTACT"): "Kurzberatung|Verweisberatung|Clearing|Einmalberatung",
    ("COUNSELLING", "OTHER_PROGRAMME"): "MBE|JMD|Integrationsagentur|Rückkehrberatung|Ehrenamtskoordination",
    ("STATUS", "VOID"): "storniert|Test|Testfall|gelöscht",
    ("STATUS", "ACTIVE"): "laufend|aktiv",
    ("STATUS", "ENDED"): "abgeschlossen|beendet",
}
NOT_UNDERSTOOD = {
    "SEX": "Mädchen|weiblich?|Frau",
    "RECHTSKREIS": "AsylbLG|SGB|AsylbLG/SGB II|Rente",
    "INST": "Amt|Beratung",
    "OUTCOME": "erreicht|Ende",
    "FIELD": "Hobby|Sprache, Hobby",
    "COUNSELLING": "Beratung",
    "STATUS": "offen?",
}


@pytest.mark.parametrize(("where", "texts"), UNDERSTOOD.items())
def test_what_is_understood(where: tuple[str, str], texts: str) -> None:
    dimension, code = where
    for text in texts.split("|"):
        mapped = MAPPING.map(dimension, text)
        assert (mapped.codes, mapped.unmapped) == ((code,), ()), text


@pytest.mark.parametrize(("dimension", "texts"), NOT_UNDERSTOOD.items())
def test_what_is_listed_and_never_guessed(dimension: str, texts: str) -> None:
    for text in texts.split("|"):
        mapped = MAPPING.map(dimension, text)
        assert (mapped.codes, mapped.unmapped) == (("_U",), (text,)), text


@pytest.mark.parametrize("dimension", [*DIMENSIONS, "COUNSELLING", "STATUS"])
@pytest.mark.parametrize(
    "marker",
    [
        "",
        " ",
        "-",
        "--",
        "k. A.",
        "k.A.",
        "K.\u00a0A.",
        "keine Angabe",
        "unbekannt",
        "9",
        "99",
        "#NV",
        "NULL",
        ".",
        "n/a",
        "?",
    ],
)
def test_t20_missing_markers_of_every_column(dimension: str, marker: str) -> None:
    mapped = MAPPING.map(dimension, marker)
    assert mapped.missing
    assert (mapped.codes, mapped.unmapped) == (("_U",), ())


def test_ids_of_the_catalogue_are_always_understood() -> None:
    catalogue = load_catalogue()
    for dimension, codelist in (
        ("SEX", "CL_SEX"),
        ("CITIZEN", "CL_KIM_CITIZEN"),
        ("RESIDENCE", "CL_KIM_RESIDENCE"),
        ("RECHTSKREIS", "CL_KIM_RECHTSKREIS"),
        ("FIELD", "CL_KIM_FIELD"),
        ("INST", "CL_KIM_INST"),
        ("OUTCOME", "CL_KIM_OUTCOME"),
    ):
        for code in catalogue.codelists[codelist].leaves:
            mapped = MAPPING.map(dimension, code)
            assert (mapped.codes, mapped.unmapped) == ((code,), ())
            label = catalogue.codelists[codelist][code].name.de
            assert MAPPING.map(dimension, label).codes == (code,), label


def test_codes_above_the_leaves_are_no_facts() -> None:
    for dimension, code in (
        ("CITIZEN", "FOR"),
        ("RESIDENCE", "TEMP"),
        ("RECHTSKREIS", "ASYLBLG"),
        ("SEX", "_T"),
    ):
        assert MAPPING.map(dimension, code).unmapped == (code,)


@pytest.mark.parametrize(
    ("text", "codes", "unmapped"),
    [
        ("Sprache;Arbeit", ("LANG", "WORK"), ()),
        ("Arbeit|Sprache|Arbeit", ("WORK", "LANG"), ()),
        ("Sprache\r\nKita, Schule\nWohnen", ("LANG", "EDU", "HOUS"), ()),
        ("Sprache;Sprachkurs", ("LANG",), ()),
        ("Sprache;k.A.;", ("LANG",), ()),
        ("Sprache;_U", ("LANG",), ()),
        ("k.A.;-", ("_U",), ()),
        ("Sprache;Hobby", ("LANG",), ("Hobby",)),
        ("Hobby", ("_U",), ("Hobby",)),
        ("Sprache, Arbeit", ("LANG", "WORK"), ()),
    ],
)
def test_t09_several_fields_in_one_cell(text: str, codes: tuple[str, ...], unmapped: tuple[str, ...]) -> None:
    mapped = MAPPING.map("FIELD", text)
    assert (mapped.codes, mapped.unmapped) == (codes, unmapped)


@pytest.mark.parametrize("separator", ["/", " / ", " + ", "+", ", ", " und "])
def test_t14_the_first_of_two_regimes_counts(separator: str) -> None:
    mapped = MAPPING.map("RECHTSKREIS", f"SGB II{separator}Wohngeld")
    assert (mapped.codes, mapped.several, mapped.unmapped) == (("SGB2",), True, ())


def test_t14_a_first_regime_that_is_unclear_decides_nothing() -> None:
    assert MAPPING.map("RECHTSKREIS", "AsylbLG + Wohngeld").unmapped == ("AsylbLG + Wohngeld",)


def test_the_table_of_the_municipality_wins() -> None:
    own = CodeMapping(
        load_catalogue(),
        {
            "SEX": {"Frau": "F", "m": "_U"},
            "Handlungsfelder": {"Hobby": "SOCIAL"},
            "Rechtskreis": {"AsylbLG": "ASYLBLG_3", "9": "SGB9"},
            "RESIDENCE": {"§ 25": "T_HUM_25"},
            "Beratungsart": {"Beratung": "CONTACT"},
            "STATUS": {"Entwurf": "VOID"},
        },
    )
    assert own.map("SEX", " frau").codes == ("F",)
    assert own.map("SEX", "M").codes == ("_U",)
    assert own.map("SEX", "männlich").codes == ("M",)
    assert own.map("FIELD", "Sprache;hobby").codes == ("LANG", "SOCIAL")
    assert own.map("RECHTSKREIS", "AsylbLG").codes == ("ASYLBLG_3",)
    assert own.map("RECHTSKREIS", "AsylbLG / Wohngeld").codes == ("ASYLBLG_3",)
    assert own.map("RECHTSKREIS", "9").codes == ("SGB9",)
    assert own.map("RESIDENCE", "§ 25").codes == ("T_HUM_25",)
    assert own.map("RESIDENCE", "25").unmapped == ("25",)
    assert own.map("COUNSELLING", "Beratung").codes == ("CONTACT",)
    assert own.map("STATUS", "entwurf").codes == ("VOID",)


def test_targets_that_do_not_exist_are_refused_all_at_once() -> None:
    with pytest.raises(KimError) as caught:
        CodeMapping(
            load_catalogue(),
            {
                "SEX": {"Frau": "W"},
                "CITIZEN": {"kurdisch": "FOR"},
                "Sex": {"Herr": "M"},
                "AGE": {"jung": "Y0T5"},
            },
        )
    error = caught.value
    assert error.code == "config_invalid"
    assert [item.pointer for item in error.errors] == ["/mapping/SEX/1", "/mapping/CITIZEN/1", "/mapping/AGE"]
    assert "Frau" not in str(error) + error.detail.de
    assert "M, F, _O, _U" in error.detail.de


def test_every_mapped_column_has_labels_or_a_grammar_of_its_own() -> None:
    assert set(COLUMN_OF) == {*DIMENSIONS, *REGISTER_DIMENSIONS, "COUNSELLING", "STATUS"}
    assert set(COLUMN_OF) - set(LABELS) == {"CITIZEN", "RESIDENCE", "CARRIER", "DECISION"}


def test_what_is_mapped_shows_no_local_text_in_a_repr() -> None:
    assert "Hobby" not in repr(MAPPING.map("FIELD", "Hobby"))
