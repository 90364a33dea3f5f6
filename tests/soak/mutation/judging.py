"""What becomes of the mutants of one target, and what is known of them from the last run."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.factories import patience
from tests.soak.mutation.changes import Mutant, mutants_of
from tests.soak.mutation.targets import Target
from tests.soak.mutation.trial import Fate, Trial

#: What somebody has to look at.
LEFT = (Fate.SURVIVED, Fate.NOT_REACHED, Fate.NOT_APPLIED)
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


def equivalents() -> dict[tuple[str, str], str]:
    """Return the reasons of the changes that change nothing, by module and key."""
    listed = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    return {(entry["module"], change): entry["reason"] for entry in listed for change in entry["changes"]}


def run(
    name: str,
    target: Target,
    *,
    again: bool,
    seconds: float,
    until: float,
    seed: int,
    folder: Path,
    records: Path,
) -> dict[str, Any]:
    """Try the mutants of a target.

    Args:
        name: of the target.
        target: what is changed, and who is asked.
        again: leave out what was killed in the last run.
        seconds: of processor time that the tests of one mutant may take.
        until: the reading of `time.monotonic` at which no further mutant is begun.
        seed: of the order in which they are tried: what a short run reaches is a sample of the whole.
        folder: is made, for the files of the tests; whoever calls removes it.
        records: a folder in which stands what became of each mutant in the last run, and then in this one.

    Returns:
        What is printed: how many mutants there are and what became of them, by module, and the survivors.
    """
    mutants = [mutant for path in target.paths() for mutant in mutants_of(path)]
    reasons = equivalents()
    record = records / f"{name}.json"
    known: dict[str, str] = json.loads(record.read_text()) if again and record.exists() else {}
    todo = [
        mutant
        for mutant in mutants
        if (mutant.path, mutant.key) not in reasons and known.get(_label(mutant)) != Fate.KILLED
    ]
    random.Random(seed).shuffle(todo)
    todo.sort(key=lambda mutant: known.get(_label(mutant)) not in LEFT)  # first what somebody had to look at
    known = {_label(mutant): known.get(_label(mutant), "") for mutant in mutants}

    def keep() -> None:
        records.mkdir(exist_ok=True)
        written = record.with_suffix(".new")  # the run may be ended at any moment
        written.write_text(json.dumps(known, indent=1, ensure_ascii=False))
        written.replace(record)

    def tell(mutant: Mutant, fate: Fate) -> None:
        known[_label(mutant)] = fate
        if len(trial.fates) % 20 == 0:
            keep()
        if fate in LEFT:
            print(f"{fate}: {_label(mutant)}", file=sys.stderr, flush=True)

    trial = Trial(todo, prepare=target.prepare, seconds=seconds, until=until, tell=tell)
    if todo and time.monotonic() < until:
        _ask(target, trial, folder)
    keep()
    modules: dict[str, Counter[str]] = {}
    for mutant in mutants:
        fate = "equivalent" if (mutant.path, mutant.key) in reasons else known[_label(mutant)] or "not tried"
        modules.setdefault(mutant.path, Counter())[fate] += 1
    everything = {(mutant.path, mutant.key) for mutant in mutants}
    return {
        "target": name,
        "mutants": len(mutants),
        **sum(modules.values(), Counter()),
        "failed_without_a_change": trial.failed,
        "listed_but_gone": [
            f"{path}: {key}" for path, key in reasons if (path, key) not in everything and path in modules
        ],
        "modules": {path: dict(counts) for path, counts in modules.items()},
    }


def _label(mutant: Mutant) -> str:
    return f"{mutant.path}: {mutant.key}"


def _ask(target: Target, trial: Trial, folder: Path) -> None:
    os.environ["CI"] = "true"  # the same examples for each mutant
    for_files = folder / "files"
    for_files.mkdir(parents=True)
    tempfile.tempdir = os.environ["TMPDIR"] = str(for_files)  # what a test that is broken off leaves behind
    options = ["-q", "-s", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["--no-header", "--no-summary", f"--basetemp={folder}/base"]
    options += ["-k", f"not {target.without}"]
    pytest.main([*options, *target.tests], plugins=[_Quickly(), trial])


class _Quickly:
    """Hypothesis looks for one counter-example, not for the smallest, and remembers nothing.

    What never happens is waited for some seconds only: more than a hub that works needs, on a loaded machine.
    """

    def pytest_collection_finish(self) -> None:
        patience.PATIENCE_SECONDS = 20.0  # type: ignore[misc]
        settings.register_profile(
            "mutants",
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
        )
        settings.load_profile("mutants")
