"""The signed envelope: DSSE v1 with exactly one Ed25519 signature (SPEC P-07..P-11).

Source: https://github.com/secure-systems-lab/dsse (protocol.md and envelope.md, v1.0). The signature covers
the pre-authentication encoding of payload type and payload, so a payload can never be taken for one of
another kind. The hash of the same bytes is the statement's id: idempotency key, replay key and link of the
revision chain at once.

It deliberately does not interpret the payload and does not decide whose key may sign what.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.forms import SHA256_HEX
from protocol.keys import SIGNATURE_BYTES, PrivateKey, PublicKey
from protocol.texts import Text

PAYLOAD_TYPE_SUBMISSION: Final = "application/vnd.kim.submission.v1+json"
MAX_ENVELOPE_BYTES: Final = 131_072
MAX_PAYLOAD_BYTES: Final = strict_json.MAX_BYTES

_PAYLOAD_TYPE: Final = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and the signature over it; nothing is verified yet.

    Attributes:
        payload_type: what kind of statement the payload is, ASCII.
        payload: the signed bytes, kept as they came.
        keyid: which key claims to have signed, 64 hexadecimal digits.
        signature: 64 bytes.
    """

    payload_type: str
    payload: bytes
    keyid: str
    signature: bytes

    def __post_init__(self) -> None:
        """Check the form of the members (SPEC P-08).

        Raises:
            KimError: ``bad_envelope`` with the pointer of the member, ``too_large`` for the payload.
        """
        if not _PAYLOAD_TYPE.fullmatch(self.payload_type):
            raise _refusal("/payloadType")
        if len(self.payload) > MAX_PAYLOAD_BYTES:
            raise kim_error("too_large", pointer="/payload")
        if not SHA256_HEX.fullmatch(self.keyid):
            raise _refusal("/signatures/0/keyid")
        if len(self.signature) != SIGNATURE_BYTES:
            raise _refusal("/signatures/0/sig")

    def to_bytes(self) -> bytes:
        """Return the JSON form; :func:`parse_envelope` gives the same envelope back."""
        return strict_json.dumps(
            {
                "payload": strict_json.encode_base64(self.payload),
                "payloadType": self.payload_type,
                "signatures": [{"keyid": self.keyid, "sig": strict_json.encode_base64(self.signature)}],
            }
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding, the bytes that are really signed (DSSE v1, protocol.md).

    Args:
        payload_type: ASCII text.
        payload: any bytes.

    Returns:
        ``DSSEv1 <length> <type> <length> <payload>``, lengths in decimal.

    Raises:
        UnicodeEncodeError: if the type is not ASCII; an :class:`Envelope` cannot hold such a type.
    """
    kind = payload_type.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def parse_envelope(data: bytes, *, payload_type: str = PAYLOAD_TYPE_SUBMISSION) -> Envelope:
    """Read an envelope of one expected kind.

    The caller must still :func:`verify` it with a key that it trusts, and must parse ``payload`` of the
    envelope that was verified, never a second copy.

    Args:
        data: the JSON bytes as received.
        payload_type: the only kind that is accepted here; a statement of another kind is refused.

    Returns:
        The envelope, well formed but not verified.

    Raises:
        KimError: ``too_large``, or ``bad_envelope`` for anything that SPEC P-07 or P-08 refuse.
    """
    document = strict_json.loads(data, max_bytes=MAX_ENVELOPE_BYTES)
    if not isinstance(document, dict) or document.keys() != {"payload", "payloadType", "signatures"}:
        raise _refusal("")
    signatures = document["signatures"]
    # SPEC P-08: exactly one. With several, "any valid" and "all valid" readers disagree.
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise _refusal("/signatures")
    entry = signatures[0]
    if not isinstance(entry, dict) or entry.keys() != {"keyid", "sig"}:
        raise _refusal("/signatures/0")
    if document["payloadType"] != payload_type:
        raise _refusal("/payloadType")
    payload, keyid, signature = document["payload"], entry["keyid"], entry["sig"]
    if not isinstance(payload, str):
        raise _refusal("/payload")
    if not isinstance(keyid, str):
        raise _refusal("/signatures/0/keyid")
    if not isinstance(signature, str):
        raise _refusal("/signatures/0/sig")
    return Envelope(
        payload_type=payload_type,
        payload=strict_json.decode_base64(payload, pointer="/payload"),
        keyid=keyid,
        signature=strict_json.decode_base64(signature, pointer="/signatures/0/sig"),
    )


def sign(payload_type: str, payload: bytes, key: PrivateKey) -> Envelope:
    """Sign a payload.

    Args:
        payload_type: kind of the statement.
        payload: its bytes; they are stored and sent exactly so.
        key: the node's key.

    Returns:
        The envelope.

    Raises:
        KimError: ``bad_envelope`` or ``too_large`` if no envelope can hold the two.
    """
    if not _PAYLOAD_TYPE.fullmatch(payload_type):
        raise _refusal("/payloadType")
    return Envelope(payload_type, payload, key.public.keyid, key.sign(pae(payload_type, payload)))


def verify(envelope: Envelope, public_key: PublicKey) -> None:
    """Check that this key signed this payload as this kind (SPEC P-09).

    Args:
        envelope: as parsed.
        public_key: a key that the caller trusts for the sender; looked up by ``envelope.keyid``, never taken
            from the envelope.

    Raises:
        KimError: ``signature_invalid`` if the key id is another key's or the signature does not fit.
    """
    if envelope.keyid != public_key.keyid:
        raise kim_error("signature_invalid", pointer="/signatures/0/keyid")
    public_key.verify(envelope.signature, pae(envelope.payload_type, envelope.payload))


def statement_id(envelope: Envelope) -> str:
    """Return the statement's id: hex SHA-256 of what is signed (SPEC P-11).

    The signature and its key are not part of it: the same statement is the same, whoever re-signs it.
    """
    return hashlib.sha256(pae(envelope.payload_type, envelope.payload)).hexdigest()


def _refusal(pointer: str) -> KimError:
    return kim_error(
        "bad_envelope",
        Text(
            "Der Umschlag hat an dieser Stelle nicht die vereinbarte Form.",
            "The envelope does not have the agreed form at this place.",
        ),
        pointer=pointer,
    )
