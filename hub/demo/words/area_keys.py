"""The many ways in which an export writes the key of a municipality or district, right and wrong.

Purpose: own keys in the forms that spreadsheets and case systems make of them, and keys of somebody else.
The city of Aachen and the rest of its Städteregion need eight digits to be told apart; for all others five
suffice.

It deliberately does not: check keys. It only writes them.
"""

from __future__ import annotations

import random
from typing import Final

from protocol.regions import AACHEN_CITY, AACHEN_REST, Region, reporting_areas

#: Municipalities of the Städteregion without the city (official keys).
_AACHEN_MUNICIPALITIES: Final = ("004", "008", "012", "016", "020", "024", "028", "032", "036")
#: Numbers that municipalities of a Kreis usually have.
_MUNICIPALITIES: Final = ("004", "008", "012", "016", "020")
_AACHEN: Final = "05334"
HISTORIC_KEYS: Final = ("05313", "05354")


class AreaKeys:
    """Writes area keys for the rows of one area."""

    def __init__(self, region: Region, rng: random.Random) -> None:
        self._rng = rng
        self._id = region.id
        self._aachen = region.id in (AACHEN_CITY, AACHEN_REST)
        self._district = _AACHEN if self._aachen else region.official_key
        self._municipalities: tuple[str, ...] = (
            ("000",) if region.kind == "Kreisfreie Stadt" else _MUNICIPALITIES
        )
        if region.id == AACHEN_CITY:
            self._municipalities = ("002",)
        if region.id == AACHEN_REST:
            self._municipalities = _AACHEN_MUNICIPALITIES

    def own(self, style: str) -> str:
        """Write the area's own key in one of the styles below, for a municipality drawn anew each time."""
        municipality = self._rng.choice(self._municipalities)
        forms = {
            "plain": self._district,
            "stripped": self._district[1:],
            "float": f"{self._district[1:]}.0",
            "municipality": self._district + municipality,
            "municipality_stripped": self._district[1:] + municipality,
            # ARS: district, four digits of an association of municipalities, municipality.
            "ars": f"{self._district}0{municipality}{municipality}",
            "scientific": f"{self._district[1]},{self._district[2:]}E+03",
        }
        return forms[style]

    def odd_own(self) -> str:
        """Write the own key in a form that needs normalising."""
        if self._aachen:
            return self.own("municipality_stripped")
        return self.own(self._rng.choice(("stripped", "float", "municipality_stripped", "scientific")))

    def foreign(self) -> str:
        """Write the key of another area or nothing that is a key at all (never one of Aachen's)."""
        others = [
            area.official_key
            for area in reporting_areas()
            if area.id != self._id and not area.official_key.startswith(_AACHEN)
        ]
        return self._rng.choice(
            (self._rng.choice(others), self._rng.choice(others) + "004", "05999", "538", "Nachbarkreis")
        )

    def historic(self) -> str:
        """Write a key that is no longer valid, or one that does not tell the two parts of Aachen apart."""
        if not self._aachen:
            return self._rng.choice(HISTORIC_KEYS)
        sibling = "05334016" if self._id == AACHEN_CITY else "05334002"
        return self._rng.choice((*HISTORIC_KEYS, "05334", "5334", "05334000", sibling))
