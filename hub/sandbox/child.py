"""The work of one child: bytes of a payload in, cells or a refusal out.

Steps (protocol/SPEC.md, untrusted Arrow); each may refuse, nothing later sees what an earlier one refused:

1. length and digest are those of the signed statement
2. pre-scan of the stream's structure in pure Python, before Arrow reads a byte
3. decode, exact schema, full validation, nothing under nulls, re-encoding gives the same bytes
4. vocabulary, key set, order, area, period, states, thresholds, margins
5. rewritten output: values and states in grid order

The caller must still see to limits and isolation: this module trusts nobody, but it cannot stop Arrow from
crashing.
"""

import hashlib
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.domain.cell_columns import Cells
from protocol import columns
from protocol.canonical import assert_canonical
from protocol.catalogue_file import load_catalogue
from protocol.errors import kim_error
from protocol.observations import STATE_NUMBER, CellState
from protocol.statement import SALT_BYTES, parse_statement
from protocol.submission_rules import check_submission

# One code per state without a value; "A" (any value) stands for zero until the value is looked at.
_BY_CODE: Final = {state.wire[0]: state for state in CellState if state is not CellState.VALUE}
_STATUS_CODES: Final = pa.array(list(_BY_CODE))
_STATE_OF_CODE: Final = np.array([STATE_NUMBER[state] for state in _BY_CODE.values()], dtype=np.uint8)


def check_payload(statement_bytes: bytes, payload: bytes) -> bytes:
    """Return the cells of `payload` in stored form.

    Args:
        statement_bytes: the signed statement; its signature was checked before.
        payload: the received bytes; of a sealed delivery, the salt and the table that were in them.

    Raises:
        KimError: the refusal.
    """
    statement = parse_statement(statement_bytes)
    info = statement.payload
    if len(payload) != info.size or hashlib.sha256(payload).hexdigest() != info.sha256:
        raise kim_error("digest_mismatch")
    catalogue = load_catalogue()
    stream = payload if statement.sealed is None else payload[SALT_BYTES:]
    table = assert_canonical(stream, columns.arrow_schema(catalogue.dataset(statement.dataset_id)))
    check_submission(table, statement, catalogue)
    return _cells(table).to_bytes()


def _cells(table: pa.Table) -> Cells:
    # After check_submission the rows are the grid, in its order, and every triple is a legal state.
    values = pc.fill_null(table.column(columns.OBS_VALUE), 0).to_numpy().astype(np.int64)
    codes = pc.index_in(table.column(columns.OBS_STATUS), value_set=_STATUS_CODES).to_numpy()
    states = _STATE_OF_CODE[codes]
    # "A" stands for a value and for zero; the value tells them apart.
    states[values != 0] = STATE_NUMBER[CellState.VALUE]
    return Cells(values, states)
