"""`kim-hub enrol` and `kim-hub suspend`: how nodes come to their keys, and how they lose them.

What is decided here is prepared for the officers' signatures where officers govern the hub, and takes effect
at once on a test bench. A token is printed once, on standard output; it is in no log and no file.
"""

import datetime as dt
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, languages, reports_problems, settings_of_hub
from hub.cli.usage import HubCommand, HubGroup
from hub.clock import Clock, clock_on
from hub.domain.enrolment import INVITATION_TRIES, EnrolmentKind, EnrolmentState
from hub.domain.jobs import NoQueue
from hub.services.enrolment.deciding import BenchRegistry, Decision, Registry, approve, refuse, revoke_keys
from hub.services.enrolment.inviting import Guest, Invited, invite
from hub.services.enrolment.suspending import suspend
from hub.services.trust.governance import is_governed
from hub.services.trust.repository import Repository, published_directory
from hub.services.trust.staging import OfficersRegistry
from hub.services.trust.verifying import fingerprint
from hub.settings import HubSettings
from hub.store import schema
from hub.store.engine import make_engine
from hub.store.records import Enrolment, Invitation
from hub.store.unit_of_work import Database
from protocol.command_line import usage_error
from protocol.errors import kim_error
from protocol.keys import PublicKey
from protocol.texts import Text

_BY: Final = click.option("--by", required=True, metavar="NAME", help="Wer entscheidet. / Who decides.")
_NOT_NAMED: Final = Text("Es fehlt --area und --name, oder --list.", "Name --area and --name, or --list.")
_NOTHING: Final = Text("Es fehlt die Kennung einer Anmeldung, --rotations oder --list.", "Name a request.")
_READ_OUT: Final = Text(
    "Die hinterlegte Nummer der Kommune anrufen und sich den Fingerabdruck vorlesen lassen.",
    "Call the municipality on its registered number and have the fingerprint read out.",
)


@dataclass(frozen=True, slots=True)
class _Desk:
    """All of a hub that an officer needs."""

    settings: HubSettings
    database: Database
    clock: Clock

    @property
    def registry(self) -> Registry:
        """Where decisions go."""
        if not is_governed(self.settings.home):
            return BenchRegistry()
        return OfficersRegistry(published_directory(self.settings.home, self.settings.audience))


def _desk(home: Path) -> _Desk:
    settings = settings_of_hub(home)
    engine = make_engine(settings.sqlalchemy_url)
    schema.require_known(engine)
    return _Desk(settings, Database(engine, NoQueue()), clock_on(settings.date))


@click.group("enrol", cls=HubGroup)
def enrol_group() -> None:
    """Knoten einladen, Schlüssel freigeben und entziehen. / Invite nodes, approve and revoke keys."""


@enrol_group.command("invite", cls=HubCommand)
@HOME
@click.option("--area", "areas", multiple=True, help="Gebiet, z. B. NW05111. / Area.")
@click.option("--name", help="Name der Kommune. / Name of the municipality.")
@click.option("--node", help="Knotenkennung; sonst eine neue. / Node id; else a new one.")
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON-Liste mit areas, name und, wenn bekannt, node. / JSON list with areas, name and node.",
)
@_BY
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
        guests = [_guest(entry) for entry in _list_of(list_file, "areas, name, node")]
    elif areas and name:
        guests = [Guest(areas, name, node)]
    else:
        raise usage_error(_NOT_NAMED)
    desk = _desk(home)
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
            f"{len(invited)} Einladung(en). Die Token stehen nirgends sonst; nach {INVITATION_TRIES} "
            "Fehlversuchen ist eine Einladung gesperrt.",
            f"{len(invited)} invitation(s). The tokens are nowhere else; after {INVITATION_TRIES} failures "
            "an invitation is locked.",
        ),
        as_json=as_json,
        lines=[line for one in invited for line in _letter(one, desk.settings.audience, root)],
    )


def _root_fingerprint(desk: _Desk) -> str | None:
    """What the letter says about the key officers; None on a test bench and before their first version."""
    repository = Repository(desk.settings.home)
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
        raise _not_a_list("areas, name, node")
    return Guest(tuple(areas), str(name), node)


