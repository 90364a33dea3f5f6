"""`kim-hub close`: end the deliveries of periods and publish what was delivered."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from hub.cli.deliveries import HELD_BACK
from hub.cli.output import (
    HOME,
    JSON,
    LANGUAGE,
    answer,
    confirmed,
    one_line,
    reports_problems,
    settings_of_hub,
)
from hub.cli.usage import HubCommand
from hub.home_lock import HomeLock
from hub.services.merging.publishing import close, is_published, require_closable
from hub.services.operation.delivery_status import PlaceStatus, delivery_status
from hub.wiring import Hub
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.texts import LANGUAGES, Text

_POLL_SECONDS: Final = 0.2


@click.command("close", cls=HubCommand)
@HOME
@click.argument("periods", nargs=-1, required=True, metavar="PERIOD...")
@click.option("--dataset", "datasets", multiple=True, help="Nur dieser Datensatz. / Only this dataset.")
@click.option(
    "--missing-ok",
    is_flag=True,
    help="Schließen, auch wenn Lieferungen fehlen. / Close although deliveries are missing.",
)
@click.option(
    "--wait/--no-wait", default=False, help="Auf die Veröffentlichung warten. / Wait for the release."
)
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Sekunden. / Seconds.")
@JSON
@LANGUAGE
@reports_problems
def close_command(
    home: Path,
    *,
    periods: tuple[str, ...],
    datasets: tuple[str, ...],
    missing_ok: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Zeiträume schließen; sie werden zusammen veröffentlicht. / Close periods; they are published together.

    Ohne --dataset: alle Datensätze, die geliefert wurden. / Without --dataset: all that were delivered.

    Fehlen Lieferungen, werden sie genannt, und der Befehl fragt nach; ohne Terminal verlangt er --missing-ok.
    Schließen lässt sich nicht zurücknehmen. / Missing deliveries are named and the command asks; without a
    terminal it demands --missing-ok. Closing cannot be undone.

    Ein Jahr schließt, was jährlich geliefert wird; alles andere errechnet der Hub, sobald die vier Quartale
    geschlossen sind. / A year closes what is delivered by the year; everything else is computed by the hub
    once the four quarters are closed.

    Beispiel / Example: kim-hub close 2026-Q2 2026-Q3 --wait

    Ein Jahr / A year: kim-hub close 2025 --wait
    """
    hub = Hub(settings_of_hub(home))
    chosen = [Period.parse(period) for period in periods]
    require_closable(hub.context, chosen, datasets=datasets)
    if not missing_ok:
        _ask_about_missing(hub, chosen, datasets, ask=not as_json and sys.stdin.isatty())
    closed = close(hub.context, chosen, datasets=datasets)
    if wait:
        _wait_for_release(hub, timeout)
    with hub.context.database.read() as unit:
        release = unit.cubes.published()
    number = release.number if release else None
    published = is_published(hub.context)
    answer(
        {
            "closed": [{"dataset": dataset, "period": period} for dataset, period in closed],
            "release": number,
            "published": published,
        },
        _told(closed, number if published else None),
        as_json=as_json,
    )


def _ask_about_missing(hub: Hub, periods: Sequence[Period], datasets: Sequence[str], *, ask: bool) -> None:
    """Name what is missing in the periods that are still open; go on only if somebody says so.

    What the audit holds back is missing too: it is in no release before two people have confirmed it.
    """
    places = [
        place
        for place in delivery_status(hub.context, periods).places
        if (place.missing or place.held)
        and not place.closed
        and (place.dataset in datasets if datasets else place.accepted or place.held)
    ]
    if not places:
        return
    lines = [_without(place) for place in places]
    number = sum(len(place.missing) + len(place.held) for place in places)
    question = Text(
        f"Es {'fehlt 1 Lieferung' if number == 1 else f'fehlen {number} Lieferungen'}. Trotzdem schließen?",
        f"Deliveries missing: {number}. Close all the same?",
    )
    if ask and confirmed(question, lines=[one_line(line) for line in lines]):
        return
    de, en = ("; ".join(line.in_(language) for line in lines) for language in LANGUAGES)
    raise kim_error("deliveries_missing", Text(f"Es fehlen: {de}.", f"Missing are: {en}."))


def _without(place: PlaceStatus) -> Text:
    """Name the areas that a release of this place would be without."""
    de, en = (
        ", ".join((*place.missing, *(f"{area} ({HELD_BACK.in_(language)})" for area in place.held)))
        for language in LANGUAGES
    )
    return Text(f"{place.period} {place.dataset} {de}", f"{place.period} {place.dataset} {en}")


def _told(closed: Sequence[tuple[str, str]], release: int | None) -> Text:
    """Say which (dataset, period) were closed now, and in which release they are; None: in none yet."""
    what = (
        Text(f"Geschlossen: {_listed(closed, 'und', 'für')}.", f"Closed: {_listed(closed, 'and', 'for')}.")
        if closed
        else Text("Waren schon geschlossen.", "Were closed already.")
    )
    when = (
        Text("Wird veröffentlicht, sobald der Hub läuft.", "Will be published as soon as the hub runs.")
        if release is None
        else Text(f"Veröffentlichung {release}.", f"Release {release}.")
    )
    return Text(f"{what.de} {when.de}", f"{what.en} {when.en}")


def _listed(closed: Sequence[tuple[str, str]], conjunction: str, preposition: str) -> str:
    """Return "CASES, FUNDS und PERSONS für 2026-Q2, 2026-Q3"; other datasets after a semicolon."""
    datasets: dict[str, list[str]] = {}
    for dataset, period in closed:
        datasets.setdefault(period, []).append(dataset)
    periods: dict[str, list[str]] = {}
    for period, names in datasets.items():
        *others, last = names
        several = f"{', '.join(others)} {conjunction} {last}" if others else last
        periods.setdefault(several, []).append(period)
    return "; ".join(f"{names} {preposition} {', '.join(of)}" for names, of in periods.items())


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
                    raise kim_error(
                        "busy",
                        Text(
                            "Geschlossen ist; die Veröffentlichung dauert länger als --timeout.",
                            "The periods are closed; publication takes longer than --timeout.",
                        ),
                        remedy=Text(
                            "Ein laufender Hub setzt sie fort; derselbe Befehl wartet weiter.",
                            "A serving hub goes on with it; the same command waits on.",
                        ),
                    )
                time.sleep(_POLL_SECONDS)
        finally:
            if here:
                hub.stop()
