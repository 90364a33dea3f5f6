"""`kim-hub register`: enter nodes and their public keys, compared out of band before.

Who enters one node at a terminal is shown its fingerprint and asked; a list was compared when it was made.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from hub.cli.desk import desk_at
from hub.cli.output import HOME, JSON, LANGUAGE, answer, confirmed, reports_problems
from hub.cli.usage import HubCommand
from hub.services.registry.registration import Registration, register
from protocol.command_line import usage_error
from protocol.errors import kim_error
from protocol.keys import PublicKey
from protocol.texts import Text

_QUESTION: Final = Text(
    "Nennt die Kommune auf zweitem Weg (Telefon, Papier) genau diesen Fingerabdruck?",
    "Does the municipality state exactly this fingerprint out of band (by phone, on paper)?",
)
_NOT_NAMED: Final = Text(
    "Es fehlt --node, --area und --public-key, oder --list.",
    "Name --node, --area and --public-key, or --list.",
)
_STILL_TO_COMPARE: Final = Text(
    "Falls noch nicht geschehen, den Fingerabdruck auf zweitem Weg mit der Kommune vergleichen.",
    "If that is not done yet, compare the fingerprint with the municipality out of band.",
)


@click.command("register", cls=HubCommand)
@HOME
@click.option("--node", help="Knotenkennung. / Node id.")
@click.option(
    "--area",
    "areas",
    multiple=True,
    help="Gebiet, z. B. NW05111; mehrere bei gemeinsamer Behörde. / Area; several for a joint authority.",
)
@click.option("--public-key", help="Öffentlicher Schlüssel, 64 Hexziffern. / Public key, 64 hex digits.")
@click.option("--name", help="Name der Kommune. / Name of the municipality.")
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON-Liste mit node, area oder areas, public_key, name. / JSON list with node, area or areas, …",
)
@click.option(
    "--yes", is_flag=True, help="Nicht nach dem Fingerabdruck fragen. / Do not ask about the fingerprint."
)
@JSON
@LANGUAGE
@reports_problems
def register_command(
    home: Path,
    *,
    node: str | None,
    areas: tuple[str, ...],
    public_key: str | None,
    name: str | None,
    list_file: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Einen Knoten mit seinem öffentlichen Schlüssel eintragen. / Register a node with its public key.

    Den Schlüssel vorher auf zweitem Weg vergleichen; am Bildschirm wird danach gefragt. / Compare the key
    out of band first; on a terminal you are asked about it.

    Beispiel / Example: kim-hub register --node node-7f3a --area NW05111 --public-key 3b6a… --name Düsseldorf

    Gemeinsame Behörde / Joint authority: --area NW05334X002 --area NW05334
    """
    if list_file is not None:
        entries = _read_list(list_file)
    elif node and areas and public_key:
        entries = [Registration(node=node, areas=areas, public_key=public_key, name=name or areas[0])]
    else:
        raise usage_error(_NOT_NAMED)
    desk = desk_at(home)
    prints = [PublicKey.from_hex(entry.public_key).fingerprint() for entry in entries]
    lines = [f"{', '.join(e.areas)}  {e.node}  {p}" for e, p in zip(entries, prints, strict=True)]
    asks = not (yes or as_json or list_file) and sys.stdin is not None and sys.stdin.isatty()
    if asks and not confirmed(_QUESTION, lines=lines):
        answer({}, Text("Nichts eingetragen.", "Nothing was registered."), as_json=False)
        raise click.exceptions.Exit(1)
    keyids = register(desk, entries)
    rows = zip(entries, keyids, prints, strict=True)
    number = len(entries)
    done = Text(f"{number} Knoten eingetragen.", f"{number} {'node' if number == 1 else 'nodes'} registered.")
    answer(
        {"registered": [{"node": e.node, "keyid": k, "fingerprint": p} for e, k, p in rows]},
        done if asks else Text(f"{done.de} {_STILL_TO_COMPARE.de}", f"{done.en} {_STILL_TO_COMPARE.en}"),
        as_json=as_json,
        lines=[] if asks else lines,
    )


def _read_list(file: Path) -> list[Registration]:
    try:
        entries = [_entry(**entry) for entry in json.loads(file.read_bytes())]
    except (ValueError, TypeError):
        entries = []
    if not entries:
        raise kim_error(
            "bad_request",
            Text(
                "Erwartet wird eine JSON-Liste von Objekten mit den Texten node, area (oder der Liste "
                "areas), public_key und name.",
                "Expected is a JSON list of objects with the texts node, area (or the list areas), "
                "public_key and name.",
            ),
        )
    return entries


def _entry(
    *, node: str, public_key: str, name: str, area: str | None = None, areas: Sequence[str] = ()
) -> Registration:
    listed = [*([] if area is None else [area]), *areas]
    if isinstance(areas, str) or not all(isinstance(text, str) for text in (node, public_key, name, *listed)):
        raise TypeError("not a text")
    return Registration(node, tuple(listed), public_key, name)
