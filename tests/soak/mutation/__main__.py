"""The command: see the package."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import tests.soak.mutation as package
from hub.demo.course.processes import EndedError, ending_in_order
from tests.soak.mutation.changes import ROOT, mutants_of
from tests.soak.mutation.ending import folder_of_a_run, succeeds_apart
from tests.soak.mutation.judging import LEFT, run
from tests.soak.mutation.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.mutation",
        description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--again", action="store_true", help="only what was not killed in the last run")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no further mutant after these")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of processor time that the tests of one mutant may take"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the sample that a short run tries")
    parser.add_argument(
        "--records", type=Path, default=ROOT / "mutants", help="where what became of each mutant is kept"
    )
    chosen = parser.parse_args()
    try:
        with ending_in_order(), folder_of_a_run() as folder:
            return 0 if _all_good(chosen, folder) else 1
    except EndedError as ended:
        return ended.exit_code


def _all_good(chosen: argparse.Namespace, folder: Path) -> bool:
    until = time.monotonic() + 60 * chosen.minutes
    names = chosen.target or list(TARGETS)
    sizes = {name: sum(len(mutants_of(path)) for path in TARGETS[name].paths()) for name in names}
    good = True
    for number, name in enumerate(names):
        begun = time.monotonic()
        # Each has its share of what is left.
        share = sizes[name] / max(1, sum(sizes[later] for later in names[number:]))
        options = {
            "again": chosen.again,
            "seconds": chosen.seconds,
            "until": begun + share * (until - begun),
            "seed": chosen.seed,
            "folder": folder / str(number),
            "records": chosen.records,
        }

        def work(name: str = name, begun: float = begun, options: dict[str, Any] = options) -> bool:
            found = run(name, TARGETS[name], **options)
            print(json.dumps({**found, "seconds": round(time.monotonic() - begun)}))
            left = TARGETS[name].is_reviewed and any(found.get(fate) for fate in LEFT)
            return not (found["failed_without_a_change"] or found["listed_but_gone"] or left)

        # In a process of its own: what the tests of the target before have left behind would be asked too.
        good &= succeeds_apart(work)
    return good


if __name__ == "__main__":
    sys.exit(main())
