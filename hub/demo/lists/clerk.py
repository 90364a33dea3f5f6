"""The clerk: turns clean cases and contacts into rows, each code in one of the many ways people spell it.

Purpose: the ordinary look of an export: one row per case and person, the person's data in clear words,
several fields of action in one quoted cell. Harmless spelling variants are everywhere; the serious errors
are `traps`.

Invariants: a clerk prefers one spelling per code (seeded by the area) and uses others now and then; cells
and facts of a row always say the same.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta

from hub.demo.lists.plans import AreaPlan, Profile
from hub.demo.lists.records import CaseFacts, ContactFacts, Entry, Row
from hub.demo.words import columns as at
from hub.demo.words import vocabulary as words
from hub.demo.words.area_keys import AreaKeys
from hub.demo.words.columns import COLUMNS
from hub.demo.words.countries import Country
from hub.demo.words.dates import german
from hub.demo.words.vocabulary import Spellings
from hub.demo.world.casework import Case, Contact, Person

#: Share of cells in the clerk's usual spelling.
_USUAL = 0.88
_HARMLESS_EXTRA = 0.05


class Speller:
    """Spells the codes of one codelist the way one area does."""

    def __init__(self, spellings: Spellings, rng: random.Random, local: Mapping[str, str]) -> None:
        """Choose the usual spelling of each code; those of ``local`` (spelling → code) go before."""
        self._rng = rng
        self._all = spellings
        self._usual = {code: s[0] if rng.random() < 0.7 else rng.choice(s) for code, s in spellings.items()}
        self._usual.update({code: spelling for spelling, code in local.items()})

    def spell(self, code: str) -> str:
        """Return one spelling of a code."""
        if self._rng.random() < _USUAL:
            return self._usual[code]
        return self._rng.choice(self._all[code])

    def rare(self, code: str) -> str | None:
        """Return any spelling but the first; None where there is no other, or nothing is known to spell."""
        others = self._all[code][1:]
        return self._rng.choice(others) if others and code != "_U" else None


def completed_years(birth: date, day: date) -> int:
    """Return somebody's age on a day; 0 for who is not born yet."""
    return max(0, day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)))


def birth_of_age(age: int, day: date) -> date:
    """Return the date of birth that an age on a day stands for: half a year before the youngest possible."""
    youngest = date(day.year - age, day.month, 1) + timedelta(days=day.day - 1)
    return youngest - timedelta(days=183)


