"""`kim-verify` and the officers' signatures: beside the reference client, which wrote what is judged (P-119).

Each attack on a copy of the repository is named; where TUF's own client asks the same question, it has to
come to the same refusal.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata

from hub.services.trust.documents import Documents
from hub.services.trust.exporting import export
from hub.services.trust.proposing import OfficerChange
from node.trust.refresh import refresh
from node.trust.sources import FolderSource
from node.trust.store import TrustStore
from protocol.errors import KimError
from protocol.trust import AddNode, Policy
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.metadata import Role, parse_metadata
from protocol.verify import files
from protocol.verify.cli import main
from protocol.verify.officers import Signed, check_officers
from protocol.verify.trail import Trail
from tests.factories.logged_world import AUDIENCE, PaperNetwork
from tests.factories.officers import (
    NAMES,
    Office,
    exported,
    governed,
    node_entry,
    now,
    put_forward,
    resigned,
    root_of,
    targets_of,
)
from tests.integration.test_node_trust import replace_key, root_of_members


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Officers who have decided three times and changed once."""
    made = governed(tmp_path_factory.mktemp("officers"), node_entry(1))
    newcomer, leaver = made.hire("D. Neu"), made.people[NAMES[0]][0]
    wish = OfficerChange(add_root=(newcomer,), add_targets=(newcomer,), remove=(leaver.keyid,))
    made.publish(made.signed(made.change(AddNode(node_entry(2)), officers=wish), *NAMES[1:]))
    made.publish(made.signed(made.change(AddNode(node_entry(3))), *NAMES[1:]))
    return made


class Copy:
    """A copy of a hub's repository, to be attacked by whoever has the hub's own key."""

    def __init__(self, grown: Office, folder: Path) -> None:
        home = folder / "hub"
        shutil.copytree(grown.settings.home / "trust", home / "trust")
        passphrase = str(grown.settings.passphrase_file)
        settings = replace(grown.settings, home=home, key_passphrase_file=passphrase)
        self.office = Office(settings, grown.database, grown.people)
        self.folder = self.office.repository.metadata.parent
        self.root = self.office.repository.roots()[0]
        self.client = folder / "client"

    @property
    def fingerprint(self) -> str:
        return root_fingerprint(root_of(self.root).signed_bytes)

    def check(self, *, at: dt.datetime | None = None, trail: Trail | None = None) -> Signed:
        read = files.trust_reader(self.folder)
        return check_officers(trail or Trail(), read, fingerprint=self.fingerprint, at=at or now())

    def ours(self) -> str:
        return code_of(self.check)

    def both(self) -> tuple[str, str]:
        """The refusals of both, of somebody who knows nothing but the pinned root."""
        return self.ours(), code_of(self.reference)

    def reference(self) -> None:
        for name in ("metadata", "targets"):
            (self.client / name).mkdir(parents=True, exist_ok=True)
        refresh(self.client, self.root, FolderSource(self.folder))

    def documents(self) -> dict[str, bytes]:
        return dict(self.office.repository.documents().files())


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(KimError) as caught:
        act()
    assert caught.value.detail.de
    assert caught.value.detail.en
    return caught.value.code


@pytest.fixture
def copy(grown: Office, tmp_path: Path) -> Copy:
    return Copy(grown, tmp_path)


def test_what_the_reference_client_takes_is_verified_from_the_first_root_on(copy: Copy) -> None:
    copy.reference()
    trail = Trail()
    found = copy.check(trail=trail)
    published = copy.documents()
    assert (found.hub, found.directory) == (published["keys/hub.json"], published["keys/directory.json"])
    assert (found.root_version, found.targets_version, found.since) == (2, 3, 1)
    assert (len(trail.passed), trail.remarks) == (4, [])
    # Whoever has the later root believes from there on.
    copy.root = copy.office.repository.roots()[1]
    trail = Trail()
    assert copy.check(trail=trail).since == 2
    assert len(trail.remarks) == 1


def test_canonical_bytes_are_those_that_the_library_signs(copy: Copy) -> None:
    for path in sorted(copy.folder.joinpath("metadata").iterdir()):
        data = path.read_bytes()
        theirs = Metadata.from_bytes(data)
        assert parse_metadata(data, Role(theirs.signed.type)).signed_bytes == theirs.signed_bytes


# ------------------------------------------------------------------------------------------- attacks


@pytest.mark.parametrize("signers", [(), (NAMES[1],), (NAMES[0], NAMES[1]), ("X. Fremd", "Y. Fremd")])
def test_too_few_signatures_or_of_others(copy: Copy, signers: tuple[str, ...]) -> None:
    """Nobody; one officer; one who has left beside one in office; strangers."""
    for name in signers:
        if name not in copy.office.people:
            copy.office.hire(name)
    put_forward(copy.office, copy.documents(), *signers, version=4)
    assert copy.both() == ("trust_threshold", "trust_threshold")


