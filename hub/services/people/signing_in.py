"""Log in with a password, choose one, change it.

The steps of a login, in this order:

1. count the attempt (`throttling`), known name or not;
2. compare the password: the same work for a name that does not exist, is disabled or has no password;
3. refuse all of these with the same words;
4. begin a session: `full`, or `password` if the account needs a second factor.

A name that does not exist is written down nowhere: it may be a password typed into the wrong field.
"""

from hub.domain.people import Person, Stage, known_login, require_good_password
from hub.services.people.accounts import invited, use_ticket
from hub.services.people.desk import PeopleDesk
from hub.services.people.sessions import Admission, begin_session, device_of
from hub.services.people.throttling import attempt_was_right, attempt_was_wrong, begin_attempt, buckets_of
from protocol.errors import kim_error
from protocol.texts import Text


def sign_in(
    desk: PeopleDesk, login: str, password: str, *, old: str | None, device: str | None, network: str
) -> Admission:
    """Log in with a password.

    Args:
        desk: where people log in.
        login: as typed.
        password: as typed.
        old: token of the session that the browser has, or None.
        device: token of the browser, or None.
        network: the address the request came from.

    Raises:
        KimError: `busy`, `login_paused`, or `login_refused` for whatever was wrong.
    """
    with desk.passwords.in_line():
        return _sign_in(desk, known_login(login)[:64], password, old=old, device=device, network=network)


def _sign_in(
    desk: PeopleDesk, name: str, password: str, *, old: str | None, device: str | None, network: str
) -> Admission:
    with desk.database.read() as unit:
        person = unit.people.by_login(name)
        stored = unit.people.secrets(person.id).password_hash if person else None
        known = device_of(desk, unit, person, device)
    buckets = buckets_of(desk, "password", name, device=known, network=network)
    begin_attempt(desk, buckets)  # 1.
    right = desk.passwords.fits(password, stored)  # 2.
    if person is None or not right or not person.active:  # 3.
        with desk.database.write() as unit:
            attempt_was_wrong(unit, buckets)
            if person is not None:
                unit.audit("login.refused", person.login, at=desk.clock.now(), actor="anonymous")
        raise kim_error("login_refused")
    fresh = desk.passwords.hash(password) if stored and desk.passwords.is_outdated(stored) else None
    with desk.database.write() as unit:  # 4.
        current = unit.people.get(person.id)
        if current is None or not current.active or unit.people.secrets(person.id).password_hash != stored:
            raise kim_error("login_refused")  # disabled or reset in this very moment
        attempt_was_right(unit, buckets)
        if fresh is not None:
            unit.people.change(person.id, password_hash=fresh)
        stage = Stage.PASSWORD if current.needs_second_factor else Stage.FULL
        if stage is Stage.FULL:
            unit.audit("login.succeeded", person.login, at=desk.clock.now(), actor=person.login)
        return begin_session(desk, unit, current, stage, old=old, device=device)


def choose_password(
    desk: PeopleDesk, token: str, password: str, *, old: str | None, device: str | None
) -> Admission:
    """Choose a password with a one-time link, and log in.

    Raises:
        KimError: `link_expired`; `busy`, or `bad_request` for a weak password: the link stays good then.
    """
    require_good_password(password, login=invited(desk, token).login)
    with desk.passwords.in_line():
        stored = desk.passwords.hash(password)
    with desk.database.write() as unit:
        person = use_ticket(desk, unit, token)
        unit.people.change(person.id, password_hash=stored)
        unit.people.drop_sessions(person.id)
        unit.audit("person.password_chosen", person.login, at=desk.clock.now(), actor=person.login)
        stage = Stage.PASSWORD if person.needs_second_factor else Stage.FULL
        return begin_session(desk, unit, person, stage, old=old, device=device)


def change_password(
    desk: PeopleDesk, person: Person, current: str, new: str, *, old: str, device: str | None, network: str
) -> Admission:
    """Change one's own password; all other sessions end.

    Raises:
        KimError: `busy`, `login_paused`, `login_refused` if the present password is another, or
            `bad_request` if the new one is too weak.
    """
    with desk.database.read() as unit:
        stored = unit.people.secrets(person.id).password_hash
        known = device_of(desk, unit, person, device)
    buckets = buckets_of(desk, "password", person.login, device=known, network=network)
    with desk.passwords.in_line():
        begin_attempt(desk, buckets)
        if not desk.passwords.fits(current, stored):
            raise kim_error(
                "login_refused",
                Text("Das bisherige Kennwort stimmt nicht.", "The present password is not right."),
            )
        require_good_password(new, login=person.login)
        fresh = desk.passwords.hash(new)
    with desk.database.write() as unit:
        attempt_was_right(unit, buckets)
        unit.people.change(person.id, password_hash=fresh)
        unit.people.drop_sessions(person.id)
        unit.people.drop_devices(person.id)
        unit.audit("person.password_changed", person.login, at=desk.clock.now(), actor=person.login)
        return begin_session(desk, unit, person, Stage.FULL, old=old, device=None)
