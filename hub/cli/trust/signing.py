"""`kim-hub trust show` and `sign`: on an officer's machine, without a hub and without a network.

Nothing is signed that was not printed first, in words.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from hub.cli.output import JSON, LANGUAGE, answer, confirmed, reports_problems
from hub.cli.passphrases import passphrase
from hub.cli.travelling import put_file
from hub.cli.trust.options import EXISTING, PASSPHRASE_FILE
from hub.cli.trust.printing import both, facts, printed
from hub.cli.trust.real_time import now
from hub.cli.usage import HubCommand
from hub.services.trust.change_file import read_change_file
from hub.services.trust.officers import is_encrypted, load_signer, read_officer, smartcard_signer
from hub.services.trust.signing import Review, memory_path, read_memory, review, sign
from hub.services.trust.verifying import fingerprint
from hub.services.trust.wording import describe, describe_officers, describe_state
from protocol.command_line import usage_error
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust.fingerprints import same_fingerprint

_PASSPHRASE: Final = Text("Kennwort des Schlüssels", "Passphrase of the key")


_PIN: Final = Text("PIN der Karte", "PIN of the card")


_SIGN_IT: Final = Text("Das alles unterschreiben?", "Sign all of this?")


_COMPARE: Final = Text(
    "Dieser Rechner sieht die Beauftragten zum ersten Mal. Nennen die anderen Beauftragten denselben "
    "Fingerabdruck der Wurzel?",
    "This machine sees these officers for the first time. Do the other officers state the same fingerprint "
    "of the root?",
)


@click.command("show", cls=HubCommand)
@click.argument("file", type=EXISTING)
@JSON
@LANGUAGE
@reports_problems
def show_command(file: Path, *, as_json: bool) -> None:
    """Sagen, was eine Änderungsdatei ändert und wer unterschrieb. / Say what it changes, and who signed.

    Beispiel / Example: kim-hub trust show aenderung.kim-trust
    """
    judged = review(read_change_file(file.read_bytes()), None, now=now())
    lines = [*describe(judged), *describe_state(judged), *describe_officers(judged.root_now.signed)]
    answer(
        {"changes": [both(line) for line in lines], **facts(judged)},
        Text("Das steht in der Datei:", "This is what the file says:"),
        as_json=as_json,
        lines=printed(lines),
    )


@click.command("sign", cls=HubCommand)
@click.argument("file", type=EXISTING)
@click.option(
    "--key",
    "key_file",
    type=EXISTING,
    required=True,
    help="Schlüsseldatei; bei einer Karte die .pub. / Key file; with a card the .pub.",
)
@click.option("--smartcard", metavar="URI", help="Karte, z. B. hsm:2?label=… / Card, e.g. hsm:2?label=…")
@PASSPHRASE_FILE
@click.option(
    "--root-fingerprint",
    help="Fingerabdruck der Wurzel, von anderen genannt. / Fingerprint of the root, as told by others.",
)
@click.option("--yes", is_flag=True, help="Nicht fragen. / Do not ask.")
@JSON
@LANGUAGE
@reports_problems
def sign_command(
    file: Path,
    *,
    key_file: Path,
    smartcard: str | None,
    passphrase_file: Path | None,
    root_fingerprint: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Lesen, was sich ändert, und unterschreiben. / Read what changes, and sign.

    Braucht weder Hub noch Netz. Die Datei danach weitergeben. / Needs neither hub nor network. Pass the file
    on afterwards.

    Beispiel / Example: kim-hub trust sign aenderung.kim-trust --key meier.pem
    """
    memory = memory_path(key_file)
    judged = review(read_change_file(file.read_bytes()), read_memory(memory), now=now())
    lines = [*describe(judged), *describe_state(judged)]
    _compare_root(judged, root_fingerprint, lines, asks=not (yes or as_json))
    if not (yes or as_json) and not confirmed(_SIGN_IT, lines=printed(lines)):
        answer({}, Text("Nichts unterschrieben.", "Nothing was signed."), as_json=False)
        raise click.exceptions.Exit(1)
    if smartcard is not None:
        officer = read_officer(key_file.read_bytes())
        signer = smartcard_signer(smartcard, officer, pin=passphrase(_PIN, file=passphrase_file))
    else:
        secret = passphrase(_PASSPHRASE, file=passphrase_file) if is_encrypted(key_file) else None
        signer = load_signer(key_file, passphrase=secret)
    signed = sign(judged, signer)
    # What was seen is remembered before the signature leaves: no older state is taken for the present one.
    put_file(memory, judged.memory.to_bytes())
    # Whole or not at all: it may be the only copy with the other officers' signatures.
    put_file(file, signed.to_bytes())
    judged = review(signed, None, now=now())
    answer(
        {"file": str(file), "changes": [both(line) for line in lines], **facts(judged)},
        Text("Unterschrieben; es sind genug.", "Signed; that is enough.")
        if judged.complete
        else Text("Unterschrieben. Die Datei weitergeben.", "Signed. Pass the file on."),
        as_json=as_json,
        lines=printed(describe_state(judged)),
    )


def _compare_root(judged: Review, said: str | None, lines: Sequence[Text], *, asks: bool) -> None:
    anchor = judged.root_before or judged.root_now
    if said is not None and not same_fingerprint(said, fingerprint(anchor)):
        raise kim_error("trust_root_mismatch")
    if judged.known or said is not None:
        return
    # Somebody has to have compared it once; after that the machine knows whom it has seen.
    if not asks:
        raise usage_error(
            Text(
                "Beim ersten Mal --root-fingerprint nennen, oder ohne --yes und --json aufrufen.",
                "The first time, give --root-fingerprint, or call without --yes and --json.",
            )
        )
    officers = describe_officers(anchor.signed)
    if not confirmed(_COMPARE, lines=printed([*lines, *officers])):
        raise kim_error("trust_root_mismatch")
