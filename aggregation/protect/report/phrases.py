"""The sentences of the report, German and English side by side, and how it writes numbers."""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType
from typing import Final

from aggregation.protect.model import Dominance, Kind, Rules
from aggregation.sdc.audit import Verdict
from aggregation.sdc.levels import Level
from protocol.texts import Language, Text

TITLE: Final = Text("Schutz einer Veröffentlichung", "Protection of a publication")
AUDIT_TITLE: Final = Text("Prüfung einer Veröffentlichung", "Audit of a publication")
SKIP: Final = Text("Zum Inhalt", "Skip to content")
OTHER_LANGUAGE: Final = Text("Dieser Bericht auf Deutsch", "This report in English")
STAYS_HERE: Final = Text(
    "Dieser Bericht bleibt im Haus: Er sagt, wie viele der gesperrten Zellen selbst zu schützen sind. Ein "
    "gesperrter Wert steht nicht darin.",
    "This report stays in the house: it says how many of the withheld cells are sensitive themselves. No "
    "withheld value is in it.",
)
FILE: Final = Text("Veröffentlichung", "Publication")
SOURCE: Final = Text("Wahre Werte", "True values")
DESCRIPTION: Final = Text("Beschreibung", "Description")
MADE: Final = Text("Erstellt", "Made")
KIND: Final = Text("Inhalt", "Content")
TABLES: Final = Text("Tabellen", "Tables")
KINDS: Final = MappingProxyType(
    {
        Kind.FREQUENCY: Text("Anzahlen", "counts"),
        Kind.MAGNITUDE: Text("Werte (Summen über Beitragende)", "magnitudes (sums over contributors)"),
    }
)

VERDICTS: Final = MappingProxyType(
    {
        Verdict.SAFE: Text("Sicher", "Safe"),
        Verdict.UNSAFE: Text("Unsicher", "Unsafe"),
        Verdict.UNKNOWN: Text("Ungeklärt", "Unknown"),
    }
)
SAFE_COUNTS: Final = MappingProxyType(
    {
        Level.S1: Text(
            "Niemand von außen kann aus der Veröffentlichung eine zu schützende Anzahl genau berechnen. "
            "Auf wenige Werte eingrenzen lässt sie sich vielleicht.",
            "Nobody outside can compute a sensitive count exactly from the publication. It may be possible "
            "to narrow it down to few values.",
        ),
        Level.S2: Text(
            "Niemand von außen kann eine zu schützende Anzahl genau berechnen, und auch niemand, der in "
            "einer Zelle allein ist, die Anzahl einer anderen.",
            "Nobody outside can compute a sensitive count exactly, nor can anybody who is alone in one cell "
            "compute the count of another.",
        ),
        Level.S3: Text(
            "Jede zu schützende Anzahl kann für Außenstehende alles von 1 bis knapp unter dem Mindestwert "
            "sein, soweit die Tabellen das überhaupt zulassen.",
            "To anybody outside, each sensitive count may be anything from 1 to just below the minimum, as "
            "far as the tables allow that at all.",
        ),
    }
)
SAFE_MAGNITUDES: Final = Text(
    "Weder Außenstehende noch Beitragende können einen zu schützenden Wert enger eingrenzen, als sein "
    "Schutzintervall erlaubt.",
    "Neither outsiders nor contributors can narrow a sensitive value down more closely than its protection "
    "interval allows.",
)
UNSAFE: Final = Text(
    "Diese Veröffentlichung gibt preis, was zu schützen ist. Sie darf so nicht erscheinen.",
    "This publication gives away what has to be protected. It must not appear like this.",
)
UNKNOWN: Final = Text(
    "Für einige Zellen gibt es keine Antwort. Solange das so ist, darf die Veröffentlichung nicht "
    "erscheinen.",
    "For some cells there is no answer. As long as that is so, the publication must not appear.",
)

FIGURES: Final = Text("In Zahlen", "In figures")
CELLS: Final = Text("Zellen", "Cells")
PUBLISHED: Final = Text("veröffentlicht", "published")
WITHHELD: Final = Text("gesperrt", "withheld")
SENSITIVE: Final = Text("selbst zu schützen", "sensitive themselves")
SECONDARY: Final = Text("ihretwegen gesperrt", "withheld for their sake")
EMPTY: Final = Text("Zellen mit 0", "cells of 0")
ABSENT: Final = Text("Zellen ohne Zeile, als 0 gezählt", "cells without a line, counted as 0")

