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
