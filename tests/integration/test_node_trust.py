"""A node believes its officers and nobody else: over real HTTP, and from a stick (protocol.md 3, 19).

What the hub serves here was made by real officers, or by a hub that was broken into and has its own key. Each
test is named for the attack; what the node knew before must survive it.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tuf.api.metadata import TargetFile

from hub.services.trust.exporting import export
from hub.services.trust.proposing import OfficerChange
from node.clock import SystemClock
from node.hub_client import HubClient
from node.journal.lock import NodeLock
from node.settings import HubSettings
from node.trust import FolderSource, HubSource, NodeTrust, TrustStore
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.trust import AddNode
from protocol.trust.directory import MAX_DIRECTORY_BYTES
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.officers import keyid_of
from tests.factories.officers import (
    NAMES,
    Office,
    governed,
    node_entry,
    now,
    put_forward,
    resigned,
    root_of,
    targets_of,
)
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.running_hub import listening, running_hub

AUDIENCE = "kim-nrw/local"


@dataclass
class Municipality:
    """A node's copy, and what it last knew."""

    store: TrustStore
    client: HubClient
    office: Office

    def refresh(self) -> NodeTrust:
        return self.store.refresh(HubSource(self.client), now=now())

    def refused(self, act: Callable[[], object] | None = None) -> str:
        """The code of a refusal; what was known stays known."""
        known = self.store.load()
        with pytest.raises(KimError) as caught:
            (act or self.refresh)()
        assert caught.value.remedy.de
        assert caught.value.remedy.en
        assert self.store.load() == known
        return caught.value.code

    def documents(self) -> dict[str, bytes]:
        return dict(self.office.repository.documents().files())


def settings(port: int) -> HubSettings:
    return HubSettings(
        url=f"http://127.0.0.1:{port}",
        audience=AUDIENCE,
        ca_bundle=None,
        connect_timeout_seconds=PATIENCE_SECONDS,
        read_timeout_seconds=PATIENCE_SECONDS,
        attempts=1,
        decision_timeout_seconds=PATIENCE_SECONDS,
    )


@contextmanager
def municipality(tmp_path: Path, office: Office, *, root: bytes | None = None) -> Iterator[Municipality]:
    """A node that pinned the office's first root, or another."""
    pinned = root or office.repository.roots()[0]
    with (
        running_hub(office.settings.home, start=False) as running,
        listening(running) as port,
        HubClient(settings(port), node="node-0001", clock=SystemClock(), key=PrivateKey.generate()) as client,
    ):
        store = TrustStore(tmp_path / "node", audience=AUDIENCE)
        store.pin(pinned, fingerprint=root_fingerprint(root_of(pinned).signed_bytes))
        yield Municipality(store, client, office)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Municipality]:
    office = governed(tmp_path, node_entry(1))
    with municipality(tmp_path, office) as town:
        yield town


def test_what_the_officers_have_signed_arrives(town: Municipality) -> None:
    found = town.refresh()
    published = town.office.repository.documents()
    assert (found.directory, found.hub_keys, found.policy) == (
        published.directory,
        published.hub_keys,
        published.policy,
    )
    assert (found.root_version, found.targets_version) == (1, 1)
    assert found.root_fingerprint == town.store.fingerprint()
    assert dt.timedelta(hours=23) < found.fresh_until - now() <= dt.timedelta(hours=24)
    town.office.decide(AddNode(node_entry(2)))
    assert len(town.refresh().directory.nodes) == 2
    # The same without the hub: what was verified last stays usable.
    again = town.store.load()
    assert again is not None
    assert (again.targets_version, len(again.directory.nodes)) == (2, 2)


def test_one_officer_and_a_broken_hub_change_nothing(town: Municipality) -> None:
    town.refresh()
    put_forward(town.office, town.documents(), NAMES[0], version=2)
    assert town.refused() == "trust_threshold"


def test_the_hub_alone_changes_nothing(town: Municipality) -> None:
    town.refresh()
    put_forward(town.office, town.documents(), version=2)
    assert town.refused() == "trust_threshold"


