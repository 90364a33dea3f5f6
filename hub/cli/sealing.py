"""`kim-hub sealing`: the keys that deliveries are sealed with: see them, add one, retire one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.cli.usage import HubGroup
from hub.clock import clock_on
from hub.services.trust.sealing_keys import sealing_keys_of
from hub.store.files.sealing_keys import (
    SealingKeys,
    SealingLockedError,
    StoredSealingKey,
    fingerprint,
    locked_out,
)
from protocol import strict_json
from protocol.errors import kim_error
from protocol.texts import Text

T = TypeVar("T")


@click.group("sealing", cls=HubGroup)
@LANGUAGE
def sealing_group() -> None:
    """Schlüssel, mit denen Lieferungen versiegelt werden. / Keys that deliveries are sealed with.

    Einmal im Jahr ein neuer: `kim-hub sealing new`, dann `kim-hub trust propose`; der alte öffnet weiter, was
    mit ihm versiegelt ist. / A new one every year: `kim-hub sealing new`, then `kim-hub trust propose`; the
    old one goes on opening what is sealed with it.

    Beispiel / Example: kim-hub sealing list
    """


@sealing_group.command("list")
@HOME
@JSON
@LANGUAGE
@reports_problems
def list_command(home: Path, *, as_json: bool) -> None:
    """Die Schlüssel zeigen. / Show the keys.

    Beispiel / Example: kim-hub sealing list --json
    """
    keys = _unlocked(_keys(home).all)
    found = Text(f"{len(keys)} Siegelschlüssel.", f"Sealing keys: {len(keys)}.")
    answer({"keys": [_member(key) for key in keys]}, found, as_json=as_json, lines=[_line(k) for k in keys])


@sealing_group.command("new")
@HOME
@JSON
@LANGUAGE
@reports_problems
def new_command(home: Path, *, as_json: bool) -> None:
    """Einen Schlüssel erzeugen. / Make a key.

    Knoten benutzen ihn, sobald die Beauftragten ihn unterschrieben haben. / Nodes use it as soon as
    officers have signed it.

    Beispiel / Example: kim-hub sealing new
    """
    settings = settings_of_hub(home)
    now = clock_on(settings.date, settings.date_since).now()
    key = _unlocked(lambda: sealing_keys_of(settings).add(at=now))
    made = Text(
        f"Siegelschlüssel {fingerprint(key.kid)} erzeugt. Weiter mit: kim-hub trust propose.",
        f"Sealing key {fingerprint(key.kid)} made. Go on with: kim-hub trust propose.",
    )
    answer(_member(key), made, as_json=as_json)


@sealing_group.command("retire")
@HOME
@click.argument("kid")
@JSON
@LANGUAGE
@reports_problems
def retire_command(home: Path, *, kid: str, as_json: bool) -> None:
    """Nichts Neues mehr mit diesem Schlüssel annehmen. / Take nothing new with this key.

    Was mit ihm versiegelt aufbewahrt ist, öffnet er weiterhin. / It goes on opening what is kept.

    Beispiel / Example: kim-hub sealing retire 4f5b0c9d…
    """
    settings = settings_of_hub(home)
    keys, now = sealing_keys_of(settings), clock_on(settings.date, settings.date_since).now()
    remaining = _unlocked(keys.all)
    if [key.kid for key in remaining if key.retired is None] == [kid]:
        raise kim_error(
            "bad_request",
            Text(
                "Das ist der einzige Schlüssel, mit dem noch versiegelt werden darf.",
                "This is the only key that may still be sealed with.",
            ),
            remedy=Text("Erst einen neuen: kim-hub sealing new.", "A new one first: kim-hub sealing new."),
        )
    key = _unlocked(lambda: keys.retire(kid, at=now))
    done = Text(
        f"Mit {fingerprint(kid)} wird nichts Neues mehr angenommen. Weiter mit: kim-hub trust propose.",
        f"Nothing new is taken with {fingerprint(kid)}. Go on with: kim-hub trust propose.",
    )
    answer(_member(key), done, as_json=as_json)


def _keys(home: Path) -> SealingKeys:
    return sealing_keys_of(settings_of_hub(home))


def _unlocked(work: Callable[[], T]) -> T:
    try:
        return work()
    except SealingLockedError as error:
        raise locked_out(error) from error


def _member(key: StoredSealingKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "fingerprint": fingerprint(key.kid),
        "public_key": strict_json.encode_base64(key.public_key),
        "created": key.created.isoformat(),
        "retired": key.retired.isoformat() if key.retired else None,
    }


def _line(key: StoredSealingKey) -> str:
    until = f" – {key.retired:%Y-%m-%d}" if key.retired else ""
    return f"{fingerprint(key.kid)}  {key.created:%Y-%m-%d}{until}"
