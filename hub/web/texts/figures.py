"""Words of figures wherever they stand, and of the page of one indicator."""

from __future__ import annotations

from typing import Final

from protocol.observations import CellState
from protocol.texts import Text

#: What is counted, as it follows a number.
UNIT: Final = {
    "CASES": Text("Fälle", "cases"),
    "CONTACTS": Text("Kontakte", "contacts"),
    "PERSONS": Text("Personen", "persons"),
    "FTE": Text("Vollzeitstellen", "full-time posts"),
    "EUR": Text("Euro", "euros"),
    "EVENTS": Text("Weitervermittlungen", "referrals"),
    "ISSUES": Text("Themen", "issues"),
    "PERCENT": Text("Prozent", "per cent"),
    "PER_1000": Text("je 1.000", "per 1,000"),
    "DAYS": Text("Tage", "days"),
    "CASES_PER_FTE": Text("Fälle je Vollzeitstelle", "cases per full-time post"),
}
#: The same as the heading of a column.
UNIT_COLUMN: Final = {
    "FTE": Text("Vollzeitstellen", "Full-time posts"),
    "EUR": Text("Euro", "Euros"),
    "PERCENT": Text("Prozent", "Per cent"),
    "PER_1000": Text("je 1.000", "Per 1,000"),
    "DAYS": Text("Tage", "Days"),
    "CASES_PER_FTE": Text("Fälle je Stelle", "Cases per post"),
}
#: What a derived figure says; the catalogue defines it by its terms.
DEFINITIONS: Final = {
    "FILL_RATE": Text(
        "Besetzte Stellen je 100 bewilligte Stellen, in Vollzeitäquivalenten am letzten Tag des Zeitraums.",
        "Filled posts per 100 funded posts, in full-time equivalents on the last day of the period.",
    ),
    "CASELOAD_FTE": Text(
        "Laufende Fälle je besetzte Vollzeitstelle im Case Management (Baustein 2), am letzten Tag des "
        "Zeitraums. Unter einer besetzten Stelle steht kein Wert.",
        "Open cases per filled full-time post in case management (component 2), on the last day of the "
        "period. There is no figure below one filled post.",
    ),
    "SPEND_RATE": Text(
        "Verausgabte Landesmittel je 100 Euro bewilligte Landesmittel.",
        "State funds spent per 100 euros of state funds granted.",
    ),
    "OPEN_PER_1000_FOREIGN": Text(
        "Laufende Fälle am letzten Tag des Zeitraums je 1.000 Ausländerinnen und Ausländer.",
        "Open cases on the last day of the period per 1,000 foreign residents.",
    ),
    "TURNOVER": Text(
        "Abgeschlossene Fälle je 100 neue Fälle desselben Zeitraums. Über 100 heißt: Der Bestand ist kleiner "
        "geworden.",
        "Closed cases per 100 new cases of the same period. Above 100 means: the stock has become smaller.",
    ),
    "GOAL_SHARE": Text(
        "Anteil der Fälle, deren Ziele erreicht oder teilweise erreicht wurden, an allen abgeschlossenen "
        "Fällen mit bekanntem Abschluss.",
        "Share of cases whose goals were reached or partly reached among all closed cases with a known "
        "outcome.",
    ),
    "MEDIAN_DURATION": Text(
        "Die Hälfte der abgeschlossenen Fälle dauerte höchstens so lange. Innerhalb der Klasse, in der die "
        "Mitte liegt, wird gleichmäßig verteilt; liegt sie in der offenen Klasse, heißt es mindestens 730 "
        "Tage.",
        "Half of the closed cases took at most this long. Cases are spread evenly within the class that "
        "holds the middle; if that is the open class, it says at least 730 days.",
    ),
    "MEDIAN_WAIT": Text(
        "Bei der Hälfte der neuen Fälle lag zwischen Erstkontakt und Fallbeginn höchstens diese Zeit. "
        "Innerhalb der Klasse, in der die Mitte liegt, wird gleichmäßig verteilt; in der offenen Klasse "
        "heißt es mindestens 91 Tage.",
        "For half of the new cases at most this time passed between first contact and start. Cases are "
        "spread evenly within the class that holds the middle; in the open class it says at least 91 days.",
    ),
}
DERIVED_FROM: Final = Text(
    "Berechnet aus veröffentlichten Werten von: {}.", "Computed from published values of: {}."
)
DERIVED_AREAS: Final = Text(
    "Wo ein Gebiet einen der Werte geheim hält, steht für das Gebiet ein Zeichen, kein Bereich.",
    "Where an area withholds one of the values, the area shows a sign, not a range.",
)
BY_AUTHORITY: Final = Text(
    "Entscheidungen trifft die Ausländer- oder Einbürgerungsbehörde. Für die Städteregion Aachen "
    "einschließlich der Stadt meldet eine gemeinsame Behörde.",
    "Decisions are taken by the authority for foreigners or naturalisation. One joint authority reports for "
    "the region of Aachen including the city.",
)
COMPUTED_YEAR: Final = {
    "sum": Text(
        "Jahreswerte sind die Summe der vier Quartale; geliefert werden nur Quartale.",
        "Figures of a year are the sum of its four quarters; only quarters are delivered.",
    ),
    "last": Text(
        "Der Jahreswert eines Bestands ist der Wert am Ende des vierten Quartals.",
        "The figure of a year of a stock is the one at the end of the fourth quarter.",
    ),
}
DELIVERED_YEAR: Final = Text(
    "Personen eines Jahres werden eigens geliefert: Quartale lassen sich nicht addieren, weil dieselbe "
    "Person in mehreren begleitet wird.",
    "Persons of a year are delivered on their own: quarters cannot be added, because the same person is "
    "supported in several.",
)