def test_one_officer_who_signs_twice_counts_once(copy: Copy) -> None:
    put_forward(copy.office, copy.documents(), NAMES[1], version=4)
    path = copy.office.repository.metadata / "4.targets.json"
    document = json.loads(path.read_bytes())
    document["signatures"] *= 2
    path.write_bytes(json.dumps(document).encode())
    ours, theirs = copy.both()
    assert (ours, theirs) == ("trust_document_invalid", "trust_altered")  # the client reads it as damage


def test_an_older_version_under_a_new_pointer(copy: Copy) -> None:
    copy.office.repository.point_to(2, now=now())
    # A client that begins here cannot know; whoever has the newer version beside it can.
    assert copy.ours() == "trust_rollback"
    copy.reference()


def test_a_version_under_another_number(copy: Copy) -> None:
    metadata = copy.office.repository.metadata
    (metadata / "4.targets.json").write_bytes((metadata / "3.targets.json").read_bytes())
    copy.office.repository.point_to(4, now=now())
    assert copy.both() == ("trust_rollback", "trust_rollback")


def test_a_pointer_of_somebody_else(copy: Copy) -> None:
    stranger = copy.office.hire("X. Fremd").name
    for name in ("timestamp.json", f"{copy.office.repository.snapshot().signed.version}.snapshot.json"):
        path = copy.office.repository.metadata / name
        kept = path.read_bytes()
        path.write_bytes(resigned(Metadata.from_bytes(kept), copy.office.signer(stranger)))
        ours, theirs = copy.both()
        # The snapshot's digest stands in the timestamp; whether it or the signature is asked first is free.
        assert {ours, theirs} <= {"trust_threshold", "trust_altered"}
        path.write_bytes(kept)
    copy.check()


def test_new_officers_take_over_by_themselves(copy: Copy) -> None:
    made = copy.office
    takers = [made.hire(name) for name in ("X. Eins", "Y. Zwei")]
    leavers = tuple(made.people[name][0].keyid for name in ("D. Neu", *NAMES[1:]))
    wish = OfficerChange(add_root=tuple(takers), add_targets=tuple(takers), remove=leavers)
    root = root_of(made.change(officers=wish).root or b"")
    for helpers in ((), (NAMES[1],), (NAMES[0], NAMES[1])):
        signers = [made.signer(name) for name in (*helpers, *(taker.name for taker in takers))]
        (made.repository.metadata / "3.root.json").write_bytes(resigned(root, *signers))
        assert copy.both() == ("trust_threshold", "trust_threshold")
    # The old ones alone cannot hand over to others who have not agreed.
    old = [made.signer(name) for name in NAMES[1:]]
    (made.repository.metadata / "3.root.json").write_bytes(resigned(root, *old))
    assert copy.both() == ("trust_threshold", "trust_threshold")


def test_a_root_in_which_one_person_counts_twice(copy: Copy) -> None:
    root = root_of(copy.office.repository.roots()[1])
    root.signed.version = 3
    twin = replace_key(copy.office.people[NAMES[1]][0].key.to_dict())
    members = root.to_dict()
    members["signed"]["keys"][twin["keyid"]] = twin["key"]
    members["signed"]["roles"]["targets"]["keyids"].append(twin["keyid"])
    signed = resigned(root_of_members(members), *(copy.office.signer(name) for name in NAMES[1:]))
    (copy.office.repository.metadata / "3.root.json").write_bytes(signed)
    ours, theirs = copy.both()
    assert ours == theirs
    assert ours in {"trust_document_invalid", "duplicate_key"}


def test_a_root_under_which_one_signature_is_enough(copy: Copy) -> None:
    root = root_of(copy.office.repository.roots()[1])
    root.signed.version = 3
    root.signed.roles["targets"].threshold = 1
    signed = resigned(root, *(copy.office.signer(name) for name in NAMES[1:]))
    (copy.office.repository.metadata / "3.root.json").write_bytes(signed)
    assert copy.both() == ("trust_document_invalid", "trust_document_invalid")


@pytest.mark.parametrize("version", [2, 4])
def test_a_root_that_repeats_or_skips_a_number(copy: Copy, version: int) -> None:
    root = root_of(copy.office.repository.roots()[1])
    root.signed.version = version
    signed = resigned(root, *(copy.office.signer(name) for name in NAMES[1:]))
    (copy.office.repository.metadata / "3.root.json").write_bytes(signed)
    assert copy.both() == ("trust_rollback", "trust_rollback")


