"""Deliveries by stick: the same bytes, the same checks, and back again what the hub says (SPEC P-128)."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import main as hub_main
from hub.domain.states import NodeStatus
from hub.services.registry.registration import Registration, register
from hub.services.transparency.rounds import run_round, signer_of
from hub.store import models
from node.journal import DeliveryState
from protocol.bundle import Result, parse_result, payload_file, result_file, statement_file
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.problem_documents import problem_document
from protocol.problems import PROBLEMS
from protocol.transparency.checkpoints import Checkpoint
from protocol.verify.cli import main as verify_main
from tests.factories.log_checks import log_key
from tests.factories.node_home import NodeHome, node_home
from tests.factories.running_hub import Parcel, RunningHub, lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub at work, which `kim-hub import` finds serving."""
    with running_hub(tmp_path / "hub", sandbox=lasting_sandbox()) as running:
        # By the clock of the command: each sees what the other has just done.
        running.clock.moment = dt.datetime.now(dt.UTC)
        running.clock.now = lambda: dt.datetime.now(dt.UTC)  # type: ignore[method-assign]
        yield running


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def put_on(stick: Path, parcel: Parcel) -> Path:
    """Write a parcel as `kim-node export` does; return the statement's file."""
    (stick / payload_file(parcel.statement.travelling.sha256)).write_bytes(parcel.payload)
    path = stick / statement_file(parcel.id)
    path.write_bytes(parcel.envelope.to_bytes())
    return path


def take_in(running: RunningHub, *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    """Import with the operator's command, in this process; the hub of the test decides."""
    from hub.home_lock import HomeLock

    home = running.hub.settings.home
    # As if a serving process held it: the command waits for that one's decisions.
    with HomeLock(home) as lock:
        assert lock.acquire()
        result = CliRunner().invoke(
            hub_main, ["import", *map(str, paths), "--home", str(home), "--json", "--timeout", "60"]
        )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout)["deliveries"]


def test_what_was_brought_is_accepted_and_answered_beside_it(running: RunningHub, stick: Path) -> None:
    sender = running.sender()
    parcel = sender.parcel(chunk=16 * 1024, withheld=[3, 4])
    assert len(parcel.chunks) > 1
    put_on(stick, parcel)
    code, (taken,) = take_in(running, stick)
    assert (code, taken["id"], taken["state"]) == (0, parcel.id, "accepted")
    result = parse_result((stick / result_file(parcel.id)).read_bytes())
    assert result.submission == sender.look(parcel)
    # Again: the same answer, and nothing happens twice.
    events = sender.look(parcel)["events"]
    assert take_in(running, stick) == (code, [taken])
    sent = parcel.statement
    named = f"  {sent.area}  CASES {sent.period}"
    words = ["import", str(stick), "--home", str(running.hub.settings.home), "--lang"]
    for language, said in (("de", "angenommen"), ("en", "accepted")):
        assert f"{named}  {said}" in CliRunner().invoke(hub_main, [*words, language]).stdout.splitlines()
    assert sender.look(parcel)["events"] == events


def test_files_may_be_named_one_by_one_and_what_was_begun_is_finished(
    running: RunningHub, stick: Path
) -> None:
    sender = running.sender()
    parcel = sender.parcel(chunk=16 * 1024)
    assert sender.announce(parcel).status_code == 201
    assert sender.put(parcel, 1).status_code == 204
    statement = put_on(stick, parcel)
    elsewhere = stick.parent / "mail"
    elsewhere.mkdir()
    moved = Path(shutil.move(stick / payload_file(parcel.statement.payload.sha256), elsewhere))
    code, (taken,) = take_in(running, statement)
    assert (code, taken["code"]) == (75, "incomplete_upload")
    code, (taken,) = take_in(running, statement, moved)
    assert (code, taken["state"]) == (0, "accepted")


@pytest.mark.parametrize("fault", ["other bytes", "cut off", "a folder", "a link", "a pipe"])
def test_bytes_that_are_not_the_signed_ones(running: RunningHub, stick: Path, fault: str) -> None:
    sender = running.sender()
    parcel = sender.parcel()
    put_on(stick, parcel)
    payload = stick / payload_file(parcel.statement.payload.sha256)
    right = payload.read_bytes()
    payload.unlink()
    if fault == "other bytes":
        payload.write_bytes(b"j" * len(right))
    elif fault == "cut off":
        payload.write_bytes(right[:-1])
    elif fault == "a folder":
        payload.mkdir()
    elif fault == "a link":
        payload.symlink_to("/dev/zero")
    else:
        os.mkfifo(payload)
    code, (taken,) = take_in(running, stick)
    assert code == 75
    assert taken["code"] in ("digest_mismatch", "incomplete_upload")
    assert running.state(parcel) in ("announced", "uploading")


