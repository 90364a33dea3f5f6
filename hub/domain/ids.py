"""Identifiers that come in from outside, and the one form each may have.

File names are only ever made from these: lower-case hex of a fixed length, or digits.
"""

import re
from typing import Final, NewType

from protocol.errors import kim_error
from protocol.texts import Text

#: Hex SHA-256 of the signed bytes: idempotency key, replay key and link of the revision chain.
SubmissionId = NewType("SubmissionId", str)
#: Hex SHA-256 of some bytes.
Sha256 = NewType("Sha256", str)

_HEX64: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NODE_ID: Final = re.compile(r"node-[0-9a-z][0-9a-z-]{0,58}", re.ASCII)


def is_sha256(text: str) -> bool:
    """Whether `text` is 64 lower-case hex digits."""
    return _HEX64.fullmatch(text) is not None


def submission_id(text: str) -> SubmissionId:
    """Return `text` as an id; anything malformed is `not_found`, like an id nobody announced."""
    if not is_sha256(text):
        raise kim_error("not_found")
    return SubmissionId(text)


def node_id(text: str) -> str:
    """Return `text` if it is `node-` and lower-case letters, digits and hyphens, else raise `bad_request`."""
    if _NODE_ID.fullmatch(text) is None:
        raise kim_error(
            "bad_request",
            Text(
                "Eine Knotenkennung hat die Form node-… mit Kleinbuchstaben, Ziffern und Bindestrichen.",
                "A node id has the form node-… with lower-case letters, digits and hyphens.",
            ),
        )
    return text
