"""Reading and writing accounts, their sessions and what proves who they are; tokens stand here as digests."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.domain.people import Person, Stage
from hub.domain.rights import Role
from hub.store import models

_PERSON = models.person
_HAS_ANY = sa.select(sa.exists().select_from(_PERSON))


@dataclass(frozen=True, slots=True)
class Secrets:
    """What proves who somebody is; never shown, never logged.

    Attributes:
        password_hash: argon2id, or None.
        totp_secret: encrypted, or None.
        totp_pending: encrypted, until confirmed, or None.
    """

    password_hash: str | None
    totp_secret: str | None
    totp_pending: str | None

    def __repr__(self) -> str:
        """Show nothing."""
        return "Secrets(…)"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session and whose it is."""

    token_sha256: str
    person_id: int
    stage: Stage
    created_at: dt.datetime
    seen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed attempts that are counted together."""

    failures: int
    last_at: dt.datetime
    blocked_until: dt.datetime | None


class People:
    """Accounts, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    # ------------------------------------------------------------------------------------- accounts

    def exist(self) -> bool:
        """Whether there is any account."""
        return bool(self._connection.execute(_HAS_ANY).scalar_one())

    def all(self) -> list[Person]:
        """Return all accounts, ordered by login."""
        return self._people(sa.true())

    def get(self, person_id: int) -> Person | None:
        """Return an account by its number."""
        return next(iter(self._people(_PERSON.c.id == person_id)), None)

    def by_login(self, login: str) -> Person | None:
        """Return an account by its login."""
        return next(iter(self._people(_PERSON.c.login == login)), None)

    def by_subject(self, issuer: str, subject: str) -> Person | None:
        """Return the account that is bound to one of an OpenID Connect provider."""
        same = (_PERSON.c.oidc_issuer == issuer) & (_PERSON.c.oidc_subject == subject)
        return next(iter(self._people(same)), None)

    def _people(self, condition: sa.ColumnElement[bool]) -> list[Person]:
        rows = self._connection.execute(sa.select(_PERSON).where(condition).order_by(_PERSON.c.login)).all()
        table = models.person_area
        areas: dict[int, list[str]] = {}
        for row in self._connection.execute(
            sa.select(table).where(table.c.person_id.in_([row.id for row in rows])).order_by(table.c.area)
        ):
            areas.setdefault(row.person_id, []).append(row.area)
        return [_person(row, areas.get(row.id, ())) for row in rows]

    def add(self, *, login: str, name: str, role: Role, areas: Collection[str], at: dt.datetime) -> int:
        """Store a new account; IntegrityError if the login is taken."""
        number = self._connection.execute(
            _PERSON.insert()
            .values(login=login, name=name, role=role, active=True, created_at=at)
            .returning(_PERSON.c.id)
        ).scalar_one()
        for area in areas:
            self._connection.execute(models.person_area.insert().values(person_id=number, area=area))
        return int(number)

    def change(self, person_id: int, **values: object) -> None:
        """Change columns of an account."""
        self._connection.execute(_PERSON.update().where(_PERSON.c.id == person_id).values(**values))

    def secrets(self, person_id: int) -> Secrets:
        """Return what proves who an account's person is."""
        row = self._connection.execute(sa.select(_PERSON).where(_PERSON.c.id == person_id)).one()
        return Secrets(row.password_hash, row.totp_secret, row.totp_pending)

    def any_second_factor(self) -> bool:
        """Whether any secret is stored that only the key in `people.key` opens."""
        found = sa.select(sa.exists().where(_PERSON.c.totp_secret.is_not(None)))
        return bool(self._connection.execute(found).scalar_one())

    def use_step(self, person_id: int, step: int) -> bool:
        """Note that the code of a time step was used; False if it, or a later one, was used before."""
        table = _PERSON
        unused = table.c.totp_step.is_(None) | (table.c.totp_step < step)
        done = self._connection.execute(
            table.update().where(table.c.id == person_id, unused).values(totp_step=step)
        )
        return done.rowcount == 1

    # ------------------------------------------------------------------------------- recovery codes

    def set_recovery(self, person_id: int, macs: Collection[str]) -> None:
        """Put recovery codes in the place of all earlier ones."""
        table = models.person_recovery
        self._connection.execute(table.delete().where(table.c.person_id == person_id))
        for mac in macs:
            self._connection.execute(table.insert().values(person_id=person_id, code_mac=mac))

    def use_recovery(self, person_id: int, mac: str) -> bool:
        """Take a recovery code away; False if there is none such."""
        table = models.person_recovery
        done = self._connection.execute(
            table.delete().where(table.c.person_id == person_id, table.c.code_mac == mac)
        )
        return done.rowcount == 1

    def recovery_left(self, person_id: int) -> int:
        """Return how many recovery codes are left."""
        table = models.person_recovery
        found = sa.select(sa.func.count()).select_from(table).where(table.c.person_id == person_id)
        return int(self._connection.execute(found).scalar_one())

    # -------------------------------------------------------------------------------- one-time links

    def set_ticket(self, person_id: int, token_sha256: str, *, expires_at: dt.datetime) -> None:
        """Put a one-time link in the place of an earlier one."""
        self.drop_ticket(person_id)
        self._connection.execute(
            models.person_ticket.insert().values(
                token_sha256=token_sha256, person_id=person_id, expires_at=expires_at
            )
        )

    def drop_ticket(self, person_id: int) -> None:
        """Take the one-time link of an account away."""
        table = models.person_ticket
        self._connection.execute(table.delete().where(table.c.person_id == person_id))

    def ticket(self, token_sha256: str, *, now: dt.datetime) -> Person | None:
        """Return whose one-time link this is, unless it has expired."""
        table = models.person_ticket
        found = self._connection.execute(
            sa.select(table.c.person_id).where(table.c.token_sha256 == token_sha256, table.c.expires_at > now)
        ).scalar_one_or_none()
        return None if found is None else self.get(found)

    # -------------------------------------------------------------------------------------- devices

    def add_device(self, person_id: int, token_sha256: str, *, at: dt.datetime) -> None:
        """Note a browser in which somebody has logged in."""
        self._connection.execute(
            models.person_device.insert().values(token_sha256=token_sha256, person_id=person_id, added_at=at)
        )

    def device_of(self, token_sha256: str, *, since: dt.datetime) -> int | None:
        """Return the number of the account that has logged in there since some moment."""
        table = models.person_device
        found: int | None = self._connection.execute(
            sa.select(table.c.person_id).where(table.c.token_sha256 == token_sha256, table.c.added_at > since)
        ).scalar_one_or_none()
        return found

    def drop_devices(self, person_id: int) -> None:
        """Know no browser of an account any more."""
        table = models.person_device
        self._connection.execute(table.delete().where(table.c.person_id == person_id))

    # ------------------------------------------------------------------------------------- sessions

    def add_session(self, session: StoredSession) -> None:
        """Store a new session."""
        self._connection.execute(
            models.person_session.insert().values(
                token_sha256=session.token_sha256,
                person_id=session.person_id,
                stage=session.stage,
                created_at=session.created_at,
                seen_at=session.seen_at,
            )
        )

    def session(self, token_sha256: str) -> StoredSession | None:
        """Return a session, however old."""
        table = models.person_session
        row = self._connection.execute(
            sa.select(table).where(table.c.token_sha256 == token_sha256)
        ).one_or_none()
        return None if row is None else _session(row)

    def sessions_of(self, person_id: int) -> list[StoredSession]:
        """Return the sessions of an account, the newest first."""
        table = models.person_session
        found = sa.select(table).where(table.c.person_id == person_id).order_by(table.c.created_at.desc())
        return [_session(row) for row in self._connection.execute(found)]

    def touch_session(self, token_sha256: str, *, at: dt.datetime) -> None:
        """Note that a session is in use."""
        table = models.person_session
        self._connection.execute(
            table.update().where(table.c.token_sha256 == token_sha256).values(seen_at=at)
        )

    def drop_session(self, token_sha256: str) -> None:
        """End a session."""
        table = models.person_session
        self._connection.execute(table.delete().where(table.c.token_sha256 == token_sha256))

    def drop_sessions(self, person_id: int, *, but: str = "") -> int:
        """End the sessions of an account, except one; returns how many."""
        table = models.person_session
        done = self._connection.execute(
            table.delete().where(table.c.person_id == person_id, table.c.token_sha256 != but)
        )
        return done.rowcount

    def drop_old_sessions(self, *, before: dt.datetime) -> None:
        """Forget sessions that began before a moment."""
        table = models.person_session
        self._connection.execute(table.delete().where(table.c.created_at < before))

    # ------------------------------------------------------------------------------------- attempts

    def attempts(self, bucket: str) -> Attempts | None:
        """Return what was counted in a bucket."""
        table = models.login_attempt
        row = self._connection.execute(sa.select(table).where(table.c.bucket == bucket)).one_or_none()
        return None if row is None else Attempts(row.failures, row.last_at, row.blocked_until)

    def set_attempts(self, bucket: str, attempts: Attempts) -> None:
        """Count anew."""
        self.drop_attempts([bucket])
        self._connection.execute(
            models.login_attempt.insert().values(
                bucket=bucket,
                failures=attempts.failures,
                last_at=attempts.last_at,
                blocked_until=attempts.blocked_until,
            )
        )

    def drop_attempts(self, buckets: Collection[str]) -> None:
        """Forget what was counted."""
        table = models.login_attempt
        self._connection.execute(table.delete().where(table.c.bucket.in_(buckets)))

    def forget_attempts(self, *, before: dt.datetime) -> None:
        """Forget what was counted long ago."""
        table = models.login_attempt
        self._connection.execute(table.delete().where(table.c.last_at < before))


def _person(row: sa.Row[Any], areas: Collection[str]) -> Person:
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        areas=tuple(areas),
        has_password=row.password_hash is not None,
        has_provider=row.oidc_subject is not None,
        has_second_factor=row.totp_secret is not None,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
    )


def _session(row: sa.Row[Any]) -> StoredSession:
    return StoredSession(row.token_sha256, row.person_id, Stage(row.stage), row.created_at, row.seen_at)
