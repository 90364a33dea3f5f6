"""The `kim-hub` commands."""

import dataclasses
import importlib
import importlib.util
import json
import signal
import time
from pathlib import Path
from typing import Final

import click

from hub import logs
from hub.app import Hub, create_app, initialise
from hub.cli.output import HOME, JSON, answer, reports_problems, settings_of
from hub.home_lock import HomeLock
from hub.services.publishing import close, is_published
from hub.services.registration import Registration, register
from hub.serving import require_loopback, serve
from hub.settings import FILE_NAME, HubSettings
from hub.store import schema
from hub.store.engine import make_engine
from hub.tasks.worker import make_controller, run
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import Text

_DEMO: Final = "hub.demo.command"
_POLL_SECONDS: Final = 0.1
_TEMPLATE: Final = """\
# Einstellungen dieses Hubs; jede auch als Umgebungsvariable KIM_HUB_<NAME>.
# Settings of this hub; each also as environment variable KIM_HUB_<NAME>.
[hub]
# Name in den signierten Erklärungen der Knoten. / Name in the nodes' signed statements.
audience = {audience}
# Nur Loopback, solange es keine Anmeldung gibt. / Loopback only, as long as there are no logins.
host = "127.0.0.1"
port = 8000
# Leer: SQLite in diesem Ordner. / Empty: SQLite in this folder.
database_url = ""
# Leer: Aufgaben laufen im Hub selbst. / Empty: tasks run in the hub itself.
broker_url = ""
"""


class _Commands(click.Group):
    """Finds `demo` only when it is asked for: the generator is not loaded by a serving hub."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = super().list_commands(ctx)
        return sorted([*names, "demo"]) if _has_demo() else names

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "demo" and _has_demo():
            command: click.Command = importlib.import_module(_DEMO).demo
            return command
        return super().get_command(ctx, cmd_name)


def _has_demo() -> bool:
    return importlib.util.find_spec("hub.demo") is not None and importlib.util.find_spec(_DEMO) is not None


@click.group(cls=_Commands)
@click.version_option(package_name="kim-datenverbund")
def main() -> None:
    """Der Hub des KIM-Datenverbunds. / The hub of the KIM-Datenverbund."""


@main.command("init")
@HOME
@click.option(
    "--audience", default="kim-nrw/local", show_default=True, help="Name des Hubs. / Name of the hub."
)
@JSON
@reports_problems
def init(home: Path, audience: str, *, as_json: bool) -> None:
    """Ordner und Datenbank anlegen; Vorhandenes bleibt. / Create folder and database; keeps what exists.

    Beispiel / Example: kim-hub init --home var/hub
    """
    home = home.resolve()
    HubSettings(home=home, audience=audience)
    home.mkdir(parents=True, exist_ok=True)
    file = home / FILE_NAME
    if not file.exists():
        file.write_text(_TEMPLATE.format(audience=json.dumps(audience)), encoding="utf-8")
    settings = settings_of(home)
    initialise(settings)
    answer(
        {"home": str(home), "audience": settings.audience, "schema": schema.known_revision()},
        Text(f"Der Hub liegt in {home}.", f"The hub lives in {home}."),
        as_json=as_json,
    )


@main.command("register")
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
    settings = settings_of(home)
    keyids = register(Hub(settings).context, entries)
    answer(
        {"registered": [{"node": e.node, "keyid": k} for e, k in zip(entries, keyids, strict=True)]},
        Text(f"Eingetragen: {len(entries)}.", f"Registered: {len(entries)}."),
        as_json=as_json,
    )


def _read_list(file: Path) -> list[Registration]:
    try:
        return [Registration(**entry) for entry in json.loads(file.read_bytes())]
    except (ValueError, TypeError):
        raise kim_error(
            "bad_request", Text("Die Liste ist nicht lesbar.", "The list cannot be read.")
        ) from None


@main.command("serve")
@HOME
@click.option("--host", help="Adresse. / Address.")
@click.option("--port", type=int, help="Port; 0 nimmt einen freien. / Port; 0 takes a free one.")
@JSON
@reports_problems
def serve_command(home: Path, *, host: str | None, port: int | None, as_json: bool) -> None:
    """Den Hub betreiben, bis er abgebrochen wird. / Run the hub until interrupted.

    Beispiel / Example: kim-hub serve --home var/hub --port 8000
    """
    logs.configure()
    settings = settings_of(home)
    settings = dataclasses.replace(
        settings, host=host or settings.host, port=settings.port if port is None else port
    )
    require_loopback(settings.host)
    # A service manager ends the hub with SIGTERM: as orderly as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hub = Hub(settings)
    with HomeLock(settings.home) as lock:
        if not settings.broker_url and not lock.acquire():
            raise kim_error(
                "busy", Text("Für diesen Ordner läuft schon ein Hub.", "A hub already runs for this folder.")
            )
        hub.start()
        try:
            serve(create_app(hub.context), settings, on_ready=lambda url: _announce(url, as_json=as_json))
        finally:
            hub.stop()


def _announce(url: str, *, as_json: bool) -> None:
    answer({"url": url}, Text(f"Der Hub antwortet unter {url}", f"The hub answers at {url}"), as_json=as_json)


@main.command("close")
@HOME
@click.argument("periods", nargs=-1, required=True, metavar="PERIOD...")
@click.option("--dataset", "datasets", multiple=True, help="Nur dieser Datensatz. / Only this dataset.")
@click.option(
    "--wait/--no-wait", default=False, help="Auf die Veröffentlichung warten. / Wait for the release."
)
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Sekunden. / Seconds.")
@JSON
@reports_problems
def close_command(
    home: Path,
    periods: tuple[str, ...],
    *,
    datasets: tuple[str, ...],
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Zeiträume schließen; sie werden zusammen veröffentlicht. / Close periods; they are published together.

    Beispiel / Example: kim-hub close 2026-Q2 2026-Q3 --wait
    """
    settings = settings_of(home)
    hub = Hub(settings)
    closed = close(hub.context, [Period.parse(period) for period in periods], datasets=datasets)
    if wait:
        _wait_for_release(hub, timeout)
    with hub.context.database.read() as unit:
        release = unit.cubes.published()
    answer(
        {
            "closed": [{"dataset": dataset, "period": period} for dataset, period in closed],
            "release": release.number if release else None,
            "published": is_published(hub.context),
        },
        Text(f"Geschlossen: {len(closed)}.", f"Closed: {len(closed)}."),
        as_json=as_json,
    )


