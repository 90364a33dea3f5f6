"""A made-up municipality of realistic size and shape, as typed microdata: seeded, nothing in it is real.

Sizes and shares follow the estimates in the domain notes; it stands here and not in the demo's generator
because tests of the statistics must not depend on the hub.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from aggregation.facts import Facts
from aggregation.tabulate import tabulate
from aggregation.tabulation import Tabulation
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from tests.factories.facts import facts

QUARTERS = Period.span(Period(2024, 4), Period(2026, 3))
YEARS = (Period(2025),)

_SHARES: Mapping[str, Mapping[str, float]] = {
    "SEX": {"F": 52, "M": 46, "_O": 0.5, "_U": 1},
    "CITIZEN": {
        "SY": 24, "UA": 22, "AF": 9, "TR": 8, "IQ": 7, "EU_PL": 2, "EU_RO": 3, "EU_BG": 2, "EU_OTH": 2,
        "WBALK": 6, "IR": 3, "OAFR": 4, "ASYL8_OTH": 3, "DE": 1, "EFTA_GB": 0.2, "OEUR": 1, "OASI": 1,
        "AMEO": 0.5, "STLS": 0.5, "_U": 0.5,
    },
    "RESIDENCE": {
        "T_HUM_25": 40, "NE": 8, "T_HUM_ABV": 8, "T_HUM_AUFN": 3, "T_BLEIB": 3, "T_CHANCE": 4, "T_FAM": 8,
        "T_WORK": 5, "T_EDU": 2, "T_OTH": 2, "GEST": 9, "DULD": 7, "NOTITLE": 1, "FICT": 2, "_U": 1,
    },
    "RECHTSKREIS": {
        "SGB2": 55, "SGB3": 4, "SGB8": 2, "SGB9": 1, "SGB12": 3, "ASYLBLG_3": 8, "ASYLBLG_2": 5,
        "OTHER": 4, "NONE": 15, "_U": 2,
    },
    "INST": {
        "ABH": 18, "EBH": 3, "JC": 15, "AA": 4, "SOZ": 6, "JUG": 5, "SCHUL": 6, "KI": 4, "MBE_JMD": 6,
        "RSB": 5, "IA": 2, "BAMF": 4, "HEALTH": 3, "HOUS": 4, "ADV": 3, "CIVIL": 3, "SELF": 10, "OTHER": 2,
    },
    "OUTCOME": {"GOAL": 35, "PART": 20, "HANDOVER": 12, "MOVED": 8, "DROPOUT": 10, "WITHDRAWN": 2, "LEFT": 2},
    "FIELD": {
        "RESID": 15, "ORIENT": 6, "LANG": 14, "EDU": 8, "VOC": 8, "WORK": 14, "HOUS": 12, "HEALTH": 6,
        "BENEFIT": 8, "FAMILY": 5, "LEGAL": 3, "SOCIAL": 4, "PROTECT": 2, "OTHER": 1,
    },
}  # fmt: skip


def area(seed: int, *, open_cases: int = 250) -> Facts:
    """Microdata of one municipality with about ``open_cases`` open cases at any time."""
    draw, apart = random.Random(seed), random.Random(f"{seed} beside the cases")
    first = QUARTERS[0].first_day - timedelta(days=1000)
    days = (QUARTERS[-1].last_day - first).days
    cases, people, referrals = [], [], []
    for number in range(round(open_cases / 320 * days)):
        opened = first + timedelta(days=draw.randrange(days))
        closed = opened + timedelta(days=1 + int(draw.lognormvariate(5.35, 0.8)))
        dates = {"opened": opened, "closed": closed if closed <= date(2026, 10, 5) else None}
        holder = _person(draw)
        fields = {_code(draw, "FIELD") for _ in range(draw.choice([1, 1, 2, 3]))}
        own = {name: _code(draw, name) for name in ("INST", "OUTCOME")}
        contact = {"first_contact": opened - timedelta(days=int(apart.lognormvariate(2.5, 0.9)))}
        cases.append({"case_id": f"c{number}", **dates, **contact, **holder, **own, "FIELD": sorted(fields)})
        referrals += [
            {"date": closed, "INST": _code(apart, "INST"), "FIELD": min(fields)}
            for _ in range(apart.choice([0, 0, 1, 2]))
        ]
        household = [holder, *(_person(draw) for _ in range(draw.choice([0, 0, 1, 2, 3])))]
        people += [
            {"person_id": f"p{number}.{place}", "case_id": f"c{number}", **dates, **person}
            for place, person in enumerate(household)
        ]
    contacts = [
        {
            "date": first + timedelta(days=draw.randrange(days)),
            "FIELD": _code(draw, "FIELD"),
            "INST": _code(draw, "INST"),
        }
        for _ in range(len(cases) // 2)
    ]
    return facts(
        cases=cases,
        contacts=contacts,
        involvements=people,
        referrals=referrals,
        **_registers(apart, posts=round(open_cases / 30) + 4),
    )


def _registers(draw: random.Random, *, posts: int) -> dict[str, list[dict[str, object]]]:
    """Posts, funds, issues and decisions of a municipality with a number of posts."""
    carriers = [
        ("own", "OWN"),
        *((f"town{n}", "MUNI") for n in range(3)),
        *((f"ngo{n}", "NGO") for n in range(5)),
    ]
    held = []
    for number in range(posts):
        component = (
            "B1K" if number == 0 else draw.choices(["B2", "B1V", "B3A", "B3E"], weights=[12, 1, 2, 1])[0]
        )
        carrier = draw.choice(carriers) if component == "B2" else carriers[0]
        held.append((f"s{number}", component, carrier, draw.choice([100, 100, 100, 75, 50])))
    return {
        "posts": [
            {
                "post_id": post,
                "BAUSTEIN": component,
                "CARRIER": kind,
                "funded": size,
                "filled": 0 if draw.random() < 0.1 else size,
                "valid_from": date(2020, 1, 1) if draw.random() < 0.8 else QUARTERS[4].first_day,
            }
            for post, component, (_, kind), size in held
        ],
        "funds": [
            {
                "year": year,
                "carrier_id": carrier,
                "BAUSTEIN": component,
                "CARRIER": kind,
                "COST": cost,
                "granted": share * size * 570,
                "spent": share * size * draw.randrange(480, 580) if draw.random() < 0.98 else -12_345,
            }
            for year in (2024, 2025)
            for _, component, (carrier, kind), size in held
            for cost, share in (("STAFF", 100), ("WORKPL", 15), ("TRAIN", 2), ("MEAS", 5))
            if cost != "MEAS" or component == "B2"
        ],
        "issues": [
            {
                "reported": QUARTERS[0].first_day + timedelta(days=draw.randrange(700)),
                "FIELD": _code(draw, "FIELD"),
                "ISSUE": draw.choice(["IDENT", "GROUP", "STEER", "SOLVED"]),
            }
            for _ in range(posts)
        ],
        "decisions": [
            {
                "date": QUARTERS[0].first_day + timedelta(days=draw.randrange(720)),
                "DECISION": draw.choices(
                    ["NAT", "T25A", "T25B", "T104C", "NE263"], weights=[60, 5, 5, 10, 20]
                )[0],
                "SEX": draw.choice(["F", "M"]),
            }
            for _ in range(posts * 20)
        ],
    }


def deliveries(
    seed: int, *, open_cases: int = 250, quarters: Sequence[Period] = QUARTERS
) -> list[tuple[str, Period, Tabulation]]:
    """True figures of everything that is due for some quarters and the year within, in order of time."""
    catalogue, counted = load_catalogue(), area(seed, open_cases=open_cases)
    due: list[tuple[str, Period, Tabulation]] = []
    for dataset in catalogue.datasets.values():
        periods = [p for p in (*quarters, *YEARS) if p.freq in dataset.frequencies]
        tabulated = tabulate(counted, catalogue=catalogue, dataset_id=dataset.id, periods=periods)
        due += [(dataset.id, period, table) for period, table in tabulated.items()]
    order = list(catalogue.datasets)
    return sorted(due, key=lambda one: (one[1].last_day, one[1].freq == "A", order.index(one[0])))


def quarterly_values(dataset: str, seed: int, *, open_cases: int = 250) -> Mapping[Period, np.ndarray]:
    """True values of eight quarters in grid order."""
    tabulated = tabulate(
        area(seed, open_cases=open_cases), catalogue=load_catalogue(), dataset_id=dataset, periods=QUARTERS
    )
    return {period: table.values for period, table in tabulated.items()}


def _person(draw: random.Random) -> dict[str, object]:
    person = {name: _code(draw, name) for name in ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS")}
    if person["CITIZEN"] == "UA" and draw.random() < 0.9:
        person["RESIDENCE"] = "T_HUM_24"
    if person["CITIZEN"].startswith("EU_"):
        person["RESIDENCE"] = "FREE"
    if person["CITIZEN"] == "DE":
        person["RESIDENCE"] = "DE"
    years = draw.choice([3, 9, 16, *range(18, 60), *range(20, 45), 70, None])
    birth = None if years is None else date(2025 - years, draw.randint(1, 12), draw.randint(1, 28))
    return {**person, "birth": birth}


def _code(draw: random.Random, dimension: str) -> str:
    shares = _SHARES[dimension]
    return draw.choices(list(shares), weights=list(shares.values()))[0]
