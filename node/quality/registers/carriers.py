"""Kinds of carriers by their ids: the posts register teaches, the funds ledger asks.

Invariants: an id stands for one kind or for none; what the configuration says of an id wins. A row's own name
says its kind even if other rows of the same id say another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from node.mapping import CodeMapping, Mapped, is_missing
from node.quality.cells.columns import CodedColumn
from node.quality.registers.register import Register
from node.sources import DistinctTexts
from node.wording import fold, repaired
from protocol.regions import Region

CARRIER_ID = "Träger-ID"
CARRIER_NAME = "Träger"


@dataclass(slots=True)
class Carriers:
    """What is known about carriers.

    Attributes:
        mapping: the configuration's table and the words of the product.
        region: the node's own reporting area.
    """

    mapping: CodeMapping
    region: Region
    _kinds: dict[str, set[str]] = field(default_factory=dict)

    def column(self, register: Register) -> CodedColumn:
        """Read the kinds of carriers of a register, learning from its names first.

        Args:
            register: has the column Träger-ID, the column Träger, or both.

        Returns:
            The column; its texts are names, ids where a row has no name.
        """
        pairs, index = _pairs(register)
        self._learn(pairs)
        texts = [identifier if is_missing(name, numbers=False) else name for identifier, name in pairs]
        return CodedColumn(
            dimension="CARRIER",
            column=CARRIER_NAME if register.raw.has(CARRIER_NAME) else CARRIER_ID,
            distinct=DistinctTexts(texts, index),
            meanings=tuple(self._kind(identifier, name) for identifier, name in pairs),
            restored=(False,) * len(pairs),
        )

    def _learn(self, pairs: Iterable[tuple[str, str]]) -> None:
        for identifier, name in pairs:
            if is_missing(identifier, numbers=False) or is_missing(name, numbers=False):
                continue
            meaning = self.mapping.map_carrier(identifier, name, self.region)
            if not meaning.unmapped:
                self._kinds.setdefault(fold(identifier), set()).add(meaning.codes[0])

    def _kind(self, identifier: str, name: str) -> Mapped:
        known = self._kinds.get(fold(identifier), set())
        if is_missing(name, numbers=False) and known:
            return (
                Mapped(tuple(known)) if len(known) == 1 else Mapped(("_U",), unmapped=(identifier.strip(),))
            )
        return self.mapping.map_carrier(identifier, name, self.region)


def _pairs(register: Register) -> tuple[list[tuple[str, str]], np.ndarray[tuple[int], np.dtype[np.int32]]]:
    """Return the distinct pairs of id and name, and for each row the number of its pair."""
    ids, names = _texts(register, CARRIER_ID), _texts(register, CARRIER_NAME)
    numbers: dict[tuple[str, str], int] = {}
    index = [numbers.setdefault(pair, len(numbers)) for pair in zip(ids, names, strict=True)]
    return list(numbers), np.asarray(index, dtype=np.int32)


def _texts(register: Register, name: str) -> list[str]:
    if not register.raw.has(name):
        return [""] * register.raw.rows
    distinct = register.raw.distinct_of(name)
    texts = [repaired(text) for text in distinct.texts]
    return [texts[number] for number in distinct.index.tolist()]
