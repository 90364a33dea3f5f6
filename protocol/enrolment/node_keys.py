"""The keys of a node: one signs what it says, the other what it has seen."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import kim_error
from protocol.keys import KeyPurpose, PrivateKey, PublicKey


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
