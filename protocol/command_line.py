"""What click says by itself (usage, headings, errors of use, a command that is broken off), in its language.

The language is not settled while a command line is read: `--lang` counts wherever it stands, then what the
program prefers. Errors are told apart by their classes; what this module does not know stays English.

Help texts stand side by side, paragraph by paragraph: `German. / English.`, and `Beispiel / Example: kim-…`.

It needs click, which the extras of the commands bring; nothing else in this package imports it.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Final, NoReturn

import click

from protocol.interruption import ABORTED, INTERRUPTED_EXIT, UNANSWERED, UNANSWERED_EXIT
from protocol.texts import Language, Text

_HEADINGS: Final[Mapping[str, str]] = {"Options": "Optionen", "Commands": "Befehle"}
_PIECES: Final[Mapping[str, str]] = {
    "[OPTIONS]": "[OPTIONEN]",
    "COMMAND [ARGS]...": "BEFEHL [ANGABEN]...",
}
_HELP: Final[Mapping[str, str]] = {
    "Show this message and exit.": "Diese Hilfe zeigen.",
    "Show the version and exit.": "Die Fassung zeigen.",
}
_REMARKS: Final[Mapping[str, str]] = {
    "[default: ": "[Vorgabe: ",
    "[required]": "[Pflicht]",
    "; required]": "; Pflicht]",
}
#: Where a context and those below it remember the language that the command line asks for.
ASKED: Final = "kim.asked"
_BETWEEN: Final = " / "
#: Two words for what follows them: a command line.
_EXAMPLE: Final = re.compile(r"([^:/]+) / ([^:/]+)(: .*)")
#: What click puts behind the help of an option.
_BEHIND: Final = re.compile(r"(.*?)((?:  \[[^]]*\])?)", re.DOTALL)


class _Formatter(click.HelpFormatter):
    """Writes one side of each text, or both where no language was chosen."""

    def __init__(self, *, side: Language | None, width: int | None, max_width: int | None) -> None:
        super().__init__(width=width, max_width=max_width)
        self._side = side

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, self._of_side(text)) for name, text in rows], col_max, col_spacing)

    def _of_side(self, text: str) -> str:
        found = _BEHIND.fullmatch(text)
        if self._side is None or found is None:
            return text
        said = found[2].replace("sonst/else", Text("sonst", "else").in_(self._side))
        return one_side(found[1], self._side) + said


class _GermanFormatter(_Formatter):
    """Writes click's own words in German."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for english, german in _PIECES.items():
            args = args.replace(english, german)
        super().write_usage(prog, args, prefix or "Aufruf: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _german_help(text)) for name, text in rows], col_max, col_spacing)


class _Context(click.Context):
    """Knows the language as its ``obj``."""

    def make_formatter(self) -> click.HelpFormatter:
        kind = _Formatter if self.obj == "en" else _GermanFormatter
        side = self.command.side_of_help(self) if isinstance(self.command, BilingualCommand) else None
        return kind(side=side, width=self.terminal_width, max_width=self.max_content_width)


class BilingualCommand(click.Command):
    """A command whose help has both sides in each paragraph, the first of one line."""

    context_class = _Context

    def preferred_language(self) -> Language:
        """Return the language where `--lang` names none; a program overrides this with its environment."""
        return "de"

    def side_of_help(self, ctx: click.Context) -> Language | None:
        """Return the language in which help is given; None for both sides of each text."""
        return "en" if ctx.obj == "en" else "de"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Settle the language of click's words, then read the command line.

        Raises:
            click.UsageError: in that language.
        """
        asked = _asked_for(args)
        if asked is not None:
            ctx.meta[ASKED] = asked
        ctx.obj = asked or ctx.obj or self.preferred_language()
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _translated(error, ctx) from error

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's interface
        """Run; if somebody breaks it off, say so and end: 130 by Ctrl-C, 1 if a question is not answered."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _end(ABORTED, INTERRUPTED_EXIT, ctx)
        except click.Abort as end:
            # A prompt turns both into this.
            if isinstance(end.__context__, EOFError):
                _end(UNANSWERED, UNANSWERED_EXIT, ctx)
            _end(ABORTED, INTERRUPTED_EXIT, ctx)

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - long ones are wrapped
        """Return the side of the first line that belongs to the language."""
        ctx = click.get_current_context(silent=True)
        first = (self.help or "").partition("\n")[0]
        return one_side(first, "en" if ctx is not None and ctx.obj == "en" else "de")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, and an example."""
        side = self.side_of_help(ctx)
        paragraphs = inspect.cleandoc(self.help or "").split("\n\n")
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(
                "\n\n".join(part if side is None else one_side(part, side) for part in paragraphs)
            )


class BilingualGroup(BilingualCommand, click.Group):
    """The group of such commands."""

    command_class = BilingualCommand

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command.

        Raises:
            click.UsageError: if there is none of this name.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if ctx.obj == "en":
                raise
            names = ", ".join(self.list_commands(ctx))
            raise _GermanUsageError(f"Den Befehl '{args[0]}' gibt es nicht, nur {names}.", ctx) from error


class _GermanUsageError(click.UsageError):
    """An error of use that shows itself in German."""

    def show(self, file: IO[Any] | None = None) -> None:
        if self.ctx is not None:
            click.echo(self.ctx.get_usage(), file=file, err=True)
            click.echo(f"Hilfe: {self.ctx.command_path} --help\n", file=file, err=True)
        click.echo(f"Fehler: {self.message}", file=file, err=True)


def one_side(text: str, language: Language) -> str:
    """Return the side of a paragraph of help for a language; a text without two sides stays as it is."""
    text = " ".join(text.split())
    if example := _EXAMPLE.fullmatch(text):
        return Text(example[1], example[2]).in_(language) + example[3]
    german, between, english = text.partition(_BETWEEN)
    return Text(german, english).in_(language) if between else text


def usage_error(message: Text) -> click.UsageError:
    """Return an error of use that a running command found itself, in the language of its words."""
    ctx = click.get_current_context()
    return click.UsageError(message.en, ctx) if ctx.obj == "en" else _GermanUsageError(message.de, ctx)


def _end(text: Text, code: int, ctx: click.Context) -> NoReturn:
    with contextlib.suppress(OSError):  # the terminal may be closed
        click.echo(f"\n{text.in_(ctx.obj)}", err=True)  # not behind what was asked
    raise SystemExit(code)


def _asked_for(args: Sequence[str]) -> Language | None:
    pairs = {*itertools.pairwise(args), *(tuple(arg.split("=", 1)) for arg in args)}
    return next((language for language in ("en", "de") if ("--lang", language) in pairs), None)


def _german_help(text: str) -> str:
    text = _HELP.get(text, text)
    for english, german in _REMARKS.items():
        text = text.replace(english, german)
    return text


def _translated(error: click.UsageError, ctx: click.Context) -> click.UsageError:
    message = _german(error, ctx) if ctx.obj != "en" else None
    return _GermanUsageError(message, ctx) if message is not None else error


def _german(error: click.UsageError, ctx: click.Context) -> str | None:
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(sorted(error.possibilities or ()))
        return f"Die Option {error.option_name} gibt es nicht." + (f" Gemeint {near}?" if near else "")
    if isinstance(error, click.BadOptionUsage):
        return f"Bei der Option {error.option_name} fehlt ein Wert, oder sie nimmt keinen an."
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _bad(error, error.param, ctx)
    if type(error) is click.UsageError:  # parsing raises the bare class for one reason only
        return "Auf der Befehlszeile steht mehr, als dieser Befehl annimmt."
    return None


def _bad(error: click.BadParameter, param: click.Parameter, ctx: click.Context) -> str:
    name = param.get_error_hint(ctx)
    if isinstance(error, click.MissingParameter):
        return f"Es fehlt {name}."
    if isinstance(param.type, click.Choice):
        return f"{name}: erlaubt ist {', '.join(map(str, param.type.choices))}."
    if isinstance(param.type, click.Path):
        return f"{name}: {_no_path(param.type)}, oder dieser Benutzer darf es nicht lesen."
    if isinstance(param.type, click.DateTime):
        return f"{name}: Erwartet wird ein Tag wie 2026-12-31."
    if isinstance(param.type, click.IntRange) and None not in (param.type.min, param.type.max):
        return f"{name}: Erwartet wird eine ganze Zahl von {param.type.min} bis {param.type.max}."
    return f"{name}: Dieser Wert ist nicht erlaubt."


def _no_path(wanted: click.Path) -> str:
    if not wanted.exists:  # then it may be missing; what is there is of the wrong kind
        return "Das ist eine Datei, kein Ordner" if wanted.dir_okay else "Das ist ein Ordner, keine Datei"
    if wanted.dir_okay and wanted.file_okay:
        return "Das gibt es nicht"
    return "Das gibt es nicht als Ordner" if wanted.dir_okay else "Das gibt es nicht als Datei"
