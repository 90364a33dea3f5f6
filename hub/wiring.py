"""A hub as it runs: settings in, its parts out.

`Hub` owns what has to be started and stopped, in an order that matters: the lock under which nobody changes
the form of the database; the sandbox, before there is any thread; then the worker; then the sweeper.

It deliberately does not: know the web (`hub.app`). A command that closes a period need not load any view.
"""

import threading

from hub.clock import Clock, SystemClock, clock_on
from hub.home_lock import RunningLock
from hub.sandbox.client import Sandbox
from hub.services.context import HubContext
from hub.services.trust.sealing_keys import sealing_keys_of
from hub.settings import HubSettings
from hub.store import schema
from hub.store.engine import make_engine
from hub.store.files.blobs import BlobStore
from hub.store.files.incoming import Incoming
from hub.store.unit_of_work import Database
from hub.tasks.celery_app import CeleryQueue, add_tasks, make_celery
from hub.tasks.sweeper import Sweeper
from hub.tasks.worker import InProcessWorker
from protocol.catalogue_file import load_catalogue
from protocol.regions import region_tree


class Hub:
    """One hub: its context, and the processes and threads that work for it."""

    def __init__(
        self,
        settings: HubSettings,
        *,
        clock: Clock | None = None,
        machine_clock: Clock | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        """Put the parts together; nothing runs yet.

        Args:
            settings: what the operator chose; the home folder exists.
            clock: the one of the settings when omitted.
            machine_clock: by which requests are new or old; the machine's when omitted.
            sandbox: one that others use too, and that who passes it ends; one of its own when omitted.

        Raises:
            KimError: `schema_outdated` if the database is not at this program's schema.
        """
        engine = make_engine(settings.sqlalchemy_url)
        schema.require_known(engine)
        self.settings = settings
        self.celery = make_celery(settings.broker_url)
        self.queue = CeleryQueue(self.celery)
        self.context = HubContext(
            settings=settings,
            clock=clock or clock_on(settings.date, settings.date_since),
            database=Database(engine, self.queue),
            blobs=BlobStore(settings.home / "blobs"),
            incoming=Incoming(settings.home / "incoming"),
            sandbox=sandbox
            or Sandbox(
                memory_bytes=settings.sandbox_memory_bytes,
                cpu_seconds=settings.sandbox_cpu_seconds,
                wall_seconds=settings.sandbox_wall_seconds,
            ),
            catalogue=load_catalogue(),
            tree=region_tree(),
            sealing=sealing_keys_of(settings),
            machine_clock=machine_clock or SystemClock(),
        )
        self._running = RunningLock(settings.home)
        self._ends_sandbox = sandbox is None
        self._stopping = threading.Event()
        add_tasks(self.celery, self.context, stopping=self._stopping)
        self._worker: InProcessWorker | None = None
        self._sweeper: Sweeper | None = None

    def start(self) -> None:
        """Start sandbox, worker (unless a broker brings the jobs elsewhere) and sweeper, in this order.

        Raises:
            KimError: `schema_outdated` if the database was changed since this hub was made.
            SandboxDownError: the sandbox did not come up.
        """
        self.start_sandbox()
        if not self.settings.broker_url:
            self._worker = InProcessWorker(self.celery, stopping=self._stopping)
            self._worker.start()
        self._sweeper = Sweeper(self.context, self.queue, worker=self._worker)
        self._sweeper.start()

    def start_sandbox(self) -> None:
        """Start what a process needs that works for a hub which another one serves; errors as of `start`."""
        self._running.share()
        schema.require_known(self.context.database.engine)
        self.context.sandbox.start()

    def stop(self) -> None:
        """Stop everything that :meth:`start` started; a sandbox that was passed in goes on."""
        if self._sweeper is not None:
            self._sweeper.stop()
        if self._worker is not None:
            self._worker.stop()
        if self._ends_sandbox:
            self.context.sandbox.close()
        self.context.database.engine.dispose()
        self._running.release()
