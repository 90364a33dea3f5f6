"""The secret key: made once, readable for its owner only, never overwritten."""

import stat
from pathlib import Path

import pytest

from node.keystore import create_key, load_key
from protocol.errors import KimError


def test_a_key_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    key = create_key(tmp_path / "key.pem")

    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert load_key(tmp_path / "key.pem").public == key.public


def test_an_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    before = (tmp_path / "key.pem").read_bytes()

    with pytest.raises(KimError) as caught:
        create_key(tmp_path / "key.pem")

    assert caught.value.code == "already_exists"
    assert (tmp_path / "key.pem").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_could_read_is_not_used(tmp_path: Path, mode: int) -> None:
    create_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(mode)

    with pytest.raises(KimError) as caught:
        load_key(tmp_path / "key.pem")

    assert caught.value.code == "key_unreadable"


def test_a_missing_key(tmp_path: Path) -> None:
    with pytest.raises(KimError) as caught:
        load_key(tmp_path / "key.pem")

    assert caught.value.code == "key_missing"


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused_without_being_repeated(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KimError) as caught:
        load_key(path)

    assert caught.value.code == "key_unreadable"
    assert "AAAA" not in str(caught.value)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(KimError) as caught:
        create_key(tmp_path / "nowhere" / "key.pem")

    assert caught.value.code == "cannot_write"
