"""The profiles: three layouts of cases and one of each register.

A   export of a case-management program: Windows-1252, ``;``, banner lines, dd.mm.yyyy.
B   list kept in a spreadsheet, as CSV (UTF-8 with a mark, first line ``sep=;``, everything quoted) or .xlsx:
    ``Thema 1`` to ``Thema 3`` instead of one column of fields, ``Alter`` (full years when the case began)
    instead of a date of birth; dates may be serial numbers.
C   export of a welfare body or of the Land's database: UTF-8, ``,`` or JSON lines, ISO dates, codes of the
    catalogue.

The four registers follow the conventions of B. Every profile is read from every format. Canonical names of
cases are those of A, with ``Alter`` and ``Weitervermittlung am``, which only some exports have.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from node.settings import CaseProfile, Holds, SourceSpec
from node.sources.table.profile import Column, Profile
from protocol.texts import Text

_UTF8: Final = frozenset({"ascii", "utf-8", "utf-8-sig"})

PROFILE_A: Final = Profile(
    id="A",
    version="2",
    title=Text("Profil A", "profile A"),
    marks=("Fallnummer", "Fallbeginn"),
    encodings=frozenset({"ascii", "cp1252"}),
    columns=(
        Column("Fallnummer", aliases=("Fall-Nr.", "Fall-Nr"), identifying=True),
        Column("Mandant", optional=True),
        Column("AGS"),
        Column("Gemeinde", optional=True),
        Column("Träger", optional=True),
        Column("Beratungsart"),
        Column("Erstkontakt"),
        Column("Fallbeginn", aliases=("Beginn",)),
        Column("Fallende", aliases=("Ende",)),
        Column("Fallstatus"),
        Column("Personen-ID", aliases=("Pers.-ID",), identifying=True),
        Column("Anz. Personen", optional=True),
        Column("Geschlecht"),
        Column("Geburtsdatum", aliases=("Geb.-Datum",)),
        Column("Staatsangehörigkeit", aliases=("Nationalität",)),
        Column("Aufenthaltsstatus", aliases=("Status (Aufenthalt)",)),
        Column("gültig bis", optional=True),
        Column("Rechtskreis"),
        Column("Zugang über"),
        Column("Weitervermittlung an", optional=True, several=True),
        Column("Weitervermittlung am", optional=True),
        Column("Handlungsfelder", aliases=("Handlungsfeld",), several=True),
        Column("Abschlussgrund"),
        Column("Stellenanteil", optional=True),
        Column("Bemerkung", optional=True, free_text=True),
    ),
)

PROFILE_B: Final = Profile(
    id="B",
    version="1",
    title=Text("Profil B", "profile B"),
    marks=("Fallnummer", "Fallbeginn"),
    encodings=_UTF8,
    united=MappingProxyType({"Handlungsfelder": ("Thema 1", "Thema 2", "Thema 3")}),
    columns=(
        Column("Fallnummer", "Fall-Nr.", aliases=("Nr.", "Fall"), identifying=True),
        Column("AGS", aliases=("Gemeindeschlüssel",)),
        Column("Gemeinde", optional=True),
        Column("Träger", optional=True),
        Column("Beratungsart", "Art der Beratung"),
        Column("Erstkontakt", "Erstkontakt", aliases=("Erstgespräch",)),
        Column("Fallbeginn", "Beginn"),
        Column("Fallende", "Ende"),
        Column("Fallstatus", "Status"),
        Column("Personen-ID", "Person", aliases=("Personen-Nr.",), identifying=True),
        Column("Anz. Personen", "Personen im Fall", optional=True),
        Column("Geschlecht"),
        Column("Alter", aliases=("Alter bei Beginn",)),
        Column("Staatsangehörigkeit", aliases=("Nationalität",)),
        Column("Aufenthaltsstatus", aliases=("Aufenthalt", "Status (Aufenthalt)")),
        Column("Rechtskreis"),
        Column("Zugang über", "Zugang"),
        Column("Weitervermittlung an", "Weitervermittelt an", optional=True),
        Column("Weitervermittlung am", "Weitervermittelt am", optional=True),
        Column("Thema 1"),
        Column("Thema 2", optional=True),
        Column("Thema 3", optional=True),
        Column("Abschlussgrund", "Ergebnis"),
        Column("Bemerkung", aliases=("Bemerkungen",), optional=True, free_text=True),
    ),
)

PROFILE_C: Final = Profile(
    id="C",
    version="1",
    title=Text("Profil C", "profile C"),
    marks=("Fallnummer", "Fallbeginn"),
    delimiter=",",
    encodings=_UTF8,
    columns=(
        Column("Fallnummer", "case_id", identifying=True),
        Column("AGS", "ags"),
        Column("Träger", "carrier", optional=True),
        Column("Beratungsart", "counselling"),
        Column("Erstkontakt", "first_contact"),
        Column("Fallbeginn", "opened"),
        Column("Fallende", "closed"),
        Column("Fallstatus", "status"),
        Column("Personen-ID", "person_id", identifying=True),
        Column("Anz. Personen", "persons", optional=True),
        Column("Geschlecht", "sex"),
        Column("Geburtsdatum", "birth_date"),
        Column("Staatsangehörigkeit", "citizenship"),
        Column("Aufenthaltsstatus", "residence"),
        Column("Rechtskreis", "legal_regime"),
        Column("Zugang über", "referred_by"),
        Column("Weitervermittlung an", "referred_to", optional=True, several=True),
        Column("Weitervermittlung am", "referred_on", optional=True),
        Column("Handlungsfelder", "fields", several=True),
        Column("Abschlussgrund", "outcome"),
        Column("Bemerkung", "remark", optional=True, free_text=True),
    ),
)

POSTS: Final = Profile(
    id="posts",
    version="1",
    title=Text("das Stellenregister", "the register of posts"),
    marks=("Stellen-ID", "Baustein"),
    encodings=_UTF8,
    columns=(
        Column("Stellen-ID", aliases=("Stelle", "Stellen-Nr."), identifying=True),
        Column("Baustein"),
        Column("Träger-ID", aliases=("Träger-Nr.",)),
        Column("Träger", optional=True),
        Column("VZÄ bewilligt"),
        Column("VZÄ besetzt"),
        Column("gültig von"),
        Column("gültig bis"),
        Column("Wochenstunden", aliases=("Wochenstunden Vollzeit",), optional=True),
    ),
)

FUNDS: Final = Profile(
    id="funds",
    version="1",
    title=Text("die Haushaltsliste", "the funds ledger"),
    marks=("Beleg", "Kostenart"),
    encodings=_UTF8,
    columns=(
        Column("Beleg", aliases=("Beleg-Nr.", "Belegnummer"), identifying=True),
        Column("Haushaltsjahr"),
        Column("Baustein"),
        Column("Kostenart"),
        Column("Träger-ID", aliases=("Träger-Nr.",)),
        Column("Träger", optional=True),
        Column("bewilligt"),
        Column("verausgabt"),
        Column("Buchungsdatum", optional=True),
    ),
)

ISSUES: Final = Profile(
    id="issues",
    version="1",
    title=Text("das Themenregister", "the register of structural issues"),
    marks=("Thema-ID", "Handlungsfeld"),
    encodings=_UTF8,
    columns=(
        Column("Thema-ID", aliases=("Themen-ID", "Thema-Nr."), identifying=True),
        Column("Handlungsfeld"),
        Column("Stand"),
        Column("gemeldet am"),
    ),
)

DECISIONS: Final = Profile(
    id="decisions",
    version="1",
    title=Text("die Entscheidungsliste", "the list of decisions"),
    marks=("Vorgang", "Entscheidung"),
    encodings=_UTF8,
    columns=(
        Column("Vorgang", aliases=("Vorgangs-Nr.", "Aktenzeichen"), identifying=True),
        Column("Entscheidung"),
        Column("Geschlecht"),
        Column("Datum"),
        Column("Wohnort-AGS", aliases=("Wohnort AGS", "AGS")),
        Column("Behörde", optional=True),
    ),
)

_OF_CASES: Final[Mapping[CaseProfile, Profile]] = MappingProxyType(
    {"A": PROFILE_A, "B": PROFILE_B, "C": PROFILE_C}
)
_OF_REGISTERS: Final[Mapping[Holds, Profile]] = MappingProxyType(
    {"posts": POSTS, "funds": FUNDS, "issues": ISSUES, "decisions": DECISIONS}
)
PROFILES: Final = (*_OF_CASES.values(), *_OF_REGISTERS.values())


def profile_of(spec: SourceSpec) -> Profile:
    """Return the profile of a source."""
    return _OF_CASES[spec.profile or "A"] if spec.holds == "cases" else _OF_REGISTERS[spec.holds]
