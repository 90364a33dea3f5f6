"""Tells a person how far the demo is: progress bars on a terminal, plain lines everywhere else.

Invariants: nothing is written to standard output but here and in the summary; with ``--json`` everything
but the JSON object goes to standard error.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Self

from babel.numbers import format_decimal
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from protocol.texts import Language, Text

_STEPS: Final = {
    "set_up": Text("Knoten eingerichtet", "Nodes set up"),
    "generated": Text("Exporte erzeugt", "Exports generated"),
    "submitted": Text("Gebiete geliefert", "Areas delivered"),
    "cells": Text("Zellen geliefert", "Cells delivered"),
}


def number(value: float, language: Language) -> str:
    """Write a number with grouping and at most one decimal."""
    return format_decimal(value, format="#,##0.#", locale=language)


def tenths(value: float, language: Language) -> str:
    """Write a number with grouping and exactly one decimal."""
    return format_decimal(value, format="#,##0.0", locale=language)


class DemoProgress:
    """Counts areas through the steps of the demo. Safe to call from several threads."""

    def __init__(self, console: Console, *, areas: int, cells: int, language: Language) -> None:
        """Prepare the bars.

        Args:
            console: where to.
            areas: number of areas that take part.
            cells: number of cells that all of them will deliver.
            language: of labels and lines.
        """
        self._console = console
        self._language = language
        self._lock = threading.Lock()
        self._started = time.perf_counter()
        self._totals = {"set_up": areas, "generated": areas, "submitted": areas, "cells": cells}
        self._done = dict.fromkeys(_STEPS, 0)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        if console.is_terminal:
            self._bars = Progress(
                TextColumn("{task.description:<20}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
            )

    def __enter__(self) -> Self:
        """Show the bars."""
        if self._bars is not None:
            for step, label in _STEPS.items():
                self._tasks[step] = self._bars.add_task(label.in_(self._language), total=self._totals[step])
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bars as they stand."""
        if self._bars is not None:
            self._bars.stop()

    def advance(self, step: str, *, by: int = 1) -> None:
        """Count one step of an area, or several cells."""
        with self._lock:
            self._done[step] += by
            if self._bars is not None:
                self._bars.advance(self._tasks[step], by)

    def area_done(self, name: str, sentence: Text) -> None:
        """Say that an area is through (on a terminal the bars say it)."""
        if self._bars is None:
            with self._lock:
                done, total = self._done["submitted"], self._totals["submitted"]
            seconds = tenths(time.perf_counter() - self._started, self._language)
            self._console.print(
                f"[{done:2}/{total}] {seconds:>6} s  {name}: {sentence.in_(self._language)}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )

    def say(self, sentence: Text) -> None:
        """Print a line above the bars."""
        self._console.print(sentence.in_(self._language), markup=False, highlight=False, soft_wrap=True)
