"""`kim-hub serve` and `kim-hub worker`: the processes that stay."""

import dataclasses
import signal
from pathlib import Path
from types import FrameType

import click

from hub import logs
from hub.app import create_app
from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.cli.usage import HubCommand
from hub.home_lock import HomeLock
from hub.services.operation.usable_keys import require_usable_keys
from hub.services.people import make_desk
from hub.serving import require_guarded, serve
from hub.tasks.worker import make_controller, run, stop_on
from hub.wiring import Hub
from protocol.errors import kim_error
from protocol.texts import Text


@click.command("serve", cls=HubCommand)
@HOME
@click.option("--host", help="Adresse. / Address.")
@click.option("--port", type=int, help="Port; 0 nimmt einen freien. / Port; 0 takes a free one.")
@JSON
@LANGUAGE
@reports_problems
def serve_command(home: Path, *, host: str | None, port: int | None, as_json: bool) -> None:
    """Den Hub betreiben, bis er abgebrochen wird. / Run the hub until interrupted.

    Beispiel / Example: kim-hub serve --home var/hub --port 8000
    """
    logs.configure()
    settings = settings_of_hub(home)
    settings = dataclasses.replace(
        settings, host=host or settings.host, port=settings.port if port is None else port
    )
    hub = Hub(settings)
    desk = make_desk(settings, hub.context.database, hub.context.clock)
    require_guarded(settings, has_accounts=desk.has_accounts())
    require_usable_keys(settings)
    with HomeLock(settings.home) as lock:
        if not settings.broker_url and not lock.acquire():
            raise kim_error("already_running")
        _end_in_order()
        hub.start()
        try:
            serve(create_app(hub.context), settings, on_ready=lambda url: _tell(url, as_json=as_json))
        finally:
            hub.stop()


def _tell(url: str, *, as_json: bool) -> None:
    answer({"url": url}, Text(f"Der Hub antwortet unter {url}", f"The hub answers at {url}"), as_json=as_json)


def _end_in_order() -> None:
    """End at the first SIGTERM (service manager) or SIGINT (Ctrl-C); a second one does not cut that short."""

    def end(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


@click.command("worker", cls=HubCommand)
@HOME
@LANGUAGE
@reports_problems
def worker_command(home: Path) -> None:
    """Aufgaben aus dem Broker übernehmen; mehrere nebeneinander sind erlaubt. / Take tasks from the broker.

    Beispiel / Example: KIM_HUB_BROKER_URL=amqp://… kim-hub worker
    """
    logs.configure()
    settings = settings_of_hub(home)
    if not settings.broker_url:
        raise kim_error(
            "config_invalid",
            Text("Ohne Broker arbeitet der Hub selbst.", "Without a broker the hub does the work itself."),
            pointer="/hub/broker_url",
            remedy=Text(
                "Diesen Befehl weglassen oder broker_url in hub.toml eintragen.",
                "Do without this command, or set broker_url in hub.toml.",
            ),
        )
    stop_on(signal.SIGTERM, signal.SIGINT)
    hub = Hub(settings)
    hub.start_sandbox()
    try:
        run(hub.celery, make_controller(hub.celery))
    finally:
        hub.stop()
