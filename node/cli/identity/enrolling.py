"""`kim-node enrol`: ask to be entered with the token of the letter, and see how that stands."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from node.cli.frame.session import Session
from node.cli.identity.renewing import has_entered
from node.cli.terminal.console import Console
from node.enrolment import EnrolmentView, ask_again, conclude, enrol, following
from node.hub_client import HubClient
from protocol.errors import kim_error
from protocol.texts import Text

_MAX_TOKEN_BYTES = 4_096
_WRITE_IT = Text(
    "Das Token aus dem Brief in eine Datei schreiben und sie mit --token-file nennen (- für die "
    "Standardeingabe).",
    "Write the token of the letter into a file and name it with --token-file (- for standard input).",
)


def read_token_file(path: Path) -> str:
    """Return the token in a file, ``-`` for standard input.

    Raises:
        KimError: ``file_missing`` if it cannot be read, ``bad_request`` if it is no text.
    """
    try:
        raw = sys.stdin.buffer.read(_MAX_TOKEN_BYTES) if str(path) == "-" else path.read_bytes()
        return raw.decode("ascii").strip()
    except OSError:
        raise kim_error(
            "file_missing",
            Text(f"{path} ist nicht da oder nicht lesbar.", f"{path} is not there or cannot be read."),
            pointer="--token-file",
            remedy=_WRITE_IT,
        ) from None
    except UnicodeDecodeError:
        raise kim_error(
            "bad_request",
            Text("In dieser Datei steht kein lesbares Token.", "This file holds no token that can be read."),
            pointer="--token-file",
            remedy=_WRITE_IT,
        ) from None


def enrol_node(session: Session, *, token_file: Path | None, new_keys: bool) -> int:
    """Enrol, or say how the request stands that was made.

    Args:
        session: the configured node.
        token_file: where the token is; asked for on a terminal if omitted.
        new_keys: make new keys; those there are were revoked, or may be in other hands.

    Returns:
        0, or 77 for a request that was refused.

    Raises:
        KimError: a slip in the token, the hub's refusal, a failure of the connection.
    """
    # A request proves itself: who has lost the passphrase of his keys asks for new ones without them.
    with session.hub(signs=False) as client:
        view = None if token_file is not None else _standing(session, client)
        if view is None:
            token = _token(session.console, token_file)
            view = enrol(session.settings, client, token=token, clock=session.clock, new_keys=new_keys)
        if view.state == "active" and has_entered(session, client, view.keys) is False:
            view = replace(view, state="approved")  # the hub says so, the officers have not signed it yet
    if view.state == "active":
        conclude(session.settings, view.keys)
    session.logbook.write("node.enrolled", {"state": view.state})
    report(session.console, view)
    return 0 if view.state != "refused" else kim_error("unknown_key").exit_code


def _standing(session: Session, client: HubClient) -> EnrolmentView | None:
    """Say how the request stands, None if there is none; what officers have signed holds unasked."""
    keys = following(session.settings)
    if keys is not None and has_entered(session, client, keys):
        return EnrolmentView("active", keys)
    return ask_again(session.settings, client)


def _token(console: Console, token_file: Path | None) -> str:
    if token_file is not None:
        return read_token_file(token_file)
    if console.as_json or not sys.stdin.isatty():
        raise kim_error(
            "bad_request",
            Text(
                "Das Token aus dem Brief fehlt; ohne Terminal wird nicht danach gefragt.",
                "The token of the letter is missing; without a terminal it is not asked for.",
            ),
            pointer="--token-file",
            remedy=_WRITE_IT,
        )
    asked = Text("Token aus dem Brief", "Token of the letter").in_(console.language)
    return str(click.prompt(asked, hide_input=True))


def report(console: Console, view: EnrolmentView) -> None:
    """Say how a request stands and what comes next."""
    fingerprint = view.keys.sign.fingerprint()
    console.result(
        {
            "state": view.state,
            "keyid": view.keys.sign.keyid,
            "public_key": view.keys.sign.hex,
            "witness_key": view.keys.witness.hex,
            "fingerprint": fingerprint,
        }
    )
    said = {
        "pending": Text(
            "Die Anmeldung ist beim Hub. Das Ministerium ruft unter der hinterlegten Nummer an; dann diesen "
            "Fingerabdruck vorlesen:",
            "The request is at the hub. The ministry calls on the registered number; then read out this "
            "fingerprint:",
        ),
        "approved": Text(
            "Die Anmeldung ist freigegeben und wartet auf zwei Unterschriften. Fingerabdruck:",
            "The request is approved and waits for two signatures. Fingerprint:",
        ),
        "active": Text(
            "Der Knoten ist angemeldet und kann liefern. Fingerabdruck:",
            "The node is enrolled and can deliver. Fingerprint:",
        ),
    }.get(
        view.state,
        Text(
            "Die Anmeldung wurde abgelehnt. Bitte das Ministerium anrufen. Fingerabdruck:",
            "The request was refused. Please call the ministry. Fingerprint:",
        ),
    )
    console.say(said)
    console.say(Text(f"  {fingerprint}", f"  {fingerprint}"))
