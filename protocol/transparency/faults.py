"""The refusals of this package, built in one place so that they read alike."""

from __future__ import annotations

from protocol.errors import KimError, kim_error
from protocol.texts import Text


def bad_document(german: str, english: str) -> KimError:
    """Return ``bad_log_document``: the text or bytes are not what the log's formats allow."""
    return kim_error("bad_log_document", Text(german, english))


def bad_proof(german: str, english: str) -> KimError:
    """Return ``proof_invalid``: readable, but it does not prove what it should."""
    return kim_error("proof_invalid", Text(german, english))
