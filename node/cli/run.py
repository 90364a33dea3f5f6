"""What preview and submit have in common: from the configuration to one prospect per period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.cli.session import Session
from node.cli.source_report import keep_locally
from node.keystore import load_key
from node.pipeline import (
    Figures,
    Stopwatch,
    Workshop,
    count_figures,
    read_source,
    require_strict_enough,
)
from node.quality import Prepared
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError, kim_error
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.texts import Text

STAGES: Final = ("read", "tabulate", "protect", "audit", "send")
_QUARTERS: Final = Text(
    "--period: Geliefert werden Quartale wie 2026-Q1.", "--period: quarters such as 2026-Q1 are delivered."
)


@dataclass(frozen=True, slots=True)
class Run:
    """A source that was read and counted.

    Attributes:
        workshop: settings, catalogue, clock and stopwatch.
        key: the node's key.
        prepared: what the source holds.
        figures: the true figures.
        explicit: whether the periods were named on the command line.
    """

    workshop: Workshop
    key: PrivateKey
    prepared: Prepared
    figures: Figures
    explicit: bool


def begin(session: Session, *, periods: Sequence[str]) -> Run:
    """Read, map, check and count.

    Args:
        session: the configured node.
        periods: periods named on the command line; those of the configuration if there are none.

    Returns:
        The counted source.

    Raises:
        KimError: whatever is in the way, ``unknown_code`` among it.
    """
    settings = session.settings
    catalogue = load_catalogue()
    require_strict_enough(settings, catalogue)
    chosen = _chosen(settings.periods, periods)
    key = load_key(settings.key)
    workshop = Workshop(settings, catalogue, session.clock, Stopwatch(session.clock))
    prepared = read_source(settings, catalogue, stopwatch=workshop.stopwatch)
    keep_locally(session, prepared)
    try:
        figures = count_figures(
            prepared,
            catalogue=catalogue,
            periods=chosen,
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
    return Run(workshop, key, prepared, figures, explicit=bool(periods))


def _chosen(configured: Sequence[Period], named: Sequence[str]) -> tuple[Period, ...]:
    if not named:
        return tuple(configured)
    try:
        periods = tuple(sorted({Period.parse(text) for text in named}))
    except KimError as error:
        # Its own message offers years as well, which are no periods of a delivery.
        raise kim_error("bad_request", _QUARTERS) from error
    if any(period.freq != "Q" for period in periods):
        raise kim_error("bad_request", _QUARTERS)
    return periods
