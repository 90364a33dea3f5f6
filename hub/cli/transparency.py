"""`kim-hub log`: the key of the log, and whether the log is what was signed."""

from pathlib import Path

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.cli.travelling import put_file
from hub.cli.trust.printing import printed
from hub.cli.usage import HubGroup
from hub.services.transparency.reading import copy_of_log
from hub.services.transparency.rounds import check_whole, run_round
from hub.services.transparency.signer import LogSigner
from hub.wiring import Hub
from protocol.errors import kim_error
from protocol.nouns import ENTRY, FILE, NODE, OUTSIDE_WITNESS
from protocol.texts import Text
from protocol.transparency.checkpoints import parse_checkpoint
from protocol.transparency.notes import VerifierKey, parse_note


@click.group("log", cls=HubGroup)
@LANGUAGE
def log_group() -> None:
    """Das Protokoll aller Entscheidungen. / The log of all decisions.

    Beispiel / Example: kim-hub log check --home var/hub
    """


@log_group.command("key")
@HOME
@JSON
@LANGUAGE
@reports_problems
def key_command(home: Path, *, as_json: bool) -> None:
    """Den Prüfschlüssel des Protokolls zeigen; beim ersten Mal entsteht er. / Show the log's verifier key.

    Beispiel / Example: kim-hub log key --home var/hub
    """
    settings = settings_of_hub(home)
    key = str(LogSigner.of(settings).verifier_key)
    answer({"vkey": key}, Text(key, key), as_json=as_json)


@log_group.command("check")
@HOME
@JSON
@LANGUAGE
@reports_problems
def check_command(home: Path, *, as_json: bool) -> None:
    """Jeden Eintrag nachrechnen und mit dem Unterschriebenen vergleichen. / Check each entry against that.

    Beispiel / Example: kim-hub log check --home var/hub
    """
    entries = check_whole(Hub(settings_of_hub(home)).context)
    counted = ENTRY.counted(entries)
    answer(
        {"entries": entries},
        Text(
            f"{counted.de}: unverändert, und wie unterschrieben.",
            f"{counted.en}: unchanged, and as signed.",
        ),
        as_json=as_json,
    )


@log_group.command("sign")
@HOME
@JSON
@LANGUAGE
@reports_problems
def sign_command(home: Path, *, as_json: bool) -> None:
    """Den Stand jetzt unterschreiben; der Hub tut es sonst selbst. / Sign now what the hub signs by itself.

    Beispiel / Example: kim-hub log sign --home var/hub
    """
    signed = run_round(Hub(settings_of_hub(home)).context).checkpoint
    entries = ENTRY.counted(signed.size)
    answer(
        {"size": signed.size, "root": signed.root.hex()},
        Text(
            f"Unterschrieben: {entries.de}, Wurzel {signed.root.hex()}.",
            f"Signed: {entries.en}, root {signed.root.hex()}.",
        ),
        as_json=as_json,
    )


@log_group.command("export")
@HOME
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@JSON
@LANGUAGE
@reports_problems
def export_command(home: Path, *, folder: Path, as_json: bool) -> None:
    """Eine Kopie des Protokolls schreiben, für Prüfende oder Knoten ohne Netz. / Write a copy of the log.

    Für einen Knoten ohne Netz kommt sie als Ordner „log“ neben seine Ergebnisse auf den Stick. / For a node
    without a line it goes onto the stick as the folder "log", beside its results.

    Beispiel / Example: kim-hub log export /media/stick/log
    """
    context = Hub(settings_of_hub(home)).context
    written, content = 0, b""
    try:
        for path, content in copy_of_log(context):
            put_file(folder / path, content, inside=folder)
            written += 1
    except OSError as error:
        raise kim_error("cannot_write", Text(str(folder), str(folder))) from error
    note = parse_note(content)  # what comes last is the state
    size, names = parse_checkpoint(note.text).size, {line.name for line in note.signatures}
    witnesses = len(names) - 1
    with context.database.read() as unit:
        governed = unit.trust.current()
    needed = governed.hub_keys.quorum if governed is not None else 0
    named = governed.hub_keys.outside_witnesses if governed is not None else ()
    outside = {VerifierKey.parse(item.vkey).name for item in named}
    is_early = witnesses - len(names & outside) < needed or bool(outside and not names & outside)
    files, entries = FILE.counted(written), ENTRY.counted(size)
    answer(
        {
            "folder": str(folder),
            "files": written,
            "entries": size,
            "witnesses": witnesses,
            "quorum": needed,
        },
        Text(
            f"{files.de} in {folder}: {entries.de}, Zeugen dieses Stands: {witnesses}.",
            f"{files.en} in {folder}: {entries.en}, witnesses of this state: {witnesses}.",
        ),
        as_json=as_json,
        lines=printed(_too_early(needed, outside=min(1, len(outside)))) if is_early else (),
    )


def _too_early(needed: int, *, outside: int) -> list[Text]:
    asked = NODE.counted(needed)
    if outside:
        other = OUTSIDE_WITNESS.counted(outside)
        asked = Text(f"{asked.de} und {other.de}", f"{asked.en} and {other.en}")
    return [
        Text(
            f"Verlangt, wenn jemand die Kopie prüft: {asked.de} (sonst quorum_missing). "
            "Ein neuer Stand wird beim nächsten Kontakt bezeugt.",
            f"Required where somebody verifies the copy: {asked.en} (else quorum_missing). "
            "A new state is witnessed at the next contact.",
        ),
        Text(
            "→ Danach noch einmal ausgeben. Einem Knoten ohne Netz genügt sie, wie sie ist.",
            "→ Export it again after that. For a node without a line it will do as it is.",
        ),
    ]
