"""What the commands print: sentences and tables for a person, or one JSON object for a program.

Results go to standard output, refusals and progress to standard error. One language at a time, German unless
English is asked for.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from protocol.errors import KimError
from protocol.problem_documents import problem_document
from protocol.texts import Language, Text

_GAP: Final = "  "
_NARROWEST: Final = 24


@dataclass(slots=True)
class Console:
    """Where a command says what it has to say.

    Attributes:
        language: of everything printed; settled when the configuration is read.
        as_json: whether the result is one JSON object.
    """

    language: Language = "de"
    as_json: bool = False

    def say(self, text: Text | str = "") -> None:
        """Print a line of the result, unless the result is JSON."""
        if not self.as_json:
            click.echo(text.in_(self.language) if isinstance(text, Text) else text)

    def table(
        self, heads: Sequence[Text], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()
    ) -> None:
        """Print an aligned table; columns in ``numbers`` are flush right.

        On a terminal the last column is broken to its width; a pipe or a file gets one line per row.
        """
        if self.as_json:
            return
        texts = [[head.in_(self.language) for head in heads], *rows]
        widths = [max(len(row[column]) for row in texts) for column in range(len(heads) - 1)]
        room = _room(sum(width + len(_GAP) for width in widths))
        for row in texts:
            cells = (
                f"{text:>{width}}" if column in numbers else f"{text:{width}}"
                for column, (text, width) in enumerate(zip(row, widths, strict=False))
            )
            first, *more = textwrap.wrap(row[-1], room) if room is not None and row[-1] else [row[-1]]
            click.echo((_GAP + _GAP.join([*cells, first])).rstrip())
            for line in more:
                click.echo(" " * (sum(widths) + len(_GAP) * (len(widths) + 1)) + line)

    def result(self, document: Mapping[str, Any]) -> None:
        """Print the result as JSON, if that is asked for."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False))

    def warn(self, text: Text) -> None:
        """Print on standard error what does not stop a command: what it waits for, what will stop another."""
        # Not through click: that writes past the progress bars, into the middle of their lines.
        print(text.in_(self.language), file=sys.stderr, flush=True)

    def refusal(self, error: KimError) -> None:
        """Print why a command ends: for a person on standard error, for a program as problem document."""
        if self.as_json:
            click.echo(json.dumps(problem_document(error), ensure_ascii=False))
        self.explain(error)

    def explain(self, error: KimError) -> None:
        """Print a refusal for a person, on standard error."""
        problem, language = error.problem, self.language
        click.echo(f"{problem.code}: {problem.title.in_(language)}", err=True)
        detail = error.detail.in_(language)
        if error.detail != problem.title:
            click.echo(f"  {detail}", err=True)
        for item in error.errors:
            if (text := item.text.in_(language)) not in detail:  # the detail names the first one
                click.echo(f"  - {item.pointer}: {text}", err=True)
        click.echo(f"  → {error.remedy.in_(language)}", err=True)


def _room(before: int) -> int | None:
    """Return how wide the last column of a table may be; None for any width."""
    if not sys.stdout.isatty():
        return None
    room = shutil.get_terminal_size().columns - len(_GAP) - before
    return room if room >= _NARROWEST else None


def problem_member(error: KimError | None) -> dict[str, Any] | None:
    """Render a refusal as a member of a JSON result."""
    return problem_document(error) if error is not None else None
