"""The result of the demo for a person: German, laid out as tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from hub.demo.summary import FindingCount, Summary, verdict

_MIB: Final = 1024 * 1024
_VERDICTS: Final = {"safe": "sicher", "unsafe": "UNSICHER", "unknown": "UNGEKLÄRT", "none": "keine Lieferung"}
_KINDS: Final = {"sum": "addierbare Merkmale", "max_sum": "verschiedene Personen"}
_STEPS: Final = {
    "total": "Dauer",
    "set_up": "  Hub starten, Knoten eintragen",
    "deliver": "  Exporte erzeugen, zählen, schützen, liefern",
    "publish": "  Quartale schließen und veröffentlichen",
    "compare": "  mit den wahren Zahlen vergleichen",
}
_HANDLINGS: Final = {
    "R": "Quarantäne",
    "D": "ausgelassen",
    "W": "Hinweis",
    "N": "vereinheitlicht",
}
_FAILURES_SHOWN: Final = 25


def print_summary(summary: Summary, console: Console) -> None:
    """Print all tables and the verdict."""
    console.print()
    console.print(_overview(summary))
    console.print(_findings(summary.findings))
    console.print(_audits(summary))
    console.print(_checks(summary))
    if summary.ok:
        console.print("[bold green]Alle Prüfungen bestanden.[/]")
        return
    console.print(f"[bold red]Nicht bestanden: {len(summary.failures)}[/]")
    for failure in summary.failures[:_FAILURES_SHOWN]:
        console.print(f"  - {failure}", markup=False, highlight=False)
    if len(summary.failures) > _FAILURES_SHOWN:
        console.print(f"  … und {len(summary.failures) - _FAILURES_SHOWN} weitere (--json FILE zeigt alle)")


def _overview(summary: Summary) -> Table:
    table = Table(title="Ergebnis der Demo", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    document = summary.document()
    areas, cells = document["areas"], document["cells"]
    table.add_row("Gebiete geliefert", f"{areas['delivered']} von {areas['expected']}")
    table.add_row("Lieferungen (Datensatz × Quartal)", _number(document["deliveries"]))
    table.add_row("Zeilen in den Exporten", _number(document["rows"]))
    table.add_row("Zellen geliefert", _number(cells["delivered"]))
    table.add_row(
        "davon zurückgehalten", f"{_number(cells['withheld'])} ({_percent(cells['withheld_share'])})"
    )
    for share in document["statewide"]:
        kind = _KINDS[share["kind"]]
        table.add_row(
            f"Landeszellen genau bekannt, {kind}",
            f"{_number(share['exact'])} von {_number(share['cells'])} ({_percent(share['exact_share'])})",
        )
        width = share["median_width"]
        table.add_row("  Spannweite der übrigen (Median)", "–" if width is None else _number(width))
        table.add_row("  nach oben offen (Lieferung fehlt)", _number(share["open"]))
    for step, seconds in summary.seconds.items():
        table.add_row(_STEPS[step], f"{seconds:.1f} s".replace(".", ","))
    processor = f"{document['node_cpu_seconds']:.1f} s".replace(".", ",")
    table.add_row("Rechenzeit aller Knoten", processor)
    table.add_row("Speicherspitze Hub", _mib(summary.hub_peak_bytes))
    table.add_row(
        "Speicherspitze größter Knoten", _mib(max((r.node_peak_bytes for r in summary.runs), default=0))
    )
    return table


def _findings(findings: Sequence[FindingCount]) -> Table:
    table = Table(title="Befunde je Falle: gefunden und erwartet", title_justify="left")
    table.add_column("Falle")
    table.add_column("Behandlung")
    table.add_column("gefunden", justify="right")
    table.add_column("erwartet", justify="right")
    table.add_column("")
    for finding in findings:
        expected = _number(finding.expected) if finding.exact else f"≥ {_number(finding.expected)}"
        sign = "[red]weicht ab[/]" if finding.areas_that_differ else "[green]stimmt[/]"
        table.add_row(
            finding.trap,
            _HANDLINGS.get(finding.handling, finding.handling),
            _number(finding.found),
            expected,
            sign,
        )
    return table


def _audits(summary: Summary) -> Table:
    table = Table(title="Urteil der Geheimhaltungsprüfung", title_justify="left")
    table.add_column("Urteil")
    table.add_column("Gebiete", justify="right")
    table.add_column("welche")
    by_verdict: dict[str, list[str]] = {}
    for run in summary.runs:
        by_verdict.setdefault(verdict(run), []).append(run.region.id)
    for name, areas in sorted(by_verdict.items()):
        table.add_row(_VERDICTS[name], str(len(areas)), " ".join(area.removeprefix("NW") for area in areas))
    return table


def _checks(summary: Summary) -> Table:
    table = Table(title="Vergleich mit den wahren Zahlen", title_justify="left")
    table.add_column("Prüfung")
    table.add_column("gehalten", justify="right")
    table.add_column("verletzt", justify="right")
    judgement = summary.judgement
    for name in sorted(judgement.checks.keys() | judgement.failures.keys()):
        failed = judgement.failures[name]
        table.add_row(
            _CHECKS.get(name, name),
            _number(judgement.checks[name]),
            f"[red]{_number(failed)}[/]" if failed else "0",
        )
    return table


_CHECKS: Final = {
    "the API says what the store holds": "Die Schnittstelle zeigt, was gespeichert ist",
    "no figure without a delivery": "Ohne Lieferung keine Zahl",
    "every cell of a delivery is there": "Jede Lieferung ist vollständig",
    "a withheld cell shows no value": "Eine zurückgehaltene Zelle zeigt keinen Wert",
    "the truth lies within the bounds of a withheld cell": "Wahrer Wert in den Grenzen der Zelle",
    "a published value is true": "Veröffentlichter Wert ist der wahre",
    "nothing that a rule withholds is published": "Nichts veröffentlicht, was eine Regel zurückhält",
    "the truth lies within the bounds of a total": "Wahre Summe in den Grenzen der Summe",
    "a total of published cells is exact": "Summe aus lauter veröffentlichten Zellen ist genau",
}


def _number(value: float) -> str:
    # German thousands separator
    return f"{value:,.0f}".replace(",", ".") if value == int(value) else f"{value:.1f}".replace(".", ",")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %".replace(".", ",")


def _mib(size: int | None) -> str:
    return "–" if size is None else f"{_number(round(size / _MIB))} MiB"
