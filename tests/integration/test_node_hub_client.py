"""The client over real HTTP: what is an answer of the hub, what is not, and how patiently it asks."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from node.hub_client import HubClient
from node.settings import HubSettings
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.periods import Period
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub
from tests.fakes.faults import AUDIENCE, LOST, Answer, Faults, problem_answer
from tests.fakes.node_clock import SteppedClock
from tests.fakes.served import served
from tests.fakes.tls import make_certificates, served_with_tls

PAGE = "text/html; charset=utf-8"
STRANGER = PrivateKey.generate()


def hub_settings(url: str) -> HubSettings:
    return HubSettings(url, AUDIENCE, None, 2, 5, 4, 10)


def a_client(url: str, clock: SteppedClock, key: PrivateKey = STRANGER) -> HubClient:
    return HubClient(hub_settings(url), node="node-1", clock=clock, key=key)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that takes submissions and never decides."""
    with running_hub(tmp_path_factory.mktemp("hub"), start=False, machine_clock=SteppedClock()) as running:
        yield running


@pytest.fixture(scope="module")
def sender(running: RunningHub) -> Sender:
    return running.sender()


@pytest.fixture(scope="module")
def parcel(sender: Sender) -> Parcel:
    return sender.parcel()


@pytest.fixture
def faults(running: RunningHub) -> Faults:
    return Faults(running.client.application)


@pytest.fixture
def client(faults: Faults, clock: SteppedClock, sender: Sender) -> Iterator[HubClient]:
    with served(faults) as url, a_client(url, clock, sender.key) as client:
        yield client


def test_a_submission_from_announcement_to_completion(client: HubClient, parcel: Parcel) -> None:
    announced = client.announce(parcel.envelope.to_bytes(), statement_id=parcel.id)
    client.put_chunk(parcel.id, 0, content=parcel.payload)
    completed = client.complete(parcel.id)
    (head,) = client.heads(parcel.statement.node)

    assert (announced.state, announced.missing, announced.chunk_bytes) == ("announced", ((0, 0),), 1 << 19)
    assert completed.state == "received"
    assert client.submission(parcel.id).state == "received"
    assert client.announce(parcel.envelope.to_bytes(), statement_id=parcel.id).state == "received"
    assert (head.id, head.dataset, head.period, head.revision) == (parcel.id, "CASES", "2026-Q1", 1)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, b"<html>Anmeldung</html>", {"Content-Type": PAGE}), "not_a_hub"),
        ((200, b'{"id": "x"}', {"Content-Type": "application/json"}), "not_a_hub"),
        ((407, b"", {"Content-Type": PAGE}), "not_a_hub"),
        ((403, b"<html>Gesperrt</html>", {"Content-Type": PAGE}), "not_a_hub"),
        ((302, b"", {"Location": "http://127.0.0.1:1/", "Kim-Hub": AUDIENCE}), "not_a_hub"),
        ((200, b"<html>", {"Content-Type": PAGE, "Kim-Hub": AUDIENCE}), "not_a_hub"),
        ((404, b"<html>", {"Content-Type": PAGE, "Kim-Hub": AUDIENCE}), "not_a_hub"),
        ((200, b'{"a":1,"a":2}', {"Kim-Hub": AUDIENCE}), "not_a_hub"),
        ((200, b"x" * ((1 << 20) + 1), {"Kim-Hub": AUDIENCE}), "not_a_hub"),
        ((200, b"{}", {"Kim-Hub": "kim-nrw/other"}), "wrong_audience"),
        ((200, b'{"id":"x","state":"accepted"}', {"Kim-Hub": AUDIENCE}), "unsupported_version"),
        (problem_answer("unknown_key"), "unknown_key"),
        (problem_answer("period_not_open"), "period_not_open"),
    ],
)
def test_answers_that_end_the_attempt_at_once(
    client: HubClient, faults: Faults, clock: SteppedClock, answer: Answer, code: str, parcel: Parcel
) -> None:
    # SPEC P-68
    faults.plan = [answer]
    with pytest.raises(KimError) as caught:
        client.announce(parcel.envelope.to_bytes(), statement_id=parcel.id)

    assert caught.value.code == code
    assert clock.waits == []


