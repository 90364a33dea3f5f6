"""An argument parser that speaks German and English; argparse itself speaks English only.

The language is settled before the command line is read: `--lang` counts wherever it stands.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from protocol.texts import LANGUAGES, Language, Text

USAGE_EXIT: Final = 2

_USAGE: Final = Text("Aufruf: ", "usage: ")
_ARGUMENTS: Final = Text("Angaben", "arguments")
_OPTIONS: Final = Text("Optionen", "options")
_ERROR: Final = Text("Fehler", "error")
_HELP: Final = Text("Diese Hilfe zeigen.", "Show this message and exit.")

#: What argparse says when it refuses, and the same in German.
_REFUSALS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"the following arguments are required: (.*)"), r"Es fehlt: \1"),
    (re.compile(r"unrecognized arguments: (.*)"), r"Unbekannte Angaben: \1"),
    (re.compile(r"argument (.*?): expected one argument"), r"\1: Es fehlt der Wert."),
    (re.compile(r"argument (.*?): invalid choice: .*\(choose from (.*)\)"), r"\1: erlaubt ist \2"),
    (re.compile(r"argument (.*?): invalid \w+ value: .*"), r"\1: Dieser Wert ist nicht erlaubt."),
)


class BilingualParser(argparse.ArgumentParser):
    """A parser of one language."""

    def __init__(self, *, language: Language, summary: Text, example: str = "", prog: str) -> None:
        """Make a parser.

        Args:
            language: of everything it says.
            summary: what the command does.
            example: a command line that works.
            prog: how the command is called.
        """
        super().__init__(
            prog=prog,
            description=summary.in_(language),
            epilog=f"{Text('Beispiel', 'Example').in_(language)}: {example}" if example else None,
            add_help=False,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.language: Language = language
        self._positionals.title = _ARGUMENTS.in_(language)
        self._optionals.title = _OPTIONS.in_(language)
        self.add_argument("-h", "--help", action="help", help=_HELP.in_(language))

    def format_usage(self) -> str:
        """Return the usage line."""
        return self._in_language(super().format_usage())

    def format_help(self) -> str:
        """Return the help."""
        return self._in_language(super().format_help())

    def error(self, message: str) -> NoReturn:
        """End with the refusal and the exit code of errors of use."""
        if self.language == "de":
            for pattern, german in _REFUSALS:
                if pattern.fullmatch(message):
                    message = pattern.sub(german, message)
                    break
        sys.stderr.write(self.format_usage())
        sys.stderr.write(f"{_ERROR.in_(self.language)}: {message}\n")
        raise SystemExit(USAGE_EXIT)

    def _in_language(self, text: str) -> str:
        return text.replace(_USAGE.en, _USAGE.in_(self.language), 1)


def asked_for(arguments: Sequence[str], *, otherwise: Language) -> Language:
    """Return the language that ``--lang`` names, wherever it stands."""
    for position, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=")
        if argument == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        for language in LANGUAGES:
            if argument.startswith("--lang") and value == language:
                return language
    return otherwise
