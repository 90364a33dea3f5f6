"""A node seals what it signs, knows by the table what it has signed, and sends the sealed bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.cli.identity.trusting import sealing_key
from node.journal import DeliveryState, Journal
from node.pipeline import Decision
from node.trust import NodeTrust
from protocol.dsse import parse_envelope
from protocol.errors import KimError
from protocol.sealing import SealingSecret, open_payload
from protocol.statement import SALT_BYTES, parse_statement
from protocol.trust import Directory, HubKeys, Policy, SealingKey
from tests.factories.node_home import node_home
from tests.factories.node_office import Office
from tests.fakes.node_clock import SteppedClock

HUB = "kim-nrw/local"
BEGIN, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 9, 8, 15, tzinfo=UTC)
SECRET, NEXT = SealingSecret.generate(), SealingSecret.generate()
KEY = SealingKey(SECRET.public_key, BEGIN, END)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    home = node_home(tmp_path, periods="2026-Q1..2026-Q1")
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        office = Office(home, journal)
        office.workshop = replace(office.workshop, sealing=KEY)
        yield office


def test_what_is_sent_is_sealed_and_what_is_kept_is_the_table(office: Office) -> None:
    prospect = office.prospects()[0]
    assert prospect.draft is not None
    record = office.spool(prospect)
    statement = parse_statement(parse_envelope(office.journal.envelope(record)).payload)
    sent = office.journal.parcel(record)
    assert (statement.version, statement.sealed is not None) == (2, True)
    assert record.sent_sha256 == statement.travelling.sha256
    table = office.journal.payload(record)
    assert table == prospect.draft.payload
    assert table not in sent
    assert open_payload(sent, statement, SECRET)[SALT_BYTES:] == table
    # What an interrupted run left behind is swept; neither of the two is that.
    assert office.journal.sweep() == 0
    assert office.journal.parcel(record) == sent


def test_the_same_table_is_recognised_behind_another_salt(office: Office) -> None:
    first, *_ = office.deliver_all(DeliveryState.REFUSED, code="unknown_key")
    again = office.prospects()[0]
    assert (again.decision, again.record and again.record.statement_id) == (
        Decision.RESEND,
        first.statement_id,
    )


@pytest.mark.parametrize("sealing", [None, SealingKey(NEXT.public_key, BEGIN, END)])
def test_with_another_key_or_none_it_is_signed_anew(office: Office, sealing: SealingKey | None) -> None:
    """What the hub refused for its seal is not sent again as it is."""
    office.deliver_all(DeliveryState.REFUSED, code="sealing_key_unknown")
    office.workshop = replace(office.workshop, sealing=sealing)
    again = office.prospects()[0]
    assert again.decision is Decision.SIGN
    assert again.draft is not None


# ------------------------------------------------------------------------------- what officers want


def trust(*keys: SealingKey, sealed: bool = True) -> NodeTrust:
    return NodeTrust(
        directory=Directory(HUB, ()),
        hub_keys=HubKeys(audience=HUB, sealing_keys=keys),
        policy=Policy(audience=HUB, sealed=sealed),
        root_version=1,
        targets_version=1,
        root_fingerprint="",
        expires={"root": END, "targets": END},
        checked_at=NOW,
    )


def test_it_is_sealed_exactly_if_officers_want_it() -> None:
    assert sealing_key(None, NOW) is None
    assert sealing_key(trust(KEY, sealed=False), NOW) is None
    assert sealing_key(trust(KEY), NOW) == KEY


def test_the_newest_key_that_holds_is_used() -> None:
    newer = SealingKey(NEXT.public_key, datetime(2026, 10, 5, tzinfo=UTC), END)
    later = SealingKey(SealingSecret.generate().public_key, datetime(2026, 11, 1, tzinfo=UTC), END)
    assert sealing_key(trust(KEY, newer, later), NOW) == newer


def test_without_a_key_that_holds_nothing_is_signed() -> None:
    over = SealingKey(SECRET.public_key, BEGIN, NOW)
    for keys in ((), (over,)):
        with pytest.raises(KimError) as caught:
            sealing_key(trust(*keys), NOW)
        assert caught.value.code == "sealing_key_missing"
