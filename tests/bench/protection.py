"""Disclosure control beside the peers: the same tables, the same sensitive cells, the same attackers.

    make bench BENCH_ARGS="protection"                                 everything but c_big: an hour
    make bench BENCH_ARGS="protection --tables b_region --seed 7"      one table, and no drawn ones
    make bench BENCH_ARGS="protection --tables linked/7 cube/12"       drawn tables by their names
    make bench BENCH_ARGS="protection --tables b2_medium --ours"       without running tau-ARGUS again
    make bench BENCH_ARGS="protection --markdown table.md"             the goals as a table for the documents

tau-ARGUS runs beside ours; the R programs stand as they were recorded. Every pattern, whoever made it, is
then attacked in the same way by our audit, and a sample of its cells by a plain attack that shares nothing
with it. Each run has a process of its own; its time and memory are those of the whole process.

Ours improves its pattern for a number of seconds of processor time; how far it gets in them depends on the
machine, and that the result is safe does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from aggregation.sdc.audit.reach import within_reach
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import BoolArray
from tests.bench import disclosure, tau_argus
from tests.bench.goals import as_markdown
from tests.bench.one_pattern import measured
from tests.bench.own_process import Run, run_apart
from tests.bench.protection_goals import goals_reached
from tests.bench.protection_results import HEADING, LEGEND, Result
from tests.bench.recorded_peers import as_recorded, best_safe, recorded
from tests.bench.tau_argus import Method
from tests.factories.sdc_tables import AMOUNTS, SHAPES, Measured, MeasuredAmounts, MeasuredTable

_ROOT: Final = Path(__file__).parents[2]
_SMALL: Final = ("a1_6x8", "a2_6x8", "a3_6x8", "a3d1", "a3d2")
_SHARED: Final = (*_SMALL, "b_region", "d_linked", *AMOUNTS, "b2_medium")
_PEER_SECONDS: Final = 150
_PEER_SECONDS_DRAWN: Final = 30
_ATTACK_SECONDS: Final = 900
_LARGEST_REACH: Final = 4_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What ours is asked for: a cost, a level, and for how long it improves."""

    cost: str
    level: str
    seconds: float


def asks(name: str) -> Iterator[Ask]:
    """Yield what ours is asked for on a table; with its last round it stays within the goal's seconds."""
    seconds = {"b_region": 9.5, "d_linked": 19, "b2_medium": 114, "c_big": 1140}.get(name, 0.9)
    if _is_drawn(name):
        seconds = 5
    yield from (Ask(cost, "S1", seconds) for cost in ("unit", "value"))
    if name == "b_region":
        yield Ask("unit", "S1", 57)
    if name in {"b2_medium", "c_big"}:
        return
    for level in ("S2",) if name in AMOUNTS else ("S2", "S3"):
        yield from (
            Ask(cost, level, seconds) for cost in (("value",) if _is_drawn(name) else ("unit", "value"))
        )


def peer_runs(name: str, table: Measured) -> Iterator[tuple[Method, str]]:
    """Yield how tau-ARGUS is asked: by its tables, or as one system where tables are linked."""
    if name == "c_big":
        return
    if name == "b2_medium":
        yield from ((Method.OPT, "value"), (Method.MOD, "value"))
        return
    linked = len(table.tables.tables) > 1
    methods = [Method.JJ] if linked else [Method.OPT, Method.MOD, Method.MODS]
    if not isinstance(table, MeasuredAmounts):
        methods.append(Method.JJ1)
    costs = ("value",) if _is_drawn(name) else ("unit", "value")
    yield from ((method, cost) for method in methods for cost in costs)


def _is_drawn(name: str) -> bool:
    return "/" in name


def run(options: Sequence[str] = ()) -> Iterator[str]:
    """Protect and attack every table."""
    chosen = _parsed(options)
    yield from _introduction(chosen)
    results: list[Result] = []
    for name in chosen.tables:
        table = measured(name)
        yield from _about(table)
        yield HEADING
        for each in recorded():
            if each.table == name and (chosen.ours or each.program != "tau-ARGUS"):
                yield str(Result.of_recorded(each))
        for result in _measurements(name, table, chosen):
            results.append(result)
            yield str(result)
        yield from _in_words(name, [result for result in results if result.table == name])
    yield ""
    yield from _checks(results)
    yield ""
    reached = goals_reached(results)
    if chosen.everything:
        reached += disclosure.goals_reached()
    yield from (str(goal) for goal in reached)
    if chosen.markdown:
        chosen.markdown.write_text(as_markdown(reached), encoding="utf-8")


