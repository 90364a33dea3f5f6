"""What can be changed in a module, one place at a time, and what is left alone by rule.

Changed: bodies of functions, decorated or not, default values of parameters, and constants of the module.

Left alone, because nothing can depend on it, or because it is told by the form of the code:

- docstrings, annotations, decorators, `__all__`, type variables, loggers, abstract methods, `__repr__`;
- wording: a text of several words; what stands in a call of `Text` or of a function with parameters `german`
  and `english`, in the arguments that label a command line or a remedy, in a line of the log, and the
  sentence of an error of Python's own (`ValueError`). A refusal's code, pointer and exit code are no wording,
  nor are member names.

Fields of classes are not changed: their values are read while the class is made.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

ROOT = Path(__file__).parents[3]

_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_LABELS = frozenset({"help", "metavar", "title", "summary", "example", "prog", "description", "remedy"})
_PYTHONS_OWN = frozenset(
    {
        "ValueError",
        "TypeError",
        "IndexError",
        "KeyError",
        "LookupError",
        "RuntimeError",
        "NotImplementedError",
        "AssertionError",
    }
)
# Neither bytes nor patterns.
_SENTENCE = re.compile(r"""["']\S+ \S+ \S""")
# Without their arguments these raise a TypeError at once, as mutmut knows too.
_ALWAYS_NOTICED = frozenset({"len", "isinstance"})
_NO_CONSTANTS = frozenset({"TypeVar", "ParamSpec", "NewType", "getLogger"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change.

    Attributes:
        path: of the module, relative to the repository.
        function: dotted name inside the module; of a constant, its name.
        outermost: dotted name of the function or method that it stands in, or is.
        constant: whether a constant of the module is changed.
        key: what names this change among those of the module, whatever line it stands in.
        lines: of the module, one of which must have run for a test to see it.
        source: of the whole module.
    """

    path: str
    function: str
    outermost: str
    constant: bool
    key: str
    lines: frozenset[int]
    source: str


def mutants_of(path: Path) -> list[Mutant]:
    """Return the mutants of a module, in the order of its lines."""
    data = path.read_bytes()
    module = cst.parse_module(data)
    visitor = _Finder(data, texts=_texts_of(module))
    MetadataWrapper(module, unsafe_skip_copy=True).visit(visitor)
    relative = str(path.relative_to(ROOT))
    seen: Counter[str] = Counter()
    found = []
    for change in visitor.found:
        source = (data[: change.start] + change.text + data[change.end :]).decode()
        key = ": ".join(part for part in (change.function, change.context, change.key) if part)
        seen[key] += 1
        key += f" #{seen[key]}" if seen[key] > 1 else ""
        found.append(
            Mutant(relative, change.function, change.outermost, change.constant, key, change.lines, source)
        )
    return found


@dataclass(frozen=True, slots=True)
class _Change:
    function: str
    outermost: str
    constant: bool
    context: str
    key: str
    lines: frozenset[int]
    start: int
    end: int
    text: bytes


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self, data: bytes, *, texts: frozenset[str]) -> None:
        super().__init__()
        self.found: list[_Change] = []
        self._data = data
        self._texts = texts
        self._rows = data.decode().splitlines()
        self._scope: list[str] = []
        self._functions = 0
        self._outermost = ""
        self._constant: str | None = None
        self._statements: list[int] = []
        self._defaults: frozenset[int] | None = None

    # ---------------------------------------------------------------------------------- where we are

    # A default value is computed with the function; what notices it is what runs the body.
    def visit_FunctionDef_params(  # noqa: N802
        self, node: cst.FunctionDef
    ) -> None:
        position = self.get_metadata(PositionProvider, node)
        self._defaults = frozenset(range(position.start.line, position.end.line + 1))

    def leave_FunctionDef_params(  # noqa: N802
        self, _node: cst.FunctionDef
    ) -> None:
        self._defaults = None

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator) or _is_wording(node) or _is_docstring(node):
            return False
        if isinstance(node, cst.BaseSmallStatement | cst.BaseStatement):
            self._statements.append(self.get_metadata(PositionProvider, node).start.line)
        if isinstance(node, cst.ClassDef):
            self._scope.append(node.name.value)
        elif isinstance(node, cst.FunctionDef):
            self._scope.append(node.name.value)
            self._functions += 1
            if self._functions == 1:
                self._outermost = ".".join(self._scope)
            if node.name.value == "__repr__" or _is_abstract(node):
                return False
        elif not self._scope and isinstance(node, cst.Assign | cst.AnnAssign):
            self._constant = _constant_of(node)
        if self._functions or self._constant:
            self._change(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.Annotation | cst.Decorator) or _is_wording(original_node):
            return
        if _is_docstring(original_node):
            return
        if isinstance(original_node, cst.BaseSmallStatement | cst.BaseStatement):
            self._statements.pop()
        if isinstance(original_node, cst.ClassDef):
            self._scope.pop()
        elif isinstance(original_node, cst.FunctionDef):
            self._scope.pop()
            self._functions -= 1
        elif not self._scope and isinstance(original_node, cst.Assign | cst.AnnAssign):
            self._constant = None

    # ----------------------------------------------------------------------------------- what changes

    def _change(self, node: cst.CSTNode) -> None:
        if self._constant and isinstance(node, cst.Assign | cst.AnnAssign):
            return  # a constant that is None breaks every import, which says nothing
        for kind, operator in mutation_operators:
            if not isinstance(node, kind):
                continue
            changes: Iterable[cst.CSTNode]
            if isinstance(node, cst.Call) and operator is operator_arg_removal:
                changes = _arguments(node)
            elif isinstance(node, cst.BaseString) and operator is operator_string:
                changes = islice(operator(node), 1)  # the rest only spells it in capitals
            else:
                changes = operator(node)
            for changed in changes:
                if not self._in_wording_only(node, changed):
                    self._add(node, changed)
        if isinstance(node, cst.If | cst.While):
            for word in ("True", "False"):
                if not (isinstance(node, cst.While) and word == "True"):
                    self._add(node.test, cst.Name(word))

    def _in_wording_only(self, node: cst.CSTNode, changed: cst.CSTNode) -> bool:
        """Whether the change drops or empties an argument that is wording."""
        if not isinstance(node, cst.Call) or not isinstance(changed, cst.Call):
            return False
        kept = {id(argument) for argument in changed.args}
        lost = [argument for argument in node.args if id(argument) not in kept]
        return bool(lost) and all(
            _is_wording(argument) or _is_wording(argument.value) or _last_name(argument.value) in self._texts
            for argument in lost
        )

    def _add(self, node: cst.CSTNode, changed: cst.CSTNode) -> None:
        span = self.get_metadata(ByteSpanPositionProvider, node)
        position = self.get_metadata(PositionProvider, node)
        old = self._data[span.start : span.start + span.length]
        text = cst.Module([]).code_for_node(changed).encode()
        difference = _difference(_short(old.decode()), _short(text.decode()))
        if isinstance(changed, cst.BaseExpression) and b"\n" in text and not text.startswith(b"("):
            text = b"(" + text + b")"
        row = self._rows[position.start.line - 1].strip()
        self.found.append(
            _Change(
                function=self._constant or ".".join(self._scope),
                outermost=self._outermost,
                constant=self._constant is not None,
                context="" if _short(row).startswith(_short(old.decode())) else _short(row),
                key=difference,
                lines=frozenset(range(position.start.line, position.end.line + 1))
                | {self._statements[-1]}
                | (self._defaults or frozenset()),
                start=span.start,
                end=span.start + span.length,
                text=text,
            )
        )


def _short(text: str) -> str:
    return " ".join(text.split())


def _arguments(node: cst.Call) -> Iterator[cst.CSTNode]:
    """Empty each argument, and drop those without which a call can still be one."""
    if _last_name(node.func) in _ALWAYS_NOTICED:
        return
    places = [place for place, argument in enumerate(node.args) if argument.keyword is None]
    needed = {id(node.args[place]) for place in places[:-1]}
    for changed in operator_arg_removal(node):
        kept = {id(argument) for argument in changed.args}
        if len(changed.args) == len(node.args) or needed <= kept:
            yield changed


def _difference(old: str, new: str) -> str:
    """Say what became of what; of a long text only where it differs."""
    if len(old) <= 80:
        return f"{old} → {new}"
    before, after = (re.findall(r"\w+|\s+|.", text) for text in (old, new))
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    tail = 0
    while tail < min(len(before), len(after)) - same and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    start = max(0, same - 4)
    middle = ("".join(part[start : len(part) - max(0, tail - 2)]).strip() for part in (before, after))
    return "…{} → {}…".format(*middle)


def _constant_of(node: cst.Assign | cst.AnnAssign) -> str | None:
    target = node.target if isinstance(node, cst.AnnAssign) else node.targets[0].target
    if not isinstance(target, cst.Name) or target.value.startswith("__") or node.value is None:
        return None
    called = node.value.func if isinstance(node.value, cst.Call) else None
    if called is not None and _last_name(called) in _NO_CONSTANTS:
        return None
    if isinstance(node, cst.AnnAssign) and _last_name(node.annotation.annotation) == "TypeAlias":
        return None
    # An alias of a type (`Wanted = Callable[[int], bool]`) is an annotation under a name.
    value = node.value
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.BitOr):
        value = value.left
    if isinstance(node, cst.Assign) and isinstance(value, cst.Subscript):
        return None
    return target.value


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(
        node.value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis
    )


def _is_abstract(node: cst.FunctionDef) -> bool:
    """A method of a protocol: its body is `...`."""
    body: list[cst.CSTNode] = []
    for line in node.body.body:
        body += line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    return all(_is_docstring(part) for part in body)


def _last_name(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _is_wording(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Arg):
        return node.keyword is not None and node.keyword.value in _LABELS
    if isinstance(node, cst.IfExp):
        return _is_wording(node.body) and _is_wording(node.orelse)
    if isinstance(node, cst.SimpleString):
        return _SENTENCE.match(node.value) is not None
    if not isinstance(node, cst.Call):
        return False
    name = _last_name(node.func)
    if isinstance(node.func, cst.Attribute) and name in _LOGGING and _last_name(node.func.value) == "_LOG":
        return True
    return name in _PYTHONS_OWN or name in wording_functions()


def _texts_of(module: cst.Module) -> frozenset[str]:
    """Return the constants of a module that are wording."""
    parts = (part for line in module.body if isinstance(line, cst.SimpleStatementLine) for part in line.body)
    found = set()
    for part in parts:
        if (
            isinstance(part, cst.Assign | cst.AnnAssign)
            and part.value is not None
            and _is_wording(part.value)
        ):
            target = part.targets[0].target if isinstance(part, cst.Assign) else part.target
            if isinstance(target, cst.Name):
                found.add(target.value)
    return frozenset(found)


@cache
def wording_functions() -> frozenset[str]:
    """Names of `Text` and of all functions with parameters `german` and `english`."""
    names = {"Text"}
    for package in ("protocol", "hub"):
        for path in (ROOT / package).rglob("*.py"):
            names |= set(_bilingual(ast.parse(path.read_bytes())))
    return frozenset(names - {"__new__"})


def _bilingual(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
            if {"german", "english"} <= names:
                yield node.name
