"""Words that people write for codes, beyond the catalogue's own labels: defaults of exports and registers.

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


#: What `[mapping.DECISION]` may say of decisions that are not positive, or of another kind.
NOT_COUNTED: Final = "NOT_COUNTED"

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
        "BAUSTEIN": _words(
            {
                "B1K": "Baustein 1 Koordination|B1 Koordination|Koordinator|Koordinatorin|B1K"
                "|KIM-Koordination|Koordinierende Stelle",
                "B1V": "Baustein 1 Verwaltungsassistenz|B1 Verwaltungsassistenz|Assistenz|B1V",
                "B1U": "1|I|Baustein 1|Baustein I|B1|B 1|Strategisches Management",
                "B2": "2|II|Baustein 2|Baustein II|B 2|Case Management|Case Manager|Case Managerin|CM"
                "|Fallmanagement|B2 Case Management",
                "B3A": "Baustein 3 Ausländerbehörde|B3 Ausländerbehörde|Baustein 3 ABH|B3 ABH|ABH",
                "B3U": "3|III|Baustein 3|Baustein III|B3|B 3",
                "B3E": "Baustein 3 Einbürgerungsbehörde|B3 Einbürgerungsbehörde|Baustein 3 EBH|B3 EBH|EBH"
                "|Einbürgerung|Baustein 3 Einbürgerung|B3 Einbürgerung",
            }
        ),
        "COST": _words(
            {
                "STAFF": "Personalkosten|Personalausgaben|Personalausgabe|Personalmittel",
                "WORKPL": "Arbeitsplatz|Arbeitsplatzkosten|Arbeitsplatzpauschale|Sachausgaben|Sachkosten"
                "|Sachmittel",
                "TRAIN": "Fortbildungen|Fortbildungskosten|Qualifizierung|Schulung|Schulungen|Weiterbildung",
                "MEAS": "Maßnahme|Maßnahmekosten|Maßnahmenkosten|Projektmittel",
            }
        ),
        "ISSUE": _words(
            {
                "IDENT": "neu|gemeldet|identifiziert",
                "GROUP": "Arbeitsgruppe|Projektgruppe|in Arbeitsgruppe|in Projektgruppe|AG|in AG",
                "STEER": "Lenkungsgruppe|in Lenkungsgruppe|Steuerungsgruppe|LG|in LG",
                "SOLVED": "behoben|umgesetzt",
                "DROPPED": "verworfen|nicht verfolgt",
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

#: Column that holds a dimension, in the profile or in a register.
COLUMN_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SEX": "Geschlecht",
        "CITIZEN": "Staatsangehörigkeit",
        "RESIDENCE": "Aufenthaltsstatus",
        "RECHTSKREIS": "Rechtskreis",
        "FIELD": "Handlungsfelder",
        "INST": "Zugang über",
        "OUTCOME": "Abschlussgrund",
        "BAUSTEIN": "Baustein",
        "COST": "Kostenart",
        "CARRIER": "Träger",
        "ISSUE": "Stand",
        "DECISION": "Entscheidung",
        "COUNSELLING": "Beratungsart",
        "STATUS": "Fallstatus",
    }
)
