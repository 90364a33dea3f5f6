"""What kind of body a carrier is by its name: the area itself, a town in it, or a welfare organisation.

Invariants: a name counts only if it can mean one kind. A word of free welfare decides whatever else stands
there (`Caritasverband für die Stadt Bonn`, `DRK-Kreisverband`); `Stadt …` in a Kreis is a town belonging to
it, unless the Kreis is said to be that town; a bare place name (`Viersen`) says nothing.

It deliberately knows no list of registered associations: `e.V.` alone does not make a welfare organisation.
"""

from __future__ import annotations

import re
from typing import Final

from node.wording import fold, key
from protocol.regions import AACHEN_REST, Region

OWN: Final = "OWN"
TOWN: Final = "MUNI"
WELFARE: Final = "NGO"

#: Beginnings of words that only names of welfare organisations have.
_WELFARE_STEMS: Final = (
    "arbeiterwohlfahrt",
    "caritas",
    "diakoni",
    "diakonisch",
    "diakoniewerk",
    "paritätisch",
    "johanniter",
    "malteser",
    "kolping",
)
#: Whole words or abbreviations of welfare organisations.
_WELFARE_WORDS: Final = frozenset({"awo", "drk", "dpwv", "skm", "skf", "zwst", "wohlfahrtsverband"})
_WELFARE_PHRASES: Final = (
    "rotes kreuz",
    "roten kreuz",
    "jüdische gemeinde",
    "jüdische kultusgemeinde",
    "in via",
)
_WORD: Final = re.compile(r"[a-zäöüß]+")
_TOWN_OFFICES: Final = ("stadt", "gemeinde", "stadtverwaltung", "gemeindeverwaltung")
_DISTRICT_OFFICES: Final = frozenset({"kreis", "kreisverwaltung", "landrat", "landratsamt"})
_CITY_OFFICES: Final = frozenset({"stadt", "stadtverwaltung", "kreisfreie stadt"})
_REGION_OFFICES: Final = frozenset({"städteregion", "städteregion aachen"})


def carrier_code(name: str, region: Region) -> str | None:
    """Return ``OWN``, ``MUNI`` or ``NGO``, or None if the name does not say.

    Args:
        name: name of the carrier as the register has it.
        region: the node's own reporting area.
    """
    folded = fold(name)
    words = _WORD.findall(folded)
    if not words:
        return None
    if _is_welfare(words):
        return WELFARE
    if _is_own(folded, words, region):
        return OWN
    is_city = region.kind == "Kreisfreie Stadt"
    return TOWN if not is_city and _is_town(words, region) else None


def _is_welfare(words: list[str]) -> bool:
    spaced = " ".join(words)
    return any(word in _WELFARE_WORDS or word.startswith(_WELFARE_STEMS) for word in words) or any(
        f" {phrase} " in f" {spaced} " for phrase in _WELFARE_PHRASES
    )


def _is_own(folded: str, words: list[str], region: Region) -> bool:
    name = "Städteregion Aachen" if region.id == AACHEN_REST else region.name
    spaced = " ".join(words)
    if region.kind == "Kreisfreie Stadt":
        own = {*_CITY_OFFICES, *(f"{office} {fold(name)}" for office in _CITY_OFFICES)}
        return folded in own or key(folded) in {key(f"{name}, Stadt"), key(f"Stadt {name}")}
    offices = _REGION_OFFICES if region.id == AACHEN_REST else _DISTRICT_OFFICES
    bare = fold(name).removeprefix("kreis ")
    named = {key(name), *(key(f"{office} {bare}") for office in offices), key(f"Kreisverwaltung {name}")}
    return spaced in offices or key(folded) in named


def _is_town(words: list[str], region: Region) -> bool:
    """Whether a name is `Stadt X` or `Gemeinde X` of a Kreis; the city of Aachen belongs to none."""
    if words[0] not in _TOWN_OFFICES or len(words) < 2 or "kreis" in words:
        return False
    return not (region.id == AACHEN_REST and words[1] == "aachen")
