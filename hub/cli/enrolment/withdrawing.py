"""`kim-hub enrol revoke` and `kim-hub suspend`: how nodes lose their keys, for ever or for now."""

import datetime as dt
from pathlib import Path

import click

from hub.cli.desk import desk_at
from hub.cli.enrolment.options import BY
from hub.cli.enrolment.registry import registry_of
from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems
from hub.cli.usage import HubCommand
from hub.domain.enrolment import EnrolmentState
from hub.services.enrolment.deciding import revoke_keys
from hub.services.trust.suspending import suspend
from protocol.command_line import usage_error
from protocol.texts import Text


@click.command("revoke", cls=HubCommand)
@HOME
@click.argument("keyid")
@click.option(
    "--compromised-since",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="Ab wann er in fremden Händen war, UTC. / From when on it was in other hands, UTC.",
)
@click.option("--superseded", is_flag=True, help="Nur ersetzt, nie fremd. / Merely replaced.")
@BY
@JSON
@LANGUAGE
@reports_problems
def revoke_command(
    home: Path,
    *,
    keyid: str,
    compromised_since: dt.datetime | None,
    superseded: bool,
    by: str,
    as_json: bool,
) -> None:
    """Einen Schlüssel für immer entziehen. / Revoke a key for ever.

    War er in fremden Händen, kommt alles in Quarantäne, was der Hub seitdem damit angenommen hat. Im Zweifel
    den Knoten vorher sperren (kim-hub suspend). / If it was in other hands, whatever the hub has received
    with it since then goes into quarantine.

    Beispiel / Example: kim-hub enrol revoke 9b1d… --compromised-since 2026-10-01 --by "A. Muster"
    """
    if superseded == (compromised_since is not None):
        raise usage_error(
            Text(
                "--superseded oder --compromised-since angeben.", "Give --superseded or --compromised-since."
            )
        )
    desk = desk_at(home)
    since = None if compromised_since is None else compromised_since.replace(tzinfo=dt.UTC)
    registry = registry_of(desk)
    node = revoke_keys(desk, keyid, by=by, registry=registry, compromised_since=since)
    waits = registry.takes_effect is EnrolmentState.APPROVED
    answer(
        {"revoked": keyid, "node": node, "signed": not waits},
        Text(
            "Der Entzug wartet auf zwei Unterschriften (kim-hub trust sign); bis dahin: kim-hub suspend.",
            "The revocation waits for two signatures (kim-hub trust sign); until then use kim-hub suspend.",
        )
        if waits
        else Text("Der Schlüssel ist entzogen.", "The key is revoked."),
        as_json=as_json,
    )


@click.command("suspend", cls=HubCommand)
@HOME
@click.argument("node")
@click.option("--reason", required=True, help="Warum, eine Zeile. / Why, one line.")
@click.option("--lift", is_flag=True, help="Die Sperre aufheben. / Let it deliver again.")
@BY
@JSON
@LANGUAGE
@reports_problems
def suspend_command(home: Path, *, node: str, reason: str, lift: bool, by: str, as_json: bool) -> None:
    """Einen Knoten sofort sperren. / Suspend a node at once.

    Eine Person genügt: Es sperrt nur, und was angenommen ist, bleibt. / One person is enough: it only blocks,
    and what is accepted stays.

    Beispiel / Example: kim-hub suspend node-7f3a --reason "Notebook gestohlen" --by "A. Muster"
    """
    changed = suspend(desk_at(home), node, reason=reason, by=by, lift=lift)
    said = (
        Text("Der Knoten darf wieder liefern.", "The node may deliver again.")
        if lift
        else Text("Der Knoten ist gesperrt.", "The node is suspended.")
    )
    answer({"node": node, "suspended": not lift, "changed": changed}, said, as_json=as_json)
