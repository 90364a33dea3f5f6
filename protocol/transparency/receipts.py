"""Receipts: one event, and the proof that it stands in the log (C2SP tlog-proof v1; SPEC P-109).

A receipt is text that proves itself: index, inclusion proof, signed checkpoint with cosignatures. The extra
data, which the format leaves to the application, is the leaf. Nobody but the verifier's own keys has to be
trusted, and no network is needed, for as long as the receipt is kept.

Source: https://c2sp.org/tlog-proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from protocol import strict_json
from protocol.errors import KimError
from protocol.transparency.checkpoints import Checkpoint, confirm_checkpoint, parse_decimal
from protocol.transparency.cosignatures import Quorum, Witness, cosigners
from protocol.transparency.events import MAX_EVENT_BYTES, LogEvent, parse_event
from protocol.transparency.faults import bad_document
from protocol.transparency.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from protocol.transparency.notes import MAX_NOTE_BYTES, SignedNote, VerifierKey, parse_note

MEDIA_TYPE: Final = "text/plain; charset=utf-8"
#: How a receipt is named as a file.
SUFFIX: Final = ".tlog-proof"
MAX_PROOF_HASHES: Final = 63
MAX_RECEIPT_BYTES: Final = MAX_NOTE_BYTES + 2 * MAX_EVENT_BYTES + 64 * MAX_PROOF_HASHES

_HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A leaf and its proof; nothing is verified yet.

    Attributes:
        leaf: the bytes of the event.
        index: its place in the log, from 0.
        proof: hashes from the leaf's sibling upwards.
        note: the checkpoint, with cosignatures.
    """

    leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    note: SignedNote

    def to_bytes(self) -> bytes:
        """Return the text; :func:`parse_receipt` gives the same receipt back."""
        lines = [_HEADER, f"extra {strict_json.encode_base64(self.leaf)}", f"index {self.index}"]
        lines += [strict_json.encode_base64(item) for item in self.proof]
        return ("\n".join(lines) + "\n\n").encode() + self.note.to_bytes()


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves.

    Attributes:
        event: the event that stands in the log.
        index: where.
        checkpoint: the state of the log that it was proven against.
        cosigners: the known witnesses that have confirmed this state.
    """

    event: LogEvent
    index: int
    checkpoint: Checkpoint
    cosigners: tuple[Witness, ...]


def parse_receipt(data: bytes) -> Receipt:
    """Read the text of a receipt.

    Raises:
        KimError: ``bad_log_document``.
    """
    if len(data) > MAX_RECEIPT_BYTES:
        raise bad_document("Die Quittung ist zu lang.", "The receipt is too long.")
    head, separator, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        lines = []
    if not separator or not 3 <= len(lines) <= 3 + MAX_PROOF_HASHES or lines[0] != _HEADER:
        raise bad_document("Keine Quittung des Protokolls.", "No receipt of a log.")
    proof = tuple(_base64(line) for line in lines[3:])
    if any(len(item) != HASH_BYTES for item in proof):
        raise bad_document("Der Nachweis enthält keine Hashwerte.", "The proof does not hold hashes.")
    return Receipt(
        leaf=_base64(_value(lines[1], "extra ")),
        index=parse_decimal(_value(lines[2], "index ")),
        proof=proof,
        note=parse_note(note),
    )


def verify_receipt(
    receipt: Receipt, *, log: VerifierKey, witnesses: Iterable[Witness] = (), quorum: Quorum | None = None
) -> VerifiedReceipt:
    """Check everything that a receipt says about itself.

    1. the log has signed the checkpoint, and the checkpoint is that log's;
    2. the leaf stands at its index of the tree that was signed;
    3. the leaf is an event in its only form;
    4. no cosignature of a known witness is wrong;
    5. if a quorum is asked for: enough witnesses other than the node concerned have cosigned.

    What the caller must still do: compare ``event`` with its own statement id and digest; keep the receipt.

    Raises:
        KimError: ``signature_invalid`` (1, 4), ``proof_invalid`` (2), ``bad_log_document`` (1, 3),
            ``quorum_missing`` (5).
    """
    checkpoint = confirm_checkpoint(receipt.note, log).checkpoint
    verify_inclusion(
        leaf_hash(receipt.leaf),
        receipt.index,
        size=checkpoint.size,
        proof=receipt.proof,
        root=checkpoint.root,
    )
    event = parse_event(receipt.leaf)
    confirmed = cosigners(receipt.note, witnesses)
    if quorum is not None:
        quorum.require(confirmed, subject=event.node)
    return VerifiedReceipt(event, receipt.index, checkpoint, confirmed)


def _value(line: str, name: str) -> str:
    if not line.startswith(name):
        raise bad_document("Eine Zeile der Quittung fehlt.", "A line of the receipt is missing.")
    return line.removeprefix(name)


def _base64(text: str) -> bytes:
    try:
        return strict_json.decode_base64(text)
    except KimError:
        raise bad_document("Kein Base64 in der vereinbarten Form.", "No base64 in the agreed form.") from None