def _parsed(options: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="protection", description="Disclosure control beside the peers.")
    parser.add_argument("--tables", nargs="+", help="shared ones, or drawn ones as shape/seed")
    parser.add_argument("--seed", type=int, help="of the drawn tables; today's date if omitted")
    parser.add_argument("--seconds", type=float, default=_PEER_SECONDS, help="processor time a peer may take")
    parser.add_argument(
        "--ours", action="store_true", help="leave tau-ARGUS out; recorded runs still stand there"
    )
    parser.add_argument("--levels", nargs="+", default=["S1", "S2", "S3"], help="of ours; all if omitted")
    parser.add_argument("--markdown", type=Path, help="where the goals are written as a table")
    chosen = parser.parse_args(options)
    if chosen.seed is None:
        chosen.seed = int(datetime.now(tz=UTC).strftime("%Y%m%d"))
    chosen.everything = chosen.tables is None
    if chosen.everything:
        chosen.tables = [*_SHARED, *(f"{shape}/{chosen.seed}" for shape in SHAPES)]
    return chosen


def _introduction(chosen: argparse.Namespace) -> Iterator[str]:
    yield f"{tau_argus.NAME} beside ours; R programs as recorded. A peer may take {chosen.seconds:g} s."
    drawn = [name for name in chosen.tables if _is_drawn(name)]
    if drawn:
        yield f"Freshly drawn (repeat with --tables {' '.join(drawn)})."
    yield from LEGEND


def _about(table: Measured) -> Iterator[str]:
    zeros = int((table.values == 0).sum())
    linked = f" in {len(table.tables.tables)} linked tables" if len(table.tables.tables) > 1 else ""
    rules = f", by {table.rules}" if isinstance(table, MeasuredAmounts) else ""
    yield ""
    yield (
        f"-- {table.name}: {len(table.values):,} cells{linked}, {zeros:,} zeros, "
        f"{int(table.sensitive.sum()):,} sensitive{rules}"
    )
    if isinstance(table, MeasuredTable) and len(table.values) <= _LARGEST_REACH:
        task = table.task("unit", Level.S3)
        reach = within_reach(task.publication, task.views[0].demands, optional=task.optional)
        if beyond := int(reach.beyond.any(axis=0).sum()):
            yield f"   {beyond} of them cannot reach S3 in any pattern"
    if isinstance(table, MeasuredAmounts):
        given = "P(10,1)|NK(2,85)" if "dominance" in table.rules else "P(10,1)"
        with tempfile.TemporaryDirectory() as folder:
            theirs = tau_argus.sensitive_by_its_rules(table, given, folder=Path(folder))
        yield f"   tau-ARGUS by itself, given {given}: {int(theirs.sum())} sensitive, {_alike(theirs, table)}"


def _alike(theirs: BoolArray, table: Measured) -> str:
    return "the same ones" if np.array_equal(theirs, table.sensitive) else "OTHERS"


# --------------------------------------------------------------------------------------------- measuring


def _measurements(name: str, table: Measured, chosen: argparse.Namespace) -> Iterator[Result]:
    for method, cost in () if chosen.ours else peer_runs(name, table):
        with tempfile.TemporaryDirectory() as folder:
            apart, withheld = tau_argus.protect(
                table, method, cost, folder=Path(folder), seconds=_limit(name, chosen.seconds)
            )
            yield _judged(table, "tau-ARGUS", method.value, cost, apart, withheld, {}, Path(folder))
    for ask in (ask for ask in asks(name) if ask.level in chosen.levels):
        with tempfile.TemporaryDirectory() as folder:
            yield _ours(table, ask, Path(folder))


def _limit(name: str, seconds: float) -> float:
    return min(seconds, _PEER_SECONDS_DRAWN) if _is_drawn(name) else seconds


