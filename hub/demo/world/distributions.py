"""The shares from which the demo draws its people and cases (estimates, not official figures).

Purpose: every number that shapes the simulated world stands here, beside its meaning. Residence status
depends on the origin, the legal regime of benefits on the residence status.

Invariants: keys are leaf codes of the codelists; weights need not add up to one.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from typing import Final, Generic, TypeVar

T = TypeVar("T")


class Shares(Generic[T]):
    """A discrete distribution that is drawn from many times."""

    __slots__ = ("_cumulated", "_items")

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._items = tuple(weights)
        self._cumulated = tuple(accumulate(weights.values()))

    def draw(self, rng: random.Random) -> T:
        """One item, with the probability of its weight."""
        return self._items[
            bisect(self._cumulated, rng.random() * self._cumulated[-1], 0, len(self._items) - 1)
        ]


#: Share of each origin in per cent, before an area shifts it a little (an estimate).
ORIGIN: Final[dict[str, float]] = {
    "SY": 24, "UA": 22, "AF": 9, "TR": 8, "IQ": 7, "EU": 9, "WBALK": 6, "IR": 3, "AFRICA": 7, "OTHER": 5,
    "UNKNOWN": 1,
}  # fmt: skip

SEX: Final = Shares({"F": 51.5, "M": 47.0, "_O": 0.5, "_U": 1.0})

#: Residence status by group of citizenship.
_ASYLUM: Final[dict[str, float]] = {
    "T_HUM_25": 52,
    "GEST": 10,
    "DULD": 8,
    "T_HUM_ABV": 9,
    "NE": 8,
    "T_FAM": 7,
    "T_CHANCE": 2,
    "FICT": 2,
    "_U": 2,
}
_MIGRANT: Final[dict[str, float]] = {
    "T_FAM": 34,
    "NE": 30,
    "T_WORK": 12,
    "T_EDU": 6,
    "T_OTH": 5,
    "DULD": 5,
    "GEST": 2,
    "FICT": 3,
    "_U": 3,
}
_RESIDENCE_WEIGHTS: Final[dict[str, dict[str, float]]] = {
    "DE": {"DE": 1},
    "SY": {**_ASYLUM, "T_HUM_25": 68, "DULD": 2, "T_HUM_AUFN": 3},
    "UA": {"T_HUM_24": 90, "NE": 2, "T_FAM": 2, "T_WORK": 2, "T_OTH": 1, "FICT": 2, "_U": 1},
    "AF": {**_ASYLUM, "T_HUM_AUFN": 9, "T_HUM_ABV": 16},
    "IQ": {**_ASYLUM, "DULD": 17, "T_BLEIB": 5, "T_CHANCE": 6, "NOTITLE": 1},
    "IR": _ASYLUM,
    "ASYL8_OTH": {**_ASYLUM, "DULD": 16, "T_BLEIB": 4, "T_CHANCE": 5, "NOTITLE": 1},
    "TR": {**_MIGRANT, "GEST": 14},
    "WBALK": {**_MIGRANT, "DULD": 15, "T_WORK": 20, "T_BLEIB": 5, "NOTITLE": 1},
    "EU_RO": {"FREE": 97, "_U": 3},
    "EU_BG": {"FREE": 97, "_U": 3},
    "EU_PL": {"FREE": 97, "_U": 3},
    "EU_OTH": {"FREE": 97, "_U": 3},
    "EFTA_GB": {"FREE": 70, "NE": 28, "_U": 2},
    "OEUR": _MIGRANT,
    "OAFR": {**_MIGRANT, "DULD": 18, "GEST": 10, "T_CHANCE": 4},
    "OASI": {**_MIGRANT, "T_WORK": 16, "T_EDU": 12},
    "AMEO": _MIGRANT,
    "STLS": {**_ASYLUM, "DULD": 18},
    "_U": {"_U": 40, "T_HUM_25": 20, "T_FAM": 20, "DULD": 10, "T_OTH": 10},
}
RESIDENCE: Final = {group: Shares(weights) for group, weights in _RESIDENCE_WEIGHTS.items()}


#: Legal regime of benefits by residence status; every status not named here draws from the last.
_ASYLBLG: Final[dict[str, float]] = {"ASYLBLG_3": 58, "ASYLBLG_2": 26, "NONE": 10, "SGB8": 3, "_U": 3}
_SGB2: Final[dict[str, float]] = {
    "SGB2": 74,
    "NONE": 12,
    "SGB3": 3,
    "SGB12": 4,
    "SGB8": 1,
    "SGB9": 0.6,
    "OTHER": 4,
    "_U": 1.4,
}
_OWN_INCOME: Final[dict[str, float]] = {
    "NONE": 50,
    "SGB2": 30,
    "SGB3": 6,
    "SGB12": 3,
    "SGB8": 1,
    "SGB9": 0.5,
    "OTHER": 7,
    "_U": 2.5,
}
RECHTSKREIS: Final[dict[str, Shares[str]]] = {
    residence: Shares(weights)
    for residence, weights in {
        "GEST": _ASYLBLG,
        "DULD": _ASYLBLG,
        "NOTITLE": _ASYLBLG,
        "T_HUM_24": _SGB2,
        "T_HUM_25": _SGB2,
        "T_HUM_ABV": _SGB2,
        "T_HUM_AUFN": _SGB2,
    }.items()
}
RECHTSKREIS_ELSE: Final = Shares(_OWN_INCOME)

FIELD: Final = Shares(
    {
        "RESID": 16, "ORIENT": 8, "LANG": 14, "EDU": 10, "VOC": 8, "WORK": 11, "HOUS": 12, "HEALTH": 7,
        "BENEFIT": 10, "FAMILY": 6, "LEGAL": 5, "SOCIAL": 4, "PROTECT": 1.5, "OTHER": 3,
    }
)  # fmt: skip
FIELDS_PER_CASE: Final = Shares({0: 2, 1: 34, 2: 34, 3: 20, 4: 10})
INST: Final = Shares(
    {
        "ABH": 14, "EBH": 1.5, "JC": 16, "AA": 4, "SOZ": 8, "JUG": 6, "SCHUL": 6, "KI": 9, "MBE_JMD": 7,
        "RSB": 6, "IA": 3, "BAMF": 4, "HEALTH": 3, "HOUS": 3, "ADV": 2, "CIVIL": 4, "SELF": 15, "OTHER": 3,
        "_U": 2,
    }
)  # fmt: skip
REFERRALS_PER_CASE: Final = Shares({0: 55, 1: 37, 2: 8})
REFERRED_TO: Final = Shares(
    {
        "ABH": 6, "EBH": 2, "JC": 18, "AA": 6, "SOZ": 7, "JUG": 6, "SCHUL": 5, "KI": 5, "MBE_JMD": 11,
        "RSB": 5, "IA": 3, "BAMF": 12, "HEALTH": 6, "HOUS": 6, "ADV": 7, "CIVIL": 7, "OTHER": 3,
    }
)  # fmt: skip
OUTCOME: Final = Shares(
    {
        "GOAL": 38, "PART": 22, "HANDOVER": 14, "MOVED": 7, "DROPOUT": 11, "WITHDRAWN": 2, "LEFT": 1.5,
        "OTHER": 2.5, "_U": 2,
    }
)  # fmt: skip

#: 45 % of the cases are single persons, else two to seven.
HOUSEHOLD: Final = Shares({1: 45, 2: 16, 3: 15, 4: 13, 5: 7, 6: 3, 7: 1})

MEDIAN_DURATION_DAYS: Final = 210.0
DURATION_SIGMA: Final = 0.8
MEDIAN_WAIT_DAYS: Final = 12.0
WAIT_SIGMA: Final = 0.9
CONTACTS_PER_OPENED_CASE: Final = 0.5
