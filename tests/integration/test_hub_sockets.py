"""A listening hub over real connections: what breaks off, is too large or malformed is never half taken."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from protocol.dsse import PAYLOAD_TYPE_SUBMISSION
from protocol.periods import Period
from protocol.problem_documents import MEDIA_TYPE
from protocol.problems import PROBLEMS
from protocol.regions import region_tree
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.running_hub import Parcel, RunningHub, Sender, listening, running_hub
from tests.factories.signing import signed_headers


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, int]]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running, listening(running) as port:
        yield running, port


def _raw(port: int, data: bytes, *, hang_up: bool = False) -> bytes:
    """Send bytes and return what is answered until the hub closes; with `hang_up`, say that no more comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(data)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def _assert_cut_off_without_answer(port: int, data: bytes) -> None:
    """Break off behind `data`, and wait until the hub has noticed."""
    assert _raw(port, data, hang_up=True) == b""


def _problem(answer: bytes) -> tuple[int, dict]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers["Content-Type"].startswith(MEDIA_TYPE), head
    assert headers["Kim-Hub"] == "kim-nrw/local"
    return int(lines[0].split()[1]), json.loads(body)


def _send(
    port: int, sender: Sender, method: str, path: str, body: bytes = b"", **headers: str
) -> requests.Response:
    return requests.request(
        method,
        f"http://127.0.0.1:{port}{path}",
        data=body,
        headers=signed_headers(sender.key, method, path, body, headers),
        timeout=PATIENCE_SECONDS,
    )


def _announce(port: int, sender: Sender, parcel: Parcel) -> requests.Response:
    media = {"Content-Type": PAYLOAD_TYPE_SUBMISSION}
    return _send(port, sender, "POST", "/v1/submissions", parcel.envelope.to_bytes(), **media)


def _put(port: int, sender: Sender, parcel: Parcel, n: int = 0) -> requests.Response:
    return _send(port, sender, "PUT", f"/v1/submissions/{parcel.id}/chunks/{n}", parcel.chunks[n])


def _complete(port: int, sender: Sender, parcel: Parcel) -> requests.Response:
    return _send(port, sender, "POST", f"/v1/submissions/{parcel.id}/complete")