def test_a_stick_is_checked_like_the_network(running: RunningHub, stick: Path) -> None:
    sender, other = running.sender(), running.sender("NW05112")
    good = sender.parcel()
    forged = other.parcel()
    forged = replace(forged, envelope=replace(forged.envelope, signature=bytes(64)))
    foreign = sender.signed(replace(good.statement, aud="kim-nrw/other"), good.payload)
    suspended = running.sender("NW05113")
    late = suspended.parcel()
    with running.hub.context.database.write() as unit:
        unit.nodes.set_status(suspended.node, NodeStatus.SUSPENDED)
    for parcel in (good, forged, foreign, late):
        put_on(stick, parcel)
    (stick / "noise.dsse.json").write_bytes(b"no envelope")
    _, taken = take_in(running, stick)
    codes = {one["id"]: one["code"] for one in taken}
    assert codes == {
        good.id: None,
        forged.id: "signature_invalid",
        foreign.id: "wrong_audience",
        late.id: "node_suspended",
        "noise": "bad_envelope",
    }
    # Refusals are answered beside the files too, but only under names that are digests.
    assert parse_result((stick / result_file(foreign.id)).read_bytes()).problem is not None
    assert not (stick / "noise.result.json").exists()


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "refused"])
def test_a_link_on_a_stick_leads_nowhere(running: RunningHub, stick: Path, *, taken: bool) -> None:
    """Who brings a stick chooses what lies on it, under the names of the answers too."""
    sender = running.sender()
    parcel = sender.parcel()
    if not taken:
        parcel = replace(parcel, envelope=replace(parcel.envelope, signature=bytes(64)))
    put_on(stick, parcel)
    kept = running.hub.settings.home / "hub.toml"
    kept.write_bytes(b"[hub]\n")
    names = [result_file(parcel.id), f"{parcel.id}.received.tlog-proof", f"{parcel.id}.decided.tlog-proof"]
    for name in names:
        (stick / name).symlink_to(kept)
    _, (found,) = take_in(running, stick)
    assert found["code"] == (None if taken else "signature_invalid")
    assert kept.read_bytes() == b"[hub]\n"
    answer = stick / names[0]
    assert not answer.is_symlink()
    assert (parse_result(answer.read_bytes()).problem is None) == taken
    assert not list(stick.glob(".*"))


def test_the_name_of_a_file_on_a_stick_says_nothing_to_a_terminal(running: RunningHub, stick: Path) -> None:
    (stick / "\x1b[2J\x9b1;31mfein.dsse.json").write_bytes(b"no envelope")
    home = running.hub.settings.home
    result = CliRunner().invoke(hub_main, ["import", str(stick), "--home", str(home)], color=True)
    assert "fein" in result.stdout
    assert "\x1b[2J" not in result.stdout
    assert "\x9b" not in result.stdout


def test_an_empty_stick_says_so(running: RunningHub, stick: Path) -> None:
    result = CliRunner().invoke(
        hub_main, ["import", str(stick), "--home", str(running.hub.settings.home), "--json"]
    )
    assert result.exit_code == 64


# ------------------------------------------------------------------------------------ there and back


@pytest.fixture
def home(tmp_path: Path, running: RunningHub) -> NodeHome:
    """A node whose hub cannot be reached, but knows it."""
    home = node_home(tmp_path, hub="http://127.0.0.1:9")
    home.change("# attempts = 6", "attempts = 1")
    key = home.public_key.hex
    register(running.hub.context, [Registration(home.settings.node, (AREA,), key, "Rhein-Sieg-Kreis")])
    return home


def test_from_a_node_without_a_line_to_the_hub_and_back(
    running: RunningHub, home: NodeHome, stick: Path
) -> None:
    code, document = home.json("submit", "--no-wait")
    assert {d["state"] for d in document["deliveries"]} == {"spooled"}
    code, exported = home.json("export", str(stick))
    assert code == 0
    assert len(exported["deliveries"]) == 6
    assert len(list(stick.iterdir())) == 12
    code, taken = take_in(running, stick)
    assert (code, {one["state"] for one in taken}) == (0, {"accepted"})
    code, read = home.json("import", str(stick))
    assert code == 0, read
    assert {one["state"] for one in read["deliveries"]} == {"accepted"}
    assert {record.state for record in home.records()} == {DeliveryState.ACCEPTED}
    # Nothing is left to be exported, and reading again changes nothing.
    assert home.json("export", str(stick))[1]["deliveries"] == []
    assert home.json("import", str(stick))[0] == 0
    assert "6 Lieferungen" in home.run("export", str(stick), "--all").stdout


