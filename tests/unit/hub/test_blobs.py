"""Blobs are whole or absent, named by their bytes, and a damaged one is found."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.domain.ids import Sha256, SubmissionId
from hub.store.files.blobs import BlobStore, DamagedBlobError
from hub.store.files.incoming import Incoming


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_what_is_put_comes_back_under_its_digest(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    name = store.put(b"evidence")
    assert name == hashlib.sha256(b"evidence").hexdigest()
    assert store.get(name) == b"evidence"
    assert store.put(b"evidence") == name
    assert _files(tmp_path) == [store.path(name)]


def test_parts_are_one_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    assert store.put_parts([b"evi", b"", b"dence"]) == store.put(b"evidence")
    assert len(_files(tmp_path)) == 1


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise OSError("no space left on device")

    store = BlobStore(tmp_path)
    with pytest.raises(OSError, match="no space"):
        store.put_parts(parts())
    assert _files(tmp_path) == []


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    name = store.put(b"evidence")
    store.path(name).chmod(0o600)
    store.path(name).write_bytes(b"evidencf")
    with pytest.raises(DamagedBlobError):
        store.get(name)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" * 32, "ab" * 31])
def test_only_a_digest_names_a_blob(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="named by"):
        BlobStore(tmp_path).path(Sha256(name))


def _damage(store: BlobStore, name: Sha256) -> None:
    store.path(name).chmod(0o600)
    store.path(name).write_bytes(b"something else")


def test_storing_again_repairs_a_damaged_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    name = store.put(b"evidence")
    assert store.intact(name)
    for again in (lambda: store.put(b"evidence"), lambda: store.put_parts([b"evi", b"dence"], expected=name)):
        _damage(store, name)
        assert store.has(name)
        assert not store.intact(name)
        assert again() == name
        assert store.get(name) == b"evidence"
    assert _files(tmp_path) == [store.path(name)]


def test_a_derived_blob_is_made_again_only_if_it_is_gone_and_only_the_same(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    name = store.put(b"derived")
    assert store.get_derived(name, lambda: pytest.fail("it is there")) == b"derived"
    _damage(store, name)
    assert store.get_derived(name, lambda: b"derived") == b"derived"
    assert store.get(name) == b"derived"
    store.path(name).unlink()
    with pytest.raises(FileNotFoundError):
        store.get_derived(name, lambda: b"something else")
    assert _files(tmp_path) == []


def test_bytes_other_than_the_expected_ones_are_not_stored(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    expected = Sha256(hashlib.sha256(b"evidence").hexdigest())
    assert store.put_parts([b"junk"], expected=expected) == hashlib.sha256(b"junk").hexdigest()
    assert not store.intact(expected)
    assert _files(tmp_path) == []


def test_chunks_wait_side_by_side_and_are_cleared(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path)
    upload = SubmissionId("ab" * 32)
    digests = {n: hashlib.sha256(data).hexdigest() for n, data in enumerate((b"one", b"two"))}
    incoming.put(upload, 1, b"two")
    incoming.put(upload, 0, b"one")
    incoming.put(upload, 0, b"bad")  # another request's bytes for the same chunk replace nothing
    incoming.put(upload, 0, b"one")
    assert list(incoming.parts(upload, digests)) == [b"one", b"two"]
    assert incoming.submissions() == [upload]
    assert len(_files(tmp_path)) == 3
    incoming.clear(upload)
    incoming.clear(upload)
    assert incoming.submissions() == []


def test_an_upload_is_never_named_by_a_client(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="named by"):
        Incoming(tmp_path).put(SubmissionId("../x"), 0, b"")
    with pytest.raises(ValueError, match="named by"):
        Incoming(tmp_path).path(SubmissionId("ab" * 32), 0, sha256="../x")
