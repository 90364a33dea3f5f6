"""The one byte form of a table: what is hidden is not written, what is written can hide nothing."""

import hashlib
import struct

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import ipc

from protocol import canonical, columns
from protocol.canonical import assert_canonical, canonical_stream, null_slots_zero
from protocol.errors import KimError
from protocol.prescan import Limits, prescan
from tests.factories.arrow_messages import END, batch, column
from tests.factories.arrow_messages import schema as schema_message
from tests.unit.protocol.null_slots import (
    BESIDE_NULLS,
    CLEAN,
    CONSTRUCTS,
    SECRET,
    SECRET_BYTES,
    SECRET_TEXT,
)

SCHEMA = pa.schema([pa.field("KEY", pa.string(), nullable=False), pa.field("OBS_VALUE", pa.int64())])
TABLE = pa.table([["a", "b", "c"], [17, None, 23]], schema=SCHEMA)


def naive_stream(table, **options):
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, **options)
    return bytes(sink.getvalue())


def refusal(action, *args, **kwargs):
    with pytest.raises(KimError) as caught:
        action(*args, **kwargs)
    return caught.value.code


def holds_secret(data: bytes) -> bool:
    traces = (
        SECRET_BYTES,
        SECRET_BYTES[4:],  # a cast over float keeps 53 bits: the upper half is still there
        struct.pack("<d", float(SECRET)),
        SECRET_TEXT.encode(),
    )
    return any(trace in data for trace in traces)


# ------------------------------------------------------------------------------------- null slots

# A float, a struct, a list: no column of a submission. Refused means that nothing is written at all.
OTHER_TYPES = {"cast_to_float", "masked_struct_column", "masked_list_column"}


@pytest.mark.parametrize("name", [name for name in CONSTRUCTS if name not in OTHER_TYPES])
def test_what_stands_under_a_null_is_not_written(name):
    """P-31: every construct, whether it leaks in this version or not."""
    table = CONSTRUCTS[name]()
    data = canonical_stream(table)
    assert not holds_secret(data)
    read = ipc.open_stream(data).read_all()
    assert read.to_pylist() == table.to_pylist()
    assert assert_canonical(data, read.schema).equals(read)


@pytest.mark.parametrize("name", sorted(OTHER_TYPES))
def test_a_construct_of_another_type_is_not_written_at_all(name):
    """P-32."""
    assert refusal(canonical_stream, CONSTRUCTS[name]()) == "schema_mismatch"


@pytest.mark.parametrize("name", sorted(CONSTRUCTS.keys() - CLEAN))
def test_a_stream_that_hides_something_is_refused(name):
    """P-36, P-39: the same tables, written as Arrow writes them."""
    table = CONSTRUCTS[name]()
    data = naive_stream(table)
    assert holds_secret(data), "it is clean in this version of pyarrow: add it to CLEAN"
    expected = "not_canonical" if name in BESIDE_NULLS else "nonzero_null_slots"
    assert refusal(assert_canonical, data, table.schema.remove_metadata()) == expected


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_a_stream_that_hides_nothing_is_accepted(name):
    """P-39: what the refusals above are about is the hidden bytes, nothing else."""
    table = CONSTRUCTS[name]()
    data = naive_stream(table)
    assert not holds_secret(data)
    assert assert_canonical(data, table.schema).equals(table)


def test_a_null_count_that_lies_is_refused():
    """P-31. With a null count of 0 Arrow drops the bitmap: then the value is shown, not hidden."""
    buffers = [pa.py_buffer(b"\x05"), pa.py_buffer(np.array([1, 2, 3]).tobytes())]
    lying = pa.Array.from_buffers(pa.int64(), 3, buffers, null_count=2)
    table = pa.table({"KEY": ["a", "b", "c"], "OBS_VALUE": lying})
    assert refusal(canonical_stream, table) == "not_canonical"