def _ours(table: Measured, ask: Ask, folder: Path) -> Result:
    out = folder / "withheld.npy"
    command = ["protect", table.name, ask.cost, ask.level, str(ask.seconds), str(out)]
    apart = _one_pattern(command, folder, 4 * ask.seconds + 300)
    withheld = None if apart.ended else np.load(out)
    stated = {} if apart.ended else json.loads(apart.output)
    return _judged(
        table, "ours", f"{ask.level}, {ask.seconds:g} s", ask.cost, apart, withheld, stated, folder
    )


def _judged(
    table: Measured,
    program: str,
    method: str,
    cost: str,
    apart: Run,
    withheld: BoolArray | None,
    stated: dict[str, object],
    folder: Path,
) -> Result:
    """Attack a pattern, in a process of its own too, and put together what is known about it."""
    common: dict[str, Any] = {
        "table": table.name,
        "program": program,
        "method": method,
        "cost": cost,
        "processor_seconds": apart.processor_seconds,
        "wall_seconds": apart.wall_seconds,
        "peak_mb": apart.peak_mb,
    }
    if withheld is None:
        return Result(**common, ended=apart.ended)
    np.save(folder / "attacked.npy", withheld)
    attack = _one_pattern(["attack", table.name, str(folder / "attacked.npy")], folder, _ATTACK_SECONDS)
    secondary = withheld & ~table.sensitive
    return Result(
        **common,
        withheld=int(secondary.sum()),
        value=int(table.values[secondary].sum()),
        stated=stated,
        found=json.loads(attack.output) if not attack.ended else {"ended": attack.ended},
    )


def _one_pattern(arguments: Sequence[str], folder: Path, seconds: float) -> Run:
    command = [sys.executable, "-m", "tests.bench.one_pattern", *arguments]
    return run_apart(command, folder=folder, seconds=seconds, where=_ROOT)


# ----------------------------------------------------------------------------------------- what came out


def _in_words(name: str, results: Sequence[Result]) -> Iterator[str]:
    """Yield how ours compares with the best that any peer reached safely, recorded or in this run."""
    for cost, unit in (("unit", "cells"), ("value", "euros" if name in AMOUNTS else "persons")):
        safe = [each for each in results if each.safe]
        outside = [each for each in results if each.level == "S1" and each.cost == cost]
        if not outside:
            continue
        ours = min((each.price(cost) for each in outside if each.safe), default=None)
        then = best_safe(name, cost)
        # Whatever a peer was asked for: its patterns count in either measure.
        theirs = [
            (each.price(cost), f"{each.program} {each.method}-{each.cost}")
            for each in safe
            if each.program != "ours"
        ]
        if then:
            theirs.append((then.withheld if cost == "unit" else then.value, f"{then.program} {then.variant}"))
        if ours is None:
            yield f"   by {unit}: NO SAFE RESULT OF OURS"
        elif theirs:
            price, who = min(theirs)
            verdict = "beaten" if ours < price else "met" if ours == price else "NOT MET"
            yield f"   by {unit}: ours {ours:,}, best safe peer {price:,} ({who}): {verdict}"
        else:
            yield f"   by {unit}: ours {ours:,}; no peer's result is safe"


def _checks(results: Sequence[Result]) -> Iterator[str]:
    """Yield whether the comparison itself can be believed."""
    looked = sum(each.number("plain") for each in results)
    against = sum(each.number("contradictions") for each in results)
    yield f"plain attack on {looked:,} cells of {len(results)} patterns: {against} contradict our audit"
    same = [
        (each, each.withheld == then)
        for each in results
        if each.program == "tau-ARGUS"
        and not each.ended
        and (then := as_recorded(each.table, each.method, each.cost)) is not None
    ]
    if same:
        other = [f"{each.table} {each.method}-{each.cost}" for each, alike in same if not alike]
        alike = len(same) - len(other)
        yield f"tau-ARGUS withholds as many cells as was recorded in {alike} of {len(same)} runs"
        yield from (f"  not in {name}" for name in other)
    undecided = [each for each in results if each.number("undecided") or "ended" in each.found]
    yield f"patterns for which the audit has an open question: {len(undecided)}"
