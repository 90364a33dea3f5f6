"""What a verifier believes: whose keys, when, and how many witnesses are enough (SPEC P-117)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

import pytest

from protocol.errors import KimError
from protocol.keys import PublicKey
from protocol.transparency.cosignatures import Quorum, Witness
from protocol.transparency.notes import SignatureType, VerifierKey
from protocol.trust import HubKeys, OutsideWitness
from protocol.trust.directory import KeyStatus, RevocationReason
from protocol.verify.anchors import Anchors, anchors_of_documents, anchors_of_keys
from tests.factories.logged_world import START, PaperNetwork, PaperNode, key_of, witness_of

NETWORK = PaperNetwork()
HUB, DIRECTORY = NETWORK.hub_keys.to_bytes(), NETWORK.directory().to_bytes()
SECOND = dt.timedelta(seconds=1)
STRANGER = PublicKey(key_of("an institute").public.raw)
# A note knows a name and 32 bytes; what else they are for is in the directory.
NODES = tuple(Witness(node.id, PublicKey(node.witness.public.raw)) for node in NETWORK.nodes)
OUTSIDE = VerifierKey("institute.example/witness", STRANGER, SignatureType.COSIGNATURE)


def refused(check) -> tuple[str, str | None]:
    with pytest.raises(KimError) as caught:
        check()
    return caught.value.code, caught.value.pointer


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_key_holds_from_its_first_moment_to_before_its_last() -> None:
    """P-21, P-146."""
    anchors = NETWORK.anchors(not_before=START, not_after=START + 10 * SECOND)
    keyid = NETWORK.nodes[0].sign.public.keyid
    for received in (START, START + 9 * SECOND, None):
        node, key = anchors.signer(keyid, received=received)
        assert (node.node, key.public_key) == (NETWORK.nodes[0].id, NETWORK.nodes[0].sign.public)
    for received in (START - SECOND, START + 10 * SECOND):
        assert refused(lambda received=received: anchors.signer(keyid, received=received))[0] == "key_revoked"


def test_only_a_key_for_signing_is_a_signers() -> None:
    """P-140."""
    anchors = NETWORK.anchors()
    for keyid in ("0" * 64, NETWORK.nodes[0].witness.public.keyid):
        assert refused(lambda keyid=keyid: anchors.signer(keyid, received=None))[0] == "unknown_key"


def test_the_documents_of_the_officers_are_what_is_believed() -> None:
    anchors = anchors_of_documents(HUB, DIRECTORY)
    assert anchors == Anchors(
        log=NETWORK.log.vkey,
        witnesses=NODES,
        quorum=Quorum(nodes=3),
        directory=NETWORK.directory(),
        documents=(("hub.json", digest(HUB)), ("directory.json", digest(DIRECTORY))),
    )
    assert anchors_of_documents(HUB, DIRECTORY, quorum=2).quorum == Quorum(nodes=2)
    assert anchors_of_documents(HUB, DIRECTORY, quorum=0).quorum == Quorum(nodes=0)


def test_without_a_directory_nobody_witnesses_and_nobody_signs() -> None:
    anchors = anchors_of_documents(HUB, None)
    assert anchors == Anchors(
        log=NETWORK.log.vkey, quorum=Quorum(nodes=3), documents=(("hub.json", digest(HUB)),)
    )
    keyid = NETWORK.nodes[0].sign.public.keyid
    assert refused(lambda: anchors.signer(keyid, received=None))[0] == "unknown_key"


def test_two_hubs_documents_do_not_go_together() -> None:
    other = dataclasses.replace(NETWORK.hub_keys, audience="kim-nrw/other").to_bytes()
    assert refused(lambda: anchors_of_documents(other, DIRECTORY))[0] == "wrong_audience"
    assert anchors_of_documents(other, None).directory is None


def test_a_hub_without_a_log_proves_nothing() -> None:
    none = HubKeys(audience=NETWORK.hub_keys.audience).to_bytes()
    assert refused(lambda: anchors_of_documents(none, None)) == ("trust_document_invalid", "/log_vkey")


def test_where_there_are_witnesses_from_outside_one_of_them_is_needed() -> None:
    """P-109."""
    more = (
        OutsideWitness(str(OUTSIDE)),
        OutsideWitness(str(dataclasses.replace(OUTSIDE, name="other.example"))),
    )
    hub = dataclasses.replace(NETWORK.hub_keys, outside_witnesses=more).to_bytes()
    anchors = anchors_of_documents(hub, DIRECTORY)
    assert anchors.quorum == Quorum(nodes=3, outside=1)
    # Whoever asks for another number of nodes has waived nothing else.
    assert anchors_of_documents(hub, DIRECTORY, quorum=1).quorum == Quorum(nodes=1, outside=1)
    assert anchors.witnesses[-2:] == (
        Witness(OUTSIDE.name, STRANGER, outside=True),
        Witness("other.example", STRANGER, outside=True),
    )
    assert [witness.outside for witness in anchors.witnesses] == [False] * 4 + [True] * 2


def test_keys_that_somebody_typed_are_believed_as_they_stand() -> None:
    named = [str(witness_of(node).vkey) for node in NETWORK.nodes[:2]]
    anchors = anchors_of_keys(str(NETWORK.log.vkey), named)
    assert anchors == Anchors(
        log=NETWORK.log.vkey,
        witnesses=NODES[:2],
        quorum=Quorum(nodes=2),
    )
    with_directory = anchors_of_keys(str(NETWORK.log.vkey), [str(OUTSIDE)], quorum=4, directory=DIRECTORY)
    assert with_directory == Anchors(
        log=NETWORK.log.vkey,
        witnesses=(Witness(OUTSIDE.name, STRANGER), *NODES),
        quorum=Quorum(nodes=4),
        directory=NETWORK.directory(),
        documents=(("directory.json", digest(DIRECTORY)),),
    )


def test_the_key_of_a_log_is_none_of_a_witness() -> None:
    log = str(NETWORK.log.vkey)
    assert refused(lambda: anchors_of_keys(log, [log]))[0] == "bad_log_document"


def test_a_witness_key_that_somebody_else_may_have_held_counts_for_nothing() -> None:
    first, *others = NETWORK.nodes
    entry = first.entry()
    signing, witness = entry.keys
    lost = dataclasses.replace(
        witness,
        status=KeyStatus.REVOKED,
        reason=RevocationReason.COMPROMISED,
        revoked_at=START,
        compromised_since=START,
    )
    directory = dataclasses.replace(
        NETWORK.directory(),
        nodes=(
            dataclasses.replace(entry, keys=(signing, lost)),
            *(node.entry() for node in others),
        ),
    )
    found = anchors_of_documents(HUB, directory.to_bytes())
    assert [item.name for item in found.witnesses] == [node.id for node in others]


def test_a_cosigner_is_one_of_the_witnesses() -> None:
    node, other = NETWORK.nodes[0], PaperNode("NW05999")
    log = PaperNetwork().log
    note = log.note([node, NETWORK.nodes[1]])
    assert [item.name for item in NETWORK.anchors().cosigners(note)] == [node.id, NETWORK.nodes[1].id]
    assert NETWORK.anchors().cosigners(log.note([other])) == ()
