"""What a person is told about the source: counts, findings, and local texts that have no code yet.

The local texts appear on the municipality's own screen and in its own file only: never in JSON output, which
programs pass on, and never in the log.
"""

from __future__ import annotations

from typing import Any, Final

from node.cli.console import Console
from node.cli.session import Session
from node.durable_files import disk_error, replace_private_file
from node.quality import Finding, Handling, Prepared, write_quarantine
from protocol.texts import Text

HANDLINGS: Final = {
    Handling.QUARANTINE: Text("zurückgestellt", "set aside"),
    Handling.DROP: Text("nicht gezählt", "not counted"),
    Handling.NORMALISE: Text("vereinheitlicht", "normalised"),
    Handling.WARN: Text("bitte prüfen", "please check"),
}
_FINDING_HEADS: Final = (
    Text("Regel", "Rule"),
    Text("Behandlung", "Handling"),
    Text("Zeilen", "Rows"),
    Text("Befund", "Finding"),
)
_UNMAPPED_HEADS: Final = (
    Text("Spalte", "Column"),
    Text("Zeilen", "Rows"),
    Text("Zuordnen in node.toml", "To be mapped in node.toml"),
)


def rows_member(prepared: Prepared) -> dict[str, int]:
    """Counts of rows as a member of a JSON result."""
    counts = prepared.counts
    return {
        "read": counts.read,
        "cases": counts.cases,
        "contacts": counts.contacts,
        "persons": counts.persons,
        "quarantined": counts.quarantined,
        "dropped": counts.dropped,
    }


def findings_member(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Findings as a member of a JSON result."""
    return [
        {"trap": finding.trap, "handling": finding.handling.value, "rows": finding.rows}
        for finding in findings
    ]


def unmapped_member(prepared: Prepared) -> list[dict[str, Any]]:
    """Columns with unmapped texts as a member of a JSON result; without the texts."""
    rows: dict[str, int] = {}
    for entry in prepared.unmapped:
        rows[entry.column] = rows.get(entry.column, 0) + entry.rows
    return [{"column": column, "rows": count} for column, count in rows.items()]


def keep_locally(session: Session, prepared: Prepared) -> None:
    """Write the local quarantine and the local report.

    Raises:
        KimError: ``storage_full`` or ``spool_damaged`` if they cannot be written.
    """
    settings, language = session.settings, session.console.language
    lines = [_summary(prepared).in_(language), ""]
    for finding in prepared.findings:
        handling = HANDLINGS[finding.handling].in_(language)
        lines.append(f"{finding.trap} {handling} {finding.rows}: {finding.text.in_(language)}")
    lines += ["", *(f"{column}  {rows}  {line}" for column, rows, line in _unmapped_rows(prepared))]
    try:
        write_quarantine(settings.quarantine, prepared.quarantine)
        replace_private_file(settings.report, ("\n".join(lines) + "\n").encode("utf-8"))
    except OSError as error:
        raise disk_error(error) from error
    session.logbook.write(
        "source.read", {"rows": prepared.counts.read, "quarantined": prepared.counts.quarantined}
    )


def show_source(console: Console, prepared: Prepared) -> None:
    """Print counts, findings and unmapped texts."""
    console.say(_summary(prepared))
    console.say()
    console.table(
        _FINDING_HEADS,
        [
            [
                finding.trap,
                HANDLINGS[finding.handling].in_(console.language),
                str(finding.rows),
                finding.text.in_(console.language),
            ]
            for finding in prepared.findings
        ],
        numbers=(2,),
    )
    if prepared.unmapped:
        console.say()
        console.say(
            Text(
                "Angaben ohne Schlüssel. Solange sie nicht zugeordnet sind, wird nichts geliefert:",
                "Values without a code. Nothing is delivered while they are not mapped:",
            )
        )
        console.table(_UNMAPPED_HEADS, [list(row) for row in _unmapped_rows(prepared)], numbers=(1,))


def _summary(prepared: Prepared) -> Text:
    counts, day = prepared.counts, prepared.export_date
    when_de = f"Export vom {day:%d.%m.%Y}: " if day else ""
    when_en = f"Export of {day.isoformat()}: " if day else ""
    return Text(
        f"{when_de}{counts.read} Zeilen, {counts.cases} Fälle, {counts.persons} Personen, "
        f"{counts.contacts} einmalige Kontakte; {counts.quarantined} zurückgestellt, {counts.dropped} nicht "
        "gezählt.",
        f"{when_en}{counts.read} rows, {counts.cases} cases, {counts.persons} persons, "
        f"{counts.contacts} one-off contacts; {counts.quarantined} set aside, {counts.dropped} not counted.",
    )


def _unmapped_rows(prepared: Prepared) -> list[tuple[str, str, str]]:
    return [
        (entry.column, str(entry.rows), f'[mapping.{entry.dimension}] {_toml_key(entry.value)} = "…"')
        for entry in prepared.unmapped
    ]


def _toml_key(text: str) -> str:
    """Write a local text as a TOML key, without characters that would act on a terminal."""
    plain = "".join(character if character.isprintable() else "�" for character in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
