"""Deliveries through what stands between a town hall and its hub: recognised, got around, finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from node.hub_client import HubClient
from node.journal import DeliveryRecord, DeliveryState, Journal
from node.outbox import Outbox, Outcome
from node.settings import HubSettings
from protocol.periods import Period
from tests.factories.running_hub import RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.spooled import spooled
from tests.fakes.faults import AUDIENCE, Answer, Faults
from tests.fakes.line import open_line
from tests.fakes.node_clock import SteppedClock
from tests.fakes.served import WsgiApp, served
from tests.fakes.tls import make_certificates, served_with_tls

PAGE = {"Content-Type": "text/html; charset=utf-8"}
#: Without its proxy the machine does not even know the name.
HUB = "https://hub.example"
#: What proxies call "1 MB".
MEGABYTE = 1_000_000


class Bench:
    """A hub that takes deliveries, and a node's journal, outbox and client."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.clock = SteppedClock()
        self.running: RunningHub = stack.enter_context(
            running_hub(
                folder / "hub",
                start=False,
                machine_clock=self.clock,
                sandbox=lasting_sandbox(),
                public_url=HUB,
            )
        )
        self.sender: Sender = self.running.sender()
        self.journal: Journal = stack.enter_context(Journal(folder / "journal", clock=self.clock))
        self.faults = Faults(self.running.client.application)
        self._stack = stack

    def spool(self, *, payload: bytes | None = None) -> DeliveryRecord:
        return self.journal.spool(spooled(self.sender.parcel(period=Period(2026, 1), payload=payload)))

    def send(self, record: DeliveryRecord, url: str, *, ca_bundle: Path | None = None) -> Outcome:
        """Try once, as one run of the node does."""
        settings = HubSettings(url, AUDIENCE, ca_bundle, 2, 5, 4, 10)
        with HubClient(settings, node="node-1", clock=self.clock, key=self.sender.key) as client:
            (outcome,) = Outbox(self.journal, client, clock=self.clock).send(
                [self.journal.delivery(record.statement_id)], observer=lambda outcome: None
            )
        return outcome

    def assert_taken_once(self, record: DeliveryRecord) -> None:
        assert self.journal.delivery(record.statement_id).state is DeliveryState.RECEIVED
        heads = self.sender.client.get(f"/v1/nodes/{self.sender.node}/heads").get_json()
        assert [(head["id"], head["state"]) for head in heads] == [(record.statement_id, "received")]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


