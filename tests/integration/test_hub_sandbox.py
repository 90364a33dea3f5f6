"""The decoding child may die in any way: the hub goes on, and refuses what the child died of."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import ipc

from hub.domain.cell_columns import Cells
from hub.sandbox.client import ChildKilledError, Sandbox
from protocol.canonical import canonical_stream
from protocol.errors import KimError
from protocol.observations import STATES, CellState
from protocol.statement import SubmissionStatement
from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.factories.running_hub import RunningHub, running_hub, with_payload
from tests.factories.submissions import states_of, submission
from tests.factories.zygotes import when_a_child_waits

VECTORS = Path(__file__).parents[1] / "vectors" / "arrow-ipc-stream"
MIB = 1024 * 1024


def make_sandbox(**limits: float) -> Sandbox:
    chosen = {"memory_bytes": 1024 * MIB, "cpu_seconds": 20, "wall_seconds": PATIENCE_SECONDS} | limits
    return Sandbox(**chosen)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = make_sandbox()
    sandbox.start()
    yield sandbox
    sandbox.close()


def _refusal(sandbox: Sandbox, statement: SubmissionStatement, data: bytes, folder: Path) -> str:
    file = folder / "payload"
    file.write_bytes(data)
    with pytest.raises(KimError) as caught:
        sandbox.check(with_payload(statement, data).to_json(), file)
    return caught.value.code


def _assert_accepts(sandbox: Sandbox, folder: Path) -> Cells:
    """Check that a sandbox takes a good delivery, and return its cells."""
    table, statement = submission(withheld=[3, 4])
    file = folder / "payload"
    file.write_bytes(canonical_stream(table))
    return Cells.from_bytes(sandbox.check(statement.to_json(), file), rows=table.num_rows)


def test_cells_come_out_in_grid_order(sandbox: Sandbox, tmp_path: Path) -> None:
    table, _ = submission(withheld=[3, 4])
    cells = _assert_accepts(sandbox, tmp_path)
    sent = pc.fill_null(table["OBS_VALUE"], 0).to_pylist()
    assert cells.values.tolist() == sent
    figures = table["OBS_VALUE"].to_pylist()
    expected = states_of([value or 0 for value in figures], [3, 4])
    assert [STATES[code] for code in cells.states] == expected
    assert cells.withheld.sum() == 2
    assert CellState.ZERO in expected or all(figures[5:])


# ------------------------------------------------------------------------------------ hostile payloads


def _stream(table: pa.Table, **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _in_batches(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    return sink.getvalue().to_pybytes()


def _bomb() -> bytes:
    zeros = pa.table({"X": pa.array(np.zeros(4_000_000, dtype=np.int64))})
    return _stream(zeros, compression="zstd")


def _endless_nulls() -> bytes:
    """A column of nothing that claims 2^40 rows in a few bytes (patched in: never build it)."""
    rows, claimed = (number.to_bytes(8, "little") for number in (77_777, 2**40))
    good = _stream(pa.table({"X": pa.nulls(77_777)}))
    assert rows in good
    return good.replace(rows, claimed)


def _wild_offset() -> bytes:
    """A string column whose offsets point far outside: reading it unvalidated is a SIGSEGV."""
    good = _good()
    step = len(submission()[0]["INDICATOR"][0].as_py())
    before, after = (b"".join(n.to_bytes(4, "little") for n in (0, step, last)) for last in (2 * step, 2**30))
    assert good.count(before) == 1
    return good.replace(before, after)


def _under_null() -> bytes:
    """A withheld cell whose true value still stands under the null."""
    table, _ = submission()
    values = table["OBS_VALUE"].combine_chunks().to_numpy()
    mask = [row == 3 for row in range(len(values))]
    leaking = pa.array(values, mask=pa.array(mask).to_numpy(zero_copy_only=False))
    status = table["OBS_STATUS"].to_pylist()
    conf = table["CONF_STATUS"].to_pylist()
    status[3], conf[3] = "Q", "C"
    schema = table.schema
    columns = {name: table[name].combine_chunks() for name in schema.names}
    columns |= {"OBS_VALUE": leaking, "OBS_STATUS": pa.array(status), "CONF_STATUS": pa.array(conf)}
    batch = pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
    return _stream(pa.Table.from_batches([batch]))


def _good() -> bytes:
    return canonical_stream(submission()[0])


def _changed(column: str, row: int, value: object) -> bytes:
    table = submission()[0]
    cells = table[column].to_pylist()
    cells[row] = value
    index = table.schema.get_field_index(column)
    field = table.schema.field(index)
    return canonical_stream(table.set_column(index, field, pa.array(cells, field.type)))


HOSTILE = {
    "empty stream of another kind": ("decode_failed", lambda: b"\x00" * 64),
    "text": ("decode_failed", lambda: b"Fallnummer;Mandant\r\n"),
    "cut off": ("decode_failed", lambda: _good()[:-9]),
    "bytes behind the end": ("not_canonical", lambda: _good() + b"secret"),
    "a second stream behind the first": ("not_canonical", lambda: _good() * 2),
    "compressed bomb": ("not_canonical", _bomb),
    "endless nulls": ("not_canonical", _endless_nulls),
    "wild offset": ("decode_failed", _wild_offset),
    "a dictionary": (
        "not_canonical",
        lambda: _stream(
            submission()[0].set_column(0, "INDICATOR", submission()[0]["INDICATOR"].dictionary_encode())
        ),
    ),
    "metadata": ("not_canonical", lambda: _stream(submission()[0].replace_schema_metadata({"who": "Ayşe"}))),
    "a column more": (
        "schema_mismatch",
        lambda: _stream(submission()[0].append_column("NAME", pa.array(["x"] * 446))),
    ),
    "a column less": ("schema_mismatch", lambda: _stream(submission()[0].drop_columns(["CONF_STATUS"]))),
    "the same table in two batches": ("not_canonical", lambda: _in_batches(submission()[0])),
    "a value under a null": ("nonzero_null_slots", _under_null),
    "another area's rows": ("value_rule", lambda: _changed("REF_AREA", 7, "NW05112")),
    "another period's rows": ("value_rule", lambda: _changed("TIME_PERIOD", 7, "2026-Q2")),
    "an unknown code": ("value_rule", lambda: _changed("SEX", 7, "X")),
    "a negative count": ("value_rule", lambda: _changed("OBS_VALUE", 7, -3)),
    "a small count": ("value_rule", lambda: _changed("OBS_VALUE", 7, 3)),
    "a value that says it is withheld": ("value_rule", lambda: _changed("OBS_STATUS", 7, "Q")),
    "rows missing": ("value_rule", lambda: canonical_stream(submission()[0].slice(1))),
    "rows twice": ("value_rule", lambda: canonical_stream(pa.concat_tables([submission()[0]] * 2))),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_payloads_are_refused(sandbox: Sandbox, tmp_path: Path, case: str) -> None:
    code, make = HOSTILE[case]
    statement = submission()[1]
    assert _refusal(sandbox, statement, make(), tmp_path) == code
    _assert_accepts(sandbox, tmp_path)


def test_the_known_broken_streams_of_arrow_are_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    statement = submission()[1]
    zygote = sandbox.pid
    files = [path for path in sorted(VECTORS.rglob("*")) if path.is_file() and path.stat().st_size]
    assert len(files) > 20
    for file in files:
        assert _refusal(sandbox, statement, file.read_bytes(), tmp_path)
    assert sandbox.pid == zygote
    _assert_accepts(sandbox, tmp_path)


def test_bytes_of_another_statement_are_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    table, statement = submission()
    file = tmp_path / "payload"
    file.write_bytes(canonical_stream(table))
    other = replace(statement, payload=replace(statement.payload, sha256="0" * 64))
    with pytest.raises(KimError) as caught:
        sandbox.check(other.to_json(), file)
    assert caught.value.code == "decode_failed"


# --------------------------------------------------------------------------------------------- limits


def test_memory_beyond_the_limit_is_a_refusal(tmp_path: Path) -> None:
    sandbox = make_sandbox(memory_bytes=300 * MIB)
    try:
        _assert_accepts(sandbox, tmp_path)
        assert _refusal(sandbox, submission()[1], bytes(60 * MIB), tmp_path) == "decode_failed"
        _assert_accepts(sandbox, tmp_path)
    finally:
        sandbox.close()


def test_time_beyond_the_limit_is_a_refusal(tmp_path: Path) -> None:
    sandbox = make_sandbox(wall_seconds=0.001)
    try:
        assert _refusal(sandbox, submission()[1], bytes(60 * MIB), tmp_path) == "decode_failed"
        assert sandbox.alive
    finally:
        sandbox.close()


# ------------------------------------------------------------------------------------------- killing


@contextmanager
def _endless(path: Path) -> Iterator[Path]:
    """A payload that never ends: whoever reads it is still at it until he is killed."""
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    try:
        yield path
    finally:
        os.close(writer)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_somebody_kills_has_decided_nothing_and_the_next_one_works(
    tmp_path: Path, sent: signal.Signals
) -> None:
    sandbox = make_sandbox(wall_seconds=PATIENCE_SECONDS)
    sandbox.start()
    zygote = sandbox.pid
    try:
        with _endless(tmp_path / "endless") as file:
            hunter = when_a_child_waits(zygote, lambda child: os.kill(child, sent))
            with pytest.raises(ChildKilledError):
                sandbox.check(submission()[1].to_json(), file)
            hunter.join()
        assert sandbox.pid == zygote
        _assert_accepts(sandbox, tmp_path)
    finally:
        sandbox.close()


def test_a_sandbox_whose_zygotes_are_killed_has_decided_nothing(tmp_path: Path) -> None:
    sandbox = make_sandbox(wall_seconds=PATIENCE_SECONDS)
    sandbox.start()
    first = sandbox.pid
    hunters: list[threading.Thread] = []

    def strike_again() -> None:
        assert_soon(lambda: sandbox.pid not in (None, first), "another zygote")
        hunters.append(when_a_child_waits(sandbox.pid, lambda _: _kill(sandbox.pid)))

    again = threading.Thread(target=strike_again)
    try:
        with _endless(tmp_path / "endless") as file:
            hunters.append(when_a_child_waits(first, lambda _: _kill(first)))
            again.start()
            with pytest.raises(ChildKilledError):
                sandbox.check(submission()[1].to_json(), file)
            again.join()
            for hunter in hunters:
                hunter.join()
        _assert_accepts(sandbox, tmp_path)
    finally:
        sandbox.close()


def test_a_killed_zygote_is_started_again(sandbox: Sandbox, tmp_path: Path) -> None:
    zygote = sandbox.pid
    _kill(zygote)
    _assert_accepts(sandbox, tmp_path)
    assert sandbox.pid != zygote
    assert sandbox.alive


def test_a_zygote_killed_in_the_middle_of_a_check_loses_nothing(tmp_path: Path) -> None:
    sandbox = make_sandbox(wall_seconds=PATIENCE_SECONDS)
    sandbox.start()
    zygote = sandbox.pid
    table, statement = submission()
    whole = tmp_path / "whole"
    whole.write_bytes(canonical_stream(table))
    try:
        with _endless(tmp_path / "payload") as file:

            def strike(_child: int) -> None:
                whole.replace(file)  # what the second try will find
                _kill(zygote)

            hunter = when_a_child_waits(zygote, strike)
            cells = Cells.from_bytes(sandbox.check(statement.to_json(), file), rows=table.num_rows)
            hunter.join()
        assert cells.values.tolist() == table["OBS_VALUE"].to_pylist()
        assert sandbox.pid != zygote
    finally:
        sandbox.close()


def test_the_zygote_ends_with_the_hub(tmp_path: Path) -> None:
    sandbox = make_sandbox()
    sandbox.start()
    pid = sandbox.pid
    sandbox._socket.close()  # what the kernel does when the hub is killed
    assert os.waitpid(pid, 0)[0] == pid
    sandbox._process.returncode = 0


def test_the_zygote_knows_no_secret_and_no_network(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIM_HUB_DATABASE_URL", "postgresql://kim:hush@db/kim")
    other = make_sandbox()
    other.start()
    try:
        process = Path(f"/proc/{other.pid}")
        status = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line
        )
        assert status["Threads"] == "1"
        assert status["NoNewPrivs"] == "1"
        if os.geteuid() == 0:
            assert int(status["Uid"].split()[0]) != 0
            assert b"hush" not in (process / "environ").read_bytes()
            assert sorted(path.name for path in (process / "fd").iterdir()) == ["0", "1", "2"]
        interfaces = (process / "net" / "dev").read_text().splitlines()[2:]
        assert [line.split(":")[0].strip() for line in interfaces] in (["lo"], [])
    finally:
        other.close()


# ------------------------------------------------------------------------------------ through the hub


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, sandbox_wall_seconds=PATIENCE_SECONDS) as running:
        yield running


def test_broken_arrow_is_rejected_with_a_problem_that_says_what_to_do(working: RunningHub) -> None:
    sender = working.sender("NW05111")
    parcel = sender.parcel(payload=_under_null())
    problem = sender.deliver(parcel)["problem"]
    assert problem["code"] == "nonzero_null_slots"
    assert problem["instance"] == f"/v1/submissions/{parcel.id}"
    assert problem["remedy"]
    assert problem["remedy_en"]


def test_a_submission_whose_child_was_killed_is_decided_by_the_next(
    working: RunningHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the kernel does when the machine is short of memory: the delivery waits, it is not refused."""
    sender = working.sender("NW05112")
    context = working.hub.context
    parcel = sender.parcel()

    def attempts() -> int:
        with context.database.read() as unit:
            return unit.audits("submission.attempt_failed", parcel.id)

    check = context.sandbox.check
    with _endless(tmp_path / "endless") as file, monkeypatch.context() as patch:
        # The hub's own decision about a good delivery, but its child never comes to the end of reading.
        patch.setattr(context.sandbox, "check", lambda statement, _payload: check(statement, file))
        hunter = when_a_child_waits(context.sandbox.pid, _kill)
        assert sender.send(parcel).status_code == 202
        hunter.join()
        assert_soon(lambda: attempts() == 1, "the attempt is written down")
    working.clock.advance(minutes=1)
    working.assert_becomes(parcel, "accepted")
    assert attempts() == 1
