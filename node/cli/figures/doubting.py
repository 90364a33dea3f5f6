"""What somebody should confirm before figures are signed: as JSON, as a table, and as one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from node.amounts import DOUBT
from node.cli.terminal.console import Console
from node.cli.terminal.grouping import spans
from node.pipeline import Doubt
from protocol.catalogue import Catalogue
from protocol.nouns import whole
from protocol.texts import Text

_HEADS: Final = (
    Text("Bestand", "Dataset"),
    Text("Zeitraum", "Period"),
    Text("Zellen", "Cells"),
    Text("Erwartet", "Expected"),
)
_TITLE: Final = Text(
    "Auffällig, bitte bestätigen (es hält keine Lieferung auf):",
    "Unlikely, please confirm (it stops no delivery):",
)


def doubts_member(doubts: Sequence[Doubt]) -> list[dict[str, Any]]:
    """Doubts as a member of a JSON result."""
    return [
        {
            "area": doubt.slot.area,
            "dataset": doubt.slot.dataset_id,
            "period": str(doubt.slot.period),
            "rule": doubt.rule,
            "cells": doubt.cells,
        }
        for doubt in doubts
    ]


def show_doubts(console: Console, catalogue: Catalogue, doubts: Sequence[Doubt]) -> None:
    """Print what somebody should confirm, one line per dataflow and rule; nothing if there is nothing."""
    if not doubts:
        return
    groups: dict[tuple[str, str], list[Doubt]] = {}
    for doubt in doubts:
        groups.setdefault((doubt.slot.dataset_id, doubt.rule), []).append(doubt)
    language = console.language
    console.say()
    console.say(_TITLE)
    console.table(
        _HEADS,
        [
            [
                catalogue.dataset(dataset_id).name.in_(language),
                spans(doubt.slot.period for doubt in group),
                whole(sum(doubt.cells for doubt in group), language),
                _expected(group).in_(language),
            ]
            for (dataset_id, _), group in groups.items()
        ],
        numbers=(2,),
    )


def doubts_note(doubts: Sequence[Doubt]) -> Text:
    """Say on one line how much is unlikely, and where it is shown."""
    counted = DOUBT.counted(len(doubts))
    return Text(
        f"{counted.de}, bitte bestätigen; kim-node check zeigt, wo.",
        f"{counted.en}, please confirm; kim-node check shows where.",
    )


def _expected(group: Sequence[Doubt]) -> Text:
    first = group[0]
    return Text(
        f"{first.expected.de} (zuerst: {first.first.de})", f"{first.expected.en} (first: {first.first.en})"
    )
