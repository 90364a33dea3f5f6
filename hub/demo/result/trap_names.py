"""What the traps and handlings of the findings are called, in the words that the nodes use for them.

It deliberately does not: import the node. A test holds both against each other.
"""

from __future__ import annotations

from typing import Final

from protocol.texts import Text

HANDLINGS: Final = {
    "R": Text("zurückgestellt", "set aside"),
    "D": Text("nicht gezählt", "not counted"),
    "W": Text("gezählt, bitte prüfen", "counted, please check"),
    "N": Text("vereinheitlicht", "normalised"),
}
TRAPS: Final = {
    "T01": Text("Zeichenkodierung", "character encoding"),
    "T02": Text("Zeilen vor der Kopfzeile", "lines before the header"),
    "T03": Text("Summen-, Leer-, Kopfzeilen", "total, blank, header rows"),
    "T04": Text("Beträge", "amounts"),
    "T05": Text("Datum unüblich, unmöglich", "dates odd, impossible"),
    "T06": Text("Gebietsschlüssel", "area key"),
    "T07": Text("historischer Schlüssel, Aachen", "historic key, Aachen"),
    "T08": Text("mehrere Zeilen je Fall", "several rows per case"),
    "T09": Text("mehrere Felder in einer Zelle", "several fields in one cell"),
    "T10": Text("Umbrüche, Anführungszeichen", "line breaks, quotation marks"),
    "T11": Text("Geschlecht", "sex"),
    "T12": Text("Staatsangehörigkeit", "citizenship"),
    "T13": Text("Aufenthaltsstatus", "residence status"),
    "T14": Text("Rechtskreis", "legal regime"),
    "T15": Text("Fallende", "end of a case"),
    "T16": Text("Erstkontakt", "first contact"),
    "T17": Text("Anzahl Personen", "head count"),
    "T18": Text("Person unter zwei Kennungen", "person under two ids"),
    "T19": Text("Platzhalter als Geburtsdatum", "placeholder as date of birth"),
    "T20": Text("fehlende Angaben", "missing values"),
    "T21": Text("Test- und stornierte Fälle", "test and cancelled records"),
    "T22": Text("andere Programme, Kontakte", "other programmes, contacts"),
    "T23": Text("Quellen, die sich überschneiden", "sources that overlap"),
    "T24": Text("Gemeinde zweimal gezählt", "municipality counted twice"),
    "T25": Text("Summen, die nicht aufgehen", "totals that do not add up"),
    "T26": Text("Spalten anders als im Profil", "columns unlike the profile"),
    "T27": Text("Formeln oder HTML im Text", "formulas or HTML in text"),
    "T28": Text("Uhrzeit beim Datum", "time of day with a date"),
    "T29": Text("Zeiträume", "periods"),
    "T30": Text("Stellenanteile", "shares of posts"),
}