def test_an_old_state_is_not_taken(town: Municipality, tmp_path: Path) -> None:
    town.refresh()
    old = tmp_path / "old"
    shutil.copytree(town.office.repository.metadata.parent, old)
    town.office.decide(AddNode(node_entry(2)))
    town.refresh()
    assert town.refused(lambda: town.store.refresh(FolderSource(old), now=now())) == "trust_rollback"


@pytest.mark.parametrize("damage", ["garbage", "nothing in it", "a folder"])
def test_an_old_state_is_not_taken_for_the_newest_where_the_known_one_cannot_be_read(
    town: Municipality, tmp_path: Path, damage: str
) -> None:
    """As after a command that somebody ran as root, or on a bad disk."""
    town.refresh()
    old = tmp_path / "old"
    shutil.copytree(town.office.repository.metadata.parent, old)
    town.office.decide(AddNode(node_entry(2)))
    town.refresh()
    pointer = tmp_path / "node" / "trust" / "current"
    right = pointer.read_bytes()
    pointer.unlink()
    if damage == "a folder":
        pointer.mkdir()
    else:
        pointer.write_bytes(b"" if damage == "nothing in it" else b"\xff")
    for act in (lambda: town.store.refresh(FolderSource(old), now=now()), town.store.load):
        with pytest.raises(KimError) as caught:
            act()
        assert caught.value.code == "spool_damaged"
        assert str(pointer) in caught.value.detail.de
    if damage == "a folder":
        pointer.rmdir()
    pointer.write_bytes(right)
    assert town.refresh().targets_version == 2


def test_a_disk_that_takes_nothing_changes_nothing_and_is_named(town: Municipality, tmp_path: Path) -> None:
    town.refresh()
    stick = tmp_path / "stick"
    export(town.office.repository, stick, now=now())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(KimError) as caught:
            town.store.refresh(FolderSource(stick), now=now())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.code == "cannot_write"
    assert str(tmp_path / "node" / "trust") in caught.value.detail.de
    assert len([*(tmp_path / "node" / "trust" / "copies").iterdir()]) == 1
    assert town.refresh().targets_version == 1


def test_an_old_directory_under_a_new_pointer_is_not_taken(town: Municipality) -> None:
    town.office.decide(AddNode(node_entry(2)))
    town.refresh()
    town.office.repository.point_to(1, now=now())
    assert town.refused() == "trust_rollback"


def test_a_state_that_is_held_back_is_noticed_after_a_day(town: Municipality) -> None:
    town.refresh()
    town.office.repository.renew_timestamp(now=now() - dt.timedelta(hours=25))
    assert town.refused() == "trust_expired"
    town.office.repository.point_to(1, now=now())
    assert town.refresh().targets_version == 1


def test_what_the_officers_signed_ends_after_ninety_days(town: Municipality) -> None:
    town.refresh()
    targets = targets_of(town.office.repository.targets_bytes())
    targets.signed.version = 2
    targets.signed.expires = now() - dt.timedelta(seconds=1)
    data = resigned(targets, *(town.office.signer(name) for name in NAMES))
    (town.office.repository.metadata / "2.targets.json").write_bytes(data)
    town.office.repository.point_to(2, now=now())
    assert town.refused() == "trust_expired"


def test_new_officers_cannot_take_over_by_themselves(town: Municipality) -> None:
    town.refresh()
    made = town.office
    takers = [made.hire(name) for name in ("X. Eins", "Y. Zwei")]
    leavers = tuple(made.people[name][0].keyid for name in NAMES)
    wish = OfficerChange(add_root=tuple(takers), add_targets=tuple(takers), remove=leavers)
    root = root_of(made.change(officers=wish).root or b"")
    signed = resigned(root, *(made.signer(taker.name) for taker in takers))
    (made.repository.metadata / "2.root.json").write_bytes(signed)
    assert town.refused() == "trust_threshold"
    # One of the old beside them is not enough either.
    signed = resigned(root, made.signer(NAMES[0]), *(made.signer(taker.name) for taker in takers))
    (made.repository.metadata / "2.root.json").write_bytes(signed)
    assert town.refused() == "trust_threshold"


