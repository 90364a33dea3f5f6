"""The hub's signing keys at rest: encrypted with a passphrase that lies elsewhere, unattended (SPEC P-14)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.services.operation.installation import install
from hub.services.transparency.signer import LogSigner
from hub.services.trust.repository import Repository
from hub.settings import CREDENTIAL, CREDENTIALS_VARIABLE, HubSettings
from hub.store.files.passphrase import Passphrase
from protocol.errors import KimError
from protocol.keys import PrivateKey, new_passphrase
from protocol.problems import PROBLEMS
from tests.factories.log_checks import log_key
from tests.integration.test_hub_processes import hub

LOCKED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@pytest.fixture
def settings(tmp_path: Path) -> HubSettings:
    made = HubSettings(home=tmp_path / "hub")
    install(made)
    return made


def files_of(settings: HubSettings) -> tuple[Path, Path]:
    return settings.log_folder / "key.pem", settings.home / "trust" / "online.pem"


def keyids(settings: HubSettings) -> tuple[str, str]:
    """Both keys, as a process uses them that has just started."""
    online = Repository(settings).online_signer().public_key.keyid
    return LogSigner.of(settings).verifier_key.key.keyid, online


def code_of(settings: HubSettings) -> str:
    with pytest.raises(KimError) as caught:
        keyids(settings)
    assert "key_passphrase_file" in caught.value.remedy.de
    assert "key_passphrase_file" in caught.value.remedy.en
    return caught.value.code


def test_a_copy_of_the_folder_opens_no_key(settings: HubSettings, tmp_path: Path) -> None:
    Repository(settings).create()
    made = keyids(settings)
    assert keyids(settings) == made
    for path in files_of(settings):
        assert path.read_bytes().startswith(LOCKED)
        assert path.stat().st_mode & 0o777 == 0o600
    passphrase = settings.passphrase_file
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert settings.home not in passphrase.parents
    secret = passphrase.read_bytes().strip()
    assert all(secret not in path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    stolen = HubSettings(home=tmp_path / "elsewhere" / "hub")
    shutil.copytree(settings.home, stolen.home)
    assert code_of(stolen) == "key_unreadable"


@pytest.mark.parametrize("fault", ["missing", "another", "short", "readable"])
def test_a_passphrase_that_cannot_be_used_makes_no_new_key(settings: HubSettings, fault: str) -> None:
    Repository(settings).create()
    made, files = keyids(settings), [path.read_bytes() for path in files_of(settings)]
    path = settings.passphrase_file
    right = path.read_bytes()
    if fault == "missing":
        path.unlink()
    elif fault == "readable":
        path.chmod(0o640)
    else:
        path.write_text(new_passphrase() if fault == "another" else "kurz")
    assert code_of(settings) == "key_unreadable"
    # Unattended, a hub that could sign nothing does not start: it would only be noticed a day later.
    refused = hub(settings.home, "serve", expect=PROBLEMS["key_unreadable"].exit_code)
    assert refused["code"] == "key_unreadable"
    assert [path.read_bytes() for path in files_of(settings)] == files
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_bytes(right)
    assert keyids(settings) == made


def test_keys_of_an_earlier_version_are_encrypted_as_soon_as_there_is_a_passphrase(
    settings: HubSettings,
) -> None:
    Repository(settings).create()
    keyids(settings)
    right = settings.passphrase_file.read_bytes()
    plain = [PrivateKey.generate() for _ in files_of(settings)]
    for path, key in zip(files_of(settings), plain, strict=True):
        path.write_bytes(key.to_pem())
    settings.passphrase_file.unlink()
    log, online = keyids(settings)
    assert log == plain[0].public.keyid
    assert not any(path.read_bytes().startswith(LOCKED) for path in files_of(settings))
    settings.passphrase_file.touch(0o600)
    settings.passphrase_file.write_bytes(right)
    assert keyids(settings) == (log, online)
    assert all(path.read_bytes().startswith(LOCKED) for path in files_of(settings))
    assert keyids(settings) == (log, online)
    assert log_key(settings).public == plain[0].public


def test_systemd_hands_the_passphrase_over(tmp_path: Path) -> None:
    """A credential goes before a file; nothing lies beside the hub then."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    given = credentials / CREDENTIAL
    given.touch(0o600)
    given.write_text(new_passphrase())
    given.chmod(0o400)
    home = tmp_path / "hub"
    environment = {CREDENTIALS_VARIABLE: str(credentials), "KIM_HUB_KEY_PASSPHRASE_FILE": "/nowhere"}
    settings = HubSettings.load(home, environment)
    assert settings.passphrase_file == given
    install(settings)
    Repository(settings).create()
    made = keyids(settings)
    assert not (tmp_path / "hub.passphrase").exists()
    assert keyids(HubSettings.load(home, environment)) == made
    # Without it the key is not to be opened, and without one of ours in the folder the file counts.
    assert code_of(HubSettings(home=home)) == "key_unreadable"
    given.unlink()
    assert HubSettings.load(home, environment).passphrase_file == Path("/nowhere")


def test_where_nothing_may_be_written_the_setting_is_named(tmp_path: Path) -> None:
    settings = HubSettings(home=tmp_path / "hub", key_passphrase_file=str(tmp_path / "no" / "passphrase"))
    with pytest.raises(KimError) as caught:
        install(settings)
    assert caught.value.code == "cannot_write"
    assert "key_passphrase_file" in caught.value.remedy.en


def test_an_existing_passphrase_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    Passphrase(path).ensure()
    before = path.read_bytes()
    Passphrase(path).ensure()
    assert path.read_bytes() == before
    assert len(before) > 20
