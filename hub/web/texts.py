"""Every word of the page that is not in the catalogue, German and English side by side.

Templates reach these as ``T.name``; a misspelt name stops the rendering. Texts with ``{}`` are completed by
the sections, never by gluing fragments together.
"""

from __future__ import annotations

from typing import Final

from hub.services.statistics.deliveries import DeliveryState
from protocol.texts import Text

PRODUCT: Final = Text("KIM-Datenverbund", "KIM-Datenverbund")
SUBTITLE: Final = Text(
    "Kommunales Integrationsmanagement Nordrhein-Westfalen",
    "Municipal integration management, North Rhine-Westphalia",
)
TITLE: Final = Text(
    "Fälle und Personen im Kommunalen Integrationsmanagement",
    "Cases and persons in municipal integration management",
)
SKIP: Final = Text("Zum Inhalt springen", "Skip to content")
OTHER_LANGUAGE: Final = Text("English", "Deutsch")
RELEASE: Final = Text("Veröffentlichung {} vom {}", "Release {} of {}")
CATALOGUE: Final = Text("Katalog {}", "Catalogue {}")
NOTHING_RELEASED: Final = Text("Noch nichts veröffentlicht", "Nothing released yet")
EARLIER_RELEASE: Final = Text(
    "Sie lesen eine frühere Veröffentlichung.", "You are reading an earlier release."
)
LATEST_RELEASE: Final = Text("Zur aktuellen Veröffentlichung", "Go to the current release")
DEMO_TITLE: Final = Text("Vorführung mit erzeugten Daten.", "Demonstration with generated data.")
DEMO: Final = Text(
    "Alle Fallzahlen stammen aus einem Zufallsgenerator mit festem Startwert. Sie beschreiben keine "
    "wirklichen Personen und keine wirkliche Kommune.",
    "All case figures come from a random generator with a fixed seed. They describe no real person and no "
    "real municipality.",
)
INTRO: Final = Text(
    "54 Kommunen zählen selbst und halten kleine Zahlen vor dem Versand geheim. Landeszahlen stehen deshalb "
    "mit sicheren Grenzen da, nie mit geschätzten Werten.",
    "54 municipalities count for themselves and withhold small numbers before sending. State figures "
    "therefore come with guaranteed limits, never with estimates.",
)
ON_THIS_PAGE: Final = Text("Auf dieser Seite", "On this page")

NAV_FIGURES: Final = Text("Kennzahlen", "Figures")
NAV_AREAS: Final = Text("Karte und Gebiete", "Map and areas")
NAV_BREAKDOWN: Final = Text("Gliederungen", "Breakdowns")
NAV_SERIES: Final = Text("Zeitreihe", "Time series")
NAV_DELIVERIES: Final = Text("Lieferstand", "Deliveries")
NAV_NOTES: Final = Text("Zeichen und Hinweise", "Signs and notes")

