"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for when it is lost.

A code is good for its step of 30 seconds and the one before and after it, once: the step that was used last
is kept, and it, or an earlier one, is refused (RFC 6238 section 5.2). The secret is encrypted at rest.
Recovery codes have 50 random bits, are kept as HMAC, and each is good once.
"""

import base64
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hub.domain.people import Person, Stage
from hub.services.people.desk import PeopleDesk
from hub.services.people.sessions import Admission, begin_session, device_of
from hub.services.people.throttling import attempt_was_right, begin_attempt, buckets_of
from hub.services.people.vault import digest
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import KimError, kim_error
from protocol.keys import new_secret_key
from protocol.texts import Text

STEP_SECONDS: Final = 30
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
_SECRET_BYTES: Final = 20  # RFC 4226 section 4: 160 bits
_RECOVERY_CHARACTERS: Final = 10
_ISSUER: Final = "KIM-Datenverbund"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator has to learn: the secret in base 32, and the same as an address for a QR code."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        """Show nothing."""
        return "Enrolment(…)"


def begin_enrolment(desk: PeopleDesk, person: Person, *, session: str) -> Enrolment:
    """Return a new secret, or the one that was begun with in the same session and not confirmed yet.

    What somebody else has seen with a stolen password is never what the person confirms.

    Args:
        desk: where people log in.
        person: whose.
        session: token of the browser's session.

    Raises:
        KimError: `already_exists` if there is a confirmed one: it is not replaced by whoever has a session.
    """
    if person.has_second_factor:
        raise _enrolled()
    purpose = _pending_purpose(person, session)
    with desk.database.write() as unit:
        pending = unit.people.secrets(person.id).totp_pending
        secret = desk.vault.open(pending, purpose) if pending else None
        if secret is None:
            secret = new_secret_key()[:_SECRET_BYTES]
            unit.people.change(person.id, totp_pending=desk.vault.seal(secret, purpose))
    return Enrolment(
        secret=base64.b32encode(secret).decode(),
        uri=_totp(secret).get_provisioning_uri(person.login, _ISSUER),
    )


def confirm_enrolment(
    desk: PeopleDesk, person: Person, code: str, *, old: str, device: str | None, network: str
) -> tuple[Admission, tuple[str, ...]]:
    """Take an authenticator that shows the right code into use.

    Returns:
        The new session, which owes nothing any more, and the recovery codes; they are shown once.

    Raises:
        KimError: `login_paused`, `code_refused`, or `already_exists`.
    """
    buckets = buckets_of(desk, "code", person.login, device=None, network=network)
    begin_attempt(desk, buckets)
    with desk.database.write() as unit:
        if unit.people.secrets(person.id).totp_secret is not None:
            raise _enrolled()
        pending = unit.people.secrets(person.id).totp_pending
        secret = desk.vault.open(pending, _pending_purpose(person, old)) if pending else None
        step = None if secret is None else _step_of(desk, secret, code)
        if secret is None or step is None:
            raise kim_error("code_refused")
        attempt_was_right(unit, buckets)
        sealed = desk.vault.seal(secret, _purpose(person))
        unit.people.change(person.id, totp_secret=sealed, totp_pending=None, totp_step=step)
        codes = _new_recovery(desk, unit, person)
        unit.people.drop_sessions(person.id)
        at = desk.clock.now()
        unit.audit("person.second_factor_added", person.login, at=at, actor=person.login)
        unit.audit("login.succeeded", person.login, at=at, actor=person.login)
        current = unit.people.get(person.id) or person
        return begin_session(desk, unit, current, Stage.FULL, old=old, device=device), codes


def give_code(
    desk: PeopleDesk, person: Person, code: str, *, old: str, device: str | None, network: str
) -> Admission:
    """Finish a login with a code of the authenticator, or a recovery code.

    Raises:
        KimError: `login_paused`, or `code_refused` for a code that is wrong, expired or was used before.
    """
    with desk.database.read() as unit:
        known = device_of(desk, unit, person, device)
    buckets = buckets_of(desk, "code", person.login, device=known, network=network)
    begin_attempt(desk, buckets)
    with desk.database.write() as unit:
        how = _used(desk, unit, person, code)
        if how is not None:
            attempt_was_right(unit, buckets)
            detail = {"second_factor": how}
            unit.audit(
                "login.succeeded", person.login, at=desk.clock.now(), actor=person.login, detail=detail
            )
            return begin_session(desk, unit, person, Stage.FULL, old=old, device=device)
        detail = {"second_factor": "refused"}
        unit.audit("login.refused", person.login, at=desk.clock.now(), actor="anonymous", detail=detail)
    raise kim_error("code_refused")


def new_recovery_codes(desk: PeopleDesk, person: Person, code: str, *, network: str) -> tuple[str, ...]:
    """Put new recovery codes in the place of the earlier ones, against a fresh code of the authenticator.

    Raises:
        KimError: `login_paused`, or `code_refused`.
    """
    buckets = buckets_of(desk, "code", person.login, device=None, network=network)
    begin_attempt(desk, buckets)
    with desk.database.write() as unit:
        if _used(desk, unit, person, code) != "code":
            raise kim_error("code_refused")
        attempt_was_right(unit, buckets)
        unit.audit("person.recovery_codes", person.login, at=desk.clock.now(), actor=person.login)
        return _new_recovery(desk, unit, person)


def recovery_codes_left(desk: PeopleDesk, person: Person) -> int:
    """Return how many recovery codes a person has left."""
    with desk.database.read() as unit:
        return unit.people.recovery_left(person.id)


def _used(desk: PeopleDesk, unit: UnitOfWork, person: Person, code: str) -> str | None:
    """Use up a code; return what it was, or None if it is not good (any more)."""
    typed = "".join(code.split()).replace("-", "").upper()
    if len(typed) == _RECOVERY_CHARACTERS:
        right = unit.people.use_recovery(person.id, _recovery_mac(desk, person, typed))
        return "recovery_code" if right else None
    sealed = unit.people.secrets(person.id).totp_secret
    secret = desk.vault.open(sealed, _purpose(person)) if sealed else None
    step = None if secret is None else _step_of(desk, secret, typed)
    return "code" if step is not None and unit.people.use_step(person.id, step) else None


def _step_of(desk: PeopleDesk, secret: bytes, code: str) -> int | None:
    """Return the time step whose code this is, among the present one and its neighbours."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == DIGITS):
        return None
    totp = _totp(secret)
    now = int(desk.wall.now().timestamp()) // STEP_SECONDS
    for step in (now, now - 1, now + 1):
        try:
            totp.verify(typed.encode(), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step
    return None


def _totp(secret: bytes) -> TOTP:
    # SHA-1 is what every authenticator understands; HMAC does not need its resistance to collisions.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303


def _new_recovery(desk: PeopleDesk, unit: UnitOfWork, person: Person) -> tuple[str, ...]:
    codes = [
        base64.b32encode(new_secret_key()).decode()[:_RECOVERY_CHARACTERS] for _ in range(RECOVERY_CODES)
    ]
    unit.people.set_recovery(person.id, [_recovery_mac(desk, person, code) for code in codes])
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def _recovery_mac(desk: PeopleDesk, person: Person, code: str) -> str:
    return desk.vault.mac("recovery", str(person.id), code)


def _purpose(person: Person) -> str:
    return f"totp {person.id}"


def _pending_purpose(person: Person, session: str) -> str:
    return f"totp {person.id} in session {digest(session)}"


def _enrolled() -> KimError:
    return kim_error(
        "already_exists",
        Text(
            "Für dieses Konto ist schon ein zweiter Faktor eingerichtet.",
            "This account has a second factor already.",
        ),
        remedy=Text(
            "Ist das Gerät verloren: mit einem Wiederherstellungscode anmelden oder das Konto zurücksetzen "
            "lassen.",
            "If the device is lost: log in with a recovery code, or have the account reset.",
        ),
    )
