"""Countries and combined citizenships: from `türkisch`, `TUR`, `163` or `deutsch/türkisch` to a group.

Invariants: German with anything is German; several foreign ones count as the first by EU, other Europe, rest
(rule of Destatis and the central register of foreigners). The group of a key stands in the catalogue; keys it
does not list follow its note by continent. `data/countries.csv` holds keys, ISO codes, names and adjectives.

It deliberately knows no ethnic groups and no birthplaces: `kurdisch` is not a citizenship.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from node.mapping.vocabulary import MISSING, Mapped, Vocabulary, is_missing, not_understood
from node.wording import fold, key

_SEPARATORS: Final = re.compile(r"[/,;+&|\r\n]|\bund\b|-")
_ENDINGS: Final = ("e", "er", "es", "en")
_STATELESS: Final = "STLS"


@dataclass(frozen=True, slots=True)
class Country:
    """One entry of the list of states.

    Attributes:
        bev: key of the population statistics, three digits; the first is the continent.
        iso2: ISO 3166-1 alpha-2, or empty (historic states).
        iso3: ISO 3166-1 alpha-3, or empty.
        name: German name.
        adjective: German adjective, or empty.
        group: leaf code of the catalogue.
        aliases: further German names and adjectives.
    """

    bev: str
    iso2: str
    iso3: str
    name: str
    adjective: str
    group: str
    aliases: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Order among several foreign citizenships: EU, other Europe, rest, stateless."""
        if self.group.startswith("EU_"):
            return 0
        if self.bev.startswith("1"):
            return 1
        return 3 if self.group == _STATELESS else 2


@cache
def countries() -> tuple[Country, ...]:
    """Return all states in order of their keys."""
    text = resources.files("node.mapping").joinpath("data/countries.csv").read_text(encoding="utf-8")
    return tuple(
        Country(
            bev=row["bev"],
            iso2=row["iso2"],
            iso3=row["iso3"],
            name=row["name"],
            adjective=row["adjective"],
            group=row["group"],
            aliases=tuple(alias for alias in row["aliases"].split("|") if alias),
        )
        for row in csv.DictReader(io.StringIO(text), delimiter=";")
    )


@cache
def _by_word() -> dict[str, Country]:
    found: dict[str, Country] = {}
    for country in countries():
        for word in (
            country.bev,
            country.iso2,
            country.iso3,
            country.name,
            country.adjective,
            *country.aliases,
        ):
            if word:
                found.setdefault(key(word), country)
    return found


def country_of(text: str) -> Country | None:
    """Return the state that a name, adjective, ISO code or key means, or None."""
    word = key(text)
    if not word:
        return None
    found = _by_word().get(word)
    if found is not None:
        return found
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and stem.endswith("sch") and stem in _by_word():
            return _by_word()[stem]
    return None


def map_citizenship(text: str, vocabulary: Vocabulary) -> Mapped:
    """Map a cell of the citizenship column.

    Args:
        text: the cell.
        vocabulary: the municipality's table and the catalogue's ids and labels.

    Returns:
        One leaf code; not understood if a part is not and no part is German.
    """
    own = vocabulary.own(text)
    if own is not None:
        return Mapped((own,))
    if is_missing(text):
        return MISSING
    whole = _group(text, vocabulary)
    if whole is not None:
        code, _ = whole
        country = country_of(text)
        named = country is not None and fold(country.name) == fold(text)
        return Mapped((code,), literal=named or vocabulary.is_literal(text, code))
    return _combined(text, vocabulary)


def _combined(text: str, vocabulary: Vocabulary) -> Mapped:
    parts = [part for part in _SEPARATORS.split(fold(text)) if not is_missing(part)]
    groups = [_group(part, vocabulary) for part in parts]
    known = [group for group in groups if group is not None]
    if any(code == "DE" for code, _ in known):
        return Mapped(("DE",))
    if len(parts) < 2 or len(known) < len(parts):
        return not_understood(text.strip())
    # min() keeps the first of equal rank
    code, _ = min(known, key=lambda group: group[1])
    return Mapped((code,))


def _group(text: str, vocabulary: Vocabulary) -> tuple[str, int] | None:
    country = country_of(text)
    own = vocabulary.own(text)
    if own is None and country is not None:
        return country.group, country.rank
    code = own or vocabulary.code(text)
    if code is None:
        return None
    return code, country.rank if country is not None else _rank_of_group(code)


def _rank_of_group(code: str) -> int:
    ranks = [country.rank for country in countries() if country.group == code]
    return min(ranks, default=2)
