"""What the tests of a delivery's rules share: cells by name, tables changed by hand, answers as triples."""

import pyarrow as pa
import pytest

from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.submission_rules import check_submission
from tests.factories.submissions import submission

CATALOGUE = load_catalogue()
CASES = grid_of(CATALOGUE, "CASES")
PERSONS = grid_of(CATALOGUE, "PERSONS")


def row_of(grid, indicator, **codes):
    """Return the row of a cell; dimensions not named stand at their total."""
    found = next(i for i in grid.dataset.indicators if i.id == indicator)
    return grid.index[grid.key(found, codes)]


def refusal(table, statement, **options):
    """Return code, rule and pointer of the refusal; without one the test fails."""
    with pytest.raises(KimError) as caught:
        check_submission(table, statement, CATALOGUE, **options)
    error = caught.value
    return error.code, error.errors[0].code if error.errors else None, error.pointer


def refused_values(values, withheld=(), dataset_id="CASES", **options):
    """Return the refusal of a delivery with these values."""
    return refusal(*submission(dataset_id, values=values, withheld=withheld), **options)


def assert_accepted(table, statement, **options):
    """Fail if a delivery breaks a rule, and say which and where."""
    try:
        check_submission(table, statement, CATALOGUE, **options)
    except KimError as error:
        pytest.fail(f"refused: {error.code} at {error.pointer}")


def assert_values_accepted(values, withheld=(), dataset_id="CASES", **options):
    """Fail if a delivery with these values breaks a rule."""
    assert_accepted(*submission(dataset_id, values=values, withheld=withheld), **options)


def with_column(table, name, change):
    """Change a column's Python list; the schema stays."""
    number = table.schema.get_field_index(name)
    items = table[name].to_pylist()
    change(items)
    return table.set_column(
        number, table.schema.field(number), pa.array(items, table.schema.field(number).type)
    )


def put(row, value):
    """Return a change for :func:`with_column`: one value in one row."""
    return lambda items: items.__setitem__(row, value)
