"""Run the tests that reach a change, each change in a fork of a process that has collected them once.

A plugin of pytest: where the tests would be run, it runs them once under coverage, which says which test
reaches which line, and then, for each mutant, those that reach it, up to the first that fails: before the
others those that alone reach a line beside it, as the branch that a condition leads to, then the quick ones.
Nothing is run in the first process but what a target prepares, so each fork starts from the same state.

A test reaches a line when its body does; a line reached while a fixture is prepared is taken as reached by
all tests of that file, since they may share it. A constant is reached by whatever names it, or reaches a
line that does.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import mmap
import os
import pickle
import re
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import _lru_cache_wrapper
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

import coverage
import pytest

from tests.soak.mutation.changes import ROOT, Mutant
from tests.soak.mutation.ending import die_with

_PACKAGES: Final = ("protocol", "hub", "node", "aggregation", "tests")
_MEMORY_BYTES: Final = 6 * 2**30
_AROUND: Final = 5


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    NOT_REACHED = "not reached"
    NO_PROGRAM = "no program"
    NOT_APPLIED = "not applied"


_FATES: Final = {0: Fate.SURVIVED, 2: Fate.NO_PROGRAM, 3: Fate.NOT_APPLIED}


class _NotAppliedError(Exception):
    """The running program has no such function, or not with the same surroundings."""


@dataclass(slots=True)
class _Reach:
    """What the tests do without a change.

    Attributes:
        lines: of each file, which tests reach which line.
        texts: of each file that tests reach, as it was then.
        seconds: of processor time that each test takes.
        failed: tests that fail without a change.
    """

    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


class Trial:
    """The plugin.

    Attributes:
        fates: of each mutant that was tried, in their order.
        failed: tests that fail without a change; then nothing was tried.
    """

    def __init__(
        self,
        mutants: list[Mutant],
        *,
        prepare: Callable[[], object] | None,
        seconds: float,
        until: float,
        tell: Callable[[Mutant, Fate], None],
    ) -> None:
        """Prepare.

        Args:
            mutants: what to try.
            prepare: called once, before the tests are: each mutant finds in memory what it has made.
            seconds: of processor time for one mutant; tests beyond are left out where others reach it too.
            until: the reading of `time.monotonic` at which no further mutant is begun.
            tell: called with each result.
        """
        self.fates: dict[tuple[str, str], Fate] = {}
        self.failed: list[str] = []
        self._mutants = mutants
        self._prepare = prepare
        self._seconds = seconds
        self._until = until
        self._tell = tell
        self._stage: Callable[[pytest.TestReport], None] = lambda report: None
        # Written by a child: the number of the test that it is in. What killed the neighbour is asked first.
        self._current = mmap.mmap(-1, 8)
        self._killers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    # -------------------------------------------------------------------------------------- pytest

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._stage(report)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.failed = ["collection"]
            return True
        modules = {mutant.path: _module(mutant.path) for mutant in self._mutants}
        gc.collect()
        functions = _functions({module.__file__ or "" for module in modules.values()})
        caches = [found for found in gc.get_objects() if isinstance(found, _lru_cache_wrapper)]
        for cache in caches:
            if getattr(cache, "__module__", "").partition(".")[0] in _PACKAGES:
                cache.cache_clear()
        if self._prepare is not None:
            self._prepare()
        gc.freeze()
        items = {item.nodeid: item for item in session.items}
        reach = self._measured(list(items.values()))
        self.failed = reach.failed
        if self.failed:
            return True
        preparing = _preparing(reach)
        for mutant in self._mutants:
            if time.monotonic() >= self._until:
                break
            near = _near(mutant, reach)
            tests = sorted(
                _reaching(mutant, reach, items),
                key=lambda name: (near.get(name, len(items)), preparing[name] + reach.seconds[name]),
            )
            spent = accumulate(reach.seconds[name] for name in tests)
            tests = [name for name, sum_ in zip(tests, spent, strict=True) if sum_ <= self._seconds] or tests[
                :1
            ]
            killers = self._killers[mutant.path, mutant.function]
            tests.sort(key=lambda name: -killers[name])
            fate = Fate.NOT_REACHED
            if tests:
                chosen = [items[name] for name in tests]
                allowed = [1 + 4 * (preparing[name] + reach.seconds[name]) for name in tests]
                change = lambda mutant=mutant: _apply(mutant, modules[mutant.path], functions)  # noqa: E731
                fate = self._fate(chosen, change, allowed)
            if fate is Fate.KILLED:
                killers[tests[int.from_bytes(self._current[:8], "little")]] += 1
            self.fates[mutant.path, mutant.key] = fate
            self._tell(mutant, fate)
        return True

    # --------------------------------------------------------------------------------------- forks

    def _measured(self, items: list[pytest.Item]) -> _Reach:
        reading, writing = os.pipe()
        this = os.getpid()
        child = os.fork()
        if child == 0:
            die_with(this)
            os.close(reading)
            _silence()
            measured = self._under_coverage(items)
            with os.fdopen(writing, "wb") as out:
                pickle.dump(measured, out)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(child, 0)
        found: _Reach = pickle.loads(data)
        return found

    def _under_coverage(self, items: list[pytest.Item]) -> _Reach:
        reach = _Reach()
        files = [f"{ROOT}/{package}/*" for package in ("protocol", "hub")]
        measuring = coverage.Coverage(data_file=None, include=files, config_file=False)
        measuring.start()

        def note(report: pytest.TestReport) -> None:
            if report.when == "setup":
                measuring.switch_context(f"{report.nodeid}|call")
            if report.failed:
                reach.failed.append(report.nodeid)

        self._stage = note
        for item, following in zip(items, [*items[1:], None], strict=True):
            measuring.switch_context(f"{item.nodeid}|setup")
            begun = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            reach.seconds[item.nodeid] = time.process_time() - begun
        measuring.stop()
        data = measuring.get_data()
        by_file = defaultdict(set)
        for name in reach.seconds:
            by_file[name.partition("::")[0]].add(name)
        for file in data.measured_files():
            path = str(Path(file).relative_to(ROOT))
            reach.texts[path] = Path(file).read_text()
            lines = reach.lines.setdefault(path, {})
            for line, contexts in data.contexts_by_lineno(file).items():
                reached = lines.setdefault(line, set())
                for context in contexts:
                    name, _, stage = context.rpartition("|")
                    if stage == "call":
                        reached.add(name)
                    elif stage == "setup":
                        reached |= by_file[name.partition("::")[0]]
        return reach

    def _fate(self, items: list[pytest.Item], change: Callable[[], None], allowed: list[float]) -> Fate:
        """Whether the tests pass with the change, each within its seconds of processor time."""
        sys.stdout.flush()
        this = os.getpid()
        child = os.fork()
        if child == 0:
            die_with(this)
            _silence()
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES,) * 2)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            self._judge(items, change, allowed)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what a test that was broken off has started
        return _FATES.get(os.waitstatus_to_exitcode(status), Fate.KILLED)

    def _judge(self, items: list[pytest.Item], change: Callable[[], None], allowed: list[float]) -> None:
        def stop(report: pytest.TestReport) -> None:
            if report.failed:
                os._exit(1)

        self._stage = stop
        gc.disable()
        self._current[:8] = bytes(8)
        try:
            change()
            for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
                self._current[:8] = number.to_bytes(8, "little")
                # Their signals end the process: of its own time, and of waiting for what never comes.
                signal.setitimer(signal.ITIMER_PROF, allowed[number])
                signal.setitimer(signal.ITIMER_REAL, 30 * allowed[number])
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except SyntaxError:
            os._exit(2)
        except _NotAppliedError:
            os._exit(3)
        except BaseException:  # noqa: BLE001  (whatever a mutant breaks, it was noticed)
            os._exit(1)
        os._exit(0)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)


# ------------------------------------------------------------------------------------------- reach


def _preparing(reach: _Reach) -> dict[str, float]:
    """Return for each test what its file may need to prepare: what its first test takes beyond the median."""
    by_file: dict[str, list[float]] = defaultdict(list)
    for name, seconds in reach.seconds.items():
        by_file[name.partition("::")[0]].append(seconds)
    first = {file: times[0] - sorted(times)[len(times) // 2] for file, times in by_file.items()}
    return {name: max(0.0, first[name.partition("::")[0]]) for name in reach.seconds}


def _reaching(mutant: Mutant, reach: _Reach, items: dict[str, pytest.Item]) -> set[str]:
    if not mutant.constant:
        lines = reach.lines.get(mutant.path, {})
        return set().union(*(lines.get(line, ()) for line in mutant.lines))
    found: set[str] = set()
    for constant in _resting_on(mutant):
        found |= {name for name, item in items.items() if _names_itself(item, constant)}
        for path, lines in reach.lines.items():
            for number in _naming(reach.texts[path], constant):
                found |= lines.get(number, set())
    return found


def _near(mutant: Mutant, reach: _Reach) -> dict[str, int]:
    """Return for each test by how many the line is reached that fewest reach, of those around the change."""
    lines = reach.lines.get(mutant.path, {})
    found: dict[str, int] = {}
    for line in range(min(mutant.lines) - _AROUND, max(mutant.lines) + _AROUND + 1):
        tests = lines.get(line, set())
        for name in tests:
            found[name] = min(found.get(name, len(tests)), len(tests))
    return found


def _resting_on(mutant: Mutant) -> set[str]:
    """Return the constant and those constants of its module that are made of it."""
    found = {mutant.function}
    for part in ast.parse(mutant.source).body:
        bound = _assigned(part)
        if bound is not None and _names(bound.value) & found:
            found.add(bound.name)
    return found


def _names_itself(item: pytest.Item, constant: str) -> bool:
    code = item.function.__code__ if isinstance(item, pytest.Function) else None
    return code is not None and constant in code.co_names


def _naming(text: str, name: str) -> set[int]:
    """Return the lines that name a constant, and all lines of functions that have it as a default."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    if not word.search(text):
        return set()
    found = {number for number, row in enumerate(text.splitlines(), 1) if word.search(row)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and name in _names(*node.args.defaults, *node.args.kw_defaults):
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _names(*nodes: ast.AST | None) -> set[str]:
    return {part.id for node in nodes if node for part in ast.walk(node) if isinstance(part, ast.Name)}


# ----------------------------------------------------------------------------------------- changing


def _module(path: str) -> ModuleType:
    return importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def _functions(files: set[str]) -> dict[tuple[str, str, int], list[FunctionType]]:
    found: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename in files:
            code = function.__code__
            found[code.co_filename, code.co_qualname, code.co_firstlineno].append(function)
    return found


def _apply(mutant: Mutant, module: ModuleType, functions: dict[Any, list[FunctionType]]) -> None:
    """Let the running program be the mutant: new code in the old functions, or another value in each name."""
    file = module.__file__ or ""
    if mutant.constant:
        _rebind(mutant, module)
        for (where, _, _), own in functions.items():
            if where == file:
                for function in own:
                    _renew_defaults(function, mutant.source)
        return
    enclosed = {
        name
        for (where, qualname, _), found in functions.items()
        if (where, qualname) == (file, mutant.outermost)
        for function in found
        for name in function.__code__.co_freevars
    }
    program = compile(_enclosing(mutant, enclosed), file, "exec")
    codes = [code for code in _codes(program) if code.co_qualname == mutant.outermost]
    running = [(code, functions.get((file, code.co_qualname, code.co_firstlineno), [])) for code in codes]
    if not any(found for _, found in running):
        raise _NotAppliedError(mutant.key)
    for code, found in running:
        for function in found:
            if code.co_freevars != function.__code__.co_freevars:
                raise _NotAppliedError(mutant.key)
            function.__code__ = code
            _renew_defaults(function, mutant.source)


def _enclosing(mutant: Mutant, names: set[str]) -> ast.Module:
    """Return the module, its function still naming what it takes from around it (`super()` its class).

    Without one of them its code would not fit the function that is there.
    """
    tree = ast.parse(mutant.source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == mutant.outermost.rpartition(".")[2]:
            node.body += [ast.Expr(ast.Name(name, ast.Load())) for name in names]
    return ast.fix_missing_locations(tree)


def _codes(code: CodeType) -> list[CodeType]:
    """Functions of a module and of its classes."""
    found = []
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found += [inner, *_codes(inner)] if inner.co_flags & 0x02 == 0 else [inner]
    return found


def _renew_defaults(function: FunctionType, source: str) -> None:
    """Compute the default values of a function again, as the changed module would."""
    if not (function.__defaults__ or function.__kwdefaults__):
        return
    node = next(
        (
            node
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef)
            and node.name == function.__name__
            and min([node.lineno, *(part.lineno for part in node.decorator_list)])
            == function.__code__.co_firstlineno
        ),
        None,
    )
    if node is None:
        return  # made by a decorator, such as the methods of a dataclass

    def value(part: ast.expr) -> Any:
        return eval(compile(ast.Expression(part), "", "eval"), function.__globals__)

    if function.__defaults__:
        function.__defaults__ = tuple(value(part) for part in node.args.defaults)
    if function.__kwdefaults__:
        function.__kwdefaults__ = {
            argument.arg: value(part)
            for argument, part in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if part is not None
        }


def _rebind(mutant: Mutant, module: ModuleType) -> None:
    """Give a constant its new value, and what is made of it by the module's further constants."""
    changed: set[str] = set()
    for part in ast.parse(mutant.source).body:
        bound = _assigned(part)
        if bound is not None and (bound.name == mutant.function or _names(bound.value) & changed):
            name = bound.name
            changed.add(name)
            old = vars(module)[name]
            new = eval(compile(ast.Expression(bound.value), "", "eval"), vars(module))
            for other in list(sys.modules.values()):
                package = getattr(other, "__name__", "").partition(".")[0]
                if package in _PACKAGES and vars(other).get(name) is old:
                    setattr(other, name, new)


class _Bound(NamedTuple):
    """A name and the value that it is bound to."""

    name: str
    value: ast.expr


def _assigned(statement: ast.stmt) -> _Bound | None:
    """Return what a statement binds a name to, if it does nothing else."""
    target: ast.expr
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return None
    return _Bound(target.id, value) if isinstance(target, ast.Name) else None