def _wait_for_release(hub: Hub, timeout: float) -> None:
    """Wait until the serving hub has published; if none serves, do its work here."""
    deadline = time.monotonic() + timeout
    with HomeLock(hub.settings.home) as lock:
        here = not hub.settings.broker_url and lock.acquire()
        if here:
            hub.start()
        try:
            while not is_published(hub.context):
                if time.monotonic() > deadline:
                    raise kim_error("busy")
                time.sleep(_POLL_SECONDS)
        finally:
            if here:
                hub.stop()


@main.group("db")
def database_group() -> None:
    """Datenbank. / Database."""


@database_group.command("upgrade")
@HOME
@JSON
@reports_problems
def upgrade_command(home: Path, *, as_json: bool) -> None:
    """Die Datenbank auf den Stand dieses Programms bringen. / Bring the database to this program's schema.

    Beispiel / Example: kim-hub db upgrade --home var/hub
    """
    engine = make_engine(settings_of(home).sqlalchemy_url)
    schema.upgrade(engine)
    revision = schema.stored_revision(engine) or ""
    answer({"schema": revision}, Text(f"Stand {revision}.", f"Revision {revision}."), as_json=as_json)


@main.command("worker")
@HOME
@reports_problems
def worker_command(home: Path) -> None:
    """Aufgaben aus dem Broker übernehmen; mehrere nebeneinander sind erlaubt. / Take tasks from the broker.

    Beispiel / Example: KIM_HUB_BROKER_URL=amqp://… kim-hub worker
    """
    logs.configure()
    settings = settings_of(home)
    if not settings.broker_url:
        raise kim_error(
            "config_invalid",
            Text("Ohne Broker arbeitet der Hub selbst.", "Without a broker the hub does the work itself."),
            pointer="/hub/broker_url",
        )
    hub = Hub(settings)
    hub.context.sandbox.start()
    try:
        run(hub.celery, make_controller(hub.celery))
    finally:
        hub.context.sandbox.close()
