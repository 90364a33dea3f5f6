"""From local texts to codes of the catalogue, one dimension at a time.

Invariants: a result is a leaf of the codelist or ``_U``; what is not understood is said so, never guessed.
Every distinct text is mapped once; callers work on distinct texts, not on rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from aggregation.facts import codelist_of
from node.mapping.carriers import carrier_code
from node.mapping.citizenship import map_citizenship
from node.mapping.decisions import decision_code
from node.mapping.labels import COLUMN_OF, LABELS, NOT_COUNTED, CaseState, CounsellingKind
from node.mapping.residence import residence_code
from node.mapping.vocabulary import (
    MISSING,
    Mapped,
    Vocabulary,
    is_missing,
    label_parts,
    leaf_labels,
    not_understood,
)
from node.wording import fold
from protocol.catalogue import Catalogue
from protocol.codelists import UNKNOWN
from protocol.errors import ErrorItem, kim_error
from protocol.regions import Region
from protocol.texts import Text

DIMENSIONS: Final = ("SEX", "CITIZEN", "RESIDENCE", "RECHTSKREIS", "FIELD", "INST", "OUTCOME")
#: Dimensions of registers. Their codelists have no code for unknown: a row without an entry cannot count.
REGISTER_DIMENSIONS: Final = ("BAUSTEIN", "COST", "CARRIER", "ISSUE", "DECISION")
#: Columns that are mapped like dimensions but decide what a row is.
CONTROLS: Final = ("COUNSELLING", "STATUS")
_CONTROL_CODES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"COUNSELLING": tuple(CounsellingKind), "STATUS": tuple(CaseState)}
)
_SET_SEPARATORS: Final = re.compile(r"[;|\r\n]")
_REGIME_SEPARATORS: Final = re.compile(r"[/+,]|\sund\s")


class CodeMapping:
    """Maps texts of all coded columns of exports and registers.

    Args of the constructor are the catalogue and the ``[mapping.…]`` tables of ``node.toml``.
    """

    def __init__(self, catalogue: Catalogue, tables: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Build the vocabularies.

        Args:
            catalogue: gives the codelists.
            tables: dimension or column -> local text -> code (``[mapping.SEX] "Frau" = "F"``).

        Raises:
            KimError: ``config_invalid`` with every table or target that does not exist.
        """
        codes = target_codes(catalogue)
        own = _checked_tables(tables or {}, codes)
        self._vocabularies = {name: _vocabulary(name, codes[name], own.get(name, {})) for name in codes}
        self._mappers: dict[str, Callable[[str], Mapped]] = {
            "CITIZEN": lambda text: map_citizenship(text, self._vocabularies["CITIZEN"]),
            "RESIDENCE": self._residence,
            "RECHTSKREIS": self._regime,
            "FIELD": lambda text: self.map_set("FIELD", text),
            "DECISION": self._decision,
        }

    def map(self, dimension: str, text: str) -> Mapped:
        """Map one cell.

        Args:
            dimension: one of :data:`DIMENSIONS`, :data:`REGISTER_DIMENSIONS` or :data:`CONTROLS`; carriers
                have :meth:`map_carrier`.
            text: the cell, its double encoding undone.

        Returns:
            Its meaning.

        Raises:
            KeyError: if there is no such dimension.
        """
        mapper = self._mappers.get(dimension)
        return mapper(text) if mapper is not None else self._vocabularies[dimension].single(text)

    def _residence(self, text: str) -> Mapped:
        found = self._vocabularies["RESIDENCE"].single(text)
        if not found.unmapped:
            return found
        code = residence_code(text)
        return Mapped((code,)) if code is not None else found

    def _regime(self, text: str) -> Mapped:
        vocabulary = self._vocabularies["RECHTSKREIS"]
        whole = vocabulary.single(text)
        if not whole.unmapped:
            return whole
        parts = [part for part in _REGIME_SEPARATORS.split(fold(text)) if not is_missing(part, numbers=False)]
        code = vocabulary.code(parts[0]) if len(parts) > 1 else None
        return Mapped((code,), several=True) if code is not None else whole

    def map_set(self, dimension: str, text: str) -> Mapped:
        """Map a cell that may hold several entries: fields of action, or institutions.

        Args:
            dimension: one of :data:`DIMENSIONS`.
            text: the cell, its double encoding undone.

        Returns:
            Its codes, each once, in the order of the cell.
        """
        vocabulary = self._vocabularies[dimension]
        own = vocabulary.own(text)
        if own is not None:
            return Mapped((own,))
        cells = [part for part in _SET_SEPARATORS.split(text) if part.strip()]
        found: list[str] = []
        unmapped: list[str] = []
        for part in cells:
            codes = _codes_of_part(vocabulary, part)
            if codes is None:
                unmapped.append(part.strip())
            else:
                found += codes
        distinct = tuple(dict.fromkeys(code for code in found if code != UNKNOWN))
        if not distinct and not unmapped:
            return MISSING if all(is_missing(part) for part in cells) else Mapped((UNKNOWN,))
        literal = len(cells) == 1 and len(distinct) == 1 and vocabulary.is_literal(text, distinct[0])
        return Mapped(
            distinct or (UNKNOWN,), unmapped=tuple(unmapped), several=len(cells) > 1, literal=literal
        )

    def map_carrier(self, carrier_id: str, name: str, region: Region) -> Mapped:
        """Map a carrier by its id or its name.

        Args:
            carrier_id: the cell Träger-ID, or an empty text.
            name: the cell Träger, or an empty text.
            region: the node's own reporting area.

        Returns:
            Its kind; missing if neither id nor name is given.
        """
        vocabulary = self._vocabularies["CARRIER"]
        given = [text for text in (name, carrier_id) if not is_missing(text, numbers=False)]
        if not given:
            return MISSING
        for text in given[::-1]:  # the id is the surer of both
            own = vocabulary.own(text)
            if own is not None:
                return Mapped((own,))
        for text in given:
            code = vocabulary.code(text) or carrier_code(text, region)
            if code is not None:
                return Mapped((code,), literal=vocabulary.is_literal(text, code))
        return not_understood(given[0].strip())

    def _decision(self, text: str) -> Mapped:
        found = self._vocabularies["DECISION"].single(text)
        if not found.unmapped:
            return found
        code = decision_code(text)
        return Mapped((code,)) if code is not None else found


