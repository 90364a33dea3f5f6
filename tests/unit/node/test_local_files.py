"""Files of a node's folder: whole or not at all, never through a link, and a log that stops nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node.cli.frame.logbook import Logbook
from node.durable_files import create_private_file, replace_private_file
from tests.factories.dying import ended
from tests.fakes.node_clock import SteppedClock


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / "findings.csv"
    place.mkdir()
    with pytest.raises(IsADirectoryError):
        replace_private_file(place, b"x")
    assert list(tmp_path.iterdir()) == [place]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere, place = tmp_path / "elsewhere", tmp_path / "findings.csv"
    elsewhere.write_text("mine", encoding="utf-8")
    place.symlink_to(elsewhere)
    replace_private_file(place, b"x")
    assert (elsewhere.read_text(encoding="utf-8"), place.read_bytes()) == ("mine", b"x")
    assert not place.is_symlink()


_WRITES = """
import sys
from pathlib import Path
from node.durable_files import replace_private_file
place, sign = sys.argv[1:]
for _ in range(10):
    replace_private_file(Path(place), sign.encode() * 100_000)
"""


def test_processes_that_write_a_file_at_once_leave_it_whole(tmp_path: Path) -> None:
    place = tmp_path / "quarantine.csv"
    replace_private_file(place, b"A" * 100_000)
    writers = [subprocess.Popen([sys.executable, "-c", _WRITES, place, sign]) for sign in "BCD"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        (sign,) = set(content := place.read_bytes())
        assert len(content) == 100_000
        seen.add(sign)
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(seen) > 1  # they were at it while it was read
    assert list(tmp_path.iterdir()) == [place]
    assert place.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_process_had_begun_is_removed_once_nobody_can_be_writing_it(tmp_path: Path) -> None:
    place, others = tmp_path / "findings.csv", tmp_path / ".kim-notes"
    create_private_file(place, b"old")
    others.write_bytes(b"somebody's")

    def die() -> None:
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # written, and not yet in its place
        replace_private_file(place, b"new")

    assert ended(die, None) == -signal.SIGKILL
    assert place.read_bytes() == b"old"
    (left,) = set(tmp_path.iterdir()) - {place, others}
    assert (left.read_bytes(), left.stat().st_mode & 0o777) == (b"new", 0o600)

    replace_private_file(place, b"newer")
    assert left.exists()  # for all that is known here, somebody is writing it
    os.utime(left, (time.time() - 4000,) * 2)
    os.utime(others, (0, 0))
    replace_private_file(tmp_path / "preview.html", b"x")
    assert not left.exists()
    assert others.exists()
    assert place.read_bytes() == b"newer"


def test_a_place_where_nothing_may_be_written_is_named_and_not_the_file_aside(tmp_path: Path) -> None:
    place = tmp_path / "missing" / "findings.csv"
    with pytest.raises(FileNotFoundError) as caught:
        replace_private_file(place, b"x")
    assert caught.value.filename == str(place)


def test_the_log_is_never_written_through_a_link(tmp_path: Path) -> None:
    elsewhere, place = tmp_path / "elsewhere", tmp_path / "kim-node.log"
    elsewhere.write_text("mine", encoding="utf-8")
    place.symlink_to(elsewhere)
    Logbook(place, clock=SteppedClock()).write("command.start", {"command": "check"})
    assert elsewhere.read_text(encoding="utf-8") == "mine"


def test_a_full_log_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "kim-node.log"
    path.write_bytes(b"x" * (5 * 2**20 + 1))
    Logbook(path, clock=SteppedClock()).write("command.start", {"command": "check"})

    assert (tmp_path / "kim-node.log.1").exists()
    assert path.read_text(encoding="utf-8").startswith('{"at": "2026-10-09T08:15:00Z"')


def test_logging_never_stops_a_command(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log"
    logbook = Logbook(path, clock=SteppedClock())
    logbook.write("command.start", {})
    assert list(tmp_path.iterdir()) == []  # no folder is made for it

    # What cannot be logged is lost, and what comes later is logged again.
    path.parent.mkdir()
    logbook.write("command.end", {})
    events = [json.loads(line)["event"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert events == ["command.end"]


def test_without_a_file_nothing_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Logbook(None, clock=SteppedClock()).write("command.start", {})
    assert list(tmp_path.iterdir()) == []
