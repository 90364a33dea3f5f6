"""What the commands print: sentences for a person, or one JSON object for a program.

The result goes to standard output, and with ``--json`` nothing else does; refusals, notes and progress go to
standard error. One language at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from protocol.errors import KimError
from protocol.problem_documents import problem_document
from protocol.texts import Language, Text


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command says what it has to say.

    Attributes:
        language: of everything printed.
        as_json: whether the result is one JSON object.
        chosen: whether somebody asked for the language.
    """

    language: Language
    as_json: bool
    chosen: bool = False

    def say(self, text: Text | str = "") -> None:
        """Print a line of the result, unless the result is JSON."""
        if not self.as_json:
            click.echo(text.in_(self.language) if isinstance(text, Text) else text)

    def result(self, document: Mapping[str, Any]) -> None:
        """Print the result as JSON, if that is asked for."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False))

    def note(self, text: Text) -> None:
        """Print on standard error what somebody should know and what stops nothing."""
        click.echo(text.in_(self.language), err=True)

    def refusal(self, error: KimError) -> None:
        """Print why a command ends: for a person on standard error, for a program as problem document."""
        if self.as_json:
            click.echo(json.dumps(problem_document(error), ensure_ascii=False))
        language = self.language
        click.echo(f"{error.code}: {error.problem.title.in_(language)}", err=True)
        for item in error.errors:
            click.echo(f"  {item.pointer}: {item.text.in_(language)} [{item.code}]", err=True)
        if not error.errors and error.detail != error.problem.title:
            click.echo(f"  {error.detail.in_(language)}", err=True)
        click.echo(f"  → {error.remedy.in_(language)}", err=True)
