"""Seeded mutants of Arrow streams, each checked as the hub's decoding child checks a payload.

A hostile node signs whatever it likes, so every mutant comes with a statement that names its own size and
digest: the signature is no help here. What must hold of each:

* it is refused with a code of the content, or its cells come out; the process that looks at it does not die;
* what comes out are the figures that any reader of the mutant sees, and the mutant is the one byte form of
  them: nothing that nobody sees was accepted;
* under the statement of the stream that it was made from it is refused: the digest is signed.

Children of this single-threaded program look at the mutants in batches, each within the limits and the filter
of the product. A child that dies names the mutant by what it had reported before.

    python -m tests.soak.arrow_streams --seed 1 --count 20000
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from hub.domain.cell_columns import Cells
from hub.sandbox import child, limits, system_calls
from hub.sandbox.rehearsal import rehearse
from hub.sandbox.verdict import CONTENT_CODES
from protocol.canonical import canonical_stream
from protocol.errors import KimError
from protocol.prescan import prescan
from tests.factories.submissions import submission

BATCH = 500
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60
#: Numbers at which arithmetic on lengths and offsets goes wrong.
EDGES = (0, 1, 7, 8, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)


@dataclass(frozen=True)
class Seed:
    """A stream and the statement (bytes) that names it."""

    name: str
    stream: bytes
    statement: bytes


@dataclass
class Findings:
    """What became of the mutants."""

    mutants: int = 0
    reached_arrow: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    deaths: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    slowest_seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        return {
            "mutants": self.mutants,
            "reached_arrow": self.reached_arrow,
            "outcomes": dict(sorted(self.outcomes.items())),
            "deaths": self.deaths,
            "faults": self.faults,
            "slowest_seconds": round(self.slowest_seconds, 3),
        }


def seeds() -> list[Seed]:
    """Return the streams that mutants are made from: the form that is taken, and forms that are not."""
    table, statement = submission(withheld=[3, 4, 50])
    canonical = canonical_stream(table)
    chunked = _stream(table, rows=100)
    streams = {
        "canonical": canonical,
        "chunked": chunked,
        "zstd": _stream(table, compression="zstd"),
        "lz4": _stream(table, compression="lz4"),
    }
    named = statement.to_json()
    before = statement.payload
    return [
        Seed(name, stream, _about(named, (before.size, before.sha256), stream))
        for name, stream in streams.items()
    ]


def _stream(table: pa.Table, *, rows: int | None = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return bytes(sink.getvalue())


def _about(statement: bytes, before: tuple[int, str], stream: bytes) -> bytes:
    """The same statement about another stream."""
    size, digest = before
    members = f'"size":{size}'.encode()
    if statement.count(members) != 1 or statement.count(digest.encode()) != 1:
        raise ValueError("the statement is written differently")
    named = statement.replace(members, f'"size":{len(stream)}'.encode())
    return named.replace(digest.encode(), hashlib.sha256(stream).hexdigest().encode())


# -------------------------------------------------------------------------------------------- mutants


def mutant(source: Seed, others: Sequence[Seed], random: Random) -> bytes:
    """Return a stream made from `source` by one to four changes."""
    data = bytearray(source.stream)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(_CHANGES)(data, others, random)
    return bytes(data)


def _place(data: bytearray, random: Random) -> int:
    """A position: anywhere, or in the first kibibytes, where the frames and their metadata are."""
    if not data:
        return 0
    return random.randrange(len(data) if random.random() < 0.6 else min(len(data), 2048))


def _flip(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    if data:
        data[_place(data, random)] ^= 1 << random.randrange(8)


def _byte(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    if data:
        data[_place(data, random)] = random.randrange(256)


def _number(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    """Write a number at an edge where a number may stand."""
    width = random.choice((2, 4, 8))
    start = _place(data, random) // width * width
    if random.random() < 0.5 and start + width <= len(data):
        old = int.from_bytes(data[start : start + width], "little")
        new = old + random.choice((-8, -1, 1, 8, 64))
    else:
        new = random.choice(EDGES)
    data[start : start + width] = struct.pack("<Q", new % 2**64)[:width]


def _cut(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    del data[_place(data, random) :]


def _remove(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    start = _place(data, random)
    del data[start : start + random.choice((1, 4, 8, 64, 1000))]


def _repeat(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    start = _place(data, random)
    part = data[start : start + random.choice((1, 8, 64, 1000))]
    data[start:start] = part


def _swap(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    width = random.choice((4, 8, 64))
    first, second = (_place(data, random) // 8 * 8 for _ in range(2))
    if abs(first - second) >= width and max(first, second) + width <= len(data):
        one, two = data[first : first + width], data[second : second + width]
        data[first : first + width], data[second : second + width] = two, one


def _splice(data: bytearray, others: Sequence[Seed], random: Random) -> None:
    """Put a part of another stream in the same place."""
    other = random.choice(others).stream
    start = random.randrange(len(other)) // 8 * 8
    part = other[start : start + random.choice((8, 64, 512, 4096))]
    data[start : start + len(part)] = part


def _zero(data: bytearray, _others: Sequence[Seed], random: Random) -> None:
    start = _place(data, random) // 8 * 8
    length = min(random.choice((8, 64, 512)), len(data) - start)
    data[start : start + length] = bytes(max(length, 0))


def _append(data: bytearray, others: Sequence[Seed], random: Random) -> None:
    data += random.choice((bytes(8), b"secret", random.choice(others).stream))


_CHANGES = (_flip, _flip, _byte, _number, _number, _cut, _remove, _repeat, _swap, _splice, _zero, _append)


# --------------------------------------------------------------------------------------------- checks


def examine(source: Seed, stream: bytes) -> str:
    """Return what becomes of a mutant: the code of the refusal, "same" or "accepted".

    Raises:
        AssertionError: something that must never be.
    """
    if stream == source.stream and source.name == "canonical":
        return "same"
    if not stream:
        return "empty"  # no statement can announce it
    try:
        answer = child.check_payload(about(source, stream), stream)
    except KimError as refusal:
        if refusal.code not in CONTENT_CODES:
            raise AssertionError(refusal.code) from None
        return refusal.code
    # Accepted: then a node could have sent exactly this. Nothing stands in it that a reader does not see.
    table = ipc.open_stream(pa.py_buffer(stream)).read_all()
    if canonical_stream(table) != stream:
        raise AssertionError("accepted, but not the one byte form")
    cells = Cells.from_bytes(answer, rows=table.num_rows)
    if not np.array_equal(cells.values, table["OBS_VALUE"].fill_null(0).to_numpy()):
        raise AssertionError("accepted, but with other figures")
    try:
        child.check_payload(source.statement, stream)
    except KimError as refusal:
        # Of the content, or already of the digest that is signed.
        if refusal.code == "digest_mismatch":
            return "accepted"
    raise AssertionError("accepted under the statement of another stream")


def about(source: Seed, stream: bytes) -> bytes:
    """Return the statement that a node would sign about a mutant."""
    named = len(source.stream), hashlib.sha256(source.stream).hexdigest()
    return _about(source.statement, named, stream)


def mutants(seed: int, count: int) -> Iterator[tuple[int, Seed, bytes]]:
    """Yield number, source and stream; the same for the same seed, each number on its own."""
    known = seeds()
    canonical = known[0]
    for number in range(count):
        random = Random(f"{seed}/{number}")
        source = canonical if random.random() < 0.6 else random.choice(known[1:])
        yield number, source, mutant(source, known, random)


def fuzz(seed: int, count: int) -> Findings:
    """Look at so many mutants, in batches of children."""
    rehearse()  # loads what every check needs, once
    findings = Findings()
    batch: list[tuple[int, Seed, bytes]] = []
    for item in mutants(seed, count):
        batch.append(item)
        if len(batch) == BATCH:
            _batch(batch, findings)
            batch = []
    while batch:
        _batch(batch, findings)
        batch = []
    return findings


def _batch(batch: Sequence[tuple[int, Seed, bytes]], findings: Findings) -> None:
    """Let children look at a batch; after a death the next one goes on behind the mutant that killed."""
    rest = list(batch)
    while rest:
        lines, status = _in_child(rest)
        for line in lines:
            findings.mutants += 1
            findings.reached_arrow += line["reached_arrow"]
            findings.slowest_seconds = max(findings.slowest_seconds, line["seconds"])
            if "fault" in line:
                findings.faults.append(line)
            else:
                findings.outcomes[line["outcome"]] += 1
        rest = rest[len(lines) :]
        if rest:
            number, source, stream = rest.pop(0)
            findings.mutants += 1
            findings.deaths.append(
                {"number": number, "seed": source.name, "status": status, "stream": stream.hex()}
            )


def _in_child(batch: Sequence[tuple[int, Seed, bytes]]) -> tuple[list[dict[str, Any]], int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            limits.drop_privileges()
            limits.set_hard_limits(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS)
            limits.open_nothing_more()
            system_calls.allow_only_computing()
            for number, source, stream in batch:
                os.write(writing, _line(number, source, stream))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as reports:
        content = reports.read()
    _, status = os.waitpid(pid, 0)
    return [json.loads(line) for line in content.splitlines()], os.waitstatus_to_exitcode(status)


def _line(number: int, source: Seed, stream: bytes) -> bytes:
    begun = time.process_time()
    line: dict[str, Any] = {"number": number, "reached_arrow": _passes_prescan(stream)}
    try:
        line["outcome"] = examine(source, stream)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it must be told and not end the batch
        line["fault"] = f"{type(error).__name__}: {error}"
        line["seed"] = source.name
    line["seconds"] = time.process_time() - begun
    return json.dumps(line).encode() + b"\n"


def _passes_prescan(stream: bytes) -> bool:
    try:
        prescan(stream)
    except KimError:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    chosen = parser.parse_args(arguments)
    findings = fuzz(chosen.seed, chosen.count)
    print(json.dumps(findings.document()))
    return 1 if findings.deaths or findings.faults or findings.mutants != chosen.count else 0


if __name__ == "__main__":
    sys.exit(main())