NAV_AREAS: Final = Text("Karte und Gebiete", "Map and areas")
NAV_BREAKDOWN: Final = Text("Gliederungen", "Breakdowns")
NAV_CROSSINGS: Final = Text("Kreuztabellen", "Cross tables")
NAV_SERIES: Final = Text("Zeitreihe", "Time series")
ORDER_VALUE: Final = Text("Wert", "value")
CHOICE_CELL: Final = Text("Gliederung", "Breakdown")
CHOICE_TOTAL: Final = Text("Insgesamt", "Total")
CHOICE_MEASURE: Final = Text("Darstellung", "Measure")
CHOICE_COUNT: Final = Text("Anzahl", "Count")
CHOICE_SCALE: Final = Text("Klassen der Karte", "Map classes")
CHOICE_QUANTILE: Final = Text("etwa gleich viele Gebiete", "about equally many areas")
CHOICE_EQUAL: Final = Text("gleich breite Klassen", "equal widths")
CHOICE_SUBJECT: Final = Text("Kennzahl", "Figure")
CHOICE_AREA: Final = Text("Vergleichen mit", "Compare with")
CHOICE_NO_AREA: Final = Text("nur das Land", "the state only")
CHOICE_ALL_AREAS: Final = Text("54 Gebiete", "54 areas")

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
STOCK: Final = Text("am {}", "on {}")
GUARANTEED: Final = Text(
    "garantierte Grenzen aus den gelieferten Zahlen", "guaranteed limits from the delivered figures"
)
WHY_INTERVAL: Final = Text(
    "Einzelne Gebiete halten diesen Wert geheim. Der Landeswert liegt sicher zwischen den Grenzen; wo "
    "genau, ist niemandem außerhalb der Gebiete bekannt. Die Grenzen folgen aus den gelieferten Zahlen: je "
    "Gebiet der kleinste und der größte Wert, der zu allem Veröffentlichten passt, zusammengezählt.",
    "Some areas withhold this value. The state figure certainly lies between the limits; where exactly is "
    "known to nobody outside the areas. The limits follow from the delivered figures: of each area the "
    "smallest and the largest value that fits everything published, added up.",
)
WHY_LOWER: Final = Text(
    "Einzelne Gebiete halten diesen Wert geheim; in die untere Grenze geht nur ein, was sicher ist.",
    "Some areas withhold this value; the lower limit counts only what is certain.",
)
WHY_OPEN: Final = Text(
    "Nach oben offen, weil Angaben fehlen: {}.", "Open upwards because figures are missing: {}."
)
STATUS_PARTIAL: Final = Text(
    "nur aus den Gebieten, die geliefert haben", "only from areas that have delivered"
)
WHY_PARTIAL: Final = Text(
    "Nur aus den Gebieten, die geliefert haben; fürs ganze Land ließe sich nichts Sicheres sagen. Es "
    "fehlen: {}.",
    "Only from areas that have delivered; nothing certain could be said of the whole state. Missing: {}.",
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
COVERAGE_SHARE: Final = Text(
    "{}. In den liefernden Gebieten leben {} der Bevölkerung.",
    "{}. Delivering areas hold {} of the population.",
)
WHY_NO_FLOOR: Final = Text(
    "Ohne sichere untere Grenze, weil geheime Beträge auch Rückzahlungen sein können.",
    "Without a certain lower limit, because withheld amounts may also be repayments.",
)
REMARKS: Final = Text("Was diese Zahl sagt und was nicht", "What this figure says, and what not")

DISTRIBUTION_TITLE: Final = Text("Die Gebiete im Vergleich", "The areas side by side")
DISTRIBUTION_DESCRIPTION: Final = Text(
    "Punkte auf einer Achse: {} Gebiete mit veröffentlichtem Wert, von {} bis {}. Alle Werte stehen in der "
    "Tabelle der Gebiete.",
    "Dots on an axis: {} areas with a published value, from {} to {}. All values are in the table of areas.",
)
DISTRIBUTION_NOTE: Final = Text(
    "Jeder Punkt ist ein Gebiet mit veröffentlichtem Wert, ohne Rangfolge und ohne Wertung.",
    "Every dot is an area with a published value, without ranking or judgement.",
)
DISTRIBUTION_LAND: Final = Text("Land", "State")
DISTRIBUTION_HIDDEN: Final = Text("Ohne Punkt, weil geheim: {}.", "No dot because withheld: {}.")
DISTRIBUTION_MISSING: Final = Text(
    "Ohne Punkt, weil nicht geliefert: {}.", "No dot because not delivered: {}."
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
LEGEND_WITHHELD: Final = CellState.SUPPRESSED.label
LEGEND_MISSING: Final = CellState.NOT_DELIVERED.label
LEGEND_MEANINGLESS: Final = CellState.NOT_APPLICABLE.label
MAP_CLICK: Final = Text(
    "Ein Klick auf ein Gebiet stellt es neben das Land.", "A click on an area puts it beside the state."
)
AREAS_CAPTION: Final = Text("{}, {}: 54 Gebiete", "{}, {}: 54 areas")
AREAS_REGION: Final = Text(
    "Tabelle der 54 Gebiete, waagerecht rollbar", "Table of the 54 areas, scrolls sideways"
)
DISTRICT_TOTALS: Final = Text("Regierungsbezirke", "Government regions")
NO_RANKING: Final = Text(
    "Keine Rangliste: Die Gebiete unterscheiden sich in Größe, Aufgaben und Erfassung.",
    "No ranking: areas differ in size, tasks and recording.",
)
BREAKDOWN_CAPTION: Final = Text("{}, {}", "{}, {}")
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
CROSS_CAPTION: Final = Text("{} und {}, {}, {}", "{} and {}, {}, {}")
CROSS_SHOW: Final = Text("Tabelle {} und {}", "Table {} and {}")

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
