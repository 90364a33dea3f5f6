"""The residence column: from `AE § 25 Abs. 2 AufenthG, 1. Alt.` to a leaf code (grammar in `paragraphs`).

Invariants: all parts of an entry must agree on one code, except that a settlement permit outranks its
paragraph and that a certificate of § 81 needs none. `§ 25` alone and `AE` alone mean several things and
therefore none.

Sources: AufenthG, AsylG and FreizügG/EU as of 2025. It deliberately judges no validity dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from node.mapping.paragraphs import Grammar, NotUnderstoodError

#: Words with one meaning; compared word by word, the longest phrase first.
_PHRASES: Final = {
    "duldung": "DULD",
    "geduldet": "DULD",
    "ausbildungsduldung": "DULD",
    "beschäftigungsduldung": "DULD",
    "gestattung": "GEST",
    "aufenthaltsgestattung": "GEST",
    "ankunftsnachweis": "GEST",
    "fiktionsbesch": "FICT",
    "fiktionsbescheinigung": "FICT",
    "ne": "NE",
    "niederlassungserlaubnis": "NE",
    "daueraufenthalt": "NE",
    "daueraufenthalt eu": "NE",
    "daueraufenthalt eg": "NE",
    "erlaubnis zum daueraufenthalt eu": "NE",
    "freizügigkeit": "FREE",
    "freizügigkeit eu": "FREE",
    "freizügigkeit eu ewr ch": "FREE",
    "freizügigkeitsberechtigt": "FREE",
    "unionsbürger": "FREE",
    "eu bürger": "FREE",
    "deutsch": "DE",
    "deutsche": "DE",
    "deutscher": "DE",
    "deutsche staatsangehörigkeit": "DE",
    "ohne titel": "NOTITLE",
    "ohne aufenthaltstitel": "NOTITLE",
    "kein titel": "NOTITLE",
    "kein aufenthaltstitel": "NOTITLE",
    "ausreisepflichtig": "NOTITLE",
    "vollziehbar ausreisepflichtig": "NOTITLE",
    "vorübergehender schutz": "T_HUM_24",
    "abschiebungsverbot": "T_HUM_ABV",
    "subsidiärer schutz": "T_HUM_25",
    "subsidiär schutzberechtigt": "T_HUM_25",
    "asylberechtigt": "T_HUM_25",
    "chancen aufenthaltsrecht": "T_CHANCE",
    "chancenaufenthalt": "T_CHANCE",
    "chancenaufenthaltsrecht": "T_CHANCE",
}
_FILLERS: Final = frozenset(
    {
        "ae",
        "aufenthaltserlaubnis",
        "aufenthaltstitel",
        "at",
        "titel",
        "gem",
        "gemäß",
        "gemäss",
        "nach",
        "aufenthg",
    }
    | {"aufenthaltsgesetz", "i", "v", "m", "ivm"}
)
_LAWS: Final = {"asylg": "asyl", "asylvfg": "asyl", "freizügg": "free"}

_BY_PARAGRAPH: Final = {
    "7": "T_OTH",
    "9": "NE",
    "9a": "NE",
    "22": "T_HUM_AUFN",
    "23": "T_HUM_AUFN",
    "23a": "T_HUM_AUFN",
    "24": "T_HUM_24",
    "25a": "T_BLEIB",
    "25b": "T_BLEIB",
    "36a": "T_FAM",
    "55": "GEST",
    "63a": "GEST",
    "60a": "DULD",
    "60b": "DULD",
    "60c": "DULD",
    "60d": "DULD",
    "81": "FICT",
    "104c": "T_CHANCE",
}
_BY_SUBSECTION: Final = {
    ("25", "1"): "T_HUM_25",
    ("25", "2"): "T_HUM_25",
    ("25", "3"): "T_HUM_ABV",
    ("25", "4"): "T_OTH",
    ("25", "4a"): "T_OTH",
    ("25", "4b"): "T_OTH",
    ("25", "5"): "T_OTH",
    ("26", "3"): "NE",
    ("26", "4"): "NE",
}
# Whole ranges, lettered paragraphs included (16a, 18g, 19c ...).
_BY_RANGE: Final = ((16, 17, "T_EDU"), (18, 21, "T_WORK"), (27, 36, "T_FAM"))
# § 55 and § 63a stand in the AsylG; other paragraphs of that law are no residence title.
_OF_ASYLUM_ACT: Final = frozenset({"55", "63a"})


def residence_code(text: str) -> str | None:
    """Return the leaf code of an entry, or None if it has none or several.

    Args:
        text: a cell of the residence column.
    """
    meanings = _GRAMMAR.meanings(text) or []
    if "NE" in meanings:
        # A settlement permit may rest on many paragraphs (§ 18c, § 28 Abs. 2, § 35): the kind decides.
        meanings = [code for code in meanings if not code.startswith("T_")]
    distinct = set(meanings)
    return distinct.pop() if len(distinct) == 1 else None


def _meaning(paragraph: str, subsections: Sequence[str], law: str) -> str:
    if law == "free":
        return "FREE"
    if law == "asyl" and paragraph not in _OF_ASYLUM_ACT:
        raise NotUnderstoodError
    codes = {_BY_SUBSECTION[paragraph, s] for s in subsections if (paragraph, s) in _BY_SUBSECTION}
    if codes:
        if len(codes) > 1 or any((paragraph, s) not in _BY_SUBSECTION for s in subsections):
            raise NotUnderstoodError
        return codes.pop()
    code = _BY_PARAGRAPH.get(paragraph)
    if code is None:
        number = int(paragraph.rstrip("abcdefgh"))
        code = next((code for low, high, code in _BY_RANGE if low <= number <= high), None)
    if code is None:
        raise NotUnderstoodError
    return code


_GRAMMAR: Final = Grammar(_PHRASES, _FILLERS, _LAWS, _meaning)
