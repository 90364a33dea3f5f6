"""`kim-protect suppress`: read, protect, audit the bytes that are to leave, write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from aggregation.protect.auditing import Report, audit_tables
from aggregation.protect.cli.console import Console
from aggregation.protect.cli.outcomes import EXIT_CODES, say_summary
from aggregation.protect.cli.progress import Steps, steps_shown
from aggregation.protect.cli.reporting import write_report
from aggregation.protect.clock import deadline
from aggregation.protect.files import hierarchy_files, read_structure, read_text, require_outputs, write_text
from aggregation.protect.formats.cells import Cells, kept_cells, read_cells
from aggregation.protect.formats.delimited import Rows, read_delimited
from aggregation.protect.formats.published import read_published, write_published, write_reasons
from aggregation.protect.model import Kind, Magnitudes
from aggregation.protect.protecting import CannotProtectError, Outcome, UndecidedError, protect_tables
from aggregation.protect.structure import Structure
from aggregation.protect.summary import summary_of_protection
from aggregation.protect.wording import cell_label
from aggregation.sdc.audit import Verdict
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import IntArray
from aggregation.sdc.suppression import Effort
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

_USUAL_ROUNDS: Final = 30
_MANY_ROUNDS: Final = 10**6
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Choices:
    """The command line."""

    cells: Path
    structure: Path
    out: Path
    report: Path | None = None
    reasons: Path | None = None
    level: str | None = None
    rounds: int | None = None
    seconds: float | None = None


def suppress_cells(console: Console, choices: Choices) -> int:
    """Protect a table; return the exit code.

    Raises:
        KimError: whatever is in the way; then nothing is written.
    """
    structure, rows, encoding = _inputs(choices)
    with steps_shown(console) as steps:
        steps.stage(Text("Lesen", "Reading"))
        cells = read_cells(rows, structure)
        if cells.absent:
            console.note(
                Text(
                    "1 Zelle der untersten Ebene hat keine Zeile und zählt als 0.",
                    "1 cell of the lowest level has no line and counts as 0.",
                )
                if cells.absent == 1
                else Text(
                    f"{cells.absent} Zellen der untersten Ebene haben keine Zeile und zählen als 0.",
                    f"{cells.absent} cells of the lowest level have no line and count as 0.",
                )
            )
        _note_level(console, choices, structure)
        steps.stage(Text("Schützen", "Protecting"))
        outcome = _protected(structure, cells, _effort(choices, steps))
        text = write_published(structure, cells.figures, outcome.withheld, separator=cells.separator)
        steps.stage(Text("Prüfen", "Auditing"))
        report = _audited(text, structure, cells, steps)
    summary = summary_of_protection(structure, cells.figures, outcome, report, absent=cells.absent)
    if report.verdict is Verdict.SAFE:
        write_text(choices.out, text, mark=encoding == "utf-8-sig")
        if choices.reasons is not None:
            write_text(
                choices.reasons,
                write_reasons(structure, outcome, separator=cells.separator),
                private=True,
            )
    write_report(
        choices.report,
        console,
        summary,
        words=_words(choices, structure, outcome.pattern.rounds),
        files={"published": choices.out, "cells": choices.cells, "structure": choices.structure},
        open_files=[
            choices.structure,
            *hierarchy_files(choices.structure, structure),
            *([choices.out] if report.verdict is Verdict.SAFE else []),
        ],
    )
    say_summary(console, summary, command="suppress", out=choices.out)
    return EXIT_CODES[report.verdict]


def _note_level(console: Console, choices: Choices, structure: Structure) -> None:
    if choices.level is not None and structure.kind is Kind.MAGNITUDE:
        console.note(
            Text(
                "--level gilt für Anzahlen; bei Werten gelten die Schutzintervalle der Regeln.",
                "--level is for counts; for magnitudes the protection intervals of the rules hold.",
            )
        )


def _words(choices: Choices, structure: Structure, rounds: int) -> tuple[str, ...]:
    """Return the command that gives the same pattern again."""
    level = ("--level", structure.level.value) if choices.level is not None else ()
    files = (str(choices.cells), "--structure", str(choices.structure), "--out", str(choices.out))
    return ("kim-protect", "suppress", *files, *level, "--rounds", str(rounds))


def _inputs(choices: Choices) -> tuple[Structure, Rows, str]:
    structure = read_structure(choices.structure)
    if choices.level is not None:
        structure = replace(structure, level=Level(choices.level))
    require_outputs(
        [choices.cells, choices.structure, *hierarchy_files(choices.structure, structure)],
        {"--out": choices.out, "--report": choices.report, "--reasons": choices.reasons},
    )
    text, encoding = read_text(choices.cells)
    return structure, read_delimited(text, file=str(choices.cells)), encoding


def _effort(choices: Choices, steps: Steps) -> Effort:
    if choices.seconds is None:
        rounds = _USUAL_ROUNDS if choices.rounds is None else choices.rounds
        return Effort(rounds=rounds, tell=steps.round)
    rounds = _MANY_ROUNDS if choices.rounds is None else choices.rounds
    return Effort(rounds=rounds, stop=deadline(choices.seconds), tell=steps.round)


def _protected(structure: Structure, cells: Cells, effort: Effort) -> Outcome:
    try:
        return protect_tables(
            structure.tables,
            cells.figures,
            rules=structure.rules,
            costs=cells.costs,
            level=structure.level,
            kept=kept_cells(structure),
            effort=effort,
        )
    except UndecidedError as error:
        raise kim_error("protect_undecided") from error
    except CannotProtectError as error:
        raise _cannot_protect(structure, error) from error


def _cannot_protect(structure: Structure, error: CannotProtectError) -> KimError:
    """Name the sensitive cells, and what would have to go."""
    sensitive, must_go = _names(structure, error.cells), _names(structure, error.must_go)
    if not len(error.must_go):
        what = (
            Text(
                f"Unter „keep“ steht 1 Zelle, die selbst zu schützen ist: {sensitive}.",
                f"Under 'keep' stands 1 cell that has to be protected itself: {sensitive}.",
            )
            if len(error.cells) == 1
            else Text(
                f"Unter „keep“ stehen {len(error.cells)} Zellen, die selbst zu schützen sind: {sensitive}.",
                f"Under 'keep' stand {len(error.cells)} cells that have to be protected themselves: "
                f"{sensitive}.",
            )
        )
    else:
        what = Text(
            f"{len(error.cells)} Zellen lassen sich nicht schützen: {sensitive}. Dafür müssten von den "
            f"Zellen unter „keep“ mindestens diese {len(error.must_go)} auch gesperrt werden: {must_go}.",
            f"{len(error.cells)} cells cannot be protected: {sensitive}. Of the cells under 'keep' at least "
            f"these {len(error.must_go)} would have to be withheld too: {must_go}.",
        )
    return kim_error(
        "cannot_protect", what, errors=[ErrorItem(f"{structure.file}:keep", "keep_in_the_way", what)]
    )


def _names(structure: Structure, cells: IntArray) -> str:
    shown = [cell_label(structure.tables, cell).de for cell in cells[:_SHOWN].tolist()]
    return ", ".join([*shown, "…"] if len(cells) > _SHOWN else shown)


def _audited(text: str, structure: Structure, cells: Cells, steps: Steps) -> Report:
    """Audit the very text that is to be written, read back."""
    figures = cells.figures
    decimals = figures.decimals if isinstance(figures, Magnitudes) else None
    published = read_published(read_delimited(text, file="OUT.csv"), structure, decimals=decimals)
    if np.any(published.values[~published.withheld] != figures.values[~published.withheld]):
        raise kim_error("protect_failed")
    return audit_tables(
        structure.tables,
        published,
        rules=structure.rules,
        level=structure.level,
        figures=figures,
        tell=steps.advance,
    )
