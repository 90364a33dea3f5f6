"""Commands of one node that run at the same time, as real processes: none is refused, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.factories.node_home import NodeHome, node_home, some_cases
from tests.factories.patience import PATIENCE_SECONDS

#: Rows of the wrong area: `check` sets them aside, so each run writes its files.
_WRONG = some_cases(30).replace(";05382", ";05111").replace("F", "X")


def test_checks_beside_a_submit_write_whole_files(tmp_path: Path) -> None:
    home = node_home(tmp_path, cases=some_cases(90, extra=[_WRONG]))
    home.change("# attempts = 6", "attempts = 1")
    files = _written_by_a_check(home)
    assert "quarantine.csv" in files

    commands = ["check", "submit", "check", "check"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "node.cli", "--config", home.config, command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    ended = [(process.communicate(timeout=PATIENCE_SECONDS)[1], process.returncode) for process in running]

    assert [code for _, code in ended] == [0, 75, 0, 0], ended  # the hub is away
    assert {name: (home.folder / name).read_bytes() for name in files} == files
    assert not list(home.folder.rglob(".kim-*"))
    assert [record.state.value for record in home.records()].count("spooled") == len(home.records()) > 0


def _written_by_a_check(home: NodeHome) -> dict[str, bytes]:
    before = set(home.folder.iterdir())
    assert home.run("check").exit_code == 0
    return {
        path.name: path.read_bytes() for path in {*home.folder.iterdir()} - before if path.suffix == ".csv"
    }