def test_null_slots_are_judged_slot_by_slot():
    """P-36."""
    for name in ("numpy_with_mask", "text_from_buffers_with_own_bitmap"):
        (batch,) = CONSTRUCTS[name]().to_batches()
        assert not null_slots_zero(batch)
        assert null_slots_zero(batch.slice(0, 1))
        assert not null_slots_zero(batch.slice(1, 1))
        assert null_slots_zero(batch.slice(2, 1))
    assert null_slots_zero(TABLE.to_batches()[0])
    for floats in ([1.0, None], [1.0]):
        assert refusal(null_slots_zero, pa.record_batch({"x": floats})) == "schema_mismatch"


@pytest.mark.parametrize("hidden", [1, -1, 256, 2**62, 2**63 - 1, -(2**63)])
def test_any_number_under_a_null_is_found(hidden):
    """P-36: also the smallest, which a float would show as zero."""
    buffers = [pa.py_buffer(b"\x05"), pa.py_buffer(np.array([0, hidden, 0]).tobytes())]
    assert not null_slots_zero(pa.record_batch({"X": pa.Array.from_buffers(pa.int64(), 3, buffers)}))


# ------------------------------------------------------------------------------------- one byte form


def test_golden_bytes():
    """P-38: a writer that changes its bytes is noticed here, before hubs and nodes disagree."""
    table = pa.table(
        [
            ["CASES_OPEN", "CASES_OPENED", "CASES_OPENED"],
            ["NW05334X002", "NW05334X002", "NW05334X002"],
            ["_T", "F", "_T"],
            [1234, None, 0],
            ["A", "Q", "A"],
            ["F", "C", "F"],
        ],
        schema=pa.schema(
            [pa.field(name, pa.string(), nullable=False) for name in ("INDICATOR", "REF_AREA", "SEX")]
            + [pa.field("OBS_VALUE", pa.int64())]
            + [pa.field(name, pa.string(), nullable=False) for name in ("OBS_STATUS", "CONF_STATUS")]
        ),
    )
    data = canonical_stream(table)
    assert len(data) == GOLDEN_BYTES
    assert hashlib.sha256(data).hexdigest() == GOLDEN_SHA256


GOLDEN_BYTES = 1080
GOLDEN_SHA256 = "73820f9944c3e7c511c77151e05174a230c645b4f35960032b4c7c53b2657fd6"


def test_a_table_has_one_form_whatever_its_history():
    """P-32, P-33: order, chunks, dictionaries, widths and metadata leave no trace."""
    expected = canonical_stream(TABLE)
    backwards = TABLE.take([2, 1, 0])
    assert canonical_stream(backwards) == expected
    assert canonical_stream(pa.concat_tables([TABLE.slice(2), TABLE.slice(0, 2)])) == expected
    assert canonical_stream(TABLE.replace_schema_metadata({"a": "b"})) == expected
    variant = pa.table(
        [pa.array(["a", "b", "c"]).dictionary_encode(), pa.array([17, None, 23], pa.int16())],
        schema=pa.schema(
            [
                pa.field("KEY", pa.dictionary(pa.int32(), pa.string()), nullable=False),
                pa.field("OBS_VALUE", pa.int16()),
            ]
        ),
    )
    assert canonical_stream(variant) == expected


def test_whether_a_column_may_be_null_is_part_of_the_form():
    """P-35: also of numbers."""
    for kind, value in ((pa.int16(), 1), (pa.large_string(), "a")):
        for nullable in (False, True):
            schema = pa.schema([pa.field("X", kind, nullable=nullable)])
            (column,) = prescan(canonical_stream(pa.table([[value]], schema=schema))).columns
            assert column.nullable is nullable


def test_rows_are_sorted_by_the_key_columns_bytewise():
    """P-33: the columns in order, bytes not letters; the measures order nothing."""
    table = pa.table(
        {"A": ["b", "a", "a", "a"], "B": ["x", "ä", "z", "_T"], "OBS_VALUE": [1, 2, 3, 4]},
    )
    rows = ipc.open_stream(canonical_stream(table)).read_all().to_pylist()
    assert [(row["A"], row["B"]) for row in rows] == [("a", "_T"), ("a", "z"), ("a", "ä"), ("b", "x")]
    assert sorted((row["A"], row["B"]) for row in rows) == [(row["A"], row["B"]) for row in rows]


