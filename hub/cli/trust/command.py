"""The officers' commands as one group; an officer's machine loads `sign` and no database."""

from typing import Final

import click

from hub.cli.output import LANGUAGE
from hub.cli.usage import LazyGroup

#: Command → module and name of the click object.
_PLACES: Final = {
    "export": ("hub.cli.trust.publishing", "export_command"),
    "init": ("hub.cli.trust.proposing", "init_command"),
    "key": ("hub.cli.trust.keys", "key_command"),
    "propose": ("hub.cli.trust.proposing", "propose_command"),
    "publish": ("hub.cli.trust.publishing", "publish_command"),
    "renew": ("hub.cli.trust.publishing", "renew_command"),
    "show": ("hub.cli.trust.signing", "show_command"),
    "sign": ("hub.cli.trust.signing", "sign_command"),
    "status": ("hub.cli.trust.standing", "status_command"),
    "withdraw": ("hub.cli.trust.standing", "withdraw_command"),
}


@click.group("trust", cls=LazyGroup, places=_PLACES)
@LANGUAGE
def trust_group() -> None:
    """Schlüsselbeauftragte: Verzeichnis der Knoten und Schlüssel. / Key officers: who has which key.

    Beispiel / Example: kim-hub trust key meier.pem --name "A. Meier, MKJFGFI"
    """
