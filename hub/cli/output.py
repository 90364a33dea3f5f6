"""What the commands print: sentences for a person, or one JSON object for a program.

German first, English below it, or one of them on request; errors go to standard error with their code, and a
command ends with the exit code of the problem. There is no traceback: it could quote a value.
"""

import errno
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import click

from hub import logs
from hub.settings import HubSettings, default_home, preferred_language
from protocol.errors import KimError, kim_error
from protocol.problem_documents import problem_document
from protocol.texts import LANGUAGES, Language, Text

P = ParamSpec("P")
R = TypeVar("R")

_CHOSEN: Final = "kim.language"
_YES_NO: Final[Mapping[Language, tuple[str, str]]] = {"de": ("ja", "nein"), "en": ("yes", "no")}
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def _choose(ctx: click.Context, _option: click.Parameter, language: str | None) -> None:
    if language:
        ctx.meta[_CHOSEN] = language  # shared by a command and the group it was called through


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
LANGUAGE: Final = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    callback=_choose,
    expose_value=False,
    is_eager=True,  # --help, which is eager too, lists the commands in this language
    help="Nur diese Sprache ausgeben; sonst KIM_LANG. / Print this language only; else KIM_LANG.",
)


def languages() -> Sequence[Language]:
    """Return the languages to print, German first: the one asked for, or both."""
    chosen = click.get_current_context().meta.get(_CHOSEN) or preferred_language()
    return (chosen,) if chosen else LANGUAGES


def one_line(text: Text) -> str:
    """Return a text on one line: in the language asked for, or in both ("German / English")."""
    return " / ".join(dict.fromkeys(text.in_(language) for language in languages()))


def answer(document: Mapping[str, Any], text: Text, *, as_json: bool, lines: Sequence[str] = ()) -> None:
    """Print the result of a command.

    Args:
        document: the result for a program.
        text: the result for a person.
        as_json: who asks.
        lines: what follows the sentence and is the same in every language. It may come from others: only
            printable characters of it reach a terminal.
    """
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for number, language in enumerate(languages()):
        click.secho(text.in_(language), dim=number > 0)
    for line in lines:
        click.echo(f"  {printable(line)}")


def printable(text: str) -> str:
    """Return a text with nothing in it that a terminal would obey, or that turns the direction of writing."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def confirmed(question: Text, *, lines: Sequence[str]) -> bool:
    """Ask a person, and again until the answer is yes or no; the lines follow the question."""
    answer({}, question, as_json=False, lines=lines)
    pairs = [_YES_NO[language] for language in languages()]
    known = {word[:end]: word == yes for yes, no in pairs for word in (yes, no) for end in (1, None)}
    choice = "/".join(word for pair in pairs for word in pair)
    while (said := str(click.prompt(choice)).strip().casefold()) not in known:
        pass
    return known[said]


def reports_problems(command: Callable[P, R]) -> Callable[P, R]:
    """Turn whatever ends a command into a message and the exit code of its problem."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KimError as error:
            refusal = error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            raise  # whoever reads our output has seen enough; click ends without a word
        except OSError as error:
            refusal = _machine_fault(error)
        except Exception as error:  # noqa: BLE001 -- the last net: a traceback could quote a value
            refusal = _unexpected(error)
        if kwargs.get("as_json"):
            click.echo(json.dumps(problem_document(refusal), ensure_ascii=False))
        for language in languages():
            click.echo(f"{refusal.code}: {refusal.problem.title.in_(language)}", err=True)
            if refusal.detail != refusal.problem.title:
                click.echo(f"  {refusal.detail.in_(language)}", err=True)
            click.echo(f"  → {refusal.remedy.in_(language)}", err=True)
        raise SystemExit(refusal.exit_code)

    return run


def _machine_fault(error: OSError) -> KimError:
    if error.errno in _FULL:
        return kim_error("storage_full")
    if error.filename is None:
        return _unexpected(error)
    return kim_error(
        "config_invalid",
        Text(
            f"Kein Zugriff auf {error.filename} ({error.strerror}).",
            f"No access to {error.filename} ({error.strerror}).",
        ),
        remedy=Text(
            "Pfad und Rechte prüfen; kim-hub mit dem Konto aufrufen, dem der Ordner gehört.",
            "Check path and permissions; call kim-hub with the account that owns the folder.",
        ),
    )


def _unexpected(error: Exception) -> KimError:
    name, place = type(error).__name__, logs.place_of(error)[-1:]
    return kim_error(
        "internal",
        Text(f"kim-hub: {name} bei {' '.join(place)}.", f"kim-hub: {name} at {' '.join(place)}."),
        remedy=Text(
            "Erneut versuchen; bleibt es dabei, dem Hersteller die genannte Stelle melden.",
            "Try again; if it persists, report the place named to the maintainers.",
        ),
    )


def settings_of(home: Path) -> HubSettings:
    """Return the settings of a hub in `home`, whether it is there yet or not, or raise `config_invalid`."""
    return HubSettings.load(home.resolve())


def settings_of_hub(home: Path) -> HubSettings:
    """Return the settings of the hub in `home`, or raise `config_invalid` or `no_hub_here`."""
    settings = settings_of(home)
    if not settings.home.is_dir():
        raise kim_error("no_hub_here")
    return settings
