"""A real hub in a temporary folder (database, sandbox, worker), and nodes that deliver to it."""

from __future__ import annotations

import atexit
import datetime as dt
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.clock import Clock, day_of
from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job
from hub.domain.states import KeyStatus
from hub.sandbox.client import Sandbox
from hub.services.context import EXTENSION
from hub.services.registry.registration import Registration, register
from hub.serving import make_server
from hub.settings import HubSettings
from hub.wiring import Hub
from protocol.canonical import canonical_stream
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION, Envelope, sign, statement_id
from protocol.keys import PrivateKey
from protocol.sealing import purpose_of_statement, salted, seal, sealed_info
from protocol.statement import CHUNK_BYTES, SubmissionStatement
from tests.factories.installed_hub import install_copy
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.factories.signing import SignedClient, signed_client
from tests.factories.submissions import submission

TODAY = dt.date(2026, 10, 5)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved."""

    moment: dt.datetime = dt.datetime(2026, 10, 5, 10, 0, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.moment

    def today(self) -> dt.date:
        return day_of(self.moment)

    def advance(self, **delta: float) -> None:
        self.moment += dt.timedelta(**delta)


#: For a hub in a process of its own: the day after the one on which a :class:`FixedClock` stands, so that its
#: log goes on at any time of day, and over midnight.
ITS_DAY: Final = {
    "KIM_HUB_DATE": "2026-10-06",
    "KIM_HUB_DATE_SINCE": dt.datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat(),
}


@dataclass(frozen=True)
class Parcel:
    """A signed delivery, ready to send."""

    statement: SubmissionStatement
    envelope: Envelope
    payload: bytes

    @property
    def id(self) -> str:
        return statement_id(self.envelope)

    @property
    def chunks(self) -> list[bytes]:
        size = self.statement.payload.chunk
        return [self.payload[start : start + size] for start in range(0, len(self.payload), size)]


@dataclass
class Author:
    """A node that signs parcels and knows no hub."""

    node: str
    area: str
    key: PrivateKey
    _nonces: Iterator[int] = field(init=False, default_factory=lambda: iter(range(1, 10**9)))

    def parcel(
        self,
        dataset: str = "CASES",
        *,
        payload: bytes | None = None,
        chunk: int = CHUNK_BYTES,
        **changes: Any,
    ) -> Parcel:
        """Sign a delivery; `payload` replaces its bytes, `changes` members of the statement."""
        urn = changes.pop("urn", None)
        changes = {"node": self.node, "area": self.area, "nonce": self._nonce(), **changes}
        table, statement = submission(dataset, **changes)
        data = canonical_stream(table) if payload is None else payload
        statement = with_payload(statement, data, chunk=chunk)
        if urn is not None:
            statement = replace(statement, dataset=urn)
        return self.signed(statement, data)

    def sealed(self, parcel: Parcel, public_key: bytes, *, info: bytes | None = None) -> Parcel:
        """The same table under a statement of version 2, sealed with this key."""
        content = salted(parcel.payload, self._nonce())
        payload = replace(
            parcel.statement.payload, size=len(content), sha256=hashlib.sha256(content).hexdigest()
        )
        purpose = purpose_of_statement(parcel.statement) if info is None else info
        sent = seal(content, public_key=public_key, info=purpose)
        sealed = sealed_info(sent, public_key=public_key)
        return self.signed(replace(parcel.statement, payload=payload, sealed=sealed), sent)

    def signed(self, statement: SubmissionStatement, payload: bytes) -> Parcel:
        return Parcel(statement, sign(PAYLOAD_TYPE_SUBMISSION, statement.to_json(), self.key), payload)

    def _nonce(self) -> bytes:
        return hashlib.sha256(f"{self.node} {next(self._nonces)}".encode()).digest()


@dataclass
class Sender(Author):
    """A node, seen from the hub: signs parcels and requests, and sends them to the client's application."""

    client: FlaskClient

    def __post_init__(self) -> None:
        if not isinstance(self.client, SignedClient):
            app = self.client.application
            clock = app.extensions[EXTENSION].machine_clock.now
            self.client = signed_client(app, self.key, clock=clock)

    def announce(self, parcel: Parcel, **headers: str) -> TestResponse:
        return self.client.post(
            "/v1/submissions",
            data=parcel.envelope.to_bytes(),
            headers={"Content-Type": PAYLOAD_TYPE_SUBMISSION, **headers},
        )

    def put(self, parcel: Parcel, n: int = 0, body: bytes | None = None, **headers: str) -> TestResponse:
        data = parcel.chunks[n] if body is None else body
        return self.client.put(f"/v1/submissions/{parcel.id}/chunks/{n}", data=data, headers=headers)

    def complete(self, parcel: Parcel) -> TestResponse:
        return self.client.post(f"/v1/submissions/{parcel.id}/complete")

    def look(self, parcel: Parcel) -> dict[str, Any]:
        answer = self.client.get(f"/v1/submissions/{parcel.id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def send(self, parcel: Parcel) -> TestResponse:
        """Announce, send all chunks and complete; the first answer that is an error ends it."""
        answer = self.announce(parcel)
        if answer.status_code >= 400:
            return answer
        for n in range(len(parcel.chunks)):
            answer = self.put(parcel, n)
            if answer.status_code >= 400:
                return answer
        return self.complete(parcel)

    def deliver(self, parcel: Parcel) -> dict[str, Any]:
        """Send and wait for the decision."""
        answer = self.send(parcel)
        assert answer.status_code == 202, answer.text
        assert_soon(lambda: self.look(parcel)["state"] not in ("received", "verifying"), "a decision")
        return self.look(parcel)


def with_payload(
    statement: SubmissionStatement, data: bytes, *, chunk: int = CHUNK_BYTES
) -> SubmissionStatement:
    """The same statement about other bytes."""
    digest = hashlib.sha256(data).hexdigest()
    payload = replace(statement.payload, size=len(data), sha256=digest, chunk=chunk)
    return replace(statement, payload=payload)


class Collecting:
    """A queue that keeps the jobs: for tests of what happens between a commit and its work."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def send(self, job: Job) -> None:
        self.jobs.append(job)


@dataclass
class RunningHub:
    """A hub, its client, and its nodes."""

    hub: Hub
    clock: FixedClock
    client: FlaskClient

    def sender(self, area: str = "NW05111", *beside: str, key: PrivateKey | None = None) -> Sender:
        """Register a node for `area` and those `beside` it."""
        key = key or PrivateKey.generate()
        node = f"node-{area.lower()}"
        register(self.hub.context, [Registration(node, (area, *beside), key.public.hex, f"Kommune {area}")])
        return Sender(node, area, key, self.client)

    def revoke(self, sender: Sender) -> None:
        """Revoke a node's key, and nothing that comes of it elsewhere."""
        with self.hub.context.database.write() as unit:
            key = unit.nodes.key(sender.key.public.keyid)
            assert key is not None
            unit.nodes.replace_key(replace(key, status=KeyStatus.REVOKED, revoked_at=self.clock.now()))

    def state(self, parcel: Parcel) -> str | None:
        with self.hub.context.database.read() as unit:
            row = unit.submissions.get(SubmissionId(parcel.id))
        return None if row is None else str(row.state)

    def assert_becomes(self, parcel: Parcel, state: str) -> None:
        """Wait until a submission is in `state`."""
        assert_soon(lambda: self.state(parcel) == state, f"state {state}")


@cache
def lasting_sandbox() -> Sandbox:
    """Return a running sandbox for all hubs of this process whose tests are not about it.

    It keeps nothing from one payload to the next, and to start it takes most of the time of a short test.
    """
    usual = HubSettings(home=Path("unused"))
    sandbox = Sandbox(
        memory_bytes=usual.sandbox_memory_bytes,
        cpu_seconds=usual.sandbox_cpu_seconds,
        wall_seconds=usual.sandbox_wall_seconds,
    )
    sandbox.start()
    atexit.register(sandbox.close)
    return sandbox


@contextmanager
def running_hub(
    home: Path,
    *,
    start: bool = True,
    machine_clock: Clock | None = None,
    sandbox: Sandbox | None = None,
    **settings: Any,
) -> Iterator[RunningHub]:
    """Run a hub in `home`; without `start` there is neither worker nor sweeper, nor a sandbox of its own.

    Requests are new or old by `machine_clock`, the machine's own when omitted: nodes have to share it.
    """
    chosen = HubSettings(
        home=home, **{"sweep_seconds": 0.05, "stale_seconds": 0.5, "quiet_seconds": 0.2, **settings}
    )
    install_copy(chosen)
    clock = FixedClock()
    hub = Hub(chosen, clock=clock, machine_clock=machine_clock, sandbox=sandbox)
    app = create_app(hub.context)
    if start:
        hub.start()
    try:
        yield RunningHub(hub, clock, app.test_client())
    finally:
        hub.stop()


@contextmanager
def listening(running: RunningHub) -> Iterator[int]:
    """Serve a hub on a free loopback port; gives the port."""
    settings = HubSettings(home=running.hub.settings.home, port=0)
    server = make_server(running.client.application, settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        # The server's own loop closes its connections: with nothing left to watch, it ends.
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(map=server._map))
        thread.join(PATIENCE_SECONDS)
        server.task_dispatcher.shutdown()