def test_an_older_result_takes_nothing_back(running: RunningHub, home: NodeHome, stick: Path) -> None:
    home.json("submit", "--no-wait", "--period", "2026-Q1")
    home.json("export", str(stick))
    take_in(running, stick)
    home.json("import", str(stick))
    record = home.records()[0]
    early = {"id": record.statement_id, "state": "received", "missing": [], "problem": None}
    (stick / result_file(record.statement_id)).write_bytes(Result("kim-nrw/local", early, None).to_bytes())
    assert home.json("import", str(stick))[0] == 0
    assert {one.state for one in home.records()} == {DeliveryState.ACCEPTED}


def test_what_the_hub_turned_away_counts_as_known_outside(
    running: RunningHub, home: NodeHome, stick: Path
) -> None:
    from hub.services.merging.publishing import close

    home.json("submit", "--no-wait", "--period", "2026-Q1")
    home.json("export", str(stick))
    close(running.hub.context, [Period(2026, 1)], datasets=["CASES"])
    take_in(running, stick)
    code, read = home.json("import", str(stick))
    assert code != 0
    assert {one["problem"] for one in read["deliveries"] if one["dataset"] == "CASES"} == {"period_closed"}
    states = {record.dataset: record.state for record in home.records()}
    # On the stick it has left the house: rejected, not refused.
    assert states["CASES"] is DeliveryState.REJECTED
    assert states["PERSONS"] is DeliveryState.ACCEPTED


@pytest.mark.parametrize("fault", ["bytes that the stick has lost", "a suspension", "no key entered yet"])
def test_what_passes_keeps_a_delivery_in_the_outbox(
    running: RunningHub, home: NodeHome, stick: Path, fault: str
) -> None:
    """A node without a line has no other way than the next stick: what is not on it never arrives."""
    context = running.hub.context
    home.json("submit", "--no-wait", "--period", "2026-Q1")
    home.json("export", str(stick))
    lost = home.records()[0]
    node, damaged = home.settings.node, stick / payload_file(lost.payload_sha256)
    with context.database.write() as unit:
        (key,) = unit.nodes.keys_of(node)
        if fault == "a suspension":
            expected = "node_suspended"
            unit.nodes.set_status(node, NodeStatus.SUSPENDED)
        elif fault == "no key entered yet":
            expected = "unknown_key"
            unit.connection.execute(models.node_key.delete())
        else:
            expected = "digest_mismatch"
            damaged.write_bytes(bytes(damaged.stat().st_size))
    take_in(running, stick)
    told = {one["id"]: one["problem"] for one in home.json("import", str(stick))[1]["deliveries"]}
    assert told[lost.statement_id] == expected
    assert home.records()[0].state is DeliveryState.SPOOLED

    with context.database.write() as unit:
        unit.nodes.set_status(node, NodeStatus.ACTIVE)
        if fault == "no key entered yet":
            unit.nodes.add_key(key, at=context.clock.now())
    again = home.json("export", str(stick))[1]["deliveries"]
    assert lost.statement_id in {one["id"] for one in again}
    take_in(running, stick)
    assert home.json("import", str(stick))[0] == 0
    assert {record.state for record in home.records()} == {DeliveryState.ACCEPTED}


def test_what_was_turned_away_may_be_taken_from_another_stick(home: NodeHome, stick: Path) -> None:
    """A hub that was not up to date did not know the form; afterwards the same files are taken."""
    home.json("submit", "--no-wait", "--period", "2026-Q1")
    record = home.records()[0]
    path = stick / result_file(record.statement_id)
    unknown = problem_document(kim_error("schema_unknown"))
    accepted = {"id": record.statement_id, "state": "accepted", "missing": [], "problem": None}
    states = []
    for submission, problem in ((None, unknown), (accepted, None), (None, unknown)):
        path.write_bytes(Result("kim-nrw/local", submission, problem).to_bytes())
        home.json("import", str(stick))
        states.append(home.records()[0].state)
    assert states == [DeliveryState.REJECTED, DeliveryState.ACCEPTED, DeliveryState.ACCEPTED]


