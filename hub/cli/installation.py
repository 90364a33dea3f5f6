"""`kim-hub init` and `kim-hub db upgrade`: the folder of a hub and its database."""

import json
from pathlib import Path
from typing import Final

import click

from hub.cli.output import (
    HOME,
    JSON,
    LANGUAGE,
    answer,
    reports_problems,
    settings_of,
    settings_of_hub,
)
from hub.cli.usage import HubCommand, HubGroup
from hub.services.operation.installation import install, upgrade
from hub.settings import FILE_NAME, HubSettings
from protocol.texts import Text

_TEMPLATE: Final = """\
# Einstellungen dieses Hubs; jede auch als Umgebungsvariable KIM_HUB_<NAME>.
# Settings of this hub; each also as environment variable KIM_HUB_<NAME>.
[hub]
# Name in den signierten Erklärungen der Knoten. / Name in the nodes' signed statements.
audience = {audience}
# Andere erst mit Schlüsselbeauftragten (kim-hub trust init), Konten, public_url und trusted_proxy.
# Others only under key officers (kim-hub trust init), with accounts, public_url and trusted_proxy.
host = "127.0.0.1"
port = 8000
# Adresse für Browser, https://… / Address for browsers.
public_url = ""
# Adresse des Proxys davor. / Address of the proxy in front.
trusted_proxy = ""
# Leer: SQLite in diesem Ordner. / Empty: SQLite in this folder.
database_url = ""
# Leer: Aufgaben laufen im Hub selbst. / Empty: tasks run in the hub itself.
broker_url = ""
"""


@click.command("init", cls=HubCommand)
@HOME
@click.option(
    "--audience", default="kim-nrw/local", show_default=True, help="Name des Hubs. / Name of the hub."
)
@JSON
@LANGUAGE
@reports_problems
def init(home: Path, *, audience: str, as_json: bool) -> None:
    """Ordner und Datenbank anlegen; Vorhandenes bleibt. / Create folder and database; keeps what exists.

    Beispiel / Example: kim-hub init --home var/hub
    """
    home = home.resolve()
    HubSettings(home=home, audience=audience)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = home / FILE_NAME
    if not file.exists():
        file.write_text(_TEMPLATE.format(audience=json.dumps(audience)), encoding="utf-8")
    settings = settings_of(home)
    revision = install(settings)
    answer(
        {"home": str(home), "audience": settings.audience, "schema": revision},
        Text(f"Der Hub liegt in {home}.", f"The hub lives in {home}."),
        as_json=as_json,
    )


@click.group("db", cls=HubGroup)
@LANGUAGE
def database_group() -> None:
    """Datenbank. / Database."""


@database_group.command("upgrade")
@HOME
@JSON
@LANGUAGE
@reports_problems
def upgrade_command(home: Path, *, as_json: bool) -> None:
    """Die Datenbank auf den Stand dieses Programms bringen. / Bring the database to this program's schema.

    Beispiel / Example: kim-hub db upgrade --home var/hub
    """
    revision = upgrade(settings_of_hub(home))
    told = Text(
        f"Die Datenbank hat den Stand dieses Programms: {revision}.",
        f"The database has this program's schema: {revision}.",
    )
    answer({"schema": revision}, told, as_json=as_json)
