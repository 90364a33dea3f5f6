"""``make bench``: every measurement, one after the other; names on the command line choose some."""

from __future__ import annotations

import importlib
import sys

MEASUREMENTS = ("reading", "tabulation", "disclosure", "intake", "demo")


def main(names: list[str]) -> int:
    """Run the measurements named, or all of them."""
    for name in names or MEASUREMENTS:
        print(f"== {name}", flush=True)
        for line in importlib.import_module(f"tests.bench.{name}").run():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
