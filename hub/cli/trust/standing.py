"""`kim-hub trust status` and `withdraw`: what holds, what expires, what waits and what is taken back."""

from pathlib import Path

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems
from hub.cli.trust.desk import officers_desk_at
from hub.cli.trust.printing import both, printed
from hub.cli.trust.real_time import now
from hub.cli.usage import HubCommand
from hub.services.trust.staging import withdraw
from hub.services.trust.standing import Standing, standing
from hub.services.trust.wording import describe_change, describe_officers
from protocol.errors import kim_error
from protocol.texts import Text


@click.command("status", cls=HubCommand)
@HOME
@JSON
@LANGUAGE
@reports_problems
def status_command(home: Path, *, as_json: bool) -> None:
    """Zeigen, was gilt, was abläuft und was wartet. / Show what holds, what expires and what is waiting.

    Beispiel / Example: kim-hub trust status
    """
    desk = officers_desk_at(home)
    found = standing(desk.repository, desk.database)
    if found is None:
        raise kim_error(
            "no_trust_repository",
            Text("Noch ist nichts veröffentlicht.", "Nothing is published yet."),
            remedy=Text(
                "Die erste Datei unterschreiben lassen, dann kim-hub trust publish.",
                "Have the first file signed, then kim-hub trust publish.",
            ),
        )
    lines = _standing_lines(found)
    answer(
        {
            "root_fingerprint": found.fingerprint,
            "versions": dict(found.versions),
            "expires": {role: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for role, moment in found.expires.items()},
            "renew": found.to_renew(now()),
            "witnesses": found.witnesses.members,
            "staged": [
                {"id": item.id, "by": item.actor, "changes": [both(x) for x in describe_change(item.change)]}
                for item in found.staged
            ],
        },
        Text(
            f"Fingerabdruck der Wurzel, für den Anmeldebrief: {found.fingerprint}",
            f"Fingerprint of the root, for the enrolment letter: {found.fingerprint}",
        ),
        as_json=as_json,
        lines=printed(lines),
    )


def _standing_lines(found: Standing) -> list[Text]:
    lines = describe_officers(found.root)
    for role, version in found.versions.items():
        day = f"{found.expires[role]:%Y-%m-%d %H:%M} UTC"
        lines.append(
            Text(f"{role}: Fassung {version}, gilt bis {day}", f"{role}: version {version}, until {day}")
        )
    for role in found.to_renew(now()):
        option = "--renew" if role == "targets" else "--renew-root"
        lines.append(
            Text(
                f"{role} läuft bald ab: kim-hub trust propose {option}",
                f"{role} expires soon: kim-hub trust propose {option}",
            )
        )
    lines += found.witnesses.lines()
    if found.staged:
        lines.append(Text("Warten auf Unterschriften:", "Waiting for signatures:"))
    for item in found.staged:
        heads = Text(f"  Änderung {item.id}: ", f"  Change {item.id}: ")
        for line in describe_change(item.change):
            lines.append(Text(f"{heads.de}{line.de}", f"{heads.en}{line.en}"))
            heads = Text(" " * len(heads.de), " " * len(heads.en))
    return lines


@click.command("withdraw", cls=HubCommand)
@HOME
@click.argument("number", type=int)
@click.option("--by", required=True, metavar="NAME", help="Wer entscheidet. / Who decides.")
@JSON
@LANGUAGE
@reports_problems
def withdraw_command(home: Path, *, number: int, by: str, as_json: bool) -> None:
    """Eine wartende Änderung zurückziehen. / Take back a change that is waiting.

    Die Nummer zeigt kim-hub trust status; unterschriebene Dateien sind danach neu zusammenzustellen. / The
    number is in kim-hub trust status; files that were signed have to be put together anew afterwards.

    Beispiel / Example: kim-hub trust withdraw 17 --by "A. Muster"
    """
    desk = officers_desk_at(home)
    with desk.database.write() as unit:
        withdraw(unit, number, at=desk.clock.now(), actor=by)
    answer(
        {"withdrawn": number},
        Text(f"Änderung {number} ist zurückgezogen.", f"Change {number} is withdrawn."),
        as_json=as_json,
    )
