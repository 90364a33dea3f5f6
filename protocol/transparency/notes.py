"""Signed notes and verifier keys (C2SP signed-note; SPEC P-104).

A note is text, an empty line, and signature lines ``— <name> <base64(key id ‖ signature)>``. Signatures of
unknown keys are skipped, whatever they hold; a known key whose signature does not fit spoils the whole note.
Only what :meth:`SignedNote.signers` confirms may be believed.

Source: https://c2sp.org/signed-note. Of its signature types this version knows Ed25519 (0x01, a log) and
timestamped Ed25519 cosignatures (0x04, a witness, see `cosignatures`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol, TypeVar

from protocol import strict_json
from protocol.errors import KimError
from protocol.keys import PrivateKey, PublicKey
from protocol.transparency.faults import bad_document

MAX_NOTE_BYTES: Final = 65_536
MAX_SIGNATURES: Final = 128
KEY_ID_BYTES: Final = 4

_MARK: Final = "— "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VKEY: Final = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")


class SignatureType(IntEnum):
    """What a key signs, as the byte that stands in its key id and its verifier key."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; nothing is verified.

    Attributes:
        name: of the key.
        key_id: four bytes.
        signature: the bytes behind the key id.
    """

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        """Raise ``bad_log_document`` for a name or key id that no line can hold."""
        check_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.signature:
            raise bad_document("Eine Signaturzeile ist unvollständig.", "A signature line is incomplete.")

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"{_MARK}{self.name} {strict_json.encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under its name: what a verifier is configured with ("vkey")."""

    name: str
    key: PublicKey
    kind: SignatureType = SignatureType.ED25519

    def __post_init__(self) -> None:
        """Raise ``bad_log_document`` for a name that no signature line can hold, or that nobody can read."""
        check_name(self.name)
        # People compare this name: no sign in it may hide, turn or overwrite another.
        if not self.name.isprintable():
            raise bad_document("Kein lesbarer Name eines Schlüssels.", "Not a readable name of a key.")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``<name>+<key id>+<base64(type ‖ key)>``.

        Raises:
            KimError: ``bad_log_document``; ``bad_public_key`` for a key that can never identify one signer.
        """
        match = _VKEY.fullmatch(text)
        if match is None:
            raise bad_document("Kein Prüfschlüssel in bekannter Form.", "No verifier key in a known form.")
        material = _base64(match["key"])
        try:
            kind = SignatureType(material[0])  # the form has no empty text, so there is a first byte
        except ValueError:
            raise bad_document("Eine unbekannte Art von Schlüssel.", "An unknown type of key.") from None
        found = cls(match["name"], PublicKey(material[1:]), kind)
        if found.key_id.hex() != match["id"]:
            raise bad_document(
                "Die Kennung des Prüfschlüssels passt nicht zum Schlüssel.",
                "The id of the verifier key does not belong to the key.",
            )
        return found

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name ‖ LF ‖ type ‖ key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key.raw).digest()[
            :KEY_ID_BYTES
        ]

    def __str__(self) -> str:
        """Return the form that :meth:`parse` reads."""
        material = strict_json.encode_base64(bytes([self.kind]) + self.key.raw)
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def verify(self, text: str, signature: NoteSignature) -> None:
        """Check a plain Ed25519 signature over the text of a note.

        Raises:
            KimError: ``signature_invalid``.
        """
        self.key.verify(signature.signature, text.encode())


class Verifier(Protocol):
    """What confirms signature lines: a :class:`VerifierKey` or a witness."""

    @property
    def name(self) -> str:
        """Name of the key."""
        ...

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand in front of its signatures."""
        ...

    def verify(self, text: str, signature: NoteSignature) -> None:
        """Raise ``signature_invalid`` unless the signature fits."""
        ...


