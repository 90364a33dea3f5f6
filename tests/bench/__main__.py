"""``make bench``: every measurement, one after the other; names on the command line choose some.

What follows a name and begins with a dash is for that measurement: ``protection --tables b_region --seed 7``.
"""

from __future__ import annotations

import importlib
import sys

MEASUREMENTS = (
    "reading",
    "tabulation",
    "disclosure",
    "levels",
    "coverage",
    "intake",
    "verification",
    "log",
    "demo",
    "protection",
)


def main(arguments: list[str]) -> int:
    """Run the measurements named, or all of them."""
    names = arguments or list(MEASUREMENTS)
    options: list[str] = []
    if any(argument.startswith("-") for argument in arguments):
        first = next(place for place, argument in enumerate(arguments) if argument.startswith("-"))
        names, options = arguments[:first], arguments[first:]
    for name in names:
        print(f"== {name}", flush=True)
        module = importlib.import_module(f"tests.bench.{name}")
        for line in module.run(options) if options and name == names[-1] else module.run():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