def test_a_proxy_that_asks_for_credentials_is_named_and_let_through_with_them(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real `CONNECT` that is answered with 407, until the environment names a login."""
    certificates = make_certificates(tmp_path)
    record = bench.spool()
    with (
        served_with_tls(bench.faults, certificates.server) as url,
        open_line(url, login="rathaus:geheim") as (line, proxy),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        refused = bench.send(record, HUB, ca_bundle=certificates.authority)
        assert refused.record.state is DeliveryState.SPOOLED
        assert refused.problem is not None
        assert refused.problem.code == "hub_unreachable"
        assert "407" in refused.problem.detail.de
        assert "HTTPS_PROXY" in refused.problem.detail.en
        assert bench.faults.requests == []

        monkeypatch.setenv("HTTPS_PROXY", f"http://rathaus:falsch@{proxy}")
        wrong = bench.send(record, HUB, ca_bundle=certificates.authority)
        assert wrong.problem is not None
        assert "falsch" not in f"{wrong.problem} {wrong.problem.detail}"
        assert line.refused == line.connections

        monkeypatch.setenv("HTTPS_PROXY", f"http://rathaus:geheim@{proxy}")
        assert bench.send(record, HUB, ca_bundle=certificates.authority).problem is None
    bench.assert_taken_once(record)


_PORTAL: Answer = (200, b"<html>Bitte anmelden</html>", PAGE)


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        (0, (407, b"<html>Anmeldung am Proxy</html>", {**PAGE, "Proxy-Authenticate": "Basic"})),
        (0, (302, b"", {"Location": "http://portal.example/"})),
        (0, _PORTAL),
        (1, _PORTAL),
        (2, _PORTAL),
        (2, (200, b'{"state": "received"}', {"Content-Type": "application/json"})),
    ],
    ids=["407", "redirect", "announcing", "sending", "completing", "json of a stranger"],
)
def test_a_portal_at_any_step_is_no_hub_and_the_next_run_finishes(
    bench: Bench, at: int, answer: Answer
) -> None:
    record = bench.spool()
    bench.faults.plan = [*[None] * at, answer]
    with served(bench.faults) as url:
        stopped = bench.send(record, url)
        assert stopped.problem is not None
        assert stopped.problem.code == "not_a_hub"
        assert bench.send(record, url).problem is None
    bench.assert_taken_once(record)


def _limiting(app: WsgiApp, refused: list[int]) -> WsgiApp:
    """A proxy that lets no body through that is larger than a megabyte."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size <= MEGABYTE:
            return app(environ, start_response)
        refused.append(size)
        environ["wsgi.input"].read(size)
        start_response("413 Request Entity Too Large", list(PAGE.items()))
        return [b"<html>Zu gross</html>"]

    return answer


def test_a_large_delivery_passes_a_proxy_that_lets_no_more_than_a_megabyte_through(bench: Bench) -> None:
    record = bench.spool(payload=bytes(range(256)) * 8_000)  # two megabytes
    refused: list[int] = []
    with served(_limiting(bench.faults, refused)) as url:
        assert bench.send(record, url).problem is None
    assert refused == []
    assert [request for request in bench.faults.requests if request.startswith("PUT")] == [
        f"PUT /v1/submissions/ID/chunks/{n}" for n in range(4)
    ]
    bench.assert_taken_once(record)


def test_connections_that_are_cut_in_the_middle_of_an_answer_are_opened_again(bench: Bench) -> None:
    record = bench.spool(payload=bytes(range(256)) * 4_000)
    with (
        served(bench.faults) as url,
        open_line(url, cuts=[0, 30, 200]) as (line, near),
    ):
        assert bench.send(record, f"http://{near}").problem is None
        assert line.cuts == []
    assert len(bench.clock.waits) == 3
    bench.assert_taken_once(record)


def test_an_answer_that_is_cut_anywhere_is_asked_for_again(bench: Bench) -> None:
    """Wherever it ends, in its headers too, what is left is never taken for an answer."""
    record = bench.spool()
    with served(bench.faults) as url, open_line(url) as (line, near):
        assert bench.send(record, f"http://{near}").problem is None
        settings = HubSettings(f"http://{near}", AUDIENCE, None, 2, 5, 2, 10)
        for length in range(0, 600, 7):
            line.cuts = [length]
            with HubClient(settings, node="node-1", clock=bench.clock, key=bench.sender.key) as client:
                assert client.submission(record.statement_id).state == "received", length
            assert line.cuts == []


def test_a_line_that_dribbles_is_slow_and_nothing_else(bench: Bench) -> None:
    """A kilobyte at a time in both directions: each answer is whole within the patience for one."""
    record = bench.spool()
    with (
        served(bench.faults) as url,
        open_line(url, piece_bytes=1_024, pause_seconds=0.01) as (_, near),
    ):
        assert bench.send(record, f"http://{near}").problem is None
    assert bench.clock.waits == []
    bench.assert_taken_once(record)


def test_a_proxy_that_blocks_put_does_not_keep_a_delivery(bench: Bench) -> None:
    def blocking(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT":
            return bench.faults(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("405 Method Not Allowed", list(PAGE.items()))
        return [b"<html>Gesperrt</html>"]

    record = bench.spool()
    with served(blocking) as url:
        assert bench.send(record, url).problem is None
    assert bench.faults.requests[1] == "POST /v1/submissions/ID/chunks/0"
    bench.assert_taken_once(record)
