"""The secret keys: made once, encrypted, readable for their owner only, never overwritten."""

import stat
import subprocess
from pathlib import Path

import pytest

from node.keystore import create_key, ensure_key, load_key, promote_key
from node.settings import KeyFile
from node.settings.key_files import CREDENTIAL, passphrase_file
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey


@pytest.fixture
def place(tmp_path: Path) -> KeyFile:
    home = tmp_path / "node"
    home.mkdir()
    return KeyFile(home / "key.pem", tmp_path / "node.passphrase")


def test_a_key_is_kept_for_its_owner_only(place: KeyFile) -> None:
    key = create_key(place)

    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.passphrase.stat().st_mode) == 0o600
    assert load_key(place).public == key.public


def test_a_key_is_encrypted_where_it_lies(place: KeyFile) -> None:
    key = create_key(place)
    content = place.path.read_bytes()

    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(KimError):
        PrivateKey.from_pem(content)
    # Whoever copies the node's folder has nothing.
    assert not any(b"BEGIN PRIVATE KEY" in file.read_bytes() for file in place.path.parent.iterdir())
    passphrase = place.passphrase.read_text().strip()
    assert PrivateKey.from_pem(content, passphrase=passphrase.encode()).public == key.public


def test_another_program_can_read_it_with_the_passphrase(place: KeyFile) -> None:
    key = create_key(place)
    told = subprocess.run(
        ["openssl", "pkey", "-in", place.path, "-passin", f"file:{place.passphrase}", "-noout", "-text_pub"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    digits = "".join(line.strip() for line in told.splitlines() if line.startswith("    "))
    assert digits.replace(":", "") == key.public.hex


def test_a_lost_or_wrong_passphrase(place: KeyFile) -> None:
    create_key(place)
    place.passphrase.write_text("another passphrase of some length\n")
    with pytest.raises(KimError) as wrong:
        load_key(place)
    place.passphrase.unlink()
    with pytest.raises(KimError) as lost:
        load_key(place)

    assert wrong.value.code == lost.value.code == "key_unreadable"
    assert str(place.passphrase) in lost.value.detail.de
    assert "enrol --new-keys" in lost.value.remedy.en
    assert "Check that the passphrase belongs to this file" in wrong.value.remedy.en


@pytest.mark.parametrize("content", ["", "\n", "short", "nineteen characters"])
def test_a_weak_passphrase_encrypts_nothing(place: KeyFile, content: str) -> None:
    place.passphrase.write_text(content)
    place.passphrase.chmod(0o600)
    with pytest.raises(KimError) as caught:
        create_key(place)

    assert caught.value.code == "key_unreadable"
    assert "at least 20 characters" in caught.value.remedy.en
    assert not place.path.exists()


def test_a_key_of_an_earlier_version_is_encrypted_when_there_is_a_passphrase(place: KeyFile) -> None:
    key = PrivateKey.generate()
    place.path.write_bytes(key.to_pem())
    place.path.chmod(0o600)
    assert load_key(place).public == key.public
    assert place.path.read_bytes() == key.to_pem()

    ensure_key(place.beside("witness.pem"), purpose=KeyPurpose.WITNESS)
    assert load_key(place).public == key.public
    assert place.path.read_bytes().startswith(b"-----BEGIN ENCRYPTED")
    assert load_key(place).public == key.public


def test_the_key_that_follows_takes_the_place_of_the_one_before(place: KeyFile) -> None:
    create_key(place)
    following = create_key(place.next)
    promote_key(place)
    promote_key(place)  # done already

    assert load_key(place).public == following.public
    assert not place.next.path.exists()


def test_a_credential_of_the_service_goes_before(tmp_path: Path) -> None:
    config, configured = tmp_path / "node" / "node.toml", tmp_path / "elsewhere"
    assert passphrase_file(config, configured=None, credentials=None) == tmp_path / "node.passphrase"
    assert passphrase_file(config, configured=configured, credentials=str(tmp_path)) == configured
    (tmp_path / CREDENTIAL).write_text("x" * 64)
    given = passphrase_file(config, configured=configured, credentials=str(tmp_path))
    assert given == tmp_path / CREDENTIAL


def test_an_existing_key_is_never_overwritten(place: KeyFile) -> None:
    create_key(place)
    before = place.path.read_bytes()

    with pytest.raises(KimError) as caught:
        create_key(place)

    assert caught.value.code == "already_exists"
    assert place.path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
@pytest.mark.parametrize("which", ["path", "passphrase"])
def test_what_others_could_read_is_not_used(place: KeyFile, mode: int, which: str) -> None:
    create_key(place)
    getattr(place, which).chmod(mode)

    with pytest.raises(KimError) as caught:
        load_key(place)

    assert caught.value.code == "key_unreadable"


def test_a_missing_key(place: KeyFile) -> None:
    with pytest.raises(KimError) as caught:
        load_key(place)

    assert caught.value.code == "key_missing"


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused_without_being_repeated(place: KeyFile, content: bytes) -> None:
    place.path.write_bytes(content)
    place.path.chmod(0o600)

    with pytest.raises(KimError) as caught:
        load_key(place)

    assert caught.value.code == "key_unreadable"
    assert "AAAA" not in str(caught.value)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(KimError) as caught:
        create_key(KeyFile(tmp_path / "nowhere" / "key.pem", tmp_path / "passphrase"))

    assert caught.value.code == "cannot_write"