def test_batches_are_bounded():
    """P-34: 65,536 rows per batch."""
    rows = 65_536 + 3
    keys = pa.array([f"{row:06d}" for row in range(rows)])
    values = pa.array([None if row % 3 else row for row in range(rows)], pa.int64())
    table = pa.table([keys, values], schema=SCHEMA)
    data = canonical_stream(table)
    assert prescan(data).batch_rows == (65_536, 3)
    assert assert_canonical(data, SCHEMA).equals(table)
    assert refusal(assert_canonical, naive_stream(table), SCHEMA) == "too_large"


def test_a_batch_carries_nothing_of_its_neighbours(monkeypatch):
    """P-34: its bytes are those it would have alone. Arrow pads a batch with the texts of the next one."""
    nulls = [3, 4, 5]
    table = pa.table([list("abcdefgh"), [None if row in nulls else row for row in range(8)]], schema=SCHEMA)
    head = len(canonical_stream(SCHEMA.empty_table())) - len(END)
    alone = [canonical_stream(table.slice(start, 4))[head : -len(END)] for start in (0, 4)]
    monkeypatch.setattr(canonical, "MAX_BATCH_ROWS", 4)
    assert canonical_stream(table)[head:] == b"".join([*alone, END])
    cut = naive_stream(table, max_chunksize=4)
    assert b"abcdefgh" in cut
    assert refusal(assert_canonical, cut, SCHEMA) == "not_canonical"


def test_an_empty_table_has_a_form_too():
    """P-32."""
    data = canonical_stream(SCHEMA.empty_table())
    assert prescan(data).batch_rows == ()
    assert assert_canonical(data, SCHEMA).num_rows == 0


def test_empty_texts_and_all_nulls():
    """P-31: the corners of compact buffers."""
    schema = pa.schema([pa.field("KEY", pa.string()), pa.field("OBS_VALUE", pa.int64())])
    for key, value in (
        (["", ""], [None, None]),
        ([None, ""], [0, -1]),
        ([None, None], [2**63 - 1, -(2**63)]),
    ):
        table = pa.table([pa.array(key, pa.string()), pa.array(value, pa.int64())], schema=schema)
        data = canonical_stream(table)
        read = assert_canonical(data, schema)
        assert sorted(map(str, read.to_pylist())) == sorted(map(str, table.to_pylist()))


def test_empty_texts_bring_no_bytes():
    """P-31: what is not there cannot hide anything."""
    schema = pa.schema([pa.field("KEY", pa.string())])
    for texts in (["", ""], [None, None]):
        read = ipc.open_stream(canonical_stream(pa.table([texts], schema=schema))).read_all()
        assert read["KEY"].chunk(0).buffers()[2].size == 0


def test_an_empty_batch_is_no_form_of_an_empty_table():
    """P-39: also without a single byte of values."""
    empty = schema_message(column("X")) + batch(0) + END
    assert prescan(empty).rows == 0
    assert refusal(assert_canonical, empty, pa.schema([pa.field("X", pa.int64())])) == "not_canonical"


def test_a_null_in_a_column_without_nulls_is_refused():
    """P-35."""
    broken = pa.table([["a", None], [1, 2]], schema=SCHEMA)
    assert refusal(canonical_stream, broken) == "not_canonical"


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]),
        pa.array([True]),
        pa.array([None], pa.null()),
        pa.array([b"x"]),
        pa.array([[1]]),
        pa.array([{"a": 1}]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([5], pa.timestamp("s")),
        pa.array([1.5]).dictionary_encode(),
        pa.array(["x"], pa.string_view()),
    ],
    ids=lambda array: str(array.type),
)
def test_a_column_of_another_type_is_refused(column):
    """P-32."""
    assert refusal(canonical_stream, pa.table({"KEY": ["a"], "OBS_VALUE": column})) == "schema_mismatch"


def test_a_name_used_twice_is_refused():
    """P-32."""
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["KEY", "KEY"])
    assert refusal(canonical_stream, table) == "schema_mismatch"


