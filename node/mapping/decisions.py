"""Decisions of component 3: from `AE § 25b Abs. 1 AufenthG` or `Einbürgerung, § 10 StAG` to a leaf code.

Invariants: the whole entry must be understood and its parts must agree; a settlement permit counts only with
its paragraph (§ 26 Abs. 3 or 4), because others exist. A negative decision is none that is counted, whatever
it was about.

Sources: AufenthG and StAG as of 2025. It deliberately knows no other permits: whoever keeps them in the same
register maps them to `NOT_COUNTED`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from node.mapping.labels import NOT_COUNTED
from node.mapping.paragraphs import Grammar, NotUnderstoodError

_NATURALISATION_ACT: Final = "stag"
_PHRASES: Final = {
    "einbürgerung": "NAT",
    "eingebürgert": "NAT",
    "chancen aufenthaltsrecht": "T104C",
    "chancenaufenthaltsrecht": "T104C",
    "chancenaufenthalt": "T104C",
    "ablehnung": NOT_COUNTED,
    "abgelehnt": NOT_COUNTED,
    "versagung": NOT_COUNTED,
    "versagt": NOT_COUNTED,
    "antragsrücknahme": NOT_COUNTED,
    "antrag zurückgenommen": NOT_COUNTED,
    "zurückgenommen": NOT_COUNTED,
}
_FILLERS: Final = frozenset(
    {
        "ae",
        "aufenthaltserlaubnis",
        "aufenthaltstitel",
        "titel",
        "ne",
        "niederlassungserlaubnis",
        "erteilung",
        "erteilt",
        "vollzogen",
        "vollzogene",
        "gem",
        "gemäß",
        "nach",
        "aufenthg",
        "aufenthaltsgesetz",
    }
)
_LAWS: Final = {"stag": _NATURALISATION_ACT, "staatsangehörigkeitsgesetz": _NATURALISATION_ACT}
_BY_PARAGRAPH: Final = {"25a": "T25A", "25b": "T25B", "104c": "T104C"}
_SETTLEMENT: Final = frozenset({"3", "4"})


def decision_code(text: str) -> str | None:
    """Return the leaf code of an entry, :data:`NOT_COUNTED`, or None if it is not understood.

    Args:
        text: a cell of the column Entscheidung.
    """
    meanings = set(_GRAMMAR.meanings(text) or ())
    if NOT_COUNTED in meanings:
        return NOT_COUNTED
    return meanings.pop() if len(meanings) == 1 else None


def _meaning(paragraph: str, subsections: Sequence[str], law: str) -> str:
    if law == _NATURALISATION_ACT:
        return "NAT"
    if paragraph == "26" and subsections and _SETTLEMENT.issuperset(subsections):
        return "NE263"
    code = _BY_PARAGRAPH.get(paragraph)
    if code is None:
        raise NotUnderstoodError
    return code


_GRAMMAR: Final = Grammar(_PHRASES, _FILLERS, _LAWS, _meaning)
