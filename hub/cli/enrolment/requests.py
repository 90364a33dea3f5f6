"""`kim-hub enrol list`, `approve` and `refuse`: who waits to have keys entered, and what is decided."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from hub.cli.desk import desk_at
from hub.cli.enrolment.options import BY, entries_of, not_a_list
from hub.cli.enrolment.registry import registry_of
from hub.cli.output import HOME, JSON, LANGUAGE, answer, languages, one_line, reports_problems
from hub.cli.usage import HubCommand
from hub.domain.enrolment import ALARMING_TRIES, EnrolmentKind, EnrolmentState
from hub.services.enrolment.deciding import Decision, approve, refuse
from hub.store.records import Enrolment, Invitation
from protocol.command_line import usage_error
from protocol.keys import PublicKey
from protocol.texts import Text

_NOTHING: Final = Text("Es fehlt die Kennung einer Anmeldung, --rotations oder --list.", "Name a request.")

_KINDS: Final[Mapping[EnrolmentKind, Text]] = {
    EnrolmentKind.ENROL: Text("Anmeldung", "enrolment"),
    EnrolmentKind.ROTATION: Text("Schlüsselwechsel", "change of keys"),
}
_STATES: Final[Mapping[EnrolmentState, Text]] = {
    EnrolmentState.PENDING: Text("wartet auf den Anruf", "waits for the call"),
    EnrolmentState.APPROVED: Text("wartet auf Unterschriften", "waits for signatures"),
    EnrolmentState.ACTIVE: Text("eingetragen", "entered"),
    EnrolmentState.REFUSED: Text("abgelehnt", "refused"),
}
_READ_OUT: Final = Text(
    "Die hinterlegte Nummer der Kommune anrufen und sich den Fingerabdruck vorlesen lassen.",
    "Call the municipality on its registered number and have the fingerprint read out.",
)


@click.command("list", cls=HubCommand)
@HOME
@click.option("--all", "everything", is_flag=True, help="Auch Erledigtes. / What is done, too.")
@JSON
@LANGUAGE
@reports_problems
def list_command(home: Path, *, everything: bool, as_json: bool) -> None:
    """Wartende Anmeldungen und Schlüsselwechsel zeigen. / Show requests and changes of keys that wait.

    Beispiel / Example: kim-hub enrol list
    """
    desk = desk_at(home)
    states = () if everything else (EnrolmentState.PENDING, EnrolmentState.APPROVED)
    with desk.database.read() as unit:
        found = unit.enrolments.all(*states)
        guessed = unit.enrolments.guessed_at(tries=ALARMING_TRIES, now=desk.clock.now())
    answer(
        {
            "enrolments": [_document(one) for one in found],
            "guessed": [{"node": one.node_id, "areas": list(one.areas), "name": one.name} for one in guessed],
        },
        Text(f"Anmeldungen: {len(found)}", f"Requests: {len(found)}"),
        as_json=as_json,
        lines=[*(line for one in found for line in _described(one)), *(_alarm(one) for one in guessed)],
    )


def _alarm(one: Invitation) -> str:
    said = Text(
        f"ALARM: {one.name} ({one.node_id}): {one.wrong_tokens} falsche Token. Nachfragen, ob der Brief da "
        "ist; mit ihm geht die Anmeldung weiterhin.",
        f"ALARM: {one.name} ({one.node_id}): {one.wrong_tokens} wrong tokens. Ask whether the letter is "
        "there; with it, enrolling still works.",
    )
    return one_line(said)


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
        f"{one.id}  {one_line(_KINDS[one.kind])}, {one_line(_STATES[one.state])}",
        f"  {', '.join(one.areas)}  {one.name}  {one.node_id}{known}",
    ]


@click.command("approve", cls=HubCommand)
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
@BY
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
    desk = desk_at(home)
    decisions = [Decision(one, fingerprint or _asked(one, as_json=as_json)) for one in requests]
    if list_file is not None:
        decisions += [_decision(entry) for entry in entries_of(list_file, "id, fingerprint")]
    if rotations:
        with desk.database.read() as unit:
            waiting = unit.enrolments.all(EnrolmentState.PENDING, kind=EnrolmentKind.ROTATION)
        decisions += [Decision(one.id) for one in waiting]
    if not decisions and not rotations:
        raise usage_error(_NOTHING)
    done = approve(desk, decisions, by=by, registry=registry_of(desk))
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
        raise not_a_list("id, fingerprint")
    return Decision(identity, fingerprint)


@click.command("refuse", cls=HubCommand)
@HOME
@click.argument("request")
@BY
@JSON
@LANGUAGE
@reports_problems
def refuse_command(home: Path, *, request: str, by: str, as_json: bool) -> None:
    """Eine Anmeldung ablehnen. / Refuse a request.

    Beispiel / Example: kim-hub enrol refuse 3f0c… --by "B. Beispiel"
    """
    one = refuse(desk_at(home), request, by=by)
    answer(
        {"refused": one.id, "node": one.node_id},
        Text(f"Abgelehnt: {one.name}.", f"Refused: {one.name}."),
        as_json=as_json,
    )
