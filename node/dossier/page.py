"""The dossier as one HTML file: self-contained, readable without colour, printable, everything escaped.

It loads nothing: no script, no font, no image; a content security policy says so to the browser as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from typing import Final

from node.dossier import overview, phrases
from node.dossier.document import Dossier, Entry
from node.dossier.sheets import Cell, IndicatorSheet, Line, Sheet, SheetTable, unit_label
from node.quality import HANDLINGS
from protocol.nouns import whole
from protocol.observations import CellState
from protocol.texts import Language, Text

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_NUMBERS: Final = tuple(
    (text, "number")
    for text in (phrases.CELLS, phrases.SHOWN, phrases.ZEROS, phrases.WITHHELD, phrases.SENSITIVE)
)


def render_html(dossier: Dossier, *, language: Language) -> str:
    """Write a dossier as an HTML document.

    Args:
        dossier: the content.
        language: ``de`` or ``en``.

    Returns:
        The document.
    """
    return _Page(dossier, language).document()


class _Page:
    """Writes one document; every text that comes from outside goes through :func:`html.escape`."""

    def __init__(self, dossier: Dossier, language: Language) -> None:
        self._dossier = dossier
        self._language = language

    def document(self) -> str:
        """The whole document."""
        title = self._say(phrases.TITLE)
        style = resources.files("node.dossier").joinpath("data/dossier.css").read_text(encoding="utf-8")
        return (
            f'<!doctype html>\n<html lang="{self._language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title} – "
            f"{escape(self._dossier.area)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            f'<a class="skip" href="#content">{self._say(phrases.SKIP)}</a>\n{self._header()}\n'
            '<main id="content">\n'
            f"{self._glance()}\n{self._contents()}\n{self._explanations()}\n{self._legend()}\n"
            + "\n".join(self._entry(number, entry) for number, entry in enumerate(self._dossier.entries))
            + f"\n{self._doubts()}\n{self._findings()}\n{self._signature()}\n</main>\n</body>\n</html>\n"
        )

    def _say(self, text: Text) -> str:
        return escape(text.in_(self._language))

    def _header(self) -> str:
        dossier = self._dossier
        ends = overview.span(dossier.entries)
        span = " – ".join(phrases.period_label(period, self._language) for period in ends)
        lead = ", ".join(part for part in (dossier.area, span) if part)
        return f'<header>\n<h1>{self._say(phrases.TITLE)}</h1>\n<p class="lead">{escape(lead)}</p>\n</header>'

    def _glance(self) -> str:
        dossier = self._dossier
        facts = self._facts(
            (phrases.AREA, f"{dossier.area} ({dossier.area_id})"),
            (phrases.SENDER, f"{dossier.node} (kim-node {dossier.version})"),
            (phrases.RECIPIENT, f"{dossier.hub_url} ({dossier.audience})"),
            (phrases.MADE, phrases.instant(dossier.made, self._language)),
            (phrases.CATALOGUE, f"{dossier.catalogue} (SHA-256 {dossier.catalogue_sha256[:16]}…)"),
            (phrases.OUTCOME, phrases.outcome(dossier).in_(self._language)),
            *phrases.waiting(dossier, self._language),
            *self._not_collected(),
        )
        note = f'<p class="note">{self._say(phrases.STAYS_HERE)}</p>\n'
        stays_here = note if dossier.shows_reasons else ""
        return (
            f"<section><h2>{self._say(phrases.AT_A_GLANCE)}</h2>\n{facts}\n{stays_here}{self._overview()}"
            "</section>"
        )

    def _not_collected(self) -> list[tuple[Text, str]]:
        names = ", ".join(name.in_(self._language) for name in self._dossier.not_collected)
        return [(phrases.NOT_COLLECTED, names)] if names else []

    def _overview(self) -> str:
        """Sum the deliveries up by dataflow; a single one needs no sum."""
        groups = overview.dataflows(self._dossier)
        if not groups:
            return ""
        heads = [(phrases.DELIVERIES, ""), (phrases.PERIODS, ""), *_NUMBERS]
        heads += [(phrases.AUDIT, ""), (phrases.STANDING, "")]
        return self._wide_table(
            phrases.OVERVIEW, heads=heads, rows=[self._overview_row(group) for group in groups]
        )

    def _overview_row(self, group: Sequence[Entry]) -> str:
        language = self._language
        name = overview.name(group, language)
        number = f" ({len(group)})" if len(group) > 1 else ""
        numbers = "".join(
            f'<td class="number">{escape(value)}</td>' for value in overview.totals(group, language)
        )
        return (
            f'<tr><th scope="row">{escape(name + number)}</th>'
            f"<td>{escape(overview.periods(group))}</td>{numbers}"
            f"<td>{escape(overview.audits(group, language))}</td>"
            f"<td>{escape(overview.standings(group, language))}</td></tr>"
        )

    def _contents(self) -> str:
        """List the deliveries with links, one line per dataflow; a single one needs no list."""
        entries = self._dossier.entries
        if len(entries) < 2:
            return ""
        links: dict[str, list[str]] = {}
        for number, entry in enumerate(entries):
            link = f'<a href="#delivery-{number}">{escape(phrases.short_period(entry.period))}</a>'
            links.setdefault(overview.name((entry,), self._language), []).append(f"<li>{link}</li>")
        items = "".join(
            f"<dt>{escape(name)}</dt><dd><ul>{''.join(listed)}</ul></dd>" for name, listed in links.items()
        )
        return f'<nav><h2>{self._say(phrases.CONTENTS)}</h2>\n<dl class="contents">{items}</dl></nav>'

    def _doubts(self) -> str:
        doubts = self._dossier.doubts
        if not doubts:
            return ""
        language = self._language
        labels = {entry.slot: phrases.label(entry, language) for entry in self._dossier.entries}
        rows = [
            f'<tr><th scope="row">{escape(labels.get(doubt.slot, str(doubt.slot.period)))}</th>'
            f"<td>{self._say(doubt.expected)}</td>"
            f'<td class="number">{whole(doubt.cells, language)}</td>'
            f"<td>{self._say(doubt.first)}</td></tr>"
            for doubt in doubts
        ]
        heads = [
            (phrases.DELIVERY, ""),
            (phrases.EXPECTED, ""),
            (phrases.CELLS, "number"),
            (phrases.FIRST_CELL, ""),
        ]
        table = self._wide_table(phrases.DOUBTS, heads=heads, rows=rows)
        return (
            f'<section class="annex"><h2>{self._say(phrases.DOUBTS)}</h2>\n'
            f"<p>{self._say(phrases.DOUBTS_TEXT)}</p>\n{table}</section>"
        )

    def _wide_table(self, caption: Text, *, heads: Sequence[tuple[Text, str]], rows: Sequence[str]) -> str:
        columns = "".join(f'<th scope="col" class="{kind}">{self._say(text)}</th>' for text, kind in heads)
        body = "\n".join(rows)
        return (
            f'<table class="wide"><caption>{self._say(caption)}</caption>\n'
            f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
        )

    def _explanations(self) -> str:
        parts = (
            (phrases.NOT_INCLUDED, phrases.NOT_INCLUDED_TEXT),
            (phrases.METHOD, phrases.method(self._dossier)),
            (phrases.SOURCE, phrases.source(self._dossier)),
        )
        return "\n".join(
            f"<section><h2>{self._say(head)}</h2>\n<p>{self._say(body)}</p></section>" for head, body in parts
        )

    def _findings(self) -> str:
        several = len({finding.source for finding in self._dossier.findings}) > 1
        rows = [
            f'<tr><th scope="row">{escape(finding.trap)}</th>'
            + (f"<td>{escape(finding.source)}</td>" if several else "")
            + f"<td>{self._say(HANDLINGS[finding.handling])}</td>"
            f'<td class="number">{whole(finding.rows, self._language)}</td>'
            f"<td>{self._say(finding.text)}</td></tr>"
            for finding in self._dossier.findings
        ]
        heads = [
            (phrases.TRAP, ""),
            *([(phrases.LOCAL_SOURCE, "")] if several else []),
            (phrases.HANDLING, ""),
            (phrases.ROWS, "number"),
            (phrases.FINDING, ""),
        ]
        table = self._wide_table(phrases.FINDINGS, heads=heads, rows=rows)
        return f'<section class="annex"><h2>{self._say(phrases.ANNEX)}</h2>\n{table}</section>'

    def _legend(self) -> str:
        items = "".join(
            f"<dt><b>{escape(sign)}</b></dt><dd>{self._say(text)}</dd>"
            for sign, text in phrases.legend(self._dossier)
        )
        head = self._say(phrases.LEGEND)
        return f'<section><h2>{head}</h2>\n<dl class="legend">{items}</dl></section>'

    def _entry(self, number: int, entry: Entry) -> str:
        label = phrases.label(entry, self._language)
        facts: list[tuple[Text, str]] = [
            (phrases.PERIOD, phrases.days(entry.period, self._language)),
            (phrases.STANDING, entry.standing.in_(self._language)),
            *phrases.history(entry, self._language),
        ]
        if entry.sheet is not None:
            facts += self._sheet_facts(entry, entry.sheet)
        sheets = entry.sheet.indicators if entry.sheet is not None else ()
        body = "".join(self._indicator(sheet, entry) for sheet in sheets)
        return (
            f'<section class="delivery" id="delivery-{number}"><h2>{escape(label)}</h2>\n'
            f"{self._facts(*facts)}\n{self._paper(entry)}{self._problem(entry)}{body}</section>"
        )

    def _sheet_facts(self, entry: Entry, sheet: Sheet) -> list[tuple[Text, str]]:
        language = self._language
        verdict = phrases.VERDICTS.get(entry.verdict or "")
        audit = verdict.in_(language) if verdict else "–"
        if entry.linked:
            audit = f"{audit}, {phrases.jointly(entry.linked).in_(language)}"
        why = phrases.why(entry, language) if not phrases.reasons_elsewhere(entry) else ""
        return [
            (phrases.CELLS, phrases.cells(sheet).in_(language)),
            *([(phrases.WHY, why)] if why else []),
            (phrases.AUDIT, audit),
            (phrases.SIZE, f"{whole(sheet.payload_bytes, language)} {phrases.BYTES.in_(language)}"),
            (phrases.DIGEST, sheet.payload_sha256),
        ]

    def _paper(self, entry: Entry) -> str:
        """Point to the reasons for withholding, where they stand on the paper of an earlier delivery."""
        if entry.paper is None or not phrases.reasons_elsewhere(entry):
            return ""
        link = f'<a href="{escape(entry.paper.as_uri())}">{escape(phrases.paper_name(entry.paper))}</a>'
        return f'<p class="note">{self._say(phrases.REASONS_ELSEWHERE)}: {link}</p>\n'

    def _problem(self, entry: Entry) -> str:
        if entry.problem is None:
            return ""
        items = "".join(f"<li>{self._say(item.text)}</li>" for item in entry.problem.errors)
        problem = entry.problem.problem
        return (
            f'<div class="alert"><p><strong>{self._say(problem.title)}</strong> '
            f"{self._say(phrases.what_to_do(entry.problem))}</p>"
            + (f"<ul>{items}</ul>" if items else "")
            + "</div>\n"
        )

    def _indicator(self, sheet: IndicatorSheet, entry: Entry) -> str:
        indicator = sheet.indicator
        missing = phrases.missing(indicator, entry, self._dossier) if not sheet.collected else None
        if not sheet.collected and missing is None:
            return ""
        unit = (
            f" {self._say(phrases.UNIT)}: {self._say(unit_label(indicator))}." if indicator.decimals else ""
        )
        head = (
            f"<h3>{self._say(indicator.name)}</h3>\n"
            f'<p class="definition">{self._say(indicator.definition)}{unit}</p>\n'
        )
        if missing is not None:
            return f'{head}<p class="note">{self._say(missing)}</p>\n'
        tables = "\n".join(self._table(table, indicator.decimals) for table in sheet.tables)
        return f'{head}<div class="tables">\n{tables}\n</div>\n'

    def _table(self, table: SheetTable, decimals: int) -> str:
        heads = "".join(f'<th scope="col">{self._say(column)}</th>' for column in table.columns)
        rows = "\n".join(self._line(line, decimals) for line in table.lines)
        multiple = f'<p class="multiple">{self._say(phrases.MULTIPLE)}</p>' if table.multiple else ""
        return (
            f"<figure><table><caption>{self._say(table.caption)}</caption>\n"
            f'<thead><tr><th scope="col">{self._say(table.head)}</th>{heads}</tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody></table>{multiple}</figure>"
        )

    def _line(self, line: Line, decimals: int) -> str:
        cells = "".join(self._cell(cell, decimals) for cell in line.cells)
        kind = ' class="total"' if line.depth == 0 else ""
        return f'<tr{kind}><th scope="row" class="depth{line.depth}">{self._say(line.label)}</th>{cells}</tr>'

    def _cell(self, cell: Cell, decimals: int) -> str:
        text = escape(phrases.figure(cell, decimals=decimals, language=self._language))
        if cell.state is not CellState.SUPPRESSED:
            return f"<td>{text}</td>"
        letter = f"<sup>{escape(cell.note.letter)}</sup>" if cell.note is not None else ""
        spoken = self._say(phrases.HIDDEN_SIGN)
        return (
            f'<td class="withheld"><b aria-hidden="true">{text}</b>'
            f'<span class="hidden">{spoken}</span>{letter}</td>'
        )

    def _facts(self, *facts: tuple[Text, str]) -> str:
        return f"<dl>{''.join(self._fact(name, value) for name, value in facts)}</dl>"

    def _fact(self, name: Text, value: str) -> str:
        kind = ' class="digest"' if name is phrases.DIGEST else ""
        return f"<dt>{self._say(name)}</dt><dd{kind}>{escape(value)}</dd>"

    def _signature(self) -> str:
        fields: Iterable[str] = (f"<div>{self._say(text)}</div>" for text in phrases.SIGNATURE_FIELDS)
        return (
            f'<section class="closing"><h2>{self._say(phrases.SIGNATURE)}</h2>\n'
            f'<div class="signature">{"".join(fields)}</div></section>'
        )
