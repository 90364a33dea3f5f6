"""What a verifier believes before it begins: keys, and how many witnesses are enough (SPEC P-117).

It comes from the officers' signed documents (`hub.json`, `directory.json`) or from the command line. Whether
those are the right ones is found out by `officers`, if the fingerprint of a root is given; else their digests
are shown, to be compared with what the officers publish.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from protocol.errors import KimError, kim_error
from protocol.keys import KeyPurpose, PublicKey
from protocol.texts import Text
from protocol.transparency.cosignatures import Quorum, Witness, cosigners
from protocol.transparency.notes import SignatureType, SignedNote, VerifierKey
from protocol.trust import Directory, HubKeys, KeyEntry, NodeEntry, parse_directory, parse_hub_keys


@dataclass(frozen=True, slots=True)
class Anchors:
    """What is believed.

    Attributes:
        log: key of the hub's log.
        witnesses: whose cosignatures count.
        quorum: how many of them are enough.
        directory: whose signing keys are whose; None where no statement is to be checked.
        documents: name and SHA-256 of every file that this comes from.
    """

    log: VerifierKey
    witnesses: tuple[Witness, ...] = ()
    quorum: Quorum = field(default_factory=lambda: Quorum(nodes=0))
    directory: Directory | None = None
    documents: tuple[tuple[str, str], ...] = ()

    def cosigners(self, note: SignedNote) -> tuple[Witness, ...]:
        """Return who has cosigned a checkpoint, once for each key; who counts of them is the quorum's affair.

        Raises:
            KimError: ``signature_invalid`` if a line of one of them does not fit.
        """
        return cosigners(note, self.witnesses)

    def signer(self, keyid: str, *, received: datetime | None) -> tuple[NodeEntry, KeyEntry]:
        """Return whose key signed something that the hub received at a moment (SPEC P-21, P-146).

        A key that expired or was replaced later still verifies what was received while it held.

        Args:
            keyid: as the envelope names it.
            received: when; None if that is not known, then it is not judged.

        Raises:
            KimError: ``unknown_key`` if nobody has this key, ``key_revoked`` if it did not hold then.
        """
        found = self.directory.key(keyid) if self.directory is not None else None
        if found is None or found[1].use is not KeyPurpose.SIGN:
            raise kim_error(
                "unknown_key",
                Text(
                    "Der Schlüssel der Unterschrift steht nicht im Verzeichnis der Knoten.",
                    "The key of the signature is not in the directory of nodes.",
                ),
            )
        key = found[1]
        end = min(key.not_after, key.compromised_since or key.revoked_at or key.not_after)
        if received is not None and not key.not_before <= received < end:
            raise kim_error(
                "key_revoked",
                Text(
                    "Der Schlüssel galt nicht, als der Hub die Lieferung erhielt.",
                    "The key did not hold when the hub received the delivery.",
                ),
            )
        return found


def anchors_of_documents(hub: bytes, directory: bytes | None, *, quorum: int | None = None) -> Anchors:
    """Take the anchors from the officers' documents.

    Args:
        hub: bytes of ``hub.json``.
        directory: bytes of ``directory.json``; without it there are no witnesses and no signers.
        quorum: how many nodes are to have witnessed, in place of the officers' number; a witness from outside
            that they demand is demanded all the same.

    Raises:
        KimError: whatever is wrong with them; ``wrong_audience`` if they are about two hubs;
            ``trust_document_invalid`` if the hub has no log.
    """
    keys = parse_hub_keys(hub)
    nodes = parse_directory(directory) if directory is not None else None
    documents = [("hub.json", hub), *([("directory.json", directory)] if directory is not None else [])]
    found = anchors_of_officers(keys, nodes, quorum=quorum)
    digests = tuple((name, hashlib.sha256(data).hexdigest()) for name, data in documents)
    return replace(found, documents=digests)


def anchors_of_officers(keys: HubKeys, directory: Directory | None, *, quorum: int | None = None) -> Anchors:
    """Take the anchors from what the officers have signed.

    Raises:
        KimError: ``wrong_audience`` if it is about two hubs; ``trust_document_invalid`` if the hub has no
            log.
    """
    if directory is not None and directory.audience != keys.audience:
        raise kim_error(
            "wrong_audience",
            Text(
                "hub.json und directory.json gehören zu zwei Hubs.", "Two hubs' hub.json and directory.json."
            ),
        )
    return Anchors(
        log=log_key_of(keys),
        witnesses=(*(nodes_witnesses(directory) if directory else ()), *outside_witnesses(keys)),
        quorum=quorum_of(keys) if quorum is None else replace(quorum_of(keys), nodes=quorum),
        directory=directory,
    )


def anchors_of_keys(
    log: str, witnesses: Sequence[str], *, quorum: int | None = None, directory: bytes | None = None
) -> Anchors:
    """Take the anchors from verifier keys that somebody typed.

    Args:
        log: verifier key of the log.
        witnesses: verifier keys of witnesses, type 0x04.
        quorum: how many of them are enough; all of them if omitted.
        directory: bytes of ``directory.json``, whose witnesses count too.

    Raises:
        KimError: ``bad_log_document`` or ``bad_public_key`` for a key that cannot be read, or whatever is
            wrong with the directory.
    """
    nodes = parse_directory(directory) if directory is not None else None
    named = [_witness(text, outside=False) for text in witnesses]
    return Anchors(
        log=VerifierKey.parse(log),
        witnesses=(*named, *(nodes_witnesses(nodes) if nodes else ())),
        quorum=Quorum(nodes=len(named) if quorum is None else quorum),
        directory=nodes,
        documents=(
            (("directory.json", hashlib.sha256(directory).hexdigest()),) if directory is not None else ()
        ),
    )


def log_key_of(keys: HubKeys) -> VerifierKey:
    """Return the key of the hub's log.

    Raises:
        KimError: ``trust_document_invalid`` if the officers have named none.
    """
    if keys.log_vkey is None:
        raise kim_error("trust_document_invalid", pointer="/log_vkey")
    return VerifierKey.parse(keys.log_vkey)


def quorum_of(keys: HubKeys) -> Quorum:
    """Return the quorum of the officers: so many nodes, and one witness from outside if there are any."""
    return Quorum(nodes=keys.quorum, outside=1 if keys.outside_witnesses else 0)


def nodes_witnesses(directory: Directory) -> tuple[Witness, ...]:
    """Return the witnesses among the nodes; a key that somebody else may have held counts for nothing."""
    return tuple(
        Witness(node.node, PublicKey(key.public_key.raw))
        for node, key in directory.keys(KeyPurpose.WITNESS)
        if key.compromised_since is None
    )


def outside_witnesses(keys: HubKeys) -> tuple[Witness, ...]:
    """Return the witnesses that belong to no node."""
    return tuple(_witness(item.vkey, outside=True) for item in keys.outside_witnesses)


def _witness(text: str, *, outside: bool) -> Witness:
    vkey = VerifierKey.parse(text)
    if vkey.kind is not SignatureType.COSIGNATURE:
        raise _no_witness()
    return Witness(vkey.name, vkey.key, outside=outside)


def _no_witness() -> KimError:
    return kim_error(
        "bad_log_document",
        Text(
            "Der Prüfschlüssel ist keiner eines Zeugen (Art 0x04).",
            "The verifier key is not one of a witness (type 0x04).",
        ),
    )