def test_a_root_that_was_taken_out(copy: Copy) -> None:
    roots = copy.office.repository.roots()
    (copy.office.repository.metadata / "2.root.json").rename(copy.office.repository.metadata / "3.root.json")
    assert copy.ours() == "file_missing"
    assert len(roots) == 2


def test_a_folder_without_any_root(copy: Copy) -> None:
    for path in copy.office.repository.metadata.glob("*.root.json"):
        path.unlink()
    assert copy.ours() == "no_trust_repository"


@pytest.mark.parametrize("there", [None, 2, 256])
def test_how_far_roots_are_looked_for(there: int | None) -> None:
    """One name after another, whatever else lies there, until 256 in a row are missing."""
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return b"no root" if path == f"metadata/{there}.root.json" else None

    code = code_of(lambda: check_officers(Trail(), read, fingerprint="0000 " * 8, at=now()))
    assert code == ("no_trust_repository" if there is None else "trust_document_invalid")
    looked_for = list(range(1, (there or 0) + 257))
    assert asked == [f"metadata/{n}.root.json" for n in (*looked_for, *([there] if there else []))]


def test_no_root_is_one_too_many(copy: Copy) -> None:
    """However often the officers have changed, the newest root is the one that counts (P-119)."""
    root = root_of(copy.office.repository.roots()[1])
    signers = [copy.office.signer(name) for name in NAMES[1:]]
    for version in range(3, 259):
        root.signed.version = version
        (copy.folder / "metadata" / f"{version}.root.json").write_bytes(resigned(root, *signers))
    assert copy.check().root_version == 258
    stranger = copy.office.signer(copy.office.hire("X. Fremd").name)
    (copy.folder / "metadata" / "258.root.json").write_bytes(resigned(root, stranger))
    assert copy.ours() == "trust_threshold"


def test_another_root_than_the_one_in_the_letter(copy: Copy, tmp_path: Path) -> None:
    other = governed(tmp_path / "other")
    copy.root = other.repository.roots()[0]
    assert copy.both() == ("trust_root_mismatch", "trust_root_mismatch")


def test_a_document_that_was_exchanged(copy: Copy) -> None:
    (file,) = copy.folder.joinpath("targets").glob("*.policy.json")
    data = file.read_bytes()
    for altered in (data.replace(b'"sealed":true', b'"sealed":null'), data[:-1]):
        file.write_bytes(altered)
        assert copy.both() == ("trust_altered", "trust_altered")
    file.write_bytes(data + b" ")
    assert copy.ours() == "trust_altered"
    file.unlink()
    assert copy.ours() == "file_missing"


def test_a_key_that_stands_twice_in_a_signed_directory(copy: Copy) -> None:
    documents = copy.documents()
    directory = json.loads(documents["keys/directory.json"])
    twin = json.loads(json.dumps(directory["nodes"][0]))
    twin["node"], twin["areas"] = "node-0009", ["NW00009"]
    directory["nodes"].append(twin)
    documents["keys/directory.json"] = json.dumps(directory).encode()
    put_forward(copy.office, documents, *NAMES[1:], version=4)
    assert copy.ours() == "duplicate_key"


def test_documents_of_two_hubs_under_one_signature(copy: Copy) -> None:
    documents = copy.documents()
    policy = json.loads(documents["policy.json"])
    documents["policy.json"] = json.dumps({**policy, "audience": "kim-nrw/other"}).encode()
    put_forward(copy.office, documents, *NAMES[1:], version=4)
    assert copy.ours() == "wrong_audience"


def test_something_decided_is_undone(copy: Copy) -> None:
    """TUF does not ask (SPEC P-145): a version, signed in earnest, in which a node is gone."""
    documents = copy.documents()
    directory = json.loads(documents["keys/directory.json"])
    del directory["nodes"][0]
    documents["keys/directory.json"] = json.dumps(directory).encode()
    put_forward(copy.office, documents, *NAMES[1:], version=4)
    copy.reference()
    assert copy.ours() == "trust_change_refused"


def test_an_earlier_version_that_was_forged(copy: Copy) -> None:
    metadata = copy.office.repository.metadata
    earlier = targets_of((metadata / "2.targets.json").read_bytes())
    (metadata / "2.targets.json").write_bytes(resigned(earlier, copy.office.signer(NAMES[1])))
    assert copy.ours() == "trust_threshold"
    (metadata / "2.targets.json").unlink()
    trail = Trail()
    assert copy.check(trail=trail).since == 3
    assert len(trail.remarks) == 1


