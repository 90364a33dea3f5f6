"""Who takes the tasks: a worker thread in this process, or this whole process for `kim-hub worker`.

Celery's WorkController is its worker without signal handlers and process title, made to be embedded. The
pool is `solo`: tasks run one after the other in the worker's own thread; more workers are more processes.
"""

import logging
import signal
import threading
from types import FrameType
from typing import Any, Final

from celery import Celery
from celery.worker import WorkController
from celery.worker import state as worker_state
from celery.worker.request import Request

from hub.tasks.celery_app import REST

_LOG: Final = logging.getLogger("kim.hub.worker")
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 60.0


class _Controller(WorkController):  # type: ignore[misc]  # Celery ships no annotations
    """Tells when it is ready to take tasks."""

    def on_before_init(self, **_options: Any) -> None:  # noqa: ANN401 -- Celery's interface
        self.ready = threading.Event()

    def on_consumer_ready(self, _consumer: object) -> None:
        self.ready.set()


class Taken(Request):  # type: ignore[misc]  # Celery ships no annotations
    """A task at hand. If its acknowledgement fails, the connection is lost, and the worker opens another.

    Celery itself only writes the failure down. Over Redis the message then counts as not acknowledged for
    ever, and a worker that takes one message at a time waits for that and takes no other.
    """

    def acknowledge(self) -> None:
        """Acknowledge the message, once."""
        if not self.acknowledged:
            self.on_ack(_LOG, ())  # no kind of failure is only to be written down
            self.acknowledged: bool = True


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


def run(app: Celery, controller: Any) -> None:  # noqa: ANN401 -- Celery ships no annotations
    """Take tasks in the calling thread until stopped."""
    # Celery looks tasks up in the thread's current application.
    app.set_current()
    controller.start()


def stop_on(*signals: signal.Signals) -> None:
    """End this process's worker in order at one of `signals`: the task at hand is finished first."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker_state.should_stop = 0

    for number in signals:
        signal.signal(number, stop)


class InProcessWorker:
    """A worker in a thread of this process."""

    def __init__(self, app: Celery, *, stopping: threading.Event) -> None:
        """Take the tasks of `app` once started, until `stopping` is set."""
        self._app = app
        self._stopping = stopping
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start and wait until tasks are taken.

        Raises:
            RuntimeError: the worker did not come up.
        """
        controller = make_controller(self._app)
        self._thread = threading.Thread(
            target=run, args=(self._app, controller), name="kim-worker", daemon=True
        )
        self._thread.start()
        if not controller.ready.wait(_START_SECONDS):
            raise RuntimeError("the worker did not start")

    def ensure_running(self) -> None:
        """Start another worker if this one has ended by itself."""
        if self._thread is not None and not self._thread.is_alive() and not self._stopping.is_set():
            _LOG.error("the worker had ended, starting another")
            self.start()

    def stop(self) -> None:
        """Finish the task at hand and stop; waiting jobs stay in the database's states."""
        self._stopping.set()
        if self._thread is None:
            return
        self._app.send_task(REST)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            _LOG.warning("the worker did not stop in time")
