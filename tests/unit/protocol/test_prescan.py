"""The pre-scan: everything that Arrow allows and a submission must not hold is refused before decoding."""

import struct

import pyarrow as pa
import pytest
from pyarrow import ipc

from protocol.canonical import canonical_stream
from protocol.errors import KimError
from protocol.prescan import ColumnType, Limits, ScannedColumn, prescan

SCHEMA = pa.schema([pa.field("KEY", pa.string(), nullable=False), pa.field("OBS_VALUE", pa.int64())])
TABLE = pa.table([["a", "b", "c"], [17, None, 23]], schema=SCHEMA)
STREAM = canonical_stream(TABLE)
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def stream(table, *, times=1, **options):
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        for _ in range(times):
            writer.write_table(table)
    return bytes(sink.getvalue())


def one_column(array, name="X"):
    return stream(pa.table({name: array}))


def refusal(data, **limits):
    with pytest.raises(KimError) as caught:
        prescan(data, limits=Limits(**limits))
    return caught.value.code


def test_the_report_names_columns_and_rows():
    """P-42, P-44."""
    report = prescan(STREAM)
    assert report.columns == (
        ScannedColumn("KEY", ColumnType.UTF8, nullable=False),
        ScannedColumn("OBS_VALUE", ColumnType.INT64, nullable=True),
    )
    assert report.batch_rows == (3,)
    assert report.rows == 3
    assert prescan(stream(TABLE, times=2)).rows == 6


def with_batch_metadata():
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_batch(TABLE.to_batches()[0], custom_metadata={"a": "b"})
    return bytes(sink.getvalue())


NO_SUBMISSIONS = {
    "zstd": stream(TABLE, compression="zstd"),
    "lz4": stream(TABLE, compression="lz4"),
    "V4": stream(TABLE, metadata_version=ipc.MetadataVersion.V4),
    "schema metadata": stream(TABLE.replace_schema_metadata({"a": "b"})),
    "field metadata": stream(pa.table([[1]], pa.schema([pa.field("X", pa.int64(), metadata={"a": "b"})]))),
    "batch metadata": with_batch_metadata(),
    "name twice": stream(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["X", "X"])),
    "no columns": pa.schema([]).serialize().to_pybytes() + END,
    "dictionary": one_column(pa.array(["a", "b"]).dictionary_encode()),
    "int32": one_column(pa.array([1, 2], pa.int32())),
    "uint64": one_column(pa.array([1, 2], pa.uint64())),
    "float64": one_column(pa.array([1.0])),
    "bool": one_column(pa.array([True])),
    "null": one_column(pa.array([None], pa.null())),
    "2^31-1 nulls in 200 bytes": one_column(pa.nulls(2**31 - 1, pa.null())),
    "run-end encoded": one_column(
        pa.RunEndEncodedArray.from_arrays(pa.array([2**31 - 1], pa.int32()), pa.array([1]))
    ),
    "binary": one_column(pa.array([b"x"])),
    "large_utf8": one_column(pa.array(["x"], pa.large_string())),
    "utf8_view": one_column(pa.array(["x" * 50], pa.string_view())),  # buffers of variable number
    "list": one_column(pa.array([[1]])),
    "fixed-size list": one_column(pa.array([[1, 2]], pa.list_(pa.int64(), 2))),
    "struct": one_column(pa.array([{"a": 1}])),
    "timestamp": one_column(pa.array([5], pa.timestamp("s"))),
    "duration": one_column(pa.array([5], pa.duration("s"))),
    "date64": one_column(pa.array([5], pa.date64())),
    "extension": one_column(pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))),
    "trailing byte": STREAM + b"\x00",
    "second stream": STREAM + STREAM,
    "second end": STREAM + END,
}


@pytest.mark.parametrize("data", list(NO_SUBMISSIONS.values()), ids=NO_SUBMISSIONS.keys())
def test_arrow_that_is_no_submission_is_refused(data):  # SPEC P-37
    """P-42 to P-46."""
    assert refusal(data) == "not_canonical"