def test_an_earlier_version_whose_directory_is_not_here(copy: Copy) -> None:
    earlier = targets_of((copy.office.repository.metadata / "2.targets.json").read_bytes())
    digest = earlier.signed.targets["keys/directory.json"].hashes["sha256"]
    (copy.folder / "targets" / "keys" / f"{digest}.directory.json").unlink()
    trail = Trail()
    assert copy.check(trail=trail).since == 3
    assert len(trail.remarks) == 1


def test_versions_that_officers_signed_who_came_later(copy: Copy) -> None:
    """Nobody who signed them was in office under the root in the letter, but for one."""
    signers = (NAMES[1], "D. Neu")
    put_forward(copy.office, copy.documents(), *signers, version=4)
    put_forward(copy.office, copy.documents(), *signers, version=5)
    assert (copy.check().targets_version, copy.check().since) == (5, 1)
    copy.office.repository.point_to(4, now=now())
    assert copy.ours() == "trust_rollback"


def test_documents_among_which_one_is_missing(copy: Copy) -> None:
    documents = copy.documents()
    del documents["policy.json"]
    put_forward(copy.office, documents, *NAMES[1:], version=4)
    with pytest.raises(KimError) as caught:
        copy.check()
    assert (caught.value.code, caught.value.pointer) == ("trust_document_invalid", "/policy.json")


def test_a_lifetime_ends_with_the_second_that_is_named(copy: Copy) -> None:
    second = dt.timedelta(seconds=1)
    pointer = parse_metadata((copy.folder / "metadata" / "timestamp.json").read_bytes(), Role.TIMESTAMP)
    for at, remarks in ((pointer.expires - second, 0), (pointer.expires, 1)):
        trail = Trail()
        copy.check(at=at, trail=trail)
        assert len(trail.remarks) == remarks
    end = parse_metadata(copy.office.repository.targets_bytes(), Role.TARGETS).expires
    copy.check(at=end - second)
    assert code_of(lambda: copy.check(at=end)) == "trust_expired"


def test_what_has_expired(copy: Copy) -> None:
    trail = Trail()
    copy.check(at=now() + dt.timedelta(days=8), trail=trail)  # the hub's pointer alone: said, not refused
    assert len(trail.remarks) == 1
    assert code_of(lambda: copy.check(at=now() + dt.timedelta(days=91))) == "trust_expired"
    assert code_of(lambda: copy.check(at=now() + dt.timedelta(days=400))) == "trust_expired"
    targets = targets_of(copy.office.repository.targets_bytes())
    targets.signed.version, targets.signed.expires = 4, now() - dt.timedelta(seconds=1)
    data = resigned(targets, *(copy.office.signer(name) for name in NAMES[1:]))
    (copy.office.repository.metadata / "4.targets.json").write_bytes(data)
    copy.office.repository.point_to(4, now=now())
    assert copy.both() == ("trust_expired", "trust_expired")


@pytest.mark.parametrize("name", ["1.root.json", "2.root.json", "3.targets.json"])
def test_no_flipped_bit_is_believed(copy: Copy, name: str) -> None:
    path = copy.office.repository.metadata / name
    data, found = path.read_bytes(), copy.check()
    for position in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(bytes(flipped))
        try:
            again = copy.check()
        except KimError:
            continue
        # One of three signatures may go: two are enough, and what they signed is the same.
        assert again == found
        assert parse_metadata(bytes(flipped), Role(name.split(".")[1])).signed_bytes == (
            parse_metadata(data, Role(name.split(".")[1])).signed_bytes
        )


@pytest.mark.parametrize(
    "change",
    [
        lambda signed: signed.update(more=1),
        lambda signed: signed.update(version=0),
        lambda signed: signed.update(version=True),
        lambda signed: signed.update(spec_version="2.0.0"),
        lambda signed: signed.update(_type="root"),
        lambda signed: signed.update(expires="tomorrow"),
        lambda signed: signed.update(delegations={}),
        lambda signed: signed.update(targets=[]),
        lambda signed: signed["targets"].update({"../up.json": signed["targets"]["policy.json"]}),
        lambda signed: signed["targets"]["policy.json"].update(length=-1),
        lambda signed: signed["targets"]["policy.json"].update(hashes={"md5": "00"}),
        lambda signed: signed["targets"].pop("policy.json"),
    ],
)
def test_a_form_that_the_hub_does_not_write(copy: Copy, change: Callable[[dict], object]) -> None:
    path = copy.office.repository.metadata / "3.targets.json"
    document = json.loads(path.read_bytes())
    change(document["signed"])
    path.write_bytes(json.dumps(document).encode())
    assert copy.ours() in {"trust_document_invalid", "trust_threshold"}


