"""The result of the demo for a person: tables on the terminal, in one language.

It deliberately does not: judge. What failed stands in the summary already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from hub.demo.comparison.judgement import Check
from hub.demo.course.progress import number, tenths
from hub.demo.course.verdicts import VERDICTS, worst_verdict
from hub.demo.result.summary import FindingCount, Summary
from hub.demo.result.trap_names import HANDLINGS, TRAPS
from protocol.texts import Language, Text

_MIB: Final = 1024 * 1024
_KINDS: Final = {
    "sum": Text("addierbare Merkmale", "additive indicators"),
    "max_sum": Text("verschiedene Personen", "distinct persons"),
}
_STEPS: Final = {
    "total": Text("Alles zusammen", "Everything"),
    "set_up": Text("  aufbauen", "  set up"),
    "deliver": Text("  liefern", "  deliver"),
    "publish": Text("  veröffentlichen", "  publish"),
    "compare": Text("  vergleichen", "  compare"),
    "verify": Text("  Belege prüfen", "  verify evidence"),
}
_FAILURES_SHOWN: Final = 25


def print_summary(summary: Summary, console: Console, *, language: Language) -> None:
    """Print all tables and the verdict."""
    tables = _Tables(language)
    console.print()
    console.print(tables.overview(summary))
    console.print(tables.costs(summary))
    console.print(tables.datasets(summary))
    console.print(tables.findings(summary.findings))
    console.print(tables.audits(summary))
    console.print(tables.checks(summary))
    if summary.ok:
        held = Text("Alle Prüfungen bestanden.", "All checks passed.")
        console.print(f"[bold green]{held.in_(language)}[/]")
        return
    failed = Text("Nicht bestanden", "Failed").in_(language)
    console.print(f"[bold red]{failed}: {len(summary.failures)}[/]")
    for failure in summary.failures[:_FAILURES_SHOWN]:
        console.print(f"  - {failure.in_(language)}", markup=False, highlight=False)
    more = len(summary.failures) - _FAILURES_SHOWN
    if more > 0:
        rest = Text(f"… und {more} weitere (--json zeigt alle)", f"… and {more} more (--json shows all)")
        console.print(f"  {rest.in_(language)}", markup=False, highlight=False)


class _Tables:
    """Lays the parts of a summary out as tables, in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def overview(self, summary: Summary) -> Table:
        table = self._table(Text("Ergebnis der Demo", "Result of the demo"), show_header=False)
        table.add_column()
        table.add_column(justify="right")
        document = summary.document()
        areas, cells = document["areas"], document["cells"]

        def row(label: Text, figure: str) -> None:
            table.add_row(label.in_(self._language), figure)

        row(Text("Gebiete geliefert", "Areas delivered"), self._of(areas["delivered"], areas["expected"]))
        row(
            Text("Lieferungen (Datensatz × Zeitraum)", "Deliveries (dataset × period)"),
            self._of(document["deliveries"], document["deliveries_expected"]),
        )
        row(
            Text("  als Berichtigung angenommen", "  accepted as revisions"),
            self._number(document["revised"]),
        )
        row(
            Text("  Korrekturen, die der Knoten festhält", "  corrections that a node holds"),
            self._number(document["corrections_held"]),
        )
        row(Text("Zeilen in allen Listen", "Rows in all lists"), self._number(document["rows"]))
        row(Text("Zellen geliefert", "Cells delivered"), self._number(cells["delivered"]))
        row(
            Text("davon zurückgehalten", "of them withheld"),
            f"{self._number(cells['withheld'])} ({self._percent(cells['withheld_share'])})",
        )
        for share in document["statewide"]:
            kind = _KINDS[share["kind"]]
            row(
                Text(f"Landeszellen genau bekannt, {kind.de}", f"Statewide cells known exactly, {kind.en}"),
                f"{self._of(share['exact'], share['cells'])} ({self._percent(share['exact_share'])})",
            )
            width = share["median_width"]
            row(
                Text("  Spannweite der übrigen (Median)", "  width of the others (median)"),
                "–" if width is None else self._number(width),
            )
            row(
                Text("  nach oben offen (Lieferung fehlt)", "  open above (delivery missing)"),
                self._number(share["open"]),
            )
        row(Text("Speicherspitze Hub", "Peak memory, hub"), self._mib(summary.hub.peak_bytes))
        row(
            Text("Speicherspitze größter Knoten", "Peak memory, largest node"),
            self._mib(max((r.node_peak_bytes for r in summary.runs), default=0)),
        )
        return table

    def costs(self, summary: Summary) -> Table:
        table = self._table(Text("Zeit und Rechenzeit in Sekunden", "Time and processor time in seconds"))
        self._columns(table, Text("Schritt", "Step"))
        self._columns(
            table,
            Text("Dauer", "Duration"),
            Text("Hub", "hub"),
            Text("Knoten und Befehle", "nodes and commands"),
            Text("Demo selbst", "the demo itself"),
            numbers=True,
        )
        for step, cost in summary.costs.items():
            used = cost.processor_seconds.values()
            figures = (self._tenths(seconds) for seconds in (cost.seconds, *used))
            table.add_row(_STEPS[step].in_(self._language), *figures)
        return table

    def datasets(self, summary: Summary) -> Table:
        table = self._table(Text("Lieferungen nach Datensatz", "Deliveries by dataset"))
        self._columns(table, Text("Datensatz", "Dataset"))
        self._columns(
            table,
            Text("Lieferungen", "Deliveries"),
            Text("Zellen", "Cells"),
            Text("zurückgehalten", "withheld"),
            Text("Anteil", "share"),
            numbers=True,
        )
        self._columns(table, Text("Prüfung", "Audit"))
        for dataset, part in summary.document()["datasets"].items():
            cells = part["cells"]
            audits = (
                f"{VERDICTS[name].in_(self._language)} {self._number(times)}"
                for name, times in part["audit"].items()
            )
            table.add_row(
                dataset,
                self._number(part["deliveries"]),
                self._number(cells["delivered"]),
                self._number(cells["withheld"]),
                self._percent(cells["withheld_share"]),
                ", ".join(audits),
            )
        return table

    def findings(self, findings: Sequence[FindingCount]) -> Table:
        table = self._table(
            Text("Befunde je Falle: gefunden und erwartet", "Findings by trap: found and expected")
        )
        self._columns(table, Text("Falle", "Trap"), Text("Behandlung", "Handling"))
        self._columns(table, Text("gefunden", "found"), Text("erwartet", "expected"), numbers=True)
        table.add_column("")
        differs, agrees = Text("weicht ab", "differs"), Text("stimmt", "agrees")
        for finding in findings:
            expected = self._number(finding.expected)
            sign = (
                f"[red]{differs.in_(self._language)}[/]"
                if finding.areas_that_differ
                else f"[green]{agrees.in_(self._language)}[/]"
            )
            table.add_row(
                f"{finding.trap} {TRAPS[finding.trap].in_(self._language)}",
                HANDLINGS[finding.handling].in_(self._language),
                self._number(finding.found),
                expected if finding.exact else f"≥ {expected}",
                sign,
            )
        return table

    def audits(self, summary: Summary) -> Table:
        table = self._table(Text("Urteil der Geheimhaltungsprüfung", "Verdict of the disclosure audit"))
        self._columns(table, Text("Urteil", "Verdict"))
        self._columns(table, Text("Gebiete", "Areas"), numbers=True)
        self._columns(table, Text("welche", "which"))
        by_verdict: dict[str, list[str]] = {}
        for run in summary.runs:
            by_verdict.setdefault(worst_verdict(run.deliveries), []).append(run.region.id)
        for name, areas in sorted(by_verdict.items()):
            which = " ".join(area.removeprefix("NW") for area in areas)
            table.add_row(VERDICTS[name].in_(self._language), str(len(areas)), which)
        return table

    def checks(self, summary: Summary) -> Table:
        table = self._table(Text("Vergleich mit den wahren Zahlen", "Comparison with the true figures"))
        self._columns(table, Text("Prüfung", "Check"))
        self._columns(table, Text("gehalten", "held"), Text("verletzt", "violated"), numbers=True)
        for check in Check:
            held, failed = summary.judgement.checks[check], summary.judgement.failures[check]
            table.add_row(
                check.text.in_(self._language),
                self._number(held),
                f"[red]{self._number(failed)}[/]" if failed else "0",
            )
        return table

    def _table(self, title: Text, *, show_header: bool = True) -> Table:
        return Table(title=title.in_(self._language), title_justify="left", show_header=show_header)

    def _columns(self, table: Table, *heads: Text, numbers: bool = False) -> None:
        for head in heads:
            table.add_column(head.in_(self._language), justify="right" if numbers else "left")

    def _of(self, part: int, whole: int) -> str:
        word = Text("von", "of").in_(self._language)
        return f"{self._number(part)} {word} {self._number(whole)}"

    def _number(self, value: float) -> str:
        return number(value, self._language)

    def _tenths(self, value: float) -> str:
        return tenths(value, self._language)

    def _percent(self, share: float | None) -> str:
        return "–" if share is None else f"{self._tenths(100 * share)} %"

    def _mib(self, size: int | None) -> str:
        return "–" if size is None else f"{self._number(round(size / _MIB))} MiB"
