"""Keys that begin, change, end and are revoked, also in the middle of an upload (SPEC P-154 to P-158)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.domain.states import KeyStatus
from hub.services.enrolment.deciding import BenchRegistry, revoke_keys
from hub.services.enrolment.notices import notice
from hub.services.merging.publishing import close
from hub.services.trust.suspending import suspend
from protocol.dsse import Envelope, sign
from protocol.enrolment import PAYLOAD_TYPE_ROTATION, SecretKeys, open_rotation
from protocol.errors import KimError
from protocol.periods import Period
from tests.factories.enrolment import APPROVER, NODE, Office, new_keys
from tests.factories.patience import assert_soon
from tests.factories.running_hub import Sender, running_hub
from tests.factories.signing import signed_client


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running_hub(tmp_path, start=False) as running:
        yield Office(running)


def _sender(office: Office, keys: SecretKeys) -> Sender:
    return Sender(NODE, "NW05111", keys.sign, office.running.client)


def _revoke(office: Office, keyid: str, since: dt.datetime | None = None) -> None:
    revoke_keys(
        office.running.hub.context, keyid, by=APPROVER, registry=BenchRegistry(), compromised_since=since
    )


def _code(answer: object) -> str:
    return answer.get_json()["code"]  # type: ignore[attr-defined]


def test_a_change_of_keys_needs_no_telephone_and_both_are_valid_for_a_month(office: Office) -> None:
    old, new = office.enrolled(), new_keys()
    answer = office.rotate(new, old.sign)
    assert (answer.status_code, answer.get_json()["state"]) == (201, "pending")
    assert _code(_sender(office, new).announce(_sender(office, new).parcel())) == "unknown_key"
    office.approve(answer.get_json()["id"])
    before, after = _sender(office, old), _sender(office, new)
    assert before.announce(before.parcel("CASES")).status_code == 201
    assert after.announce(after.parcel("PERSONS")).status_code == 201
    office.running.clock.advance(days=30)
    assert _code(before.announce(before.parcel("CASES", period=Period(2025, 4)))) == "key_expired"
    assert after.announce(after.parcel("CASES", period=Period(2025, 4))).status_code == 201


def test_a_change_of_keys_that_only_one_side_signed_is_refused(office: Office) -> None:
    old, new, thief = office.enrolled(), new_keys(), new_keys()
    honest = office.rotation(new, old.sign)
    # Without the old key.
    assert _code(office.rotate(new, thief.sign)) == "unknown_key"
    # Without the new one: its signature is taken from another statement.
    rotation = open_rotation(honest, old=old.sign.public)
    stranger = new_keys()
    forged = dataclasses.replace(rotation, keys=stranger.public)
    answer = office.post(sign(PAYLOAD_TYPE_ROTATION, forged.to_json(), old.sign), PAYLOAD_TYPE_ROTATION)
    assert answer.status_code in (401, 403)
    with office.running.hub.context.database.read() as unit:
        assert len(unit.nodes.keys_of(NODE)) == 2


def test_the_old_key_of_another_node_vouches_for_nobody(office: Office) -> None:
    office.enrolled()
    other = office.enrolled("node-other", "NW05112")
    assert _code(office.rotate(new_keys(), other.sign, NODE)) == "unknown_key"


def test_a_key_begins_and_ends_by_the_hubs_clock(office: Office) -> None:  # SPEC P-155
    keys = office.enrolled()
    sender = _sender(office, keys)
    office.running.clock.advance(seconds=-1)
    assert _code(sender.announce(sender.parcel(created="2026-10-05T12:00:00Z"))) == "key_not_yet_valid"
    office.running.clock.advance(days=365, seconds=1)
    assert _code(sender.announce(sender.parcel(created="2026-10-05T12:00:00Z"))) == "key_expired"


def test_a_witness_key_signs_no_delivery(office: Office) -> None:
    keys = office.enrolled()
    sender = Sender(NODE, "NW05111", keys.witness, office.running.client)
    assert _code(sender.announce(sender.parcel())) == "unknown_key"


def test_unknown_and_revoked_look_alike_to_who_cannot_sign(office: Office) -> None:
    keys, stranger = office.enrolled(), new_keys()
    _revoke(office, keys.sign.public.keyid)
    sender = Sender(NODE, "NW05111", stranger.sign, office.running.client)
    parcel = sender.parcel()
    claimed = Envelope(
        parcel.envelope.payload_type,
        parcel.envelope.payload,
        keys.sign.public.keyid,
        parcel.envelope.signature,
    )
    headers = {"Content-Type": parcel.envelope.payload_type}
    neighbour = signed_client(
        office.running.client.application, office.enrolled("node-other", "NW05112").sign
    )
    revoked, unknown = (
        neighbour.post("/v1/submissions", data=envelope.to_bytes(), headers=headers)
        for envelope in (claimed, parcel.envelope)
    )
    assert revoked.get_json() == unknown.get_json()
    assert _code(unknown) == "unknown_key"
    # Whoever can sign is told.
    own = _sender(office, keys)
    assert _code(own.announce(own.parcel())) == "key_revoked"


def test_an_upload_under_a_retiring_key_is_finished_even_after_its_end(office: Office) -> None:  # SPEC P-156
    old, new = office.enrolled(), new_keys()
    sender = _sender(office, old)
    parcel = sender.parcel()
    assert sender.announce(parcel).status_code == 201
    office.approve(office.rotate(new, old.sign).get_json()["id"])
    sender.put(parcel)
    office.running.clock.advance(days=13)
    assert sender.complete(parcel).status_code == 202


@pytest.mark.parametrize("compromised", [False, True])
def test_revoking_in_the_middle_of_an_upload_kills_it(office: Office, compromised: bool) -> None:
    # SPEC P-156
    keys = office.enrolled()
    sender = _sender(office, keys)
    parcel = sender.parcel()
    sender.announce(parcel)
    sender.put(parcel)
    _revoke(office, keys.sign.public.keyid, office.running.clock.now() if compromised else None)
    answer = sender.complete(parcel)
    assert (answer.status_code, _code(answer)) == (403, "key_revoked")
    assert office.running.state(parcel) == "rejected"


def test_a_suspended_node_is_stopped_at_once_and_comes_back(office: Office) -> None:
    keys = office.enrolled()
    sender = _sender(office, keys)
    suspend(office.running.hub.context, NODE, reason="Notebook gestohlen", by=APPROVER)
    assert _code(sender.announce(sender.parcel())) == "node_suspended"
    assert _code(office.rotate(new_keys(), keys.sign)) == "node_suspended"
    suspend(office.running.hub.context, NODE, reason="gefunden", by=APPROVER, lift=True)
    assert sender.announce(sender.parcel()).status_code == 201


@pytest.mark.parametrize("spelt", [NODE.upper(), f" {NODE}", f"{NODE}\u200b", NODE.replace("-", "‐")])
def test_ids_are_compared_exactly(office: Office, spelt: str) -> None:  # SPEC P-159
    office.enrolled()
    with pytest.raises(KimError) as refusal:
        suspend(office.running.hub.context, spelt, reason="x", by=APPROVER)
    assert refusal.value.code == "not_found"


def test_enrolling_again_supersedes_the_lost_keys(office: Office) -> None:
    lost, found = office.enrolled(), office.enrolled()
    with office.running.hub.context.database.read() as unit:
        status = {key.keyid: key.status for key in unit.nodes.keys_of(NODE)}
    assert status[lost.sign.public.keyid] is KeyStatus.REVOKED
    assert status[found.sign.public.keyid] is KeyStatus.ACTIVE


@pytest.mark.parametrize(
    ("days", "said"),
    [(61, None), (59, "key_expires;days=59"), (7, "key_expires;days=7"), (0, "key_expires;days=0")],
)
def test_a_node_is_told_in_time(office: Office, days: int, said: str | None) -> None:  # SPEC P-157
    keys = office.enrolled()
    with office.running.hub.context.database.read() as unit:
        key = unit.nodes.key(keys.sign.public.keyid)
    assert key is not None
    assert key.not_after is not None
    assert notice(key, at=key.not_after - dt.timedelta(days=days, hours=1)) == said


class TestQuarantine:
    """What came with a compromised key leaves the merge, whatever it says about when it was made."""

    @pytest.fixture
    def office(self, tmp_path: Path) -> Iterator[Office]:
        with running_hub(tmp_path) as running:
            yield Office(running)

    def test_a_key_compromised_in_the_past(self, office: Office) -> None:
        running = office.running
        keys, other = office.enrolled(), office.enrolled("node-other", "NW05112")
        honest, neighbour = _sender(office, keys), Sender("node-other", "NW05112", other.sign, running.client)
        early = honest.parcel("CASES")
        assert honest.deliver(early)["state"] == "accepted"
        running.clock.advance(hours=2)
        stolen_at = running.clock.now()
        late = honest.parcel(
            "CASES", revision=2, supersedes=early.id, reason="Nachmeldung", created="2026-10-01T08:00:00Z"
        )
        assert honest.deliver(late)["state"] == "accepted"
        assert neighbour.deliver(neighbour.parcel("CASES"))["state"] == "accepted"
        close(running.hub.context, [Period(2026, 1)], datasets=["CASES"])
        assert_soon(lambda: self._published(office) == 1, "a first release")
        assert self._inputs(office) == {"NW05111": late.id, "NW05112": self._inputs(office)["NW05112"]}

        running.clock.advance(hours=2)
        _revoke(office, keys.sign.public.keyid, stolen_at)
        running.assert_becomes(late, "quarantined")
        assert running.state(early) == "superseded"
        assert_soon(lambda: self._published(office) == 2, "a release without it")
        assert set(self._inputs(office)) == {"NW05112"}
        with running.hub.context.database.read() as unit:
            assert unit.cubes.flagged() == {1: 1}
        told = running.client.get("/api/v1/releases").get_json()["data"]
        assert [(release["number"], release["quarantined"]) for release in told] == [(2, 0), (1, 1)]

        # It is delivered again, with a new key and as a new revision, although the period is closed.
        fresh = office.enrolled()
        sender = _sender(office, fresh)
        again = sender.parcel("CASES", revision=3, supersedes=late.id, reason="neu unterschrieben")
        assert sender.deliver(again)["state"] == "accepted"
        assert_soon(lambda: self._published(office) == 3, "a release with it")
        assert self._inputs(office)["NW05111"] == again.id
        # No other correction is taken: the period is closed.
        more = sender.parcel("CASES", revision=4, supersedes=again.id, reason="Nachmeldung")
        assert _code(sender.announce(more)) == "period_closed"

    def _published(self, office: Office) -> int:
        with office.running.hub.context.database.read() as unit:
            release = unit.cubes.published()
        return 0 if release is None else release.number

    def _inputs(self, office: Office) -> dict[str, str]:
        with office.running.hub.context.database.read() as unit:
            release = unit.cubes.published()
            assert release is not None
            cube = release.cubes["CASES", "2026-Q1"]
            row = unit.connection.exec_driver_sql(f"SELECT inputs FROM cube WHERE id = {cube}").one()
        return json.loads(row[0])
