"""The officers' commands as one group."""

import click

from hub.cli.output import LANGUAGE
from hub.cli.trust.keys import key_command
from hub.cli.trust.proposing import init_command, propose_command
from hub.cli.trust.publishing import export_command, publish_command, renew_command
from hub.cli.trust.signing import show_command, sign_command
from hub.cli.trust.standing import status_command, withdraw_command
from hub.cli.usage import HubGroup


@click.group("trust", cls=HubGroup)
@LANGUAGE
def trust_group() -> None:
    """Schlüsselbeauftragte: Verzeichnis der Knoten und Schlüssel. / Key officers: who has which key.

    Beispiel / Example: kim-hub trust key meier.pem --name "A. Meier, MKJFGFI"
    """


for _command in (
    key_command,
    init_command,
    propose_command,
    show_command,
    sign_command,
    publish_command,
    status_command,
    withdraw_command,
    renew_command,
    export_command,
):
    trust_group.add_command(_command)
