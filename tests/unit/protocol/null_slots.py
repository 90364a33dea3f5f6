"""Ways in which Arrow keeps a value that no reader shows, as a table of small programs.

Each builds rows ``KEY, OBS_VALUE`` (and sometimes ``NOTE``) whose middle value is logically null, from the
true value :data:`SECRET` or :data:`SECRET_TEXT`. The list is the one measured for pyarrow 26.0.1 with more
of its kind; which of them leak changes between versions, so every one is tried, also those that are clean
today (:data:`CLEAN`). The product does not depend on pandas; what pandas hands over (`IntegerArray`, whether
built, assigned or masked, and a category after filtering) is typed here as Arrow gets it.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SECRET = 0x5E_C2_E7_11_47_3A_92_6B
SECRET_BYTES = SECRET.to_bytes(8, "little")
SECRET_TEXT = "GEHEIM-4711"

KEYS = ["a", "b", "c"]
_TRUE = np.array([17, SECRET, 23], dtype=np.int64)
_MASK = np.array([False, True, False])
_TEXTS = ["offen", SECRET_TEXT, "offen"]

Construct = Callable[[], pa.Table]
CONSTRUCTS: dict[str, Construct] = {}


def _construct(function: Construct) -> Construct:
    CONSTRUCTS[function.__name__.strip("_")] = function
    return function


def _masked() -> pa.Array:
    return pa.array(_TRUE, mask=_MASK)


def _table(values: object) -> pa.Table:
    return pa.table({"KEY": pa.array(KEYS), "OBS_VALUE": values})


def _text_table(note: object) -> pa.Table:
    return pa.table({"KEY": pa.array(KEYS), "OBS_VALUE": pa.array([1, 2, 3]), "NOTE": note})


@_construct
def _numpy_with_mask() -> pa.Table:
    return _table(_masked())


@_construct
def _numpy_with_mask_and_type() -> pa.Table:
    return _table(pa.array(_TRUE, mask=_MASK, type=pa.int64()))


@_construct
def _numpy_masked_array() -> pa.Table:
    return _table(pa.array(np.ma.masked_array(_TRUE, mask=_MASK)))


class _IntegerArray:
    """What pandas' nullable integers are to Arrow: values and a mask, handed over by this very method."""

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002  (Arrow's protocol)
        return pa.array(_TRUE, mask=_MASK, type=type)


@_construct
def _integer_array_of_pandas() -> pa.Table:
    return _table(pa.array(_IntegerArray()))


@_construct
def _cast_to_float_and_back() -> pa.Table:
    # 2^53 bounds what a float keeps; the bytes that remain are still found through the exact prefix.
    return _table(_masked().cast(pa.float64(), safe=False).cast(pa.int64(), safe=False))


@_construct
def _cast_to_float() -> pa.Table:
    return _table(_masked().cast(pa.float64(), safe=False))


@_construct
def _if_else_null_first() -> pa.Table:
    return _table(pc.if_else(pa.array(_MASK), pa.scalar(None, pa.int64()), pa.array(_TRUE)))


@_construct
def _if_else_null_last() -> pa.Table:
    return _table(pc.if_else(pa.array(~_MASK), pa.array(_TRUE), pa.scalar(None, pa.int64())))


@_construct
def _if_else_with_masked_array() -> pa.Table:
    return _table(pc.if_else(pa.array([True, True, True]), _masked(), pa.scalar(0, pa.int64())))


@_construct
def _add_after_masking() -> pa.Table:
    return _table(pc.add(_masked(), 0))


@_construct
def _multiply_after_masking() -> pa.Table:
    return _table(pc.multiply(_masked(), 1))


@_construct
def _negate_twice() -> pa.Table:
    return _table(pc.negate(pc.negate(_masked())))


@_construct
def _from_buffers_with_own_bitmap() -> pa.Table:
    return _table(
        pa.Array.from_buffers(pa.int64(), 3, [pa.py_buffer(b"\x05"), pa.py_buffer(_TRUE.tobytes())])
    )


@_construct
def _filter_keeping_all() -> pa.Table:
    return _table(_masked().filter(pa.array([True, True, True])))


@_construct
def _table_filter_keeping_all() -> pa.Table:
    return _table(_masked()).filter(pa.array([True, True, True]))


@_construct
def _filter_dropping_a_row() -> pa.Table:
    wider = pa.array(np.append(_TRUE, 5), mask=np.append(_MASK, False))
    return _table(wider.filter(pa.array([True, True, True, False])))


@_construct
def _slice_behind_the_secret() -> pa.Table:
    return _table(pa.array([SECRET, 17, None, 23])[1:])


@_construct
def _slice_before_the_secret() -> pa.Table:
    return _table(pa.array([17, None, 23, SECRET])[:3])


@_construct
def _table_slice() -> pa.Table:
    wide = pa.table({"KEY": ["a", "b", "c", "d"], "OBS_VALUE": pa.array([17, None, 23, SECRET])})
    return wide.slice(0, 3)


@_construct
def _chunked_with_masked_chunk() -> pa.Table:
    return _table(pa.chunked_array([_masked()[:2], _masked()[2:]]))


@_construct
def _concatenated() -> pa.Table:
    return _table(pa.concat_arrays([_masked()[:1], _masked()[1:]]))


@_construct
def _field_of_masked_struct() -> pa.Table:
    struct = pa.StructArray.from_arrays([pa.array(_TRUE)], names=["x"], mask=pa.array(_MASK))
    return _table(struct.flatten()[0])


@_construct
def _struct_field_kernel() -> pa.Table:
    struct = pa.StructArray.from_arrays([pa.array(_TRUE)], names=["x"], mask=pa.array(_MASK))
    return _table(pc.struct_field(struct, "x"))


@_construct
def _element_of_masked_list() -> pa.Table:
    lists = pa.ListArray.from_arrays(
        pa.array([0, 1, 2, 3], pa.int32()), pa.array(_TRUE), mask=pa.array(_MASK)
    )
    return _table(pc.list_element(lists, 0))


@_construct
def _masked_struct_column() -> pa.Table:
    return _table(pa.StructArray.from_arrays([pa.array(_TRUE)], names=["x"], mask=pa.array(_MASK)))


@_construct
def _masked_list_column() -> pa.Table:
    return _table(
        pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), pa.array(_TRUE), mask=pa.array(_MASK))
    )


