"""Flatbuffers by hand: the smallest ones, typed byte by byte, and each way they can lie (SPEC P-40)."""

import struct

import pytest

from protocol.flatbuffer import MalformedError, int64_pairs, root

# root offset | vtable: size 10, table size 16, fields at 4, 8, absent | table: soffset, field 0, field 1
VTABLE = struct.pack("<5H", 10, 16, 4, 8, 0)
TABLE = struct.pack("<ihxxi4x", 12, -2, 8)  # field 0: int16 -2; field 1: int32 8, also an offset of 8
SMALL = struct.pack("<I", 16) + VTABLE + b"\x00\x00" + TABLE


def changed(position: int, form: str, value: int) -> bytes:
    data = bytearray(SMALL)
    struct.pack_into(form, data, position, value)
    return bytes(data)


def with_target(content: bytes) -> bytes:
    """Put content where field 1 leads: right behind the table."""
    return SMALL[:32] + content


def test_scalars():
    table = root(SMALL)
    assert (table.start, table.i16(0), table.i32(1), table.u8(1)) == (16, -2, 8, 8)
    assert table.i64(1) == 8
    # Absent, in the directory or behind its end, means the default.
    for field in (2, 3, 99):
        assert not table.has(field)
        assert (table.u8(field), table.i16(field), table.i32(field), table.i64(field)) == (0, 0, 0, 0)
        assert len(table.vector(field, item_bytes=4)) == 0
        assert table.string(field) == ""
        with pytest.raises(MalformedError):
            table.table(field)


def test_strings_and_vectors():
    assert root(with_target(struct.pack("<I", 4) + "Köl".encode())).string(1) == "Köl"
    assert list(root(with_target(struct.pack("<I8x", 2))).vector(1, item_bytes=4)) == [36, 40]
    with pytest.raises(MalformedError):
        root(with_target(struct.pack("<I", 2) + b"\xff\xfe")).string(1)
    for count in (3, 2**31, 2**32 - 1):
        with pytest.raises(MalformedError):
            root(with_target(struct.pack("<I8x", count))).vector(1, item_bytes=4)
    with pytest.raises(MalformedError):  # no room for the count itself
        root(with_target(b"\x00\x00\x00")).vector(1, item_bytes=4)


def test_tables_in_vectors():
    # One item at 36 that leads to a table at 40, whose directory is the one at 4.
    nested = struct.pack("<II", 1, 4) + struct.pack("<ihxxi4x", 36, 7, 0)
    assert [table.i16(0) for table in root(with_target(nested)).tables(1, max_items=1)] == [7]
    with pytest.raises(MalformedError):
        root(with_target(nested)).tables(1, max_items=0)
    with pytest.raises(MalformedError):
        root(with_target(struct.pack("<II", 1, 2**31))).tables(1, max_items=1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00\x00",
        changed(0, "<I", 29),  # root behind the last place for a table
        changed(0, "<I", 2**32 - 1),
        changed(16, "<i", 17),  # directory in front of the buffer
        changed(16, "<i", 13) + bytes(16),  # directory inside the root's own offset
        changed(16, "<i", -13),  # directory behind it
        changed(4, "<H", 3),  # directory smaller than its own head
        changed(4, "<H", 11),  # half an entry
        changed(4, "<H", 30),  # directory beyond the buffer
        changed(6, "<H", 3),  # table smaller than its own head
        changed(6, "<H", 17),  # table beyond the buffer
        changed(8, "<H", 16),  # field behind its table
        SMALL[:-1],
    ],
)
def test_what_leaves_the_buffer_is_malformed(data):
    with pytest.raises(MalformedError):
        root(data)


def with_fields(count: int) -> bytes:
    """Return a table of one field whose directory lists ``count`` of them."""
    directory = struct.pack("<HHH", 4 + 2 * count, 8, 4) + bytes(2 * (count - 1))
    return struct.pack("<I", 4 + len(directory)) + directory + struct.pack("<ii", len(directory), 7)


def test_a_directory_is_no_longer_than_any_table_of_arrow_needs():
    """P-40: tables may share a directory, so a huge one would be read again and again."""
    table = root(with_fields(16))
    assert (table.i32(0), len(table.fields)) == (7, 16)
    for count in (17, 32_000):
        with pytest.raises(MalformedError):
            root(with_fields(count))


def test_a_scalar_that_leaves_the_buffer_is_malformed():
    table = root(changed(8, "<H", 15))  # inside the table, but only one byte is left
    assert table.u8(0) == 0
    for read in (table.i16, table.i32, table.i64):
        with pytest.raises(MalformedError):
            read(0)


def test_what_ends_with_the_buffer_is_inside():
    table = root(changed(8, "<H", 14))
    assert (table.u8(0), table.i16(0)) == (0, 0)
    assert root(changed(8, "<H", 12)).i32(0) == 0
    assert root(changed(8, "<H", 8)).i64(0) == 8


def test_the_smallest_table_has_no_fields_and_its_directory_ends_the_buffer():
    table = root(struct.pack("<IiHH", 4, -4, 4, 4))
    assert (table.start, table.fields) == (4, ())


def test_pairs():
    data = b"skip" + struct.pack("<4q", 1, -2, 2**62, 0)
    assert int64_pairs(data, range(4, 36, 16)) == [(1, -2), (2**62, 0)]
    assert int64_pairs(data, range(0)) == []
