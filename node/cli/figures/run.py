"""What preview and submit have in common: from the configuration to one prospect per period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aggregation.facts import Facts
from node.cli.figures.source_report import keep_locally
from node.cli.frame.session import Session
from node.journal import Journal
from node.keystore import load_key
from node.pipeline import (
    Doubt,
    Figures,
    Stopwatch,
    Workshop,
    count_figures,
    doubts_of,
    facts_by_area,
    read_sources,
    require_strict_enough,
    require_whole_years,
)
from node.quality import Prepared
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.texts import Text
from protocol.trust import SealingKey

STAGES: Final = ("read", "tabulate", "protect", "audit", "send")
_PERIODS: Final = Text(
    "--period: Geliefert werden Quartale wie 2026-Q1 und Jahre wie 2026.",
    "--period: quarters such as 2026-Q1 and years such as 2026 are delivered.",
)


@dataclass(frozen=True, slots=True)
class Run:
    """A source that was read and counted.

    Attributes:
        workshop: settings, catalogue, clock and stopwatch.
        key: the node's key.
        prepared: what the source holds.
        figures: the true figures.
        doubts: what somebody should confirm before it is signed.
        explicit: whether the periods were named on the command line.
    """

    workshop: Workshop
    key: PrivateKey
    prepared: Prepared
    figures: Figures
    doubts: tuple[Doubt, ...]
    explicit: bool

    @property
    def facts(self) -> Mapping[str, Facts]:
        """What was prepared, by the area it is delivered for."""
        return facts_by_area(self.prepared, self.workshop.settings)


def begin(session: Session, journal: Journal, *, periods: Sequence[str], sealing: SealingKey | None) -> Run:
    """Read, map, check and count.

    Args:
        session: the configured node.
        journal: what was delivered before, to compare with.
        periods: periods named on the command line; those of the configuration if there are none.
        sealing: what deliveries are sealed with, if they are.

    Returns:
        The counted source.

    Raises:
        KimError: whatever is in the way, ``unknown_code`` among it.
    """
    settings = session.settings
    catalogue = load_catalogue()
    require_strict_enough(settings, catalogue)
    named = _named(settings.periods, periods)
    key = load_key(settings.key)
    workshop = Workshop(settings, catalogue, session.clock, Stopwatch(session.clock), sealing)
    prepared = read_sources(settings, catalogue, stopwatch=workshop.stopwatch)
    keep_locally(session, prepared)
    try:
        figures = count_figures(
            prepared,
            settings=settings,
            catalogue=catalogue,
            named=named,
            clock=session.clock,
            stopwatch=workshop.stopwatch,
        )
    except KimError as error:
        if error.code == "unknown_code":
            session.console.say(
                Text(
                    f"Die Angaben ohne Schlüssel stehen in {settings.report}.",
                    f"The values without a code are listed in {settings.report}.",
                )
            )
        raise
    doubts = doubts_of(
        figures, area=settings.area, catalogue=catalogue, breaks=settings.breaks, journal=journal
    )
    return Run(workshop, key, prepared, figures, doubts, explicit=bool(periods))


def _named(configured: Sequence[Period], named: Sequence[str]) -> tuple[Period, ...]:
    try:
        periods = tuple(sorted({Period.parse(text) for text in named}))
    except KimError as error:
        raise kim_error("bad_request", _PERIODS) from error
    require_whole_years(periods, configured)
    return periods
