"""Citizenships as clerks write them: name, adjective, ISO codes, BEV key, and the group they belong to.

Purpose: the demo draws a country first and one of its five spellings afterwards. The groups follow the
citizenship codelist: listed BEV keys by their list, all others by the first digit of the key (1 Europe, 2
Africa, 3 and 5 the Americas and Oceania, 4 Asia), as the Destatis Staats- und Gebietssystematik orders
them.

It deliberately does not: be complete. It holds the countries that the demo's people come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.demo.words.vocabulary import MISSING_MARKERS


@dataclass(frozen=True, slots=True)
class Country:
    """One citizenship with the ways of writing it; ``group`` is the leaf code of the citizenship codelist."""

    group: str
    spellings: tuple[str, ...]


def _country(group: str, name: str, adjective: str, iso2: str, iso3: str, bev: str) -> Country:
    return Country(group, (name, adjective, iso2, iso3, bev))


#: Countries by the origin that the demo's distribution names; the weight orders countries within one origin.
ORIGINS: Final[dict[str, tuple[tuple[Country, float], ...]]] = {
    "SY": ((_country("SY", "Syrien", "syrisch", "SY", "SYR", "475"), 1),),
    "UA": ((_country("UA", "Ukraine", "ukrainisch", "UA", "UKR", "166"), 1),),
    "AF": ((_country("AF", "Afghanistan", "afghanisch", "AF", "AFG", "423"), 1),),
    "TR": ((_country("TR", "Türkei", "türkisch", "TR", "TUR", "163"), 1),),
    "IQ": ((_country("IQ", "Irak", "irakisch", "IQ", "IRQ", "438"), 1),),
    "IR": ((_country("IR", "Iran", "iranisch", "IR", "IRN", "439"), 1),),
    "EU": (
        (_country("EU_RO", "Rumänien", "rumänisch", "RO", "ROU", "154"), 8),
        (_country("EU_BG", "Bulgarien", "bulgarisch", "BG", "BGR", "125"), 6),
        (_country("EU_PL", "Polen", "polnisch", "PL", "POL", "152"), 4),
        (_country("EU_OTH", "Italien", "italienisch", "IT", "ITA", "137"), 2),
        (_country("EU_OTH", "Griechenland", "griechisch", "GR", "GRC", "134"), 2),
        (_country("EU_OTH", "Kroatien", "kroatisch", "HR", "HRV", "130"), 1),
        (_country("EU_OTH", "Spanien", "spanisch", "ES", "ESP", "161"), 1),
    ),
    "WBALK": (
        (_country("WBALK", "Albanien", "albanisch", "AL", "ALB", "121"), 3),
        (_country("WBALK", "Serbien", "serbisch", "RS", "SRB", "170"), 3),
        (_country("WBALK", "Nordmazedonien", "nordmazedonisch", "MK", "MKD", "144"), 3),
        (Country("WBALK", ("Kosovo", "kosovarisch", "XK", "Kosovo", "150")), 3),
        (_country("WBALK", "Bosnien und Herzegowina", "bosnisch", "BA", "BIH", "122"), 2),
        (Country("WBALK", ("Jugoslawien", "jugoslawisch", "Jugoslawien", "Jugoslawien", "138")), 0.3),
    ),
    "AFRICA": (
        (_country("ASYL8_OTH", "Eritrea", "eritreisch", "ER", "ERI", "224"), 4),
        (_country("ASYL8_OTH", "Nigeria", "nigerianisch", "NG", "NGA", "232"), 3),
        (_country("ASYL8_OTH", "Somalia", "somalisch", "SO", "SOM", "273"), 3),
        (_country("OAFR", "Guinea", "guineisch", "GN", "GIN", "261"), 3),
        (_country("OAFR", "Marokko", "marokkanisch", "MA", "MAR", "252"), 3),
        (_country("OAFR", "Ghana", "ghanaisch", "GH", "GHA", "238"), 2),
        (_country("OAFR", "Ägypten", "ägyptisch", "EG", "EGY", "287"), 1),
    ),
    "OTHER": (
        (_country("DE", "Deutschland", "deutsch", "DE", "DEU", "000"), 3),
        (_country("ASYL8_OTH", "Pakistan", "pakistanisch", "PK", "PAK", "461"), 2),
        (_country("OASI", "Libanon", "libanesisch", "LB", "LBN", "451"), 2),
        (_country("OASI", "Indien", "indisch", "IN", "IND", "436"), 2),
        (_country("OASI", "China", "chinesisch", "CN", "CHN", "479"), 1),
        (_country("OASI", "Vietnam", "vietnamesisch", "VN", "VNM", "432"), 1),
        (_country("OEUR", "Russland", "russisch", "RU", "RUS", "160"), 3),
        (_country("OEUR", "Moldau", "moldauisch", "MD", "MDA", "146"), 1),
        (_country("EFTA_GB", "Schweiz", "schweizerisch", "CH", "CHE", "158"), 0.5),
        (_country("AMEO", "Brasilien", "brasilianisch", "BR", "BRA", "327"), 1),
        (_country("AMEO", "Kolumbien", "kolumbianisch", "CO", "COL", "349"), 1),
        (Country("STLS", ("staatenlos", "ungeklärt", "staatenlos", "ungeklärt", "997")), 2),
    ),
    "UNKNOWN": ((Country("_U", MISSING_MARKERS), 1),),
}