class Clerk:
    """Writes the rows of one area."""

    def __init__(self, plan: AreaPlan, rng: random.Random) -> None:
        self.plan = plan
        self.rng = rng
        self.keys = AreaKeys(plan.region, rng)
        local = plan.local_codes
        spellings = words.codes_only if plan.profile is Profile.C else words.as_they_are
        self.sex = Speller(spellings(words.SEX), rng, local.get("SEX", {}))
        self.residence = Speller(spellings(words.RESIDENCE), rng, local.get("RESIDENCE", {}))
        self.rechtskreis = Speller(spellings(words.RECHTSKREIS), rng, local.get("RECHTSKREIS", {}))
        self.field = Speller(spellings(words.FIELD), rng, local.get("FIELD", {}))
        self.inst = Speller(spellings(words.INST), rng, local.get("INST", {}))
        self.outcome = Speller(spellings(words.OUTCOME), rng, local.get("OUTCOME", {}))
        self._most_fields = 3 if plan.profile is Profile.B else 4
        self._country_style = rng.choices(range(5), (5, 3, 1, 1, 1))[0]
        self._carriers = rng.sample(words.CARRIERS, 3)
        self._numbers = 0

    def case_entry(self, case: Case, *, prefix: str = "KIM", number: str | None = None) -> Entry:
        """Write one row per person of a case; the first row is the holder's.

        Args:
            case: the case.
            prefix: of the numbers that this list gives.
            number: its number where another list has given it one already.
        """
        rng = self.rng
        self._numbers += 1
        number = number or f"{prefix}-{case.opened.year}-{self._numbers:05d}"
        fields = case.fields[: self._most_fields]
        states = words.CLOSED_STATES if case.closed else words.OPEN_STATES
        shared = {
            "Fallnummer": number,
            "Mandant": "01",
            "AGS": self.keys.own(self.plan.key_style),
            "Gemeinde": self.plan.region.name,
            "Träger": rng.choice(self._carriers),
            "Beratungsart": rng.choice(words.CASE_KINDS),
            "Erstkontakt": german(case.first_contact),
            "Fallbeginn": german(case.opened),
            "Fallende": german(case.closed),
            "Fallstatus": rng.choice(states),
            "Anz. Personen": str(len(case.members)),
            "Zugang über": self.inst.spell(case.inst),
            "Weitervermittlung an": self.referrals(case.referrals),
            "Handlungsfelder": self.fields(fields),
            "Abschlussgrund": self.outcome.spell(case.outcome) if case.closed else "",
            "Stellenanteil": rng.choice(words.POST_SHARES),
            "Bemerkung": rng.choice(words.REMARKS),
        }
        template = [shared.get(column, "") for column in COLUMNS]
        return [self._person_row(template, number, case, fields, person) for person in case.members]

    def contact_entry(self, contact: Contact) -> Entry:
        """Write a one-off contact the way it is kept: as a case with hardly any data on the person."""
        rng = self.rng
        self._numbers += 1
        values = {
            "Fallnummer": f"KB-{contact.day.year}-{self._numbers:05d}",
            "Mandant": "01",
            "AGS": self.keys.own(self.plan.key_style),
            "Gemeinde": self.plan.region.name,
            "Träger": rng.choice(self._carriers),
            "Beratungsart": rng.choice(words.CONTACT_KINDS),
            "Erstkontakt": german(contact.day),
            "Fallbeginn": german(contact.day) if rng.random() < 0.7 else "",
            "Fallstatus": rng.choice(words.CLOSED_STATES),
            "Anz. Personen": "1",
            "Geschlecht": self.sex.spell("_U" if rng.random() < 0.5 else "F"),
            "Zugang über": self.inst.spell(contact.inst),
            "Handlungsfelder": self.fields(contact.fields),
        }
        facts = ContactFacts(contact.day, contact.fields[0] if contact.fields else "_U", contact.inst)
        return [Row([values.get(column, "") for column in COLUMNS], facts, [("T22", "N")])]

    def _person_row(
        self, template: list[str], number: str, case: Case, fields: tuple[str, ...], person: Person
    ) -> Row:
        cells = template.copy()
        birth = person.birth
        cells[at.PERSON] = person.id
        cells[at.SEX] = self.sex.spell(person.sex)
        cells[at.BIRTH] = german(birth)
        if self.plan.profile is Profile.B and birth is not None:
            age = completed_years(birth, case.opened)
            cells[at.BIRTH], birth = str(age), birth_of_age(age, case.opened)
        cells[at.CITIZEN] = self.citizenship(person.country)
        cells[at.RESIDENCE] = self.residence.spell(person.residence)
        if person.residence.startswith("T_"):
            cells[at.VALID_UNTIL] = german(case.opened + timedelta(days=self.rng.randrange(90, 900)))
        cells[at.RECHTSKREIS] = self.rechtskreis.spell(person.rechtskreis)
        facts = CaseFacts(
            case=number,
            person=person.id,
            opened=case.opened,
            closed=case.closed,
            birth=birth,
            sex=person.sex,
            citizen=person.country.group,
            residence=person.residence,
            rechtskreis=person.rechtskreis,
            inst=case.inst,
            outcome=case.outcome,
            fields=fields,
            heads=len(case.members),
            first_contact=case.first_contact,
            referred=case.referrals,
        )
        return Row(cells, facts)

    def citizenship(self, country: Country) -> str:
        """Write a citizenship: in the area's usual notation, sometimes in another."""
        if self.plan.profile is Profile.C:
            return country.group
        if self.rng.random() < _USUAL:
            return country.spellings[self._country_style]
        return self.rng.choice(country.spellings)

    def referrals(self, institutions: tuple[str, ...]) -> str:
        """Write the institutions to which a case was sent on; none is often a missing marker."""
        if not institutions:
            return self.inst.spell("_U")
        return self.plan.field_separator.join(self.inst.spell(inst) for inst in institutions)

    def fields(self, fields: tuple[str, ...]) -> str:
        """Write several fields of action into one cell, now and then one of them twice."""
        if not fields:
            return self.field.spell("_U")
        texts = [self.field.spell(field) for field in fields]
        if self.rng.random() < _HARMLESS_EXTRA and len(texts) < self._most_fields:
            texts.append(texts[0])
        return self.plan.field_separator.join(texts)