def target_codes(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """Return what local texts can be mapped to: German label by code, by table of ``[mapping.…]``."""
    codes = {name: leaf_labels(codelist_of(catalogue, name)) for name in DIMENSIONS}
    for labels in codes.values():
        labels.setdefault(UNKNOWN, "Unbekannt")
    codes |= {name: leaf_labels(codelist_of(catalogue, name)) for name in REGISTER_DIMENSIONS}
    codes["DECISION"][NOT_COUNTED] = NOT_COUNTED
    return codes | {name: {code: code for code in _CONTROL_CODES[name]} for name in CONTROLS}


def _codes_of_part(vocabulary: Vocabulary, part: str) -> list[str] | None:
    code = vocabulary.own(part)
    if code is None and is_missing(part):
        return []
    code = code or vocabulary.code(part)
    if code is not None:
        return [code]
    # A list by commas counts only if every word of it is known: labels hold commas themselves.
    words = [vocabulary.code(word) for word in part.split(",")]
    known = [word for word in words if word is not None]
    return known if len(words) > 1 and len(known) == len(words) else None


def _vocabulary(name: str, labels: Mapping[str, str], own: Mapping[str, str]) -> Vocabulary:
    words = list(LABELS.get(name, {}).items())
    if name == "INST":
        words += label_parts(labels, "/")
    if name == "FIELD":
        words += label_parts(labels, ",")
    return Vocabulary(labels, words, own=own)


def _checked_tables(
    tables: Mapping[str, Mapping[str, str]], codes: Mapping[str, Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    names = {fold(name): name for name in codes} | {fold(column): name for name, column in COLUMN_OF.items()}
    faults: list[ErrorItem] = []
    checked: dict[str, dict[str, str]] = {}
    for table, entries in tables.items():
        name = names.get(fold(table))
        if name is None:
            known = ", ".join(codes)
            faults.append(
                _fault(
                    f"/mapping/{table}",
                    f"[mapping.{table}] gibt es nicht; möglich sind {known}.",
                    f"There is no [mapping.{table}]; possible are {known}.",
                )
            )
            continue
        for number, (text, code) in enumerate(entries.items(), start=1):
            if code in codes[name]:
                checked.setdefault(name, {})[text] = code
            else:
                allowed = ", ".join(codes[name])
                faults.append(
                    _fault(
                        f"/mapping/{table}/{number}",
                        f"[mapping.{table}], Eintrag {number}: der Schlüssel {code!r} ist nicht erlaubt; "
                        f"möglich sind {allowed}.",
                        f"[mapping.{table}], entry {number}: the code {code!r} is not allowed; "
                        f"possible are {allowed}.",
                    )
                )
    if faults:
        raise kim_error("config_invalid", faults[0].text, pointer=faults[0].pointer, errors=faults)
    return dict(checked)


def _fault(pointer: str, german: str, english: str) -> ErrorItem:
    return ErrorItem(pointer, "config_invalid", Text(german, english))
