"""How a run ended: in sentences, as JSON, and as an exit code."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aggregation.protect.cli.console import Console
from aggregation.protect.model import Kind
from aggregation.protect.summary import Protection, Summary
from aggregation.protect.wording import cell_label, derivation
from aggregation.sdc.audit import Verdict
from protocol.nouns import CELL
from protocol.texts import Text

EXIT_CODES: Final = MappingProxyType({Verdict.SAFE: 0, Verdict.UNSAFE: 3, Verdict.UNKNOWN: 4})
_SHOWN: Final = 10
_STEPS: Final = 2

_VERDICTS: Final = MappingProxyType(
    {
        Verdict.SAFE: Text("Sicher", "Safe"),
        Verdict.UNSAFE: Text("Unsicher", "Unsafe"),
        Verdict.UNKNOWN: Text("Ungeklärt", "Unknown"),
    }
)


def say_summary(console: Console, summary: Summary, *, command: str, out: Path | None = None) -> None:
    """Print what a run came to."""
    report = summary.report
    safe = report.verdict is Verdict.SAFE
    document: dict[str, Any] = {"command": command, **summary.document()}
    if out is not None:
        document["out"] = str(out) if safe else None
    console.result(document)
    if summary.protection is not None:
        _say_protection(console, summary.protection)
    verdict, level = _VERDICTS[report.verdict], ""
    if summary.structure.kind is Kind.FREQUENCY:
        level = f" {report.level.value}"
    attackers = "attacker" if report.attackers == 1 else "attackers"
    console.say(
        Text(
            f"{verdict.de}{level}: {report.attackers} Angreifer geprüft, {summary.withheld} von "
            f"{summary.cells} Zellen gesperrt.",
            f"{verdict.en}{level}: {report.attackers} {attackers} examined, {summary.withheld} of "
            f"{summary.cells} cells withheld.",
        )
    )
    if report.out_of_reach:
        beyond = CELL.counted(report.out_of_reach)
        console.say(
            Text(
                f"Für {beyond.de} lassen die Tabellen das ganze Niveau nicht zu.",
                f"For {beyond.en} the tables do not allow the whole level.",
            )
        )
    if report.harmless:
        console.say(
            Text(
                "1 gesperrte Zelle lässt sich berechnen; nach den Regeln ist sie nicht zu schützen (--json "
                "nennt sie).",
                "1 withheld cell can be computed; by the rules it is not sensitive (--json names it).",
            )
            if len(report.harmless) == 1
            else Text(
                f"{len(report.harmless)} gesperrte Zellen lassen sich berechnen; nach den Regeln sind sie "
                "nicht zu schützen (--json nennt sie).",
                f"{len(report.harmless)} withheld cells can be computed; by the rules they are not sensitive "
                "(--json names them).",
            )
        )
    _say_findings(console, summary)
    if out is not None:
        console.say(
            Text(f"Geschrieben: {out}", f"Written: {out}")
            if safe
            else Text("Nichts geschrieben.", "Nothing written.")
        )


def _say_protection(console: Console, found: Protection) -> None:
    sensitive = CELL.counted(found.sensitive)
    console.say(
        Text(
            f"Zu schützen: {sensitive.de}; ihretwegen auch gesperrt: {found.secondary}.",
            f"Sensitive: {sensitive.en}; withheld for their sake: {found.secondary} more.",
        )
    )
    if found.optimal:
        console.say(Text("Weniger geht nicht (bewiesen).", "No pattern costs less (proven)."))
    elif found.bound is not None:
        console.say(
            Text(
                f"Mindestens {found.bound} sind nötig (bewiesen).",
                f"At least {found.bound} are needed (proven).",
            )
        )
    elif found.gap_percent is not None:
        console.say(
            Text(
                f"Höchstens {found.gap_percent} % teurer als nötig (bewiesen).",
                f"At most {found.gap_percent} % dearer than needed (proven).",
            )
        )
    console.say(
        Text(
            f"Runden: {found.rounds} (dasselbe Muster noch einmal: --rounds {found.rounds}).",
            f"Rounds: {found.rounds} (the same pattern again: --rounds {found.rounds}).",
        )
    )


def _say_findings(console: Console, summary: Summary) -> None:
    tables, report = summary.structure.tables, summary.report
    for finding in report.findings[:_SHOWN]:
        words = derivation(tables, finding, steps=_STEPS)
        console.say(Text(f"  - {words.de}", f"  - {words.en}"))
    rest = len(report.findings) - _SHOWN
    if rest > 0:
        console.say(
            Text(f"  - und {rest} weitere (--json zeigt alle)", f"  - and {rest} more (--json shows all)")
        )
    for cell in report.undecided[:_SHOWN]:
        label = cell_label(tables, cell)
        console.say(Text(f"  ? {label.de}: keine Antwort", f"  ? {label.en}: no answer"))
