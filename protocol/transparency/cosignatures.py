"""A witness's signature under a checkpoint (C2SP tlog-cosignature, Ed25519, type 0x04; SPEC P-108).

It says: at this moment, this was the largest state of the log that I know, and it contains every earlier one
that I have signed. Whoever makes one has verified the consistency and stored the new state first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from protocol.errors import kim_error
from protocol.keys import PrivateKey, PublicKey
from protocol.nouns import OTHER_NODE, OUTSIDE_WITNESS
from protocol.texts import Text
from protocol.transparency.checkpoints import parse_checkpoint
from protocol.transparency.notes import NoteSignature, SignatureType, SignedNote, VerifierKey

_TIME_BYTES: Final = 8
_MAX_TIME: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody whose cosignatures count.

    Attributes:
        name: of the key in signature lines; of a node, its node id.
        key: the public half of its witness key.
        outside: belongs to no node of this network.
    """

    name: str
    key: PublicKey
    outside: bool = False

    @property
    def vkey(self) -> VerifierKey:
        """The key as a verifier key of type 0x04."""
        return VerifierKey(self.name, self.key, SignatureType.COSIGNATURE)

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand in front of its signatures."""
        return self.vkey.key_id

    def verify(self, text: str, signature: NoteSignature) -> None:
        """Check a timestamped signature over the text of a checkpoint.

        Raises:
            KimError: ``signature_invalid``.
        """
        self.key.verify(signature.signature[_TIME_BYTES:], _message(text, time_of(signature)))


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many independent witnesses make a receipt final (SPEC P-109).

    Attributes:
        nodes: nodes other than the one the event is about.
        outside: witnesses that belong to no node.
    """

    nodes: int = 3
    outside: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError below zero."""
        if self.nodes < 0 or self.outside < 0:
            raise ValueError("a quorum is not negative")

    def met_by(self, cosigners: Iterable[Witness], *, subject: str | None = None) -> bool:
        """Whether these witnesses suffice for an event about the node ``subject``."""
        distinct = counted(cosigners, subject=subject)
        outside = sum(witness.outside for witness in distinct)
        return len(distinct) - outside >= self.nodes and outside >= self.outside

    def require(self, cosigners: Iterable[Witness], *, subject: str | None = None) -> None:
        """Raise ``quorum_missing`` unless :meth:`met_by`."""
        if not self.met_by(cosigners, subject=subject):
            nodes, outside = OTHER_NODE.counted(self.nodes), OUTSIDE_WITNESS.counted(self.outside)
            raise kim_error(
                "quorum_missing",
                Text(
                    f"Verlangt: {nodes.de} und {outside.de}.",
                    f"Required: {nodes.en} and {outside.en}.",
                ),
            )


def counted(cosigners: Iterable[Witness], *, subject: str | None = None) -> tuple[Witness, ...]:
    """Return those of these witnesses that count for an event about the node ``subject`` (SPEC P-109).

    Holders are counted, not lines: one with two keys is one witness, and so is one key under two names. Under
    whatever name, the key of the node concerned confirms nothing about it.
    """
    known = tuple(cosigners)
    own = {witness.key.raw for witness in known if witness.name == subject}
    by_name = {witness.name: witness for witness in known if witness.key.raw not in own}.values()
    return tuple({witness.key.raw: witness for witness in by_name}.values())


def cosign(note: SignedNote, *, name: str, key: PrivateKey, at: int) -> NoteSignature:
    """Return a witness's line under a checkpoint.

    The caller has verified the log's signature and the consistency with everything it signed before, and has
    stored this checkpoint durably: afterwards it must never sign a smaller or a different one.

    Args:
        note: the log's note.
        name: name of the witness.
        key: its witness key, used for nothing else.
        at: POSIX time in seconds.

    Raises:
        KimError: ``bad_log_document`` if the note is no checkpoint.
        ValueError: for a time that the format cannot hold.
    """
    parse_checkpoint(note.text)
    if not 0 <= at <= _MAX_TIME:
        raise ValueError("no POSIX time")
    witness = Witness(name, key.public)
    signature = key.sign(_message(note.text, at))
    return NoteSignature(name, witness.key_id, at.to_bytes(_TIME_BYTES, "big") + signature)


def cosigners(note: SignedNote, witnesses: Iterable[Witness]) -> tuple[Witness, ...]:
    """Return which of the witnesses have cosigned, in the order given.

    Raises:
        KimError: ``signature_invalid`` if the line of one of them does not fit.
    """
    return note.signers(witnesses)


def time_of(signature: NoteSignature) -> int:
    """Return when a cosignature was made, POSIX seconds; believed only once it is verified.

    Raises:
        KimError: ``signature_invalid`` for a time beyond 2^63-1.
    """
    at = int.from_bytes(signature.signature[:_TIME_BYTES], "big")
    if at > _MAX_TIME:
        raise kim_error("signature_invalid")
    return at


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
