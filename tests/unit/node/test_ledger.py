"""The encrypted ledger: what is at rest tells nothing, and what is altered, missing or old is noticed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node import failpoints
from node.journal import Journal
from node.journal.ledger_keys import LedgerKeys, load_ledger_keys
from protocol.errors import KimError
from tests.fakes.node_clock import SteppedClock
from tests.unit.node.test_journal import AREA, first_version, new_delivery

SECRET = b"\x6b\x69\x6d\x21\x73\x65\x63\x72" * 3
"""Three counts whose bytes are easy to find, wherever they lie in the open."""


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def opened(folder: Path) -> Journal:
    return Journal(folder / "journal", clock=SteppedClock())


def filled(folder: Path, *, deliveries: int = 3) -> None:
    with opened(folder) as journal:
        for number in range(deliveries):
            journal.spool(new_delivery(period=f"2026-Q{number + 1}", values=SECRET))


def change(folder: Path, statement: str, *arguments: object) -> None:
    connection = sqlite3.connect(folder / "journal" / "journal.sqlite3", isolation_level=None)
    connection.execute("PRAGMA foreign_keys=OFF")
    assert connection.execute(statement, arguments).rowcount > 0
    connection.close()


def refusal(folder: Path) -> str:
    with opened(folder) as journal, pytest.raises(KimError) as refused:
        journal.ledger(AREA)
    return refused.value.code


def everything_at_rest(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_true_figure_is_at_rest_in_the_open(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.spool(new_delivery(values=SECRET))
        assert SECRET[:8] not in everything_at_rest(tmp_path)
        assert journal.ledger(AREA)[0].figures.values == SECRET
    assert SECRET[:8] not in everything_at_rest(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_the_key_is_readable_for_its_user_only(tmp_path: Path) -> None:
    filled(tmp_path)
    key = tmp_path / "ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    assert refusal(tmp_path) == "key_unreadable"


def test_keys_do_not_print(tmp_path: Path) -> None:
    filled(tmp_path)
    keys = load_ledger_keys(tmp_path / "ledger.key")
    assert keys.secrets[0].hex() not in f"{keys!r} {keys}"


def test_a_journal_that_has_delivered_nothing_needs_no_key(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert journal.ledger(AREA) == ()
    assert not (tmp_path / "ledger.key").exists()


TAMPERING = {
    "a bit of the figures": "UPDATE ledger SET sealed = "
    "CAST(substr(sealed, 1, 20) || x'00' || substr(sealed, 22) AS BLOB) WHERE number = 2",
    "the figures of another delivery": "UPDATE ledger SET sealed = "
    "(SELECT sealed FROM ledger WHERE number = 1) WHERE number = 2",
    "half a row": "UPDATE ledger SET sealed = substr(sealed, 1, 40) WHERE number = 2",
    "next to nothing": "UPDATE ledger SET sealed = x'00' WHERE number = 2",
    "the period of a delivery": "UPDATE delivery SET period = '2025-Q4' WHERE number = 2",
    "a row that is missing": "DELETE FROM ledger WHERE number = 2",
    "the last row": "DELETE FROM ledger WHERE number = 3",
    "a delivery that is missing": "DELETE FROM delivery WHERE number = 2",
}


@pytest.mark.parametrize("what", TAMPERING)
def test_what_is_altered_is_noticed(tmp_path: Path, what: str) -> None:
    filled(tmp_path)
    change(tmp_path, TAMPERING[what])
    assert refusal(tmp_path) in {"ledger_damaged", "ledger_outdated"}


def test_an_old_backup_of_the_journal_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path, deliveries=2)
    backup = (tmp_path / "journal" / "journal.sqlite3").read_bytes()
    with opened(tmp_path) as journal:
        journal.spool(new_delivery(period="2026-Q3"))
    (tmp_path / "journal" / "journal.sqlite3").write_bytes(backup)
    assert refusal(tmp_path) == "ledger_outdated"
    with opened(tmp_path) as journal, pytest.raises(KimError) as refused:
        journal.spool(new_delivery(period="2026-Q4"))
    assert refused.value.code == "ledger_outdated"
    assert refusal(tmp_path) == "ledger_outdated"


def test_a_journal_that_is_newer_than_the_mark_is_fine(tmp_path: Path) -> None:
    """The mark is written last: a crash before it costs nothing."""
    filled(tmp_path, deliveries=1)
    failpoints.arm("ledger.mark:enospc")
    with pytest.raises(OSError, match="space"), opened(tmp_path) as journal:
        journal.spool(new_delivery(period="2026-Q2"))
    failpoints.arm(None)
    with opened(tmp_path) as journal:
        assert len(journal.ledger(AREA)) == 2


def test_without_its_key_a_journal_says_so(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "ledger.key").unlink()
    assert refusal(tmp_path) == "ledger_key_missing"
    with opened(tmp_path) as journal, pytest.raises(KimError) as refused:
        journal.spool(new_delivery(period="2026-Q4"))
    assert refused.value.code == "ledger_key_missing"
    assert not (tmp_path / "ledger.key").exists()


@pytest.mark.parametrize("content", [b"", b"kim ledger keys 1\n", b"kim ledger keys 1\nabc\n", b"\xff\xfe"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    filled(tmp_path)
    (tmp_path / "ledger.key").write_bytes(content)
    assert refusal(tmp_path) == "key_unreadable"


def test_a_new_key_reads_everything_and_the_old_one_nothing(tmp_path: Path) -> None:
    filled(tmp_path)
    old = load_ledger_keys(tmp_path / "ledger.key")
    with opened(tmp_path) as journal:
        before = journal.ledger(AREA)
        assert journal.renew_ledger_key() == 3
        assert journal.ledger(AREA) == before
    new = load_ledger_keys(tmp_path / "ledger.key")
    assert len(new.secrets) == 1
    assert new.current != old.current
    with opened(tmp_path) as journal:
        assert journal.ledger(AREA) == before
        journal._ledger._keys = LedgerKeys(old.secrets)
        with pytest.raises(KimError) as refused:
            journal.ledger(AREA)
    assert refused.value.code == "ledger_key_missing"


SCRIPT = """
import sys
from pathlib import Path
from node import failpoints
from node.journal import Journal
from tests.fakes.node_clock import SteppedClock
from tests.unit.node.test_journal import new_delivery

