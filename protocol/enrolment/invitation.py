"""The token of an invitation: how it stands in the letter, and what proves that somebody has read it.

The token never travels, and what the hub keeps of it (:func:`verifier`) does not give it away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.enrolment.node_keys import NodeKeys
from protocol.errors import kim_error
from protocol.keys import TOKEN_BYTES
from protocol.texts import Text

PROOF_BYTES: Final = 32
_GROUP: Final = 4
_TOKEN_SIGNS: Final = TOKEN_BYTES * 8 // 5
_CHECK_DOMAIN: Final = b"kim/1 invitation check\x00"
_VERIFIER_DOMAIN: Final = b"kim/1 invitation\x00"
_PROOF_DOMAIN: Final = b"kim/1 enrol-request\x00"


def write_token(token: bytes) -> str:
    """Return the token as it stands in the letter: nine groups of four letters and digits (SPEC P-151).

    The last group is a check: a slip of the pen is found where it is typed and costs no try.
    """
    text = base64.b32encode(token).decode("ascii") + _check(token)
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def read_token(text: str) -> bytes:
    """Read a token as somebody types it; blanks, hyphens and case do not matter.

    Raises:
        KimError: ``bad_request`` if it is none, or has a slip; it is never repeated.
    """
    signs = re.sub(r"[\s-]", "", text).upper()
    try:
        token = base64.b32decode(signs[:_TOKEN_SIGNS])
    except ValueError:  # no base32, or signs that are in no alphabet
        token = b""
    if len(token) != TOKEN_BYTES or not hmac.compare_digest(
        signs[_TOKEN_SIGNS:].encode(), _check(token).encode()
    ):
        raise kim_error(
            "bad_request",
            Text(
                "Das Token hat neun Gruppen aus vier Zeichen; mindestens eine ist falsch abgeschrieben.",
                "The token has nine groups of four characters; at least one was not copied right.",
            ),
            remedy=Text(
                "Mit dem Brief vergleichen; Leerzeichen, Bindestriche und Großschreibung sind gleichgültig.",
                "Compare it with the letter; blanks, hyphens and upper or lower case make no difference.",
            ),
        )
    return token


def _check(token: bytes) -> str:
    return base64.b32encode(hashlib.sha256(_CHECK_DOMAIN + token).digest()).decode("ascii")[:_GROUP]


def verifier(token: bytes, *, audience: str, node: str) -> bytes:
    """Return what a hub keeps of a token: HKDF-SHA256, bound to hub and node (SPEC P-152, RFC 5869).

    With it a proof is checked; the token cannot be computed from it.
    """
    info = _VERIFIER_DOMAIN + audience.encode("ascii") + b"\x00" + node.encode("ascii")
    return HKDF(algorithm=SHA256(), length=PROOF_BYTES, salt=None, info=info).derive(token)


def proof(key: bytes, *, audience: str, node: str, keys: NodeKeys) -> bytes:
    """Return the keyed digest over node and public keys (SPEC P-153).

    Args:
        key: from :func:`verifier`.
        audience: the hub.
        node: the node that asks.
        keys: the keys that it asks for.
    """
    said = b"\x00".join((audience.encode("ascii"), node.encode("ascii"), keys.sign.raw + keys.witness.raw))
    return hmac.digest(key, _PROOF_DOMAIN + said, "sha256")
