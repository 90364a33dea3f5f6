"""`kim-node check`: read the source, say what is wrong with it, keep set-aside rows in the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.cli.figures.doubting import doubts_member, show_doubts
from node.cli.figures.source_report import (
    findings_member,
    keep_locally,
    not_collected_member,
    rows_member,
    say_not_collected,
    say_not_ended,
    say_without_year,
    show_sources,
    sources_member,
    unmapped_member,
)
from node.cli.frame.session import Session
from node.cli.terminal.console import problem_member
from node.cli.terminal.grouping import gathered, label, periods_of, waiting
from node.pipeline import (
    Doubt,
    Slot,
    Stopwatch,
    count_figures,
    doubts_of,
    due_slots,
    facts_by_area,
    read_sources,
    require_strict_enough,
    split_by_end,
)
from node.quality import Prepared, require_mapped
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.nouns import whole
from protocol.texts import Text

_DUE_HEADS: Final = (
    Text("Bestand", "Dataset"),
    Text("Lieferungen", "Deliveries"),
    Text("Zeitraum", "Period"),
)


def check_source(session: Session) -> int:
    """Check the source of a node.

    Returns:
        0 if it can be delivered, else the exit code of what is in the way.

    Raises:
        KimError: if the source cannot be read at all.
    """
    settings, console = session.settings, session.console
    catalogue = load_catalogue()
    require_strict_enough(settings, catalogue)
    stopwatch = Stopwatch(session.clock)
    prepared = read_sources(settings, catalogue, stopwatch=stopwatch)
    keep_locally(session, prepared)
    facts = facts_by_area(prepared, settings)
    slots = due_slots(prepared, settings=settings, catalogue=catalogue)
    ended, not_ended = split_by_end(prepared, slots, catalogue=catalogue, clock=session.clock)
    problem = _obstacle(prepared)
    doubts = _doubts(session, prepared, catalogue, stopwatch) if problem is None else ()
    console.result(
        {
            "node": settings.node,
            "area": settings.area,
            "export_date": prepared.export_date.isoformat() if prepared.export_date else None,
            "rows": rows_member(prepared),
            "sources": sources_member(prepared),
            "findings": findings_member(prepared.findings),
            "unmapped": unmapped_member(prepared),
            "deliveries": [_member(slot) for slot in ended],
            "periods": {
                "deliverable": list(dict.fromkeys(str(slot.period) for slot in ended)),
                "not_ended": waiting(slot.period for slot in not_ended),
            },
            "not_collected": not_collected_member(catalogue, facts),
            "doubts": doubts_member(doubts),
            "quarantine": str(settings.quarantine),
            "noted_rows": str(settings.noted_rows),
            "report": str(settings.report),
            "problem": problem_member(problem),
        }
    )
    show_sources(console, catalogue, prepared)
    show_doubts(console, catalogue, doubts)
    _show_due(session, catalogue, ended)
    say_not_ended(console, waiting(slot.period for slot in not_ended))
    say_without_year(console, catalogue, facts, due=(slot.dataset_id for slot in slots))
    say_not_collected(console, catalogue, facts)
    _show_files(session)
    if problem is None:
        return 0
    console.say()
    console.explain(problem)
    return problem.exit_code


def _doubts(
    session: Session, prepared: Prepared, catalogue: Catalogue, stopwatch: Stopwatch
) -> tuple[Doubt, ...]:
    settings = session.settings
    figures = count_figures(
        prepared, settings=settings, catalogue=catalogue, clock=session.clock, stopwatch=stopwatch
    )
    return doubts_of(figures, area=settings.area, catalogue=catalogue, breaks=settings.breaks)


def _obstacle(prepared: Prepared) -> KimError | None:
    try:
        require_mapped(prepared.unmapped)
    except KimError as error:
        return error
    return None


@dataclass(frozen=True, slots=True)
class _Due:
    """A delivery as lists take it."""

    area: str
    dataset: str
    period: str


def _member(slot: Slot) -> dict[str, str]:
    return {"area": slot.area, "dataset": slot.dataset_id, "period": str(slot.period)}


def _show_due(session: Session, catalogue: Catalogue, slots: Sequence[Slot]) -> None:
    console, area = session.console, session.settings.area
    console.say()
    if not slots:
        console.say(Text("Lieferbar: nichts", "Can be delivered: nothing"))
        return
    console.say(Text("Lieferbar:", "Can be delivered:"))
    due = [_Due(**_member(slot)) for slot in slots]
    console.table(
        _DUE_HEADS,
        [
            [
                label(group[0], catalogue, own_area=area).in_(console.language),
                whole(len(group), console.language),
                periods_of(group),
            ]
            for group in gathered(due, catalogue, alike=lambda _: None)
        ],
        numbers=(1,),
    )


def _show_files(session: Session) -> None:
    console, settings = session.console, session.settings
    console.say()
    console.say(Text("Im Haus bleiben:", "These stay in the house:"))
    for text, path in (
        (Text("zurückgestellte Zeilen", "rows set aside"), settings.quarantine),
        (Text("Zeilen zum Nachsehen", "rows to look at"), settings.noted_rows),
        (Text("dieser Bericht", "this report"), settings.report),
    ):
        console.say(f"  {text.in_(console.language):22}  {path}")
