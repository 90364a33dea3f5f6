"""Structural issues that case work reported to coordination, by field of action and status.

Rules, in this order: T08 without an id, quarantine; T05 without the day of the report, quarantine; T20
without a status, quarantine; T08 of several rows of one issue the last one holds. An issue has one field:
of several in one cell the first counts (T09).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from aggregation.facts import ISSUE_FACTS
from node.mapping import CodeMapping
from node.quality import reasons
from node.quality.cells.columns import date_array, set_column
from node.quality.registers.register import Register
from node.settings import SourceSpec
from node.sources import RawTable

_ID: Final = "Thema-ID"
_REPORTED: Final = "gemeldet am"
_COLUMNS: Final = (_ID, "Handlungsfeld", "Stand", _REPORTED)


def read_issues(spec: SourceSpec, raw: RawTable, *, mapping: CodeMapping) -> tuple[Register, pa.Table]:
    """Turn the register of structural issues into facts.

    Args:
        spec: what the configuration says about it.
        raw: its cells.
        mapping: texts to codes.

    Returns:
        The register with its findings, and a table of :data:`ISSUE_FACTS`.
    """
    register = Register.open(spec, raw, identifier=_ID)
    reported = register.dates(_REPORTED, missing=reasons.NO_REGISTER_DATE)
    status = register.codes(mapping, "ISSUE")
    fields = set_column(raw, mapping, "FIELD", column="Handlungsfeld")
    register.columns.append(fields)  # an unknown field has a code of its own
    register.merge_equal_rows(_COLUMNS, keep_last_of=_ID)
    register.sorting.note(reasons.SEVERAL_FIELDS, fields.where(lambda meaning: meaning.several))
    register.note_after_export(reported)
    rows = register.rows()
    table = pa.Table.from_arrays(
        [date_array(reported.days[rows]), fields.codes(rows), status.codes(rows)], schema=ISSUE_FACTS
    )
    register.close(dates=(reported,))
    return register, table