def test_officers_change_with_the_consent_of_old_and_new(town: Municipality) -> None:
    town.refresh()
    made = town.office
    newcomer = made.hire("D. Neu")
    leaver = made.people[NAMES[0]][0]
    wish = OfficerChange(add_root=(newcomer,), add_targets=(newcomer,), remove=(leaver.keyid,))
    made.publish(made.signed(made.change(officers=wish), *NAMES[1:]))
    found = town.refresh()
    assert (found.root_version, found.targets_version) == (2, 2)
    assert found.root_fingerprint != town.store.fingerprint()
    # A node that comes later and pins the newest root arrives at the same.
    made.publish(made.signed(made.change(AddNode(node_entry(2))), newcomer.name, NAMES[1]))
    assert town.refresh().targets_version == 3


def test_a_root_in_which_one_person_counts_twice(town: Municipality) -> None:
    town.refresh()
    made = town.office
    root = root_of(made.repository.roots()[0])
    root.signed.version = 2
    first = made.people[NAMES[0]][0].key
    twin = replace_key(first.to_dict())
    members = root.to_dict()
    members["signed"]["keys"][twin["keyid"]] = twin["key"]
    members["signed"]["roles"]["targets"]["keyids"].append(twin["keyid"])
    forged = root_of_members(members)
    signed = resigned(forged, *(made.signer(name) for name in NAMES))
    (made.repository.metadata / "2.root.json").write_bytes(signed)
    assert town.refused() in {"trust_document_invalid", "duplicate_key"}


def replace_key(key: dict[str, object]) -> dict[str, object]:
    """The same key with its digits in capitals: another id for TUF, the same person."""
    public = str(key["keyval"]["public"]).upper()  # type: ignore[index]
    form = ("ed25519", "ed25519")
    twin = {"keytype": form[0], "scheme": form[1], "keyval": {"public": public}}
    return {"keyid": keyid_of(form, public), "key": twin}


def root_of_members(members: dict[str, object]) -> object:
    from tuf.api.metadata import Metadata

    return Metadata.from_dict(json.loads(json.dumps(members)))


def test_a_key_that_stands_twice_in_a_signed_directory(town: Municipality) -> None:
    town.refresh()
    documents = town.documents()
    directory = json.loads(documents["keys/directory.json"])
    twin = json.loads(json.dumps(directory["nodes"][0]))
    twin["node"], twin["areas"] = "node-0002", ["NW00002"]
    directory["nodes"].append(twin)
    documents["keys/directory.json"] = json.dumps(directory).encode()
    put_forward(town.office, documents, *NAMES, version=2)
    assert town.refused() == "duplicate_key"


def test_two_to_the_twenty_entries_are_refused_before_a_byte_is_fetched(town: Municipality) -> None:
    town.refresh()
    made = town.office
    targets = targets_of(made.repository.targets_bytes())
    targets.signed.version = 2
    length = 300 * 2**20
    targets.signed.targets["keys/directory.json"] = TargetFile(
        length, {"sha256": "ab" * 32}, "keys/directory.json"
    )
    (made.repository.metadata / "2.targets.json").write_bytes(
        resigned(targets, *(made.signer(name) for name in NAMES))
    )
    made.repository.point_to(2, now=now())
    assert length > MAX_DIRECTORY_BYTES
    # The file is not even there: had the node asked for it, it would have said so.
    assert town.refused() == "too_large"


def test_metadata_without_end_are_cut_off(town: Municipality) -> None:
    town.refresh()
    (town.office.repository.metadata / "timestamp.json").write_bytes(b" " * 20_000)
    assert town.refused() == "too_large"


def test_another_root_than_the_pinned_one(tmp_path: Path) -> None:
    office, other = governed(tmp_path / "one"), governed(tmp_path / "two")
    root = other.repository.roots()[0]
    with municipality(tmp_path, office, root=root) as town:
        assert town.refused() == "trust_root_mismatch"


def test_a_document_that_is_altered_on_the_way(town: Municipality) -> None:
    folder = town.office.repository.targets_folder
    file = next(folder.glob("*.policy.json"))
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"sealed":true', b'"sealed":null'))
    assert town.refused() == "trust_altered"
    file.write_bytes(data[:-1])
    assert town.refused() == "trust_altered"
    file.unlink()
    assert town.refused() == "no_trust_repository"
    file.write_bytes(data)
    assert town.refresh().policy.sealed


