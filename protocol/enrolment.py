"""What a node says about its keys: the request to be entered, and the change to new ones (SPEC P-151..P-154).

Both are signed envelopes of a kind of their own. A request is signed with the very key it asks for (proof of
possession) and carries a proof that its sender has read the invitation: a keyed digest over node and public
keys. The token of the invitation never travels, and what the hub keeps of it (:func:`verifier`) does not give
it away. A rotation is signed by the key in force; the new keys sign inside it.

It deliberately decides nothing: whether an invitation is open, a key known, a person has compared the
fingerprint is the hub's business. It has no clock and makes no randomness.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol import strict_json
from protocol.dsse import Envelope, sign
from protocol.dsse import verify as verify_envelope
from protocol.errors import KimError, kim_error
from protocol.keys import NONCE_BYTES, SIGNATURE_BYTES, TOKEN_BYTES, KeyPurpose, PrivateKey, PublicKey
from protocol.texts import Text

PAYLOAD_TYPE_ENROL: Final = "application/vnd.kim.enrol-request.v1+json"
PAYLOAD_TYPE_ROTATION: Final = "application/vnd.kim.key-rotation.v1+json"
VERSION: Final = 1
PROOF_BYTES: Final = 32

_AUDIENCE: Final = re.compile(r"(?=.{1,128}\Z)[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9._-]*)*")
_NODE: Final = re.compile(r"node-[0-9a-z][0-9a-z-]{0,58}")
_INSTANCE: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CREATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
_KEYID: Final = re.compile(r"[0-9a-f]{64}")
_GROUP: Final = 4
_TOKEN_SIGNS: Final = TOKEN_BYTES * 8 // 5
_CHECK_DOMAIN: Final = b"kim/1 invitation check\x00"
_VERIFIER_DOMAIN: Final = b"kim/1 invitation\x00"
_PROOF_DOMAIN: Final = b"kim/1 enrol-request\x00"
_POSSESSION_DOMAIN: Final = b"kim/1 key possession\x00"


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


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The two public keys of a node: what it says is signed with one, what it has seen with the other."""

    sign: PublicKey
    witness: PublicKey

    def __post_init__(self) -> None:
        """Refuse one key for two purposes (SPEC P-140).

        Raises:
            KimError: ``bad_public_key``.
        """
        if (
            self.sign.purpose is not KeyPurpose.SIGN
            or self.witness.purpose is not KeyPurpose.WITNESS
            or self.sign.raw == self.witness.raw
        ):
            raise kim_error("bad_public_key", pointer="/witness")

    @classmethod
    def from_hex(cls, sign_key: str, witness_key: str) -> NodeKeys:
        """Read both, 64 lower-case hexadecimal digits each.

        Raises:
            KimError: ``bad_public_key``.
        """
        return cls(PublicKey.from_hex(sign_key), PublicKey.from_hex(witness_key, purpose=KeyPurpose.WITNESS))


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """The private halves; they are made at the node and stay there."""

    sign: PrivateKey
    witness: PrivateKey

    @property
    def public(self) -> NodeKeys:
        """The public halves."""
        return NodeKeys(self.sign.public, self.witness.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What a request and a rotation have in common.

    Attributes:
        aud: the hub that it is meant for.
        node: the node that speaks.
        instance: its installation.
        keys: the keys that are to be entered.
        witness_signature: by the witness key, over :func:`_possession`.
        created: the sender's clock; decides nothing.
        nonce: 32 random bytes.
    """

    aud: str
    node: str
    instance: str
    keys: NodeKeys
    witness_signature: bytes
    created: str
    nonce: bytes

    def __post_init__(self) -> None:
        """Check the form of every member (SPEC P-153).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer.
        """
        for name, pattern in (
            ("aud", _AUDIENCE),
            ("node", _NODE),
            ("instance", _INSTANCE),
            ("created", _CREATED),
        ):
            if not pattern.fullmatch(getattr(self, name)):
                raise _refusal(f"/{name}")
        try:
            datetime.fromisoformat(self.created)
        except ValueError:
            raise _refusal("/created") from None
        for name, length in (("nonce", NONCE_BYTES), ("witness_signature", SIGNATURE_BYTES)):
            if len(getattr(self, name)) != length:
                raise _refusal(f"/{name}")

    def members(self) -> dict[str, object]:
        """Return the members as they are signed."""
        return {
            "v": VERSION,
            "aud": self.aud,
            "node": self.node,
            "instance": self.instance,
            "sign": self.keys.sign.hex,
            "witness": self.keys.witness.hex,
            "witness_signature": strict_json.encode_base64(self.witness_signature),
            "created": self.created,
            "nonce": strict_json.encode_base64(self.nonce),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest(_Subject):
    """A node asks for its first keys, or for new ones after all others are lost.

    Attributes:
        proof: that the sender has read the invitation, see :func:`proof`.
    """

    proof: bytes

    def __post_init__(self) -> None:
        """Check the form of every member (SPEC P-153)."""
        _Subject.__post_init__(self)
        if len(self.proof) != PROOF_BYTES:
            raise _refusal("/proof")

    def to_json(self) -> bytes:
        """Return the payload to be signed."""
        return strict_json.dumps({**self.members(), "proof": strict_json.encode_base64(self.proof)})

    def knows(self, key: bytes) -> bool:
        """Whether the sender has read the invitation of which a hub keeps ``key``; in constant time."""
        return hmac.compare_digest(proof(key, audience=self.aud, node=self.node, keys=self.keys), self.proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotation(_Subject):
    """A node changes its keys; the one in force vouches for the new ones.

    Attributes:
        old: id of the signing key in force, which signs the envelope.
        sign_signature: by the new signing key, over :func:`_possession`.
    """

    old: str
    sign_signature: bytes

    def __post_init__(self) -> None:
        """Check the form of every member (SPEC P-154)."""
        _Subject.__post_init__(self)
        if not _KEYID.fullmatch(self.old) or self.old == self.keys.sign.keyid:
            raise _refusal("/old")
        if len(self.sign_signature) != SIGNATURE_BYTES:
            raise _refusal("/sign_signature")

    def to_json(self) -> bytes:
        """Return the payload to be signed."""
        signature = strict_json.encode_base64(self.sign_signature)
        return strict_json.dumps({**self.members(), "old": self.old, "sign_signature": signature})


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who makes a request: hub, node, installation, and what the caller knows of time and chance."""

    audience: str
    node: str
    instance: str
    created: str
    nonce: bytes


def make_request(speaker: Speaker, secrets: SecretKeys, *, token: bytes) -> Envelope:
    """Return a signed request to be entered (SPEC P-153).

    Args:
        speaker: who asks whom.
        secrets: the keys, made on this machine.
        token: of the invitation; only a digest that it keys goes into the request.
    """
    key = verifier(token, audience=speaker.audience, node=speaker.node)
    request = EnrolRequest(
        aud=speaker.audience,
        node=speaker.node,
        instance=speaker.instance,
        keys=secrets.public,
        witness_signature=secrets.witness.sign(_possession(KeyPurpose.WITNESS, speaker, secrets.public)),
        created=speaker.created,
        nonce=speaker.nonce,
        proof=proof(key, audience=speaker.audience, node=speaker.node, keys=secrets.public),
    )
    return sign(PAYLOAD_TYPE_ENROL, request.to_json(), secrets.sign)


def make_rotation(speaker: Speaker, new: SecretKeys, *, old: PrivateKey) -> Envelope:
    """Return a signed change of keys (SPEC P-154).

    Args:
        speaker: who speaks to whom.
        new: the keys that are to follow.
        old: the signing key in force.
    """
    rotation = KeyRotation(
        aud=speaker.audience,
        node=speaker.node,
        instance=speaker.instance,
        keys=new.public,
        witness_signature=new.witness.sign(_possession(KeyPurpose.WITNESS, speaker, new.public)),
        created=speaker.created,
        nonce=speaker.nonce,
        old=old.public.keyid,
        sign_signature=new.sign.sign(_possession(KeyPurpose.SIGN, speaker, new.public)),
    )
    return sign(PAYLOAD_TYPE_ROTATION, rotation.to_json(), old)


def open_request(envelope: Envelope) -> EnrolRequest:
    """Return a request whose sender holds both keys that it names (SPEC P-153).

    The caller must still check the hub it is meant for, the proof against an open invitation, and that a
    person compares the fingerprint of the signing key: until then nothing says whose keys they are.

    Args:
        envelope: of the kind :data:`PAYLOAD_TYPE_ENROL`.

    Raises:
        KimError: ``bad_envelope``, ``unsupported_version``, ``bad_public_key``, ``signature_invalid``.
    """
    members = _read(envelope.payload, {"proof"})
    request = EnrolRequest(**_common(members), proof=_bytes(members, "proof"))
    # Self-signed: whoever sent it holds the private half of the signing key ...
    verify_envelope(envelope, request.keys.sign)
    # ... and of the witness key.
    _check_possession(KeyPurpose.WITNESS, request, request.witness_signature)
    return request


def open_rotation(envelope: Envelope, *, old: PublicKey) -> KeyRotation:
    """Return a change of keys that the old key and both new ones have signed (SPEC P-154).

    The caller must still check that the old key is valid and of this node, and the hub it is meant for.

    Args:
        envelope: of the kind :data:`PAYLOAD_TYPE_ROTATION`.
        old: the key that the caller knows under the envelope's key id.

    Raises:
        KimError: ``signature_invalid``, ``bad_envelope``, ``unsupported_version``, ``bad_public_key``.
    """
    verify_envelope(envelope, old)
    members = _read(envelope.payload, {"old", "sign_signature"})
    rotation = KeyRotation(
        **_common(members), old=_text(members, "old"), sign_signature=_bytes(members, "sign_signature")
    )
    if rotation.old != old.keyid:
        raise _refusal("/old")
    _check_possession(KeyPurpose.SIGN, rotation, rotation.sign_signature)
    _check_possession(KeyPurpose.WITNESS, rotation, rotation.witness_signature)
    return rotation


def _possession(purpose: KeyPurpose, speaker: Speaker, keys: NodeKeys) -> bytes:
    """Return what a key signs to show that it is held: purpose, hub, node, both keys, nonce.

    It starts with a domain of its own, so it is no statement (``DSSEv1 …``) and no signed note.
    """
    said = (purpose.value, speaker.audience, speaker.node)
    named = b"\x00".join(text.encode("ascii") for text in said)
    return _POSSESSION_DOMAIN + named + b"\x00" + keys.sign.raw + keys.witness.raw + speaker.nonce


def _check_possession(purpose: KeyPurpose, subject: _Subject, signature: bytes) -> None:
    speaker = Speaker(
        audience=subject.aud,
        node=subject.node,
        instance=subject.instance,
        created=subject.created,
        nonce=subject.nonce,
    )
    key = subject.keys.sign if purpose is KeyPurpose.SIGN else subject.keys.witness
    try:
        key.verify(signature, _possession(purpose, speaker, subject.keys))
    except KimError:
        raise kim_error("signature_invalid", pointer=f"/{purpose.value}_signature") from None


_COMMON: Final = frozenset(
    {"v", "aud", "node", "instance", "sign", "witness", "witness_signature", "created", "nonce"}
)


def _read(payload: bytes, own: set[str]) -> Mapping[str, object]:
    document = strict_json.loads(payload)
    if not isinstance(document, dict):
        raise _refusal("")
    version = document.get("v", VERSION)
    if not isinstance(version, int) or isinstance(version, bool):
        raise _refusal("/v")
    if version != VERSION:
        raise kim_error("unsupported_version", pointer="/v")
    for name in sorted(_COMMON | own):
        if name not in document:
            raise _refusal(f"/{name}")
    # SPEC P-18: the name of an unknown member is content and not repeated.
    if document.keys() != _COMMON | own:
        raise _refusal("")
    return document


def _common(members: Mapping[str, object]) -> dict[str, Any]:
    plain: dict[str, Any] = {name: _text(members, name) for name in ("aud", "node", "instance", "created")}
    return {
        **plain,
        "keys": NodeKeys.from_hex(_text(members, "sign"), _text(members, "witness")),
        "witness_signature": _bytes(members, "witness_signature"),
        "nonce": _bytes(members, "nonce"),
    }


def _text(members: Mapping[str, object], name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise _refusal(f"/{name}")
    return value


def _bytes(members: Mapping[str, object], name: str) -> bytes:
    return strict_json.decode_base64(_text(members, name), pointer=f"/{name}")


def _refusal(pointer: str) -> KimError:
    return kim_error(
        "bad_envelope",
        Text(
            "Die Anmeldung hat an dieser Stelle nicht die vereinbarte Form.",
            "The enrolment does not have the agreed form at this place.",
        ),
        pointer=pointer,
    )
