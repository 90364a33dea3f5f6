"""The `kim-hub` commands; the module of each is loaded when it is called: `register` needs no web server."""

import functools
import os
from typing import Final

import click

from hub import failpoints
from hub.cli.output import LANGUAGE
from hub.cli.usage import LazyGroup
from hub.settings import chosen_failpoint

#: Command → module and name of the click object. `demo` belongs to the data generator.
_PLACES: Final = {
    "close": ("hub.cli.periods", "close_command"),
    "confirm": ("hub.cli.deliveries", "confirm_command"),
    "db": ("hub.cli.installation", "database_group"),
    "demo": ("hub.demo.command", "demo"),
    "enrol": ("hub.cli.enrolment.command", "enrol_group"),
    "extract": ("hub.cli.extracting", "extract_command"),
    "grants": ("hub.cli.granting", "grants_group"),
    "import": ("hub.cli.importing", "import_command"),
    "init": ("hub.cli.installation", "init"),
    "log": ("hub.cli.transparency", "log_group"),
    "people": ("hub.cli.people", "people_group"),
    "register": ("hub.cli.registering", "register_command"),
    "sealing": ("hub.cli.sealing", "sealing_group"),
    "serve": ("hub.cli.running", "serve_command"),
    "status": ("hub.cli.deliveries", "status_command"),
    "suspend": ("hub.cli.enrolment.withdrawing", "suspend_command"),
    "trust": ("hub.cli.trust.command", "trust_group"),
    "worker": ("hub.cli.running", "worker_command"),
}


@click.group(cls=LazyGroup, places=_PLACES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kim-datenverbund", prog_name="kim-hub")
@LANGUAGE
@click.pass_context
def main(ctx: click.Context) -> None:
    """Der Hub des KIM-Datenverbunds. / The hub of the KIM-Datenverbund.

    Beispiel / Example: kim-hub init --home var/hub
    """
    try:
        failpoints.arm(chosen_failpoint())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="KIM_FAILPOINT") from None
    # Database, submissions and settings are nobody else's business on this machine.
    ctx.call_on_close(functools.partial(os.umask, os.umask(0o077)))