folder, place, what = sys.argv[1:]
failpoints.arm(f"{place}:kill" if place != "nowhere" else None)
with Journal(Path(folder) / "journal", clock=SteppedClock()) as journal:
    if what == "rotate":
        journal.renew_ledger_key()
    elif what == "spool":
        journal.spool(new_delivery(period="2026-Q4"))
"""


def killed_at(place: str, folder: Path, what: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(folder), place, what], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("place", ["ledger.key.renewed", "journal.write", "ledger.sealed.anew"])
def test_a_rotation_that_is_killed_loses_nothing(tmp_path: Path, place: str) -> None:
    filled(tmp_path)
    with opened(tmp_path) as journal:
        before = journal.ledger(AREA)
    killed_at(place, tmp_path, "rotate")
    with opened(tmp_path) as journal:
        assert journal.ledger(AREA) == before
        journal.renew_ledger_key()
        assert journal.ledger(AREA) == before
    assert len(load_ledger_keys(tmp_path / "ledger.key").secrets) == 1


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize(
    ("place", "entries"),
    [("spool.blobs", 3), ("journal.write", 3), ("spool.committed", 4), ("ledger.mark", 4)],
)
def test_a_delivery_that_is_killed_is_in_the_ledger_or_not_at_all(
    tmp_path: Path, place: str, entries: int
) -> None:
    filled(tmp_path)
    killed_at(place, tmp_path, "spool")
    with opened(tmp_path) as journal:
        assert len(journal.ledger(AREA)) == entries == len(journal.deliveries())


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_migration_that_is_killed_starts_again_and_leaves_nothing_in_the_open(tmp_path: Path) -> None:
    first_version(tmp_path / "journal")
    change(tmp_path, "UPDATE ledger SET cell_values = ?", SECRET)
    killed_at("journal.migrated", tmp_path, "open")
    assert SECRET[:8] in everything_at_rest(tmp_path)
    with opened(tmp_path) as journal:
        assert journal.ledger(AREA)[0].figures.values == SECRET
        assert SECRET[:8] not in everything_at_rest(tmp_path)
    assert SECRET[:8] not in everything_at_rest(tmp_path)


def test_shares_of_contributors_are_kept(tmp_path: Path) -> None:
    delivery = new_delivery(dataset="FUNDS", period="2026")
    shares = {"share_cell": b"\x01" * 8, "share_contributor": b"\x02" * 8, "share_amount": b"\x03" * 8}
    with opened(tmp_path) as journal:
        journal.spool(replace(delivery, figures=replace(delivery.figures, **shares)))
        assert journal.ledger(AREA)[0].figures == replace(delivery.figures, **shares)
