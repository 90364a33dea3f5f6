"""The demo empties its own folder and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.demo.course.home import MARK, fresh_home
from protocol.errors import KimError


def test_a_missing_or_empty_folder_becomes_a_demo(tmp_path: Path) -> None:
    for home in (tmp_path / "new" / "demo", tmp_path / "empty"):
        with fresh_home(home) as folder:
            assert (folder / MARK).is_file()
        (tmp_path / "empty").mkdir(exist_ok=True)


def test_an_earlier_demo_is_emptied(tmp_path: Path) -> None:
    with fresh_home(tmp_path) as folder:
        (folder / "hub").mkdir()
        (folder / "hub" / "hub.sqlite3").write_bytes(b"old")
        (folder / "note").write_text("old", encoding="utf-8")
    with fresh_home(tmp_path) as folder:
        assert [item.name for item in folder.iterdir()] == [MARK]


def test_any_other_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(KimError) as refused, fresh_home(tmp_path):
        pass
    assert refused.value.problem.code == "config_invalid"
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with fresh_home(target) as folder:
        (folder / "kept").touch()
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(KimError), fresh_home(tmp_path / "link"):
        pass
    assert (target / "kept").exists()


def test_links_inside_are_removed_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    home = tmp_path / "demo"
    with fresh_home(home) as folder:
        (folder / "link").symlink_to(outside)
    with fresh_home(home):
        assert (outside / "kept").exists()


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with fresh_home(tmp_path), pytest.raises(KimError), fresh_home(tmp_path):
        pass
