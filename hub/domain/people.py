"""People: accounts, what a name and a password may look like, how long a session lives, when guessing ends.

Numbers stand here and nowhere else. The rules for passwords are those of NIST SP 800-63B 3.1.1.2: length
counts, mixtures of character classes are not asked for, and nothing is to be changed without a reason.
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.domain.rights import BENCH, OPEN, TWO_FACTORS, Permission, Role, allows
from protocol.errors import kim_error
from protocol.texts import Text

#: Names that the audit trail gives to nobody's account.
OPERATOR: Final = "operator"
BENCH_ACTOR: Final = "bench"
_RESERVED: Final = frozenset({OPERATOR, BENCH_ACTOR, "hub", "anonymous"})
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}", re.ASCII)

SESSION_IDLE: Final = dt.timedelta(minutes=30)
SESSION_LIFE: Final = dt.timedelta(hours=10)
#: A session that waits for its second factor.
HALF_SESSION_LIFE: Final = dt.timedelta(minutes=15)
TICKET_LIFE: Final = dt.timedelta(hours=72)
DEVICE_LIFE: Final = dt.timedelta(days=180)

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
_MIN_DIFFERENT: Final = 5

#: Failures before the first pause: from one network, from everywhere together, in a browser that is known.
ALLOWED_FROM_NETWORK: Final = 5
ALLOWED_FROM_EVERYWHERE: Final = 50
ALLOWED_FROM_DEVICE: Final = 10
FIRST_PAUSE: Final = dt.timedelta(seconds=30)
LONGEST_PAUSE: Final = dt.timedelta(minutes=15)
#: Failures are forgotten after a day without another.
MEMORY: Final = dt.timedelta(hours=24)


class Stage(StrEnum):
    """How far a login has come: `password` still owes the second factor, `full` owes nothing."""

    PASSWORD = "password"  # noqa: S105 -- a stage, no secret
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Person:
    """An account.

    Attributes:
        id: its number.
        login: the name it logs in with and acts under, lower case.
        name: what the person is called.
        role: what it is for.
        active: whether it may log in.
        areas: region ids that an account of a municipality sees; empty for all other roles.
        has_password: whether a password was chosen.
        has_provider: whether it is bound to an account of the OpenID Connect provider.
        has_second_factor: whether an authenticator was confirmed.
        created_at: since when there is it.
        last_login_at: when somebody last logged in with it, or None.
    """

    id: int
    login: str
    name: str
    role: Role
    active: bool
    areas: tuple[str, ...]
    has_password: bool
    has_provider: bool
    has_second_factor: bool
    created_at: dt.datetime
    last_login_at: dt.datetime | None

    @property
    def needs_second_factor(self) -> bool:
        """Whether a password alone is not enough: by role, or because the person wants it."""
        return self.has_second_factor or self.role in TWO_FACTORS


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request.

    Attributes:
        person: the account, or None.
        stage: how far its login has come, or None.
        bench: the hub is a test bench: on loopback, without any account.
    """

    person: Person | None = None
    stage: Stage | None = None
    bench: bool = False

    @property
    def actor(self) -> str:
        """The name under which the audit trail keeps what is done."""
        return self.person.login if self.person else BENCH_ACTOR

    def may(self, permission: Permission) -> bool:
        """Whether the request may be answered."""
        if permission in OPEN:
            return True
        if self.person is not None:
            return self.stage is Stage.FULL and self.person.active and allows(self.person.role, permission)
        return self.bench and permission in BENCH

    def sees(self, area: str) -> bool:
        """Whether deliveries of this area may be shown."""
        if self.may(Permission.DELIVERIES_READ):
            return True
        return self.may(Permission.DELIVERIES_OWN) and self.person is not None and area in self.person.areas


def login_name(text: str) -> str:
    """Return `text` as a login: lower case, without surrounding blanks.

    Raises:
        KimError: `bad_request` for another form, or a name that the audit trail uses itself.
    """
    login = known_login(text)
    if _LOGIN.fullmatch(login) is None or login in _RESERVED:
        raise kim_error(
            "bad_request",
            Text(
                "Ein Anmeldename hat 2 bis 63 Zeichen: Kleinbuchstaben, Ziffern, Punkt und Bindestriche; "
                "einige wenige sind vergeben.",
                "A login has 2 to 63 characters: lower-case letters, digits, dot and hyphens; a few are "
                "taken.",
            ),
            pointer="/login",
        )
    return login


def known_login(text: str) -> str:
    """Return what somebody typed as a login, in the form in which logins are stored."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def display_key(name: str) -> str:
    """Return a name in the form in which two names of one person are equal."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def require_good_password(password: str, *, login: str) -> None:
    """Raise `bad_request` unless a password is long enough and not made of the login or of few characters."""
    text = unicodedata.normalize("NFKC", password)
    if (
        not MIN_PASSWORD <= len(text) <= MAX_PASSWORD
        or len(set(text)) < _MIN_DIFFERENT
        or login in text.casefold()
    ):
        raise kim_error(
            "bad_request",
            Text(
                f"Ein Kennwort hat mindestens {MIN_PASSWORD} Zeichen, {_MIN_DIFFERENT} verschiedene, und "
                "enthält den Anmeldenamen nicht.",
                f"A password has at least {MIN_PASSWORD} characters, {_MIN_DIFFERENT} of them different, and "
                "does not contain the login.",
            ),
            pointer="/password",
            remedy=Text(
                "Einen Satz aus mehreren Wörtern nehmen, oder ein Kennwortprogramm.",
                "Take a phrase of several words, or a password manager.",
            ),
        )


def pause_after(failures: int, allowed: int) -> dt.timedelta | None:
    """Return how long the next attempt has to wait, or None.

    Args:
        failures: failed attempts in a row.
        allowed: how many are free.
    """
    over = failures - allowed
    if over < 0:
        return None
    return min(FIRST_PAUSE * int(2 ** min(over, 10)), LONGEST_PAUSE)
