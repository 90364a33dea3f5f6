"""Every command of the click programs explains itself in the language asked for, and in that alone."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from aggregation.protect.cli import main as protect
from hub.cli import main as hub
from node.cli import main as node

_BETWEEN = " / "
_SWITCH = re.compile(r"--[a-z-]+ / --[a-z-]+")


def _commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from _commands(found, *path, name)


_ALL = [
    pytest.param(main, path, command, id=" ".join((name, *path)))
    for name, main in (("kim-node", node), ("kim-hub", hub), ("kim-protect", protect))
    for path, command in _commands(main)
]


def _texts(command: click.Command) -> list[str]:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    options = [option.help for option in command.params if isinstance(option, click.Option) and option.help]
    # click's own are no pairs; they are told apart by not being ours.
    return [" ".join(text.split()) for text in (*paragraphs, *options) if "the version and exit" not in text]


def _shown(main: click.Command, *words: str, **environment: str | None) -> str:
    clean: dict[str, str | None] = {"KIM_LANG": None, "COLUMNS": "200", **environment}
    done = CliRunner().invoke(main, words, env=clean)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.mark.parametrize(("main", "path", "command"), _ALL)
def test_help_has_one_language(main: click.Command, path: tuple[str, ...], command: click.Command) -> None:
    texts = _texts(command)
    assert all(text.count(_BETWEEN) == 1 for text in texts), texts
    pairs = [tuple(text.split(_BETWEEN)) for text in texts if ": kim-" not in text and ": --" not in text]
    # Wherever the language stands on the command line, and in the environment.
    for words in ((*path, "--help", "--lang", "en"), (*path, "--lang=en", "--help"), (*path, "--help")):
        said = _shown(main, *words, KIM_LANG="en")
        for german, english in pairs:
            assert english in said
            assert german not in said or german in english, german
        assert _BETWEEN not in _SWITCH.sub("", said)
        assert "Beispiel:" not in said
    said = _shown(main, *path, "--lang", "de", "--help")
    for german, english in pairs:
        assert german in said
        assert english not in said or english in german, english
    assert "Example:" not in said


def test_a_hub_says_both_where_no_language_is_asked_for() -> None:
    said = _shown(hub, "status", "--help")
    assert "Stand der Lieferungen zeigen. / Show where the deliveries stand." in said
    assert "Beispiel / Example: kim-hub status" in said
    assert "Folder of the hub. [Vorgabe: (KIM_HUB_HOME, sonst/else var/hub)]" in said
    assert "Folder of the hub. [default: (KIM_HUB_HOME, else var/hub)]" in _shown(
        hub, "status", "--help", "--lang", "en"
    )
