"""Folders as a statistician has them: a table, its hierarchies and its description."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from aggregation.protect.cli import main

COMMAND = Path(sys.executable).parent / "kim-protect"

SEX = "parent,child\nTotal,f\nTotal,m\n"
REGION = "parent,child\nLand,Nord\nLand,Süd\nNord,N1\nNord,N2\nSüd,S1\nSüd,S2\n"
STRUCTURE = """\
dimensions: {region: region.csv, sex: sex.csv}
tables: [[region, sex]]
value: freq
kind: frequency
rules: {min_contributors: 5, zero_publishable: true}
cost: unit
"""
LEAVES = """\
region,sex,freq
N1,f,2
N1,m,40
N2,f,31
N2,m,28
S1,f,50
S1,m,3
S2,f,24
S2,m,60
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object on standard output, which holds nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Office:
    """A folder with files in it."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, **files: str) -> Office:
        """Set up a small table of eight leaves; files replace or add by name, a dot written as two lines."""
        office = cls(folder)
        usual = {"region.csv": REGION, "sex.csv": SEX, "structure.yaml": STRUCTURE, "cells.csv": LEAVES}
        for name, text in {**usual, **{key.replace("__", "."): text for key, text in files.items()}}.items():
            office.write(name, text)
        return office

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return (self.folder / name).read_text(encoding="utf-8")

    def rows(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a comma-separated file."""
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> Done:
        """Run the command in the folder, as a process of its own."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KIM_")}
        done = subprocess.run(
            [str(COMMAND), *words],
            cwd=self.folder,
            env={**inherited, **(environment or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def suppress(
        self, *words: str, cells: str = "cells.csv", environment: Mapping[str, str] | None = None
    ) -> Done:
        """Protect the table."""
        files = ("suppress", cells, "--structure", "structure.yaml", "--out", "out.csv")
        return self.run(*files, *words, environment=environment)

    def audit(self, *words: str, out: str = "out.csv") -> Done:
        """Audit what is published of it."""
        return self.run("audit", out, "--structure", "structure.yaml", *words)


class OfficeInside(Office):
    """The same without a process for each command, which takes half a second to start."""

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> Done:
        """Run the command in the folder, in this process."""
        unset = dict.fromkeys(name for name in os.environ if name.startswith("KIM_"))
        with contextlib.chdir(self.folder):
            done = CliRunner(env={**unset, **(environment or {})}).invoke(main, words)
        return Done(done.exit_code, done.stdout, done.stderr)
