"""`kim-node preview`: the dossier of what would leave; nothing is signed, kept or sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.cli.figures.doubting import doubts_member
from node.cli.figures.run import begin
from node.cli.figures.source_report import findings_member, not_collected_member, rows_member, sources_member
from node.cli.frame.session import Session
from node.cli.identity.trusting import known_trust, sealing_key
from node.cli.terminal.console import problem_member
from node.dossier import make_dossier, render_html, render_text
from node.durable_files import replace_private_file, require_place, write_error
from node.pipeline import Decision, Prospect, Prospects
from protocol.errors import KimError
from protocol.texts import Text


def show_preview(session: Session, *, html: Path | None, periods: Sequence[str]) -> int:
    """Show what would leave.

    Args:
        session: the configured node.
        html: where to write the dossier as HTML, if anywhere.
        periods: periods named on the command line.

    Returns:
        0, or the exit code of the first delivery that would not leave.

    Raises:
        KimError: ``cannot_write`` for ``html``, or whatever is in the way of counting.
    """
    if html is not None:
        require_place(html)
    settings, console = session.settings, session.console
    with session.journal() as journal:
        sealing = sealing_key(known_trust(session), session.clock.now())
        run = begin(session, journal, periods=periods, sealing=sealing)
        prospects = list(Prospects(run.workshop, journal, run.key.public.keyid).of(run.figures))
        dossier = make_dossier(
            prospects, prepared=run.prepared, workshop=run.workshop, journal=journal, doubts=run.doubts
        )
    if html is not None:
        try:
            replace_private_file(html, render_html(dossier, language=console.language).encode("utf-8"))
        except OSError as error:
            raise write_error(error, html.absolute()) from error
    console.result(
        {
            "node": settings.node,
            "area": settings.area,
            "rows": rows_member(run.prepared),
            "sources": sources_member(run.prepared),
            "findings": findings_member(run.prepared.findings),
            "deliveries": [_member(prospect) for prospect in prospects],
            "not_collected": not_collected_member(run.workshop.catalogue, run.facts),
            "doubts": doubts_member(run.doubts),
            "html": str(html.absolute()) if html is not None else None,
        }
    )
    if not console.as_json:
        console.say(render_text(dossier, language=console.language))
        if html is not None:
            console.say(
                Text(
                    f"Der Bogen mit allen Tabellen: {html.absolute()}",
                    f"The paper with all tables: {html.absolute()}",
                )
            )
        console.say(Text("Nichts wurde gesendet.", "Nothing was sent."))
    problem = _first_problem(prospects, explicit=run.explicit)
    if problem is None:
        return 0
    console.explain(problem)
    return problem.exit_code


def _member(prospect: Prospect) -> dict[str, Any]:
    draft, record = prospect.draft, prospect.record
    member: dict[str, Any] = {
        "area": prospect.area,
        "dataset": prospect.dataset_id,
        "period": str(prospect.period),
        "decision": prospect.decision.value,
        "changed_cells": prospect.changed_cells,
        "problem": problem_member(prospect.problem),
    }
    if draft is not None:
        member |= {
            "cells": len(draft.table),
            "withheld": int(draft.withheld.sum()),
            "sensitive": draft.report.sensitive,
            "audit": draft.report.verdict.value,
            "payload_sha256": draft.statement.payload.sha256,
        }
    elif record is not None:
        member |= {
            "cells": record.cells,
            "withheld": record.withheld,
            "sensitive": record.sensitive,
            "audit": record.verdict,
            "payload_sha256": record.payload_sha256,
            "state": record.state.value,
        }
    return member


def _first_problem(prospects: Sequence[Prospect], *, explicit: bool) -> KimError | None:
    due = (p for p in prospects if explicit or p.decision is not Decision.NOT_ENDED)
    return next((prospect.problem for prospect in due if prospect.problem is not None), None)
