"""`kim-hub log`: the key of the log, and whether the log is what was signed."""

from pathlib import Path

import click

from hub.app import Hub
from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.cli.usage import HubGroup
from hub.services.transparency.rounds import check_whole, run_round
from hub.services.transparency.signer import LogSigner
from protocol.texts import Text


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
    key = str(LogSigner(settings.log_folder, origin=settings.log_origin).verifier_key)
    answer({"vkey": key}, Text(key, key), as_json=as_json)


@log_group.command("check")
@HOME
@JSON
@LANGUAGE
@reports_problems
def check_command(home: Path, *, as_json: bool) -> None:
    """Jeden Eintrag nachrechnen und mit dem vergleichen, was unterschrieben ist. / Compute every entry again.

    Beispiel / Example: kim-hub log check --home var/hub
    """
    entries = check_whole(Hub(settings_of_hub(home)).context)
    answer(
        {"entries": entries},
        Text(
            f"{entries} Einträge: unverändert, und wie unterschrieben.",
            f"{entries} entries: unchanged, and as they were signed.",
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
    answer(
        {"size": signed.size, "root": signed.root.hex()},
        Text(
            f"Unterschrieben: {signed.size} Einträge, Wurzel {signed.root.hex()}.",
            f"Signed: {signed.size} entries, root {signed.root.hex()}.",
        ),
        as_json=as_json,
    )
