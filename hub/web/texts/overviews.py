"""Words of the overview of the programme, of the search and of the page of one area."""

from __future__ import annotations

from typing import Final

from protocol.texts import Text

OVERVIEW_TITLE: Final = Text(
    "Kommunales Integrations\u00admanagement in Zahlen", "Municipal integration management in figures"
)
INTRO: Final = Text(
    "54 Kommunen in Nordrhein-Westfalen zählen selbst und halten kleine Zahlen vor dem Versand geheim. "
    "Landeszahlen stehen deshalb mit sicheren Grenzen da, nie mit geschätzten Werten.",
    "54 municipalities in North Rhine-Westphalia count for themselves and withhold small numbers before "
    "sending. State figures therefore come with guaranteed limits, never with estimates.",
)
SEARCH: Final = Text("Kennzahl oder Gebiet suchen", "Search for a figure or an area")
SEARCH_GO: Final = Text("Suchen", "Search")
SEARCH_HINT: Final = Text(
    "zum Beispiel Wartezeit, Köln oder 05382", "for example waiting time, Köln or 05382"
)
SEARCH_TITLE: Final = Text("Suche", "Search")
SEARCH_FOUND: Final = Text("{} Treffer", "{} results")
SEARCH_FOUND_ONE: Final = Text("{} Treffer", "{} result")
SEARCH_NOTHING: Final = Text(
    "Nichts gefunden. Auf der Startseite stehen alle Kennzahlen und Gebiete.",
    "Nothing found. The start page lists all figures and areas.",
)

STATE_OF_DELIVERIES: Final = Text("Lieferungen", "Deliveries")
NEWS: Final = Text("Was neu ist", "What is new")
NEWS_RELEASE: Final = Text("Veröffentlichung {}", "Release {}")
NEWS_ADDED: Final = Text("neu: {}", "new: {}")
NEWS_CHANGED: Final = Text("berichtigt: {}", "revised: {}")
NEWS_SPAN: Final = Text("{} bis {}", "{} to {}")
NEWS_CURRENT: Final = Text("aktuell", "current")

CARDS_TITLE: Final = Text("Kennzahlen im Land", "State figures")
CARDS_HINT: Final = Text(
    "Jede Kennzahl führt zu Karte, Gliederungen und Zeitreihe. Die kleinen Kurven zeigen bis zu acht "
    "Zeiträume ab null, Landeszahlen mit geheimen Anteilen als Band; ein Ring heißt: mindestens so viel.",
    "Every figure leads to map, breakdowns and time series. The small charts show up to eight periods from "
    "zero, state figures with withheld parts as a band; a ring means: at least this much.",
)
CARD_DERIVED: Final = Text("berechnet", "computed")
AREAS_TITLE: Final = Text("Gebiete", "Areas")
AREAS_HINT: Final = Text(
    "Alles zu einem Gebiet: Werte, Verlauf, Landesvergleich und Lieferungen.",
    "Everything about one area: figures, course, comparison with the state and deliveries.",
)
AREAS_MAP: Final = Text("Karte der 54 Gebiete zum Auswählen", "Map of the 54 areas to choose from")
AREAS_MAP_TEXT: Final = Text(
    "Dieselben Gebiete stehen als Verweise daneben.", "The same areas stand beside it as links."
)

AREA_PARENT: Final = Text("Teil von", "Part of")
AREA_KEY: Final = Text("Schlüssel {}", "Key {}")
AREA_PEOPLE: Final = Text(
    "{} Einwohnerinnen und Einwohner, darunter rund {} Ausländerinnen und Ausländer (Zensus 2022)",
    "{} residents, about {} of them foreign (census 2022)",
)
AREA_MEMBERS: Final = Text("{} Gebiete", "{} areas")
AREA_MEMBERS_LIST: Final = Text("Gebiete darin", "Areas in it")
AREA_COMPUTED: Final = Text(
    "Werte dieser Region werden aus den Lieferungen ihrer Gebiete berechnet und stehen mit sicheren Grenzen "
    "da.",
    "Figures of this region are computed from the deliveries of its areas and come with guaranteed limits.",
)
AREA_DELIVERIES: Final = Text("Lieferungen", "Deliveries")
AREA_DELIVERIES_CAPTION: Final = Text(
    "Lieferungen nach Datenfluss und Zeitraum", "Deliveries by dataflow and period"
)
AREA_TABLE: Final = Text("{}, {}", "{}, {}")
AREA_COLUMN_FIGURE: Final = Text("Kennzahl", "Figure")
AREA_COLUMN_LAND: Final = Text("Land", "State")
AREA_SERIES: Final = Text("Alle Zeiträume: {}", "All periods: {}")
AREA_SERIES_CAPTION: Final = Text("{}: Verlauf", "{}: course")
AREA_HINT: Final = Text(
    "Anteile und Raten lassen sich mit dem Land vergleichen, Anzahlen nicht. Jede Kennzahl führt zu Karte, "
    "Gliederungen und Zeitreihe mit diesem Gebiet neben dem Land.",
    "Shares and rates can be compared with the state, counts cannot. Every figure leads to its map, "
    "breakdowns and time series with this area beside the state.",
)
AREA_LATEST: Final = Text("jeweils neuester", "latest of each")
AREA_KINDS: Final = {
    "Kreis": Text("Kreis", "District"),
    "Städteregion": Text("Städteregion", "City region"),
    "Kreisfreie Stadt": Text("Kreisfreie Stadt", "City without a district"),
}
AREA_LOCATOR: Final = Text("Lage: {}", "Location: {}")
AREA_LOCATOR_TEXT: Final = Text(
    "Umriss in der Karte des Landes mit den Grenzen der Regierungsbezirke.",
    "Outline on the map of the state with the borders of the government regions.",
)
REGIONS_TITLE: Final = Text("Land und Regionen", "State and regions")
SERIES_ALL: Final = Text("Alle Zeiträume", "All periods")
