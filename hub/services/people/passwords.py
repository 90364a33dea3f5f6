"""Passwords as argon2id, with the parameters of RFC 9106 section 4 for machines without 2 GiB to spare.

A hash takes 64 MiB and a tenth of a second, so only two are worked out at a time, and only a few requests
may wait for that: a flood of logins is told to come again, it fills neither the memory nor all threads of the
server. An unknown name costs exactly as much as a known one: it is compared with a hash nobody knows the
password of.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

from hub.domain.people import MAX_PASSWORD
from protocol.errors import kim_error
from protocol.keys import new_secret_text

_AT_A_TIME: Final = 2
_IN_LINE: Final = 5


class Passwords:
    """Hashes and compares."""

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY) -> None:
        """Work out the hash that unknown names are compared with.

        Args:
            parameters: of argon2id; stored hashes made with others are made anew at the next login.
        """
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._turns = threading.BoundedSemaphore(_AT_A_TIME)
        self._line = threading.BoundedSemaphore(_IN_LINE)
        self._nobodys = self.hash(new_secret_text())

    @contextmanager
    def in_line(self) -> Iterator[None]:
        """Stand in line for what hashes and compares within; before anything is counted.

        Raises:
            KimError: `busy` if too many are in line.
        """
        if not self._line.acquire(blocking=False):
            raise kim_error("busy")
        try:
            yield
        finally:
            self._line.release()

    def hash(self, password: str) -> str:
        """Return the argon2id hash, with parameters and salt."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def fits(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one of a hash; None is nobody's, and costs the same."""
        text = _normal(password)[: MAX_PASSWORD + 1]
        with self._turns:
            try:
                self._hasher.verify(stored or self._nobodys, text)
            except (Argon2Error, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    # However a keyboard composes an umlaut: NIST SP 800-63B 3.1.1.2.
    return unicodedata.normalize("NFKC", password)