@_construct
def _narrow_integer_cast() -> pa.Table:
    return _table(_masked().cast(pa.uint64(), safe=False).cast(pa.int64(), safe=False))


@_construct
def _dictionary_of_integers_filtered() -> pa.Table:
    encoded = pa.array([17, SECRET, None, 23]).dictionary_encode()
    return _table(encoded.filter(pa.array([True, False, True, True])))


@_construct
def _dictionary_of_texts_filtered() -> pa.Table:
    encoded = pa.array(["x", SECRET_TEXT, "y", "z"]).dictionary_encode()
    return _text_table(encoded.filter(pa.array([True, False, True, True])))


@_construct
def _dictionary_of_texts_sliced() -> pa.Table:
    return _text_table(pa.array(["x", None, "y", SECRET_TEXT]).dictionary_encode()[:3])


@_construct
def _dictionary_with_masked_index() -> pa.Table:
    indices = pa.array(np.array([0, 1, 0], dtype=np.int32), mask=_MASK)
    return _text_table(pa.DictionaryArray.from_arrays(indices, pa.array(["x", SECRET_TEXT])))


@_construct
def _category_of_pandas_after_filtering() -> pa.Table:
    codes = pa.array(np.array([0, -1, 1], dtype=np.int8), mask=_MASK)
    return _text_table(pa.DictionaryArray.from_arrays(codes, pa.array(["x", "y", SECRET_TEXT])))


@_construct
def _text_if_else() -> pa.Table:
    return _text_table(pc.if_else(pa.array(_MASK), pa.scalar(None, pa.string()), pa.array(_TEXTS)))


@_construct
def _text_from_buffers_with_own_bitmap() -> pa.Table:
    plain = pa.array(_TEXTS)
    _, offsets, text = plain.buffers()
    return _text_table(pa.Array.from_buffers(pa.string(), 3, [pa.py_buffer(b"\x05"), offsets, text]))


@_construct
def _text_slice() -> pa.Table:
    return _text_table(pa.array([SECRET_TEXT, "x", None, "y", SECRET_TEXT])[1:4])


@_construct
def _large_text_with_own_bitmap() -> pa.Table:
    _, offsets, text = pa.array(_TEXTS, pa.large_string()).buffers()
    return _text_table(pa.Array.from_buffers(pa.large_string(), 3, [pa.py_buffer(b"\x05"), offsets, text]))


@_construct
def _text_filter_keeping_all() -> pa.Table:
    _, offsets, text = pa.array(_TEXTS).buffers()
    hidden = pa.Array.from_buffers(pa.string(), 3, [pa.py_buffer(b"\x05"), offsets, text])
    return _text_table(hidden.filter(pa.array([True, True, True])))


@_construct
def _table_metadata() -> pa.Table:
    return _table(pa.array([17, None, 23])).replace_schema_metadata({"note": SECRET_TEXT})


@_construct
def _field_metadata() -> pa.Table:
    field = pa.field("OBS_VALUE", pa.int64(), metadata={"note": SECRET_TEXT})
    return pa.table(
        [pa.array(KEYS), pa.array([17, None, 23])], pa.schema([pa.field("KEY", pa.string()), field])
    )


# Clean in pyarrow 26.0.1, like some of those above; a version in which they are not is noticed.


@_construct
def _replace_with_mask() -> pa.Table:
    return _table(pc.replace_with_mask(pa.array(_TRUE), pa.array(_MASK), pa.scalar(None, pa.int64())))


@_construct
def _case_when() -> pa.Table:
    conditions = pc.make_struct(pa.array(_MASK))
    return _table(pc.case_when(conditions, pa.scalar(None, pa.int64()), pa.array(_TRUE)))


@_construct
def _take_of_masked() -> pa.Table:
    return _table(_masked().take(pa.array([0, 1, 2])))


@_construct
def _python_list() -> pa.Table:
    return _table(pa.array([17, None, 23]))


@_construct
def _sorted_table() -> pa.Table:
    return _table(_masked()).sort_by("KEY")


@_construct
def _parquet_round_trip() -> pa.Table:
    file = BytesIO()
    pq.write_table(_table(_masked()), file)
    return pq.read_table(BytesIO(file.getvalue()))


#: Written by Arrow as it stands, these hide nothing in pyarrow 26.0.1.
CLEAN = {
    "table_filter_keeping_all",
    "text_filter_keeping_all",
    "slice_behind_the_secret",
    "element_of_masked_list",
    "replace_with_mask",
    "case_when",
    "take_of_masked",
    "python_list",
    "sorted_table",
    "parquet_round_trip",
}

#: These hide it elsewhere than under a null: around a slice, in a dictionary, in metadata, in another type.
BESIDE_NULLS = {
    "cast_to_float",
    "masked_struct_column",
    "masked_list_column",
    "slice_before_the_secret",
    "table_slice",
    "text_slice",
    "dictionary_of_integers_filtered",
    "dictionary_of_texts_filtered",
    "dictionary_of_texts_sliced",
    "dictionary_with_masked_index",
    "category_of_pandas_after_filtering",
    "large_text_with_own_bitmap",
    "table_metadata",
    "field_metadata",
}
