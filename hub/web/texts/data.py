"""Words of the page of downloads and of the accessibility statement."""

from __future__ import annotations

from typing import Final

from protocol.texts import Text

DATA_TITLE: Final = Text("Daten herunterladen und nutzen", "Download and use the data")
DATA_INTRO: Final = Text(
    "Alles, was auf diesen Seiten steht, gibt es auch als Datei. Geheime Felder haben keinen Wert, sondern "
    "einen Status; Summen haben eine untere und eine obere Grenze.",
    "Everything on these pages is also available as a file. Withheld cells have no value but a status; "
    "totals have a lower and an upper limit.",
)
DATA_EXTRACT: Final = Text("Die ganze Veröffentlichung", "The whole release")
DATA_EXTRACT_TEXT: Final = Text(
    "Alle Datenflüsse als Parquet und CSV, mit Codebuch, Prüfsummen, Lizenz und Zitiervorschlag.",
    "All dataflows as Parquet and CSV, with codebook, digests, licence and suggested citation.",
)
DATA_EXTRACT_MISSING: Final = Text(
    "Die Dateien dieser Veröffentlichung werden gerade geschrieben oder sind noch nicht da.",
    "The files of this release are being written or not there yet.",
)
DATA_FILE: Final = Text("Datei", "File")
DATA_SIZE: Final = Text("Größe", "Size")
DATA_CONTENT: Final = Text("Inhalt", "Content")
DATA_DEFINITION: Final = Text("Definition", "Definition")
DATA_REMARK: Final = Text("Hinweis", "Note")
DATA_DIGEST: Final = Text("SHA-256", "SHA-256")
DATA_FILES: Final = Text("Dateien der Veröffentlichung {}", "Files of release {}")
DATA_VIEW: Final = Text("Eine Ansicht als CSV oder XLSX", "One view as CSV or XLSX")
DATA_VIEW_TEXT: Final = Text(
    "Unter jeder Tabelle stehen Verweise auf dieselben Zahlen als Datei; sie sind nie gekürzt. Wer .csv oder "
    ".xlsx an den Pfad der Seite hängt, bekommt dasselbe.",
    "Below every table there are links to the same figures as a file; they are never cut short. Appending "
    ".csv or .xlsx to the path of a page gives the same.",
)
DATA_API: Final = Text("Schnittstelle (JSON)", "Interface (JSON)")
DATA_API_TEXT: Final = Text(
    "Alle veröffentlichten Zahlen als JSON, seitenweise; beschrieben nach OpenAPI 3.1.",
    "All published figures as JSON, page by page; described with OpenAPI 3.1.",
)
DATA_API_LINK: Final = Text("Beschreibung (OpenAPI)", "Description (OpenAPI)")
DATA_API_INDICATORS: Final = Text("Liste der Kennzahlen", "List of indicators")
DATA_FORMATS: Final = Text("Was in den Dateien steht", "What the files hold")
DATA_FORMATS_LIST: Final = (
    Text(
        "CSV nach RFC 4180: UTF-8, Komma, Dezimalpunkt, erste Zeile mit Spaltennamen. In Excel besser XLSX "
        "öffnen.",
        "CSV by RFC 4180: UTF-8, comma, decimal point, column names in the first line. For Excel prefer "
        "XLSX.",
    ),
    Text(
        "Ein Gebiet hat einen Wert oder einen Status (obs_status, conf_status nach SDMX), nie beides leer.",
        "An area has a value or a status (obs_status, conf_status as in SDMX), never neither.",
    ),
    Text(
        "Regionen und das Land haben lower und upper; sind beide gleich, ist der Wert genau bekannt. Fehlt "
        "upper, fehlen Lieferungen.",
        "Regions and the state have lower and upper; where both are equal the figure is known. Without "
        "upper, deliveries are missing.",
    ),
    Text(
        "Gebietsschlüssel beginnen mit NW, damit keine führende Null verloren geht (NW05111 = 05111).",
        "Area codes begin with NW so that no leading zero gets lost (NW05111 = 05111).",
    ),
)
DATA_LICENCE: Final = Text("Lizenz", "Licence")
DATA_LICENCE_TEXT: Final = Text(
    "Zahlen: Datenlizenz Deutschland – Namensnennung – Version 2.0. Grenzen: © GeoBasis-DE / BKG 2021 (Daten "
    "verändert), dl-de/by-2-0. Bevölkerung: Statistische Ämter des Bundes und der Länder, Zensus 2022.",
    "Figures: Data licence Germany – attribution – version 2.0. Boundaries: © GeoBasis-DE / BKG 2021 (data "
    "modified), dl-de/by-2-0. Population: statistical offices of the Federation and the Länder, census 2022.",
)
DATA_CITE: Final = Text("Zitieren", "Cite")
DATA_CITATION: Final = Text(
    "KIM-Datenverbund Nordrhein-Westfalen, Veröffentlichung {} vom {}, Katalog {}.",
    "KIM-Datenverbund North Rhine-Westphalia, release {} of {}, catalogue {}.",
)
DATA_CITE_TEXT: Final = Text(
    "Mit release= in der Adresse bleibt jede Ansicht so, wie sie zitiert wurde.",
    "With release= in its address every view stays as it was cited.",
)
DATA_RELEASES: Final = Text("Alle Veröffentlichungen", "All releases")
DATA_RELEASES_TABLE: Final = Text("Tabelle der Veröffentlichungen", "Table of releases")
DATA_RELEASE: Final = Text("Veröffentlichung", "Release")
DATA_DAY: Final = Text("Tag", "Day")
DATA_NOTE: Final = Text("Bemerkung", "Remark")