RULES: Final = Text("Regeln", "Rules")
RULE: Final = Text("Regel", "Rule")
SETTING: Final = Text("Einstellung", "Setting")
MEANING: Final = Text("Was sie schützt", "What it protects")

LEVELS: Final = Text("Wo gesperrt ist", "Where cells are withheld")
LEVELS_NOTE: Final = Text(
    "Jede Zelle steht in jeder Dimension auf einer Ebene; die Zeilen einer Dimension ergeben zusammen alle "
    "Zellen.",
    "Each cell stands on one level of every dimension; the rows of a dimension make up all cells.",
)
DIMENSION: Final = Text("Dimension", "Dimension")
LEVEL: Final = Text("Ebene", "Level")
SHARE: Final = Text("Anteil gesperrt", "Share withheld")
CODES: Final = Text("{number} Codes", "{number} codes")

LOSS: Final = Text("Wie viel verloren geht", "How much is lost")
COST: Final = Text("Was möglichst klein sein soll", "What is to be as small as possible")
COSTS: Final = MappingProxyType(
    {
        "unit": Text("die Zahl der Zellen", "the number of cells"),
        "value": Text("die Summe der Werte", "the sum of the values"),
    }
)
COST_COLUMN: Final = Text("die Summe der Spalte „{column}“", "the sum of the column '{column}'")
BOUND: Final = Text("Bewiesene Untergrenze", "Proven lower bound")
BOUND_CELLS: Final = Text(
    "mindestens {bound} Zellen neben den selbst zu schützenden",
    "at least {bound} cells beside those that are sensitive themselves",
)
GAP: Final = Text("Abstand zum Besten", "Distance from the best")
OPTIMAL: Final = Text(
    "keiner: bewiesen, dass es nicht mit weniger geht",
    "none: it is proven that no pattern costs less",
)
GAP_PERCENT: Final = Text("höchstens {gap} %", "at most {gap} %")
NO_BOUND: Final = Text(
    "nicht bewiesen; mehr Runden können das Muster sparsamer machen",
    "not proven; more rounds may make the pattern thriftier",
)
ROUNDS: Final = Text("Runden der Verbesserung", "Rounds of improvement")
LOST_SHARE: Final = Text("Gesperrt von allen Zellen", "Withheld of all cells")

