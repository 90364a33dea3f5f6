"""Codelists with hierarchy, as SDMX has them: codes, parents, an optional total.

Unequal depth is normal (AsylbLG has children, SGB II has none) and so are codelists without a total
(kinds of decision are never added). A code with ``merge_with`` is never published: its cases count under
the code it is merged into, which inherits its disclosure rule because the strictest rule wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from protocol.texts import Text

TOTAL: Final = "_T"
UNKNOWN: Final = "_U"
NOT_APPLICABLE: Final = "_Z"


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a codelist.

    Attributes:
        id: code as on the wire.
        name: label.
        parent: the code it is part of; None at the top.
        rule: id of a disclosure rule that this code demands by itself, or None.
        merge_with: the sibling under which its cases are published, or None.
        attributes: further facts (BEV country keys, class limits in days, NUTS code).
    """

    id: str
    name: Text
    parent: str | None = None
    rule: str | None = None
    merge_with: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def exclusive(self) -> bool:
        """Whether the code, in a multi-response dimension, stands for itself alone ("unknown")."""
        return bool(self.attributes.get("exclusive", False))


@dataclass(frozen=True, slots=True)
class CodeGroup:
    """A second hierarchy over a codelist: a named group of its codes (Landschaftsverbände)."""

    id: str
    name: Text
    members: tuple[str, ...]


@dataclass(frozen=True)
class Codelist:
    """An ordered, hierarchical list of codes.

    Attributes:
        id: SDMX id of the codelist.
        name: label.
        codes: all codes in the order in which people read them.
        total: the code that stands for everything, or None if the codes must not be added.
        groups: further groups of codes outside the hierarchy.
    """

    id: str
    name: Text
    codes: tuple[Code, ...]
    total: str | None
    groups: tuple[CodeGroup, ...] = ()

    def __post_init__(self) -> None:
        """Check that the hierarchy is one.

        Raises:
            ValueError: duplicate code, unknown parent or merge target, cycle, merge across parents.
        """
        if len(self._by_id) != len(self.codes):
            raise ValueError(f"{self.id}: a code appears twice")
        for code in self.codes:
            if code.parent is not None and code.parent not in self._by_id:
                raise ValueError(f"{self.id}: parent of {code.id} is not in the list")
            if code.merge_with is not None:
                target = self._by_id.get(code.merge_with)
                if target is None or target.parent != code.parent or target.merge_with is not None:
                    raise ValueError(f"{self.id}: {code.id} must merge into a published sibling")
            self.ancestors(code.id)

    @cached_property
    def _by_id(self) -> dict[str, Code]:
        return {code.id: code for code in self.codes}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        children: dict[str, list[str]] = {}
        for code in self.published:
            if code.parent is not None:
                children.setdefault(code.parent, []).append(code.id)
        return {parent: tuple(ids) for parent, ids in children.items()}

    @cached_property
    def published(self) -> tuple[Code, ...]:
        """The codes that may appear on the wire: all but the merged ones."""
        return tuple(code for code in self.codes if code.merge_with is None)

    @cached_property
    def merged_into(self) -> dict[str, tuple[Code, ...]]:
        """The codes that are published as another one, by that one."""
        merged: dict[str, list[Code]] = {}
        for code in self.codes:
            if code.merge_with is not None:
                merged.setdefault(code.merge_with, []).append(code)
        return {into: tuple(codes) for into, codes in merged.items()}

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Ids a single case can carry: no code that is the parent of another, merged codes included."""
        parents = {code.parent for code in self.codes}
        return tuple(code.id for code in self.codes if code.id not in parents)

    def __contains__(self, code_id: object) -> bool:
        """Whether the list has this code."""
        return code_id in self._by_id

    def __getitem__(self, code_id: str) -> Code:
        """Return a code by id.

        Raises:
            KeyError: if the list has no such code.
        """
        return self._by_id[code_id]

    def children(self, code_id: str) -> tuple[str, ...]:
        """Published codes directly below ``code_id``, in list order; empty for a leaf."""
        return self._children.get(code_id, ())

    def exclusive_children(self, code_id: str) -> tuple[str, ...]:
        """Published codes below ``code_id`` that exclude every other answer of a multi-response dimension."""
        return tuple(child for child in self.children(code_id) if self[child].exclusive)

    def ancestors(self, code_id: str) -> tuple[str, ...]:
        """Codes above ``code_id``, nearest first.

        Raises:
            ValueError: if the hierarchy has a cycle.
        """
        chain: list[str] = []
        parent = self._by_id[code_id].parent
        while parent is not None:
            if parent == code_id or parent in chain:
                raise ValueError(f"{self.id}: cycle at {code_id}")
            chain.append(parent)
            parent = self._by_id[parent].parent
        return tuple(chain)

    def recode(self, code_id: str) -> str:
        """Return the code under which ``code_id`` is published."""
        return self._by_id[code_id].merge_with or code_id
