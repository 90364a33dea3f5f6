"""Where kim-verify finds what it reads, and what it refuses to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from protocol.errors import KimError
from protocol.verify import files


def refused(check) -> str:
    with pytest.raises(KimError) as caught:
        check()
    return caught.value.code


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_is_read_up_to_a_gibibyte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse file: nothing of that size is ever in memory."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate((1 << 30) + 1)
    assert refused(lambda: files.read(large)) == "too_large"
    assert refused(lambda: files.read(tmp_path / "none")) == "file_missing"
    assert refused(lambda: files.sha256_of(tmp_path / "none")) == "file_missing"
    monkeypatch.setattr(files, "_MOST_BYTES", 4)
    assert files.read(write(tmp_path / "small", b"four")) == b"four"
    assert refused(lambda: files.read(write(tmp_path / "small", b"fives"))) == "too_large"


@pytest.mark.parametrize(
    ("hub", "directory"),
    [
        ("hub.json", "directory.json"),
        ("keys/hub.json", "keys/directory.json"),
        ("targets/keys%2Fhub.json", "targets/keys%2Fdirectory.json"),
    ],
)
def test_the_officers_documents_are_found_where_they_may_lie(
    tmp_path: Path, hub: str, directory: str
) -> None:
    write(tmp_path / hub, b"hub")
    assert files.trust_documents(tmp_path, None) == (b"hub", None)
    write(tmp_path / directory, b"directory")
    assert files.trust_documents(tmp_path, None) == (b"hub", b"directory")
    assert files.trust_documents(tmp_path / hub, None) == (b"hub", b"directory")
    other = write(tmp_path / "other", b"other")
    assert files.trust_documents(tmp_path, other) == (b"hub", b"other")
    assert refused(lambda: files.trust_documents(tmp_path, tmp_path / "none")) == "file_missing"


def test_a_folder_without_documents_lacks_the_first(tmp_path: Path) -> None:
    with pytest.raises(KimError) as caught:
        files.trust_documents(tmp_path, None)
    assert (caught.value.code, f"{tmp_path / 'hub.json'} " in caught.value.detail.en) == (
        "file_missing",
        True,
    )


@pytest.mark.parametrize(
    ("number", "is_used"),
    [("7", True), ("7\n", True), ("../7", False), ("", False), ("ä", False), ("٧", False)],
)
def test_the_copy_that_a_node_uses_is_one_of_its_copies(tmp_path: Path, number: str, is_used: bool) -> None:
    write(tmp_path / "copies" / "7" / "targets" / "keys%2Fhub.json", b"hub")
    for other in ("7", "copies/٧"):
        write(tmp_path / other / "targets" / "keys%2Fhub.json", b"another")
    write(tmp_path / "current", number.encode())
    if is_used:
        assert files.trust_documents(tmp_path, None) == (b"hub", None)
    else:
        assert refused(lambda: files.trust_documents(tmp_path, None)) == "file_missing"


def test_a_copy_of_the_repository_is_read_below_its_two_folders(tmp_path: Path) -> None:
    write(tmp_path / "metadata" / "1.root.json", b"root")
    write(tmp_path / "targets" / "keys" / "ab.hub.json", b"hub")
    write(tmp_path / "secret", b"secret")
    read = files.trust_reader(tmp_path)
    assert read("metadata/1.root.json") == b"root"
    assert read("targets/keys/ab.hub.json") == b"hub"
    assert read("metadata/2.root.json") is None
    for path in (
        "secret",
        "metadata/../secret",
        "/etc/passwd",
        "targets/keys/../../secret",
        "metadata/",
        "x/1.json",
    ):
        with pytest.raises(ValueError, match=path):
            read(path)
    assert refused(lambda: files.trust_reader(tmp_path / "metadata")) == "file_missing"


def test_the_folder_of_the_reference_client_is_read_by_its_own_names(tmp_path: Path) -> None:
    write(tmp_path / "metadata" / "root_history" / "1.root.json", b"first root")
    write(tmp_path / "metadata" / "root.json", b"last root")
    write(tmp_path / "targets" / "keys%2Fhub.json", b"hub")
    read = files.trust_reader(tmp_path)
    assert read("metadata/1.root.json") == b"first root"
    assert read("metadata/2.root.json") is None
    assert read("targets/keys/ab.hub.json") == b"hub"
    assert read("targets/keys/ab.none.json") is None
    assert read("metadata/timestamp.json") is None
    write(tmp_path / "metadata" / "timestamp.json", b"now")
    assert read("metadata/timestamp.json") == b"now"
    assert read("metadata/3.snapshot.json") is None


def test_a_copy_of_the_log_is_read_inside_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "log" / "tile" / "0" / "000", b"tile")
    write(tmp_path / "secret", b"secret")
    read = files.mirror_reader(tmp_path / "log")
    assert read("tile/0/000") == b"tile"
    assert read("tile/0/001") is None
    assert read("tile") is None
    for path in ("../secret", "tile/../../secret", "TILE", "tile\\0"):
        with pytest.raises(ValueError, match=re.escape(path)):
            read(path)
    assert refused(lambda: files.mirror_reader(tmp_path / "none")) == "file_missing"


@pytest.mark.parametrize(
    "text",
    [
        b"no list\n",
        b"0" * 63 + b"  a.csv\n",
        b"0" * 64 + b" a.csv\n",
        b"0" * 64 + b"  ../a.csv\n",
        b"0" * 64 + b"  a.csv\n" + b"1" * 64 + b"  a.csv\n",
        b"0" * 64 + b"  a.csv\n\n" + b"1" * 64 + b"  b.csv\n",
        "ä\n".encode(),
    ],
    ids=range(7),
)
def test_a_list_of_digests_has_one_form(tmp_path: Path, text: bytes) -> None:
    write(tmp_path / "SHA256SUMS", text)
    assert refused(lambda: files.sums_of(tmp_path)) == "file_unreadable"


def test_a_list_of_digests_is_read(tmp_path: Path) -> None:
    assert files.sums_of(tmp_path) == {}
    write(tmp_path / "SHA256SUMS", b"0" * 64 + b"  a.csv\n" + b"1" * 64 + b"  b.csv\n")
    assert files.sums_of(tmp_path) == {"a.csv": "0" * 64, "b.csv": "1" * 64}
