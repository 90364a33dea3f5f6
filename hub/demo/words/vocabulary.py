"""How clerks write the codes: the spellings that a municipal case system exports for each leaf code.

Purpose: the one place where the demo's generator knows German labels. Every spelling stands under the leaf
code that it must be understood as; the generator draws codes first and spellings afterwards, so the truth
of a row is known without reading the row.

Invariants: the first spelling of a code is the ordinary one; every spelling is one that the description of
the profile declares as understood (a value that is *not* understood belongs into the local codes of an
area); no spelling is a missing marker, except those of ``MISSING_MARKERS``, which mean ``_U`` everywhere.

It deliberately does not: share anything with the mapping of the node. The two sides must agree without
copying.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Spellings = Mapping[str, tuple[str, ...]]

#: What case systems write where nothing is known. The numeric ones are legal in code columns only.
MISSING_MARKERS: Final = (
    "", "", "", "-", "--", "k. A.", "k.A.", "keine Angabe", "unbekannt", "9", "99", "#NV", "NULL", ".",
    "n/a", "?",
)  # fmt: skip


def as_they_are(spellings: Spellings) -> Spellings:
    """Return the spellings themselves: people write in many ways."""
    return spellings


def codes_only(spellings: Spellings) -> Spellings:
    """Return each code as its only spelling, and nothing where nothing is known: what a system writes."""
    return {code: ("" if code == "_U" else code,) for code in spellings}


SEX: Final[Spellings] = {
    "F": ("weiblich", "w", "W", "weibl.", "Weiblich", "f", "\u00a0w", "w "),
    "M": ("männlich", "m", "M", "männl.", "Männlich", "MÄNNLICH", "m\u00a0"),
    "_O": ("divers", "d", "D", "x", "ohne Eintrag"),
    "_U": MISSING_MARKERS,
}

RESIDENCE: Final[Spellings] = {
    "DE": ("deutsch", "Deutsche Staatsangehörigkeit"),
    "FREE": ("Freizügigkeit", "Freizügigkeit EU/EWR/CH", "freizügigkeit"),
    "NE": ("Niederlassungserlaubnis", "NE", "NE § 9", "§ 26 Abs. 3", "§ 26 Abs. 4 AufenthG", "§26 III"),
    "T_HUM_24": ("§ 24 AufenthG", "§ 24", "§24", "24er", "AE § 24", "§ 24 Abs. 1 AufenthG"),
    "T_HUM_25": (
        "§ 25 Abs. 2 AufenthG", "§25,2", "§25 II", "AE § 25 Abs. 2 AufenthG, 1. Alt.", "§ 25 Abs. 1", "§25 I",
        "AE § 25 Abs. 2 AufenthG, 2. Alt.", "§25,1",
    ),
    "T_HUM_ABV": ("§ 25 Abs. 3 AufenthG", "§25,3", "§25 III", "AE § 25 Abs. 3"),
    "T_HUM_AUFN": ("§ 23 Abs. 2 AufenthG", "§ 22", "§ 23", "§ 23a", "AE § 23 Abs. 1"),
    "T_BLEIB": ("§ 25b AufenthG", "§ 25a", "§25b", "AE § 25a Abs. 1 AufenthG"),
    "T_CHANCE": ("§ 104c AufenthG", "§104c", "AE § 104c"),
    "T_FAM": ("§ 30 AufenthG", "§ 28", "§ 28 Abs. 1 AufenthG", "§ 32", "§ 36a", "AE § 30"),
    "T_WORK": ("§ 18a AufenthG", "§ 18b", "§ 19c", "§ 21", "AE § 18a"),
    "T_EDU": ("§ 16b AufenthG", "§ 16a", "§16b", "AE § 17"),
    "T_OTH": ("Sonstige befristete Titel", "T_OTH"),
    "GEST": ("Aufenthaltsgestattung", "Gestattung", "§ 55 AsylG", "gestattung"),
    "DULD": ("Duldung", "Duldung § 60a AufenthG", "§ 60a", "§60a II", "§ 60d", "duldung"),
    "NOTITLE": ("ohne Titel", "ausreisepflichtig"),
    "FICT": ("Fiktionsbescheinigung", "Fiktionsbesch.", "§ 81", "§ 81 Abs. 4 AufenthG"),
    "_U": MISSING_MARKERS,
}  # fmt: skip

RECHTSKREIS: Final[Spellings] = {
    "SGB2": (
        "SGB II",
        "SGB2",
        "Bürgergeld",
        "ALG II",
        "Hartz IV",
        "Jobcenter",
        "Grundsicherung für Arbeitsuchende",
    ),
    "SGB3": ("SGB III", "ALG I", "ALG 1"),
    "SGB8": ("SGB VIII",),
    "SGB9": ("SGB IX",),
    "SGB12": ("SGB XII", "Sozialhilfe", "Grundsicherung im Alter"),
    "ASYLBLG_3": ("AsylbLG § 3", "Grundleistungen AsylbLG"),
    "ASYLBLG_2": ("AsylbLG § 2", "Analogleistungen"),
    "OTHER": ("Wohngeld", "BAföG", "Kinderzuschlag", "Sonstige"),
    "NONE": ("kein Leistungsbezug", "keine"),
    "_U": MISSING_MARKERS,
}

FIELD: Final[Spellings] = {
    "RESID": ("Aufenthalt, Asyl, Einbürgerung", "Aufenthalt", "Asyl", "Einbürgerung"),
    "ORIENT": ("Erstorientierung",),
    "LANG": ("Sprache", "Sprachkurs", "Deutschkurs"),
    "EDU": ("Kita, Schule", "Kita", "Schule"),
    "VOC": ("Ausbildung, Studium, Anerkennung", "Ausbildung", "Anerkennung", "Studium"),
    "WORK": ("Arbeit", "WORK"),
    "HOUS": ("Wohnen", "wohnen"),
    "HEALTH": ("Gesundheit, Pflege", "Gesundheit", "Pflege"),
    "BENEFIT": ("Existenzsicherung", "Leistungen"),
    "FAMILY": ("Familie, Erziehung", "Familie", "Erziehung"),
    "LEGAL": ("Recht, Schulden, Verbraucherschutz", "Recht", "Schulden", "Verbraucherschutz"),
    "SOCIAL": ("Soziale Teilhabe, Ehrenamt", "Soziale Teilhabe", "Teilhabe"),
    "PROTECT": ("Gewaltschutz, Diskriminierung", "Gewaltschutz", "Diskriminierung"),
    "OTHER": ("Sonstiges",),
    "_U": MISSING_MARKERS,
}

INST: Final[Spellings] = {
    "ABH": ("Ausländerbehörde", "ABH"),
    "EBH": ("Einbürgerungsbehörde", "EBH"),
    "JC": ("Jobcenter", "JC"),
    "AA": ("Agentur für Arbeit",),
    "SOZ": ("Sozialamt",),
    "JUG": ("Jugendamt",),
    "SCHUL": ("Schulamt / Schule", "Schule", "Schulamt"),
    "KI": ("Kommunales Integrationszentrum", "KI"),
    "MBE_JMD": ("MBE / JMD", "MBE", "JMD"),
    "RSB": ("Soziale Beratung von Geflüchteten (Land)", "Flüchtlingsberatung"),
    "IA": ("Integrationsagentur",),
    "BAMF": ("BAMF / Sprachkursträger", "BAMF", "Sprachkursträger"),
    "HEALTH": ("Gesundheitswesen", "Arzt", "Gesundheitsamt"),
    "HOUS": ("Wohnungswirtschaft / Unterkunft", "Unterkunft", "Wohnungsamt"),
    "ADV": ("Fachberatung (Schulden, Gewalt, Sucht)", "Schuldnerberatung", "Suchtberatung"),
    "CIVIL": ("Ehrenamt / MSO", "Ehrenamt", "MSO"),
    "SELF": ("Selbstmeldung / Umfeld", "Selbstmelder", "selbst"),
    "OTHER": ("Sonstige",),
    "_U": MISSING_MARKERS,
}

OUTCOME: Final[Spellings] = {
    "GOAL": ("Ziele erreicht", "Ziel erreicht", "erfolgreich"),
    "PART": ("Ziele teilweise erreicht", "teilweise erreicht"),
    "HANDOVER": ("Übergabe an Regeldienst", "Übergabe", "Regeldienst"),
    "MOVED": ("Wegzug", "Umzug"),
    "DROPOUT": ("Kontaktabbruch", "Abbruch"),
    "WITHDRAWN": ("Einwilligung widerrufen", "Widerruf"),
    "LEFT": ("Ausreise", "Rückkehr"),
    "OTHER": ("Sonstige", "Sonstiges"),
    "_U": MISSING_MARKERS,
}

BAUSTEIN: Final[Spellings] = {
    "B1K": ("B1K", "Koordination"),
    "B1V": ("B1V", "Verwaltungsassistenz"),
    "B2": ("B2", "Baustein 2: Case Management"),
    "B3A": ("B3A", "Ausländerbehörde"),
    "B3E": ("B3E", "Einbürgerungsbehörde"),
}
COST: Final[Spellings] = {
    "STAFF": ("Personal", "STAFF"),
    "WORKPL": ("Arbeitsplatz / Sachausgaben", "WORKPL"),
    "TRAIN": ("Fortbildung", "TRAIN"),
    "MEAS": ("Maßnahmen", "MEAS"),
}
ISSUE: Final[Spellings] = {
    "IDENT": ("Erkannt", "erkannt"),
    "GROUP": ("In Arbeits-/Projektgruppe",),
    "STEER": ("In der Lenkungsgruppe",),
    "SOLVED": ("Gelöst", "gelöst"),
    "DROPPED": ("Nicht weiterverfolgt",),
}
DECISION: Final[Spellings] = {
    "NAT": ("Einbürgerung", "NAT"),
    "T25A": ("Aufenthaltserlaubnis § 25a", "T25A"),
    "T25B": ("Aufenthaltserlaubnis § 25b", "T25B"),
    "T104C": ("Aufenthaltserlaubnis § 104c", "T104C"),
    "NE263": ("Niederlassungserlaubnis § 26 Abs. 3/4", "NE263"),
}

CASE_KINDS: Final = (
    "Case Management",
    "Case Management",
    "Case Management",
    "KIM-CM",
    "CM",
    "Fallmanagement",
    "",
)
CONTACT_KINDS: Final = ("Kurzberatung", "Verweisberatung", "Clearing", "Einmalberatung")
FOREIGN_PROGRAMMES: Final = ("MBE", "JMD", "Integrationsagentur", "Rückkehrberatung", "Ehrenamtskoordination")
OPEN_STATES: Final = ("laufend", "aktiv", "laufend", "ruhend", "")
CLOSED_STATES: Final = ("abgeschlossen", "beendet", "abgeschlossen", "")
CANCELLED_STATES: Final = ("storniert", "Test", "Testfall", "gelöscht")

CARRIERS: Final = (
    "Stadtverwaltung", "Kreisverwaltung", "AWO Unterbezirk", "Caritasverband für die Region",
    "Diakonisches Werk", "DRK Kreisverband", "Paritätische Dienste",
)  # fmt: skip
REMARKS: Final = (
    "", "", "", "", "", "", "Rückruf vereinbart", "Unterlagen fehlen", "Termin verschoben",
    "Dolmetscher nötig", "Übergabegespräch geführt", 'Stichwort "Anerkennung" klären',
)  # fmt: skip
POST_SHARES: Final = ("1,0", "0,5", "0,75", "50 %", "19,5 Std", "½", "1,00", "")
