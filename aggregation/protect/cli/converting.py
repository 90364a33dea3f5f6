"""`kim-protect convert`: hierarchies and tables between the formats of the field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from aggregation.protect.auditing import Published
from aggregation.protect.cli.console import Console
from aggregation.protect.faults import Fault, Place, refusal
from aggregation.protect.files import hierarchy_files, read_structure, read_text, require_outputs, write_text
from aggregation.protect.formats.cells import kept_cells, read_cells
from aggregation.protect.formats.delimited import read_delimited
from aggregation.protect.formats.hierarchies import (
    HierarchyFormat,
    format_of,
    read_hierarchy,
    write_hierarchy,
)
from aggregation.protect.formats.jj import jj_of_cells, published_of_jj, read_jj, write_jj
from aggregation.protect.formats.published import write_values
from aggregation.protect.structure import Structure
from protocol.errors import KimError, kim_error
from protocol.texts import Text

JJ: Final = "jj"
CELLS: Final = "cells"
PUBLISHED: Final = "published"
FORMATS: Final = (*(form.value for form in HierarchyFormat), CELLS, PUBLISHED, JJ)
_ENDINGS: Final = {".csv": "csv", ".hrc": "hrc", ".json": "json", ".r": "code", ".jj": JJ}


@dataclass(frozen=True, slots=True)
class Choices:
    """The command line."""

    source: Path
    out: Path
    source_format: str | None = None
    target_format: str | None = None
    structure: Path | None = None
    total: str | None = None


def convert_file(console: Console, choices: Choices) -> int:
    """Convert a file; return the exit code.

    Raises:
        KimError: whatever is in the way; then nothing is written.
    """
    target = choices.target_format or _ENDINGS.get(choices.out.suffix.lower())
    if target is None:
        what = Text("Das Format des Ziels ist nicht zu erkennen.", "the format of the target cannot be told.")
        raise refusal(Fault.UNKNOWN_FORMAT, Place(str(choices.out)), what)
    text, _ = read_text(choices.source)
    from_jj = choices.source_format == JJ or choices.source.suffix.lower() == ".jj"
    if from_jj or target in {JJ, CELLS, PUBLISHED}:
        result = _table(choices, text, target=target, from_jj=from_jj)
    else:
        result = _hierarchy(choices, text, target=HierarchyFormat(target))
    write_text(choices.out, result, private=target in {JJ, CELLS})  # these hold the true values
    console.result({"command": "convert", "out": str(choices.out), "format": target})
    console.say(Text(f"Geschrieben: {choices.out}", f"Written: {choices.out}"))
    return 0


def _hierarchy(choices: Choices, text: str, *, target: HierarchyFormat) -> str:
    require_outputs([choices.source], {"--out": choices.out})
    file = str(choices.source)
    form = HierarchyFormat(choices.source_format) if choices.source_format else format_of(file, text)
    hierarchy = read_hierarchy(text, dimension=choices.source.stem, file=file, form=form, total=choices.total)
    return write_hierarchy(hierarchy, target, file=str(choices.out))


def _table(choices: Choices, text: str, *, target: str, from_jj: bool) -> str:
    if choices.structure is None:
        raise _needs_structure()
    structure = read_structure(choices.structure)
    inputs = [choices.source, choices.structure, *hierarchy_files(choices.structure, structure)]
    require_outputs(inputs, {"--out": choices.out})
    file = str(choices.source)
    if from_jj:
        return _from_jj(structure, text, target, file=file)
    if target != JJ:
        what = Text("Aus einer Tabelle wird nur eine JJ-Datei.", "a table becomes a JJ file only.")
        raise refusal(Fault.UNKNOWN_FORMAT, Place(file), what)
    cells = read_cells(read_delimited(text, file=file), structure)
    return write_jj(jj_of_cells(structure, cells, kept_cells(structure)))


def _from_jj(structure: Structure, text: str, target: str, *, file: str) -> str:
    """Return the table of a JJ file: all true values, or what it publishes."""
    if target == JJ:
        return write_jj(read_jj(text, file=file))
    published, decimals = published_of_jj(read_jj(text, file=file), structure, file=file)
    if target == CELLS:
        published = Published(published.values, np.zeros_like(published.withheld))
        return write_values(structure, published, decimals=decimals, with_status=False)
    return write_values(structure, published, decimals=decimals)


def _needs_structure() -> KimError:
    return kim_error(
        "bad_request",
        Text(
            "Eine JJ-Datei kennt keine Codes: --structure sagt, welche Tabelle sie ist.",
            "A JJ file knows no codes: --structure says which table it is.",
        ),
    )
