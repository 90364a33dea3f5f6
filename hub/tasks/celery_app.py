"""The Celery application and its tasks.

JSON only, ids only, acknowledged late, no results kept: what became of a task stands in the database. A
task that fails is not repeated by Celery; the sweeper finds its work again from the states.
"""

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Final

from celery import Celery
from celery.exceptions import WorkerShutdown

from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.logs import place_of
from hub.services.context import HubContext
from hub.services.extracts import extract
from hub.services.intake.verification import verify
from hub.services.merging.bounding import bound
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import publish
from hub.services.review.validation import validate

_LOG: Final = logging.getLogger("kim.hub.tasks")
# Kombu's memory transport is one for the whole process: each hub in it needs a queue of its own.
_NUMBERS: Final = itertools.count(1)
_POLL_SECONDS: Final = 0.01
_BROKER_SECONDS: Final = 2.0
#: What a worker makes of a message; by its name, as only workers need it.
_REQUEST: Final = "hub.tasks.worker:Taken"
#: A task that only wakes a waiting worker up.
REST: Final = "kim.rest"


def make_celery(broker_url: str) -> Celery:
    """Return an application without tasks.

    Args:
        broker_url: where jobs travel; empty for the queue inside this process.
    """
    in_process = not broker_url
    queue = f"kim-hub-{next(_NUMBERS)}" if in_process else "kim-hub"
    app = Celery("kim-hub", broker=broker_url or "memory://localhost/", set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        # Once more over a new connection; after that the sweeper will find the work.
        task_publish_retry_policy={
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0,
            "interval_max": 0,
        },
        task_default_queue=queue,
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for its broker, however long that is away
        broker_transport_options=_transport_options(broker_url),
    )
    return app


def _transport_options(broker_url: str) -> dict[str, float]:
    if not broker_url:
        return {"polling_interval": _POLL_SECONDS}
    if broker_url.startswith("redis"):
        # A request hands its job over before it is answered: a broker that hangs must not hold it for long.
        return {"socket_connect_timeout": _BROKER_SECONDS, "socket_timeout": _BROKER_SECONDS}
    return {}


class CeleryQueue:
    """Sends jobs as Celery messages."""

    def __init__(self, app: Celery) -> None:
        """Send through `app`."""
        self._app = app

    def send(self, job: Job) -> None:
        """Hand over `job`. A broker that cannot be reached is no error: the sweeper will find the work."""
        try:
            self._app.send_task(f"kim.{job.name}", args=list(job.args))
        except Exception as error:  # noqa: BLE001 -- whatever the transport raises, the work is not lost
            _LOG.warning("job %s not sent: %s", job.name, type(error).__name__)


def add_tasks(app: Celery, context: HubContext, *, stopping: threading.Event) -> None:
    """Register one task per kind of job, and `kim.rest`, which does nothing but wake a worker up.

    Once `stopping` is set, the next task that a worker takes ends it instead of being done; the work is found
    again from the database's states.
    """
    work: dict[JobName, Callable[..., object]] = {
        JobName.VERIFY: lambda item: _decide(context, SubmissionId(item)),
        JobName.BOUND: lambda item: bound(context, SubmissionId(item)),
        JobName.COMPILE: lambda dataset, period: compile_cube(context, dataset, period),
        JobName.VALIDATE: lambda area: validate(context, area),
        JobName.PUBLISH: lambda: publish(context),
        JobName.EXTRACT: lambda number: extract(context, int(number)),
    }
    # Not shared: Celery would give the first hub's tasks to every application of the process.
    options = {"shared": False, "Request": _REQUEST}
    for name, call in work.items():
        app.task(name=f"kim.{name}", **options)(_guarded(name, call, stopping))
    app.task(name=REST, **options)(_guarded("rest", lambda: None, stopping))


def _decide(context: HubContext, submission: SubmissionId) -> None:
    """Verify a submission and, while its cells are at hand, bound it; one message instead of two."""
    verify(context, submission)
    bound(context, submission)


def _guarded(name: str, call: Callable[..., object], stopping: threading.Event) -> Callable[..., None]:
    def run(*args: str) -> None:
        if stopping.is_set():
            raise WorkerShutdown(0)
        try:
            call(*args)
        except Exception as error:  # noqa: BLE001 -- the message may quote a value: say only what and where
            _LOG.error("job %s %s failed: %s at %s", name, args, type(error).__name__, place_of(error))

    return run
