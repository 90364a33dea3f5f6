"""`kim-hub people`: accounts are made, listed, disabled and reset on the machine of the hub.

The first account is made here: whoever may call this command may read the database anyway.
"""

from pathlib import Path
from typing import Final

import click

from hub.cli.desk import desk_at
from hub.cli.output import HOME, JSON, LANGUAGE, answer, one_line, reports_problems
from hub.cli.usage import HubGroup
from hub.domain.people import OPERATOR, Person
from hub.domain.rights import Role
from hub.services.people import PeopleDesk, make_desk
from hub.services.people.accounts import (
    Invitation,
    NewPerson,
    add_person,
    disable_person,
    people,
    reset_person,
)
from protocol.nouns import Noun
from protocol.texts import Text

_ACCOUNT: Final = Noun(Text("Konto", "account"), Text("Konten", "accounts"))


@click.group("people", cls=HubGroup)
@LANGUAGE
def people_group() -> None:
    """Konten der Menschen, die sich anmelden. / Accounts of the people who log in.

    Beispiel / Example: kim-hub people add anna --role ministry --name "Anna Beispiel"
    """


@people_group.command("add")
@HOME
@click.argument("login")
@click.option("--name", required=True, help="Name der Person. / Name of the person.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="Aufgabe des Kontos. / Task of the account.",
)
@click.option(
    "--area",
    "areas",
    multiple=True,
    help="Gebiet eines Kontos der Rolle municipality; mehrere erlaubt. / "
    "Area of an account of the role municipality; may be repeated.",
)
@JSON
@LANGUAGE
@reports_problems
def add_command(
    home: Path, *, login: str, name: str, role: str, areas: tuple[str, ...], as_json: bool
) -> None:
    """Ein Konto anlegen und seinen Einmal-Link zeigen. / Make an account and show its one-time link.

    Der Link gilt 72 Stunden, einmal: Die Person wählt damit ihr Kennwort. Officer und admin richten danach
    einen zweiten Faktor ein. / The link is good for 72 hours, once: the person chooses a password with it.
    Officers and admins set up a second factor afterwards.

    Beispiel / Example: kim-hub people add koeln --role municipality --name "Köln" --area NW05315
    """
    desk = _desk(home)
    wanted = NewPerson(login, name, Role(role), areas)
    _show(desk, add_person(desk, wanted, actor=OPERATOR), as_json=as_json)


@people_group.command("list")
@HOME
@JSON
@LANGUAGE
@reports_problems
def list_command(home: Path, *, as_json: bool) -> None:
    """Alle Konten zeigen. / Show all accounts.

    Beispiel / Example: kim-hub people list
    """
    found = people(_desk(home))
    accounts = _ACCOUNT.counted(len(found))
    text = Text(f"{accounts.de}.", f"{accounts.en}.")
    if not found:
        text = Text(
            "Keine Konten: Prüfstand, nur auf diesem Rechner.",
            "No accounts: a test bench, on this machine only.",
        )
    answer(
        {"people": [_document(person) for person in found]},
        text,
        as_json=as_json,
        lines=[_line(person) for person in found],
    )


@people_group.command("disable")
@HOME
@click.argument("login")
@JSON
@LANGUAGE
@reports_problems
def disable_command(home: Path, *, login: str, as_json: bool) -> None:
    """Ein Konto sperren; seine Sitzungen enden sofort. / Disable an account; its sessions end at once.

    Beispiel / Example: kim-hub people disable anna
    """
    person = disable_person(_desk(home), login, actor=OPERATOR)
    answer(
        _document(person),
        Text(f"{person.login} ist gesperrt.", f"{person.login} is disabled."),
        as_json=as_json,
    )


@people_group.command("reset")
@HOME
@click.argument("login")
@click.option(
    "--second-factor",
    is_flag=True,
    help="Auch den zweiten Faktor vergessen. / Forget the second factor, too.",
)
@JSON
@LANGUAGE
@reports_problems
def reset_command(home: Path, *, login: str, second_factor: bool, as_json: bool) -> None:
    """Einen neuen Einmal-Link geben; er hebt auch eine Sperre auf. / Give a new link; lifts a lock too.

    Kennwort, Sitzungen und bekannte Browser werden vergessen. / Password, sessions and known browsers are
    forgotten; a disabled account may log in again.

    Beispiel / Example: kim-hub people reset anna --second-factor
    """
    desk = _desk(home)
    invitation = reset_person(desk, login, actor=OPERATOR, second_factor=second_factor)
    _show(desk, invitation, as_json=as_json)


def _desk(home: Path) -> PeopleDesk:
    desk = desk_at(home)
    return make_desk(desk.settings, desk.database, desk.clock)


def _show(desk: PeopleDesk, invitation: Invitation, *, as_json: bool) -> None:
    settings, person = desk.settings, invitation.person
    base = settings.public_url.rstrip("/") or f"http://127.0.0.1:{settings.port}"
    link = f"{base}/einladung/{invitation.token}"
    answer(
        {**_document(person), "link": link},
        Text(
            f"Einmal-Link für {person.login}, 72 Stunden gültig. Nur der Person selbst geben:",
            f"One-time link for {person.login}, good for 72 hours. Give it to the person only:",
        ),
        as_json=as_json,
        lines=[link],
    )


def _document(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "areas": list(person.areas),
        "active": person.active,
        "second_factor": person.has_second_factor,
    }


def _line(person: Person) -> str:
    state = one_line(_state(person))
    return " ".join((f"{person.login:20}", f"{person.role:13}", state, " ", person.name, *person.areas))


def _state(person: Person) -> Text:
    if not person.active:
        return Text("gesperrt", "disabled")
    if not (person.has_password or person.has_provider):
        return Text("eingeladen", "invited")
    return Text("aktiv", "active")
