"""Which text means which code, for one dimension: the municipality's own table, the catalogue, the defaults.

Invariants: the municipality's table wins; ids of the catalogue are always understood; every target is a leaf.
A word that would mean two codes is a mistake of this program and stops it when it starts, not a guess later.

It deliberately knows no grammar (residence titles, combined citizenships): that is built on top of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from node.mapping.labels import MISSING_MARKERS, MISSING_NUMBERS
from node.wording import fold, key
from protocol.codelists import UNKNOWN, Codelist


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one cell means.

    Attributes:
        codes: leaf codes; exactly one except for fields of action; ``_U`` if missing or not understood.
        unmapped: the texts that are not understood; empty if all is.
        missing: whether the cell holds a missing marker (an empty cell is one).
        several: whether a cell for one entry holds more than one.
        literal: whether the cell is the catalogue's own wording, but for case and blanks.
    """

    codes: tuple[str, ...]
    unmapped: tuple[str, ...] = field(default=(), repr=False)
    missing: bool = False
    several: bool = False
    literal: bool = False


MISSING: Final = Mapped((UNKNOWN,), missing=True)


def not_understood(*texts: str) -> Mapped:
    """Return the meaning of a cell that nobody may guess."""
    return Mapped((UNKNOWN,), unmapped=texts)


def is_missing(text: str, *, numbers: bool = True) -> bool:
    """Whether a text is a missing marker.

    Args:
        text: a cell.
        numbers: whether ``9`` and ``99`` count too (not in numbers, keys and dates).
    """
    compact = fold(text).replace(" ", "")
    return compact in MISSING_MARKERS or (numbers and compact in MISSING_NUMBERS)


class Vocabulary:
    """Texts and their codes for one dimension."""

    def __init__(
        self,
        codes: Mapping[str, str],
        labels: Iterable[tuple[str, str]],
        *,
        own: Mapping[str, str],
    ) -> None:
        """Collect the texts.

        Args:
            codes: leaf code -> the catalogue's label.
            labels: further texts with their codes.
            own: the municipality's table, text -> code, checked before.

        Raises:
            ValueError: if a text of the product would mean two codes.
        """
        self._own = {fold(text): code for text, code in own.items()}
        self._ids = {fold(code): code for code in codes}
        self._literal = {code: {fold(code), fold(label)} for code, label in codes.items()}
        self._words: dict[str, str] = {}
        self._known: dict[str, str | None] = {}
        for text, code in [*((label, code) for code, label in codes.items()), *labels]:
            word = key(text)
            if self._words.setdefault(word, code) != code:
                raise ValueError(f"the word for {code} already means {self._words[word]}")

    def own(self, text: str) -> str | None:
        """Return the code that the municipality gave the text, or None."""
        return self._own.get(fold(text)) if self._own else None

    def code(self, text: str) -> str | None:
        """Return the code of a text, or None if it is not understood."""
        if text not in self._known:  # parts of lists return in many cells
            self._known[text] = self.own(text) or self._ids.get(fold(text)) or self._words.get(key(text))
        return self._known[text]

    def is_literal(self, text: str, code: str) -> bool:
        """Whether the text is the catalogue's own id or label of the code."""
        return fold(text) in self._literal.get(code, ())

    def single(self, text: str) -> Mapped:
        """Map a cell for one entry."""
        code = self.own(text)
        if code is None:
            if is_missing(text):
                return MISSING
            code = self.code(text)
        if code is None:
            return not_understood(text.strip())
        return Mapped((code,), literal=self.is_literal(text, code))


def leaf_labels(codelist: Codelist) -> dict[str, str]:
    """Return the leaves of a codelist with their German labels, ``_U`` included."""
    return {code: codelist[code].name.de for code in codelist.leaves}


def label_parts(labels: Mapping[str, str], separator: str) -> list[tuple[str, str]]:
    """Return the parts of labels around a separator that belong to one code only.

    Args:
        labels: code -> label.
        separator: for example ``/``.

    Returns:
        Pairs of part and code.
    """
    found: dict[str, set[str]] = {}
    spelt: dict[str, str] = {}
    for code, label in labels.items():
        for part in label.split(separator):
            found.setdefault(key(part), set()).add(code)
            spelt[key(part)] = part.strip()
    return [(spelt[word], next(iter(codes))) for word, codes in found.items() if len(codes) == 1]
