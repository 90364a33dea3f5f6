"""`kim-node corrections`: what has changed in delivered periods, what saying so would cost, and who decides.

A correction that cannot be delivered without taking something back waits for a person: to collect corrections
until the revision date, or to publish coarser. The decision is written into the journal with its cost and
never changed; the next `submit` follows it. Nothing is lost while nobody decides: the figures lie in the
sources, and the delivery that is out stays in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from node.cli.figures.run import Run, begin
from node.cli.frame.session import Session
from node.cli.identity.trusting import known_trust, sealing_key
from node.clock import local, timestamp
from node.journal import CorrectionChoice, CorrectionOption, Journal
from node.pipeline import Decision, Prospect, Prospects
from node.pipeline.corrections import next_revision_date
from node.pipeline.ledger import to_bytes
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_HEADS: Final = (
    Text("Bestand", "Dataset"),
    Text("Zeitraum", "Period"),
    Text("geändert", "changed"),
    Text("zu sperren", "to withhold"),
    Text("Summen", "totals"),
    Text("größte", "largest"),
    Text("Entscheidung", "Decision"),
)
_NONE: Final = Text("Keine Berichtigung wird zurückgehalten.", "No correction is held back.")
_HOW: Final = Text(
    "Entscheiden: kim-node corrections --hold CASES:2026-Q1 --by NAME, oder --coarser statt --hold.",
    "To decide: kim-node corrections --hold CASES:2026-Q1 --by NAME, or --coarser instead of --hold.",
)
_OPEN: Final = Text("offen", "open")
_COLLECT_ONLY: Final = Text("nur sammeln", "collect only")
_WHO: Final = Text(
    "Wer entscheidet, ist mit --by zu nennen; es steht mit der Entscheidung im Journal.",
    "Who decides has to be named with --by; it stands in the journal with the decision.",
)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Options of the command.

    Attributes:
        coarser: corrections to publish coarser, each ``DATASET:PERIOD``.
        hold: corrections to collect.
        until: the day from which held ones are delivered; the next revision date if None.
        by: who decides.
    """

    coarser: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()
    until: date | None = None
    by: str | None = None


def decide_corrections(session: Session, decisions: Decisions) -> int:
    """Show held corrections with their cost, and write down what is decided about them.

    Args:
        session: the configured node.
        decisions: options.

    Returns:
        0.

    Raises:
        KimError: ``bad_request`` if nobody is named, no such correction is held, or nobody can mean what is
            asked for; ``correction_held`` if one cannot be published coarser either; whatever is in the way
            of counting.
    """
    named = (*decisions.coarser, *decisions.hold)
    _require_sense(decisions, today=local(session.clock.now()).date())
    with session.journal() as journal, journal.exclusive:
        sealing = sealing_key(known_trust(session), session.clock.now())
        run = begin(session, journal, periods=(), sealing=sealing)
        every = Prospects(run.workshop, journal, run.key.public.keyid).of(run.figures)
        held = {_name(p, session): p for p in every if p.decision is Decision.HELD}
        choices = [_choice(session, journal, run, held, name, decisions) for name in named]
        for choice in choices:
            journal.choices.add(choice)
            session.logbook.write(
                f"correction.{choice.option.value}",
                {
                    "area": choice.area,
                    "dataset": choice.dataset,
                    "period": choice.period,
                    "withheld": choice.further_cells,
                },
            )
        _show(session, journal, held)
    return 0


def _require_sense(decisions: Decisions, *, today: date) -> None:
    """Refuse what nobody can mean: what is published coarser is never taken back.

    Raises:
        KimError: ``bad_request``.
    """
    if (decisions.coarser or decisions.hold) and not (decisions.by or "").split():
        raise kim_error("bad_request", _WHO)
    if both := sorted({*decisions.coarser} & {*decisions.hold}):
        raise kim_error(
            "bad_request",
            Text(
                f"{', '.join(both)}: entweder --hold oder --coarser, nicht beides.",
                f"{', '.join(both)}: either --hold or --coarser, not both.",
            ),
        )
    if decisions.until is None:
        return
    if not decisions.hold:
        raise kim_error(
            "bad_request",
            Text(
                "--until sagt, bis wann mit --hold gesammelt wird; --hold fehlt.",
                "--until says until when --hold collects; --hold is missing.",
            ),
        )
    if decisions.until <= today:
        raise kim_error(
            "bad_request",
            Text(
                f"--until: Der {decisions.until:%d.%m.%Y} ist vorbei oder heute; die Berichtigung ginge mit "
                "dem nächsten submit hinaus.",
                f"--until: {decisions.until} has passed or is today; the correction would leave with the "
                "next submit.",
            ),
        )