def _raw_request(sender: Sender, method: str, path: str, body: bytes, *, kept: int, **headers: str) -> bytes:
    """A signed request of which only the first bytes of the body follow."""
    lines = signed_headers(sender.key, method, path, body, headers) | {"Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode() + body[:kept]


def test_an_upload_cut_off_in_the_middle_leaves_nothing(served: tuple[RunningHub, int]) -> None:
    running, port = served
    sender = running.sender("NW05111")
    parcel = sender.parcel()
    assert _announce(port, sender, parcel).status_code == 201
    for kept in (0, 1, len(parcel.chunks[0]) // 2, len(parcel.chunks[0]) - 1):
        path = f"/v1/submissions/{parcel.id}/chunks/0"
        _assert_cut_off_without_answer(port, _raw_request(sender, "PUT", path, parcel.chunks[0], kept=kept))
    assert running.state(parcel) == "announced"
    assert running.hub.context.incoming.submissions() == []
    answer = _complete(port, sender, parcel)
    assert (answer.status_code, answer.json()["code"]) == (409, "incomplete_upload")
    # and the same bytes, sent again, are taken
    assert _put(port, sender, parcel).status_code == 204
    answer = _complete(port, sender, parcel)
    assert answer.status_code == 202


def test_an_announcement_cut_off_in_the_middle_is_never_seen(served: tuple[RunningHub, int]) -> None:
    running, port = served
    sender = running.sender("NW05112")
    parcel = sender.parcel()
    body, media = parcel.envelope.to_bytes(), {"Content-Type": PAYLOAD_TYPE_SUBMISSION}
    request = _raw_request(sender, "POST", "/v1/submissions", body, kept=len(body) - 5, **media)
    _assert_cut_off_without_answer(port, request)
    assert running.state(parcel) is None


OVERSIZE = b"PUT /v1/submissions/x/chunks/0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n"
MALFORMED = {
    "a body far too large": (OVERSIZE, 413, "too_large"),
    "headers without end": (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ".ljust(16_384, b"a"),
        431,
        "too_large",
    ),
    "a malformed header": (b"GET /healthz HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n", 400, "bad_request"),
    "a length that is none": (
        b"POST /v1/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        400,
        "bad_request",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_the_server_itself_refuses_with_a_problem_document(served: tuple[RunningHub, int], case: str) -> None:
    request, status, code = MALFORMED[case]
    found, document = _problem(_raw(served[1], request))
    assert document["code"] == code
    assert document["remedy_en"]
    assert found in (status, PROBLEMS[code].status)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1:8000"])
def test_only_a_loopback_name_is_answered(served: tuple[RunningHub, int], host: str) -> None:
    answer = _raw(served[1], f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert _problem(answer)[1]["code"] == "bad_request"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_loopback_names_are_answered(served: tuple[RunningHub, int], host: str) -> None:
    answer = _raw(served[1], f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")


def test_every_answer_carries_the_headers(served: tuple[RunningHub, int]) -> None:
    for path in ("/healthz", "/readyz", "/v1/nodes/node-x/heads", "/", "/nothing"):
        answer = requests.get(f"http://127.0.0.1:{served[1]}{path}", timeout=PATIENCE_SECONDS)
        assert answer.headers["Kim-Hub"] == "kim-nrw/local", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path


def test_wrong_methods_and_paths_are_problems(served: tuple[RunningHub, int]) -> None:
    base = f"http://127.0.0.1:{served[1]}"
    answer = requests.delete(f"{base}/v1/submissions", timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
    answer = requests.get(f"{base}/v1/nothing", timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def _is_open(connection: socket.socket) -> bool:
    """Whether the hub has neither answered nor hung up."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    return False


def test_others_are_served_while_somebody_dribbles(served: tuple[RunningHub, int]) -> None:
    port = served[1]
    idle = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) for _ in range(60)]
    try:
        for connection in idle:
            connection.sendall(
                b"POST /v1/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
            )
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_SECONDS).status_code == 200
        # Answered beside them, not after them: the hub still waits for every one.
        assert all(_is_open(connection) for connection in idle)
    finally:
        for connection in idle:
            connection.close()


_SLOW_STARTS = (
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",  # never comes to the end of its headers
    b"POST /v1/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{",
    b"PUT /v1/chunks HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",  # asks for a page and never reads it
)


def test_sixty_slow_connections_leave_others_served_within_a_second(served: tuple[RunningHub, int]) -> None:
    port = served[1]
    alone = statistics.median(_seconds_of_an_answer(port) for _ in range(15))
    slow: list[socket.socket] = []
    try:
        for n in range(60):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", port))
            connection.sendall(_SLOW_STARTS[n % len(_SLOW_STARTS)])
            slow.append(connection)
        seconds = []
        for _ in range(15):
            for n, connection in enumerate(slow):
                if n % len(_SLOW_STARTS) != 3:
                    connection.sendall(b"a")  # each goes on, byte by byte
            seconds.append(_seconds_of_an_answer(port))
        # The middle one: a machine that is busy with other things holds up a single answer, or all of them.
        assert statistics.median(seconds) < max(1.0, 10 * alone)
    finally:
        for connection in slow:
            connection.close()


def _seconds_of_an_answer(port: int) -> float:
    begun = time.perf_counter()
    answer = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    return time.perf_counter() - begun


def test_the_same_statement_twenty_times_at_once_is_one_submission(served: tuple[RunningHub, int]) -> None:
    running, port = served
    sender = running.sender("NW05113")
    parcel = sender.parcel()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: _announce(port, sender, parcel), range(60)))
    assert sorted(answer.status_code for answer in answers) == [200] * 59 + [201]
    assert len({json.dumps(answer.json()) for answer in answers}) == 1


def test_chunks_and_completions_may_come_many_times_at_once(served: tuple[RunningHub, int]) -> None:
    running, port = served
    sender = running.sender("NW05116")
    parcel = sender.parcel(chunk=8192)
    assert _announce(port, sender, parcel).status_code == 201
    numbers = [n for n in range(len(parcel.chunks)) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        assert {a.status_code for a in pool.map(lambda n: _put(port, sender, parcel, n), numbers)} == {204}
        answers = list(pool.map(lambda _: _complete(port, sender, parcel), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    running.assert_becomes(parcel, "accepted")


def test_of_two_statements_for_one_revision_one_wins(served: tuple[RunningHub, int]) -> None:
    running, port = served
    sender = running.sender("NW05114")
    rivals = [sender.parcel() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda parcel: _announce(port, sender, parcel), rivals))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    codes = {answer.json().get("code") for answer in answers if answer.status_code == 409}
    assert codes == {"revision_conflict"}


def test_fifty_four_nodes_deliver_two_at_a_time_without_a_lock_error(tmp_path: Path) -> None:
    with running_hub(tmp_path, stale_seconds=60.0) as running, listening(running) as port:
        senders = [running.sender(area) for area in region_tree().leaves_of("NW05")]
        failures: list[str] = []

        def deliver(sender: Sender) -> list[Parcel]:
            parcels = [
                sender.parcel(period=period, withheld=[3, 4]) for period in (Period(2026, 1), Period(2026, 2))
            ]
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda parcel: _deliver(port, sender, parcel, failures), parcels))
            return parcels

        with ThreadPoolExecutor(54) as pool:
            parcels = [parcel for batch in pool.map(deliver, senders) for parcel in batch]
        assert failures == []
        for parcel in parcels:
            running.assert_becomes(parcel, "accepted")


def _deliver(port: int, sender: Sender, parcel: Parcel, failures: list[str]) -> None:
    for answer in (
        _announce(port, sender, parcel),
        _put(port, sender, parcel),
        _complete(port, sender, parcel),
    ):
        if answer.status_code not in (201, 202, 204):
            failures.append(answer.text)