def test_results_of_another_hub_or_none_are_refused(home: NodeHome, stick: Path) -> None:
    assert home.json("import", str(stick))[1]["code"] == "not_found"
    home.json("submit", "--no-wait", "--period", "2026-Q1")
    record = home.records()[0]
    path = stick / result_file(record.statement_id)
    view = {"id": record.statement_id, "state": "accepted", "missing": [], "problem": None}
    path.write_bytes(Result("kim-nrw/other", view, None).to_bytes())
    assert home.json("import", str(stick))[1]["code"] == "wrong_audience"
    path.write_bytes(b'{"v":1}')
    assert home.json("import", str(stick))[1]["code"] == "bad_envelope"
    path.write_bytes(b'{"v":2}')
    assert home.json("import", str(stick))[1]["code"] == "unsupported_version"
    path.write_bytes(Result("kim-nrw/local", {**view, "id": "0" * 64}, None).to_bytes())
    assert home.json("import", str(stick))[0] != 0
    assert {one.state for one in home.records()} == {DeliveryState.SPOOLED}


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b'{"v":1,"aud":"a","submission":null,"problem":null}',
        b'{"v":1,"aud":"a","submission":{},"problem":{}}',
        b'{"v":1,"aud":5,"submission":{},"problem":null}',
        b'{"v":1,"aud":"a","submission":[],"problem":null}',
        b'{"v":1,"aud":"a","submission":{},"problem":null,"more":1}',
    ],
)
def test_what_is_no_result(data: bytes) -> None:
    with pytest.raises(KimError) as caught:
        parse_result(data)
    assert caught.value.code == "bad_envelope"


def test_the_same_delivery_may_go_both_ways(running: RunningHub, home: NodeHome, stick: Path) -> None:
    """Exported, and then the line is back: the hub has one delivery, whoever is first."""
    home.json("submit", "--no-wait", "--period", "2026-Q1")
    home.json("export", str(stick))
    with served(running.client.application) as url:
        home.change("http://127.0.0.1:9", url)
        code, document = home.json("submit", "--period", "2026-Q1")
    assert code == 0, document
    code, taken = take_in(running, stick)
    assert (code, {one["state"] for one in taken}) == (0, {"accepted"})
    assert home.json("import", str(stick))[0] == 0


def test_receipts_come_back_and_are_compared_with_a_copy_of_the_log(
    running: RunningHub, home: NodeHome, stick: Path
) -> None:
    """SPEC P-113: without a line and without a copy that cannot be done, and the command says so."""
    context = running.hub.context
    home.change("[hub]\n", f'[hub]\nlog_key = "{signer_of(context).verifier_key}"\n')
    home.json("submit", "--no-wait", "--period", "2026-Q1")
    home.json("export", str(stick))
    take_in(running, stick)
    run_round(context)
    take_in(running, stick)  # the second time there are receipts of all
    code, read = home.json("import", str(stick))
    number = 2 * len(read["deliveries"])
    assert (code, read["receipts"], read["uncompared"], read["log"]) == (0, number, number, None)
    said = home.run("import", str(stick), "--lang", "en").stdout
    assert f"Not compared with the log of the hub yet: {number}." in said

    written = CliRunner().invoke(
        hub_main, ["log", "export", str(stick / "log"), "--home", str(running.hub.settings.home), "--json"]
    )
    assert written.exit_code == 0, written.output
    keys = ("--log-key", str(signer_of(context).verifier_key), "--quorum", "0")
    assert verify_main(["log", "--mirror", str(stick / "log"), *keys]) == 0
    code, read = home.json("import", str(stick))
    assert (code, read["uncompared"], read["log"]) == (0, 0, None)
    found = home.json("status", "--offline")[1]["log"]
    with context.database.read() as unit:
        assert (found["size"], found["uncompared"], found["alarms"]) == (unit.leaves.size(), 0, [])

    # A copy of another history, signed by the same key: the file that proves it is kept.
    key = log_key(context.settings)
    forged = Checkpoint(context.settings.log_origin, found["size"], b"\x07" * 32).sign(key)
    (home.settings.witness / "checkpoint").write_bytes(forged.to_bytes())
    code, read = home.json("import", str(stick))
    assert (code, read["log"]) == (PROBLEMS["log_contradicts"].exit_code, "log_contradicts")
    alarms = home.json("status", "--offline")[1]["log"]["alarms"]
    assert [alarm["kind"] for alarm in alarms] == ["contradiction"]
