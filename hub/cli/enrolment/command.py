"""The commands on enrolments as one group.

`kim-hub suspend` is none of them: who needs it is in a hurry.
"""

import click

from hub.cli.enrolment.inviting import invite_command
from hub.cli.enrolment.requests import approve_command, list_command, refuse_command
from hub.cli.enrolment.withdrawing import revoke_command
from hub.cli.output import LANGUAGE
from hub.cli.usage import HubGroup


@click.group("enrol", cls=HubGroup)
@LANGUAGE
def enrol_group() -> None:
    """Knoten einladen, Schlüssel freigeben und entziehen. / Invite nodes, approve and revoke keys.

    Beispiel / Example: kim-hub enrol invite --area NW05111 --name Düsseldorf --by "A. Muster"
    """


for _command in (invite_command, list_command, approve_command, refuse_command, revoke_command):
    enrol_group.add_command(_command)
