"""The peer: tau-ARGUS (PyPI `pytauargus`), given the same sensitive cells, costs and zeros as ours.

*opt* (optimal) and *mod* (HiTaS, the usual choice for hierarchies) run as in an office: its own command line
and a batch with a table, its hierarchies and the status of each cell. *mods* is mod with all that it offers
against cells of a single person. *jj* hands the optimal method the relations of linked tables as one system.
*jj1* tells it what everybody knows, that a withheld count is at least 1, in the only place where it can be
told.

What it is asked for stands in its protection levels. A sensitive count must possibly be larger by 1 and
smaller by 1 (jj1: larger by 1, for a count of 1 cannot be smaller); a sensitive amount by what the rules
demand. Each run has a folder of its own, because it reads what an earlier run left behind there.

It deliberately judges no result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.tables import Hierarchy
from tests.bench.own_process import Run, run_apart
from tests.factories.sdc_tables import Measured, MeasuredAmounts

NAME: Final = f"tau-ARGUS {version('pytauargus')}"


class Method(StrEnum):
    """How it is asked to protect."""

    OPT = "opt"
    MOD = "mod"
    MODS = "mods"
    JJ = "jj"
    JJ1 = "jj1"


_COMMANDS: Final = {
    Method.OPT: "OPT(1,{minutes})",
    Method.MOD: "MOD(1,{minutes},0,0,0)",
    Method.MODS: "MOD(1,{minutes},1,1,1)",
}
_WITHHELD: Final = {"U", "M"}
_JJ: Final = Path(__file__).with_name("tau_argus_jj.py")
_STATED_COLUMNS: Final = (
    "amount", " <NUMERIC>", "n", " <FREQUENCY>", "price", " <NUMERIC> <COST>",
    "state", " <STATUS>", "lpl", " <NUMERIC> <LOWERPL>", "upl", " <NUMERIC> <UPPERPL>",
)  # fmt: skip
_RULED_COLUMNS: Final = (
    "amount", " <NUMERIC>", "n", " <FREQUENCY>", "top1", " <MAXSCORE>", "top2", " <MAXSCORE>"
)  # fmt: skip


def protect(
    table: Measured, method: Method, cost: str, *, folder: Path, seconds: float
) -> tuple[Run, BoolArray | None]:
    """Let it protect a table, measured in a process of its own.

    Args:
        table: what is to be protected.
        method: how.
        cost: ``unit`` or ``value``.
        folder: an empty one.
        seconds: after which it is stopped; half of that is the limit that it is told, in whole minutes.

    Returns:
        The run, and which cells it withholds (the sensitive ones among them); None if it did not end well.
    """
    minutes = max(1, round(seconds / 120))
    if method in _COMMANDS:
        command = _COMMANDS[method].format(minutes=minutes)
        _write_batch(table, folder, _stated(table, cost), _STATED_COLUMNS, cost="price", suppress=command)
        run = _run_batch(folder, seconds)
        return run, None if run.ended else _marked(table, folder, _WITHHELD)
    _write_system(table, method, cost, folder / "IN.JJ")
    script = [sys.executable, str(_JJ), "IN.JJ", "OUT.JJ", str(minutes)]
    run = run_apart(script, folder=folder, seconds=seconds)
    return run, None if run.ended else _chosen(table, folder / "OUT.JJ")


def sensitive_by_its_rules(table: MeasuredAmounts, rules: str, *, folder: Path) -> BoolArray:
    """Return which cells it finds sensitive itself, given rules such as ``P(10,1)|NK(2,85)``."""
    lines = (
        ";".join([*codes, str(value), str(len(shares)), *_largest_two([share.amount for share in shares])])
        for codes, value, shares in zip(_codes(table), table.values.tolist(), table.shares, strict=True)
        if value
    )
    _write_batch(table, folder, lines, _RULED_COLUMNS, rules=rules)
    run = _run_batch(folder, 60)
    if run.ended:
        raise RuntimeError(f"the peer did not evaluate its rules: {run.ended}")
    return _marked(table, folder, {"U"})


# ---------------------------------------------------------------------------- as a batch of an office


def _run_batch(folder: Path, seconds: float) -> Run:
    program = str(Path(sys.executable).with_name("tauargus"))
    return run_apart([program, "run", "batch.arb"], folder=folder, seconds=seconds)


def _write_batch(
    table: Measured,
    folder: Path,
    lines: Iterator[str],
    columns: Sequence[str],
    *,
    rules: str = "",
    cost: str = "",
    suppress: str | None = None,
) -> None:
    hierarchies = table.tables.hierarchies
    about = ['<SEPARATOR> ";"', "<SAFE> S", "<UNSAFE> U", "<PROTECT> P"]
    for hierarchy in hierarchies:
        about += [hierarchy.dimension, " <RECODABLE>", f' <TOTCODE> "{_top(hierarchy)}"']
        if len(hierarchy.parts) > 1:
            _write_lines(folder / f"{hierarchy.dimension}.hrc", _indented(hierarchy))
            about += [" <HIERARCHICAL>", ' <HIERLEADSTRING> "@"']
            about += [f' <HIERCODELIST> "{hierarchy.dimension}.hrc"']
    _write_lines(folder / "table.rda", [*about, *columns])
    _write_lines(folder / "table.tab", lines)
    dimensions = "".join(f'"{hierarchy.dimension}"' for hierarchy in hierarchies)
    batch = [
        '<OPENTABLEDATA> "table.tab"',
        '<OPENMETADATA> "table.rda"',
        f'<SPECIFYTABLE> {dimensions}|"amount"||"{cost}"'
        if cost
        else f'<SPECIFYTABLE> {dimensions}|"amount"',
        f"<SAFETYRULE> {rules}",
        "<READTABLE> 0",
        *([f"<SUPPRESS> {suppress}"] if suppress else []),
        '<WRITETABLE> (1,5,SO+,"out.tab")',
    ]
    _write_lines(folder / "batch.arb", batch)


def _stated(table: Measured, cost: str) -> Iterator[str]:
    """Yield the line of each cell that is not zero, with its status, cost and protection levels.

    Counts name a single contributor each, which is what makes *mods* most careful (and how the recorded runs
    were made); amounts their true number, with which it withholds less than was recorded.
    """
    persons = (
        [len(shares) for shares in table.shares]
        if isinstance(table, MeasuredAmounts)
        else [1] * len(table.values)
    )
    for codes, value, behind, price, state in zip(
        _codes(table), table.values.tolist(), persons, _prices(table, cost), _states(table), strict=True
    ):
        if value:
            yield ";".join([*codes, str(value), str(behind), str(price), *(str(part) for part in state)])


def _marked(table: Measured, folder: Path, marks: set[str]) -> BoolArray:
    size, found = len(table.tables.hierarchies), {}
    for line in (folder / "out.tab").read_text().splitlines():
        fields = [field.strip().strip('"') for field in line.split(";")]
        found[tuple(fields[:size])] = fields[-3]
    return np.array([found[tuple(codes)] in marks for codes in _codes(table)], dtype=np.bool_)


# --------------------------------------------------------------------------- as one system of relations


def _write_system(table: Measured, method: Method, cost: str, path: Path) -> None:
    system = table.tables.system
    largest = 2 * int(table.values.max())
    lines = ["0", str(system.cells)]
    for cell, (value, price, (state, down, up)) in enumerate(
        zip(table.values.tolist(), _prices(table, cost), _states(table), strict=True)
    ):
        limits = f"1 {largest} 0 {up} 0" if method is Method.JJ1 else f"0 {largest} {down} {up} 0"
        known = limits if value else "0 0 0 0 0"
        lines.append(f"{cell} {value} {price} {state.lower() if value else 'z'} {known}")
    lines.append(str(system.rows))
    for row in range(system.rows):
        entries = system.entries(row)
        pairs = zip(system.columns[entries].tolist(), system.coefficients[entries].tolist(), strict=True)
        terms = " ".join(f"{cell} ({coefficient})" for cell, coefficient in pairs)
        lines.append(f"0 {entries.stop - entries.start} : {terms}")
    _write_lines(path, lines)


def _chosen(table: Measured, path: Path) -> BoolArray:
    withheld = table.sensitive.copy()
    withheld[[int(line.split()[0]) for line in path.read_text().splitlines() if line.strip()]] = True
    return withheld


# -------------------------------------------------------------------------------------- what it is told


def _states(table: Measured) -> Iterator[tuple[str, int, int]]:
    """Yield the status of each cell, and how far it must be uncertain downward and upward."""
    distances = table.distance if isinstance(table, MeasuredAmounts) else table.sensitive.astype(np.int64)
    for sensitive, distance, value in zip(
        table.sensitive.tolist(), distances.tolist(), table.values.tolist(), strict=True
    ):
        yield ("U" if sensitive else "S"), min(distance, value), distance


def _prices(table: Measured, cost: str) -> list[int]:
    prices: list[int] = table.costs(cost).astype(np.int64).tolist()
    return prices


def _codes(table: Measured) -> Iterator[list[str]]:
    hierarchies = table.tables.hierarchies
    for codes in table.tables.cells.tolist():
        yield [hierarchy.codes[code] for hierarchy, code in zip(hierarchies, codes, strict=True)]


def _largest_two(amounts: Sequence[int]) -> list[str]:
    return [str(amount) for amount in [*amounts, 0, 0][:2]]


def _top(hierarchy: Hierarchy) -> str:
    return hierarchy.codes[hierarchy.tops[0]]


def _indented(hierarchy: Hierarchy) -> Iterator[str]:
    """Yield the codes below the total, one @ per level."""
    for position, code in enumerate(hierarchy.codes):
        depth = len(hierarchy.above(position)) - 2
        if depth >= 0:
            yield "@" * depth + code


def _write_lines(path: Path, lines: Sequence[str] | Iterator[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
