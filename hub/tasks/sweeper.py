"""The thread that looks again: it sends lost jobs and those of other processes, and has the log signed.

`kim-hub close` runs in a process of its own and only writes the database; the serving hub finds the closed
periods here. A job that was just sent is not sent again until its patience is over.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hub.domain.jobs import Job, JobQueue
from hub.services.context import HubContext
from hub.services.intake.calling import forget_nonces
from hub.services.operation.sweeping import (
    change_mark,
    clear_leftovers,
    expire_uploads,
    find_uncompared,
    find_undecided,
    find_unpublished,
    renew_trust,
)
from hub.services.transparency.rounds import is_due, run_round
from hub.tasks.worker import InProcessWorker
from protocol.errors import KimError

_LOG: Final = logging.getLogger("kim.hub.sweeper")
_EXPIRY_SECONDS: Final = 600.0


class Sweeper:
    """Looks for work every `sweep_seconds`."""

    def __init__(self, context: HubContext, queue: JobQueue, *, worker: InProcessWorker | None) -> None:
        """Prepare the thread.

        Args:
            context: the hub.
            queue: where found work goes.
            worker: the one worker of this hub, or None if others take the jobs from a broker. With it,
                nobody else can be at work, so everything undecided is taken up at the start.
        """
        self._context, self._queue, self._worker = context, queue, worker
        self._sent: dict[Job, float] = {}
        self._settled: tuple[int, ...] | None = None
        self._settled_at = 0.0
        self._signed_at = -math.inf
        self._tidied_at = -math.inf
        self._unsigned = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kim-sweeper", daemon=True)

    def start(self) -> None:
        """Take up what an earlier process left, then look again and again.

        The officers' repository is fresh before anybody can ask for it.
        """
        clear_leftovers(self._context)
        self._tidy()
        self.sign()
        if self._worker is not None:
            self.sweep(patience_seconds=None)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def sweep(self, *, patience_seconds: float | None) -> list[Job]:
        """Look once and send what was found and not sent lately; return it."""
        now = time.monotonic()
        forget = self._context.settings.stale_seconds
        self._sent = {job: at for job, at in self._sent.items() if now - at < forget}
        waiting = find_undecided(self._context, patience_seconds=patience_seconds)
        later = self._find_unpublished(now) + find_uncompared(self._context)
        found = [job for job in waiting + later if job not in self._sent]
        for job in found:
            self._sent[job] = now
            self._queue.send(job)
        return found

    def sign(self) -> None:
        """Sign what has come into the log, once `checkpoint_seconds` are over since the last time.

        The first time the signer looks in any case: a database that was put back looks finished in itself.
        """
        now = time.monotonic()
        first = self._signed_at == -math.inf
        if now - self._signed_at < self._context.settings.checkpoint_seconds:
            return
        if not first and not is_due(self._context):
            return
        self._signed_at = now
        try:
            run_round(self._context)
        except (KimError, OSError) as error:
            # Said once, not every two seconds; whatever else the hub does goes on.
            said = str(error) if isinstance(error, KimError) else type(error).__name__
            if said != self._unsigned:
                _LOG.error("the log is not signed: %s", said)
            self._unsigned = said
        else:
            self._unsigned = ""

    def _find_unpublished(self, now: float) -> list[Job]:
        """Ask only if something has happened since the answer was "nothing", or that was long ago."""
        mark = change_mark(self._context)
        if self._settled == mark and now - self._settled_at < self._context.settings.stale_seconds:
            return []
        jobs = find_unpublished(self._context)
        if not jobs:
            self._settled, self._settled_at = mark, now
        return jobs

    def _tidy(self) -> None:
        """Do what has time, once `_EXPIRY_SECONDS` are over since the last time, whatever of it fails.

        A log that takes nothing lets no upload expire; without a fresh pointer nodes would stop delivering.
        """
        now = time.monotonic()
        if now - self._tidied_at < _EXPIRY_SECONDS:
            return
        self._tidied_at = now
        for act in (renew_trust, expire_uploads, forget_nonces):
            with _warning(act.__name__):
                act(self._context)

    def _run(self) -> None:
        settings = self._context.settings
        while not self._stop.wait(settings.sweep_seconds):
            with _warning("worker"):
                if self._worker is not None:
                    self._worker.ensure_running()
            with _warning("sign"):
                self.sign()
            with _warning("sweep"):
                self.sweep(patience_seconds=settings.stale_seconds)
            self._tidy()


@contextmanager
def _warning(what: str) -> Iterator[None]:
    """Go on after whatever fails: a full disk or a locked database passes; the next look does the rest."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 -- the thread must outlive it
        _LOG.warning("%s failed: %s", what, type(error).__name__)
