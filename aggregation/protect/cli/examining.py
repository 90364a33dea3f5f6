"""`kim-protect audit`: read what is published, attack it, say what was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from aggregation.protect.auditing import ContradictionError, NotAuditableError, audit_tables
from aggregation.protect.cli.console import Console
from aggregation.protect.cli.outcomes import EXIT_CODES, say_summary
from aggregation.protect.cli.progress import steps_shown
from aggregation.protect.cli.reporting import write_report
from aggregation.protect.files import hierarchy_files, read_structure, read_text, require_outputs
from aggregation.protect.formats.cells import read_cells
from aggregation.protect.formats.delimited import read_delimited
from aggregation.protect.formats.published import check_against, read_published
from aggregation.protect.model import Figures, Kind, Magnitudes
from aggregation.protect.structure import Structure
from aggregation.protect.summary import summary_of_audit
from aggregation.protect.wording import cell_label
from aggregation.sdc.levels import Level
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Choices:
    """The command line."""

    published: Path
    structure: Path
    cells: Path | None = None
    report: Path | None = None
    level: str | None = None


def audit_published(console: Console, choices: Choices) -> int:
    """Audit a publication; return the exit code.

    Raises:
        KimError: whatever is in the way.
    """
    structure = read_structure(choices.structure)
    if choices.level is not None:
        structure = replace(structure, level=Level(choices.level))
    inputs = [choices.published, choices.structure, *hierarchy_files(choices.structure, structure)]
    require_outputs([*inputs, *([choices.cells] if choices.cells else [])], {"--report": choices.report})
    if choices.cells is None and structure.kind is Kind.MAGNITUDE:
        raise kim_error(
            "not_auditable",
            Text(
                "Bei Wertetabellen hängt der Schutz davon ab, wer wie viel beiträgt; das steht nicht in "
                "der Veröffentlichung.",
                "With magnitudes, protection depends on who contributes how much; the publication does not "
                "say that.",
            ),
        )
    with steps_shown(console) as steps:
        steps.stage(Text("Lesen", "Reading"))
        figures = _figures(choices.cells, structure)
        rows = read_delimited(read_text(choices.published)[0], file=str(choices.published))
        decimals = figures.decimals if isinstance(figures, Magnitudes) else None
        published = read_published(rows, structure, decimals=decimals)
        if figures is not None:
            check_against(published, figures, rows, structure)
        steps.stage(Text("Prüfen", "Auditing"))
        try:
            report = audit_tables(
                structure.tables,
                published,
                rules=structure.rules,
                level=structure.level,
                figures=figures,
                tell=steps.advance,
            )
        except NotAuditableError as error:
            raise _needs_truth() from error
        except ContradictionError as error:
            raise _contradiction(structure, error, file=str(choices.published)) from error
    summary = summary_of_audit(structure, published.withheld, report)
    write_report(
        choices.report,
        console,
        summary,
        words=_words(choices),
        files={"published": choices.published, "cells": choices.cells, "structure": choices.structure},
        open_files=[choices.structure, *hierarchy_files(choices.structure, structure), choices.published],
    )
    say_summary(console, summary, command="audit")
    return EXIT_CODES[report.verdict]


def _words(choices: Choices) -> tuple[str, ...]:
    """Return the command that asks the same again."""
    cells = () if choices.cells is None else ("--cells", str(choices.cells))
    level = () if choices.level is None else ("--level", choices.level)
    return (
        "kim-protect",
        "audit",
        str(choices.published),
        "--structure",
        str(choices.structure),
        *cells,
        *level,
    )


def _figures(path: Path | None, structure: Structure) -> Figures | None:
    if path is None:
        return None
    return read_cells(read_delimited(read_text(path)[0], file=str(path)), structure).figures


def _needs_truth() -> KimError:
    return kim_error(
        "not_auditable",
        Text(
            "Niveau S2 fragt, was jemand weiß, der in einer Zelle allein ist; wer das ist, sagt die "
            "Veröffentlichung nicht.",
            "Level S2 asks what somebody knows who is alone in a cell; the publication does not say who is.",
        ),
    )


def _contradiction(structure: Structure, error: ContradictionError, *, file: str) -> KimError:
    """Name the totals that are not the sums of what is published beside them."""
    system, items = structure.tables.system, []
    for row in error.rows[:_SHOWN].tolist():
        entries = system.entries(row)
        total = int(system.columns[entries][system.coefficients[entries] < 0][0])
        label = cell_label(structure.tables, total)
        items.append(
            ErrorItem(
                file,
                "margin",
                Text(
                    f"{label.de} ist nicht die Summe der veröffentlichten Teile.",
                    f"{label.en} is not the sum of its published parts.",
                ),
            )
        )
    return kim_error("tables_contradict", items[0].text if items else None, errors=items)