@pytest.mark.parametrize(
    "answer",
    [
        (502, b"<html>", {"Content-Type": PAGE}),
        (503, b"", {}),
        (504, b"", {}),
        problem_answer("busy"),
        problem_answer("rate_limited"),
        LOST,
    ],
)
def test_what_usually_passes_is_tried_again(
    client: HubClient, faults: Faults, clock: SteppedClock, answer: Answer | str, parcel: Parcel
) -> None:
    faults.plan = [answer, answer]

    assert client.announce(parcel.envelope.to_bytes(), statement_id=parcel.id).id == parcel.id
    assert len(clock.waits) == 2
    assert len(faults.requests) == 3


def test_patience_ends_after_the_attempts_of_the_settings(
    client: HubClient, faults: Faults, clock: SteppedClock
) -> None:
    faults.plan = [problem_answer("busy")] * 10
    with pytest.raises(KimError) as caught:
        client.submission("a" * 64)

    assert caught.value.code == "busy"
    assert len(faults.plan) == 6
    assert len(clock.waits) == 3


@pytest.mark.parametrize("value", ["7", "Fri, 09 Oct 2026 08:15:07 GMT"])
def test_the_hub_may_ask_for_a_pause(
    client: HubClient, faults: Faults, clock: SteppedClock, value: str
) -> None:
    faults.plan = [problem_answer("busy", Retry_After=value)]
    with pytest.raises(KimError):
        client.submission("a" * 64)

    assert clock.waits == [7.0]


def test_a_pause_too_long_for_a_command_ends_it(
    client: HubClient, faults: Faults, clock: SteppedClock
) -> None:
    faults.plan = [problem_answer("busy", Retry_After="3600")]
    with pytest.raises(KimError) as caught:
        client.submission("a" * 64)

    assert caught.value.code == "busy"
    assert clock.waits == []


def test_a_nonsense_pause_is_ignored(client: HubClient, faults: Faults, clock: SteppedClock) -> None:
    faults.plan = [problem_answer("busy", Retry_After="soon"), problem_answer("unknown_key")]
    with pytest.raises(KimError):
        client.submission("a" * 64)

    assert len(clock.waits) == 1
    assert clock.waits[0] <= 1.0


def test_nobody_listens(clock: SteppedClock) -> None:
    with served(lambda environ, start_response: []) as url:
        pass
    with (
        a_client(url, clock) as client,
        pytest.raises(KimError) as caught,
    ):
        client.heads("node-1")

    assert caught.value.code == "hub_unreachable"
    assert url in caught.value.detail.de
    assert len(clock.waits) == 3


