"""The commands of the hub explain themselves in the language asked for, German where none is."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Mapping
from typing import Any

import click

from hub.settings import preferred_language
from protocol.command_line import ASKED, BilingualCommand, BilingualGroup
from protocol.texts import LANGUAGES, Language, Text


class HubCommand(BilingualCommand):
    """A command of `kim-hub`."""

    def preferred_language(self) -> Language:
        """Return the language that the environment asks for."""
        return preferred_language() or "de"

    def side_of_help(self, ctx: click.Context) -> Language | None:
        """Return the language asked for; None where none is: then both, as the hub says everything."""
        asked: Language | None = ctx.meta.get(ASKED)
        return asked or preferred_language()


class HubGroup(HubCommand, BilingualGroup):
    """A group of them; where no language is asked for, it lists them in both, as the hub says everything."""

    command_class = HubCommand

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list: of each command the first paragraph of its help, "German / English"."""
        side = self.side_of_help(ctx)
        said = LANGUAGES if side is None else (side,)
        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            paragraph = inspect.cleandoc((command and command.help) or "").partition("\n\n")[0]
            sentence = Text(*" ".join(paragraph.split()).split(" / "))
            rows.append((name, " / ".join(sentence.in_(language) for language in said)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class LazyGroup(HubGroup):
    """A group whose commands are looked for by name: who calls one does not wait for the others."""

    def __init__(self, *, places: Mapping[str, tuple[str, str]], **settings: Any) -> None:  # noqa: ANN401
        """Keep where the commands are.

        Args:
            places: command → module and name of the click object; one whose module is absent is none.
            settings: of a group (:class:`click.Group`).
        """
        super().__init__(**settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's interface
        """Return the names, sorted."""
        return sorted(name for name, (module, _) in self._places.items() if importlib.util.find_spec(module))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; None if there is no such."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, name = self._places[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command
