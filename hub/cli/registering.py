"""`kim-hub register`: enter nodes and their public keys, compared out of band before."""

import json
from dataclasses import astuple, dataclass
from pathlib import Path

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.clock import Clock, clock_on
from hub.domain.jobs import NoQueue
from hub.services.registration import Registration, register
from hub.store import schema
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database
from protocol.errors import kim_error
from protocol.keys import PublicKey
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class _Desk:
    """All that a registration needs of a hub."""

    database: Database
    clock: Clock


@click.command("register")
@HOME
@click.option("--node", help="Knotenkennung. / Node id.")
@click.option("--area", help="Gebiet, z. B. NW05111. / Area, e.g. NW05111.")
@click.option("--public-key", help="Öffentlicher Schlüssel, 64 Hexziffern. / Public key, 64 hex digits.")
@click.option("--name", help="Name der Kommune. / Name of the municipality.")
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON-Liste mit node, area, public_key, name. / JSON list with node, area, public_key, name.",
)
@JSON
@LANGUAGE
@reports_problems
def register_command(
    home: Path,
    *,
    node: str | None,
    area: str | None,
    public_key: str | None,
    name: str | None,
    list_file: Path | None,
    as_json: bool,
) -> None:
    """Einen Knoten mit seinem öffentlichen Schlüssel eintragen. / Register a node with its public key.

    Den Schlüssel vorher auf zweitem Weg vergleichen. / Compare the key out of band first.

    Beispiel / Example: kim-hub register --node node-7f3a --area NW05111 --public-key 3b6a… --name Düsseldorf
    """
    if list_file is not None:
        entries = _read_list(list_file)
    elif node and area and public_key:
        entries = [Registration(node=node, area=area, public_key=public_key, name=name or area)]
    else:
        raise click.UsageError("--node, --area, --public-key oder/or --list")
    settings = settings_of_hub(home)
    engine = make_engine(settings.sqlalchemy_url)
    schema.require_known(engine)
    keyids = register(_Desk(Database(engine, NoQueue()), clock_on(settings.date)), entries)
    prints = [PublicKey.from_hex(entry.public_key).fingerprint() for entry in entries]
    rows = zip(entries, keyids, prints, strict=True)
    answer(
        {"registered": [{"node": e.node, "keyid": k, "fingerprint": p} for e, k, p in rows]},
        Text(
            f"Eingetragen: {len(entries)}. Fingerabdruck telefonisch mit der Kommune vergleichen.",
            f"Registered: {len(entries)}. Compare the fingerprint with the municipality by phone.",
        ),
        as_json=as_json,
        lines=[f"{e.area}  {e.node}  {p}" for e, p in zip(entries, prints, strict=True)],
    )


def _read_list(file: Path) -> list[Registration]:
    try:
        entries = [Registration(**entry) for entry in json.loads(file.read_bytes())]
    except (ValueError, TypeError):
        entries = []
    if not entries or not all(isinstance(text, str) for entry in entries for text in astuple(entry)):
        raise kim_error(
            "bad_request",
            Text(
                "Erwartet wird eine JSON-Liste von Objekten mit den Texten node, area, public_key und name.",
                "Expected is a JSON list of objects with the texts node, area, public_key and name.",
            ),
        )
    return entries
