"""Words around every page: head, navigation, notices, foot, problems."""

from __future__ import annotations

from typing import Final

from protocol.texts import Text

PRODUCT: Final = Text("KIM-Datenverbund", "KIM-Datenverbund")
SUBTITLE: Final = Text(
    "Kommunales Integrationsmanagement Nordrhein-Westfalen",
    "Municipal integration management, North Rhine-Westphalia",
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
    "Alle Zahlen stammen aus einem Zufallsgenerator mit festem Startwert. Sie beschreiben keine "
    "wirklichen Personen und keine wirkliche Kommune.",
    "All figures come from a random generator with a fixed seed. They describe no real person and no "
    "real municipality.",
)

PAGES: Final = Text("Seiten", "Pages")
PAGE_OVERVIEW: Final = Text("Überblick", "Overview")
PAGE_FIGURES: Final = Text("Kennzahlen", "Figures")
PAGE_AREAS: Final = Text("Gebiete", "Areas")
PAGE_DELIVERIES: Final = Text("Lieferungen", "Deliveries")
PAGE_DATA: Final = Text("Daten", "Data")
PAGE_ACCESSIBILITY: Final = Text("Erklärung zur Barrierefreiheit", "Accessibility statement")
YOU_ARE_HERE: Final = Text("Sie sind hier", "You are here")
FOOT_SOFTWARE: Final = Text("Software: EUPL-1.2", "Software: EUPL-1.2")
FOOT_NOTES: Final = Text("Zeichen und Hinweise", "Signs and notes")
PERMALINK: Final = Text("Zitierfähige Adresse dieser Ansicht", "Citable address of this view")

NOTHING_TITLE: Final = Text("Noch keine Veröffentlichung", "No release yet")
NOTHING: Final = Text(
    "Sobald die erste Veröffentlichung vorliegt, stehen hier Karten, Tabellen und Zeitreihen. Der Stand der "
    "Lieferungen ist schon zu sehen.",
    "As soon as the first release exists, maps, tables and time series appear here. The state of deliveries "
    "can already be seen.",
)
NOTHING_DELIVERIES: Final = Text("Zum Stand der Lieferungen", "Go to the state of deliveries")

DOWNLOADS: Final = Text("Diese Ansicht als Datei", "This view as a file")
DOWNLOAD_XLSX: Final = Text("Excel (XLSX), alle Tabellen der Seite", "Excel (XLSX), all tables of the page")
DOWNLOAD_CSV: Final = Text("CSV: {}", "CSV: {}")
DOWNLOAD_API_AREAS: Final = Text("JSON: Gebiete", "JSON: areas")
DOWNLOAD_API_TOTALS: Final = Text("JSON: Land und Regionen", "JSON: state and regions")

COLUMN_AREA: Final = Text("Gebiet", "Area")
COLUMN_KEY: Final = Text("Schlüssel", "Key")
SORT_BY: Final = Text("nach {} ordnen", "order by {}")
SORTED_BY: Final = Text("geordnet nach {}", "ordered by {}")
ORDER_KEY: Final = Text("amtlicher Schlüssel", "official key")
ORDER_NAME: Final = Text("Name", "name")
AND_MORE: Final = Text("{} und {} weitere", "{} and {} more")
CHOICE_TITLE: Final = Text("Auswahl", "Selection")
CHOICE_PERIOD: Final = Text("Zeitraum", "Period")
CHOICE_SHOW: Final = Text("Anzeigen", "Show")
PROBLEM_BACK: Final = Text("Zur Startseite", "To the start page")
PROBLEM_REMEDY: Final = Text("Was hilft:", "What helps:")
PROBLEM_CODE: Final = Text("Kennung", "Code")
QUARTERS: Final = Text("Quartale", "Quarters")
YEARS: Final = Text("Jahre", "Years")
