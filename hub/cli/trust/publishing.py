"""`kim-hub trust publish`, `renew` and `export`: what enough officers have signed goes out."""

from collections.abc import Sequence
from pathlib import Path

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems
from hub.cli.trust.desk import officers_desk_at
from hub.cli.trust.options import EXISTING
from hub.cli.trust.real_time import now
from hub.cli.usage import HubCommand
from hub.services.trust.change_file import read_change_file
from hub.services.trust.exporting import export
from hub.services.trust.publishing import publish
from hub.services.trust.renewal import renew
from protocol.texts import Text


@click.command("publish", cls=HubCommand)
@HOME
@click.argument("files", nargs=-1, required=True, type=EXISTING)
@JSON
@LANGUAGE
@reports_problems
def publish_command(home: Path, *, files: Sequence[Path], as_json: bool) -> None:
    """Veröffentlichen, was genug Beauftragte unterschrieben haben. / Publish what enough officers signed.

    Mehrere getrennt unterschriebene Kopien derselben Datei werden zusammengeführt. / Several copies of the
    same file that were signed apart are put together.

    Beispiel / Example: kim-hub trust publish aenderung.kim-trust
    """
    desk = officers_desk_at(home)
    changes = [read_change_file(path.read_bytes()) for path in files]
    done = publish(desk.settings, desk.database, desk.clock, changes, now=now())
    answer(
        {"root": done.root_version, "version": done.targets_version, "changes": done.changes},
        Text(
            f"Fassung {done.targets_version} ist veröffentlicht. Änderungen am Verzeichnis: {done.changes}.",
            f"Version {done.targets_version} is published. Changes of the directory: {done.changes}.",
        ),
        as_json=as_json,
    )


@click.command("renew", cls=HubCommand)
@HOME
@JSON
@LANGUAGE
@reports_problems
def renew_command(home: Path, *, as_json: bool) -> None:
    """Den Zeiger des Hubs erneuern; der laufende Hub tut es selbst. / Renew the pointer, as the hub does.

    Beispiel / Example: kim-hub trust renew
    """
    desk = officers_desk_at(home)
    desk.repository.require()
    done = renew(desk.repository, desk.database, now=now())
    answer(
        {"renewed": done},
        Text("Erneuert.", "Renewed.") if done else Text("Noch nicht nötig.", "Not needed yet."),
        as_json=as_json,
    )


@click.command("export", cls=HubCommand)
@HOME
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@JSON
@LANGUAGE
@reports_problems
def export_command(home: Path, *, folder: Path, as_json: bool) -> None:
    """Alles für einen Knoten ohne Netz in einen Ordner legen. / Copy it all for a node without a network.

    Gilt eine Woche; am Knoten: kim-node trust --from ORDNER. / Good for a week; at the node: kim-node trust
    --from FOLDER.

    Beispiel / Example: kim-hub trust export /media/stick/kim-trust
    """
    desk = officers_desk_at(home)
    number = export(desk.repository, folder, now=now())
    answer(
        {"folder": str(folder), "files": number},
        Text(f"{number} Dateien liegen in {folder}.", f"{number} files lie in {folder}."),
        as_json=as_json,
    )
