"""Hierarchies in the forms in which statisticians keep them.

| format | what it is |
|---|---|
| csv | `parent,child` edges; a parent that is no child is a top code, or top codes have an empty parent |
| hrc | tau-ARGUS: one code per line, `@` per level below the first; the total is not in the file |
| levels | `@;code` of sdcHierarchies (data.frame): as many `@` as the level, the total being `@` |
| json | sdcHierarchies: a list of `{id, parent, text}`, the parent of the first level being `#` |
| code | sdcHierarchies: R calls of `hier_create` and `hier_add`; they are read, never run |

Sources: tau-ARGUS user's manual 4.2, section on hierarchical codelists; sdcHierarchies, `hier_convert` and
`hier_import`. Text in, :class:`Hierarchy` out, and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from aggregation.protect.faults import Fault, Place, refusal
from aggregation.protect.formats.delimited import read_delimited, write_delimited
from aggregation.sdc.tables import Hierarchy, HierarchyError, HierarchyProblem
from protocol.errors import KimError
from protocol.texts import Text

USUAL_TOTAL: Final = "Total"
_ROOT: Final = "#"
_Edge = tuple[str | None, str]


class HierarchyFormat(StrEnum):
    """How a hierarchy is written."""

    CSV = "csv"
    HRC = "hrc"
    LEVELS = "levels"
    JSON = "json"
    CODE = "code"


def format_of(file: str, text: str) -> HierarchyFormat:
    """Tell the format of a file by its name, and where that says nothing by its beginning."""
    name, start = file.lower(), text.lstrip("\ufeff \t\r\n")
    if name.endswith((".hrc", ".tree")):
        return HierarchyFormat.HRC
    if name.endswith(".json") or start.startswith(("[", "{")):
        return HierarchyFormat.JSON
    if name.endswith(".r") or "hier_create(" in text:
        return HierarchyFormat.CODE
    if _LEVEL.match(start.partition("\n")[2] or start):
        return HierarchyFormat.LEVELS
    return HierarchyFormat.CSV


def read_hierarchy(
    text: str, *, dimension: str, file: str, form: HierarchyFormat | None = None, total: str | None = None
) -> Hierarchy:
    """Read a hierarchy.

    Args:
        text: content of the file.
        dimension: name of the dimension.
        file: name for messages.
        form: its format; told from name and content if omitted.
        total: code of the total where the format does not name it (hrc, json); ``Total`` if omitted.

    Raises:
        KimError: ``hierarchy_invalid`` with file and line; ``cells_invalid`` for a CSV without its columns.
    """
    form = form or format_of(file, text)
    edges, lines = _READERS[form](text, file, total or USUAL_TOTAL)
    try:
        return Hierarchy.of_edges(dimension, edges)
    except HierarchyError as error:
        raise hierarchy_refusal(error, file=file, lines=lines) from error


def write_hierarchy(hierarchy: Hierarchy, form: HierarchyFormat, *, file: str = "") -> str:
    """Write a hierarchy.

    Args:
        hierarchy: what to write.
        form: the format.
        file: name for messages.

    Raises:
        KimError: ``file_unreadable`` for a hierarchy without a single total, or a code that cannot be written
            in this format.
    """
    return _WRITERS[form](hierarchy, file)


def hierarchy_refusal(error: HierarchyError, *, file: str, lines: list[int]) -> KimError:
    """Say where in a file a hierarchy is none."""
    line = lines[error.edge] if error.edge < len(lines) else 0
    names = ", ".join(f"„{code}“" for code in error.codes)
    english = ", ".join(f"'{code}'" for code in error.codes)
    texts = {
        HierarchyProblem.EMPTY: Text("Die Hierarchie nennt keine Codes.", "the hierarchy names no codes."),
        HierarchyProblem.TWO_PARENTS: Text(
            f"Der Code {names} steht unter zwei anderen.", f"the code {english} stands below two others."
        ),
        HierarchyProblem.TWICE: Text(
            f"Der Code {names} steht zweimal da.", f"the code {english} is there twice."
        ),
        HierarchyProblem.CYCLE: Text(
            f"Codes stehen im Kreis untereinander: {names}.", f"codes stand below each other: {english}."
        ),
        HierarchyProblem.ORPHAN: Text(
            f"Der Code {names} ist weder ein oberster Code noch steht er unter einem anderen.",
            f"the code {english} is neither a top code nor below another one.",
        ),
    }
    return refusal(Fault[error.problem.value.upper()], Place(file, line), texts[error.problem])


# ------------------------------------------------------------------------------------------- parent,child


def _from_csv(text: str, file: str, _total: str) -> tuple[list[_Edge], list[int]]:
    rows = read_delimited(text, file=file)
    names = [name.lower() for name in rows.header]
    if "parent" not in names or "child" not in names:
        raise refusal(
            Fault.HIERARCHY_HEADER,
            rows.header_place(),
            Text(
                "Die Kopfzeile muss die Spalten parent und child nennen.",
                "the header has to name the columns parent and child.",
            ),
        )
    parent, child = names.index("parent"), names.index("child")
    edges: list[_Edge] = []
    for number, row in enumerate(rows.rows):
        if not row[child]:
            raise refusal(
                Fault.HIERARCHY_LINE,
                rows.place(number, "child"),
                Text("Der Code fehlt.", "the code is missing."),
            )
        edges.append((row[parent] or None, row[child]))
    return edges, list(rows.lines)


def _to_csv(hierarchy: Hierarchy, _file: str) -> str:
    # Top codes are implied by their parts; one without parts has to be named, and then all are.
    named = any(top not in hierarchy.parts for top in hierarchy.tops)
    rows = [(parent or "", child) for parent, child in hierarchy.edges if parent is not None or named]
    return write_delimited(("parent", "child"), rows)


# ------------------------------------------------------------------------------------------ levels by signs

_LEVEL: Final = re.compile(r'^\s*"?(?P<level>@+)"?\s*[;,]\s*"?(?P<code>.*?)"?\s*$', re.MULTILINE)


def _from_hrc(text: str, file: str, total: str) -> tuple[list[_Edge], list[int]]:
    levels, lines = [(0, total)], [0]
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        code = line.lstrip("@")
        # tau-ARGUS pads codes to one width with blanks in front: they are no part of the code.
        levels.append((1 + len(line) - len(code), code.strip() or code))
        lines.append(number)
    return _stacked(levels, lines, file), lines


def _from_levels(text: str, file: str, _total: str) -> tuple[list[_Edge], list[int]]:
    levels, lines = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        found = _LEVEL.match(line)
        if found:
            levels.append((len(found["level"]) - 1, found["code"]))
            lines.append(number)
        elif levels and line.strip():
            raise refusal(
                Fault.HIERARCHY_LINE,
                Place(file, number),
                Text("Erwartet wird „@;Code“.", "'@;code' is expected."),
            )
    return _stacked(levels, lines, file), lines


def _stacked(levels: list[tuple[int, str]], lines: list[int], file: str) -> list[_Edge]:
    """Turn a list with levels into edges; each line is at most one level below the one before."""
    edges: list[_Edge] = []
    above: list[str] = []
    for (level, code), line in zip(levels, lines, strict=True):
        if level > len(above):
            raise refusal(
                Fault.HIERARCHY_LEVEL,
                Place(file, line),
                Text(
                    f"Der Code „{code}“ überspringt eine Ebene: über ihm steht niemand.",
                    f"the code '{code}' skips a level: nothing stands above it.",
                ),
            )
        del above[level:]
        edges.append((above[-1] if above else None, code))
        above.append(code)
    return edges


def _to_hrc(hierarchy: Hierarchy, file: str) -> str:
    _single_total(hierarchy, file)
    lines = []
    for code, depth in list(zip(hierarchy.codes, hierarchy.depths, strict=True))[1:]:
        if code.startswith("@") or code != code.strip() or "\n" in code:
            raise _cannot(file, code)
        lines.append("@" * (depth - 1) + code + "\n")
    return "".join(lines)


def _to_levels(hierarchy: Hierarchy, file: str) -> str:
    _single_total(hierarchy, file)
    lines = ['"level";"name"\n']
    for code, depth in zip(hierarchy.codes, hierarchy.depths, strict=True):
        if '"' in code or code != code.strip() or "\n" in code:
            raise _cannot(file, code)
        lines.append(f'"{"@" * (depth + 1)}";"{code}"\n')
    return "".join(lines)


# ---------------------------------------------------------------------------------------------- json, code


def _from_json(text: str, file: str, total: str) -> tuple[list[_Edge], list[int]]:
    try:
        entries = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise refusal(
            Fault.HIERARCHY_LINE, Place(file, line), Text("Das ist kein JSON.", "this is no JSON.")
        ) from error
    if isinstance(entries, list) and len(entries) == 1 and isinstance(entries[0], str):
        return _from_json(entries[0], file, total)  # R's toJSON of a character
    edges: list[_Edge] = [(None, total)]
    if not isinstance(entries, list) or not all(_is_node(entry) for entry in entries):
        raise refusal(
            Fault.HIERARCHY_LINE,
            Place(file),
            Text("Erwartet wird eine Liste von {id, parent}.", "a list of {id, parent} is expected."),
        )
    edges += [(total if entry["parent"] == _ROOT else entry["parent"], entry["id"]) for entry in entries]
    return edges, [0] * len(edges)


def _is_node(entry: Any) -> bool:  # noqa: ANN401 -- anything may stand in a file
    return (
        isinstance(entry, dict) and isinstance(entry.get("id"), str) and isinstance(entry.get("parent"), str)
    )


def _to_json(hierarchy: Hierarchy, file: str) -> str:
    _single_total(hierarchy, file)
    total = hierarchy.codes[0]
    entries = [
        {
            "id": code,
            "parent": _ROOT if parent == total else parent,
            "text": code,
            "state": {"opened": True, "disabled": False, "selected": False},
        }
        for parent, code in hierarchy.edges
        if parent is not None
    ]
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


_STRING: Final = r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_CALL: Final = re.compile(
    rf"hier_(?P<name>create|add)\s*\(\s*(?:tree\s*=\s*\w+\s*,\s*)?"
    rf"(?:(?:root|node|rootnode)\s*=\s*)?(?P<root>{_STRING})"
    rf"(?:\s*,\s*(?:(?:nodes|leaves)\s*=\s*)?(?P<nodes>c\([^)]*(?:{_STRING}[^)]*)*\)|{_STRING}))?\s*\)"
)


def _from_code(text: str, file: str, _total: str) -> tuple[list[_Edge], list[int]]:
    edges: list[_Edge] = []
    lines: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if "hier_create(" not in line and "hier_add(" not in line:
            continue
        call = _CALL.search(re.sub(r"hier_add\(\s*\w+\s*,", "hier_add(", line))
        if call is None:
            raise refusal(
                Fault.HIERARCHY_LINE,
                Place(file, number),
                Text(
                    "Erwartet wird hier_create(…) oder hier_add(…) mit Texten in Anführungszeichen.",
                    "hier_create(…) or hier_add(…) with quoted texts is expected.",
                ),
            )
        root = _unquoted(call["root"])
        if call["name"] == "create":
            edges.append((None, root))
            lines.append(number)
        for node in re.findall(_STRING, call["nodes"] or ""):
            edges.append((root, _unquoted(node)))
            lines.append(number)
    return edges, lines


def _to_code(hierarchy: Hierarchy, file: str) -> str:
    _single_total(hierarchy, file)
    lines = ["library(sdcHierarchies)\n"]
    for parent, children in {0: (), **hierarchy.parts}.items():
        nodes = f"c({', '.join(_quoted(hierarchy.codes[child]) for child in children)})"
        if parent == 0:
            lines.append(
                f"tree <- hier_create(root = {_quoted(hierarchy.codes[0])}"
                + (f", nodes = {nodes})\n" if children else ")\n")
            )
        else:
            root = _quoted(hierarchy.codes[parent])
            lines.append(f"tree <- hier_add(tree, root = {root}, nodes = {nodes})\n")
    return "".join(lines)


def _quoted(code: str) -> str:
    return "'" + code.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


# ------------------------------------------------------------------------------------------------- common


def _single_total(hierarchy: Hierarchy, file: str) -> None:
    if len(hierarchy.tops) != 1:
        raise refusal(
            Fault.NOT_EXPRESSIBLE,
            Place(file or hierarchy.dimension),
            Text(
                f"Das Format verlangt einen einzigen Gesamtcode, die Hierarchie hat {len(hierarchy.tops)}.",
                f"the format needs one total, the hierarchy has {len(hierarchy.tops)} top codes.",
            ),
        )


def _cannot(file: str, code: str) -> KimError:
    return refusal(
        Fault.NOT_EXPRESSIBLE,
        Place(file),
        Text(
            f"Den Code „{code}“ kann dieses Format nicht ausdrücken.",
            f"this format cannot express the code '{code}'.",
        ),
    )


_READERS: Final[Mapping[HierarchyFormat, Callable[[str, str, str], tuple[list[_Edge], list[int]]]]] = (
    MappingProxyType(
        {
            HierarchyFormat.CSV: _from_csv,
            HierarchyFormat.HRC: _from_hrc,
            HierarchyFormat.LEVELS: _from_levels,
            HierarchyFormat.JSON: _from_json,
            HierarchyFormat.CODE: _from_code,
        }
    )
)
_WRITERS: Final[Mapping[HierarchyFormat, Callable[[Hierarchy, str], str]]] = MappingProxyType(
    {
        HierarchyFormat.CSV: _to_csv,
        HierarchyFormat.HRC: _to_hrc,
        HierarchyFormat.LEVELS: _to_levels,
        HierarchyFormat.JSON: _to_json,
        HierarchyFormat.CODE: _to_code,
    }
)