ACCESS_TITLE: Final = Text("Erklärung zur Barrierefreiheit", "Accessibility statement")
ACCESS_PARAGRAPHS: Final = (
    Text(
        "Diese Seiten sollen für alle benutzbar sein. Maßstab sind die BITV NRW und WCAG 2.1 auf Stufe AA.",
        "These pages are meant to be usable by everyone. The measure is BITV NRW and WCAG 2.1 at level AA.",
    ),
    Text(
        "Neben jeder Karte und jedem Diagramm steht eine Tabelle mit denselben Zahlen. Farbe ist nie das "
        "einzige Merkmal: Klassen haben Grenzen in Worten, geheime und fehlende Gebiete verschiedene "
        "Muster, Lieferstände eigene Zeichen.",
        "Beside every map and chart there is a table with the same figures. Colour is never the only mark: "
        "classes have their limits in words, withheld and missing areas differ by pattern, delivery states "
        "have signs of their own.",
    ),
    Text(
        "Alles geht mit der Tastatur, ohne Skripte, bei 320 Pixeln Breite und auf Papier.",
        "Everything works by keyboard, without scripts, at a width of 320 pixels and on paper.",
    ),
    Text(
        "Noch nicht erfüllt: Informationen in Leichter Sprache und in Deutscher Gebärdensprache fehlen.",
        "Not met yet: information in Easy Language and in German Sign Language is missing.",
    ),
    Text(
        "Barrieren bitte der Stelle melden, die diesen Hub betreibt. Die Ombudsstelle für barrierefreie "
        "Informationstechnik des Landes Nordrhein-Westfalen vermittelt, wenn eine Antwort nicht genügt.",
        "Please report barriers to the body that runs this hub. The ombuds office for accessible information "
        "technology of the Land Nordrhein-Westfalen mediates where an answer does not suffice.",
    ),
    Text(
        "Geprüft wird bei jeder Änderung mit automatischen Tests im Browser (Kontrast, Gliederung, Tastatur, "
        "Umbruch) und durch Ansehen; ein Gutachten von außen liegt nicht vor.",
        "Every change is checked with automatic tests in a browser (contrast, structure, keyboard, reflow) "
        "and by looking; there is no outside audit.",
    ),
)
