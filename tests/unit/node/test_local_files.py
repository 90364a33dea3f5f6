"""Files of a node's folder: whole or not at all, never through a link, and a log that stops nothing."""

import json
from pathlib import Path

import pytest

from node.cli.logbook import Logbook
from node.durable_files import replace_private_file
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
