"""Passwords as argon2id, with the parameters of RFC 9106 section 4 for machines without 2 GiB to spare.

A hash takes 64 MiB, so only a few are worked out at a time: a flood of logins waits, it does not fill the
memory. An unknown name costs exactly as much as a known one: it is compared with a hash nobody knows the
password of.
"""

import threading
import unicodedata
from typing import Final

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

from hub.domain.people import MAX_PASSWORD
from protocol.keys import new_secret_text

_AT_A_TIME: Final = 2


class Passwords:
    """Hashes and compares."""

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY) -> None:
        """Work out the hash that unknown names are compared with.

        Args:
            parameters: of argon2id; stored hashes made with others are made anew at the next login.
        """
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._turns = threading.BoundedSemaphore(_AT_A_TIME)
        self._nobodys = self.hash(new_secret_text())

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
