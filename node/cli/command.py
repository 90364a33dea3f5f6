"""The commands of `kim-node` and their options; what they do stands in one module each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from node import failpoints
from node.cli.frame.running import end_refused, on_a_node
from node.cli.frame.session import Session, language_of
from node.cli.frame.usage import NodeGroup
from node.cli.terminal.console import Console
from node.settings import Environment
from protocol.errors import KimError

_CONFIG: Final = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Konfiguration; sonst KIM_NODE_CONFIG oder ./node.toml. / "
    "Configuration; else KIM_NODE_CONFIG or ./node.toml.",
)
_LANGUAGE: Final = click.option(
    "--lang", type=click.Choice(["de", "en"]), help="Sprache der Ausgaben. / Language of the output."
)
_JSON: Final = click.option(
    "--json", "as_json", is_flag=True, help="Ein JSON-Objekt ausgeben. / Print one JSON object."
)
_PERIODS: Final = click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="2026-Q1",
    help="Nur dieses Quartal oder Jahr, mehrfach möglich. / Only this quarter or year, may be repeated.",
)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    return _CONFIG(_LANGUAGE(_JSON(command)))


@click.group(
    cls=NodeGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="kim-datenverbund", prog_name="kim-node")
@_CONFIG
@_LANGUAGE
def main(config: Path | None, lang: str | None) -> None:
    """Der Knoten einer Kommune im KIM-Datenverbund. / A municipality's node.

    Liest Fälle und Register, zählt, schützt und prüft, und liefert nur geschützte Tabellen an den
    Hub. / Reads cases and registers, counts, protects, audits, and delivers nothing but protected tables.

    Beispiel / Example: kim-node --config node.toml check
    """


@main.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--area", required=True, help="Berichtsraum, z. B. NW05111. / Reporting area, e.g. NW05111.")
@click.option("--hub", "hub_url", required=True, help="Adresse des Hubs. / Address of the hub.")
@click.option(
    "--source",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Exportdatei mit den Fällen. / Export file with the cases.",
)
@click.option(
    "--profile",
    type=click.Choice(["A", "B", "C"]),
    help="Aufbau der Exportdatei: A Fachverfahren (Vorgabe), B Excel-Liste, C Schlüssel. / "
    "Its layout: A export of a case system (default), B Excel list, C codes.",
)
@click.option("--posts", type=_FILE, help="Stellenregister. / Register of posts.")
@click.option("--funds", type=_FILE, help="Haushaltsliste. / Funds ledger.")
@click.option("--issues", type=_FILE, help="Liste der Strukturthemen. / Structural issues.")
@click.option("--decisions", type=_FILE, help="Entscheidungen Baustein 3. / Decisions of component 3.")
@click.option(
    "--node-id", help="Kennung aus dem Brief; sonst zufällig. / Node id of the letter; else random."
)
@click.option(
    "--passphrase-file",
    "passphrase",
    type=_FILE,
    help="Kennwort der Schlüssel; sonst neben DIR. / Passphrase of the keys; else beside DIR.",
)
@click.option(
    "--token-file", type=_FILE, help="Auch gleich anmelden, siehe enrol. / Also enrol at once, see enrol."
)
@click.option("--audience", help="Name des Hubs. / Name of the hub.")
@click.option("--periods", metavar="2024-Q4..2026-Q3", help="Quartale. / Quarters.")
@click.option("--root", type=_FILE, help="Wurzel der Schlüsselbeauftragten. / Root of the key officers.")
@click.option(
    "--root-fingerprint",
    help="Deren Fingerabdruck, aus dem Anmeldebrief. / Its fingerprint, from the enrolment letter.",
)
@_LANGUAGE
@_JSON
def init(
    folder: Path,
    *,
    token_file: Path | None,
    lang: str | None,
    as_json: bool,
    **choices: Any,  # noqa: ANN401
) -> None:
    """Knoten einrichten: Konfiguration und Schlüsselpaar. / Set up a node: configuration and key pair.

    Vorhandenes wird nie überschrieben. Datenbanken und weitere Quellen werden in node.toml eingetragen.
    / Nothing that exists is overwritten. Databases and further sources are set in node.toml.

    Beispiel / Example: kim-node init knoten --area NW05111 --hub https://hub.example --source export.csv
    """
    from node.cli.identity.setting_up import NewNode, set_up  # noqa: PLC0415

    root = click.get_current_context().find_root().params
    console = Console(language_of(lang or root.get("lang"), Environment.read()), as_json=as_json)
    try:
        registers = {holds: choices.pop(holds) for holds in ("posts", "funds", "issues", "decisions")}
        set_up(console, folder, NewNode(registers=registers, **choices), token_file=token_file)
    except KimError as error:
        sys.exit(end_refused(console, None, error))


@main.command("enrol")
@click.option(
    "--token-file",
    type=_FILE,
    help="Datei mit dem Token aus dem Brief, - für die Standardeingabe. / "
    "File with the token of the letter, - for standard input.",
)
@click.option(
    "--new-keys",
    is_flag=True,
    help="Mit neuen Schlüsseln: Die alten sind entzogen. / With new keys: the old ones were revoked.",
)
@_shared
@on_a_node
def enrol(session: Session, *, token_file: Path | None, new_keys: bool) -> int:
    """Den Knoten beim Hub anmelden. / Enrol the node at the hub.

    Beim ersten Mal mit dem Token aus dem Brief; danach zeigt der Befehl, wie die Anmeldung steht. Das Token
    verlässt diesen Rechner nicht. / The first time with the token of the letter; later it shows how the
    request stands. The token does not leave this machine.

    Beispiel / Example: kim-node enrol --token-file token.txt
    """
    from node.cli.identity.enrolling import enrol_node  # noqa: PLC0415

    return enrol_node(session, token_file=token_file, new_keys=new_keys)


@main.command("check")
@_shared
@on_a_node
def check(session: Session) -> int:
    """Quellen lesen und prüfen; nichts wird geliefert. / Read and check the sources; nothing is delivered.

    Zeigt Befunde und Angaben ohne Schlüssel, schreibt zurückgestellte Zeilen in die örtliche Quarantäne.
    / Shows findings and values without a code, writes rows set aside to the local quarantine.

    Beispiel / Example: kim-node --config node.toml check
    """
    from node.cli.figures.checking import check_source  # noqa: PLC0415

    return check_source(session)


@main.command("preview")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Den Bogen auch als HTML-Datei schreiben. / Also write the paper as HTML file.",
)
@_PERIODS
@_shared
@on_a_node
def preview(session: Session, html: Path | None, periods: Sequence[str]) -> int:
    """Zeigen, was das Haus verlassen würde; nichts wird gesendet. / Show what would leave; sends nothing.

    Beispiel / Example: kim-node preview --period 2026-Q3 --html was-verlaesst-das-haus.html
    """
    from node.cli.figures.previewing import show_preview  # noqa: PLC0415

    return show_preview(session, html=html, periods=periods)


@main.command("submit")
@_PERIODS
@click.option(
    "--wait/--no-wait",
    default=True,
    help="Auf die Entscheidung des Hubs warten (Vorgabe). / Wait for the hub's decision (default).",
)
@click.option(
    "--redeliver",
    is_flag=True,
    help="Abgelehntes auch unverändert neu unterschreiben. / Sign rejected deliveries anew.",
)
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Fortschritt zeigen (Vorgabe: nur am Bildschirm). / Show progress (default: on a terminal).",
)
@_shared
@on_a_node
def submit(
    session: Session, periods: Sequence[str], *, wait: bool, redeliver: bool, progress: bool | None
) -> int:
    """Zählen, schützen, prüfen, unterschreiben und liefern. / Count, protect, audit, sign and deliver.

    Beliebig oft wiederholbar: Unverändertes wird nicht neu unterschrieben, Unterbrochenes fortgesetzt.
    / May be repeated: nothing unchanged is signed again, what was interrupted goes on.

    Beispiel / Example: kim-node --config node.toml submit --json
    """
    from node.cli.delivering.submitting import Choices, submit_deliveries  # noqa: PLC0415

    choices = Choices(periods=tuple(periods), wait=wait, redeliver=redeliver, progress=progress)
    return submit_deliveries(session, choices)


@main.command("corrections")
@click.option(
    "--coarser",
    multiple=True,
    metavar="CASES:2026-Q1",
    help="Diese Berichtigung gröber veröffentlichen. / Publish this correction coarser.",
)
@click.option(
    "--hold",
    multiple=True,
    metavar="CASES:2026-Q1",
    help="Diese Berichtigung sammeln. / Collect this correction with others.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="2026-12-31",
    help="Bis wann; sonst bis zum nächsten 1. Juli. / Until when; else until the next 1 July.",
)
@click.option("--by", metavar="NAME", help="Wer entscheidet. / Who decides.")
@_shared
@on_a_node
def corrections(
    session: Session, coarser: Sequence[str], hold: Sequence[str], until: datetime | None, by: str | None
) -> int:
    """Zurückgehaltene Berichtigungen zeigen und entscheiden. / Show held corrections, and decide.

    Eine Berichtigung um wenige Personen könnte sie verraten. Zur Wahl steht, sie zu sammeln oder gröber zu
    veröffentlichen; die Tabelle nennt den Preis. / A correction by few persons could reveal them. The
    choice is to collect corrections, or to publish coarser; the table gives the price.

    Beispiel / Example: kim-node corrections --hold CASES:2026-Q1 --by "A. Muster"
    """
    from node.cli.figures.correcting import Decisions, decide_corrections  # noqa: PLC0415

    day = until.date() if until is not None else None
    return decide_corrections(session, Decisions(tuple(coarser), tuple(hold), day, by))


@main.command("rotate-ledger-key")
@_shared
@on_a_node
def rotate_ledger_key(session: Session) -> int:
    """Zahlen früherer Lieferungen neu verschlüsseln. / Encrypt the figures of earlier deliveries anew.

    Der Schlüssel zum Unterschreiben bleibt, wie er ist; unterbrochen geht nichts verloren. / The key that
    signs stays as it is; nothing is lost if this is interrupted.

    Beispiel / Example: kim-node rotate-ledger-key
    """
    from node.cli.identity.rotating import rotate_ledger_key as rotate  # noqa: PLC0415

    return rotate(session)


@main.command("trust")
@click.option(
    "--root", type=_FILE, help="Datei mit der Wurzel; sonst vom Hub. / File with the root; else from the hub."
)
@click.option(
    "--root-fingerprint",
    "fingerprint",
    help="Fingerabdruck aus dem Anmeldebrief. / Fingerprint from the enrolment letter.",
)
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Ordner statt Hub, z. B. ein Stick. / Folder instead of the hub, e.g. a stick.",
)
@click.option("--offline", is_flag=True, help="Niemanden fragen, nur zeigen. / Ask nobody, only show.")
@_shared
@on_a_node
def trust(
    session: Session, root: Path | None, fingerprint: str | None, folder: Path | None, *, offline: bool
) -> int:
    """Wem dieser Knoten vertraut: eintragen, auffrischen, zeigen. / Enter, refresh, show whom it trusts.

    Beispiel / Example: kim-node trust --root-fingerprint "b753 0057 00b0 5586 9815 c1e3 3e43 6e46"
    """
    from node.cli.identity.trusting import Choices, show_trust  # noqa: PLC0415

    return show_trust(session, Choices(root, fingerprint, folder, offline))


@main.command("witness")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--name", help="Einrichten: Name, mit dem er unterschreibt. / Set up: name it signs with.")
@click.option("--hub", "hub", help="Einrichten: Adresse des Hubs. / Set up: address of the hub.")
@click.option("--audience", help="Einrichten: Name des Hubs. / Set up: name of the hub.")
@click.option(
    "--root-fingerprint",
    "fingerprint",
    help="Einrichten: Wurzel der Beauftragten. / Set up: root of the officers.",
)
@click.option("--root", type=_FILE, help="Datei mit der Wurzel; sonst vom Hub. / File with the root.")
@_LANGUAGE
@_JSON
def witness(folder: Path, *, lang: str | None, as_json: bool, **choices: Any) -> None:  # noqa: ANN401
    """Das Protokoll von außen bezeugen, ohne Knoten zu sein. / Witness the log from outside, being no node.

    Einmal mit allen Angaben einrichten; danach prüft jeder Aufruf, was neu ist, und unterschreibt es. / Set
    up once with all options; later each call verifies what is new and signs it.

    Beispiel / Example: kim-node witness /var/lib/kim-zeuge
    """
    from node.cli.identity.outside import as_wished  # noqa: PLC0415
    from node.cli.identity.outside import witness as look  # noqa: PLC0415

    root = click.get_current_context().find_root().params
    environment = Environment.read()
    console = Console(language_of(lang or root.get("lang"), environment), as_json=as_json)
    failpoints.arm(environment.failpoint)
    try:
        code = look(console, folder, as_wished(**choices))
    except KimError as error:
        code = end_refused(console, None, error)
    sys.exit(code)


@main.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="FOLDER")
@click.option(
    "--all", "everything", is_flag=True, help="Auch schon Entschiedenes. / Also what is decided already."
)
@_shared
@on_a_node
def export(session: Session, folder: Path, *, everything: bool) -> int:
    """Unterschriebenes als Dateien schreiben, z. B. auf einen Stick. / Write what is signed as files.

    Für Knoten ohne Verbindung zum Hub: erst submit (unterschreibt und legt bereit), dann export. / For nodes
    without a line to the hub: submit first (it signs and keeps), then export.

    Beispiel / Example: kim-node export /media/stick
    """
    from node.cli.delivering.carrying import export_deliveries  # noqa: PLC0415

    return export_deliveries(session, folder, everything=everything)


@main.command("import")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="FOLDER")
@_shared
@on_a_node
def import_(session: Session, folder: Path) -> int:
    """Ergebnisse und Quittungen des Hubs von einem Stick lesen. / Read the hub's results from a stick.

    Beispiel / Example: kim-node import /media/stick
    """
    from node.cli.delivering.carrying import import_results  # noqa: PLC0415

    return import_results(session, folder)


@main.command("status")
@click.option("--offline", is_flag=True, help="Den Hub nicht fragen. / Do not ask the hub.")
@_shared
@on_a_node
def status(session: Session, *, offline: bool) -> int:
    """Stand der Lieferungen, hier und beim Hub. / How deliveries stand, here and at the hub.

    Beispiel / Example: kim-node status --json
    """
    from node.cli.delivering.standing import show_status  # noqa: PLC0415

    return show_status(session, ask_hub=not offline)