_V = TypeVar("_V", bound=Verifier)


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text and signature lines, none of them verified yet.

    Attributes:
        text: ends in a newline.
        signatures: in the order of their lines.
    """

    text: str
    signatures: tuple[NoteSignature, ...] = field(default=())

    def __post_init__(self) -> None:
        """Raise ``bad_log_document`` for text that cannot be told from its signatures."""
        if not self.text.endswith("\n") or _CONTROL.search(self.text):
            raise bad_document(
                "Der Text einer Notiz endet mit einem Zeilenumbruch und enthält keine Steuerzeichen.",
                "The text of a note ends in a newline and holds no control characters.",
            )

    def to_bytes(self) -> bytes:
        """Return the note; :func:`parse_note` gives the same one back.

        Raises:
            KimError: ``bad_log_document`` without any signature: that is no note.
        """
        if not self.signatures:
            raise bad_document("Eine Notiz ohne Signatur.", "A note without a signature.")
        return (self.text + "\n" + "".join(item.line() for item in self.signatures)).encode()

    def signers(self, verifiers: Iterable[_V]) -> tuple[_V, ...]:
        """Return whose signatures stand here and fit, each once, in the order given.

        Raises:
            KimError: ``signature_invalid`` if a signature of one of them does not fit.
        """
        lines: dict[tuple[str, bytes], list[NoteSignature]] = {}
        for item in self.signatures:
            lines.setdefault((item.name, item.key_id), []).append(item)
        found = []
        for verifier in verifiers:
            own = lines.get((verifier.name, verifier.key_id), ())
            for item in own:
                verifier.verify(self.text, item)
            found += [verifier] if own else []
        return tuple(found)

    def with_signatures(self, more: Iterable[NoteSignature]) -> SignedNote:
        """Return the note with further lines behind its own; equal lines stand once."""
        return SignedNote(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


def sign_note(text: str, *, name: str, key: PrivateKey) -> SignedNote:
    """Return a note with one plain Ed25519 signature."""
    vkey = VerifierKey(name, key.public)
    return SignedNote(text, (NoteSignature(name, vkey.key_id, key.sign(text.encode())),))


def parse_note(data: bytes) -> SignedNote:
    """Read a note in its only form.

    Raises:
        KimError: ``bad_log_document``.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise bad_document("Die Notiz ist zu lang.", "The note is too long.")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_document("Die Notiz ist kein UTF-8.", "The note is no UTF-8.") from None
    text, separator, lines = content.rpartition("\n\n")
    if not separator:
        raise bad_document("Der Notiz fehlen Signaturen.", "The note has no signatures.")
    signatures = parse_signature_lines(lines)
    return SignedNote(text + "\n", signatures)


def parse_signature_lines(lines: str) -> tuple[NoteSignature, ...]:
    """Read signature lines, each ended by a newline: at least one, at most :data:`MAX_SIGNATURES`.

    Raises:
        KimError: ``bad_log_document``.
    """
    found = lines.removesuffix("\n").split("\n")
    if not lines.endswith("\n") or len(found) > MAX_SIGNATURES:
        raise bad_document("Keine Signaturzeilen oder zu viele.", "No signature lines or too many.")
    return tuple(_signature_of(line) for line in found)


def check_name(name: str) -> None:
    """Raise ``bad_log_document`` unless ``name`` can stand in a signature line."""
    if not name or "+" in name or any(map(str.isspace, name)) or _CONTROL.search(name):
        raise bad_document("Kein Name eines Schlüssels.", "Not the name of a key.")


def _signature_of(line: str) -> NoteSignature:
    name, separator, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not separator:
        raise bad_document("Keine Signaturzeile.", "Not a signature line.")
    material = _base64(encoded)
    return NoteSignature(name, material[:KEY_ID_BYTES], material[KEY_ID_BYTES:])


def _base64(text: str) -> bytes:
    try:
        return strict_json.decode_base64(text)
    except KimError:
        raise bad_document("Kein Base64 in der vereinbarten Form.", "No base64 in the agreed form.") from None
