"""`kim-hub trust key`: an officer makes his key on his own machine, without a hub and without a network."""

from pathlib import Path

import click

from hub.cli.output import JSON, LANGUAGE, answer, reports_problems
from hub.cli.passphrases import passphrase
from hub.cli.trust.options import EXISTING, FILE, PASSPHRASE_FILE
from hub.cli.usage import HubCommand
from hub.services.trust.officers import make_officer_key, name_card_key, public_path_of
from protocol.texts import Text


@click.command("key", cls=HubCommand)
@click.argument("file", type=FILE)
@click.option("--name", required=True, help="Person und Behörde. / Person and authority.")
@click.option(
    "--public-key",
    type=EXISTING,
    help="Der Schlüssel liegt auf einer Karte: dessen PEM. / The key is on a card: its PEM.",
)
@PASSPHRASE_FILE
@JSON
@LANGUAGE
@reports_problems
def key_command(
    file: Path, *, name: str, public_key: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Den Schlüssel eines Beauftragten anlegen. / Make an officer's key.

    Auf dem Rechner des Beauftragten, nicht am Hub. Die Datei mit .pub geht an den Betreiber des Hubs. / On
    the officer's own machine, not on the hub's. The file with .pub goes to the hub's operator.

    Beispiel / Example: kim-hub trust key meier.pem --name "A. Meier, MKJFGFI"
    """
    public_path = public_path_of(file)
    if public_key is not None:
        officer = name_card_key(public_path, name, public_pem=public_key.read_bytes())
    else:
        question = Text("Neues Kennwort (mindestens 12 Zeichen)", "New passphrase (at least 12 characters)")
        secret = passphrase(question, file=passphrase_file, again=True)
        officer = make_officer_key(file, name, passphrase=secret)
    answer(
        {
            "name": name,
            "keyid": officer.keyid,
            "fingerprint": officer.fingerprint,
            "public": str(public_path),
        },
        Text(
            f"Schlüssel für {name} angelegt. {public_path} an den Betreiber des Hubs geben und ihm den "
            "Fingerabdruck vorlesen.",
            f"Key for {name} made. Give {public_path} to the hub's operator and read out the fingerprint.",
        ),
        as_json=as_json,
        lines=[officer.fingerprint],
    )
