"""A node's settings, key and journal, and the steps of a run, one at a time."""

from __future__ import annotations

from node.journal import DeliveryRecord, DeliveryState, Journal
from node.keystore import load_key
from node.pipeline import (
    Draft,
    Figures,
    Place,
    Prospect,
    Prospects,
    Slot,
    Stopwatch,
    Workshop,
    count_figures,
    make_draft,
    read_sources,
    seal,
)
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from tests.factories.node_home import NodeHome
from tests.fakes.node_clock import SteppedClock
from tests.unit.node.exports import AREA

FIRST = Slot(AREA, "CASES", Period(2026, 1))


class Office:
    """A node's settings, key and journal, and the steps of a run."""

    def __init__(self, home: NodeHome, journal: Journal) -> None:
        self.home = home
        self.journal = journal
        self.key = load_key(home.settings.key)
        clock = SteppedClock()
        self.workshop = Workshop(home.settings, load_catalogue(), clock, Stopwatch(clock))

    def figures(self, periods: tuple[Period, ...] = ()) -> Figures:
        prepared = read_sources(
            self.home.settings, self.workshop.catalogue, stopwatch=self.workshop.stopwatch
        )
        return count_figures(
            prepared,
            settings=self.workshop.settings,
            catalogue=self.workshop.catalogue,
            named=periods,
            clock=self.workshop.clock,
            stopwatch=self.workshop.stopwatch,
        )

    def prospects(self, figures: Figures | None = None, *, redeliver: bool = False) -> list[Prospect]:
        decider = Prospects(self.workshop, self.journal, self.key.public.keyid, redeliver)
        return list(decider.of(figures or self.figures()))

    def spool(self, prospect: Prospect) -> DeliveryRecord:
        assert prospect.draft is not None
        return self.journal.spool(seal(prospect.draft, self.key, workshop=self.workshop))

    def deliver_all(self, state: DeliveryState, *, code: str | None = None) -> list[DeliveryRecord]:
        records = [self.spool(prospect) for prospect in self.prospects()]
        return [self.journal.observe(record, state, code=code) for record in records]

    def draft(self) -> Draft:
        return make_draft(self.workshop, Place(FIRST), table=self.figures().tables[FIRST], linked=())