# ------------------------------------------------------------------------------------- refusals on reading


def test_the_own_form_is_accepted():
    """P-39."""
    data = canonical_stream(TABLE)
    assert assert_canonical(data, SCHEMA).equals(TABLE)


@pytest.mark.parametrize(
    "schema",
    [
        pa.schema([SCHEMA.field(0)]),
        pa.schema([SCHEMA.field(1), SCHEMA.field(0)]),
        pa.schema([*SCHEMA, pa.field("MORE", pa.string())]),
        pa.schema([SCHEMA.field(0).with_name("Key"), SCHEMA.field(1)]),
        pa.schema([SCHEMA.field(0).with_nullable(True), SCHEMA.field(1)]),
        pa.schema([SCHEMA.field(0), SCHEMA.field(1).with_type(pa.string())]),
    ],
    ids=["missing", "reordered", "extra", "renamed", "nullability", "type"],
)
def test_another_schema_is_refused(schema):
    """P-35."""
    assert refusal(assert_canonical, canonical_stream(TABLE), schema) == "schema_mismatch"


def test_another_schema_is_refused_before_arrow_reads_the_values():
    """P-40: the columns are compared first, so these texts, which are none, are not looked at."""
    data = canonical_stream(pa.table([["aaaa"], [1]], schema=SCHEMA)).replace(b"aaaa", b"a\xff\xfea")
    assert refusal(assert_canonical, data, SCHEMA) == "decode_failed"
    assert refusal(assert_canonical, data, pa.schema([SCHEMA.field(0)])) == "schema_mismatch"


def test_unsorted_rows_are_refused():
    """P-33, P-39."""
    data = naive_stream(TABLE.take([1, 0, 2]))
    assert refusal(assert_canonical, data, SCHEMA) == "not_canonical"


def test_more_batches_than_needed_are_refused():
    """P-34, P-39."""
    assert refusal(assert_canonical, naive_stream(TABLE, max_chunksize=2), SCHEMA) == "not_canonical"


def test_every_flipped_bit_is_refused_or_changes_the_table():
    """P-39: no two byte strings stand for one table, so no bit is free to carry a message."""
    data = canonical_stream(TABLE)
    altered = 0
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            try:
                table = assert_canonical(bytes(changed), SCHEMA)
            except KimError:
                continue
            assert not table.equals(TABLE)
            altered += 1
    assert altered > 0  # values themselves can be altered: only the signature tells


def test_invalid_utf8_and_offsets_are_refused():
    """P-36: full validation after decoding."""
    data = canonical_stream(pa.table([["aaaa", "bbbb"], [1, 2]], schema=SCHEMA))
    assert refusal(assert_canonical, data.replace(b"aaaabbbb", b"aa\xff\xfebbbb"), SCHEMA) == "decode_failed"
    offsets = np.array([0, 4, 8], dtype="<i4").tobytes()
    for wrong in ([0, 9, 8], [0, 4, 2**31 - 1], [0, -4, 8], [-(2**31), 4, 8]):
        changed = data.replace(offsets, np.array(wrong, dtype="<i4").tobytes())
        assert changed != data
        assert refusal(assert_canonical, changed, SCHEMA) == "decode_failed"
    # Bytes in front of the first text would be invisible: valid Arrow, but not this form.
    changed = data.replace(offsets, np.array([2, 4, 8], dtype="<i4").tobytes())
    assert refusal(assert_canonical, changed, SCHEMA) == "not_canonical"


def test_limits_hold_on_reading():
    """P-41."""
    data = canonical_stream(TABLE)
    assert refusal(assert_canonical, data, SCHEMA, limits=Limits(max_rows=2)) == "too_large"
    assert refusal(assert_canonical, data, SCHEMA, limits=Limits(max_bytes=len(data) - 1)) == "too_large"


def test_measures_are_the_columns_behind_the_key():
    """P-33: the sort key is every other column, whatever the dataflow."""
    assert columns.MEASURES == ("OBS_VALUE", "OBS_STATUS", "CONF_STATUS")
