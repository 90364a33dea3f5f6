"""The grammar of the residence column (T13): every spelling with the code it must become, typed by hand."""

from __future__ import annotations

import pytest

from node.mapping import CodeMapping
from node.mapping.residence import residence_code
from protocol.catalogue_file import load_catalogue

UNDERSTOOD = {
    "T_HUM_24": "§24|§ 24|24er|§ 24 Abs. 1 AufenthG|AE § 24|AE nach § 24 AufenthG|24|vorübergehender Schutz",
    "T_HUM_25": (
        "§25,2|§ 25 II|§25 II|§25 I|§ 25,1|§25 Abs.2|§ 25 Abs. 1|§ 25 Abs. 1/2|§ 25 (2)|25.2|25/2|25 II|"
        "AE § 25 Abs. 2 AufenthG, 1. Alt.|§ 25 Abs. 2 Satz 1 1. Alt. AufenthG|§ 25 Abs. 2 S. 1 Alt. 2|"
        "§ 25 Abs. 2 Alt. 1|§\u00a025\u00a0Abs.\u00a02|subsidiärer Schutz"
    ),
    "T_HUM_ABV": "§ 25 Abs. 3|§25,3|§25 III|AE § 25 Abs. 3 AufenthG|Abschiebungsverbot",
    "T_HUM_AUFN": "§ 22|§ 23|§ 23 Abs. 2 AufenthG|§ 23a|AE § 23 Abs. 1|§§ 23",
    "T_BLEIB": "25a|§ 25a|§ 25 a|§25b|AE § 25a Abs. 1 AufenthG",
    "T_CHANCE": "§ 104c|§104c AufenthG|104c|Chancen-Aufenthaltsrecht|Chancen-Aufenthaltsrecht (§ 104c)",
    "T_FAM": "§ 27|§ 28 Abs. 1 Nr. 1|§ 30|§ 32|§ 36|§ 36a|AE § 30 AufenthG",
    "T_WORK": "§ 18a|§ 18b AufenthG|§ 19c Abs. 1|§ 20|§ 21",
    "T_EDU": "§ 16b|§ 16a AufenthG|§ 17|AE § 16b Abs. 1",
    "T_OTH": "§ 7|§ 25 Abs. 4|§ 25 Abs. 4a|§ 25 Abs. 5|§ 25 V|§ 25 Abs. 5 S. 1",
    "NE": (
        "NE|Niederlassungserlaubnis|Daueraufenthalt-EU|Daueraufenthalt EU|§ 9|§ 9a|NE § 9|§ 26 Abs. 3|"
        "§26 III|§ 26 Abs. 4|§ 26 Abs. 3/4|NE § 28 Abs. 2|NE § 26 Abs. 4 AufenthG|"
        "Niederlassungserlaubnis / Daueraufenthalt-EU (§§ 9, 9a, 26 Abs. 3/4)"
    ),
    "FREE": "Freizügigkeit|Freizügigkeit EU|Freizügigkeit EU/EWR/CH|freizügigkeit eu|§ 5 FreizügG/EU",
    "DULD": "Duldung|duldung|§ 60a|§60a II|§ 60 a|§ 60d|Duldung § 60a AufenthG|Duldung (§ 60a)|geduldet",
    "GEST": "Gestattung|Aufenthaltsgestattung|Ankunftsnachweis|§ 55 AsylG|Gestattung § 55 AsylG|§ 63a AsylG",
    "NOTITLE": "ohne Titel|ausreisepflichtig|vollziehbar ausreisepflichtig|Ohne Titel / ausreisepflichtig",
    "FICT": "Fiktionsbesch.|Fiktionsbescheinigung|§ 81|§ 81 Abs. 4 AufenthG|Fiktionsbesch. § 81 Abs. 4",
    "DE": "deutsch|Deutsche Staatsangehörigkeit|Deutscher",
}
AMBIGUOUS = (
    "§ 25|25|25er|AE|Aufenthaltserlaubnis|§ 26|§ 25 Abs. 2/3|§ 3 AsylG|§ 60 Abs. 5|Einbürgerung|§ 99|§ 38|"
    "§ 25 Abs. 2 beantragt|Duldung § 24|Fiktionsbescheinigung, § 24|§ 25 Abs. 9|unklar|Pass|§|§ 24 und § 30|"
    "§ 25 Abs. 2 & mehr|abgelehnt § 24|7|1. Alt."
)


def pairs() -> list[tuple[str, str]]:
    return [(text, code) for code, texts in UNDERSTOOD.items() for text in texts.split("|")]


@pytest.mark.parametrize(("text", "code"), pairs())
def test_what_is_understood(text: str, code: str) -> None:
    mapped = CodeMapping(load_catalogue()).map("RESIDENCE", text)
    assert mapped.codes == (code,)
    assert mapped.unmapped == ()


@pytest.mark.parametrize("text", AMBIGUOUS.split("|"))
def test_what_means_several_things_means_none(text: str) -> None:
    mapped = CodeMapping(load_catalogue()).map("RESIDENCE", text)
    assert mapped.codes == ("_U",)
    assert mapped.unmapped == (text,)


@pytest.mark.parametrize("text", ["", "-", "k. A.", "9", "unbekannt", "#NV"])
def test_missing_markers_come_before_the_grammar(text: str) -> None:
    mapped = CodeMapping(load_catalogue()).map("RESIDENCE", text)
    assert mapped.missing
    assert mapped.unmapped == ()


def test_every_meaning_is_a_leaf_of_the_catalogue() -> None:
    leaves = load_catalogue().codelists["CL_KIM_RESIDENCE"].leaves
    assert {
        residence_code(f"§ {n}{a} Abs. {s}") for n in range(1, 120) for a in ["", *"abcd"] for s in range(6)
    } <= {
        None,
        *leaves,
    }
