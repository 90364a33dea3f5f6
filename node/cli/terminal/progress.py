"""Progress of a run, on standard error: nothing where nobody looks, bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from protocol.texts import Language, Text

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress(Protocol):
    """Told how far a run is."""

    def stage(self, name: Text, total: int) -> None:
        """Begin a stage of ``total`` steps."""
        ...

    def advance(self) -> None:
        """One step of the stage is done."""
        ...


class SilentProgress:
    """Says nothing."""

    def stage(self, name: Text, total: int) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""


@contextmanager
def progress_bars(*, wanted: bool | None, language: Language) -> Iterator[Progress]:
    """Yield a progress display that ends with the block.

    Args:
        wanted: True for bars, False for none, None for bars on a terminal.
        language: of the labels.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield SilentProgress()
        return
    # Imported here: a run without bars does not pay for them.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True)) as bars:
        yield _Bars(bars, language)


class _Bars:
    """One bar per stage."""

    def __init__(self, bars: Bars, language: Language) -> None:
        self._bars = bars
        self._language = language
        self._task: TaskID | None = None

    def stage(self, name: Text, total: int) -> None:
        """Begin a bar."""
        self._task = self._bars.add_task(name.in_(self._language), total=total)

    def advance(self) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.advance(self._task)