@enrol_group.command("list", cls=HubCommand)
@HOME
@click.option("--all", "everything", is_flag=True, help="Auch Erledigtes. / What is done, too.")
@JSON
@LANGUAGE
@reports_problems
def list_command(home: Path, *, everything: bool, as_json: bool) -> None:
    """Wartende Anmeldungen und Schlüsselwechsel zeigen. / Show what waits.

    Beispiel / Example: kim-hub enrol list
    """
    desk = _desk(home)
    states = () if everything else (EnrolmentState.PENDING, EnrolmentState.APPROVED)
    with desk.database.read() as unit:
        found = unit.enrolments.all(*states)
        locked = unit.enrolments.locked()
    answer(
        {
            "enrolments": [_document(one) for one in found],
            "locked": [{"node": one.node_id, "areas": list(one.areas), "name": one.name} for one in locked],
        },
        Text(f"{len(found)} Anmeldung(en).", f"{len(found)} request(s)."),
        as_json=as_json,
        lines=[*(line for one in found for line in _described(one)), *(_alarm(one) for one in locked)],
    )


def _alarm(one: Invitation) -> str:
    said = Text(
        f"ALARM: {one.name} ({one.node_id}): nach falschen Token gesperrt. Nachfragen und neu einladen.",
        f"ALARM: {one.name} ({one.node_id}): locked after wrong tokens. Ask, and invite anew.",
    )
    return " / ".join(said.in_(language) for language in languages())


def _document(one: Enrolment) -> dict[str, Any]:
    key = PublicKey.from_hex(one.sign_key)
    return {
        "id": one.id,
        "kind": one.kind,
        "state": one.state,
        "node": one.node_id,
        "areas": list(one.areas),
        "name": one.name,
        "keyid": key.keyid,
        "fingerprint": key.fingerprint(),
        "received": one.received_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _described(one: Enrolment) -> list[str]:
    key = PublicKey.from_hex(one.sign_key)
    # The fingerprint of a first request is not shown beside its id: it is read out by the other side, and
    # whoever has it on the screen would compare with half an ear.
    known = f"  {key.fingerprint()}" if one.kind is EnrolmentKind.ROTATION else ""
    return [
        f"{one.id}  {one.kind}  {one.state}",
        f"  {', '.join(one.areas)}  {one.name}  {one.node_id}{known}",
    ]


@enrol_group.command("approve", cls=HubCommand)
@HOME
@click.argument("requests", nargs=-1, metavar="[ID]...")
@click.option("--fingerprint", help="Wie am Telefon vorgelesen. / As read out on the telephone.")
@click.option("--rotations", is_flag=True, help="Alle Schlüsselwechsel. / All changes of keys.")
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON-Liste mit id und fingerprint. / JSON list with id and fingerprint.",
)
@_BY
@JSON
@LANGUAGE
@reports_problems
def approve_command(
    home: Path,
    *,
    requests: tuple[str, ...],
    fingerprint: str | None,
    rotations: bool,
    list_file: Path | None,
    by: str,
    as_json: bool,
) -> None:
    """Anmeldungen freigeben. / Approve requests.

    Vorher die Kommune unter ihrer hinterlegten Nummer anrufen: Was sie vorliest, wird hier eingegeben. Ein
    Schlüsselwechsel braucht keinen Anruf. / Call the municipality first: what it reads out is entered here.

    Beispiel / Example: kim-hub enrol approve 3f0c… --fingerprint "71ac 09be …" --by "B. Beispiel"
    """
    desk = _desk(home)
    decisions = [Decision(one, fingerprint or _asked(one, as_json=as_json)) for one in requests]
    if list_file is not None:
        decisions += [_decision(entry) for entry in _list_of(list_file, "id, fingerprint")]
    if rotations:
        with desk.database.read() as unit:
            waiting = unit.enrolments.all(EnrolmentState.PENDING, kind=EnrolmentKind.ROTATION)
        decisions += [Decision(one.id) for one in waiting]
    if not decisions and not rotations:
        raise usage_error(_NOTHING)
    done = approve(desk, decisions, by=by, registry=desk.registry)
    waits = any(state is EnrolmentState.APPROVED for _, state in done)
    said = Text(f"{len(done)} freigegeben.", f"{len(done)} approved.")
    signed = Text(
        "Es gilt, sobald zwei Beauftragte unterschrieben haben (kim-hub trust sign) und veröffentlicht ist.",
        "It counts once two officers have signed (kim-hub trust sign) and it is published.",
    )
    answer(
        {"approved": [{**_document(one), "state": state} for one, state in done]},
        Text(f"{said.de} {signed.de}", f"{said.en} {signed.en}") if waits else said,
        as_json=as_json,
    )


