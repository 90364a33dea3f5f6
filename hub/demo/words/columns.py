"""The columns of profile A, in the order of the case-management software's standard export."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = (
    "Fallnummer", "Mandant", "AGS", "Gemeinde", "Träger", "Beratungsart", "Erstkontakt", "Fallbeginn",
    "Fallende", "Fallstatus", "Personen-ID", "Anz. Personen", "Geschlecht", "Geburtsdatum",
    "Staatsangehörigkeit", "Aufenthaltsstatus", "gültig bis", "Rechtskreis", "Zugang über",
    "Weitervermittlung an", "Handlungsfelder", "Abschlussgrund", "Stellenanteil", "Bemerkung",
)  # fmt: skip

CASE_NUMBER: Final = COLUMNS.index("Fallnummer")
AREA_KEY: Final = COLUMNS.index("AGS")
KIND: Final = COLUMNS.index("Beratungsart")
FIRST_CONTACT: Final = COLUMNS.index("Erstkontakt")
BEGIN: Final = COLUMNS.index("Fallbeginn")
END: Final = COLUMNS.index("Fallende")
STATE: Final = COLUMNS.index("Fallstatus")
PERSON: Final = COLUMNS.index("Personen-ID")
HEADS: Final = COLUMNS.index("Anz. Personen")
SEX: Final = COLUMNS.index("Geschlecht")
BIRTH: Final = COLUMNS.index("Geburtsdatum")
CITIZEN: Final = COLUMNS.index("Staatsangehörigkeit")
RESIDENCE: Final = COLUMNS.index("Aufenthaltsstatus")
VALID_UNTIL: Final = COLUMNS.index("gültig bis")
RECHTSKREIS: Final = COLUMNS.index("Rechtskreis")
FIELDS: Final = COLUMNS.index("Handlungsfelder")
INST: Final = COLUMNS.index("Zugang über")
OUTCOME: Final = COLUMNS.index("Abschlussgrund")
REMARK: Final = COLUMNS.index("Bemerkung")

#: Columns whose words mean codes.
CODED: Final = (KIND, STATE, SEX, CITIZEN, RESIDENCE, RECHTSKREIS, INST, FIELDS, OUTCOME)

#: Profile B, a list kept in a spreadsheet: its name of each column → the name in profile A. It has an age
#: instead of a date of birth, and a column for each of up to three fields of action.
COLUMNS_B: Final = {
    "Fall-Nr.": "Fallnummer", "AGS": "AGS", "Gemeinde": "Gemeinde", "Träger": "Träger",
    "Art der Beratung": "Beratungsart", "Erstkontakt": "Erstkontakt", "Beginn": "Fallbeginn",
    "Ende": "Fallende", "Status": "Fallstatus", "Person": "Personen-ID", "Personen im Fall": "Anz. Personen",
    "Geschlecht": "Geschlecht", "Alter": "Geburtsdatum", "Staatsangehörigkeit": "Staatsangehörigkeit",
    "Aufenthaltsstatus": "Aufenthaltsstatus", "Rechtskreis": "Rechtskreis", "Zugang": "Zugang über",
    "Weitervermittelt an": "Weitervermittlung an", "Thema 1": "Handlungsfelder", "Thema 2": "", "Thema 3": "",
    "Ergebnis": "Abschlussgrund", "Bemerkung": "Bemerkung",
}  # fmt: skip

#: Profile C, codes and ISO dates: its name of each column → the name in profile A.
COLUMNS_C: Final = {
    "case_id": "Fallnummer", "ags": "AGS", "carrier": "Träger", "counselling": "Beratungsart",
    "first_contact": "Erstkontakt", "opened": "Fallbeginn", "closed": "Fallende", "status": "Fallstatus",
    "person_id": "Personen-ID", "persons": "Anz. Personen", "sex": "Geschlecht", "birth_date": "Geburtsdatum",
    "citizenship": "Staatsangehörigkeit", "residence": "Aufenthaltsstatus", "legal_regime": "Rechtskreis",
    "referred_by": "Zugang über", "referred_to": "Weitervermittlung an", "fields": "Handlungsfelder",
    "outcome": "Abschlussgrund", "remark": "Bemerkung",
}  # fmt: skip
