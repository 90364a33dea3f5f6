"""Sessions: begun with a fresh random token at every step of a login, kept in the database, ended by time.

The browser has the token, the database its digest: who reads the database cannot become anybody. A token is
never taken from the request: what an attacker has planted in a browser before is worth nothing afterwards.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from hub.domain.people import (
    DEVICE_LIFE,
    HALF_SESSION_LIFE,
    SESSION_IDLE,
    SESSION_LIFE,
    Person,
    Stage,
    Visitor,
)
from hub.services.people.desk import PeopleDesk
from hub.services.people.vault import digest
from hub.store.tables.people import StoredSession
from hub.store.unit_of_work import UnitOfWork
from protocol.keys import new_secret_text

#: A session's last use is written down this often at most.
_TOUCH: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Admission:
    """What a browser gets after a step of a login.

    Attributes:
        person: who it is.
        stage: how far the login has come.
        token: the new session's.
        device: token of a browser that was not known before, or None.
    """

    person: Person
    stage: Stage
    token: str
    device: str | None = None

    def __repr__(self) -> str:
        """Show no token."""
        return f"Admission({self.person.login!r}, {self.stage!r})"


def begin_session(
    desk: PeopleDesk, unit: UnitOfWork, person: Person, stage: Stage, *, old: str | None, device: str | None
) -> Admission:
    """Begin a session in the place of the one that the browser had.

    Args:
        desk: where people log in.
        unit: the transaction.
        person: who it is.
        stage: how far the login has come.
        old: token the browser came with, or None.
        device: token of the browser, or None; one that is not this person's is replaced.
    """
    now = desk.wall.now()
    if old is not None:
        unit.people.drop_session(digest(old))
    unit.people.drop_old_sessions(before=now - SESSION_LIFE)
    token = new_secret_text()
    unit.people.add_session(StoredSession(digest(token), person.id, stage, now, now))
    made = None
    if stage is Stage.FULL:
        unit.people.change(person.id, last_login_at=desk.clock.now())
        if device_of(desk, unit, person, device) is None:
            made = new_secret_text()
            unit.people.add_device(person.id, digest(made), at=now)
    return Admission(person, stage, token, made)


def device_of(desk: PeopleDesk, unit: UnitOfWork, person: Person | None, device: str | None) -> str | None:
    """Return the digest of a browser's token if this person has logged in with it before."""
    if person is None or device is None:
        return None
    stored = digest(device)
    known = unit.people.device_of(stored, since=desk.wall.now() - DEVICE_LIFE)
    return stored if known == person.id else None


def visitor_of(desk: PeopleDesk, token: str | None) -> Visitor:
    """Return who sends a request with this token; what has expired is forgotten."""
    if token is None:
        return desk.nobody()
    stored = digest(token)
    now = desk.wall.now()
    with desk.database.read() as unit:
        session = unit.people.session(stored)
        person = unit.people.get(session.person_id) if session else None
    if session is None or person is None:
        return desk.nobody()
    life = SESSION_LIFE if session.stage is Stage.FULL else HALF_SESSION_LIFE
    if now - session.seen_at >= SESSION_IDLE or now - session.created_at >= life or not person.active:
        end_session(desk, token)
        return desk.nobody()
    if now - session.seen_at > _TOUCH:
        with desk.database.write() as unit:
            unit.people.touch_session(stored, at=now)
    return Visitor(person, session.stage)


def end_session(desk: PeopleDesk, token: str) -> None:
    """Log out."""
    with desk.database.write() as unit:
        unit.people.drop_session(digest(token))


def end_other_sessions(desk: PeopleDesk, person: Person, token: str) -> int:
    """End all sessions of a person but this one, and know no other browser; returns how many ended."""
    with desk.database.write() as unit:
        ended = unit.people.drop_sessions(person.id, but=digest(token))
        unit.audit(
            "person.sessions_ended",
            person.login,
            at=desk.clock.now(),
            actor=person.login,
            detail={"sessions": ended},
        )
    return ended


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One of a person's sessions: when it began, when it was used last, whether it is the present one."""

    began: dt.datetime
    seen: dt.datetime
    current: bool


def sessions_of(desk: PeopleDesk, person: Person, token: str) -> list[OpenSession]:
    """Return the sessions of a person, the newest first; `token` is the present one's."""
    with desk.database.read() as unit:
        return [
            OpenSession(one.created_at, one.seen_at, one.token_sha256 == digest(token))
            for one in unit.people.sessions_of(person.id)
        ]
