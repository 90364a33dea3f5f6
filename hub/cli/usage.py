"""The commands of the hub explain themselves in the language asked for, German where none is."""

from __future__ import annotations

import inspect

import click

from hub.cli.output import one_line
from hub.settings import preferred_language
from protocol.command_line import BilingualCommand, BilingualGroup
from protocol.texts import Language, Text


class HubCommand(BilingualCommand):
    """A command of `kim-hub`."""

    def preferred_language(self) -> Language:
        """Return the language that the environment asks for."""
        return preferred_language() or "de"


class HubGroup(HubCommand, BilingualGroup):
    """A group of them; where no language is asked for, it lists them in both, as the hub says everything."""

    command_class = HubCommand

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list: of each command the first paragraph of its help, "German / English"."""
        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            paragraph = inspect.cleandoc((command and command.help) or "").partition("\n\n")[0]
            sentence = Text(*" ".join(paragraph.split()).split(" / "))
            rows.append((name, one_line(sentence)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
