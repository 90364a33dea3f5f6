"""Passphrases and PINs of officers: typed unseen, or read from a file that nobody else may read."""

import stat
from pathlib import Path
from typing import Final

import click

from hub.cli.output import one_line
from protocol.errors import kim_error
from protocol.texts import Text

_AGAIN: Final = Text("Noch einmal", "Once more")


def passphrase(question: Text, *, file: Path | None, again: bool = False) -> str:
    """Return a passphrase.

    Args:
        question: what is asked for.
        file: where it stands, in the first line; None asks at the terminal.
        again: ask twice, for a new one.

    Raises:
        KimError: `key_unreadable` if others may read the file.
    """
    if file is None:
        words = one_line(question)
        repeated = one_line(_AGAIN)
        return str(click.prompt(words, hide_input=True, confirmation_prompt=repeated if again else False))
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise kim_error(
            "key_unreadable",
            Text(f"Auch andere dürfen {file} lesen.", f"Others may read {file} too."),
            remedy=Text(f"chmod 600 {file}", f"chmod 600 {file}"),
        )
    return file.read_text(encoding="utf-8").partition("\n")[0]