def _choice(
    session: Session,
    journal: Journal,
    run: Run,
    held: Mapping[str, Prospect],
    name: str,
    decisions: Decisions,
) -> CorrectionChoice:
    """Return what is to be written down about one correction."""
    if name not in held:
        raise _not_held(name, held)
    prospect, coarser = held[name], name in decisions.coarser
    if coarser and prospect.offer is None:
        raise prospect.problem or kim_error("correction_held")
    now = session.clock.now()
    until = decisions.until or next_revision_date(local(now).date())
    return CorrectionChoice(
        area=prospect.area,
        dataset=prospect.dataset_id,
        period=str(prospect.period),
        option=CorrectionOption.COARSER if coarser else CorrectionOption.HOLD,
        until=None if coarser else until.isoformat(),
        figures=journal.fingerprint(to_bytes(run.figures.tables[prospect.slot])) if coarser else None,
        further_cells=prospect.offer.further if coarser and prospect.offer is not None else 0,
        decided_by=" ".join((decisions.by or "").split()),
        at=timestamp(now),
    )


def _show(session: Session, journal: Journal, held: Mapping[str, Prospect]) -> None:
    console = session.console
    decided = {
        name: journal.choices.newest(prospect.dataset_id, str(prospect.period), area=prospect.area)
        for name, prospect in held.items()
    }
    console.result({"corrections": [_member(prospect, decided[name]) for name, prospect in held.items()]})
    if not held:
        console.say(_NONE)
        return
    rows = [_row(session, prospect, decided[name]) for name, prospect in held.items()]
    console.table(_HEADS, rows, numbers=(2, 3, 4, 5))
    console.say()
    for prospect in held.values():
        if prospect.problem is not None:
            console.say(prospect.problem.detail)
    console.say(_HOW)


def _row(session: Session, prospect: Prospect, choice: CorrectionChoice | None) -> list[str]:
    offer = prospect.offer
    cost = [str(offer.further), str(offer.totals), str(offer.largest)] if offer is not None else ["–"] * 3
    decided = _OPEN if offer is not None else _COLLECT_ONLY
    if choice is not None:
        decided = _decided(choice)
    name, _, period = _name(prospect, session).rpartition(":")
    return [name, period, str(prospect.changed_cells), *cost, decided.in_(session.console.language)]


def _decided(choice: CorrectionChoice) -> Text:
    who = choice.decided_by
    if choice.option is CorrectionOption.HOLD:
        return Text(f"sammeln bis {choice.until} ({who})", f"collect until {choice.until} ({who})")
    return Text(f"gröber mit dem nächsten submit ({who})", f"coarser with the next submit ({who})")


def _member(prospect: Prospect, choice: CorrectionChoice | None) -> dict[str, Any]:
    offer = prospect.offer
    decided = asdict(choice) if choice is not None else None
    return {
        "area": prospect.area,
        "dataset": prospect.dataset_id,
        "period": str(prospect.period),
        "changed_cells": prospect.changed_cells,
        "further_cells": offer.further if offer is not None else None,
        "totals": offer.totals if offer is not None else None,
        "largest": offer.largest if offer is not None else None,
        "revision_date": offer.revision_date.isoformat() if offer is not None else None,
        "choice": {name: decided[name] for name in _SHOWN} if decided is not None else None,
    }


_SHOWN: Final = ("option", "until", "further_cells", "decided_by", "at")


def _name(prospect: Prospect, session: Session) -> str:
    """Return how a correction is named: for a joint authority with its area in front."""
    place = f"{prospect.dataset_id}:{prospect.period}"
    return place if prospect.area == session.settings.area else f"{prospect.area}:{place}"


def _not_held(name: str, held: Mapping[str, Prospect]) -> KimError:
    known = ", ".join(held) or "–"
    return kim_error(
        "bad_request",
        Text(
            f"Eine Berichtigung {name} wird nicht zurückgehalten. Zurückgehalten: {known}.",
            f"No correction {name} is held back. Held back: {known}.",
        ),
    )
