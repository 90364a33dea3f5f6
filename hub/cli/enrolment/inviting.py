"""`kim-hub enrol invite`: a letter for each municipality, with a token that is printed once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from hub.cli.desk import Desk, desk_at
from hub.cli.enrolment.options import BY, entries_of, not_a_list
from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems
from hub.cli.usage import HubCommand
from hub.services.enrolment.inviting import Guest, Invited, invite
from hub.services.trust.repository import Repository
from hub.services.trust.verifying import fingerprint
from protocol.command_line import usage_error
from protocol.texts import Text

_NOT_NAMED: Final = Text("Es fehlt --area und --name, oder --list.", "Name --area and --name, or --list.")


@click.command("invite", cls=HubCommand)
@HOME
@click.option("--area", "areas", multiple=True, help="Gebiet, z. B. NW05111. / Area, e.g. NW05111.")
@click.option("--name", help="Name der Kommune. / Name of the municipality.")
@click.option("--node", help="Knotenkennung; sonst eine neue. / Node id; else a new one.")
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON-Liste mit areas, name und, wenn bekannt, node. / JSON list with areas, name and node.",
)
@BY
@JSON
@LANGUAGE
@reports_problems
def invite_command(
    home: Path,
    *,
    areas: tuple[str, ...],
    name: str | None,
    node: str | None,
    list_file: Path | None,
    by: str,
    as_json: bool,
) -> None:
    """Eine Kommune einladen. / Invite a municipality.

    Das Token wird nur jetzt gezeigt und gilt 72 Stunden, für diesen einen Knoten. Es geht mit der Kennung per
    Brief an die Kommune. / The token is shown now and never again, and is good for 72 hours, for this node.

    Beispiel / Example: kim-hub enrol invite --area NW05111 --name Düsseldorf --by "A. Muster"
    """
    if list_file is not None:
        guests = [_guest(entry) for entry in entries_of(list_file, "areas, name, node")]
    elif areas and name:
        guests = [Guest(areas, name, node)]
    else:
        raise usage_error(_NOT_NAMED)
    desk = desk_at(home)
    invited = invite(desk, guests, audience=desk.settings.audience, by=by)
    root = _root_fingerprint(desk)
    answer(
        {
            "invited": [
                {
                    "node": one.invitation.node_id,
                    "areas": list(one.invitation.areas),
                    "name": one.invitation.name,
                    "token": one.token,
                    "audience": desk.settings.audience,
                    "expires": one.invitation.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
                for one in invited
            ],
            "root_fingerprint": root,
        },
        Text(
            f"Einladungen: {len(invited)}. Die Token stehen nirgends sonst.",
            f"Invitations: {len(invited)}. The tokens are nowhere else.",
        ),
        as_json=as_json,
        lines=[line for one in invited for line in _letter(one, desk.settings.audience, root)],
    )


def _root_fingerprint(desk: Desk) -> str | None:
    """What the letter says about the key officers; None on a test bench and before their first version."""
    repository = Repository(desk.settings)
    return fingerprint(repository.root()) if repository.is_published else None


def _letter(one: Invited, audience: str, root: str | None) -> list[str]:
    until = one.invitation.expires_at.strftime("%d.%m.%Y %H:%M UTC")
    return [
        f"{', '.join(one.invitation.areas)}  {one.invitation.name}",
        f"  {one.invitation.node_id}  {audience}  → {until}",
        f"  {one.token}",
        *([] if root is None else [f"  kim-node trust --root-fingerprint '{root}'"]),
    ]


def _guest(entry: Mapping[str, Any]) -> Guest:
    areas, name, node = entry.get("areas"), entry.get("name"), entry.get("node")
    if not isinstance(areas, list) or not all(isinstance(text, str) for text in (*areas, name, node or "")):
        raise not_a_list("areas, name, node")
    return Guest(tuple(areas), str(name), node)