# ------------------------------------------------------------------------------------------ commands


def test_the_command_verifies_a_stick_and_a_nodes_own_copy(
    grown: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stick = tmp_path / "stick"
    export(grown.repository, stick, now=now())
    root = grown.repository.roots()[0]
    fingerprint = root_fingerprint(root_of(root).signed_bytes)
    store = TrustStore(tmp_path / "node", audience=AUDIENCE)
    store.pin(root, fingerprint=fingerprint)
    store.refresh(FolderSource(stick), now=now())
    for place, since in ((stick, 1), (tmp_path / "node" / "trust", 3)):
        words = ["trust", "--trust", str(place), "--root-fingerprint", fingerprint]
        assert main([*words, "--json"]) == 0, capsys.readouterr().err
        (document,) = json.loads(capsys.readouterr().out)
        assert document["verified"] is True
        assert document["facts"] == {"root": 2, "targets": 3, "since": since}
        for language, word in (("de", "GEPRÜFT"), ("en", "VERIFIED")):
            assert main([*words, "--lang", language]) == 0
            said = capsys.readouterr().out
            assert said.rstrip().splitlines()[-1] == word
            up_to = {"de": "; bis zur Wurzel 2 haben jedes Mal", "en": "; up to root 2 old and new"}
            assert up_to[language] in said
            # One version alone has no history that could be checked.
            taken_back = {"de": f"Von Fassung {since} bis 3 ", "en": f"From version {since} to 3 "}
            assert (taken_back[language] in said) == (since < 3)
        wrong = fingerprint.replace(fingerprint[0], "0" if fingerprint[0] != "0" else "1", 1)
        assert main(["trust", "--trust", str(place), "--root-fingerprint", wrong]) == 3
        assert "trust_root_mismatch" in capsys.readouterr().out
        assert main([*words, "--at", "2046-01-01"]) == 3
        assert "trust_expired" in capsys.readouterr().out


def test_a_release_is_verified_from_the_root_in_the_letter_to_every_signature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = PaperNetwork()
    for node in network.nodes:
        network.deliver(node)
    (tmp_path / "evidence.json").write_bytes(network.publish().to_bytes())
    signed = Documents(network.directory(), network.hub_keys, Policy(audience=AUDIENCE), {})
    fingerprint = exported(tmp_path / "officers", tmp_path / "stick", signed)
    words = ["release", str(tmp_path / "evidence.json"), "--trust", str(tmp_path / "stick")]
    assert main([*words, "--root-fingerprint", fingerprint, "--json"]) == 0
    officers, release = json.loads(capsys.readouterr().out)
    assert (officers["verified"], release["verified"]) == (True, True)
    assert release["believed"]["log"] == str(network.log.vkey)
    for language, alone in (("de", "eine neuere liegt nicht bei."), ("en", "no newer one is here.")):
        assert main([*words, "--root-fingerprint", fingerprint, "--lang", language]) == 0
        assert alone in capsys.readouterr().out
    # What lies beside the signed documents is not looked at.
    other = replace(
        network.hub_keys, log_vkey=str(replace(network.log.vkey, name="kim-nrw/other"))
    ).to_bytes()
    (tmp_path / "stick" / "hub.json").write_bytes(other)
    assert main([*words, "--root-fingerprint", fingerprint]) == 0
    assert main(words) == 3
    capsys.readouterr()
    # How many witnesses are enough may be asked for more strictly than the officers do.
    assert main([*words, "--root-fingerprint", fingerprint, "--quorum", "4", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)[1]["problem"]["code"] == "quorum_missing"
    # With officers who are not those of the letter, nothing else is even looked at.
    assert main([*words, "--root-fingerprint", "0000 " * 8, "--json"]) == 3
    (officers,) = json.loads(capsys.readouterr().out)
    assert (officers["problem"]["code"], officers["believed"]) == ("trust_root_mismatch", None)


@pytest.mark.parametrize(
    "words",
    [
        ["trust", "--trust", "@"],
        ["trust", "--root-fingerprint", "0000"],
        ["trust", "--trust", "@", "--at", "2026-10-09"],
        ["trust", "--trust", "@/metadata", "--root-fingerprint", "0000"],
        ["trust", "--trust", "@", "--root-fingerprint", "0000", "--directory", "x"],
        ["trust", "--trust", "@", "--root-fingerprint", "0000", "--at", "tomorrow"],
    ],
)
def test_an_unclear_question_is_an_error_of_use(
    copy: Copy, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main([word.replace("@", str(copy.folder)) for word in words])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert capsys.readouterr().err
