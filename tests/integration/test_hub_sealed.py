"""Sealed deliveries: taken, kept sealed, opened for the sandbox only; keys at rest, and their change."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.domain.ids import Sha256, SubmissionId
from hub.services.intake.announcing import announce
from hub.services.intake.verification import verify
from hub.store.files.sealing_keys import SealingKeys, SealingLockedError, StoredSealingKey
from hub.store.tables.trust import PublishedTrust
from protocol.errors import KimError
from protocol.trust import HubKeys, Policy
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.integration.test_hub_announce import assert_refused

AT = dt.datetime(2026, 10, 5, 10, 0, tzinfo=dt.UTC)
AUDIENCE = "kim-nrw/local"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub", start=False, sandbox=lasting_sandbox()) as running:
        yield running


@pytest.fixture
def key(running: RunningHub) -> StoredSealingKey:
    return running.hub.context.sealing.add(at=AT)


def _govern(running: RunningHub, **policy: object) -> None:
    """Let a policy be in force, as if officers had signed it."""
    published = PublishedTrust(
        targets_version=1,
        root_version=1,
        published_at=AT,
        directory_sha256="0" * 64,
        hub_keys=HubKeys(audience=AUDIENCE),
        policy=Policy(audience=AUDIENCE, **policy),
    )
    with running.hub.context.database.write() as unit:
        unit.trust.add(published)


def test_a_sealed_delivery_is_accepted_and_kept_sealed(
    running: RunningHub, key: StoredSealingKey, tmp_path: Path
) -> None:
    context, sender = running.hub.context, running.sender()
    plain = sender.parcel(withheld=[3, 4])
    parcel = sender.sealed(plain, key.public_key)
    assert sender.send(parcel).status_code == 202
    verify(context, SubmissionId(parcel.id))
    assert sender.look(parcel)["state"] == "accepted"
    # The evidence is what was sent; the table as it travels unsealed is nowhere on the hub's disk.
    assert context.blobs.get(Sha256(parcel.statement.travelling.sha256)) == parcel.payload
    inside = plain.payload[64:512]
    assert inside in plain.payload
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or inside not in file.read_bytes(), file
    # The cells are the same as those of an open delivery.
    other = running.sender("NW05112")
    open_parcel = other.parcel(withheld=[3, 4])
    other.send(open_parcel)
    verify(context, SubmissionId(open_parcel.id))
    with context.database.read() as unit:
        cells = {
            row.canonical_sha256
            for item in (parcel, open_parcel)
            if (row := unit.submissions.get(SubmissionId(item.id))) is not None
        }
    assert len(cells) == 1
    assert None not in cells


def test_what_does_not_open_is_refused_for_good(running: RunningHub, key: StoredSealingKey) -> None:
    sender = running.sender()
    parcel = sender.sealed(sender.parcel(), key.public_key, info=b"kim/1 payload for somebody else")
    sender.send(parcel)
    verify(running.hub.context, SubmissionId(parcel.id))
    status = sender.look(parcel)
    assert (status["state"], status["problem"]["code"]) == ("rejected", "sealed_unreadable")


def test_what_was_inside_has_to_be_what_was_signed(running: RunningHub, key: StoredSealingKey) -> None:
    sender = running.sender()
    parcel = sender.sealed(sender.parcel(), key.public_key)
    lying = replace(parcel.statement, payload=replace(parcel.statement.payload, sha256="0" * 64))
    signed = sender.signed(lying, parcel.payload)
    sender.send(signed)
    verify(running.hub.context, SubmissionId(signed.id))
    assert sender.look(signed)["problem"]["code"] == "sealed_unreadable"


@pytest.mark.parametrize("fault", ["another secret", "no secret", "no folder"])
def test_keys_that_cannot_be_opened_are_the_hubs_fault(
    running: RunningHub, key: StoredSealingKey, fault: str
) -> None:
    """A secret of systemd that was not handed over, a disk that is not mounted: it hits every delivery."""
    context, sender = running.hub.context, running.sender()
    parcel = sender.sealed(sender.parcel(), key.public_key)
    sender.send(parcel)
    folder = context.settings.home / "sealing"
    unlock, away = folder / "unlock.key", folder.with_name("away")
    right = unlock.read_bytes()
    if fault == "another secret":
        unlock.write_text("0" * 64)
    elif fault == "no secret":
        unlock.rename(away)
    else:
        folder.rename(away)
    for _ in range(12):  # more often than a submission is tried
        with pytest.raises(SealingLockedError):
            verify(context, SubmissionId(parcel.id))
    assert running.state(parcel) == "verifying"
    if fault == "another secret":
        unlock.write_bytes(right)
    else:
        away.rename(unlock if fault == "no secret" else folder)
    verify(context, SubmissionId(parcel.id))
    assert running.state(parcel) == "accepted"


def test_a_key_that_the_hub_does_not_have_is_refused_before_any_byte(
    running: RunningHub, key: StoredSealingKey, tmp_path: Path
) -> None:
    strange = SealingKeys(_made(tmp_path / "strange")).add(at=AT)
    sender = running.sender()
    answer = sender.announce(sender.sealed(sender.parcel(), strange.public_key))
    assert_refused(answer, "sealing_key_unknown", pointer="/sealed/kid")
    assert sender.announce(sender.sealed(sender.parcel(), key.public_key)).status_code == 201


def test_where_officers_want_it_nothing_open_is_taken(running: RunningHub, key: StoredSealingKey) -> None:
    sender = running.sender()
    _govern(running)
    assert_refused(sender.announce(sender.parcel()), "sealing_required", pointer="/v")
    assert sender.announce(sender.sealed(sender.parcel(), key.public_key)).status_code == 201


def test_where_officers_do_not_want_it_both_are_taken(running: RunningHub, key: StoredSealingKey) -> None:
    sender, other = running.sender(), running.sender("NW05112")
    _govern(running, sealed=False)
    assert sender.announce(sender.parcel()).status_code == 201
    assert other.announce(other.sealed(other.parcel(), key.public_key)).status_code == 201


def test_the_policy_says_which_forms_and_sizes_are_taken(running: RunningHub, key: StoredSealingKey) -> None:
    sender = running.sender()
    _govern(running, sealed=False, statement_versions=(1,), max_payload_bytes=1024)
    sealed = sender.sealed(sender.parcel(), key.public_key)
    assert_refused(sender.announce(sealed), "unsupported_version", pointer="/v")
    assert_refused(sender.announce(sender.parcel()), "too_large", pointer="/payload/size")


def test_of_the_hubs_limit_and_the_policys_the_stricter_holds(tmp_path: Path) -> None:  # SPEC P-149
    with running_hub(tmp_path / "hub", start=False, max_open_uploads=2) as running:
        sender = running.sender()
        _govern(running, sealed=False)
        for dataset in ("CASES", "PERSONS"):
            assert sender.announce(sender.parcel(dataset)).status_code == 201
        assert_refused(sender.announce(sender.parcel("STAFFING")), "rate_limited")
    with running_hub(tmp_path / "another", start=False, max_open_uploads=2) as running:
        sender = running.sender()
        _govern(running, sealed=False, max_open_uploads=1)
        assert sender.announce(sender.parcel()).status_code == 201
        assert_refused(sender.announce(sender.parcel("PERSONS")), "rate_limited")


def test_old_and_new_key_overlap_and_a_retired_one_takes_nothing_new(
    running: RunningHub, key: StoredSealingKey
) -> None:
    # SPEC P-135
    context = running.hub.context
    new = context.sealing.add(at=AT + dt.timedelta(days=300))
    sender, other = running.sender(), running.sender("NW05112")
    # Sealed weeks ago with the old key: still good beside the new one.
    old = sender.sealed(sender.parcel(), key.public_key)
    assert sender.send(old).status_code == 202
    assert other.send(other.sealed(other.parcel(), new.public_key)).status_code == 202
    context.sealing.retire(key.kid, at=AT + dt.timedelta(days=400))
    later = sender.sealed(sender.parcel("PERSONS"), key.public_key)
    assert_refused(sender.announce(later), "sealing_key_unknown")
    # What was taken before is opened all the same.
    verify(context, SubmissionId(old.id))
    assert running.state(old) == "accepted"


# ------------------------------------------------------------------------------------------- at rest


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_keys_at_rest_are_private_and_encrypted(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path / "sealing")
    stored = keys.add(at=AT)
    secret = keys.secret(stored.kid).to_bytes()
    for file in (tmp_path / "sealing").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        content = file.read_bytes()
        for part in (secret[:32], secret[32:64], secret[64:]):
            assert part not in content
            assert part.hex().encode() not in content
    assert stat.S_IMODE((tmp_path / "sealing").stat().st_mode) == 0o700
    assert [key.kid for key in keys.all()] == [stored.kid]


def test_the_unlocking_key_may_lie_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "credential"
    elsewhere.write_text("5a" * 32 + "\n")
    elsewhere.chmod(0o600)
    stored = SealingKeys(tmp_path / "sealing", unlock_file=elsewhere).add(at=AT)
    assert [path.name for path in (tmp_path / "sealing").iterdir()] == [f"{stored.kid}.json"]
    # A copy of the folder alone opens nothing.
    copy = SealingKeys(tmp_path / "sealing")
    with pytest.raises(SealingLockedError):
        copy.secret(stored.kid)
    elsewhere.unlink()
    with pytest.raises(SealingLockedError):
        SealingKeys(tmp_path / "sealing", unlock_file=elsewhere).secret(stored.kid)
    with pytest.raises(FileNotFoundError):
        SealingKeys(tmp_path / "sealing", unlock_file=elsewhere).secret("0" * 64)


@pytest.mark.parametrize("damage", ["others may read", "altered", "another name", "no key"])
def test_a_damaged_key_is_noticed(tmp_path: Path, damage: str) -> None:
    keys = SealingKeys(tmp_path / "sealing")
    stored, other = keys.add(at=AT), keys.add(at=AT)
    path = tmp_path / "sealing" / f"{stored.kid}.json"
    document = json.loads(path.read_bytes())
    if damage == "others may read":
        path.chmod(0o640)
    elif damage == "altered":
        document["locked"] = document["locked"][:-8] + "AAAAAA=="
        path.write_text(json.dumps(document))
    elif damage == "another name":
        path.write_bytes((tmp_path / "sealing" / f"{other.kid}.json").read_bytes())
    else:
        path.write_text("{}")
    with pytest.raises(SealingLockedError):
        keys.secret(stored.kid)


def test_names_are_only_ever_digests(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path / "sealing")
    assert not keys.accepts("../../etc/passwd")
    with pytest.raises(ValueError, match="SHA-256"):
        keys.secret("../unlock")
    with pytest.raises(KimError):
        keys.retire("../unlock", at=AT)


# ----------------------------------------------------------------------------------------- at the command


def _command(home: Path, *arguments: str) -> tuple[int, dict]:
    result = CliRunner().invoke(main, ["sealing", *arguments, "--home", str(home), "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_a_key_is_made_listed_and_retired(running: RunningHub) -> None:
    home = running.hub.settings.home
    code, first = _command(home, "new")
    assert code == 0
    # The last one stays: nobody could deliver any more.
    code, document = _command(home, "retire", first["kid"])
    assert (code, document["code"]) == (64, "bad_request")
    _, second = _command(home, "new")
    assert _command(home, "retire", first["kid"])[0] == 0
    _, listed = _command(home, "list")
    assert {key["kid"]: key["retired"] is not None for key in listed["keys"]} == {
        first["kid"]: True,
        second["kid"]: False,
    }
    assert _command(home, "retire", "0" * 64)[0] == 66


def test_keys_that_others_may_read_are_not_used(running: RunningHub, key: StoredSealingKey) -> None:
    home = running.hub.settings.home
    (home / "sealing" / f"{key.kid}.json").chmod(0o644)
    code, document = _command(home, "list")
    assert (code, document["code"]) == (77, "key_unreadable")


@pytest.mark.parametrize(
    ("program", "taken"),
    [
        ("kim-node/1.4.2", True),
        ("kim-node/1.10.0", True),
        ("another/2.0.0", True),
        ("1.4.2", True),
        ("kim-node/1.4.1", False),
        ("kim-node/0.99.99", False),
        ("kim-node/", False),
        ("kim-node/1.4.2 or so", False),
        ("kim-node/١.4.2", False),
        ("", False),
    ],
)
def test_a_program_that_is_too_old_announces_nothing(
    running: RunningHub, program: str, *, taken: bool
) -> None:
    """SPEC P-149: an old program asks nobody before it signs."""
    sender = running.sender()
    parcel, known = sender.parcel(), sender.parcel("PERSONS")
    assert sender.announce(parcel, **{"Kim-Client": "x"}).status_code == 201  # without officers nobody asks
    _govern(running, sealed=False, oldest_client="1.4.2")
    answer = sender.announce(known, **{"Kim-Client": program.encode().decode("latin-1")})
    assert answer.status_code == (201 if taken else 400)
    if not taken:
        document = answer.get_json()
        assert (document["code"], document["pointer"]) == ("unsupported_version", "/headers/Kim-Client")
        assert "1.4.2" in document["detail"]
        with running.hub.context.database.read() as unit:
            assert unit.submissions.get(SubmissionId(known.id)) is None
    # What is known is answered, whoever asks; and a stick was sent by no program.
    assert sender.announce(parcel, **{"Kim-Client": "x"}).status_code == 200
    assert announce(running.hub.context, known.envelope.to_bytes(), sender=None).created is not taken
