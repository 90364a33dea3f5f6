"""Identifiers that come in from outside, and the one form each may have.

File names are only ever made from these: lower-case hex of a fixed length, or digits.
"""

from typing import NewType

from protocol.errors import kim_error
from protocol.forms import NODE, SHA256_HEX
from protocol.texts import Text

#: Hex SHA-256 of the signed bytes: idempotency key, replay key and link of the revision chain.
SubmissionId = NewType("SubmissionId", str)
#: Hex SHA-256 of some bytes.
Sha256 = NewType("Sha256", str)


def is_sha256(text: str) -> bool:
    """Whether `text` is 64 lower-case hex digits."""
    return SHA256_HEX.fullmatch(text) is not None


def submission_id(text: str) -> SubmissionId:
    """Return `text` as an id; anything malformed is `not_found`, like an id nobody announced."""
    if not is_sha256(text):
        raise kim_error("not_found")
    return SubmissionId(text)


def node_id(text: str) -> str:
    """Return `text` if it is `node-` and lower-case letters, digits and hyphens, else raise `bad_request`."""
    if NODE.fullmatch(text) is None:
        raise kim_error(
            "bad_request",
            Text(
                "Eine Knotenkennung hat die Form node-… mit Kleinbuchstaben, Ziffern und Bindestrichen.",
                "A node id has the form node-… with lower-case letters, digits and hyphens.",
            ),
        )
    return text