def test_what_a_process_that_died_has_left_does_no_harm(town: Municipality, tmp_path: Path) -> None:
    known = town.refresh()
    copies = tmp_path / "node" / "trust" / "copies"
    shutil.copytree(copies / "1", copies / "2", symlinks=True)
    (copies / "2" / "metadata" / "timestamp.json").write_bytes(b"half of")
    assert town.store.load() == known
    town.office.decide(AddNode(node_entry(2)))
    assert len(town.refresh().directory.nodes) == 2
    assert [path.name for path in copies.iterdir()] == ["2"]


def test_two_commands_at_a_time(town: Municipality, tmp_path: Path) -> None:
    town.refresh()
    with NodeLock(tmp_path / "node" / "trust" / "lock"):
        assert town.refused() == "node_locked"


def test_a_copy_that_was_damaged_here_is_brought_again(town: Municipality, tmp_path: Path) -> None:
    town.refresh()
    (targets,) = (tmp_path / "node" / "trust" / "copies").glob("*/targets")
    for file in targets.iterdir():
        file.write_bytes(b"{}")
    with pytest.raises(KimError) as caught:  # not as if nothing were known
        town.store.load()
    assert caught.value.code == "spool_damaged"
    town.refresh()
    assert town.store.load() is not None


def test_the_documents_of_another_hub(tmp_path: Path) -> None:
    office = governed(tmp_path)
    with municipality(tmp_path, office) as town:
        store = TrustStore(tmp_path / "other", audience="kim-nrw/prod")
        root = office.repository.roots()[0]
        store.pin(root, fingerprint=root_fingerprint(root_of(root).signed_bytes))
        with pytest.raises(KimError) as caught:
            store.refresh(HubSource(town.client), now=now())
    assert caught.value.code == "wrong_audience"


def test_a_node_trusts_one_root_for_good(tmp_path: Path) -> None:
    office, other = governed(tmp_path / "one"), governed(tmp_path / "two")
    root, another = office.repository.roots()[0], other.repository.roots()[0]
    prints = [root_fingerprint(root_of(data).signed_bytes) for data in (root, another)]
    store = TrustStore(tmp_path / "node", audience=AUDIENCE)

    def code(act: Callable[[], object]) -> str:
        with pytest.raises(KimError) as caught:
            act()
        return caught.value.code

    assert code(store.fingerprint) == "no_trust_repository"
    assert code(lambda: store.refresh(FolderSource(tmp_path), now=now())) == "no_trust_repository"
    assert code(lambda: store.pin(root, fingerprint=prints[1])) == "trust_root_mismatch"
    assert code(lambda: store.pin(b"{}", fingerprint=prints[0])) == "trust_altered"
    unsigned = root_of(root)
    unsigned.signatures.clear()
    assert code(lambda: store.pin(unsigned.to_bytes(), fingerprint=prints[0])) == "trust_threshold"
    assert not store.pinned
    assert store.pin(root, fingerprint=prints[0].upper()) == prints[0]
    assert store.pin(root, fingerprint=prints[0]) == prints[0]
    assert code(lambda: store.pin(another, fingerprint=prints[1])) == "trust_root_mismatch"
    file = tmp_path / "node" / "trust" / "pinned.root.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_the_root_is_found_by_what_the_letter_says(town: Municipality) -> None:
    made = town.office
    newcomer = made.hire("D. Neu")
    wish = OfficerChange(add_root=(newcomer,), add_targets=(newcomer,))
    made.publish(made.signed(made.change(officers=wish), *NAMES[:2]))
    second = made.repository.roots()[1]
    fingerprint = root_fingerprint(root_of(second).signed_bytes)
    source = HubSource(town.client)
    assert town.store.find_root(source, fingerprint=fingerprint) == second
    with pytest.raises(KimError) as caught:
        town.store.find_root(source, fingerprint="00" * 16)
    assert caught.value.code == "trust_root_mismatch"