@contextmanager
def dribbling(opening: bytes) -> Iterator[str]:
    """A server that answers with ``opening`` and then sends a byte now and then, for ever."""
    over = threading.Event()

    def dribble(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(opening)
            while not over.wait(0.05):
                connection.sendall(b"a")

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=dribble, args=(listener.accept()[0],)))
                threads[-1].start()

    threads = [threading.Thread(target=accept)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads[0].start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


@pytest.mark.parametrize(
    "opening",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nKim-Hub: kim-nrw/local\r\nX-A: ",
        b"HTTP/1.1 200 OK\r\nKim-Hub: kim-nrw/local\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nKim-Hub: kim-nrw/local\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ],
    ids=["status", "headers", "body", "chunked"],
)
def test_a_dribbling_server_holds_nobody_longer_than_the_deadline(
    opening: bytes, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.hub_client.transport.DEADLINE_IN_READS", 0.5)
    started = time.monotonic()
    with dribbling(opening) as url:
        settings = replace(hub_settings(url), read_timeout_seconds=1)
        with (
            HubClient(settings, node="node-1", clock=clock, key=STRANGER) as client,
            pytest.raises(KimError) as caught,
        ):
            # Whoever had no deadline would listen for ever, as there is a byte in each read timeout.
            client.heads("node-1")

    assert caught.value.code == "hub_unreachable"
    assert "vollständig" in caught.value.detail.de
    assert time.monotonic() - started >= 0.5
    assert clock.waits == []


def test_whoever_waits_is_told_of_every_further_attempt(clock: SteppedClock) -> None:
    told: list[tuple[str, int, float]] = []
    settings = hub_settings("http://127.0.0.1:9")
    client = HubClient(
        settings,
        node="node-1",
        clock=clock,
        key=STRANGER,
        on_retry=lambda error, attempt, seconds: told.append((error.code, attempt, seconds)),
    )
    with client, pytest.raises(KimError):
        client.heads("node-1")

    assert [(code, attempt) for code, attempt, _ in told] == [
        ("hub_unreachable", attempt) for attempt in range(2, settings.attempts + 1)
    ]
    assert [seconds for *_, seconds in told] == clock.waits


def test_two_nodes_do_not_come_back_together() -> None:
    waits = []
    for node in ("node-1", "node-2"):
        clock = SteppedClock()
        client = HubClient(hub_settings("http://127.0.0.1:9"), node=node, clock=clock, key=STRANGER)
        with client, pytest.raises(KimError):
            client.heads("node-1")
        waits.append(clock.waits)

    assert waits[0] != waits[1]
    assert all(wait <= 8 for wait in waits[0] + waits[1])


def test_a_missing_ca_bundle_is_a_fault_of_the_configuration(tmp_path: Path, clock: SteppedClock) -> None:
    settings = replace(hub_settings("https://127.0.0.1:9"), ca_bundle=tmp_path / "nowhere.pem")
    with (
        HubClient(settings, node="node-1", clock=clock, key=STRANGER) as client,
        pytest.raises(KimError) as caught,
    ):
        client.heads("node-1")

    assert caught.value.code == "config_invalid"


def test_passwords_and_proxies_of_the_machine_stay_out_of_loopback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, running: RunningHub, clock: SteppedClock
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: dict[str, str] = {}

    def watching(environ, start_response):
        seen.update({name: str(value) for name, value in environ.items() if name.startswith("HTTP_")})
        return running.client.application(environ, start_response)

    with (
        served(watching) as url,
        a_client(url, clock) as client,
        pytest.raises(KimError),
    ):
        client.heads("node-unheard-of")

    assert "HTTP_AUTHORIZATION" not in seen
    assert seen["HTTP_KIM_CLIENT"].startswith("kim-node/")
    assert seen["HTTP_ACCEPT_ENCODING"] == "identity"


def test_a_certificate_is_trusted_only_if_its_authority_is(
    tmp_path: Path, running: RunningHub, clock: SteppedClock
) -> None:
    certificates = make_certificates(tmp_path)
    with served_with_tls(running.client.application, certificates.server) as url:
        strict = hub_settings(url)
        with (
            HubClient(strict, node="node-1", clock=clock, key=STRANGER) as client,
            pytest.raises(KimError) as caught,
        ):
            client.submission("a" * 64)
        assert caught.value.code == "hub_unreachable"
        assert "ca_bundle" in caught.value.detail.de
        assert clock.waits == []

        trusting = replace(strict, ca_bundle=certificates.authority)
        with (
            HubClient(trusting, node="node-1", clock=clock, key=STRANGER) as client,
            pytest.raises(KimError) as answered,
        ):
            client.submission("a" * 64)
        assert answered.value.code == "unknown_key"


# ---------------------------------------------------------------------------- signatures and clocks


def test_every_attempt_is_another_signed_request(
    client: HubClient, faults: Faults, running: RunningHub, sender: Sender
) -> None:
    """An answer that was lost, and one that a proxy asked for twice: the next attempt is a new request."""
    faults.plan = [LOST, problem_answer("nonce_replayed"), problem_answer("request_signature_invalid")]

    assert client.heads(sender.node) is not None
    assert len(faults.requests) == 4


def test_a_node_whose_clock_is_wrong_signs_by_the_hubs(running: RunningHub, sender: Sender) -> None:
    # SPEC P-125
    faults = Faults(running.client.application)
    fast = SteppedClock(SteppedClock().now() + timedelta(hours=23))
    before = fast.now()
    with served(faults) as url, a_client(url, fast, sender.key) as client:
        client.heads(sender.node)
        client.heads(sender.node)

    # Refused once, and from then on by the hub's time; the clock itself is as it was, nobody waited.
    assert len(faults.requests) == 3
    assert fast.now() == before
    assert fast.waits == []


@pytest.mark.parametrize("hours", [25, -25, 24 * 365 * 3])
def test_a_hub_that_is_days_away_is_not_believed(running: RunningHub, sender: Sender, hours: int) -> None:
    faults = Faults(running.client.application)
    wrong = SteppedClock(SteppedClock().now() - timedelta(hours=hours))
    with (
        served(faults) as url,
        a_client(url, wrong, sender.key) as client,
        pytest.raises(KimError) as caught,
    ):
        client.heads(sender.node)

    assert caught.value.code == "clock_skew"
    assert len(faults.requests) == 1


@pytest.mark.parametrize("said", [None, 5, "soon", "2026-13-40T99:99:99Z", "2026-10-09T08:15:00"])
def test_a_time_that_is_none_is_no_time(
    client: HubClient, faults: Faults, said: object, sender: Sender
) -> None:
    status, content, headers = problem_answer("clock_skew")
    document = json.loads(content)
    document["server_time"] = said
    faults.plan = [(status, json.dumps(document).encode(), headers)]
    with pytest.raises(KimError) as caught:
        client.heads(sender.node)

    assert caught.value.code == "clock_skew"


def test_a_hub_that_never_agrees_is_asked_twice(client: HubClient, faults: Faults, sender: Sender) -> None:
    status, content, headers = problem_answer("clock_skew")
    document = {**json.loads(content), "server_time": "2026-10-09T10:15:00Z"}
    faults.plan = [(status, json.dumps(document).encode(), headers)] * 5
    with pytest.raises(KimError) as caught:
        client.heads(sender.node)

    assert caught.value.code == "clock_skew"
    assert len(faults.requests) == 2


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_proxy_that_blocks_put_is_got_around(
    running: RunningHub, sender: Sender, clock: SteppedClock, status: int
) -> None:
    parcel = sender.parcel(
        period=Period(2025, 4 if status == 403 else 3 if status == 405 else 2), chunk=16 * 1024
    )
    faults = Faults(running.client.application)

    def blocking(environ, start_response):
        if environ["REQUEST_METHOD"] == "PUT":
            faults.requests.append("PUT blocked")
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{status} X", [("Content-Type", PAGE)])
            return [b"<html>Gesperrt</html>"]
        return faults(environ, start_response)

    with served(blocking) as url, a_client(url, clock, sender.key) as client:
        client.announce(parcel.envelope.to_bytes(), statement_id=parcel.id)
        for number, chunk in enumerate(parcel.chunks):
            client.put_chunk(parcel.id, number, content=chunk)
        done = client.complete(parcel.id)

    assert done.state == "received"
    # Tried once, and never again on this connection.
    assert faults.requests.count("PUT blocked") == 1


def test_a_proxy_that_blocks_everything_stays_a_stranger(
    client: HubClient, faults: Faults, parcel: Parcel
) -> None:
    faults.plan = [(403, b"<html>Gesperrt</html>", {"Content-Type": PAGE})] * 2
    with pytest.raises(KimError) as caught:
        client.put_chunk(parcel.id, 0, content=parcel.payload)

    assert caught.value.code == "not_a_hub"
    assert len(faults.requests) == 2