ATTACKERS: Final = Text("Gegen wen geschützt ist", "Whom it is protected from")
ATTACKER: Final = Text("Wer angreift", "Who attacks")
KNOWS: Final = Text("Was er weiß", "What he knows")
EXAMINED: Final = Text("Geprüft", "Examined")
YES: Final = Text("ja", "yes")
NO: Final = Text("nein", "no")
OUTSIDER: Final = Text("Außenstehende", "Outsiders")
OUTSIDER_KNOWS: Final = Text(
    "alle veröffentlichten Zellen, auch die Nullen; alle Summen in und zwischen den Tabellen; die "
    "Regeln. Eine gesperrte Anzahl ist für sie mindestens 1.",
    "all published cells, zeros too; all sums within and between the tables; the rules. To "
    "them a withheld count is at least 1.",
)
OUTSIDER_ZEROS: Final = Text(
    "alle veröffentlichten Zellen; alle Summen in und zwischen den Tabellen; die Regeln. "
    "Eine gesperrte Anzahl kann auch 0 sein.",
    "all published cells; all sums within and between the tables; the rules. A withheld count may be 0 too.",
)
OUTSIDER_MAGNITUDES: Final = Text(
    "alle veröffentlichten Zellen; alle Summen in und zwischen den Tabellen; die Regeln. "
    "Ein gesperrter Wert, der nicht negativ ist, ist für sie mindestens eine kleinste Einheit.",
    "all published cells; all sums within and between the tables; the rules. To them a "
    "withheld magnitude that is not negative is at least one smallest unit.",
)
LONE: Final = Text("Wer in einer Zelle allein ist", "Who is alone in a cell")
LONE_KNOWS: Final = Text(
    "dazu: dass diese Zelle, und jede andere, in der er allein ist, 1 ist",
    "also: that this cell, and every other in which he is alone, is 1",
)
CONTRIBUTOR: Final = Text("Beitragende", "Contributors")
CONTRIBUTOR_KNOWS: Final = Text(
    "dazu: den eigenen Beitrag zu jeder Zelle, und jede Zelle, in der sie allein sind",
    "also: their own contribution to every cell, and every cell in which they stand alone",
)
EARLIER: Final = Text("Wer anderes kennt", "Who knows other publications")
EARLIER_KNOWS: Final = Text(
    "frühere Fassungen und andere Tabellen derselben Daten. Sie gehören als weitere Tabelle in dieselbe "
    "Beschreibung, sonst sind sie nicht geprüft.",
    "earlier vintages and other tables of the same data. They belong into the same description as further "
    "tables; otherwise they are not examined.",
)
OUT_OF_REACH: Final = Text(
    "Bei {number} Zellen lassen die Tabellen das ganze Niveau nicht zu, was auch immer gesperrt wird; sie "
    "sind so weit geschützt, wie es geht, mindestens aber nicht genau berechenbar.",
    "For {number} cells the tables do not allow the whole level, whatever is withheld; they are protected as "
    "far as possible, and at least cannot be computed exactly.",
)
METHOD: Final = Text("Wer das Verfahren zurückrechnet", "Who reads the method backwards")
METHOD_KNOWS: Final = Text(
    "dazu: welche Zellen das Programm bei anderen Werten gesperrt hätte. In sehr kleinen Tabellen kann das "
    "einen Wert verraten.",
    "also: which cells the program would have withheld for other figures. In very small tables that can give "
    "a figure away.",
)
POOLED: Final = Text("Beitragende, die sich absprechen", "Contributors who pool what they know")
POOLED_KNOWS: Final = Text(
    "dazu: die Beiträge der anderen, die mitmachen", "also: the contributions of those who take part"
)
HOW_PROVEN: Final = Text(
    "Die Prüfung ist vom Verfahren unabhängig und liest die fertige Datei. Für jede zu schützende Zelle "
    "braucht sie andere Tabellen in ganzen Zahlen, die zu allem Veröffentlichten passen. Findet sie keine "
    "Antwort, heißt das „ungeklärt“, nie „sicher“.",
    "The audit is independent of the method and reads the finished file. For each sensitive cell it needs "
    "other tables in whole numbers that fit everything published. Where it finds no answer the outcome is "
    "'unknown', never 'safe'.",
)
WITHOUT_TRUTH: Final = Text(
    "Geprüft wurde ohne die wahren Werte, also genau so, wie es ein Angreifer kann. Auf Niveau S1 ändert das "
    "nichts am Ergebnis: Was sich berechnen lässt, ist dann bekannt, und damit auch, ob es zu schützen ist. "
    "Wer in einer Zelle allein ist und was Beitragende wissen, lässt sich so nicht prüfen (dafür --cells).",
    "The audit did without the true values, just as an attacker has to. At level S1 that does not change the "
    "outcome: what can be computed is known then, and with it whether it is sensitive. What somebody knows "
    "who is alone in a cell, or contributes, cannot be examined this way (use --cells for that).",
)

FINDINGS: Final = Text("Was sich berechnen lässt", "What can be computed")
FINDING: Final = Text("Zelle", "Cell")
WAY: Final = Text("Weg des Angreifers", "The attacker's way")
MORE_FINDINGS: Final = Text(
    "Und {number} weitere Zellen; die Ausgabe mit --json nennt alle.",
    "And {number} more cells; the output with --json names all.",
)
UNDECIDED: Final = Text("Ohne Antwort", "Without an answer")
HARMLESS: Final = Text(
    "{number} gesperrte Zellen lassen sich berechnen, sind aber selbst nicht zu schützen.",
    "{number} withheld cells can be computed, but are not sensitive themselves.",
)

REPRODUCE: Final = Text("Noch einmal dasselbe", "The same again")
REPRODUCE_NOTE: Final = Text(
    "Dieselben Dateien und dieselbe Zahl von Runden ergeben auf jedem Rechner dieselbe Veröffentlichung.",
    "The same files and the same number of rounds give the same publication on every machine.",
)
COMMAND: Final = Text("Befehl", "Command")
PROGRAM: Final = Text("Programm", "Program")
DIGEST: Final = Text("SHA-256 von {file}", "SHA-256 of {file}")
SIGNED_BY: Final = Text("Name", "Name")
SIGNED_ON: Final = Text("Datum", "Date")
SIGNATURE: Final = Text("Unterschrift", "Signature")


