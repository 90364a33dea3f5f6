"""The closing notes of the page: table signs, territorial status, method, licences.

Each note is at most two sentences per language; what the signs mean comes from `protocol.observations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocol.observations import CellState
from protocol.regions import LICENCE_URL, SOURCE_NOTE, SOURCE_URL
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Note:
    """A titled note."""

    title: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign and its meaning."""

    sign: Text
    text: Text


def _state(state: CellState, *, more: Text | None = None) -> Sign:
    label = (
        state.label if more is None else Text(f"{state.label.de} {more.de}", f"{state.label.en} {more.en}")
    )
    return Sign(Text(state.sign, state.sign), label)


SIGNS_TITLE: Final = Text("Zeichen in den Tabellen", "Signs in the tables")
SIGNS: Final[tuple[Sign, ...]] = (
    _state(CellState.ZERO),
    _state(
        CellState.SUPPRESSED,
        more=Text(
            "(OBS_STATUS Q, CONF_STATUS C; S: vom Hub geheim gehalten)",
            "(OBS_STATUS Q, CONF_STATUS C; S: withheld by the hub)",
        ),
    ),
    _state(CellState.NOT_DELIVERED),
    _state(CellState.NOT_APPLICABLE),
    Sign(
        Text("(89,9)", "(89.9)"),
        Text("nur aus den Gebieten, die geliefert haben", "only from areas that have delivered"),
    ),
    Sign(
        Text("r", "r"), Text("berichtigt: neue Fassung der Lieferung", "revised: new version of the delivery")
    ),
    Sign(
        Text("B", "B"),
        Text(
            "Zeitreihenbruch: mit früheren Werten nicht vergleichbar",
            "break in the series: not comparable with before",
        ),
    ),
    Sign(
        Text("H", "H"),
        Text(
            "vom Hub aus der Liste der Bewilligungsbehörde", "by the hub from the granting authority's list"
        ),
    ),
    Sign(
        Text("18 bis 21", "18 to 21"), Text("liegt sicher in diesem Bereich", "certainly lies in this range")
    ),
    Sign(
        Text("≥ 18", "≥ 18"),
        Text("mindestens so viel; Lieferungen fehlen", "at least this; deliveries are missing"),
    ),
)

NOTES: Final[tuple[Note, ...]] = (
    Note(
        Text("Geheimhaltung", "Confidentiality"),
        Text(
            "Jede Kommune sperrt vor dem Versand Fallzahlen unter 5 (bei unsicherem Aufenthalt, Gewaltschutz "
            "und Ausreise unter 10) und so viele weitere Felder, dass sich die gesperrten nicht "
            "zurückrechnen lassen. Der Hub erhält nur das geschützte Ergebnis, keine Personendaten.",
            "Before sending, every municipality withholds counts below 5 (below 10 for insecure residence, "
            "protection from violence and departure) and as many further cells as are needed to keep them "
            "from being recomputed. The hub receives only the protected result, no personal data.",
        ),
    ),
    Note(
        Text("Grenzen statt Schätzungen", "Limits instead of estimates"),
        Text(
            "Summen über gesperrte Felder stehen als Bereich da, der den wahren Wert sicher enthält; fehlt "
            "eine Lieferung, bleibt er nach oben offen. Grenzen von Raten sind nach außen gerundet, genaue "
            "Raten kaufmännisch.",
            "Totals over withheld cells appear as a range that certainly contains the true value; where a "
            "delivery is missing it stays open upwards. Limits of rates are rounded outwards, exact rates "
            "half up.",
        ),
    ),
    Note(
        Text("Gebietsstand", "Territorial status"),
        Text(
            "54 Gebiete: die 53 Kreise und kreisfreien Städte, die Städteregion Aachen geteilt in Stadt "
            "Aachen und übrige Städteregion. Grenzen zum 1. Januar 2021, Bevölkerung zum 15. Mai 2022; "
            "dazwischen hat sich kein Kreis geändert.",
            "54 areas: the 53 districts and cities, with the region of Aachen split into the city and the "
            "rest. Boundaries as of 1 January 2021, population of 15 May 2022; no district changed in "
            "between.",
        ),
    ),
    Note(
        Text("Quellen und Lizenzen", "Sources and licences"),
        Text(
            "Bevölkerung: Statistische Ämter des Bundes und der Länder, Zensus 2022, dl-de/by-2-0 (Daten "
            "verändert); Ausländeranteile über GERDA (MIT). Grenzen: © GeoBasis-DE / BKG 2021 (Daten "
            "verändert), dl-de/by-2-0; Software: EUPL-1.2.",
            "Population: statistical offices of the Federation and the Länder, census 2022, dl-de/by-2-0 "
            "(data modified); foreign shares via GERDA (MIT). Boundaries: © GeoBasis-DE / BKG 2021 (data "
            "modified), dl-de/by-2-0; software: EUPL-1.2.",
        ),
    ),
)

#: What must stand beside every map, and where it leads.
BOUNDARIES_NOTE: Final = SOURCE_NOTE
BOUNDARIES_URL: Final = SOURCE_URL
BOUNDARIES_LICENCE_URL: Final = LICENCE_URL
