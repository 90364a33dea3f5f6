"""The real commands in real processes: set up, serve, kill -9, close; what was acknowledged is never lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from click.testing import CliRunner

from hub.cli import main
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.problems import PROBLEMS
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.factories.running_hub import ITS_DAY, Author, Parcel
from tests.factories.signing import signed_headers


def hub(home: Path, command: str, *arguments: str, expect: int = 0) -> dict:
    """Run a `kim-hub` command in this process and return what it printed."""
    line = [*command.split(), "--home", str(home), *arguments, "--json"]
    done = CliRunner(env=ITS_DAY).invoke(main, line)
    assert done.exit_code == expect, done.output
    return json.loads(done.stdout)


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Serve `home`; gives the process and its URL."""
    with (home / "hub.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "serve", "--home", str(home), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **ITS_DAY, **environment},
        )
    try:
        line = process.stdout.readline()
        assert line, (home / "hub.log").read_text()
        yield process, json.loads(line)["url"]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def make_sender(home: Path, area: str = "NW05111") -> Author:
    """Set up a hub in `home` and register one node."""
    hub(home, "init")
    key = PrivateKey.generate()
    node = f"node-{area.lower()}"
    answer = hub(
        home,
        "register",
        "--node",
        node,
        "--area",
        area,
        "--public-key",
        key.public.hex,
        "--name",
        "Düsseldorf",
    )
    public = key.public
    entry = {"node": node, "keyid": public.keyid, "fingerprint": public.fingerprint()}
    assert answer == {"registered": [entry]}
    return Author(node, area, key)


def call(
    url: str, sender: Author, method: str, path: str, body: bytes = b"", **headers: str
) -> requests.Response:
    return requests.request(
        method,
        f"{url}{path}",
        data=body,
        headers=signed_headers(sender.key, method, path, body, headers),
        timeout=PATIENCE_SECONDS,
    )


def announce(url: str, sender: Author, parcel: Parcel) -> requests.Response:
    media = {"Content-Type": PAYLOAD_TYPE_SUBMISSION}
    return call(url, sender, "POST", "/v1/submissions", parcel.envelope.to_bytes(), **media)


def put(url: str, sender: Author, parcel: Parcel, n: int) -> requests.Response:
    return call(url, sender, "PUT", f"/v1/submissions/{parcel.id}/chunks/{n}", parcel.chunks[n])


def complete(url: str, sender: Author, parcel: Parcel) -> requests.Response:
    return call(url, sender, "POST", f"/v1/submissions/{parcel.id}/complete")


def send(url: str, sender: Author, parcel: Parcel, *, known: bool = False) -> None:
    """Announce, upload and complete a submission of one chunk; `known`: it was announced before."""
    assert announce(url, sender, parcel).status_code == (200 if known else 201)
    assert put(url, sender, parcel, 0).status_code == 204
    assert complete(url, sender, parcel).status_code == 202


def look(url: str, sender: Author, parcel: Parcel) -> dict:
    return call(url, sender, "GET", f"/v1/submissions/{parcel.id}").json()


def decided(url: str, sender: Author, parcel: Parcel) -> dict:
    """Wait for the decision and return the status that has it."""
    assert_soon(lambda: look(url, sender, parcel)["state"] in ("accepted", "rejected"), "a decision")
    return look(url, sender, parcel)


def test_kill_after_every_answer_loses_nothing(tmp_path: Path) -> None:
    """The hub is killed with SIGKILL after each acknowledged step; the next one carries on where it was."""
    sender = make_sender(tmp_path)
    parcel = sender.parcel(chunk=32_768, withheld=[3, 4])
    steps = [
        (lambda url: announce(url, sender, parcel), 201, "announced", [[0, 1]]),
        (lambda url: put(url, sender, parcel, 1), 204, "uploading", [[0, 0]]),
        (lambda url: put(url, sender, parcel, 0), 204, "uploading", []),
        (lambda url: complete(url, sender, parcel), 202, None, []),
    ]
    assert len(parcel.chunks) == 2
    for step, expected, state, missing in steps:
        with serving(tmp_path) as (process, url):
            answer = step(url)
            assert answer.status_code == expected, answer.text
            process.kill()
            process.wait()
        if state is None:
            continue
        with serving(tmp_path) as (_, url):
            status = look(url, sender, parcel)
            assert (status["state"], status["missing"]) == (state, missing)
    # killed between completion and decision, most likely: the next process decides
    with serving(tmp_path) as (_, url):
        status = decided(url, sender, parcel)
        assert status["state"] == "accepted"
        assert [event["state"] for event in status["events"]].count("accepted") == 1
        assert announce(url, sender, parcel).json()["state"] == "accepted"
    log = (tmp_path / "hub.log").read_text()
    assert "Traceback" not in log
    for line in log.splitlines():
        json.loads(line)


def test_closing_beside_a_serving_hub_and_alone(tmp_path: Path) -> None:
    sender = make_sender(tmp_path)
    periods = [Period(2026, 1), Period(2026, 2)]
    with serving(tmp_path) as (_, url):
        for dataset in ("CASES", "PERSONS"):
            for period in periods:
                parcel = sender.parcel(dataset, period=period)
                send(url, sender, parcel)
                assert decided(url, sender, parcel)["state"] == "accepted"
        answer = hub(tmp_path, "close", "2026-Q1", "--wait")
        assert answer["published"] is True
        assert answer["release"] == 1
        assert [item["dataset"] for item in answer["closed"]] == ["CASES", "PERSONS"]
        # a second hub for the same folder is refused
        assert (
            hub(tmp_path, "serve", expect=PROBLEMS["already_running"].exit_code)["code"] == "already_running"
        )
    # without a serving hub the command does the work itself
    answer = hub(tmp_path, "close", "2026-Q2", "--wait")
    assert (answer["published"], answer["release"]) == (True, 2)
    assert hub(tmp_path, "close", "2026-Q4", "--dataset", "CASES", expect=73)["code"] == "period_not_open"


def test_with_a_broker_other_processes_do_the_work(tmp_path: Path) -> None:
    """A broker carries the ids; a worker that is killed, and the message it held, are made up for."""
    sender = make_sender(tmp_path)
    broker = {"KIM_HUB_BROKER_URL": f"sqla+sqlite:///{tmp_path}/broker.sqlite3", "KIM_HUB_STALE_SECONDS": "1"}
    with serving(tmp_path, **broker) as (_, url):
        first, second = sender.parcel(), sender.parcel("PERSONS")
        later = sender.parcel(period=Period(2026, 2))
        for parcel in (first, second):
            send(url, sender, parcel)
        time.sleep(0.5)
        status = look(url, sender, first)
        assert status["state"] == "received"  # nobody decides before there is a worker
        for kill in (True, False):
            with (tmp_path / "worker.log").open("ab") as log:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "hub.cli", "worker", "--home", str(tmp_path)],
                    stderr=log,
                    env={**os.environ, **ITS_DAY, **broker},
                )
            try:
                if kill:
                    # It has taken a message: what it held is lost with it, unless it was quick enough.
                    assert_soon(lambda: look(url, sender, first)["state"] != "received", "a worker at work")
                    worker.kill()
                else:
                    # The killed worker may have decided both; this one only the second can.
                    send(url, sender, later)
                    for parcel in (first, second, later):
                        assert decided(url, sender, parcel)["state"] == "accepted"
            finally:
                worker.terminate()
                code = worker.wait(PATIENCE_SECONDS)
            assert code == (-signal.SIGKILL if kill else 0)
    log = (tmp_path / "worker.log").read_text()
    assert "sqla+sqlite" not in log
    assert "critical" not in log