STATUS_TITLE: Final = Text("Stand der Lieferungen", "State of deliveries")
STATUS_SENTENCE: Final = Text(
    "{} von 54 Gebieten haben geliefert, Deckung {} der Bevölkerung",
    "{} of 54 areas have delivered, covering {} of the population",
)
STATUS_SENTENCE_ONE: Final = Text(
    "{} von 54 Gebieten hat geliefert, Deckung {} der Bevölkerung",
    "{} of 54 areas has delivered, covering {} of the population",
)
STATUS_WITHHELD: Final = Text(
    "{} der gelieferten Tabellenfelder sind geheim", "{} of delivered table cells are withheld"
)
STATUS_ALL: Final = Text("Alle 54 Gebiete", "All 54 areas")
STATUS_CAPTION: Final = Text(
    "Lieferungen der 54 Gebiete, {}; rechts die Zeiträume bis dahin",
    "Deliveries of the 54 areas, {}; on the right the periods up to then",
)
STATUS_EXPLAIN: Final = Text(
    "„Geliefert“ heißt: geprüft, angenommen und in dieser Veröffentlichung enthalten. Der geheime Anteil "
    "zählt alle Felder der gelieferten Tabellen.",
    "“Delivered” means: checked, accepted and contained in this release. The withheld share counts all "
    "cells of the delivered tables.",
)
COLUMN_AREA: Final = Text("Gebiet", "Area")
COLUMN_KEY: Final = Text("Schlüssel", "Key")
COLUMN_STATE: Final = Text("Stand", "State")
COLUMN_WITHHELD: Final = Text("geheim", "withheld")
COLUMN_CHANGED: Final = Text("zuletzt", "last change")
SORT_BY: Final = Text("nach {} ordnen", "order by {}")
SORTED_BY: Final = Text("geordnet nach {}", "ordered by {}")
ORDER_KEY: Final = Text("amtlicher Schlüssel", "official key")
ORDER_NAME: Final = Text("Name", "name")
ORDER_VALUE: Final = Text("Wert", "value")
ORDER_STATE: Final = Text("Stand", "state")
ORDER_WITHHELD: Final = Text("geheimer Anteil", "withheld share")

CARDS_TITLE: Final = Text("Kennzahlen im Land, {}", "State figures, {}")
CARDS_HINT: Final = Text(
    "Wählen Sie eine Kennzahl, um Karte, Tabelle und Zeitreihe zu sehen. Die kleinen Kurven zeigen bis zu "
    "acht Zeiträume ab null; ein Ring heißt: mindestens so viel.",
    "Choose a figure to see its map, table and time series. The small charts show up to eight periods from "
    "zero; a ring means: at least this much.",
)
CHOSEN: Final = Text("ausgewählt", "selected")

CHOICE_TITLE: Final = Text("Auswahl", "Selection")
CHOICE_CELL: Final = Text("Gliederung", "Breakdown")
CHOICE_TOTAL: Final = Text("Insgesamt", "Total")
CHOICE_PERIOD: Final = Text("Zeitraum", "Period")
CHOICE_MEASURE: Final = Text("Darstellung", "Measure")
CHOICE_COUNT: Final = Text("Anzahl", "Count")
CHOICE_SCALE: Final = Text("Klassen der Karte", "Map classes")
CHOICE_QUANTILE: Final = Text("etwa gleich viele Gebiete", "about equally many areas")
CHOICE_EQUAL: Final = Text("gleich breite Klassen", "equal widths")
CHOICE_AREA: Final = Text("Zeitreihe auch für", "Also show series of")
CHOICE_NO_AREA: Final = Text("nur das Land", "the state only")
CHOICE_SHOW: Final = Text("Anzeigen", "Show")
STATE_NAME: Final = Text("Nordrhein-Westfalen", "North Rhine-Westphalia")

PER_THOUSAND: Final = {
    "POP_FOREIGN": Text("je 1.000 Ausländerinnen und Ausländer", "per 1,000 foreign residents"),
    "POP_TOTAL": Text("je 1.000 Einwohnerinnen und Einwohner", "per 1,000 residents"),
}
PER_THOUSAND_SHORT: Final = {
    "POP_FOREIGN": Text("je 1.000 Ausl.", "per 1,000 foreign"),
    "POP_TOTAL": Text("je 1.000 Einw.", "per 1,000 res."),
}
DENOMINATOR: Final = Text("Bezug der Raten: {}. {}.", "Base of the rates: {}. {}.")
#: What a reader must know beyond the source that the catalogue gives.
DENOMINATOR_CAUTION: Final = {
    "POP_FOREIGN": Text(
        "Mit dem Ausländerzentralregister gerechnet lägen die Raten etwa ein Fünftel niedriger.",
        "With the central register of foreigners, rates would be about a fifth lower.",
    ),
}
DENOMINATOR_OF_CELL: Final = Text(
    "Auch die Rate einer Gliederung bezieht sich auf die gesamte Bezugsbevölkerung.",
    "The rate of a breakdown also refers to the whole base population.",
)
UNIT: Final = {
    "CASES": Text("Fälle", "cases"),
    "CONTACTS": Text("Kontakte", "contacts"),
    "PERSONS": Text("Personen", "persons"),
}
STOCK: Final = Text("am {}", "on {}")
FLOW: Final = Text("im {}", "in {}")

