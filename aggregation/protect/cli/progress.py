"""Progress on a terminal: what is being done, how far, and how good it is; nothing where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aggregation.protect.cli.console import Console
from protocol.texts import Text

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from aggregation.sdc.suppression import Progress as Round


class Steps:
    """Is told what happens; says nothing."""

    def stage(self, name: Text) -> None:
        """Begin something that takes time."""

    def advance(self, done: int, total: int) -> None:
        """So much of it is done."""

    def round(self, progress: Round) -> None:
        """A round of improvement is done."""


class _Bars(Steps):
    def __init__(self, bars: Bars, console: Console) -> None:
        self._bars, self._console = bars, console
        self._task: TaskID | None = None

    def stage(self, name: Text) -> None:
        self._finish()
        self._task = self._bars.add_task(name.in_(self._console.language), total=None)

    def advance(self, done: int, total: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total)

    def round(self, progress: Round) -> None:
        words = Text(
            f"Runde {progress.rounds}: Kosten {progress.cost:g}",
            f"Round {progress.rounds}: cost {progress.cost:g}",
        )
        bound = "" if progress.bound is None else f" (≥ {progress.bound:g})"
        if self._task is not None:
            self._bars.update(self._task, description=words.in_(self._console.language) + bound)

    def _finish(self) -> None:
        if self._task is not None:
            self._bars.update(self._task, total=1, completed=1)


@contextmanager
def steps_shown(console: Console) -> Iterator[Steps]:
    """Yield a display of steps that ends with the block: bars on a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield Steps()
        return
    # Imported here: a run without bars does not pay for them.
    from rich.console import Console as Terminal  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:<42}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=Terminal(stderr=True), transient=True) as bars:
        yield _Bars(bars, console)