def _asked(request: str, *, as_json: bool) -> str | None:
    if as_json or sys.stdin is None or not sys.stdin.isatty():
        return None
    for language in languages():
        click.echo(_READ_OUT.in_(language))
    return str(click.prompt(request[:12], default="", show_default=False))


def _decision(entry: Mapping[str, Any]) -> Decision:
    identity, fingerprint = entry.get("id"), entry.get("fingerprint")
    if not isinstance(identity, str) or not isinstance(fingerprint or "", str):
        raise _not_a_list("id, fingerprint")
    return Decision(identity, fingerprint)


@enrol_group.command("refuse", cls=HubCommand)
@HOME
@click.argument("request")
@_BY
@JSON
@LANGUAGE
@reports_problems
def refuse_command(home: Path, *, request: str, by: str, as_json: bool) -> None:
    """Eine Anmeldung ablehnen. / Refuse a request.

    Beispiel / Example: kim-hub enrol refuse 3f0c… --by "B. Beispiel"
    """
    one = refuse(_desk(home), request, by=by)
    answer(
        {"refused": one.id, "node": one.node_id},
        Text(f"Abgelehnt: {one.name}.", f"Refused: {one.name}."),
        as_json=as_json,
    )


@enrol_group.command("revoke", cls=HubCommand)
@HOME
@click.argument("keyid")
@click.option(
    "--compromised-since",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]),
    help="Ab wann er in fremden Händen war, UTC. / From when on it was in other hands, UTC.",
)
@click.option("--superseded", is_flag=True, help="Nur ersetzt, nie fremd. / Merely replaced.")
@_BY
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
    desk = _desk(home)
    since = None if compromised_since is None else compromised_since.replace(tzinfo=dt.UTC)
    node = revoke_keys(desk, keyid, by=by, registry=desk.registry, compromised_since=since)
    waits = desk.registry.takes_effect is EnrolmentState.APPROVED
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
@_BY
@JSON
@LANGUAGE
@reports_problems
def suspend_command(home: Path, *, node: str, reason: str, lift: bool, by: str, as_json: bool) -> None:
    """Einen Knoten sofort sperren. / Suspend a node at once.

    Eine Person genügt: Es sperrt nur, und was angenommen ist, bleibt. / One person is enough: it only blocks.

    Beispiel / Example: kim-hub suspend node-7f3a --reason "Notebook gestohlen" --by "A. Muster"
    """
    changed = suspend(_desk(home), node, reason=reason, by=by, lift=lift)
    said = (
        Text("Der Knoten darf wieder liefern.", "The node may deliver again.")
        if lift
        else Text("Der Knoten ist gesperrt.", "The node is suspended.")
    )
    answer({"node": node, "suspended": not lift, "changed": changed}, said, as_json=as_json)


def _list_of(file: Path, members: str) -> list[dict[str, Any]]:
    try:
        entries = json.loads(file.read_bytes())
    except ValueError:
        entries = None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise _not_a_list(members)
    return entries


def _not_a_list(members: str) -> Exception:
    return kim_error(
        "bad_request",
        Text(
            f"Erwartet wird eine JSON-Liste von Objekten mit {members}.",
            f"Expected is a JSON list of objects with {members}.",
        ),
    )
