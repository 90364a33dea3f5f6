"""What a person is told about the source: counts, findings, and local texts that have no code yet.

The local texts appear on the municipality's own screen and in its own file only: never in JSON output, which
programs pass on, and never in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from aggregation.facts import Facts
from node.cli.frame.session import Session
from node.cli.terminal.console import Console
from node.dossier import counted_things
from node.durable_files import replace_private_file, write_error
from node.mapping import target_codes
from node.pipeline import not_collected
from node.quality import (
    HANDLINGS,
    Finding,
    Prepared,
    SourceCounts,
    write_noted_rows,
    write_quarantine,
)
from protocol.catalogue import Catalogue
from protocol.nouns import whole
from protocol.periods import Period
from protocol.texts import Text

_SOURCE_HEADS: Final = (
    Text("Quelle", "Source"),
    Text("Inhalt", "Holds"),
    Text("Export vom", "Exported"),
    Text("Zeilen", "Rows"),
    Text("zählen", "count"),
    Text("zurückgestellt", "set aside"),
    Text("nicht gezählt", "not counted"),
)
_SOURCE: Final = Text("Quelle", "Source")
_HOLDS: Final[Mapping[str, Text]] = {
    "cases": Text("Fälle", "cases"),
    "posts": Text("Stellen", "posts"),
    "funds": Text("Mittel", "funds"),
    "issues": Text("Strukturthemen", "structural issues"),
    "decisions": Text("Entscheidungen", "decisions"),
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

_CODE_HEADS: Final = (
    Text("Zuordnung", "Mapping"),
    Text("Schlüssel", "Code"),
    Text("Bedeutung", "Meaning (in German)"),
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
        {
            "source": finding.source,
            "trap": finding.trap,
            "handling": finding.handling.value,
            "rows": finding.rows,
        }
        for finding in findings
    ]


def sources_member(prepared: Prepared) -> list[dict[str, Any]]:
    """What became of the rows of each source, as a member of a JSON result."""
    return [
        {**asdict(source), "export_date": source.export_date.isoformat() if source.export_date else None}
        for source in prepared.sources
    ]


def unmapped_member(prepared: Prepared) -> list[dict[str, Any]]:
    """Columns with unmapped texts as a member of a JSON result; without the texts."""
    rows: dict[tuple[str, str], int] = {}
    for entry in prepared.unmapped:
        column = (entry.source, entry.column)
        rows[column] = rows.get(column, 0) + entry.rows
    return [{"source": source, "column": column, "rows": count} for (source, column), count in rows.items()]


def keep_locally(session: Session, prepared: Prepared) -> None:
    """Write the local quarantine, the list of rows to look at and the local report.

    Raises:
        KimError: ``storage_full`` or ``cannot_write`` if they cannot be written.
    """
    settings, language = session.settings, session.console.language
    lines = [_summary(prepared).in_(language), ""]
    lines += [f"{found.title.in_(language)}: {found.text.in_(language)}" for found in prepared.findings]
    lines += ["", *("  ".join(row) for row in _unmapped_rows(prepared, language))]
    try:
        write_quarantine(settings.quarantine, prepared.quarantine)
        write_noted_rows(settings.noted_rows, prepared.noted)
        replace_private_file(settings.report, ("\n".join(lines) + "\n").encode("utf-8"))
    except OSError as error:
        raise write_error(error, settings.home) from error
    session.logbook.write(
        "source.read", {"rows": prepared.counts.read, "quarantined": prepared.counts.quarantined}
    )


def show_sources(console: Console, catalogue: Catalogue, prepared: Prepared) -> None:
    """Print what became of each source, findings and unmapped texts."""
    language = console.language
    console.table(
        _SOURCE_HEADS, [_source_row(source, language) for source in prepared.sources], numbers=(3, 4, 5, 6)
    )
    console.say()
    console.say(_summary(prepared))
    console.say()
    several = len(prepared.sources) > 1
    console.table(
        (_SOURCE, *_FINDING_HEADS) if several else _FINDING_HEADS,
        [
            [
                *([finding.source] if several else []),
                finding.trap,
                HANDLINGS[finding.handling].in_(language),
                whole(finding.rows, language),
                finding.text.in_(language),
            ]
            for finding in prepared.findings
        ],
        numbers=(3,) if several else (2,),
    )
    if prepared.unmapped:
        console.say()
        console.say(
            Text(
                "Angaben ohne Schlüssel. Solange sie nicht zugeordnet sind, wird nichts geliefert:",
                "Values without a code. Nothing is delivered while they are not mapped:",
            )
        )
        console.table(
            (_SOURCE, *_UNMAPPED_HEADS) if several else _UNMAPPED_HEADS,
            _unmapped_rows(prepared, language),
            numbers=(2,) if several else (1,),
        )
        console.say()
        console.say(Text("Mögliche Schlüssel:", "Possible codes:"))
        codes = target_codes(catalogue)
        console.table(
            _CODE_HEADS,
            [
                [f"[mapping.{dimension}]", code, label if label != code else ""]
                for dimension in dict.fromkeys(entry.dimension for entry in prepared.unmapped)
                for code, label in codes[dimension].items()
            ],
        )


def _source_row(source: SourceCounts, language: str) -> list[str]:
    day = source.export_date
    holds = _HOLDS[source.holds].in_(language)
    dated = "–" if day is None else day.isoformat() if language == "en" else f"{day:%d.%m.%Y}"
    return [
        source.name,
        f"{holds} ({source.area})" if source.area is not None else holds,
        dated,
        whole(source.read, language),
        whole(source.counted, language),
        whole(source.quarantined, language),
        whole(source.dropped, language),
    ]


def say_not_ended(console: Console, periods: Sequence[str]) -> None:
    """Name the periods that had not ended when the file was exported, on one line; none is no line.

    Args:
        console: where the line goes.
        periods: the one that ends first first; whatever ends after it has not ended either.
    """
    if not periods:
        return
    first_end = Period.parse(periods[0]).last_day
    first = [period for period in periods if Period.parse(period).last_day == first_end]
    several = len(first) < len(periods)
    named = first[0] if several else ", ".join(first)
    console.say(
        Text(
            f"Beim Export noch nicht abgeschlossen: {'ab ' if several else ''}{named}",
            f"Had not ended when the file was exported: {named}{' and later' if several else ''}",
        )
    )


def not_collected_member(catalogue: Catalogue, facts: Mapping[str, Facts]) -> list[dict[str, str]]:
    """What the node has no source for, as a member of a JSON result."""
    return [
        {"dataset": dataset, "indicator": indicator} for dataset, indicator in not_collected(catalogue, facts)
    ]


def say_not_collected(console: Console, catalogue: Catalogue, facts: Mapping[str, Facts]) -> None:
    """Name on one line what the node has no source for: whole dataflows, and indicators of the others."""
    missing: dict[str, list[str]] = {}
    for dataset_id, indicator in not_collected(catalogue, facts):
        missing.setdefault(dataset_id, []).append(indicator)
    if not missing:
        return
    names: list[Text] = []
    for dataset_id, indicators in missing.items():
        dataset = catalogue.dataset(dataset_id)
        whole_dataset = len(indicators) == len(dataset.indicators)
        names += [dataset.name] if whole_dataset else [catalogue.indicator(i).name for i in indicators]
    console.say(
        Text(
            f"Keine Quelle, daher nicht geliefert: {', '.join(name.de for name in names)}",
            f"No source, so not delivered: {', '.join(name.en for name in names)}",
        )
    )


def say_without_year(
    console: Console, catalogue: Catalogue, facts: Mapping[str, Facts], *, due: Iterable[str]
) -> None:
    """Name on one line what is delivered by the year only while no whole year lies in the span; or no line.

    Args:
        console: where the line goes.
        catalogue: what is delivered how often.
        facts: by area; what is not collected is not named.
        due: dataflows of everything that is due, ended or not.
    """
    missing = {indicator for _, indicator in not_collected(catalogue, facts)}
    known = frozenset(due)
    names = [
        dataset.name
        for dataset in catalogue.datasets.values()
        if set(dataset.frequencies) == {"A"}
        and dataset.id not in known
        and any(indicator.id not in missing for indicator in dataset.indicators)
    ]
    if names:
        listed = Text(", ".join(name.de for name in names), ", ".join(name.en for name in names))
        console.say(
            Text(
                f"Nur für ganze Jahre, und unter [periods] liegt keines: {listed.de}",
                f"For whole years only, and [periods] holds none: {listed.en}",
            )
        )


def _summary(prepared: Prepared) -> Text:
    """Say what was found in all sources together: cases, persons, contacts, posts, bookings."""
    counted = counted_things(prepared)
    return Text(
        f"Gezählt werden {', '.join(text.de for text in counted)}.",
        f"Counted: {', '.join(text.en for text in counted)}.",
    )


def _unmapped_rows(prepared: Prepared, language: str) -> list[list[str]]:
    several = len(prepared.sources) > 1
    return [
        [
            *([entry.source] if several else []),
            entry.column,
            whole(entry.rows, language),
            f'[mapping.{entry.dimension}] {_toml_key(entry.value)} = "…"',
        ]
        for entry in prepared.unmapped
    ]


def _toml_key(text: str) -> str:
    """Write a local text as a TOML key, without characters that would act on a terminal."""
    plain = "".join(character if character.isprintable() else "�" for character in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