WHY_INTERVAL: Final = Text(
    "Einzelne Gebiete halten diesen Wert geheim. Der Landeswert liegt sicher zwischen den Grenzen; wo "
    "genau, ist niemandem außerhalb der Gebiete bekannt.",
    "Some areas withhold this value. The state figure certainly lies between the limits; where exactly is "
    "known to nobody outside the areas.",
)
WHY_LOWER: Final = Text(
    "Einzelne Gebiete halten diesen Wert geheim; in die untere Grenze geht nur ein, was sicher ist.",
    "Some areas withhold this value; the lower limit counts only what is certain.",
)
WHY_OPEN: Final = Text(
    "Nach oben offen, weil Lieferungen fehlen: {}.", "Open upwards because deliveries are missing: {}."
)
OPEN_RATE: Final = Text(
    "Als Rate {} {}: Was geliefert wurde, bezogen auf die Bevölkerung aller 54 Gebiete, auch der fehlenden.",
    "As a rate {} {}: what was delivered, relative to the population of all 54 areas, missing ones too.",
)
WHY_DISTINCT: Final = Text(
    "Wer in zwei Gebieten begleitet wurde, zählt in beiden. Die Landeszahl liegt deshalb zwischen dem "
    "größten Gebietswert und der Summe aller Gebiete.",
    "A person supported in two areas counts in both. The state figure therefore lies between the largest "
    "area and the sum of all areas.",
)
AND_MORE: Final = Text("{} und {} weitere", "{} and {} more")
COVERAGE_SHARE: Final = Text(
    "{}. In den liefernden Gebieten leben {} der Bevölkerung.",
    "{}. Delivering areas hold {} of the population.",
)

MAP_TITLE: Final = Text("Karte: {}", "Map: {}")
MAP_DESCRIPTION: Final = Text(
    "Karte der 54 Gebiete. {} Gebiete mit Wert, {} geheim, {} ohne Lieferung. Alle Werte stehen in der "
    "Tabelle.",
    "Map of the 54 areas. {} areas with a value, {} withheld, {} without delivery. All values are in the "
    "table.",
)
MAP_SYMBOLS: Final = Text(
    "Anzahlen stehen als Kreise da, weil gefärbte Flächen große Kreise bevorzugen würden. Die Kreisfläche "
    "entspricht dem Wert.",
    "Counts appear as circles, because coloured areas would favour large districts. The area of a circle "
    "shows the value.",
)
MAP_RATES: Final = Text(
    "Klassen nur aus veröffentlichten Werten. Dunkler heißt höher, nicht besser oder schlechter.",
    "Classes from published values only. Darker means higher, not better or worse.",
)
MAP_LINES: Final = Text("Dicke Linien: Regierungsbezirke", "Thick lines: government regions")
MAP_SOURCE: Final = Text("Grenzen:", "Boundaries:")
LEGEND: Final = Text("Legende", "Legend")
LEGEND_RANGE: Final = Text("{} bis {}", "{} to {}")
LEGEND_AREAS: Final = Text("{} Gebiete", "{} areas")
LEGEND_AREA: Final = Text("{} Gebiet", "{} area")
LEGEND_WITHHELD: Final = Text("geheim", "withheld")
LEGEND_MISSING: Final = Text("nicht geliefert", "not delivered")
AREAS_CAPTION: Final = Text("{}, {}: 54 Gebiete", "{}, {}: 54 areas")
AREAS_REGION: Final = Text(
    "Tabelle der 54 Gebiete, waagerecht rollbar", "Table of the 54 areas, scrolls sideways"
)
DISTRICT_TOTALS: Final = Text("Regierungsbezirke", "Government regions")
NO_RANKING: Final = Text(
    "Keine Rangliste: Die Gebiete unterscheiden sich in Größe, Aufgaben und Erfassung.",
    "No ranking: areas differ in size, tasks and recording.",
)