def rules_in_words(rules: Rules, kind: Kind) -> list[tuple[Text, Text, Text]]:
    """Return every rule that is set: its name, its setting, and what it protects."""
    found = []
    if rules.min_contributors > 1:
        found.append(_minimum(rules.min_contributors, kind))
    if kind is Kind.FREQUENCY:
        found.append(_zeros(publishable=rules.zero_publishable))
    if rules.dominance is not None:
        found.append(_dominance(rules.dominance))
    if rules.min_protection_percent is not None:
        found.append(_p_percent(rules.min_protection_percent))
    if kind is Kind.MAGNITUDE and rules.min_contributors > 1:
        found.append(_range(max(rules.protection_range_percent, rules.min_protection_percent or Fraction())))
    return found


def _minimum(minimum: int, kind: Kind) -> tuple[Text, Text, Text]:
    if kind is Kind.FREQUENCY:
        return (
            Text("Mindestwert", "Minimum"),
            Text(f"{minimum}", f"{minimum}"),
            Text(f"Anzahlen von 1 bis {minimum - 1}", f"counts from 1 to {minimum - 1}"),
        )
    return (
        Text("Mindestzahl Beitragender", "Minimum number of contributors"),
        Text(f"{minimum}", f"{minimum}"),
        Text(
            f"Werte, hinter denen weniger als {minimum} stehen",
            f"values that fewer than {minimum} stand behind",
        ),
    )


def _zeros(*, publishable: bool) -> tuple[Text, Text, Text]:
    if publishable:
        return (
            Text("Nullen", "Zeros"),
            Text("werden veröffentlicht", "are published"),
            Text(
                "nichts; jeder weiß, dass eine gesperrte Zelle nicht leer ist",
                "nothing; everybody knows that a withheld cell is not empty",
            ),
        )
    return (
        Text("Nullen und volle Zellen", "Zeros and full cells"),
        Text("geschützt", "protected"),
        Text(
            "Gruppen, von denen niemand oder (fast) jeder in eine Kategorie fällt",
            "groups of which nobody, or (nearly) everybody, falls into one category",
        ),
    )


def _dominance(rule: Dominance) -> tuple[Text, Text, Text]:
    share = rule.max_share_percent
    return (
        Text("(n,k)-Dominanz", "(n,k) dominance"),
        Text(
            f"n = {rule.top_n}, k = {decimal(share, 'de')} %",
            f"n = {rule.top_n}, k = {decimal(share, 'en')}%",
        ),
        Text(
            f"Werte, zu denen die {rule.top_n} größten mehr als {decimal(share, 'de')} % beitragen",
            f"values to which the {rule.top_n} largest contribute more than {decimal(share, 'en')}%",
        ),
    )


def _p_percent(percent: Fraction) -> tuple[Text, Text, Text]:
    return (
        Text("p-%-Regel", "p% rule"),
        Text(f"p = {decimal(percent, 'de')} %", f"p = {decimal(percent, 'en')}%"),
        Text(
            f"Werte, aus denen der zweitgrößte den größten Beitrag auf {decimal(percent, 'de')} % genau "
            "schätzen könnte",
            "values from which the second largest could estimate the largest contribution to within "
            f"{decimal(percent, 'en')}%",
        ),
    )


def _range(percent: Fraction) -> tuple[Text, Text, Text]:
    return (
        Text("Schutzintervall", "Protection interval"),
        Text(f"± {decimal(percent, 'de')} %", f"± {decimal(percent, 'en')}%"),
        Text(
            "wie ungenau ein Wert mit zu wenigen Beitragenden bleiben muss",
            "how uncertain a value with too few contributors has to stay",
        ),
    )


def decimal(number: Fraction, language: Language) -> str:
    """Write a percentage."""
    text = f"{float(number):.4f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "de" else text


def whole(number: int, language: Language) -> str:
    """Write a whole number with thousands separators."""
    return f"{number:,}".replace(",", "\u00a0" if language == "de" else ",")


def share(part: int, whole_: int, language: Language) -> str:
    """Write a part as per cent of a whole, to one digit behind the point."""
    text = f"{100 * part / whole_:.1f}" if whole_ else "0.0"
    return f"{text.replace('.', ',')}\u00a0%" if language == "de" else f"{text}%"
