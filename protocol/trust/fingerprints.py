"""Fingerprints of officers' roots: printed in the enrolment letter, compared by people (SPEC P-150).

A root is told by what its officers have signed, not by who of them signed it: one more signature does not
change it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_DOMAIN: Final = b"kim/1 trust root\x00"
_GROUPS: Final = 8


def root_fingerprint(signed: bytes) -> str:
    """Return 128 bits as eight groups of four hexadecimal digits.

    Args:
        signed: the canonical bytes that the officers have signed.
    """
    digits = hashlib.sha256(_DOMAIN + signed).hexdigest()
    return " ".join(digits[start : start + 4] for start in range(0, 4 * _GROUPS, 4))


def same_fingerprint(typed: str, fingerprint: str) -> bool:
    """Whether what a person typed is the fingerprint; blanks, hyphens and case do not matter."""
    plain = "".join(typed.replace("-", "").split()).lower()
    return hmac.compare_digest(plain.encode(), fingerprint.replace(" ", "").encode())
