"""`kim-node check`: read the source, say what is wrong with it, keep set-aside rows in the house."""

from __future__ import annotations

from node.cli.console import problem_member
from node.cli.session import Session
from node.cli.source_report import (
    findings_member,
    keep_locally,
    rows_member,
    say_not_ended,
    show_source,
    unmapped_member,
)
from node.pipeline import Stopwatch, read_source, require_strict_enough, split_by_end
from node.quality import Prepared, require_mapped
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.periods import Period
from protocol.texts import Text


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
    prepared = read_source(settings, catalogue, stopwatch=stopwatch)
    keep_locally(session, prepared)
    ended, not_ended = split_by_end(prepared, settings.periods, clock=session.clock)
    problem = _obstacle(prepared)
    console.result(
        {
            "node": settings.node,
            "area": settings.area,
            "export_date": prepared.export_date.isoformat() if prepared.export_date else None,
            "rows": rows_member(prepared),
            "findings": findings_member(prepared.findings),
            "unmapped": unmapped_member(prepared),
            "periods": {
                "deliverable": [str(period) for period in ended],
                "not_ended": [str(period) for period in not_ended],
            },
            "quarantine": str(settings.quarantine),
            "noted_rows": str(settings.noted_rows),
            "report": str(settings.report),
            "problem": problem_member(problem),
        }
    )
    show_source(console, prepared)
    _show_periods(session, ended, tuple(not_ended))
    if problem is None:
        return 0
    console.say()
    console.explain(problem)
    return problem.exit_code


def _obstacle(prepared: Prepared) -> KimError | None:
    try:
        require_mapped(prepared.unmapped)
    except KimError as error:
        return error
    return None


def _show_periods(session: Session, ended: tuple[Period, ...], not_ended: tuple[Period, ...]) -> None:
    console, settings = session.console, session.settings
    console.say()
    nothing = Text("keine", "none").in_(console.language)
    names = ", ".join(map(str, ended)) or nothing
    console.say(Text(f"Lieferbar: {names}", f"Can be delivered: {names}"))
    say_not_ended(console, [str(period) for period in not_ended])
    console.say(Text("Im Haus bleiben:", "These stay in the house:"))
    for text, path in (
        (Text("zurückgestellte Zeilen", "rows set aside"), settings.quarantine),
        (Text("Zeilen zum Nachsehen", "rows to look at"), settings.noted_rows),
        (Text("dieser Bericht", "this report"), settings.report),
    ):
        console.say(f"  {text.in_(console.language):22}  {path}")
