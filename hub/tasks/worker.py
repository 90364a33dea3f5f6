"""Who takes the tasks: a worker thread in this process, or this whole process for `kim-hub worker`.

Celery's WorkController is its worker without signal handlers and process title, made to be embedded. The
pool is `solo`: tasks run one after the other in the worker's own thread; more workers are more processes.
"""

import logging
import threading
from typing import Any, Final

from celery import Celery
from celery.worker import WorkController
from celery.worker import state as worker_state

_LOG: Final = logging.getLogger("kim.hub.worker")
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 60.0


class _Controller(WorkController):  # type: ignore[misc]  # Celery ships no annotations
    """Tells when it is ready to take tasks."""

    def on_before_init(self, **_options: Any) -> None:  # noqa: ANN401 -- Celery's interface
        self.ready = threading.Event()

    def on_consumer_ready(self, _consumer: object) -> None:
        self.ready.set()


def make_controller(app: Celery) -> Any:  # noqa: ANN401 -- Celery ships no annotations
    """Return a worker for `app` that is not started yet."""
    app.finalize()
    return _Controller(
        app=app,
        pool="solo",
        concurrency=1,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        quiet=True,
    )


class InProcessWorker:
    """A worker in a thread of this process."""

    def __init__(self, app: Celery) -> None:
        """Take the tasks of `app` once started."""
        self._controller = make_controller(app)
        self._thread = threading.Thread(target=self._controller.start, name="kim-worker", daemon=True)

    def start(self) -> None:
        """Start and wait until tasks are taken.

        Raises:
            RuntimeError: the worker did not come up.
        """
        worker_state.should_stop = None
        self._thread.start()
        if not self._controller.ready.wait(_START_SECONDS):
            raise RuntimeError("the worker did not start")

    def stop(self) -> None:
        """Finish the task at hand and stop; waiting jobs stay in the database's states."""
        worker_state.should_stop = 0
        self._thread.join(_STOP_SECONDS)
        worker_state.should_stop = None
        if self._thread.is_alive():
            _LOG.warning("the worker did not stop in time")
