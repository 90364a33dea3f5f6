"""`make soak`: what takes hours, bounded by `--minutes`; prints one line of JSON for each part and a verdict.

    make soak                                   everything, an hour
    make soak SOAK_ARGS="--minutes 10"          everything, ten minutes
    make soak SOAK_ARGS="--only model"          one part: arrow, model, chaos, mutation

Every part has its share of the time and says how far it came. What fails names the seed with which it fails
again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.demo.course.processes import EndedError, ending_in_order
from tests.soak import arrow_streams, chaos

ROOT = Path(__file__).parents[2]
#: So much at a time: parts whose share is short do not run far beyond it.
MUTANTS, EXAMPLES = 2_000, 10


def arrow(seconds: float, seed: int) -> dict[str, Any]:
    """Mutants of Arrow streams, some thousand at a time with a new seed."""
    total = arrow_streams.Findings()
    until = time.monotonic() + seconds
    while time.monotonic() < until and not (total.deaths or total.faults):
        found = arrow_streams.fuzz(seed, MUTANTS)
        seed += 1
        total.mutants += found.mutants
        total.reached_arrow += found.reached_arrow
        total.outcomes += found.outcomes
        total.deaths += found.deaths
        total.faults += found.faults
        total.slowest_seconds = max(total.slowest_seconds, found.slowest_seconds)
    return {"ok": not (total.deaths or total.faults), "next_seed": seed, **total.document()}


def model(seconds: float, seed: int) -> dict[str, Any]:
    """The hub beside its model, with fresh examples each time."""
    until = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < until:
        command = [sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed + rounds}"]
        chosen = {**os.environ, "KIM_MODEL_EXAMPLES": str(EXAMPLES), "KIM_MODEL_STEPS": "60"}
        chosen.pop("CI", None)
        done = subprocess.run(
            [*command, "tests/integration/test_hub_model.py"],
            cwd=ROOT,
            env=chosen,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            return {"ok": False, "seed": seed + rounds, "output": done.stdout[-4000:]}
        rounds += 1
    return {"ok": True, "examples": EXAMPLES * rounds, "steps_of_each_at_most": 60}


def mutation(seconds: float, seed: int) -> dict[str, Any]:
    """Change the modules that hold a boundary and see whether a test notices (`tests/soak/mutation`)."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.mutation", "--minutes", str(seconds / 60), "--seed", str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            output, errors = run.communicate()
        except BaseException:
            run.terminate()  # not killed: it ends what it has started
            raise
    targets = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {"ok": run.returncode == 0, "targets": targets, "output": errors[-20_000:]}


PARTS: dict[str, tuple[float, Callable[[float, int], dict[str, Any]]]] = {
    "arrow": (0.15, arrow),
    "model": (0.25, model),
    "chaos": (0.15, chaos.run),
    "mutation": (0.45, mutation),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="make soak"
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    try:
        with ending_in_order():
            failed = _failing(chosen)
    except EndedError as ended:
        return ended.exit_code
    print(json.dumps({"failed": failed}))
    return 1 if failed else 0


def _failing(chosen: argparse.Namespace) -> list[str]:
    names = chosen.only or list(PARTS)
    whole = sum(PARTS[name][0] for name in names)
    failed = []
    for name in names:
        share, part = PARTS[name]
        begun = time.monotonic()
        try:
            found = part(chosen.minutes * 60 * share / whole, chosen.seed)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 -- the other parts are to run all the same
            found = {"ok": False, "seed": chosen.seed, "output": traceback.format_exc()[-4000:]}
        print(json.dumps({"part": name, "seconds": round(time.monotonic() - begun), **found}), flush=True)
        if not found["ok"]:
            failed.append(name)
    return failed


if __name__ == "__main__":
    sys.exit(main())
