"""Words that case workers write for codes, beyond the catalogue's own labels: the defaults of profile A.

Invariants: a word stands here only if it can mean one thing; what may mean two (plain `AsylbLG`, plain
`Aufenthaltserlaubnis`) is left out, so that it is listed as unmapped and the municipality decides.

Words are compared by their letters and digits only, so `SGB II`, `sgb-ii` and `SGBII` are one entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class CounsellingKind(StrEnum):
    """What a row is, by its Beratungsart."""

    CASE = "CASE"
    CONTACT = "CONTACT"
    OTHER_PROGRAMME = "OTHER_PROGRAMME"


class CaseState(StrEnum):
    """What Fallstatus says; only VOID has an effect, because the end date alone decides the rest."""

    ACTIVE = "ACTIVE"
    DORMANT = "DORMANT"
    ENDED = "ENDED"
    VOID = "VOID"


#: Texts that mean "no entry" in every column (compared folded, blanks removed).
MISSING_MARKERS: Final = frozenset(
    {"", "-", "--", "k.a.", "keineangabe", "unbekannt", "#nv", "null", ".", "n/a", "?"}
)
#: Numbers that mean "no entry" where no number is expected.
MISSING_NUMBERS: Final = frozenset({"9", "99"})


def _words(table: Mapping[str, str]) -> Mapping[str, str]:
    """Turn ``code -> words separated by |`` into ``word -> code``."""
    return MappingProxyType({word: code for code, words in table.items() for word in words.split("|")})


LABELS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "SEX": _words(
            {
                "F": "w|weibl.|weiblich|f",
                "M": "m|männl.|männlich",
                "_O": "d|divers|x|ohne Eintrag",
            }
        ),
        "RECHTSKREIS": _words(
            {
                "SGB2": "SGB II|SGB 2|Bürgergeld|ALG II|ALG 2|Arbeitslosengeld II|Hartz IV|Hartz 4|Jobcenter"
                "|Grundsicherung für Arbeitsuchende|Grundsicherung für Arbeitssuchende",
                "SGB3": "SGB III|SGB 3|ALG I|ALG 1|Arbeitslosengeld I",
                "SGB8": "SGB VIII|SGB 8",
                "SGB9": "SGB IX|SGB 9",
                "SGB12": "SGB XII|SGB 12|Sozialhilfe|Grundsicherung im Alter",
                "ASYLBLG_3": "AsylbLG § 3|§ 3 AsylbLG|Grundleistungen AsylbLG|AsylbLG Grundleistungen",
                "ASYLBLG_2": "AsylbLG § 2|§ 2 AsylbLG|Analogleistungen|Analogleistung"
                "|AsylbLG Analogleistungen",
                "OTHER": "BAföG|Wohngeld|Kinderzuschlag|Sonstige|Sonstiges",
                "NONE": "kein Leistungsbezug|keine|kein|keine Leistungen",
            }
        ),
        "INST": _words(
            {
                "ABH": "Ausländerbehörde|ABH",
                "JC": "Jobcenter|JC",
                "AA": "Agentur für Arbeit",
                "SOZ": "Sozialamt",
                "JUG": "Jugendamt",
                "SCHUL": "Schule|Schulamt",
                "KI": "KI|Kommunales Integrationszentrum",
                "MBE_JMD": "MBE|JMD",
                "RSB": "Flüchtlingsberatung",
                "BAMF": "BAMF|Sprachkursträger",
                "HEALTH": "Arzt|Gesundheitsamt",
                "HOUS": "Unterkunft|Wohnungsamt",
                "ADV": "Schuldnerberatung|Suchtberatung",
                "CIVIL": "Ehrenamt|MSO",
                "SELF": "Selbstmelder|selbst",
                "OTHER": "Sonstige|Sonstiges",
            }
        ),
        "FIELD": _words(
            {
                "RESID": "Aufenthalt|Asyl|Einbürgerung",
                "ORIENT": "Erstorientierung",
                "LANG": "Sprache|Sprachkurs|Deutschkurs",
                "EDU": "Kita|Schule",
                "VOC": "Ausbildung|Studium|Anerkennung",
                "WORK": "Arbeit",
                "HOUS": "Wohnen",
                "HEALTH": "Gesundheit|Pflege",
                "BENEFIT": "Existenzsicherung|Leistungen",
                "FAMILY": "Familie|Erziehung",
                "LEGAL": "Recht|Schulden|Verbraucherschutz",
                "SOCIAL": "Soziale Teilhabe|Teilhabe|Ehrenamt",
                "PROTECT": "Gewaltschutz|Diskriminierung",
                "OTHER": "Sonstiges|Sonstige",
            }
        ),
        "OUTCOME": _words(
            {
                "GOAL": "Ziel erreicht|Ziele erreicht|erfolgreich",
                "PART": "teilweise erreicht|Ziel teilweise erreicht",
                "HANDOVER": "Übergabe|Regeldienst",
                "MOVED": "Wegzug|Umzug",
                "DROPOUT": "Kontaktabbruch|Abbruch",
                "WITHDRAWN": "Widerruf",
                "LEFT": "Ausreise|Rückkehr",
                "OTHER": "Sonstige|Sonstiges",
            }
        ),
        "COUNSELLING": _words(
            {
                CounsellingKind.CASE: "Case Management|CM|KIM-CM|Fallmanagement",
                CounsellingKind.CONTACT: "Kurzberatung|Verweisberatung|Clearing|Einmalberatung",
                CounsellingKind.OTHER_PROGRAMME: "MBE|JMD|Integrationsagentur|Rückkehrberatung"
                "|Ehrenamtskoordination",
            }
        ),
        "STATUS": _words(
            {
                CaseState.ACTIVE: "laufend|aktiv",
                CaseState.DORMANT: "ruhend",
                CaseState.ENDED: "abgeschlossen|beendet",
                CaseState.VOID: "storniert|Test|Testfall|gelöscht",
            }
        ),
    }
)

#: Column of the profile that holds a dimension; the last two are no dimensions but are mapped alike.
COLUMN_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SEX": "Geschlecht",
        "CITIZEN": "Staatsangehörigkeit",
        "RESIDENCE": "Aufenthaltsstatus",
        "RECHTSKREIS": "Rechtskreis",
        "FIELD": "Handlungsfelder",
        "INST": "Zugang über",
        "OUTCOME": "Abschlussgrund",
        "COUNSELLING": "Beratungsart",
        "STATUS": "Fallstatus",
    }
)
