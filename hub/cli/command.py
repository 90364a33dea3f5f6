"""The `kim-hub` commands; the module of each is loaded when it is called: `register` needs no web server."""

import importlib
import importlib.util
from typing import Final

import click

#: Command → module and name of the click object. `demo` belongs to the data generator.
_MODULES: Final = {
    "close": ("hub.cli.periods", "close_command"),
    "db": ("hub.cli.installation", "database_group"),
    "demo": ("hub.demo.command", "demo"),
    "init": ("hub.cli.installation", "init"),
    "register": ("hub.cli.registering", "register_command"),
    "serve": ("hub.cli.running", "serve_command"),
    "worker": ("hub.cli.running", "worker_command"),
}


class _Commands(click.Group):
    """Finds commands by name without loading the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's interface
        return sorted(name for name, (module, _) in _MODULES.items() if importlib.util.find_spec(module))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module, name = _MODULES[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Commands)
@click.version_option(package_name="kim-datenverbund")
def main() -> None:
    """Der Hub des KIM-Datenverbunds. / The hub of the KIM-Datenverbund."""
