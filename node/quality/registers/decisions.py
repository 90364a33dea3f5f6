"""Decisions of component 3: naturalisations and permits by place of residence.

Rules, in this order: T08 without a file number, quarantine; T07 and T06 residents of other areas, quarantine;
T05 without a day, quarantine; T20 without a decision, quarantine; T22 negative decisions and those of another
kind, dropped; T08 the same row once more, merged. A file that decides on several persons has a row for each.

The list of a joint authority counts the residents of all its areas; a row without a place of residence counts
where its authority is (definition of the indicator).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from aggregation.facts import DECISION_FACTS
from node.mapping import NOT_COUNTED, CodeMapping
from node.quality import reasons
from node.quality.cells.columns import code_column, date_array
from node.quality.registers.register import Register
from node.settings import SourceSpec
from node.sources import Mask, RawTable

_ID: Final = "Vorgang"
_DECIDED: Final = "Datum"
_RESIDENCE: Final = "Wohnort-AGS"
_COLUMNS: Final = (_ID, "Entscheidung", "Geschlecht", _DECIDED, _RESIDENCE)


def read_decisions(
    spec: SourceSpec, raw: RawTable, *, area: str, mapping: CodeMapping
) -> tuple[Register, pa.Table]:
    """Turn a list of decisions into facts.

    Args:
        spec: what the configuration says about it.
        raw: its cells.
        area: the area whose residents count.
        mapping: texts to codes.

    Returns:
        The register with its findings, and a table of :data:`DECISION_FACTS`.

    Raises:
        KimError: ``wrong_area`` if more than half of the rows are of residents of other areas.
    """
    register = Register.open(spec, raw, identifier=_ID)
    register.sorting.take_out_other_areas(raw, _RESIDENCE, area)
    decided = register.dates(_DECIDED, missing=reasons.NO_REGISTER_DATE)
    decision = register.codes(mapping, "DECISION")
    register.sorting.take_out(decision.where_code(NOT_COUNTED), reasons.NOT_POSITIVE)
    sex = code_column(raw, mapping, "SEX")
    register.columns.append(sex)  # an unknown sex has a code of its own
    register.merge_equal_rows(_COLUMNS)
    register.sorting.note(reasons.SAME_ID_OTHER_ENTRY, _same_number_again(register))
    register.note_after_export(decided)
    rows = register.rows()
    table = pa.Table.from_arrays(
        [date_array(decided.days[rows]), decision.codes(rows), sex.codes(rows)], schema=DECISION_FACTS
    )
    register.close(dates=(decided,))
    return register, table


def _same_number_again(register: Register) -> Mask:
    numbers = register.folded(_ID)
    seen: set[str] = set()
    again = np.zeros(register.raw.rows, dtype=np.bool_)
    for row in register.rows().tolist():
        again[row] = numbers[row] in seen
        seen.add(numbers[row])
    return again
