"""What the sweeper does goes on, whatever of it fails."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hub.tasks.sweeper import Sweeper
from tests.factories.officers import NAMES, Office, now
from tests.factories.running_hub import running_hub


def test_a_log_that_takes_nothing_does_not_let_the_pointer_expire(tmp_path: Path) -> None:
    """An upload that is late cannot be ended then; nodes would stop delivering a day later."""
    with running_hub(tmp_path, start=False) as running:
        context, sender = running.hub.context, running.sender()
        parcel = sender.parcel()
        assert sender.announce(parcel).status_code == 201
        office = Office(context.settings, context.database, clock=running.clock)
        for name in NAMES:
            office.hire(name)
        office.publish(office.signed(office.first(), *NAMES[:2]))
        office.repository.renew_timestamp(now=now() - dt.timedelta(hours=20))
        with context.database.write() as unit:
            unit.leaves.set_halted(halted=True)
        running.clock.advance(days=context.settings.upload_days + 1)

        sweeper = Sweeper(context, running.hub.queue, worker=None)
        sweeper._tidy()

        assert office.repository.timestamp().signed.expires - now() > dt.timedelta(hours=23)
        assert running.state(parcel) == "announced"
        # Once the log takes something again, so does this.
        with context.database.write() as unit:
            unit.leaves.set_halted(halted=False)
        Sweeper(context, running.hub.queue, worker=None)._tidy()
        assert running.state(parcel) == "rejected"