BREAKDOWN_CAPTION: Final = Text("{}, Land, {}", "{}, state, {}")
BREAKDOWN_WITHIN: Final = Text("nur {}", "{} only")
BREAKDOWN_ALL: Final = Text(
    "alle; mit der gewählten Gliederung zusammen nicht erhoben",
    "all; not collected together with the chosen breakdown",
)
BREAKDOWN_MULTI: Final = Text(
    "Mehrfachnennungen möglich: Die Zeilen ergeben zusammen mehr als insgesamt.",
    "Several answers possible: the rows add up to more than the total.",
)
BREAKDOWN_INCLUDES: Final = Text("einschließlich: {}", "includes: {}")
BREAKDOWN_CODE: Final = Text("Ausprägung", "Category")
BREAKDOWN_HIDDEN: Final = Text("Gebiete geheim", "areas withheld")
BREAKDOWN_REGION: Final = Text("Tabelle {}, waagerecht rollbar", "Table {}, scrolls sideways")

SERIES_TITLE: Final = Text("{}: {}", "{}: {}")
SERIES_EMPTY: Final = Text(
    "Für keinen dieser Zeiträume ist ein Wert veröffentlicht.",
    "No value is published for any of these periods.",
)
SERIES_DESCRIPTION: Final = Text(
    "Liniendiagramm über {} Zeiträume ab null. Alle Werte stehen in der Tabelle daneben.",
    "Line chart over {} periods from zero. All values are in the table beside it.",
)
SERIES_KEY_EXACT: Final = Text("genauer Wert", "exact figure")
SERIES_KEY_BAND: Final = Text(
    "sicherer Bereich: der Wert liegt zwischen den Grenzen",
    "guaranteed range: the figure lies between the limits",
)
SERIES_KEY_OPEN: Final = Text(
    "mindestens; nach oben offen, weil Lieferungen fehlen", "at least; open upwards, deliveries are missing"
)
SERIES_CAPTION: Final = Text("Zeitreihe {}", "Time series {}")
SERIES_COVERAGE: Final = Text("Grundlage", "Basis")

NOTHING_TITLE: Final = Text("Noch keine Veröffentlichung", "No release yet")
NOTHING: Final = Text(
    "Sobald die erste Veröffentlichung vorliegt, stehen hier Karte, Tabellen und Zeitreihen. Der Stand der "
    "Lieferungen ist unten zu sehen.",
    "As soon as the first release exists, maps, tables and time series appear here. The state of deliveries "
    "is shown below.",
)

PROBLEM_BACK: Final = Text("Zur Startseite", "To the start page")
PROBLEM_REMEDY: Final = Text("Was hilft:", "What helps:")
PROBLEM_CODE: Final = Text("Kennung", "Code")

#: The one label that changes with the number of areas.
MISSING_MANY: Final = Text("fehlen", "missing")

#: Symbol and label of every delivery state: no colour and no symbol ever stands alone.
STATES: Final[dict[DeliveryState, tuple[str, Text]]] = {
    DeliveryState.DELIVERED: ("✓", Text("geliefert", "delivered")),
    DeliveryState.ACCEPTED: (
        "◕",
        Text("angenommen, noch nicht veröffentlicht", "accepted, not released yet"),
    ),
    DeliveryState.IN_CHECK: ("◔", Text("in Prüfung", "being checked")),
    DeliveryState.PARTIAL: ("◐", Text("teilweise geliefert", "partly delivered")),
    DeliveryState.MISSING: ("○", Text("fehlt", "missing")),
    DeliveryState.REJECTED: ("✗", Text("abgelehnt", "rejected")),
}
