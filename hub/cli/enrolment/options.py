"""What several of the commands take: who decides, and lists as files."""

import json
from pathlib import Path
from typing import Any, Final

import click

from protocol.errors import KimError, kim_error
from protocol.texts import Text

BY: Final = click.option("--by", required=True, metavar="NAME", help="Wer entscheidet. / Who decides.")


def entries_of(file: Path, members: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON list, at least one; `members` is what each should have, for the message.

    Raises:
        KimError: `bad_request`.
    """
    try:
        entries = json.loads(file.read_bytes())
    except ValueError:
        entries = None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise not_a_list(members)
    return entries


def not_a_list(members: str) -> KimError:
    """Return the refusal of a list whose objects lack something of `members`."""
    return kim_error(
        "bad_request",
        Text(
            f"Erwartet wird eine JSON-Liste von Objekten mit {members}.",
            f"Expected is a JSON list of objects with {members}.",
        ),
    )
