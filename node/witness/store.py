"""What the node remembers of the hub's log, in a folder of its own.

`checkpoint` is the newest state that was verified, as the signed note; `alarms.jsonl` what was found, one per
line; `proofs/` what proves it; `receipts/` the receipts of the node's own deliveries, and beside those that
were brought a mark as long as nobody could compare them with the log. Everything is written durably before
anything else happens; replaced are only `checkpoint`, the times of it (`verified`, `newest`), and
a receipt that becomes final.

:meth:`WitnessStore.alone` keeps two processes of the node from looking at the same state at once: the second
would otherwise sign an older one than the first (C2SP tlog-witness).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from node.clock import Clock, timestamp
from node.durable_files import (
    PRIVATE_FILE_MODE,
    PRIVATE_FOLDER_MODE,
    create_private_file,
    journal_error,
    replace_private_file,
    sync_folder,
)
from node.journal import NodeLock
from node.witness.alarms import Alarm, AlarmKind
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_WAIT_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 30.0


class WitnessStore:
    """The folder."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        """Use ``folder``, making it if it does not exist.

        Raises:
            KimError: ``storage_full`` or ``spool_damaged``.
        """
        self.folder = folder
        self._clock = clock
        try:
            for place in (folder, self.proofs, self.receipts):
                place.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise journal_error(error) from error

    @property
    def proofs(self) -> Path:
        """Where proofs of misbehaviour lie."""
        return self.folder / "proofs"

    @property
    def receipts(self) -> Path:
        """Where receipts lie."""
        return self.folder / "receipts"

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def _alarms(self) -> Path:
        return self.folder / "alarms.jsonl"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock; waits for another process of this node.

        Raises:
            KimError: ``node_locked`` if the other one takes too long.
        """
        started = self._clock.elapsed()
        lock = NodeLock(self.folder / "lock")
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(lock)
                    break
                except KimError:
                    if self._clock.elapsed() - started > _PATIENCE_SECONDS:
                        raise
                    self._clock.wait(_WAIT_SECONDS)
            yield

    def checkpoint(self) -> bytes | None:
        """Return the newest state that was verified, as the note of the log; None before the first."""
        return _read(self._checkpoint)

    def verified_at(self) -> datetime | None:
        """Return when that state was last seen or replaced."""
        return _instant(_read(self.folder / "verified"))

    def newest_entry_at(self) -> datetime | None:
        """Return the hub's time of the newest entry of that state."""
        return _instant(_read(self.folder / "newest"))

    def note_newest_entry(self, at: datetime) -> None:
        """Remember the hub's time of the newest entry.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        _replace(self.folder / "newest", timestamp(at).encode())

    def keep_checkpoint(self, note: bytes) -> None:
        """Replace the newest state, durably; the caller has verified that it contains the one before.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        _replace(self._checkpoint, note)

    def note_visit(self) -> None:
        """Remember that the state in the store was seen at the hub just now.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        _replace(self.folder / "verified", timestamp(self._clock.now()).encode())

    def receipt(self, name: str) -> bytes | None:
        """Return a receipt by its file name."""
        return _read(self.receipts / name)

    def keep_receipt(self, name: str, data: bytes, *, compared: bool) -> None:
        """Keep a receipt, durably.

        Args:
            name: its file name.
            data: the receipt.
            compared: whether the state that it is proven under is one of the history that this node watches.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        # A crash in between leaves a mark too many: the receipt is compared once more.
        if not compared:
            _replace(self._mark(name), b"")
        _replace(self.receipts / name, data)
        if compared:
            self.note_compared(name)

    def is_compared(self, name: str) -> bool:
        """Whether a receipt stands under the history that this node watches."""
        return not self._mark(name).exists()

    def note_compared(self, name: str) -> None:
        """Remember that it does."""
        _remove(self._mark(name))

    def drop_receipt(self, name: str) -> None:
        """Forget a receipt that does not hold; its bytes lie in `proofs/`, the hub may send a right one."""
        _remove(self.receipts / name)
        self.note_compared(name)

    def _mark(self, name: str) -> Path:
        return self.receipts / f"{name}.to-compare"

    def raise_alarm(self, kind: AlarmKind, *, subject: str = "", proof: bytes | None = None) -> Alarm:
        """Write an alarm down, durably, with what proves it; the same alarm again changes nothing.

        Args:
            kind: what is wrong.
            subject: what it is about.
            proof: content of the file that proves it.

        Returns:
            The alarm, as it was written down first.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        known = {alarm.key: alarm for alarm in self.alarms()}
        found = known.get((kind.value, subject))
        if found is not None:
            return found
        file = ""
        if proof is not None:
            file = f"proofs/{kind.value}-{hashlib.sha256(proof).hexdigest()[:16]}.json"
        alarm = Alarm(kind, timestamp(self._clock.now()), subject, file)
        line = json.dumps(
            {"kind": kind.value, "at": alarm.at, "subject": subject, "file": file}, separators=(",", ":")
        )
        try:
            if proof is not None and not (self.folder / file).exists():
                create_private_file(self.folder / file, proof)
            _append(self._alarms, f"{line}\n".encode())
        except OSError as error:
            raise journal_error(error) from error
        return alarm

    def alarms(self) -> tuple[Alarm, ...]:
        """Return what was written down, oldest first; a last line that a crash cut off is left out."""
        text = _read(self._alarms) or b""
        found = []
        for line in text.split(b"\n")[:-1]:
            try:
                members = json.loads(line)
                found.append(
                    Alarm(AlarmKind(members["kind"]), members["at"], members["subject"], members["file"])
                )
            except (ValueError, KeyError, TypeError) as error:
                raise _damaged(self._alarms) from error
        return tuple(found)


def _instant(text: bytes | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.decode("ascii")) if text is not None else None
    except ValueError:
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise journal_error(error) from error


def _replace(path: Path, content: bytes) -> None:
    try:
        replace_private_file(path, content)
    except OSError as error:
        raise journal_error(error) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise journal_error(error) from error


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE_MODE)
    with os.fdopen(descriptor, "r+b") as file:
        content = file.read()
        # What a crash cut off was never reported: the alarm is raised again at the next contact.
        file.seek(content.rfind(b"\n") + 1)
        file.truncate()
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _damaged(path: Path) -> KimError:
    return kim_error("spool_damaged", Text(f"{path} ist beschädigt.", f"{path} is damaged."))