def test_the_file_format_is_refused():
    """P-42: two readers of a file (footer, or front to back) can see two contents."""
    sink = pa.BufferOutputStream()
    with ipc.new_file(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    assert refusal(bytes(sink.getvalue())) == "decode_failed"


def test_batches_without_a_schema_are_refused():
    """P-42."""
    batch = TABLE.to_batches()[0].serialize().to_pybytes()
    assert refusal(batch + END) == "not_canonical"
    assert refusal(END) == "not_canonical"
    schema = SCHEMA.serialize().to_pybytes()
    assert refusal(schema + schema + END) == "not_canonical"
    assert prescan(schema + END).rows == 0


def test_a_cut_off_stream_is_refused():
    """P-45: at every byte; the end mark is part of the form."""
    assert {refusal(STREAM[:cut]) for cut in range(len(STREAM))} == {"decode_failed"}


@pytest.mark.parametrize(
    ("limits", "times"),
    [
        ({"max_bytes": len(STREAM) - 1}, 1),
        ({"max_rows": 2}, 1),
        ({"max_rows": 5}, 2),
        ({"max_batches": 1}, 2),
        ({"max_batch_rows": 2}, 1),
        ({"max_columns": 1}, 1),
        ({"max_metadata_bytes": 64}, 1),
    ],
    ids=str,
)
def test_a_cap_is_a_cap(limits, times):
    """P-41."""
    assert refusal(stream(TABLE, times=times), **limits) == "too_large"


def test_a_cap_may_be_reached():
    """P-41."""
    exact = Limits(max_bytes=len(STREAM), max_rows=3, max_batches=1, max_batch_rows=3, max_columns=2)
    assert prescan(STREAM, limits=exact).rows == 3


def test_the_caps_of_the_specification():
    """P-41."""
    assert Limits() == Limits(
        max_bytes=67_108_864,
        max_rows=1_000_000,
        max_batches=64,
        max_batch_rows=65_536,
        max_columns=64,
        max_metadata_bytes=65_536,
    )


# ------------------------------------------------------------------------ one number changed by hand
#
# Offsets below are those of the canonical stream of TABLE; `_at` proves that the number meant stands there.


def _at(position: int, form: str, expected: int, changed: int) -> bytes:
    assert struct.unpack_from(form, STREAM, position) == (expected,)
    data = bytearray(STREAM)
    struct.pack_into(form, data, position, changed)
    return bytes(data)


def _batch_metadata() -> int:
    """Position of the record batch message's metadata."""
    return 8 + struct.unpack_from("<I", STREAM, 4)[0] + 8


def _find(form: str, *numbers: int) -> int:
    """Position of numbers that stand side by side in the batch's metadata."""
    needle = struct.pack(form, *numbers)
    position = STREAM.index(needle, _batch_metadata())
    assert position < _batch_metadata() + 400
    return position


def test_numbers_that_contradict_the_bytes_are_refused():
    """P-43, P-44."""
    first_node = _find("<4q", 3, 0, 3, 1)
    buffers = _find("<10q", 0, 0, 0, 16, 16, 3, 24, 1, 32, 24)
    for data in (
        _at(first_node, "<q", 3, 4),  # a node that is longer than its batch
        _at(first_node + 8, "<q", 0, 1),  # a null in a column without nulls
        _at(first_node + 8, "<q", 0, -1),
        _at(first_node + 24, "<q", 1, 4),  # more nulls than rows
        _at(buffers + 16, "<q", 0, 4),  # not aligned
        _at(buffers + 24, "<q", 16, 8),  # too few offsets
        _at(buffers + 24, "<q", 16, 24),  # runs into the next buffer
        _at(buffers + 32, "<q", 16, 8),  # lies in front of the one before
        _at(buffers + 40, "<q", 3, -1),
        _at(buffers + 56, "<q", 1, 0),  # nulls without a bitmap
        _at(buffers + 72, "<q", 24, 16),  # too few values
        _at(buffers + 72, "<q", 24, 32),  # behind the body
        _at(buffers + 64, "<q", 32, 2**62),
    ):
        assert refusal(data) == "decode_failed"


def test_a_bitmap_covers_every_row():
    """P-44: seventeen rows need three bytes."""
    rows = range(17)
    values = pa.array([None if row == 8 else row for row in rows], pa.int64())
    data = canonical_stream(pa.table([pa.array([f"{row:02}" for row in rows]), values], schema=SCHEMA))
    assert prescan(data).rows == 17
    claim = struct.pack("<2q", 112, 3)
    assert data.count(claim) == 1
    assert refusal(data.replace(claim, struct.pack("<2q", 112, 2))) == "decode_failed"


def test_a_body_that_lies_about_its_length_is_refused():
    """P-43."""
    body = 56
    position = _find("<q", body)
    for length in (-8, 2**62, body + 8, body + 4, body - 8, 0):
        assert refusal(_at(position, "<q", body, length)) == "decode_failed"


def test_a_row_count_that_lies_is_refused():
    """P-44: 2^40 rows in a few bytes."""
    metadata = _batch_metadata()
    position = metadata + STREAM[metadata:].index(struct.pack("<q", 3))
    for rows, code in ((2, "decode_failed"), (-1, "decode_failed"), (2**40, "too_large")):
        assert refusal(_at(position, "<q", 3, rows)) == code


def test_metadata_length_is_checked():
    """P-43."""
    size = struct.unpack_from("<I", STREAM, 4)[0]
    for wrong, code in ((size + 1, "decode_failed"), (2**31, "too_large"), (60_000, "decode_failed")):
        assert refusal(_at(4, "<I", size, wrong)) == code


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 64, b"\xff" * 64, b"ARROW1\x00\x00", END[:4], b"kim" * 1000],
    ids=["empty", "zeros", "ones", "file magic", "half a mark", "text"],
)
def test_no_arrow_at_all_is_refused(data):
    """P-40."""
    assert refusal(data) in {"decode_failed", "too_large"}


def test_the_form_before_arrow_0_15_is_refused():
    """P-43: without the continuation mark, lengths are read differently."""
    assert refusal(stream(TABLE, use_legacy_format=True)) in {"decode_failed", "not_canonical"}


def test_more_columns_than_allowed_are_refused_before_they_are_read():
    """P-41: by their number if the metadata are small, by the metadata if not."""
    for columns in (65, 10_000):
        assert refusal(stream(pa.table({str(number): [1] for number in range(columns)}))) == "too_large"
