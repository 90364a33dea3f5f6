"""What the use cases around people work with, put together once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from hub.clock import Clock, SystemClock
from hub.domain.people import Visitor
from hub.services.people.passwords import Passwords
from hub.services.people.vault import Vault, load_vault
from hub.settings import HubSettings
from hub.store.unit_of_work import Database

#: Where views find it: `current_app.extensions[EXTENSION]`.
EXTENSION: Final = "kim.people"


@dataclass
class PeopleDesk:
    """Where people log in.

    Attributes:
        settings: what the operator chose.
        database: opens units of work.
        clock: the moment of what is written into the audit trail: the hub's.
        wall: the moment by which sessions end and codes change: the machine's, on whatever day a demo is.
    """

    settings: HubSettings
    database: Database
    clock: Clock
    wall: Clock
    _peopled: bool = False

    @cached_property
    def vault(self) -> Vault:
        """The key of the accounts, made when it is needed first.

        Raises:
            KimError: `people_key_missing` if secrets are stored that no key opens any more.
        """
        with self.database.read() as unit:
            may_make = not unit.people.any_second_factor()
        return load_vault(self.settings.home, may_make=may_make)

    @cached_property
    def passwords(self) -> Passwords:
        """Hashes and compares."""
        return Passwords()

    def has_accounts(self) -> bool:
        """Whether there are accounts. They are never deleted, so once there are, the answer stays."""
        if not self._peopled:
            with self.database.read() as unit:
                self._peopled = unit.people.exist()
        return self._peopled

    def is_bench(self) -> bool:
        """Whether everything is open: nobody has an account, nobody is to reach it from elsewhere."""
        return not self.settings.public_url and not self.has_accounts()

    def nobody(self) -> Visitor:
        """Return who sends a request without a session."""
        return Visitor(bench=self.is_bench())

    @property
    def is_https(self) -> bool:
        """Whether browsers reach this hub by https only."""
        return self.settings.public_url.startswith("https://")


def make_desk(settings: HubSettings, database: Database, clock: Clock) -> PeopleDesk:
    """Put the parts together."""
    return PeopleDesk(
        settings=settings, database=database, clock=clock, wall=SystemClock() if settings.date else clock
    )
