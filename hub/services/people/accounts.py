"""Accounts: made, disabled, reset; never deleted, because the audit trail names them.

A new account has no password. Its person gets a one-time link, valid for three days, and chooses one, or
binds the account to the ministry's own login. A reset does the same for somebody who has lost password or
authenticator: it ends every session, forgets every browser and, if asked, the second factor.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hub.domain.people import TICKET_LIFE, Person, display_key, login_name
from hub.domain.rights import Role
from hub.services.people.desk import PeopleDesk
from hub.services.people.vault import digest
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import KimError, kim_error
from protocol.keys import new_secret_text
from protocol.regions import AUTHORITY_AREAS, reporting_areas
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Invitation:
    """An account and the secret of its one-time link; whoever has the secret can take the account."""

    person: Person
    token: str

    def __repr__(self) -> str:
        """Show whose it is, not the secret."""
        return f"Invitation({self.person.login!r})"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What is said about a new account; `areas` for a municipality only."""

    login: str
    name: str
    role: Role
    areas: tuple[str, ...] = ()


def add_person(desk: PeopleDesk, wanted: NewPerson, *, actor: str) -> Invitation:
    """Make an account and its one-time link.

    Args:
        desk: where people log in.
        wanted: login, name, role and areas.
        actor: who does it.

    Raises:
        KimError: `bad_request` for a login or name of another form, or areas with a role that has none;
            `unknown_area`; `already_exists` if the login is taken, or an officer of this name is active: two
            officers are two people.
    """
    login, name = login_name(wanted.login), " ".join(wanted.name.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise _bad("/name", Text("Ein Name hat 1 bis 200 Zeichen.", "A name has 1 to 200 characters."))
    areas = _areas(wanted.role, wanted.areas)
    with desk.database.write() as unit:
        if unit.people.by_login(login) is not None:
            raise kim_error(
                "already_exists",
                Text(f"Den Anmeldenamen {login} gibt es schon.", f"The login {login} exists already."),
                remedy=Text(
                    "Einen anderen wählen; Konten werden nie gelöscht, nur gesperrt.",
                    "Choose another; accounts are never deleted, only disabled.",
                ),
            )
        if wanted.role is Role.OFFICER:
            _require_another_person(unit, name)
        number = unit.people.add(login=login, name=name, role=wanted.role, areas=areas, at=desk.clock.now())
        detail = {"role": wanted.role, **({"areas": list(areas)} if areas else {})}
        unit.audit("person.added", login, at=desk.clock.now(), actor=actor, detail=detail)
        return _invite(desk, unit, number)


def people(desk: PeopleDesk) -> Sequence[Person]:
    """Return all accounts, ordered by login."""
    with desk.database.read() as unit:
        return unit.people.all()


def disable_person(desk: PeopleDesk, login: str, *, actor: str) -> Person:
    """Let an account log in no more; its sessions end at once.

    Raises:
        KimError: `not_found`; `last_admin` for the only active one: nobody could undo it.
    """
    with desk.database.write() as unit:
        person = _known(unit, login)
        others = [p for p in unit.people.all() if p.role is Role.ADMIN and p.active and p.id != person.id]
        if person.role is Role.ADMIN and person.active and not others:
            raise kim_error("last_admin")
        if person.active:
            unit.people.change(person.id, active=False)
            unit.audit("person.disabled", person.login, at=desk.clock.now(), actor=actor)
        _forget(unit, person)
        unit.people.drop_ticket(person.id)
        return _known(unit, login)


def reset_person(desk: PeopleDesk, login: str, *, actor: str, second_factor: bool) -> Invitation:
    """Give somebody a new one-time link; a disabled account may log in again with it.

    Args:
        desk: where people log in.
        login: whose.
        actor: who does it.
        second_factor: also forget the authenticator and the recovery codes.

    Raises:
        KimError: `not_found`; `already_exists` if an active officer of this name has come meanwhile.
    """
    with desk.database.write() as unit:
        person = _known(unit, login)
        if person.role is Role.OFFICER and not person.active:
            _require_another_person(unit, person.name)
        changes: dict[str, object] = {
            "active": True,
            "password_hash": None,
            "oidc_issuer": None,
            "oidc_subject": None,
        }
        if second_factor:
            changes |= {"totp_secret": None, "totp_pending": None, "totp_step": None}
            unit.people.set_recovery(person.id, ())
        unit.people.change(person.id, **changes)
        _forget(unit, person)
        detail = {"second_factor": second_factor, "was_active": person.active}
        unit.audit("person.reset", person.login, at=desk.clock.now(), actor=actor, detail=detail)
        return _invite(desk, unit, person.id)


def invited(desk: PeopleDesk, token: str) -> Person:
    """Return whose one-time link this is.

    Raises:
        KimError: `link_expired` if it is nobody's, was used, or is too old: all look alike.
    """
    with desk.database.read() as unit:
        return _of_ticket(desk, unit, token)


def _of_ticket(desk: PeopleDesk, unit: UnitOfWork, token: str) -> Person:
    person = unit.people.ticket(digest(token), now=desk.wall.now())
    if person is None or not person.active:
        raise kim_error("link_expired")
    return person


def use_ticket(desk: PeopleDesk, unit: UnitOfWork, token: str) -> Person:
    """Return whose one-time link this is, and let nobody use it again.

    Raises:
        KimError: as :func:`invited`.
    """
    person = _of_ticket(desk, unit, token)
    unit.people.drop_ticket(person.id)
    return person


def _invite(desk: PeopleDesk, unit: UnitOfWork, number: int) -> Invitation:
    token = new_secret_text()
    unit.people.set_ticket(number, digest(token), expires_at=desk.wall.now() + TICKET_LIFE)
    person = unit.people.get(number)
    if person is None:
        raise RuntimeError("an account that was just stored is not there")
    return Invitation(person, token)


def _forget(unit: UnitOfWork, person: Person) -> None:
    unit.people.drop_sessions(person.id)
    unit.people.drop_devices(person.id)


def _known(unit: UnitOfWork, login: str) -> Person:
    person = unit.people.by_login(login)
    if person is None:
        raise kim_error(
            "not_found",
            Text("Ein solches Konto gibt es nicht.", "There is no such account."),
            remedy=Text("kim-hub people list zeigt alle.", "kim-hub people list shows all."),
        )
    return person


def _areas(role: Role, areas: Collection[str]) -> tuple[str, ...]:
    known = {*AUTHORITY_AREAS, *(area.id for area in reporting_areas())}
    if not {*areas} <= known:
        raise kim_error("unknown_area")
    if bool(areas) != (role is Role.MUNICIPALITY):
        raise _bad(
            "/areas",
            Text(
                "Gebiete gehören zu einem Konto der Rolle municipality, und nur zu einem solchen.",
                "Areas belong to an account with the role municipality, and to no other.",
            ),
        )
    return tuple(dict.fromkeys(areas))


def _require_another_person(unit: UnitOfWork, name: str) -> None:
    key = display_key(name)
    if any(p.active and p.role is Role.OFFICER and display_key(p.name) == key for p in unit.people.all()):
        raise kim_error(
            "already_exists",
            Text(
                "Eine Person dieses Namens ist schon Officer; zwei Officer sind zwei Personen.",
                "A person of this name is an officer already; two officers are two people.",
            ),
            remedy=Text(
                "Haben zwei Personen denselben Namen, etwas hinzufügen, das sie unterscheidet.",
                "If two people have the same name, add what tells them apart.",
            ),
        )


def _bad(pointer: str, detail: Text) -> KimError:
    return kim_error("bad_request", detail, pointer=pointer)
