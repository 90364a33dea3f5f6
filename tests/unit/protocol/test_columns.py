"""The columns of a submission: one specification for writing and for checking (SPEC P-25 to P-30)."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from protocol import columns
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.periods import Period
from tests.factories.submissions import consistent_values, states_of

CATALOGUE = load_catalogue()


def test_the_columns_of_persons():
    """P-25: typed by hand; a change of this list is a new version of the form."""
    dataset = CATALOGUE.dataset("PERSONS")
    assert [column.name for column in columns.columns_of(dataset)] == [
        "INDICATOR",
        "REF_AREA",
        "FREQ",
        "TIME_PERIOD",
        "SEX",
        "AGE",
        "CITIZEN",
        "RESIDENCE",
        "RECHTSKREIS",
        "OBS_VALUE",
        "OBS_STATUS",
        "CONF_STATUS",
    ]
    assert columns.schema_id(dataset) == "PERSONS/1"


@pytest.mark.parametrize("dataset", CATALOGUE.datasets.values(), ids=lambda dataset: dataset.id)
def test_writing_and_checking_have_one_source(dataset):
    """P-25: the Arrow schema is the specification, nothing more."""
    schema = columns.arrow_schema(dataset)
    assert schema.metadata is None
    types = {"utf8": pa.string(), "int64": pa.int64()}
    assert [(f.name, f.type, f.nullable) for f in schema] == [
        (c.name, types[c.arrow_type], c.nullable) for c in columns.columns_of(dataset)
    ]
    assert [f.name for f in schema if f.nullable] == ["OBS_VALUE"]


def test_the_digest_of_the_form():
    """P-26: over a text that anyone can type."""
    text = (
        "kim-table PERSONS/1 KIMNRW:PERSONS(1.0.0)\n"
        "INDICATOR utf8 not-null\nREF_AREA utf8 not-null\nFREQ utf8 not-null\nTIME_PERIOD utf8 not-null\n"
        "SEX utf8 not-null\nAGE utf8 not-null\nCITIZEN utf8 not-null\nRESIDENCE utf8 not-null\n"
        "RECHTSKREIS utf8 not-null\n"
        "OBS_VALUE int64 null\nOBS_STATUS utf8 not-null\nCONF_STATUS utf8 not-null\n"
    )
    dataset = CATALOGUE.dataset("PERSONS")
    assert columns.schema_text(dataset) == text
    assert columns.schema_sha256(dataset) == hashlib.sha256(text.encode()).hexdigest()
    digests = {columns.schema_sha256(dataset) for dataset in CATALOGUE.datasets.values()}
    assert len(digests) == len(CATALOGUE.datasets)


def table(dataset_id="PERSONS", *, values=None, states=None):
    grid = grid_of(CATALOGUE, dataset_id)
    values = consistent_values(grid) if values is None else values
    return columns.submission_table(
        grid,
        ref_area="NW05334X002",
        period=Period(2026, 3),
        values=values,
        states=states_of(values) if states is None else states,
    )


def test_a_table_holds_the_grid_row_by_row():
    """P-27."""
    grid = grid_of(CATALOGUE, "PERSONS")
    built = table()
    assert built.schema.equals(columns.arrow_schema(grid.dataset), check_metadata=True)
    rows = built.to_pylist()
    assert [(row["INDICATOR"], *(row[d] for d in grid.dims)) for row in rows] == list(grid.keys)
    assert {(row["REF_AREA"], row["FREQ"], row["TIME_PERIOD"]) for row in rows} == {
        ("NW05334X002", "Q", "2026-Q3")
    }
    assert [row["OBS_VALUE"] for row in rows] == consistent_values(grid).tolist()


@pytest.mark.parametrize("state", CellState)
def test_each_state_has_one_form(state):
    """P-28: the six triples, typed by hand."""
    forms = {
        CellState.VALUE: (7, "A", "F"),
        CellState.ZERO: (0, "A", "F"),
        CellState.SUPPRESSED: (None, "Q", "C"),
        CellState.NOT_DELIVERED: (None, "L", "F"),
        CellState.NOT_APPLICABLE: (None, "M", "F"),
        CellState.WITHDRAWN: (None, "O", "F"),
    }
    grid = grid_of(CATALOGUE, "PERSONS")
    values = [0 if state is CellState.ZERO else 7] * len(grid)
    row = table(values=values, states=[state] * len(grid)).slice(5, 1).to_pylist()[0]
    assert (row["OBS_VALUE"], row["OBS_STATUS"], row["CONF_STATUS"]) == forms[state]


def test_a_withheld_value_does_not_reach_a_buffer():
    """P-30: the true value is given, but its cell is withheld."""
    grid = grid_of(CATALOGUE, "PERSONS")
    secret = 0x5E_C2_E7_11_47_3A_92_6B
    values = consistent_values(grid)
    values[7] = secret
    built = table(values=values, states=states_of(values, withheld=[7]))
    assert built["OBS_VALUE"][7].as_py() is None
    buffers = [
        buffer.to_pybytes()
        for column in built.columns
        for chunk in column.chunks
        for buffer in chunk.buffers()
        if buffer is not None
    ]
    assert not any(secret.to_bytes(8, "little") in buffer for buffer in buffers)


@pytest.mark.parametrize(
    ("value", "state"),
    [(0, CellState.VALUE), (3, CellState.ZERO), (None, CellState.VALUE), (None, CellState.ZERO)],
)
def test_value_and_state_must_agree(value, state):
    """P-28; the message names the row, not the value."""
    grid = grid_of(CATALOGUE, "PERSONS")
    values = [None if number != 4 else value for number in range(len(grid))]
    states = [CellState.SUPPRESSED if number != 4 else state for number in range(len(grid))]
    with pytest.raises(ValueError, match=r"^row 4: value and state contradict each other$"):
        table(values=values, states=states)


def test_one_entry_per_cell():
    """P-27."""
    with pytest.raises(ValueError, match="one entry per cell"):
        table(values=np.array([1, 2]), states=[CellState.VALUE] * 2)
