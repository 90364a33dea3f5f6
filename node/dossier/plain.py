"""The dossier as plain text, for a terminal and for the file beside a delivery."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from node.dossier import overview, phrases
from node.dossier.document import Dossier, Entry
from node.dossier.sheets import Cell, Sheet, SheetTable, unit_label
from protocol.texts import Language

_WIDTH: Final = 100
_LABEL_WIDTH: Final = 58
#: More deliveries than one period has are summed up; nobody reads thousands of lines on a terminal.
_MOST_WITH_TABLES: Final = 8


def render_text(dossier: Dossier, *, language: Language) -> str:
    """Write a dossier as text of at most some 100 columns.

    Args:
        dossier: the content.
        language: ``de`` or ``en``.

    Returns:
        Lines, ending with a line feed.
    """
    title = phrases.TITLE.in_(language)
    lines = [title, "=" * len(title), ""]
    lines += _facts(
        (phrases.AREA.in_(language), f"{dossier.area} ({dossier.area_id})"),
        (phrases.SENDER.in_(language), dossier.node),
        (phrases.RECIPIENT.in_(language), f"{dossier.hub_url} ({dossier.audience})"),
        (phrases.MADE.in_(language), phrases.instant(dossier.made, language)),
        *((name.in_(language), value) for name, value in phrases.waiting(dossier, language)),
        *_not_collected(dossier, language),
    )
    for heading, text in (
        (phrases.NOT_INCLUDED, phrases.NOT_INCLUDED_TEXT),
        (phrases.METHOD, phrases.method(dossier)),
        (phrases.SOURCE, phrases.source(dossier)),
    ):
        lines += ["", heading.in_(language), *_wrapped(text.in_(language))]
    lines += ["", phrases.FINDINGS.in_(language), *_findings(dossier, language)]
    lines += ["", phrases.LEGEND.in_(language)]
    lines += [f"  {sign}  {text.in_(language)}" for sign, text in phrases.legend(dossier)]
    lines += _doubts(dossier, language)
    if len(dossier.entries) > _MOST_WITH_TABLES:
        lines += ["", phrases.OVERVIEW.in_(language), *_overview(dossier, language)]
        lines += ["", *_wrapped(phrases.TABLES_ELSEWHERE.in_(language))]
        staying = [entry for entry in dossier.entries if entry.problem is not None]
        lines += [line for entry in staying for line in ("", *_head(entry, language))]
    else:
        for entry in dossier.entries:
            lines += ["", "", *_head(entry, language), *_tables(entry, dossier, language)]
    if dossier.shows_reasons:
        lines += ["", *_wrapped(phrases.STAYS_HERE.in_(language))]
    lines += [""]
    return "\n".join(line.rstrip() for line in lines)


def _not_collected(dossier: Dossier, language: Language) -> list[tuple[str, str]]:
    names = ", ".join(name.in_(language) for name in dossier.not_collected)
    return [(phrases.NOT_COLLECTED.in_(language), names)] if names else []


def _doubts(dossier: Dossier, language: Language) -> list[str]:
    if not dossier.doubts:
        return []
    names = {entry.slot: phrases.label(entry, language) for entry in dossier.entries}
    lines = ["", phrases.DOUBTS.in_(language)]
    for doubt in dossier.doubts:
        name = names.get(doubt.slot, str(doubt.slot.period))
        found = f"{name}: {doubt.expected.in_(language)} – {doubt.first.in_(language)}"
        lines += _wrapped(f"{found} ({doubt.cells})" if doubt.cells > 1 else found)
    return lines


def _overview(dossier: Dossier, language: Language) -> list[str]:
    heads = (
        phrases.DELIVERIES,
        phrases.PERIODS,
        phrases.CELLS,
        phrases.WITHHELD,
        phrases.AUDIT,
        phrases.STANDING,
    )
    rows = [[head.in_(language) for head in heads]]
    for group in overview.dataflows(dossier):
        cells, _, _, withheld, _ = overview.totals(group, language)
        rows.append(
            [
                f"{overview.name(group, language)} ({len(group)})",
                overview.periods(group),
                cells,
                withheld,
                overview.audits(group, language),
                overview.standings(group, language),
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return [
        "  "
        + "  ".join(
            f"{text:>{width}}" if column in (2, 3) else f"{text:{width}}"
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _head(entry: Entry, language: Language) -> list[str]:
    head = phrases.label(entry, language)
    lines = [head, "-" * len(head)]
    facts = [(phrases.STANDING.in_(language), entry.standing.in_(language))]
    facts += [(name.in_(language), value) for name, value in phrases.history(entry, language)]
    if entry.sheet is not None:
        facts += _sheet_facts(entry, entry.sheet, language)
    lines += _facts(*facts)
    if entry.problem is not None:
        title, more = entry.problem.problem.title, phrases.what_to_do(entry.problem)
        lines += _wrapped(f"{title.in_(language)} {more.in_(language)}")
        lines += [
            f"  - {line}" for item in entry.problem.errors for line in _wrapped(item.text.in_(language))
        ]
    return lines


def _tables(entry: Entry, dossier: Dossier, language: Language) -> list[str]:
    lines: list[str] = []
    for sheet in entry.sheet.indicators if entry.sheet is not None else ():
        indicator = sheet.indicator
        missing = phrases.missing(indicator, entry, dossier) if not sheet.collected else None
        if not sheet.collected and missing is None:
            continue
        unit = f" ({unit_label(indicator).in_(language)})" if indicator.decimals else ""
        lines += ["", f"{indicator.name.in_(language)}{unit}"]
        if missing is not None:
            lines += _wrapped(missing.in_(language))
        for table in sheet.tables:
            lines += ["", *_table(table, decimals=indicator.decimals, language=language)]
    return lines


def _sheet_facts(entry: Entry, sheet: Sheet, language: Language) -> list[tuple[str, str]]:
    verdict = phrases.VERDICTS.get(entry.verdict or "")
    why = phrases.why(entry, language)
    return [
        (phrases.CELLS.in_(language), phrases.cells(sheet).in_(language)),
        *([(phrases.WHY.in_(language), why)] if why else []),
        (phrases.AUDIT.in_(language), verdict.in_(language) if verdict else "–"),
        ("SHA-256", sheet.payload_sha256),
    ]


def _table(table: SheetTable, *, decimals: int, language: Language) -> list[str]:
    texts = [[_figure(cell, decimals, language) for cell in line.cells] for line in table.lines]
    heads = [column.in_(language) for column in table.columns]
    widths = [max(len(head), *(len(row[number]) for row in texts)) + 2 for number, head in enumerate(heads)]
    labels = ["  " * line.depth + line.label.in_(language) for line in table.lines]
    width = min(_LABEL_WIDTH, max(len(label) for label in (*labels, table.head.in_(language))))
    lines = [f"  {table.caption.in_(language)}", f"  {'':{width}}{_row(heads, widths)}"]
    lines += [
        f"  {label if len(label) <= width else label[: width - 1] + '…':{width}}{_row(row, widths)}"
        for label, row in zip(labels, texts, strict=True)
    ]
    if table.multiple:
        lines += [f"  {phrases.MULTIPLE.in_(language)}"]
    return lines


def _figure(cell: Cell, decimals: int, language: Language) -> str:
    text = phrases.figure(cell, decimals=decimals, language=language)
    return f"{text} {cell.note.letter}" if cell.note is not None else text


def _row(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))


def _findings(dossier: Dossier, language: Language) -> list[str]:
    several = len({finding.source for finding in dossier.findings}) > 1
    return [
        line
        for finding in dossier.findings
        for line in _wrapped(
            f"{f'{finding.source}: ' if several else ''}{finding.title.in_(language)}: "
            f"{finding.text.in_(language)}"
        )
    ]


def _facts(*facts: tuple[str, str]) -> list[str]:
    width = max(len(name) for name, _ in facts)
    lines: list[str] = []
    for name, value in facts:
        wrapped = textwrap.wrap(value, _WIDTH - width - 4) or [""]
        lines.append(f"  {name:{width}}  {wrapped[0]}")
        lines += [f"  {'':{width}}  {line}" for line in wrapped[1:]]
    return lines


def _wrapped(text: str) -> Iterable[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
