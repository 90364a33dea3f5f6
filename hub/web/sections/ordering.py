"""The orders that the page offers for its two tables of areas: links for their headings, and German names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from hub.web.texts import layout as texts
from hub.web.wording import Wording
from protocol.texts import Text

_Order = TypeVar("_Order", bound=StrEnum)
_BASE_LETTERS: Final = str.maketrans("äöüáéè", "aouaee")


@dataclass(frozen=True, slots=True)
class OrderLink:
    """A way to order a table: its label, its address, and whether it is the present one."""

    label: str
    url: str
    current: bool


def order_links(
    labels: Mapping[_Order, Text], *, current: _Order, url: Callable[[_Order], str], wording: Wording
) -> dict[str, OrderLink]:
    """Return the link of every order by its name.

    Args:
        labels: what each order is called.
        current: the present order.
        url: address of the page with an order chosen.
        wording: language.
    """

    def link(order: _Order, label: Text) -> OrderLink:
        sentence = texts.SORTED_BY if order is current else texts.SORT_BY
        return OrderLink(wording.say(sentence).format(wording.say(label)), url(order), order is current)

    return {order.value: link(order, label) for order, label in labels.items()}


def sort_name(name: str) -> str:
    """Return a key that sorts German names as DIN 5007-1 does: umlauts as their base letters."""
    return name.casefold().replace("ß", "ss").translate(_BASE_LETTERS)
