"""Laws of the byte form: one table, one form; and no bytes whatever do anything but be read or refused."""

from itertools import pairwise
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc

from protocol.canonical import assert_canonical, canonical_stream, null_slots_zero
from protocol.errors import KimError
from protocol.prescan import prescan
from tests.factories.submissions import submission

SCHEMA = pa.schema(
    [
        pa.field("A", pa.string(), nullable=False),
        pa.field("B", pa.string()),
        pa.field("OBS_VALUE", pa.int64()),
    ]
)
_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)
_ROWS = st.lists(
    st.tuples(_TEXT, st.none() | _TEXT, st.none() | st.integers(-(2**63), 2**63 - 1)),
    max_size=20,
    unique_by=lambda row: row[:2],
)


def table_of(rows):
    return pa.table(
        [pa.array(column, t.type) for column, t in zip(_columns(rows), SCHEMA, strict=True)], SCHEMA
    )


def _columns(rows):
    return [[row[number] for row in rows] for number in range(3)]


def _order(row):
    # Bytewise, nulls last: what Arrow's sort does.
    return row[0].encode(), row[1] is None, (row[1] or "").encode()


@given(rows=_ROWS)
def test_what_is_written_is_read(rows):
    """P-31 to P-33, P-39."""
    data = canonical_stream(table_of(rows))
    table = assert_canonical(data, SCHEMA)
    assert [tuple(row.values()) for row in table.to_pylist()] == sorted(rows, key=_order)
    assert all(null_slots_zero(batch) for batch in table.to_batches())
    assert prescan(data).rows == len(rows)


@given(rows=_ROWS, seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 20), max_size=3))
def test_history_leaves_no_trace(rows, seed, cuts):
    """P-32, P-33: another order, other chunks, dictionaries, or values hidden under the nulls."""
    random = Random(seed)
    shuffled = random.sample(rows, len(rows))
    values = [random.getrandbits(62) if row[2] is None else row[2] for row in shuffled]
    table = table_of(shuffled)
    shown = table["OBS_VALUE"].is_valid().combine_chunks()
    hidden = pa.Array.from_buffers(
        pa.int64(),
        len(values),
        [pa.array(shown.to_pylist(), pa.bool_()).buffers()[1], pa.array(values, pa.int64()).buffers()[1]],
    )
    leaking = pa.table([table["A"], table["B"], hidden], SCHEMA)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [leaking.slice(a, b - a) for a, b in pairwise(edges)]
    chunked = pa.concat_tables(pieces)
    assert canonical_stream(chunked) == canonical_stream(table_of(rows))


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    """P-40."""
    for prefix in (b"", b"\xff\xff\xff\xff", canonical_stream(table_of([("a", "b", 1)]))[:200]):
        with pytest.raises(KimError):
            assert_canonical(prefix + data, SCHEMA)


# --------------------------------------------------------------------------------------------- mutants

_INTERESTING = (
    0,
    1,
    2,
    7,
    8,
    16,
    127,
    255,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63 - 1,
    2**64 - 8,
)
_MUTANTS_PER_SEED = 700


def _seeds():
    table, _ = submission("PERSONS")
    table = table.slice(0, 40)
    small = table.set_column(9, table.schema.field(9), pa.array([n if n % 3 else None for n in range(40)]))
    chunked, compressed = pa.BufferOutputStream(), pa.BufferOutputStream()
    with ipc.new_stream(chunked, small.schema) as writer:
        writer.write_table(small, max_chunksize=16)
    with ipc.new_stream(compressed, small.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(small)
    canonical = canonical_stream(small)
    # Half of the mutants hit the metadata of the canonical form, where one byte decides most.
    return small.schema, {
        "canonical": canonical,
        "canonical, metadata": canonical,
        "chunked": bytes(chunked.getvalue()),
        "compressed": bytes(compressed.getvalue()),
    }


def _mutant(data: bytes, random: Random, reach: int) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(min(reach, len(changed)))
        kind = random.randrange(7)
        if kind == 0:
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            changed[at] = random.randrange(256)
        elif kind in (2, 3):
            width = random.choice((2, 4, 8))
            at -= at % width
            number = random.choice(_INTERESTING) + random.randrange(-1, 2)
            changed[at : at + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")
        elif kind == 4:
            del changed[at : at + random.choice((1, 4, 8, 64))]
        elif kind == 5:
            changed[at:at] = bytes(changed[at : at + random.choice((1, 4, 8, 64))])
        else:
            end = min(len(changed), at + 8)
            other = random.randrange(len(changed))
            changed[at:end] = changed[other : other + end - at]
        if not changed:
            return b""
    return bytes(changed)


def _outcome(mutant: bytes, original: bytes, schema: pa.Schema) -> str:
    try:
        table = assert_canonical(mutant, schema)
    except KimError as error:
        return error.code
    # Accepted: then it is the one form of a valid table, and only the signature can tell it is another one.
    table.validate(full=True)
    assert canonical_stream(table) == mutant
    assert table.schema.equals(schema, check_metadata=True)
    return "same" if mutant == original else "altered"


@pytest.mark.parametrize("name", _seeds()[1])
def test_no_mutant_does_anything_but_be_read_or_refused(name):
    """P-40 to P-47: 2,800 mutants, the same ones every time."""
    schema, seeds = _seeds()
    random = Random(f"kim/1 {name}")
    reach = 2_000 if "metadata" in name else len(seeds[name])
    outcomes = {
        _outcome(_mutant(seeds[name], random, reach), seeds[name], schema) for _ in range(_MUTANTS_PER_SEED)
    }
    assert outcomes <= {
        "same",
        "altered",
        "decode_failed",
        "not_canonical",
        "nonzero_null_slots",
        "schema_mismatch",
        "too_large",
    }
    assert "decode_failed" in outcomes
    if name == "canonical":
        assert {"altered", "not_canonical", "nonzero_null_slots"} <= outcomes
