"""The state of the log at one size, as the text of a signed note (C2SP tlog-checkpoint; SPEC P-105).

Three lines: origin, number of leaves, root hash. Extension lines are refused: nothing that is signed goes
unread. The origin is the name of the log's key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.transparency.faults import bad_document
from protocol.transparency.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from protocol.transparency.notes import SignedNote, VerifierKey, check_name, parse_note, sign_note

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One state of a log.

    Attributes:
        origin: name of the log, equal to the name of its key.
        size: number of leaves.
        root: Merkle root over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Raise ``bad_log_document`` for a state that no tree can be in."""
        check_name(self.origin)
        wrong_empty = self.size == 0 and self.root != EMPTY_ROOT
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES or wrong_empty:
            raise bad_document("Kein Stand eines Protokolls.", "Not a state of a log.")

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{strict_json.encode_base64(self.root)}\n"

    def sign(self, key: PrivateKey) -> SignedNote:
        """Return the note of the log; only the hub's signer may call this (SPEC P-107)."""
        return sign_note(self.text, name=self.origin, key=key)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that was verified to be the log's, and the note it came in."""

    checkpoint: Checkpoint
    note: SignedNote


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint; whether it is signed is not asked.

    Raises:
        KimError: ``bad_log_document``.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise bad_document("Ein Prüfpunkt hat drei Zeilen.", "A checkpoint has three lines.")
    try:
        root = strict_json.decode_base64(lines[2])
    except KimError:
        root = b""
    return Checkpoint(lines[0], parse_decimal(lines[1]), root)


def open_checkpoint(data: bytes, log: VerifierKey) -> SignedCheckpoint:
    """Read a note and confirm that the log signed it.

    1. the note has its only form; 2. the log's key has signed it; 3. its text is a checkpoint of that log.
    Cosignatures are not looked at; see `cosignatures.cosigners`.

    Raises:
        KimError: ``bad_log_document``; ``signature_invalid`` if the log has not signed it.
    """
    note = parse_note(data)
    return confirm_checkpoint(note, log)


def confirm_checkpoint(note: SignedNote, log: VerifierKey) -> SignedCheckpoint:
    """Do steps 2 and 3 of :func:`open_checkpoint` for a note that is read already."""
    if not note.signers((log,)):
        raise kim_error("signature_invalid")
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != log.name:
        raise bad_document("Der Prüfpunkt gehört zu einem anderen Protokoll.", "Another log's checkpoint.")
    return SignedCheckpoint(checkpoint, note)


def parse_decimal(text: str) -> int:
    """Read a number as the log's formats write it: ASCII digits without leading zeros.

    Raises:
        KimError: ``bad_log_document``.
    """
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise bad_document("Keine Zahl in der vereinbarten Form.", "No number in the agreed form.")
    return int(text)