def test_a_stick_is_as_good_as_the_hub_for_a_week(town: Municipality, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    number = export(town.office.repository, stick, now=now())
    assert number == len([file for file in stick.rglob("*") if file.is_file()])
    found = town.store.refresh(FolderSource(stick), now=now())
    assert dt.timedelta(days=6) < found.fresh_until - now() <= dt.timedelta(days=7)
    assert town.refresh().targets_version == found.targets_version
    with pytest.raises(KimError) as caught:
        export(town.office.repository, stick, now=now())
    assert caught.value.code == "already_exists"


@pytest.mark.parametrize("path", ["../secret.json", "metadata/../../secret.json", "metadata", "x"])
def test_a_folder_is_not_left(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.json").write_bytes(b"{}")
    (tmp_path / "stick" / "metadata").mkdir(parents=True)
    (tmp_path / "stick" / "x").symlink_to(tmp_path / "secret.json")
    with pytest.raises(KimError) as caught:
        FolderSource(tmp_path / "stick").read(path)
    assert caught.value.code == "not_found"


def test_an_empty_folder_is_no_repository(town: Municipality, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    source = FolderSource(tmp_path / "empty")
    assert town.refused(lambda: town.store.refresh(source, now=now())) == "no_trust_repository"


def test_a_hub_that_is_away(tmp_path: Path) -> None:
    office = governed(tmp_path, node_entry(1))
    with municipality(tmp_path, office) as town:
        town.refresh()
    assert town.refused() == "hub_unreachable"
    known = town.store.load()
    assert known is not None
    known.require_valid(now())
    with pytest.raises(KimError) as caught:
        known.require_valid(now() + dt.timedelta(days=91))
    assert caught.value.code == "trust_expired"


# -------------------------------------------------------------------------------------- what is served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Office, FlaskClient]]:
    office = governed(tmp_path, node_entry(1))
    with running_hub(office.settings.home, start=False) as running:
        yield office, running.client


def test_everything_but_the_pointer_may_be_kept_for_good(served: tuple[Office, FlaskClient]) -> None:
    office, client = served
    for name, path in office.repository.files():
        answer = client.get(f"/trust/{name}")
        assert (answer.status_code, answer.data) == (200, path.read_bytes())
        assert answer.headers["Kim-Hub"] == AUDIENCE
        assert answer.mimetype == "application/json"
        good = "public, max-age=31536000, immutable"
        assert answer.headers["Cache-Control"] == ("no-cache" if name.endswith("timestamp.json") else good)
        again = client.get(f"/trust/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "metadata/../online.pem",
        "metadata/..%2fonline.pem",
        "metadata/%2e%2e/online.pem",
        "targets/../../online.pem",
        "targets/keys/../../../online.pem",
        "targets/..%2f..%2fonline.pem",
        "targets//etc/passwd",
        "metadata/1.root.json%00",
        "metadata/1.ROOT.json",
        "metadata/01.root.json",
        "metadata/root.json",
        "metadata/" + "1" * 4000 + ".root.json",
        "metadata/timestamp.json.tmp",
        "metadata/lock",
        "online.pem",
        "",
    ],
)
def test_nothing_else_is_served(served: tuple[Office, FlaskClient], path: str) -> None:
    _, client = served
    answer = client.get(f"/trust/{path}")
    assert answer.status_code in {308, 404}
    assert b"PRIVATE KEY" not in answer.data
    if answer.status_code == 404:
        assert answer.get_json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nobody_writes_over_the_net(served: tuple[Office, FlaskClient], method: str) -> None:
    _, client = served
    answer = getattr(client, method)("/trust/metadata/timestamp.json", data=b"{}")
    assert answer.status_code == 405


def test_a_test_bench_serves_none(tmp_path: Path) -> None:
    with running_hub(tmp_path, start=False) as running:
        answer = running.client.get("/trust/metadata/1.root.json")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_links_are_not_followed(served: tuple[Office, FlaskClient]) -> None:
    office, client = served
    (office.repository.metadata / "9.root.json").symlink_to(office.repository.folder / "online.pem")
    assert client.get("/trust/metadata/9.root.json").status_code == 404
