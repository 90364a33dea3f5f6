"""What the commands print: sentences for a person, or one JSON object for a program.

German first, English below it; errors go to standard error with their code, and the exit code of the problem.
"""

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import click

from hub.settings import HubSettings, default_home
from protocol.errors import KimError, kim_error
from protocol.problems import problem_document
from protocol.texts import Text

P = ParamSpec("P")
R = TypeVar("R")

HOME: Final = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_home,
    show_default="KIM_HUB_HOME, sonst/else var/hub",
    help="Ordner des Hubs. / Folder of the hub.",
)
JSON: Final = click.option(
    "--json", "as_json", is_flag=True, help="Ein JSON-Objekt ausgeben. / Print one JSON object."
)


def answer(document: Mapping[str, Any], text: Text, *, as_json: bool) -> None:
    """Print the result of a command."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        click.echo(text.de)
        click.secho(text.en, dim=True)


def reports_problems(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a refusal into a message and the exit code of its problem."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KimError as error:
            if kwargs.get("as_json"):
                click.echo(json.dumps(problem_document(error), ensure_ascii=False))
            for language in ("de", "en"):
                said = dict.fromkeys(
                    text.in_(language) for text in (error.problem.title, error.detail, error.problem.remedy)
                )
                click.echo(f"{error.code}: {' '.join(said)}", err=True)
            raise SystemExit(error.exit_code) from None

    return run


def settings_of(home: Path) -> HubSettings:
    """Return the settings of a hub in `home`, whether it is there yet or not, or raise `config_invalid`."""
    return HubSettings.load(home.resolve())


def settings_of_hub(home: Path) -> HubSettings:
    """Return the settings of the hub in `home`, or raise `config_invalid` or `no_hub_here`."""
    settings = settings_of(home)
    if not settings.home.is_dir():
        raise kim_error("no_hub_here")
    return settings
