"""The request to be entered, and the change to new keys (SPEC P-153, P-154): made, and opened."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from protocol import strict_json
from protocol.dsse import Envelope, sign
from protocol.dsse import verify as verify_envelope
from protocol.enrolment.invitation import PROOF_BYTES, proof, verifier
from protocol.enrolment.node_keys import NodeKeys, SecretKeys
from protocol.errors import KimError, kim_error
from protocol.forms import AUDIENCE, INSTANCE, INSTANT, NODE, SHA256_HEX
from protocol.keys import NONCE_BYTES, SIGNATURE_BYTES, KeyPurpose, PrivateKey, PublicKey
from protocol.texts import Text

PAYLOAD_TYPE_ENROL: Final = "application/vnd.kim.enrol-request.v1+json"
PAYLOAD_TYPE_ROTATION: Final = "application/vnd.kim.key-rotation.v1+json"
VERSION: Final = 1

_POSSESSION_DOMAIN: Final = b"kim/1 key possession\x00"


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
            ("aud", AUDIENCE),
            ("node", NODE),
            ("instance", INSTANCE),
            ("created", INSTANT),
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
        if not SHA256_HEX.fullmatch(self.old) or self.old == self.keys.sign.keyid:
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
