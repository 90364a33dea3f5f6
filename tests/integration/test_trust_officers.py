"""Officers govern a hub: real key files, real signatures, a real database (SPEC P-145, P-150).

Each test is named for the attack or the accident; each refusal has its code.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tuf.api.metadata import Delegations, Targets

from hub.clock import SystemClock
from hub.domain.states import KeyStatus, NodeStatus
from hub.services.enrolment.deciding import BenchRegistry
from hub.services.registry.registration import Registration, register
from hub.services.trust.change_file import ChangeFile, read_change_file
from hub.services.trust.documents import digest
from hub.services.trust.officers import load_signer, make_officer_key, read_officer
from hub.services.trust.preparing import Wishes, next_proposal
from hub.services.trust.proposing import OfficerChange, next_change
from hub.services.trust.publishing import heal
from hub.services.trust.renewal import renew
from hub.services.trust.signing import Memory, read_memory, review
from hub.services.trust.staging import OfficersRegistry, withdraw
from hub.services.trust.standing import standing
from hub.services.trust.suspending import suspend
from hub.services.trust.witnessing import witnesses_among
from hub.services.trust.wording import describe
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey
from protocol.trust import AddKey, AddNode, Change, ChangeKey, ChangeNode, RevocationReason, apply
from protocol.trust.officers import check_root
from tests.factories.officers import (
    NAMES,
    PASSPHRASE,
    governed,
    key_entry,
    node_entry,
    now,
    office,
    resigned,
    root_of,
    targets_of,
)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(KimError) as caught:
        act()
    error = caught.value
    assert error.remedy.de
    assert error.remedy.en
    assert error.detail.de != error.detail.en
    return error.code


def test_two_of_three_officers_decide(tmp_path: Path) -> None:
    made, entry = office(tmp_path), node_entry(1)
    first = made.signed(made.first(entry), NAMES[0])
    assert code_of(lambda: made.publish(first)) == "trust_threshold"
    assert made.repository.roots() == []
    made.publish(made.signed(first, NAMES[2]))
    with made.database.read() as unit:
        node, current = unit.nodes.get(entry.node), unit.trust.current()
        assert node is not None
        assert (node.name, node.areas, node.status) == (entry.name, entry.areas, NodeStatus.ACTIVE)
        assert {(key.keyid, key.use) for key in unit.nodes.keys_of(entry.node)} == {
            (key.keyid, key.use) for key in entry.keys
        }
    assert current is not None
    assert (current.targets_version, current.root_version) == (1, 1)
    assert current.policy.sealed


def test_one_officer_cannot_change_the_directory(tmp_path: Path) -> None:
    made = governed(tmp_path)
    alone = made.signed(made.change(AddNode(node_entry(1))), NAMES[1])
    assert code_of(lambda: made.publish(alone)) == "trust_threshold"
    with made.database.read() as unit:
        assert unit.nodes.all() == []


def test_the_same_officer_twice_counts_once(tmp_path: Path) -> None:
    made = governed(tmp_path)
    change = made.change(AddNode(node_entry(1)))
    once = made.signed(change, NAMES[0])
    assert code_of(lambda: made.signed(once, NAMES[0])) == "already_signed"
    # Two copies that the same person signed apart are one signature as well.
    assert code_of(lambda: made.publish(once, made.signed(change, NAMES[0]))) == "trust_threshold"
    # And a forged second entry for the same key: TUF reads no key id twice.
    targets = targets_of(once.targets or b"").to_dict()
    targets["signatures"].append(targets["signatures"][0])
    import json

    forged = replace(once, targets=json.dumps(targets).encode())
    assert code_of(lambda: made.publish(forged)) == "trust_document_invalid"


def test_copies_signed_apart_are_put_together(tmp_path: Path) -> None:
    made = governed(tmp_path)
    change = made.change(AddNode(node_entry(1)))
    copies = [made.signed(change, name) for name in NAMES[1:]]
    assert made.publish(*copies).targets_version == 2
    other = made.change(AddNode(node_entry(2)))
    another = made.change(AddNode(node_entry(3)))
    mixed = [made.signed(other, NAMES[0]), made.signed(another, NAMES[1])]
    assert code_of(lambda: made.publish(*mixed)) == "trust_conflict"


def test_a_stranger_cannot_sign(tmp_path: Path) -> None:
    made = governed(tmp_path)
    made.hire("D. Fremd")
    change = made.change(AddNode(node_entry(1)))
    assert code_of(lambda: made.signed(change, "D. Fremd")) == "not_an_officer"
    forged = replace(
        change,
        targets=resigned(targets_of(change.targets or b""), made.signer(NAMES[0]), made.signer("D. Fremd")),
    )
    assert code_of(lambda: made.publish(forged)) == "trust_threshold"


def test_a_proposal_that_was_overtaken(tmp_path: Path) -> None:
    made = governed(tmp_path)
    late = made.signed(made.change(AddNode(node_entry(1))), *NAMES[:2])
    made.decide(AddNode(node_entry(2)))
    assert code_of(lambda: made.publish(late)) == "trust_conflict"


def test_an_officers_machine_takes_no_older_state_for_the_present_one(tmp_path: Path) -> None:
    made = governed(tmp_path)
    old = made.change(AddNode(node_entry(1)))
    made.decide(AddNode(node_entry(2)))
    seen = review(made.change(AddNode(node_entry(3))), None, now=now()).memory
    assert seen.targets_version == 2
    assert code_of(lambda: review(old, seen, now=now())) == "trust_rollback"
    # A state that enough officers signed once, presented as base of something new, is no better.
    stale = replace(made.change(AddNode(node_entry(3))), published=old.published, blobs=old.blobs)
    assert code_of(lambda: review(stale, seen, now=now())) == "trust_rollback"


def test_an_officers_machine_knows_its_officers(tmp_path: Path) -> None:
    made, stranger = governed(tmp_path / "one"), governed(tmp_path / "two")
    seen = review(made.change(), None, now=now()).memory
    foreign = stranger.change(AddNode(node_entry(1)))
    assert code_of(lambda: review(foreign, seen, now=now())) == "trust_root_mismatch"
    first = office(tmp_path / "three").first()
    assert code_of(lambda: review(first, seen, now=now())) == "trust_root_mismatch"


def test_what_a_machine_has_seen_survives_and_a_damaged_memory_is_noticed(tmp_path: Path) -> None:
    memory, file = Memory("ab" * 32, 2, 7), tmp_path / "officer.pem.seen"
    assert read_memory(file) is None
    file.write_bytes(memory.to_bytes())
    assert read_memory(file) == memory
    file.write_bytes(memory.to_bytes()[:-2])
    assert code_of(lambda: read_memory(file)) == "trust_document_invalid"


def test_a_base_that_was_not_signed_is_not_believed(tmp_path: Path) -> None:
    made = governed(tmp_path)
    change = made.change(AddNode(node_entry(1)))
    base = targets_of(change.published or b"")
    base.signed.version = 1
    forged = replace(change, published=resigned(base, made.signer(NAMES[0])))
    assert code_of(lambda: review(forged, None, now=now())) == "trust_threshold"


def test_a_document_that_was_exchanged_on_the_way(tmp_path: Path) -> None:
    made = governed(tmp_path)
    change = made.signed(made.change(AddNode(node_entry(1))), *NAMES[:2])
    directory = made.repository.documents().directory.to_bytes()
    name = targets_of(change.targets or b"").signed.targets["keys/directory.json"].hashes["sha256"]
    missing = replace(change, blobs={key: data for key, data in change.blobs.items() if key != name})
    assert code_of(lambda: made.publish(missing)) == "trust_altered"
    exchanged = replace(change, blobs={**change.blobs, name: directory})
    assert code_of(lambda: made.publish(exchanged)) == "trust_altered"
    # On the wire there are no names: whatever arrives is looked up by its own digest.
    assert code_of(lambda: made.publish(read_change_file(exchanged.to_bytes()))) == "trust_altered"


def test_every_bit_of_a_signed_targets_counts(tmp_path: Path) -> None:
    made = governed(tmp_path)
    change = made.signed(made.change(AddNode(node_entry(1))), *NAMES[:2])
    data = change.targets or b""
    before = made.repository.targets_bytes()
    accepted = 0
    for place in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        try:
            made.publish(replace(change, targets=bytes(flipped)))
        except KimError:
            continue
        accepted += 1
    assert accepted == 0
    assert made.repository.targets_bytes() == before


# ------------------------------------------------------------------------------------------- officers


def test_officers_change_with_the_consent_of_the_old_and_the_new(tmp_path: Path) -> None:
    made = governed(tmp_path)
    newcomer = made.hire("D. Neu, IT.NRW")
    leaver = made.people[NAMES[0]][0]
    wish = OfficerChange(add_root=(newcomer,), add_targets=(newcomer,), remove=(leaver.keyid,))
    change = made.change(officers=wish)
    # The newcomer and one of the old: enough of the new officers, not of the old ones.
    assert code_of(lambda: made.publish(made.signed(change, NAMES[1], newcomer.name))) == "trust_threshold"
    done = made.publish(made.signed(change, NAMES[1], NAMES[2]))
    assert (done.root_version, done.targets_version) == (2, 2)
    assert made.repository.root().signed.version == 2
    # Who has left decides nothing any more.
    later = made.change(AddNode(node_entry(1)))
    assert code_of(lambda: made.signed(later, leaver.name)) == "not_an_officer"
    made.publish(made.signed(later, newcomer.name, NAMES[1]))


def test_new_officers_cannot_take_over_by_themselves(tmp_path: Path) -> None:
    made = governed(tmp_path)
    takers = [made.hire(name) for name in ("X. Eins", "Y. Zwei")]
    wish = OfficerChange(
        add_root=tuple(takers),
        add_targets=tuple(takers),
        remove=tuple(made.people[name][0].keyid for name in NAMES),
    )
    change = made.change(officers=wish)
    mine = made.signed(change, *(taker.name for taker in takers))
    assert code_of(lambda: made.publish(mine)) == "trust_threshold"
    assert made.repository.root().signed.version == 1


def test_what_is_published_must_hold_under_the_new_officers(tmp_path: Path) -> None:
    made = governed(tmp_path)
    newcomers = [made.hire(name) for name in ("D. Neu", "E. Neu")]
    # Both who had signed the directory leave, and nobody signs it again.
    wish = OfficerChange(
        add_root=tuple(newcomers),
        add_targets=tuple(newcomers),
        remove=tuple(made.people[name][0].keyid for name in NAMES[:2]),
    )
    only_root = made.change(officers=wish, documents=False)
    signed = made.signed(only_root, NAMES[0], NAMES[1], "D. Neu", "E. Neu")
    assert code_of(lambda: made.publish(signed)) == "trust_threshold"
    both = made.change(officers=wish)
    made.publish(made.signed(both, NAMES[0], NAMES[1], "D. Neu", "E. Neu"))


def test_a_root_that_lets_one_person_sign_alone_is_never_made(tmp_path: Path) -> None:
    made = governed(tmp_path)
    root = root_of(made.repository.roots()[0])
    root.signed.version = 2
    root.signed.roles["targets"].threshold = 1
    data = resigned(root, *(made.signer(name) for name in NAMES))
    change = replace(made.change(documents=True), root=data)
    assert code_of(lambda: made.publish(change)) == "trust_document_invalid"
    leavers = OfficerChange(remove=tuple(made.people[name][0].keyid for name in NAMES[:2]))
    assert code_of(lambda: made.change(officers=leavers)) == "trust_document_invalid"
    nobody = OfficerChange(remove=("ab" * 32,))
    assert code_of(lambda: made.change(officers=nobody)) == "not_an_officer"


def test_a_root_version_is_neither_repeated_nor_skipped(tmp_path: Path) -> None:
    made = governed(tmp_path)
    for version in (1, 3):
        root = root_of(made.repository.roots()[0])
        root.signed.version = version
        change = replace(made.change(), root=resigned(root, *(made.signer(name) for name in NAMES)))
        assert code_of(lambda change=change: made.publish(change)) == "trust_rollback"


def test_the_same_person_is_not_two_officers(tmp_path: Path) -> None:
    made = office(tmp_path)
    officer = made.people[NAMES[0]][0]
    other_name = replace(officer, name="Zweiter Name")
    made.people[NAMES[1]] = (other_name, made.people[NAMES[0]][1])
    assert code_of(made.first) == "duplicate_key"


def test_the_hub_changes_its_own_key_with_the_officers_consent(tmp_path: Path) -> None:
    made = governed(tmp_path)
    before = made.repository.online_signer().public_key.keyid
    key = made.repository.prepare_online_key().public_key
    wish = OfficerChange(online_key=key)
    change = made.change(officers=wish, documents=False)
    # Until the officers have signed, the old key goes on.
    assert renew(made.repository, made.database, now=now() + dt.timedelta(hours=13))
    assert made.repository.online_signer().public_key.keyid == before
    made.publish(made.signed(change, *NAMES[:2]))
    assert made.repository.online_signer().public_key.keyid == key.keyid
    root, timestamp = made.repository.root(), made.repository.timestamp()
    root.signed.verify_delegate("timestamp", timestamp.signed_bytes, timestamp.signatures)


# ------------------------------------------------------------------------------------------- directory


def test_what_was_decided_is_not_undone(tmp_path: Path) -> None:
    entry = node_entry(1)
    made = governed(tmp_path, entry)
    revoked = replace(
        entry.keys[0],
        status=KeyStatus.REVOKED,
        revoked_at=now(),
        compromised_since=now() - dt.timedelta(days=3),
        reason=RevocationReason.COMPROMISED,
    )
    made.decide(ChangeKey(entry.node, revoked))
    with made.database.read() as unit:
        stored = unit.nodes.key(revoked.keyid)
    assert stored is not None
    assert (stored.status, stored.compromised_since) == (KeyStatus.REVOKED, revoked.compromised_since)
    undo = ChangeKey(entry.node, entry.keys[0])
    assert code_of(lambda: made.change(undo)) == "trust_change_refused"
    # Also when somebody builds the file by other means.
    documents = made.repository.documents()
    shrunk = replace(documents, directory=replace(documents.directory, nodes=()))
    change = next_change(made.repository, documents=shrunk, now=now())
    assert code_of(lambda: made.signed(change, NAMES[0])) == "trust_change_refused"


def test_one_person_lifts_no_suspension_that_officers_have_signed(tmp_path: Path) -> None:
    entry = node_entry(1)
    made = governed(tmp_path, entry)

    def lift() -> bool:
        return suspend(made, entry.node, reason="ich will", by="C. Allein", lift=True)

    def status() -> NodeStatus | None:
        with made.database.read() as unit:
            found = unit.nodes.get(entry.node)
        return None if found is None else found.status

    # What one person has stopped, one person lets go on.
    assert suspend(made, entry.node, reason="Notebook gestohlen", by="A. Meier")
    assert lift()
    said = (entry.node, entry.name, entry.areas)
    made.decide(ChangeNode(*said, NodeStatus.SUSPENDED))
    assert code_of(lift) == "directory_governs"
    assert status() is NodeStatus.SUSPENDED
    # Nor where it is not there to be read, and it does not become a test bench.
    folder = made.settings.home / "trust"
    folder.rename(tmp_path / "elsewhere")
    assert code_of(lift) == "directory_governs"
    (tmp_path / "elsewhere").rename(folder)
    made.decide(ChangeNode(*said, NodeStatus.ACTIVE))
    assert lift()
    assert status() is NodeStatus.ACTIVE
    # What is decided counts, also while a process that died has not switched the pointer yet.
    version = made.repository.targets().signed.version
    made.decide(ChangeNode(*said, NodeStatus.SUSPENDED))
    made.repository.point_to(version, now=now())
    assert code_of(lift) == "directory_governs"
    assert status() is NodeStatus.SUSPENDED


def test_a_home_without_its_trust_folder_is_no_test_bench(tmp_path: Path) -> None:
    made = governed(tmp_path, node_entry(1))
    (made.settings.home / "trust").rename(tmp_path / "elsewhere")
    stranger = PrivateKey.generate().public.hex
    entry = Registration("node-thief", ("NW05111",), stranger, "Niemand")
    assert code_of(lambda: register(made, [entry])) == "directory_governs"
    with made.database.write() as unit:
        changes = [("node-thief", lambda _: node_entry(2, node="node-thief"))]
        assert code_of(lambda: BenchRegistry().change(unit, changes, at=now())) == "directory_governs"
    with made.database.read() as unit:
        assert unit.nodes.get("node-thief") is None


def test_one_event_in_audit_and_log_per_change(tmp_path: Path) -> None:
    made = governed(tmp_path)
    with made.database.read() as unit:
        before = unit.leaves.size()
    entry = node_entry(1)
    made.decide(AddNode(entry))
    with made.database.read() as unit:
        leaves = [data for data, _ in unit.leaves.leaves(before, behind=unit.leaves.size())]
        assert unit.audits("trust.published", "version 2") == 1
    from protocol.transparency.events import parse_event

    events = [parse_event(leaf) for leaf in leaves]
    assert [event.kind for event in events] == ["node-added", "key-added", "key-added", "trust-published"]
    published = events[-1]
    targets = made.repository.targets()
    assert (published.id, published.out_sha256) == ("trust/targets/2", digest(targets.signed_bytes))


def test_the_test_banks_nodes_are_taken_over_and_none_is_forgotten(tmp_path: Path) -> None:
    made = office(tmp_path)

    class Desk:
        settings, database, clock = made.settings, made.database, SystemClock()

    key = PrivateKey.generate().public
    register(Desk, [Registration("node-bench", ("NW05111",), key.hex, "Düsseldorf")])  # type: ignore[arg-type]
    first = made.first()
    after = review(first, None, now=now()).after
    assert after is not None
    taken = after.directory.key(key.keyid)
    assert taken is not None
    assert taken[0].name == "Düsseldorf"
    forgetful = made._with_nodes(first, [node_entry(2)])
    assert code_of(lambda: made.publish(made.signed(forgetful, *NAMES[:2]))) == "trust_change_refused"
    made.publish(made.signed(first, *NAMES[:2]))
    # From init on nobody registers by hand any more.
    more = [Registration("node-more", ("NW05112",), PrivateKey.generate().public.hex, "Duisburg")]
    assert code_of(lambda: register(Desk, more)) == "directory_governs"  # type: ignore[arg-type]


def test_staged_changes_wait_for_signatures_and_go_into_one_version(tmp_path: Path) -> None:
    made = governed(tmp_path)
    directory = made.repository.documents().directory
    entries = [node_entry(number) for number in range(1, 55)]
    with made.database.write() as unit:
        registry = OfficersRegistry(directory)
        registry.change(unit, [(entry.node, lambda _, entry=entry: entry) for entry in entries], at=now())
    with made.database.read() as unit:
        staged = [item.change for item in unit.trust.staged()]
        assert unit.nodes.all() == []
    assert staged == [AddNode(entry) for entry in entries]
    made.decide(*staged)
    with made.database.read() as unit:
        assert len(unit.nodes.all()) == 54
        assert unit.trust.staged() == []


def test_a_staged_change_is_refused_at_once_or_taken_back(tmp_path: Path) -> None:
    entry = node_entry(1)
    made = governed(tmp_path, entry)
    directory = made.repository.documents().directory

    def staged(*changes: Change) -> int:
        with made.database.write() as unit:
            wanted = [
                (change.node, lambda _, change=change: apply(directory, [change]).node(change.node))
                for change in changes
            ]
            OfficersRegistry(directory).change(unit, wanted, at=now())  # type: ignore[arg-type]
            return unit.trust.staged()[-1].id

    assert code_of(lambda: staged(AddNode(entry))) == "trust_change_refused"
    assert code_of(lambda: staged(AddKey("node-nobody", key_entry()))) == "trust_change_refused"
    assert code_of(lambda: staged(AddKey(entry.node, entry.keys[0]))) == "duplicate_key"
    # Each is in order by itself; together they would be no directory.
    twice = [AddNode(node_entry(2)), AddNode(node_entry(3, areas=("NW00002",)))]
    assert code_of(lambda: staged(*twice)) == "trust_document_invalid"
    with made.database.read() as unit:
        assert unit.trust.staged() == []
    number = staged(ChangeNode(entry.node, "Neuer Name", entry.areas, NodeStatus.SUSPENDED))
    with made.database.write() as unit:
        withdraw(unit, number, at=now(), actor="A. Meier")
        assert unit.trust.staged() == []
    with made.database.write() as unit:
        assert code_of(lambda: withdraw(unit, number, at=now(), actor="A. Meier")) == "not_found"


@pytest.mark.parametrize(
    "path",
    [
        "x\x1b[2J\x1b[HNichts ändert sich.json",
        "a\u202eb.json",
        "a\nb.json",
        "../x.json",
        "a/b/c.json",
        "x",
        "",
    ],
    ids=ascii,
)
def test_a_file_of_another_name_never_reaches_an_officer(tmp_path: Path, path: str) -> None:
    """A hub in other hands proposes what it likes: a name could write other sentences over the true ones."""
    made = governed(tmp_path, node_entry(1))
    documents = replace(made.repository.documents(), others={path: b"{}"})
    change = next_change(made.repository, documents=documents, now=now())
    assert code_of(lambda: review(change, None, now=now())) == "trust_document_invalid"


def test_what_officers_are_not_told_they_do_not_sign(tmp_path: Path) -> None:
    made = governed(tmp_path, node_entry(1))
    change = made.change(AddNode(node_entry(2)))
    assert change.targets is not None

    def altered(edit: Callable[[Targets], object]) -> ChangeFile:
        metadata = targets_of(change.targets)
        edit(metadata.signed)
        return replace(change, targets=metadata.to_bytes())

    first = next(iter(targets_of(change.targets).signed.targets))
    edits: list[Callable[[Targets], object]] = [
        lambda said: setattr(said, "delegations", Delegations({}, {})),
        lambda said: said.unrecognized_fields.update(x=1),
        lambda said: said.targets[first].unrecognized_fields.update(custom={"x": 1}),
    ]
    for edit in edits:
        assert code_of(lambda edit=edit: review(altered(edit), None, now=now())) == "trust_document_invalid"


def test_every_change_is_said_in_words(tmp_path: Path) -> None:
    entry = node_entry(1)
    made = governed(tmp_path, entry)
    revoked = replace(
        entry.keys[0],
        status=KeyStatus.REVOKED,
        revoked_at=now(),
        compromised_since=dt.datetime(2026, 10, 1, 8, 30, tzinfo=dt.UTC),
        reason=RevocationReason.COMPROMISED,
    )
    joining, fresh = node_entry(2), key_entry(KeyPurpose.WITNESS)
    change = made.change(
        ChangeKey(entry.node, revoked),
        AddKey(entry.node, fresh),
        ChangeNode(entry.node, "Umbenannt", ("NW00001", "NW00077"), NodeStatus.SUSPENDED),
        AddNode(joining),
        officers=OfficerChange(add_root=(made.hire("D. Neu"),)),
    )
    lines = describe(review(change, None, now=now()))
    german, english = "\n".join(line.de for line in lines), "\n".join(line.en for line in lines)
    for text in (german, english):
        for word in (
            revoked.public_key.fingerprint(),
            fresh.public_key.fingerprint(),
            "2026-10-01 08:30",
            "Umbenannt",
            "NW00077",
            joining.node,
            joining.name,
            joining.keys[0].public_key.fingerprint(),
            "D. Neu",
        ):
            assert word in text
    assert "kompromittiert seit" in german
    assert "compromised since" in english
    unchanged = describe(review(made.change(), None, now=now()))
    assert [line.en for line in unchanged] == ["Nothing changes; it is only valid for longer."]


@pytest.mark.parametrize(
    ("quorum", "others", "missing", "helps"),
    [
        (0, 0, 0, ""),
        (1, 0, 1, "Admit more nodes."),
        (1, 1, 0, ""),
        (3, 1, 2, "--quorum 1"),
        (3, 2, 1, "--quorum 2"),
        (3, 3, 0, ""),
    ],
)
def test_witnesses_enough_are_others_than_the_node_concerned(
    quorum: int, others: int, missing: int, helps: str
) -> None:
    witness = key_entry(KeyPurpose.WITNESS)
    withdrawn = replace(
        key_entry(KeyPurpose.WITNESS),
        status=KeyStatus.REVOKED,
        revoked_at=now(),
        reason=RevocationReason.SUPERSEDED,
    )
    nodes = [
        *(node_entry(number) for number in range(1, others + 2)),
        # Who cannot be asked counts for nothing.
        node_entry(20, status=NodeStatus.SUSPENDED),
        node_entry(21, keys=(key_entry(),)),
        node_entry(22, keys=(key_entry(), withdrawn)),
    ]
    found = witnesses_among(nodes, quorum=quorum)
    assert found.members == {"quorum": quorum, "nodes": others + 1, "missing": missing}
    for lines in ([line.en for line in found.lines()], [line.de for line in found.lines()]):
        assert bool(lines) == bool(missing)
    if missing:
        first, remedy = (line.en for line in found.lines())
        assert f"that is {quorum + 1} that are entered; there are {others + 1}" in first
        assert helps in remedy
    again = replace(nodes[0], keys=(*nodes[0].keys, witness))
    assert witnesses_among([again, *nodes[1:]], quorum=quorum) == found  # one holder, one witness


def test_who_signs_too_few_nodes_reads_so_whatever_else_changes(tmp_path: Path) -> None:
    made = governed(tmp_path, node_entry(1))
    for officers in (None, OfficerChange(add_root=(made.hire("D. Neu"),))):
        change = next_proposal(
            made.settings,
            made.database,
            made.repository,
            wishes=Wishes(quorum=3, add_root=officers.add_root if officers else ()),
            now=now(),
        )
        assert change is not None
        lines = "\n".join(line.en for line in describe(review(change, None, now=now())))
        assert "A receipt is final with 3 witnesses." in lines
        assert "NOTE: receipts do not become final yet." in lines


# ------------------------------------------------------------------------------------ time and power


def test_the_pointer_is_renewed_in_time_and_not_too_often(tmp_path: Path) -> None:
    made = governed(tmp_path)
    repository, start = made.repository, now()
    assert not renew(repository, made.database, now=start + dt.timedelta(hours=11))
    assert renew(repository, made.database, now=start + dt.timedelta(hours=13))
    assert (repository.timestamp().signed.version, repository.snapshot().signed.version) == (2, 1)
    assert renew(repository, made.database, now=start + dt.timedelta(days=4))
    assert (repository.timestamp().signed.version, repository.snapshot().signed.version) == (3, 2)
    assert repository.targets().signed.version == 1


@pytest.mark.parametrize("days", [91, -1])
def test_nothing_is_signed_for_a_time_that_is_over_or_too_long(tmp_path: Path, days: int) -> None:
    made = governed(tmp_path)
    change = made.change(AddNode(node_entry(1)))
    if days > 0:
        later = now() + dt.timedelta(days=days)
        assert code_of(lambda: review(change, None, now=later)) == "trust_expired"
        return
    targets = targets_of(change.targets or b"")
    targets.signed.expires = now() + dt.timedelta(days=500)
    assert code_of(lambda: review(replace(change, targets=targets.to_bytes()), None, now=now())) == (
        "trust_document_invalid"
    )


def test_a_process_that_died_before_the_switch_is_healed(tmp_path: Path) -> None:
    made = governed(tmp_path)
    pointer = made.repository.metadata / "timestamp.json"
    old = pointer.read_bytes()
    made.decide(AddNode(node_entry(1)))
    pointer.write_bytes(old)  # what a power cut between transaction and rename leaves
    assert made.repository.targets().signed.version == 1
    assert heal(made.repository, made.database, now=now())
    assert made.repository.targets().signed.version == 2
    assert not heal(made.repository, made.database, now=now())


def test_a_transaction_that_fails_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = governed(tmp_path)
    change = made.signed(made.change(AddNode(node_entry(1))), *NAMES[:2])
    from hub.services.trust import publishing

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "enter_directory", fail)
        with pytest.raises(OSError, match="No space"):
            made.publish(change)
    assert made.repository.targets().signed.version == 1
    with made.database.read() as unit:
        assert unit.nodes.all() == []
    made.publish(change)
    assert made.repository.targets().signed.version == 2


def test_how_it_stands(tmp_path: Path) -> None:
    made = office(tmp_path)
    assert code_of(lambda: standing(made.repository, made.database)) == "no_trust_repository"
    first = made.first(node_entry(1))
    assert standing(made.repository, made.database) is None
    made.publish(made.signed(first, *NAMES[:2]))
    found = standing(made.repository, made.database)
    assert found is not None
    assert found.versions == {"root": 1, "targets": 1, "snapshot": 1, "timestamp": 1}
    assert found.to_renew(now()) == []
    assert found.to_renew(now() + dt.timedelta(days=61)) == ["targets"]
    assert found.to_renew(now() + dt.timedelta(days=306)) == ["root", "targets"]
    check_root(found.root.to_dict())


# ------------------------------------------------------------------------------------------ key files


def test_a_key_file_is_encrypted_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "officer.pem"
    officer = make_officer_key(path, NAMES[0], passphrase=PASSPHRASE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in path.read_bytes()
    assert read_officer((tmp_path / "officer.pem.pub").read_bytes()).keyid == officer.keyid
    assert load_signer(path, passphrase=PASSPHRASE).public_key.keyid == officer.keyid
    assert code_of(lambda: load_signer(path, passphrase="falsch falsch falsch")) == "key_unreadable"
    assert code_of(lambda: load_signer(path, passphrase=None)) == "key_unreadable"
    assert code_of(lambda: make_officer_key(path, NAMES[0], passphrase=PASSPHRASE)) == "already_exists"
    path.chmod(0o640)
    assert code_of(lambda: load_signer(path, passphrase=PASSPHRASE)) == "key_unreadable"
    short = tmp_path / "short.pem"
    assert code_of(lambda: make_officer_key(short, NAMES[0], passphrase="kurz")) == "passphrase_weak"
    assert not short.exists()


@pytest.mark.parametrize("name", ["", "zwei\nZeilen", "\u202egespiegelt", "x" * 201])
def test_an_officers_name_is_one_harmless_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "officer.pem"
    assert code_of(lambda: make_officer_key(path, name, passphrase=PASSPHRASE)) == "officer_key_invalid"
    assert not path.exists()


@pytest.mark.parametrize("data", [b"", b"{}", b"\x00" * 64, b'{"v":1,"kind":"kim-trust-change"}'])
def test_a_file_that_is_none(data: bytes) -> None:
    assert code_of(lambda: read_change_file(data)) == "trust_document_invalid"
    assert code_of(lambda: read_officer(data)) == "officer_key_invalid"


@pytest.mark.parametrize("member", ["signature", "number"])
def test_metadata_that_no_serializer_knows_are_no_change_file(tmp_path: Path, member: str) -> None:
    """Whoever sends them learns nothing but that: no exception of a library leaves the reader."""
    made = governed(tmp_path, node_entry(1))
    change = made.signed(made.change(AddNode(node_entry(2))), NAMES[0])
    metadata = json.loads(change.targets or b"")
    if member == "signature":
        metadata["signatures"][0]["sig"] = None
    else:
        metadata["signed"]["x"] = 2.5
    data = json.dumps(metadata, separators=(",", ":"), sort_keys=True).encode()
    for broken in (replace(change, targets=data), replace(change, published=data)):
        assert code_of(lambda broken=broken: review(broken, None, now=now())) == "trust_document_invalid"


def test_a_change_file_survives_its_way(tmp_path: Path) -> None:
    made = governed(tmp_path)
    change = made.signed(made.change(AddNode(node_entry(1))), NAMES[0])
    assert read_change_file(change.to_bytes()) == change
    assert isinstance(change, ChangeFile)


def test_another_hubs_documents(tmp_path: Path) -> None:
    made = office(tmp_path)
    first = made.signed(made.first(), *NAMES[:2])
    made.settings = replace(made.settings, audience="kim-nrw/prod")
    assert code_of(lambda: made.publish(first)) == "wrong_audience"
